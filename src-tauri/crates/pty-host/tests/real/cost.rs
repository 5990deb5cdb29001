//! What a run costs while nothing happens.

use crate::clients::private_kib;
use crate::rig::{Run, sh};

/// Times slept and times interrupted, over all threads.
fn switches(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let status = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let numbers = |text: String| -> u64 {
        let lines = text.lines().filter(|line| line.contains("ctxt_switches"));
        lines.map(|line| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()).sum()
    };
    status.map(numbers).sum()
}

fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn an_idle_host_with_clients_attached_never_wakes() {
    let run = Run::start(&sh("echo ready.; read a"));
    run.log_with("ready.");
    let mut watching = run.client();
    watching.watch(1000).unwrap();
    watching.status().unwrap();
    // Its threads go to sleep again after the answer; then the count must stand still for a second.
    let settled = || {
        let mut before = switches(run.spawned.host_pid);
        loop {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let now = switches(run.spawned.host_pid);
            if now == before {
                return now;
            }
            before = now;
        }
    };
    let (wakes, cpu) = (settled(), cpu_ticks(run.spawned.host_pid));
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!((switches(run.spawned.host_pid), cpu_ticks(run.spawned.host_pid)), (wakes, cpu));
}

#[test]
fn private_memory_stays_below_three_mebibytes_also_after_a_flood() {
    let run = Run::start(&sh("echo ready.; read a; yes | head -c 20000000; echo done.; read b"));
    run.log_with("ready.");
    let before = private_kib(run.spawned.host_pid);
    run.client().input(b"\n").unwrap();
    run.log_with("done.");
    let after = private_kib(run.spawned.host_pid);
    println!("private memory: {before} KiB quiet, {after} KiB after 20 MB");
    assert!(before.max(after) <= 3 << 10, "{before} KiB, {after} KiB");
}
