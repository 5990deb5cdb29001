//! Ports for a run: a block of its own, so that two agents' development servers do not collide. The
//! range lies below what systems hand out by themselves (Linux from 32768, others from 49152).

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};

/// Ports in a block.
pub const BLOCK: u16 = 10;
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 1_000;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no block of {BLOCK} free ports between {FIRST} and 29999 is left")]
pub struct NoPorts;

/// First port of a free block for this run. `taken` are the first ports of blocks leased to live
/// runs. The run's number picks where to look first, so a resumed run usually gets its old ports.
pub fn lease_ports(run: i64, taken: &[u16]) -> Result<u16, NoPorts> {
    lease_ports_with(run, taken, |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}

/// The rule alone, with the question "is this port free?" answered by the caller.
pub fn lease_ports_with(run: i64, taken: &[u16], is_free: impl Fn(u16) -> bool) -> Result<u16, NoPorts> {
    let start = run.rem_euclid(i64::from(BLOCKS)) as u16;
    let blocks = (0..BLOCKS).map(|step| FIRST + (start + step) % BLOCKS * BLOCK);
    let mut untaken = blocks.filter(|block| !taken.contains(block));
    untaken.find(|block| (*block..block + BLOCK).all(&is_free)).ok_or(NoPorts)
}

/// How the agent and the setup command learn of them.
pub fn port_env(base: u16) -> [(OsString, OsString); 2] {
    let text = OsString::from(base.to_string());
    [("PORT".into(), text.clone()), ("FLIGHTBOARD_PORT_BASE".into(), text)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_get_different_blocks() {
        assert_eq!(lease_ports_with(17, &[], |_| true), Ok(20_170));
        assert_eq!(lease_ports_with(18, &[], |_| true), Ok(20_180));
    }

    #[test]
    fn a_leased_block_and_one_with_a_busy_port_are_passed_over() {
        assert_eq!(lease_ports_with(0, &[20_000], |port| port != 20_015), Ok(20_020));
    }

    #[test]
    fn the_search_wraps_around_and_ends() {
        assert_eq!(lease_ports_with(999, &[29_990], |_| true), Ok(20_000));
        assert_eq!(lease_ports_with(5, &[], |_| false), Err(NoPorts));
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_leased() {
        let block = lease_ports(-3, &[]).unwrap();
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, block + 3)).unwrap();
        assert_ne!(lease_ports(-3, &[]), Ok(block));
        drop(held);
    }
}
