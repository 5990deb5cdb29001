//! The engine and the pty-hosts are killed at random moments, again and again, while the dispatcher keeps
//! twenty agents at work. In the end the tables say what the log of changes says, and the disk agrees.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    hash::{BuildHasher, Hasher, RandomState},
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

use flightboard_stories::{Desk, Served, patience};
use serde_json::{Value, json};

/// Agents at work at one time.
const AGENTS: usize = 20;
/// Cards in front of the dispatcher, so that a free place is taken at once.
const WAITING: usize = 30;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Writes numbered lines in bursts, for a time that its run's number decides, and says how many they were.
/// One in three does not go when its terminal hangs up, and would stay for ever.
fn scribe(desk: &Desk, go: &Path) {
    let script = format!(
        "n=0; bursts=$(( FLIGHTBOARD_RUN * 37 % 120 + 5 ))\n\
         [ $(( FLIGHTBOARD_RUN % 3 )) = 0 ] && trap '' HUP\n\
         while [ $bursts -gt 0 ] && [ ! -e '{}' ]; do\n\
         i=0; while [ $i -lt 20 ]; do\n\
         i=$((i+1)); n=$((n+1)); echo \"line $n\" || while :; do sleep 1; done\n\
         done\n\
         bursts=$((bursts-1)); sleep 0.2\n\
         done; echo \"done $n\" || while :; do sleep 1; done",
        go.display()
    );
    crate::gates::agent(desk, "scribe", &script);
    desk.ok(&["agents", "register", "scribe", "--capacity", &AGENTS.to_string()]);
}

/// The same throws for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn moment(&mut self, longest: u64) -> Duration {
        Duration::from_millis(self.below(longest))
    }
}

/// What happened to whom.
#[derive(Default)]
struct Storm {
    /// Cards whose adding was answered.
    acknowledged: BTreeSet<i64>,
    /// Runs whose host was killed.
    struck: BTreeSet<i64>,
    engines: u32,
}

impl Storm {
    /// Adds cards until `most` were answered, or the engine is gone. Tells of the first.
    fn add_cards(&mut self, desk: &Desk, most: usize, first: Option<&mpsc::Sender<()>>) {
        for _ in 0..most {
            let request = json!({ "title": "write", "column": "ready", "queued": true });
            let Some(Ok(card)) = desk.try_rpc("add_task", &request) else { return };
            self.acknowledged.insert(card["id"].as_i64().expect("an id"));
            // Only the first is waited for.
            let _ = first.map(|tell| tell.send(()));
        }
    }

    fn top_up(&mut self, desk: &Desk) {
        let ready = cards(desk).iter().filter(|card| card["status"] == "ready").count();
        self.add_cards(desk, WAITING.saturating_sub(ready), None);
    }

    /// Kills up to `most` of the hosts that hold a terminal now.
    fn strike_hosts(&mut self, desk: &Desk, live: &[i64], most: u64, dice: &mut Dice) {
        for _ in 0..most {
            let run = live[dice.below(live.len() as u64) as usize];
            if let Some(host) = host_of(desk, run)
                && !self.struck.contains(&run)
            {
                // Gone by itself in this moment is fine.
                // SAFETY: plain kill(2); the process was looked at a moment ago.
                unsafe { libc::kill(host, libc::SIGKILL) };
                self.struck.insert(run);
            }
        }
    }

    /// Kills the engine while cards are being added.
    fn strike_engine(&mut self, desk: &Desk, served: Served, after: Duration) {
        let (tell, first) = mpsc::channel();
        let mut adding = Storm::default();
        std::thread::scope(|scope| {
            scope.spawn(|| adding.add_cards(desk, 8, Some(&tell)));
            first.recv_timeout(patience()).expect("the first card of the cycle is acknowledged");
            std::thread::park_timeout(after);
            served.kill();
        });
        self.acknowledged.append(&mut adding.acknowledged);
        self.engines += 1;
    }

    /// Who does not hear its terminal hang up never goes by itself, so that it must be ended.
    fn none_is_left_of_closed(&self, desk: &Desk, live: &[i64]) {
        desk.until("the processes of closed runs are gone", || {
            let left = runs_with_processes(desk);
            let mut closed = self.struck.iter().filter(|run| !live.contains(run));
            (!closed.any(|run| left.contains(run))).then_some(())
        });
    }

