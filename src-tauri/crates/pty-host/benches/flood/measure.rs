//! The measurement itself.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use flightboard_pty_host::{Client, Launch, Notice, spawn};

include!("../../actor/stream.rs");

const HOST: &str = env!("CARGO_BIN_EXE_flightboard-pty-host");
const ACTOR: &str = env!("CARGO_BIN_EXE_pty-host-actor");

pub fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    match numbers[..] {
        [agents, mib, rounds] => compare(agents, (mib as u64) << 20, rounds),
        _ => {
            compare(1, 128 << 20, 15);
            compare(20, 8 << 20, 15);
        }
    }
}

fn compare(agents: usize, bytes: u64, rounds: usize) {
    let mut ratios = Vec::new();
    let (mut bare, mut hosted) = (Vec::new(), Vec::new());
    let mut memory = Vec::new();
    for round in 0..rounds {
        // Whoever goes second finds a busier disk, so they take turns.
        let (bare_rate, host_rate) = if round % 2 == 0 {
            let first = bare_readers(agents, bytes);
            (first, hosts(agents, bytes, &mut memory))
        } else {
            let first = hosts(agents, bytes, &mut memory);
            (bare_readers(agents, bytes), first)
        };
        bare.push(bare_rate);
        hosted.push(host_rate);
        ratios.push(host_rate / bare_rate);
    }
    println!("{agents} agent(s), {} MiB each, {rounds} rounds, every log equal to the byte", bytes >> 20);
    println!("  bare reader  {}", spread(&mut bare, "MB/s", 0));
    println!("  host         {}", spread(&mut hosted, "MB/s", 0));
    println!("  ratio        {}", spread(&mut ratios, "", 3));
    if !memory.is_empty() {
        println!("  private memory of a host after the flood  {}", spread(&mut memory, "KiB", 0));
    }
}

fn spread(values: &mut [f64], unit: &str, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (low, middle, high) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    format!("median {middle:.digits$} {unit} (from {low:.digits$} to {high:.digits$})")
}

/// Megabytes per second over all agents together.
fn rate(agents: usize, bytes: u64, since: Instant) -> f64 {
    (agents as u64 * bytes) as f64 / 1e6 / since.elapsed().as_secs_f64()
}

fn bare_readers(agents: usize, bytes: u64) -> f64 {
    let temp = tempfile::tempdir().expect("a directory");
    let paths: Vec<PathBuf> = (0..agents).map(|number| temp.path().join(number.to_string())).collect();
    let start = |path: &PathBuf| {
        let mut command = Command::new(ACTOR);
        command.arg("bare-reader").arg(path).arg(bytes.to_string());
        let mut reader = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        hear(&mut reader, b'r');
        reader
    };
    let mut readers: Vec<Child> = paths.iter().map(start).collect();
    let began = Instant::now();
    for reader in &mut readers {
        reader.stdin.as_mut().expect("a pipe").write_all(b"g").expect("it listens");
    }
    readers.iter_mut().for_each(|reader| hear(reader, b'd'));
    let rate = rate(agents, bytes, began);
    readers.iter_mut().for_each(|reader| assert!(reader.wait().expect("it ends").success()));
    paths.iter().for_each(|path| check(path, bytes));
    rate
}

fn hear(reader: &mut Child, word: u8) {
    let mut said = [0];
    reader.stdout.as_mut().expect("a pipe").read_exact(&mut said).expect("it speaks");
    assert_eq!(said[0], word);
}

fn hosts(agents: usize, bytes: u64, memory: &mut Vec<f64>) -> f64 {
    let temp = tempfile::tempdir().expect("a directory");
    let mut parties: Vec<(Client, PathBuf, u32)> = Vec::new();
    for number in 0..agents {
        let dir = temp.path().join(number.to_string());
        fs::create_dir(&dir).expect("a new directory");
        let argv = [ACTOR, "flood-on-key", &bytes.to_string()].map(OsString::from).to_vec();
        let launch = Launch { run_id: 1, argv, cwd: "/".into(), env: vec![], cols: 80, rows: 24, nice: 0 };
        let spawned = spawn(Path::new(HOST), &dir, &launch).expect("the host starts");
        let mut client = Client::connect(&dir).expect("the host listens");
        client.watch(0).expect("the host listens");
        client.notice().expect("the actor says that it is ready");
        parties.push((client, dir, spawned.host_pid));
    }
    let began = Instant::now();
    for (client, _, _) in &mut parties {
        client.watch(bytes).expect("the host listens");
        client.input(b"g").expect("the host listens");
    }
    for (client, _, _) in &mut parties {
        while !matches!(client.notice().expect("the host lives"), Notice::Grown { len } if len > bytes) {}
    }
    let rate = rate(agents, bytes, began);
    for (mut client, dir, host) in parties {
        memory.extend(private_kib(host));
        check(&dir.join("output.log"), bytes);
        client.stop(std::time::Duration::ZERO).expect("the host listens");
        client.wait_for_exit().expect("the run ends");
    }
    rate
}

fn private_kib(pid: u32) -> Option<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let private =
        rollup.lines().filter(|line| line.starts_with("Private_Clean") || line.starts_with("Private_Dirty"));
    Some(private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum())
}

fn check(path: &Path, bytes: u64) {
    let mut log = File::open(path).expect("the log");
    let mut stream = flightboard_pty_host_stream(bytes);
    let (mut want, mut got) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    log.read_exact(&mut got[..1]).expect("the mark that the actor was ready");
    loop {
        let len = stream(&mut want);
        if len == 0 {
            break;
        }
        log.read_exact(&mut got[..len]).expect("the log is whole");
        assert!(want[..len] == got[..len], "{} differs from the flood", path.display());
    }
    assert_eq!(log.read(&mut got).expect("the end"), 0, "{} is too long", path.display());
}
