//! Every byte, and nothing but the bytes.

use std::fs;
use std::io::Read;
use std::time::Duration;

use crate::rig::{Run, actor, sh};
use flightboard_pty_host::{Liveness, Notice, alive};

include!("../../actor/stream.rs");

/// Compares with the flood's own bytes, piece by piece, and says where they part.
fn assert_is_the_flood(path: &std::path::Path, bytes: u64) {
    assert_eq!(fs::metadata(path).unwrap().len(), bytes);
    let mut log = fs::File::open(path).unwrap();
    let mut stream = flightboard_pty_host_stream(bytes);
    let (mut want, mut got, mut at) = (vec![0; 64 << 10], vec![0; 64 << 10], 0);
    loop {
        let len = stream(&mut want);
        if len == 0 {
            return;
        }
        log.read_exact(&mut got[..len]).unwrap();
        assert!(want[..len] == got[..len], "a difference after byte {at}");
        at += len;
    }
}

#[test]
fn a_flood_of_64_mib_is_equal_to_the_byte() {
    let run = Run::start(&actor(&["flood", "67108864"]));
    let exit = run.exit();
    assert_eq!((exit.code, exit.output_bytes, exit.log_error), (Some(0), 64 << 20, None));
    assert_is_the_flood(&run.dir.join("output.log"), 64 << 20);
}

#[test]
fn four_floods_at_once_do_not_mix() {
    let runs: Vec<Run> = (0..4).map(|_| Run::start(&actor(&["flood", "8000001"]))).collect();
    for run in &runs {
        assert_eq!(run.exit().code, Some(0));
        assert_is_the_flood(&run.dir.join("output.log"), 8_000_001);
    }
}

#[test]
fn invalid_utf8_and_nul_are_kept_as_they_are() {
    let run = Run::start(&sh(r"stty raw; printf '\377\376\000\200\303(\033[31m\r'"));
    run.exit();
    assert_eq!(run.log(), b"\xff\xfe\x00\x80\xc3(\x1b[31m\r");
}

#[test]
fn one_line_of_ten_megabytes_is_one_line() {
    let run = Run::start(&sh("head -c 10000000 /dev/zero | tr '\\0' x; echo"));
    assert_eq!(run.exit().code, Some(0));
    let log = run.log();
    assert_eq!(log.len(), 10_000_002);
    assert!(log[..10_000_000].iter().all(|&byte| byte == b'x') && log.ends_with(b"x\r\n"));
}

#[test]
fn the_last_words_of_a_killed_agent_are_kept() {
    let run = Run::start(&sh("printf 'the last words'; kill -9 $$"));
    let exit = run.exit();
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    assert_eq!(run.log(), b"the last words");
}

#[test]
fn the_log_is_read_back_by_offset_through_the_socket() {
    let run = Run::start(&sh("stty raw; head -c 600000 /dev/zero | tr '\\0' a; printf end; cat >/dev/null"));
    run.log_once("all of it", |text| text.ends_with("end"));
    let mut client = run.client();
    let mut all = Vec::new();
    loop {
        let piece = client.read(all.len() as u64, u64::MAX).unwrap();
        if piece.is_empty() {
            break;
        }
        assert!(piece.len() <= 256 << 10);
        all.extend(piece);
    }
    assert_eq!(all, run.log());
    assert_eq!(client.read(u64::MAX, 10).unwrap(), b"");
}

/// Lets the host write no file longer than `bytes`, as a full disk would, or lets it go on.
fn limit_files_of(pid: u32, bytes: Option<u64>) {
    let pid = rustix::process::Pid::from_raw(pid as i32);
    let limit = rustix::process::Rlimit { current: bytes, maximum: None };
    rustix::process::prlimit(pid, rustix::process::Resource::Fsize, limit).expect("our own process");
}

#[test]
fn a_log_that_cannot_grow_holds_the_agent_back_and_loses_no_byte() {
    let run = Run::start(&sh(&format!("read go; exec {} flood 3000000", crate::rig::ACTOR)));
    limit_files_of(run.spawned.host_pid, Some(1_000_000));
    let mut client = run.client();
    client.input(b"\n").unwrap();
    let error = loop {
        match client.notice().unwrap() {
            Notice::LogStalled { error } => break error,
            Notice::Exited(exit) => panic!("it did not wait: {exit:?}"),
            _ => {}
        }
    };
    assert!(error.contains("large"), "{error}");
    let status = client.status().unwrap();
    assert_eq!((status.log_len, status.log_stalled), (1_000_000, Some(error)));
    assert!(matches!(alive(&run.dir).unwrap(), Liveness::Alive(_)));
    limit_files_of(run.spawned.host_pid, None);
    loop {
        if client.notice().unwrap() == Notice::LogResumed {
            break;
        }
    }
    let exit = client.wait_for_exit().unwrap();
    assert_eq!((exit.code, exit.lost_bytes), (Some(0), 0));
    assert!(exit.log_error.is_some(), "the trouble is on record");
    // The Enter's echo came first.
    let log = run.log();
    let body = run.dir.join("body");
    fs::write(&body, &log[2..]).unwrap();
    assert_is_the_flood(&body, 3_000_000);
}

#[test]
fn a_log_that_stays_full_can_be_abandoned_and_the_loss_is_on_record() {
    let run = Run::start(&sh(&format!("read go; exec {} flood 3000000", crate::rig::ACTOR)));
    limit_files_of(run.spawned.host_pid, Some(100_000));
    let mut client = run.client();
    client.input(b"\n").unwrap();
    while !matches!(client.notice().unwrap(), Notice::LogStalled { .. }) {}
    client.stop_and_abandon_log(Duration::ZERO).unwrap();
    let exit = run.exit();
    assert_eq!(exit.output_bytes, 100_000);
    assert!(exit.lost_bytes > 0 && exit.log_error.is_some(), "{exit:?}");
}

#[test]
fn a_really_full_disk_loses_no_byte() {
    let Some(disk) = SmallDisk::mount(1 << 20) else {
        eprintln!("skipped: mounting a small file system needs root (the limit test above covers the rule)");
        return;
    };
    let run = Run::start_in(&disk.0, &sh(&format!("read go; exec {} flood 3000000", crate::rig::ACTOR)));
    let mut client = run.client();
    client.input(b"\n").unwrap();
    while !matches!(client.notice().unwrap(), Notice::LogStalled { .. }) {}
    disk.remount(16 << 20);
    let exit = client.wait_for_exit().unwrap();
    assert_eq!((exit.code, exit.lost_bytes, exit.output_bytes), (Some(0), 0, 3_000_002));
    let body = tempfile::NamedTempFile::new().unwrap();
    fs::write(body.path(), &run.log()[2..]).unwrap();
    assert_is_the_flood(body.path(), 3_000_000);
    drop(run);
}

struct SmallDisk(
    std::path::PathBuf,
    #[expect(dead_code, reason = "keeps the mount point")] tempfile::TempDir,
);

impl SmallDisk {
    fn mount(bytes: u64) -> Option<SmallDisk> {
        let temp = tempfile::tempdir().unwrap();
        let at = temp.path().to_owned();
        let size = format!("size={bytes},mode=700");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(&at);
        let mounted = mount.stderr(std::process::Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| SmallDisk(at, temp))
    }

    fn remount(&self, bytes: u64) {
        let size = format!("remount,size={bytes}");
        let done = std::process::Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}