    fn cycle(&mut self, desk: &Desk, served: Served, dice: &mut Dice) -> Served {
        self.top_up(desk);
        let live = desk
            .until("all agents are at work", || Some(live_runs(desk)).filter(|live| live.len() == AGENTS));
        self.none_is_left_of_closed(desk, &live);
        let (kind, hosts, moment) = (dice.below(4), 1 + dice.below(3), dice.moment(250));
        match kind {
            0 => self.strike_engine(desk, served, moment),
            1 => {
                std::thread::park_timeout(moment);
                self.strike_hosts(desk, &live, hosts, dice);
                return served;
            }
            // Whether the engine still heard of it is chance.
            2 => {
                self.strike_hosts(desk, &live, hosts, dice);
                self.strike_engine(desk, served, moment / 10);
            }
            _ => {
                self.strike_engine(desk, served, moment);
                self.strike_hosts(desk, &live, hosts, dice);
            }
        }
        desk.serve()
    }
}

/// The process that holds the run's terminal, unless the run is over.
fn host_of(desk: &Desk, run: i64) -> Option<libc::pid_t> {
    let dir = desk.run_dir(&run.into());
    let host: Value = serde_json::from_slice(&std::fs::read(dir.join("host.json")).ok()?).ok()?;
    let pid = host["host"]["pid"].as_i64()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let ours = String::from_utf8_lossy(&command).contains("pty-host") && !dir.join("exit.json").exists();
    ours.then_some(pid as libc::pid_t)
}

fn runs_with_processes(desk: &Desk) -> BTreeSet<i64> {
    let mark = format!("FLIGHTBOARD_RUN_DIR={}/", desk.data().join("runs").display());
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let text = String::from_utf8_lossy(&environment);
        found.extend(text.split('\0').filter_map(|pair| pair.strip_prefix(&mark)?.parse::<i64>().ok()));
    }
    found
}

fn cards(desk: &Desk) -> Vec<Value> {
    desk.rpc("get_board", &json!({})).unwrap()["cards"].as_array().expect("cards").clone()
}

fn live_runs(desk: &Desk) -> Vec<i64> {
    let cards = cards(desk);
    let live = cards.iter().filter(|card| card["status"] == "in_progress");
    live.filter_map(|card| card["run"]["id"].as_i64()).collect()
}

/// What the log of changes makes of a card.
#[derive(Debug, PartialEq, Default)]
struct Told {
    status: String,
    live: Option<i64>,
    /// How each run ended, by its number.
    runs: BTreeMap<i64, String>,
}

fn replayed(timeline: &[Value]) -> Told {
    let mut told = Told::default();
    let (mut losses, mut not_started) = (0, 0);
    for change in timeline {
        let text = change["text"].as_str().expect("words");
        let run = change["run"].as_i64();
        match change["kind"].as_str().expect("a word") {
            "task.created" => told.status = text.strip_prefix("added to ").expect("a column").to_lowercase(),
            "run.created" => {
                assert_eq!((told.live, told.status.as_str()), (None, "ready"), "a second run: {timeline:#?}");
                told.live = run;
                told.status = "in_progress".into();
                let new = told.runs.insert(run.expect("a run"), "live".into());
                assert_eq!(new, None, "a run was made twice: {timeline:#?}");
            }
            "run.started" => assert_eq!(run, told.live, "{timeline:#?}"),
            "run.ended" => {
                assert_eq!(run, told.live.take(), "a run ended that did not live: {timeline:#?}");
                let (outcome, status) = match text {
                    text if text.ends_with(" finished") => ("succeeded", "review"),
                    text if text.contains(" was lost") => {
                        losses += 1;
                        ("lost", if losses > 5 { "failed" } else { "ready" })
                    }
                    // Its host was killed before it had begun.
                    text if text.contains(" could not start") => {
                        not_started += 1;
                        ("failed", if not_started > 4 { "failed" } else { "ready" })
                    }
                    other => panic!("no run should end so: {other}\n{timeline:#?}"),
                };
                told.status = status.into();
                told.runs.insert(run.expect("a run"), outcome.into());
            }
            _ => {}
        }
    }
    told
}

/// The tables against the log, for every card. Returns how many runs there were, by outcome.
fn assert_tables_equal_the_log(desk: &Desk) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for card in cards(desk) {
        let id = json!({ "id": card["id"] });
        let detail = desk.rpc("get_task", &id).unwrap();
        let timeline = desk.rpc("get_timeline", &id).unwrap();
        let told = replayed(timeline.as_array().expect("changes"));
        let runs: BTreeMap<i64, String> = detail["runs"]
            .as_array()
            .expect("runs")
            .iter()
            .map(|run| (run["id"].as_i64().unwrap(), run["status"].as_str().unwrap().to_owned()))
            .collect();
        let status = detail["card"]["status"].as_str().unwrap().to_owned();
        assert_eq!(Told { status, live: None, runs }, told, "{timeline:#?}");
        assert_eq!(detail["card"]["runs"], told.runs.len());
        told.runs.into_values().for_each(|outcome| *outcomes.entry(outcome).or_default() += 1);
    }
    outcomes
}

