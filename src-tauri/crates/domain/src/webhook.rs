//! Webhooks: which address may be told of events, when a message that did not arrive is sent again, and
//! when an address that keeps failing is left alone. Signing and sending happen elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use specta::Type;
use url::Host;
pub use url::Url;

use crate::{Millis, failure::Backoff};

/// Times that one message is sent, the first included.
pub const ATTEMPTS: u32 = 10;
/// Failures in a row after which an address rests.
pub const PATIENCE: u32 = 5;
/// Milliseconds that it rests at first; twice as long after each probe that fails.
pub const REST: Millis = 60_000;
/// Milliseconds; no rest is longer.
pub const LONGEST_REST: Millis = 3_600_000;

const URL_MAX: usize = 2_000;
/// 5 s, 10 s, 20 s, … up to 43 minutes before the tenth and last time.
const BACKOFF: Backoff = Backoff::Exponential { first: 5_000, cap: 3_600_000, jitter: 0.2 };

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error("“{0}” is not an address; write for instance https://example.org/hook")]
    NoUrl(String),
    #[error("a webhook's address begins with https:// or http://")]
    Scheme,
    #[error("a webhook's address holds no user name or password: it would be shown in lists")]
    Credentials,
    #[error("a webhook's address has at most {URL_MAX} characters")]
    Long,
    #[error(
        "{0} is an address of this machine or its network; allow private addresses for this webhook if it is meant"
    )]
    Private(String),
}

/// Reads an address that events may be sent to. A host that is written as a number is judged at once;
/// what a name stands for is only known when something is sent, see [`is_public`].
pub fn target(text: &str, private_allowed: bool) -> Result<Url, BadTarget> {
    let text = text.trim();
    if text.len() > URL_MAX {
        return Err(BadTarget::Long);
    }
    let url = Url::parse(text).map_err(|_| BadTarget::NoUrl(text.into()))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(BadTarget::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadTarget::Credentials);
    }
    let public = match url.host() {
        None => return Err(BadTarget::NoUrl(text.into())),
        Some(Host::Domain(name)) => !is_this_machine(name),
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
    };
    if public || private_allowed {
        Ok(url)
    } else {
        Err(BadTarget::Private(url.host_str().unwrap_or(text).into()))
    }
}

fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local")
}

/// Whether an address is of the public internet: not of this machine, of a private or local network, nor one
/// that is reserved (RFC 6890 and the registries that it names).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || a >= 240
        || shared
        || protocols
        || benchmarks
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let documentation = first == 0x2001 && second == 0xdb8;
    // Teredo, benchmarks, ORCHID and their like.
    let special = first == 0x2001 && second < 0x200;
    // 2000::/3 is all that is handed out.
    first & 0xe000 == 0x2000 && !documentation && !special
}

/// The IPv4 address inside one of IPv6 that stands for it: mapped, NAT64 or 6to4.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(join(high, low)),
        [0x2002, ..] => Some(join(b, c)),
        _ => None,
    }
}

/// When a message that failed for the `nth` time (from 1) is sent again; none: it is given up. `roll` is
/// chance, from 0 to 1.
pub fn next_try(nth: u32, now: Millis, roll: f64) -> Option<Millis> {
    (nth < ATTEMPTS).then(|| now + BACKOFF.wait(nth, roll))
}

/// How an address has answered: the breaker that stands before it. While `until` is set one message is sent
/// when that time has come, and its fate decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Health {
    /// Failures in a row.
    pub failures: u32,
    /// Nothing is sent before; milliseconds since the epoch.
    #[specta(type = Option<u32>)]
    pub until: Option<Millis>,
    /// The rest that led to `until`, milliseconds.
    #[specta(type = u32)]
    pub rest: Millis,
}

impl Health {
    pub fn succeeded(self) -> Health {
        Health::default()
    }

    pub fn failed(self, now: Millis) -> Health {
        let failures = self.failures.saturating_add(1);
        if failures < PATIENCE {
            return Health { failures, ..self };
        }
        let rest = if self.until.is_some() { self.rest.saturating_mul(2) } else { REST }.min(LONGEST_REST);
        Health { failures, until: Some(now + rest), rest }
    }

    /// Whether a message may be sent now.
    pub fn allows(self, now: Millis) -> bool {
        self.until.is_none_or(|until| now >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://example.org/hook")]
    #[case(" http://93.184.216.34:8080/a?b=c ")]
    #[case("https://[2606:2800:220:1:248:1893:25c8:1946]/")]
    fn addresses_that_may_be_told(#[case] text: &str) {
        assert!(target(text, false).is_ok(), "{text}");
    }

    #[rstest]
    #[case("")]
    #[case("example.org/hook")]
    #[case("ftp://example.org")]
    #[case("file:///etc/passwd")]
    #[case("https://me:secret@example.org")]
    #[case("https://")]
    fn addresses_that_are_none(#[case] text: &str) {
        assert!(target(text, true).is_err(), "{text}");
    }

    #[rstest]
    #[case("http://localhost:9000")]
    #[case("http://LOCALHOST./")]
    #[case("http://printer.local/")]
    #[case("http://127.0.0.1/")]
    #[case("http://2130706433/")]
    #[case("http://0x7f.1/")]
    #[case("http://10.1.2.3/")]
    #[case("http://172.31.0.1/")]
    #[case("http://192.168.1.1/")]
    #[case("http://169.254.169.254/latest/meta-data")]
    #[case("http://100.64.0.1/")]
    #[case("http://0.0.0.0/")]
    #[case("http://[::1]/")]
    #[case("http://[::]/")]
    #[case("http://[fd00::1]/")]
    #[case("http://[fe80::1]/")]
    #[case("http://[::ffff:127.0.0.1]/")]
    #[case("http://[64:ff9b::a00:1]/")]
    #[case("http://[2002:7f00:1::]/")]
    fn private_addresses_are_refused_unless_they_are_allowed(#[case] text: &str) {
        assert!(matches!(target(text, false), Err(BadTarget::Private(_))), "{text}");
        assert!(target(text, true).is_ok(), "{text}");
    }

    #[test]
    fn a_message_is_sent_ten_times_and_then_given_up() {
        let tries: Vec<_> = (1..=ATTEMPTS).map(|nth| next_try(nth, 0, 0.5)).collect();
        assert_eq!(tries[..3], [Some(5_000), Some(10_000), Some(20_000)]);
        assert_eq!(tries[8], Some(1_280_000));
        assert_eq!(tries[9], None);
    }

    #[test]
    fn an_address_that_fails_rests_ever_longer_and_one_success_ends_it() {
        let mut health = (1..PATIENCE).fold(Health::default(), |health, _| health.failed(0));
        assert!(health.allows(0));
        health = health.failed(1_000);
        assert_eq!(health.until, Some(1_000 + REST));
        assert!(!health.allows(60_999) && health.allows(61_000));
        health = health.failed(61_000);
        assert_eq!(health.until, Some(61_000 + 2 * REST));
        health = (0..10).fold(health, |health, _| health.failed(0));
        assert_eq!(health.rest, LONGEST_REST);
        assert_eq!(health.succeeded(), Health::default());
    }
}
