//! Making a worktree of a repository of 50,000 files: plain `git worktree add` as git comes,
//! against ours cold and ours from the pool. The three alternate in a changing order and each
//! starts with the disk's queue empty, so that a busy machine troubles all alike. Nothing is deleted
//! before the end: for minutes after a mass deletion ext4 passes over the freed inodes one by one, and
//! whoever comes next pays several times the price. Printed are medians with their spread, and ratios.
//!
//! `cargo bench -p flightboard-workspaces`, `-- --files 80000 --rounds 9` to change it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use workspaces::{Cancel, Kind, Pool, Provision, Refilled, provision};

fn main() {
    let files = argument("--files").unwrap_or(50_000);
    let rounds = argument("--rounds").unwrap_or(7);
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("project");
    plant(&project, files);
    let bench = Bench { dir: dir.path().into(), project, pool: Pool::new(&dir.path().join("data")) };

    let ways: [(&str, &dyn Fn(usize) -> Duration); 3] = [
        ("git worktree add", &|round| bench.bare(round)),
        ("ours, cold", &|round| bench.ours(round, None)),
        ("ours, from the pool", &|round| bench.pooled(round)),
    ];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=rounds {
        // Each goes first equally often: what one leaves for the disk to do, the next one pays for.
        for way in (0..3).map(|n| (n + round) % 3) {
            let took = ways[way].1(round);
            eprintln!("round {round}: {} {took:?}", ways[way].0);
            // The first round warms the caches and is not counted.
            if round > 0 {
                times[way].push(took);
            }
        }
    }
    let [bare, cold, pooled] = times;

    println!("worktree of {files} files, {rounds} rounds, median (fastest to slowest)");
    let [b, c, p] = [("git worktree add", bare), ("ours, cold", cold), ("ours, from the pool", pooled)]
        .map(|(name, times)| show(name, times));
    println!("cold / bare    {:.2}", c.as_secs_f64() / b.as_secs_f64());
    println!("pooled / bare  {:.4}", p.as_secs_f64() / b.as_secs_f64());
}

struct Bench {
    dir: PathBuf,
    project: PathBuf,
    pool: Pool,
}

impl Bench {
    fn bare(&self, round: usize) -> Duration {
        let target = self.dir.join(format!("bare/{round}"));
        let begun = calm();
        git(
            &self.project,
            &["worktree", "add", "-q", "-b", &format!("bare-{round}"), target.to_str().unwrap()],
        );
        begun.elapsed()
    }

    fn ours(&self, round: usize, pool: Option<Pool>) -> Duration {
        let target = self.dir.join(format!("data/workspaces/{round}-{}", pool.is_some()));
        let mut request = Provision::new(Kind::Worktree, Some(self.project.clone()), target);
        request.branch = format!("flightboard/{round}");
        request.pool = pool;
        let begun = calm();
        provision(&request, &|_| {}).unwrap();
        begun.elapsed()
    }

    fn pooled(&self, round: usize) -> Duration {
        assert_eq!(self.pool.refill(&self.project, None, &Cancel::default()).unwrap(), Refilled::Made);
        self.ours(round, Some(self.pool.clone()))
    }
}

/// Starts the clock once the disk has nothing left to write from what came before.
fn calm() -> Instant {
    let _ = Command::new("sync").status();
    Instant::now()
}

fn plant(project: &Path, files: usize) {
    for n in 0..files {
        let dir = project.join(format!("dir{}/sub{}", n / 2_500, n / 100));
        if n % 100 == 0 {
            fs::create_dir_all(&dir).unwrap();
        }
        fs::write(dir.join(format!("file{n}.txt")), format!("line {n} of some text\n").repeat(60)).unwrap();
    }
    git(project, &["init", "-q", "-b", "main"]);
    git(project, &["config", "gc.auto", "0"]);
    git(project, &["config", "maintenance.auto", "false"]);
    git(project, &["add", "-A"]);
    git(project, &["-c", "user.name=B", "-c", "user.email=b@localhost", "commit", "-q", "-m", "seed"]);
    git(project, &["gc", "-q"]);
}

fn git(dir: &Path, args: &[&str]) {
    let status = Command::new("git").current_dir(dir).args(args).stderr(Stdio::inherit()).status().unwrap();
    assert!(status.success(), "git {args:?}");
}

fn show(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let ms = |time: &Duration| time.as_secs_f64() * 1_000.0;
    let median = times[times.len() / 2];
    println!(
        "{name:<20} {:8.1} ms  ({:.1} to {:.1})",
        ms(&median),
        ms(&times[0]),
        ms(&times[times.len() - 1])
    );
    median
}

fn argument(name: &str) -> Option<usize> {
    let mut args = std::env::args().skip_while(|arg| arg != name);
    args.nth(1)?.parse().ok()
}