/// Every byte that the agent wrote, or of a struck one the beginning. Returns how many.
fn assert_log_is_right(desk: &Desk, run: &Value, struck: bool) -> usize {
    let dir = desk.run_dir(&run["id"]);
    let log = String::from_utf8(std::fs::read(dir.join("output.log")).unwrap_or_default()).expect("text");
    let whole = log.ends_with("\r\n") && log.trim_end().rsplit("\r\n").next().unwrap().starts_with("done ");
    let lines = log.matches("line ").count();
    let mut expected = String::with_capacity(log.len() + 32);
    (1..=lines).for_each(|n| _ = write!(expected, "line {n}\r\n"));
    if whole {
        let _ = write!(expected, "done {lines}\r\n");
        assert!(log == expected, "the log of run {run} is not what was written");
    } else {
        assert!(
            expected.starts_with(&log) || log.strip_prefix(&expected).is_some_and(is_begun),
            "{run}: {log}"
        );
    }
    match run["status"].as_str().unwrap() {
        "succeeded" => {
            assert!(whole, "run {run} succeeded with half a log");
            let exit: Value = serde_json::from_slice(&std::fs::read(dir.join("exit.json")).unwrap()).unwrap();
            assert_eq!((&exit["output_bytes"], &run["output_bytes"]), (&json!(log.len()), &json!(log.len())));
        }
        // It was on its way when the engine or its host died, and had not begun.
        "lost" | "failed" if run["started_at"].is_null() => {
            assert_eq!(log, "", "run {run} did not start and wrote");
            assert!(struck || run["status"] == "lost", "nobody killed the host of run {run}");
        }
        "lost" => {
            assert!(struck, "nobody killed the host of run {run}");
            assert!(!dir.join("exit.json").exists(), "run {run} left a record of its end");
        }
        other => panic!("a run that is {other}: {run}"),
    }
    log.len()
}

/// The beginning of a next line.
fn is_begun(rest: &str) -> bool {
    "line ".starts_with(rest) || "done ".starts_with(rest) || rest.starts_with("done ")
}

#[test]
fn whatever_is_killed_the_tables_the_log_and_the_disk_agree() {
    let cycles = number("FLIGHTBOARD_CYCLES").unwrap_or(15);
    let seed = number("FLIGHTBOARD_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 32);
    println!("seed {seed}, {cycles} cycles");
    let (desk, mut dice, mut storm) = (Desk::new(), Dice(seed), Storm::default());
    let go = desk.folder.path().join("go");
    let mut served = desk.serve();
    scribe(&desk, &go);
    desk.ok(&["policy", "--agents", "scribe", "--parallel", &AGENTS.to_string()]);
    storm.add_cards(&desk, AGENTS + WAITING, None);
    desk.until("all agents are at work", || (live_runs(&desk).len() == AGENTS).then_some(()));

    let begun = Instant::now();
    for _ in 0..cycles {
        served = storm.cycle(&desk, served, &mut dice);
    }
    let elapsed = begun.elapsed();
    desk.ok(&["policy", "--pause"]);
    std::fs::write(&go, "").unwrap();
    desk.until("every run is closed", || live_runs(&desk).is_empty().then_some(()));

    let outcomes = assert_tables_equal_the_log(&desk);
    let cards = cards(&desk);
    let there: BTreeSet<i64> = cards.iter().map(|card| card["id"].as_i64().unwrap()).collect();
    let lost: Vec<_> = storm.acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "acknowledged cards lost: {lost:?}");
    let (mut bytes, mut runs) = (0, BTreeSet::new());
    for card in &cards {
        let detail = desk.rpc("get_task", &json!({ "id": card["id"] })).unwrap();
        for run in detail["runs"].as_array().unwrap() {
            let id = run["id"].as_i64().unwrap();
            bytes += assert_log_is_right(&desk, run, storm.struck.contains(&id));
            runs.insert(id);
        }
    }
    for entry in std::fs::read_dir(desk.data().join("runs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(runs.contains(&name.parse().unwrap()), "a folder of no run: {name}");
    }
    desk.until("no process is left", || desk.processes_of_runs().is_empty().then_some(()));
    served.stop();
    println!(
        "{cycles} cycles in {} s: {} engines and {} hosts killed, {AGENTS} runs live before each",
        elapsed.as_secs(),
        storm.engines,
        storm.struck.len()
    );
    println!("{} cards, runs {outcomes:?}, {:.1} MB of logs", cards.len(), bytes as f64 / 1e6);
}
