//! Ten years of schedules against an independent oracle, Python's croniter (`tests/oracle`). It has to
//! be installed first, so this is run by `npm test -- --only oracle` and not by plain `cargo test`.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use flightboard_domain::schedule::{Cron, Zone};
use jiff::{Timestamp, ToSpan, tz::TimeZoneDatabase};

const FROM: &str = "2026-01-01T00:00:00Z";
const UNTIL: &str = "2036-01-01T00:00:00Z";

/// Both hemispheres, switches of half an hour and at midnight, odd offsets, a switch that moves with the
/// moon, and none at all.
const ZONES: [&str; 9] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "America/Santiago",
    "Asia/Kathmandu",
    "UTC",
];

/// Looked at over all ten years, each in three of the zones.
const SPARSE: [&str; 44] = [
    "0 9 * * 1-5",
    "30 18 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "15 1 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0 9 * * MON",
    "0 9 * * mon,thu",
    "0 9 * * 0",
    "0 9 * * 7",
    "30 2 * * 7",
    "0 2 * * 5-7",
    "0 2 * * 0-2",
    "15 2 * * SUN",
    "0 0 1 * *",
    "30 2 1 * *",
    "0 8 1,15 * *",
    "0 8 15-20 * *",
    "45 1 */10 * *",
    "0 2 1-31/7 * *",
    "0 9 31 * *",
    "0 9 30 * *",
    "0 9 29 2 *",
    "59 23 L * *",
    "30 2 L * *",
    "0 12 L 2 *",
    "0 9 1W * *",
    "0 9 15W * *",
    "0 17 LW * *",
    "0 0 * * 1#1",
    "30 2 * * 0#2",
    "0 9 * * 2#1,2#3",
    "0 16 * * 5#L",
    "30 2 * * 0#L",
    "0 0 1 1 *",
    "0 10 24 DEC *",
    "0 0 1 */3 *",
    "0 7 * 7 SAT",
    "0 0 13 * 5",
    "0 0 1,15 * 1",
    "0 0 13 * +5",
    "30 2 */2 * 1",
    "0 9 ? * MON",
];

/// Looked at for a day and a half on either side of every switch, in every zone.
const DENSE: [&str; 16] = [
    "* * * * *",
    "*/15 * * * *",
    "*/7 * * * *",
    "0 * * * *",
    "30 * * * *",
    "15,45 * * * *",
    "0 */2 * * *",
    "0 1-23/2 * * *",
    "*/20 2 * * *",
    "5-25/5 1-3 * * *",
    "0 0-3 * * *",
    "0,30 0,1,2,3 * * 0",
    "*/30 9-16 * * 1-5",
    "45 23,0 * * *",
    "*/10 0 * * *",
    "0 0-23 * * *",
];

fn seconds(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a time").as_second()
}

struct Case {
    expression: &'static str,
    zone: &'static str,
    from: i64,
    until: i64,
}

fn ten_years() -> Vec<Case> {
    let all_along = SPARSE.iter().enumerate().flat_map(|(at, expression)| {
        // In turn, so that each expression meets three zones and each zone many expressions.
        (0..3).map(move |turn| Case {
            expression,
            zone: ZONES[(at + 3 * turn) % ZONES.len()],
            from: seconds(FROM),
            until: seconds(UNTIL),
        })
    });
    let around = ZONES.iter().flat_map(|zone| {
        switches(zone).into_iter().flat_map(move |switch| {
            DENSE.iter().map(move |expression| Case {
                expression,
                zone,
                from: switch - 36 * 3600,
                until: switch + 36 * 3600,
            })
        })
    });
    all_along.chain(around).collect()
}

/// When the zone's clock is moved, in two of the ten years; the rules repeat.
fn switches(zone: &str) -> Vec<i64> {
    let zone = TimeZoneDatabase::bundled().get(zone).expect("a zone");
    let from: Timestamp = FROM.parse().expect("a time");
    let until = from + (2 * 365 * 24).hours();
    zone.following(from)
        .map(|switch| switch.timestamp())
        .take_while(|at| *at < until)
        .map(Timestamp::as_second)
        .collect()
}

/// Ours, in seconds.
fn firings(case: &Case) -> impl Iterator<Item = i64> {
    let cron = Cron::parse(case.expression).expect("a cron expression");
    let zone = Zone::parse(case.zone).expect("a zone");
    let until = case.until;
    let first = cron.next(&zone, case.from * 1000);
    std::iter::successors(first, move |last| cron.next(&zone, *last))
        .map(|at| at / 1000)
        .take_while(move |at| *at <= until)
}

/// croniter in a process of its own.
struct Oracle {
    child: Child,
    asked: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Oracle {
    fn start() -> Oracle {
        let tests = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests"));
        let python = tests.join(".cache/oracle/bin/python3");
        assert!(Path::new(&python).exists(), "croniter is missing: node tests/oracle/install.mjs");
        let mut child = Command::new(python)
            .arg(tests.join("oracle/firings.py"))
            // Only the time zones of the package, never the machine's.
            .env("PYTHONTZPATH", "")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let asked = child.stdin.take().expect("a pipe");
        let said = BufReader::new(child.stdout.take().expect("a pipe"));
        Oracle { child, asked, said }
    }

    fn ask(&mut self, mode: &str, case: &Case) {
        let Case { expression, zone, from, until } = case;
        writeln!(self.asked, "{mode}\t{expression}\t{zone}\t{from}\t{until}").expect("Python listens");
    }

    /// The next firing of the case that was asked about; none at its end.
    fn next(&mut self) -> Option<i64> {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("Python answers");
        match line.trim_end() {
            "." => None,
            "" => panic!("croniter gave up; its complaint is above"),
            at => Some(at.parse().expect("seconds")),
        }
    }

    fn end(self) {
        drop(self.asked);
        let mut child = self.child;
        assert!(child.wait().expect("Python ends").success());
    }
}

/// Compares as the streams come; returns how many firings were the same.
fn compare(cases: &[Case]) -> usize {
    let mut oracle = Oracle::start();
    let mut same = 0;
    for case in cases {
        oracle.ask("rule", case);
        let mut last = case.from;
        for ours in firings(case) {
            let theirs = oracle.next();
            let told =
                |at: Option<i64>| at.map(|at| Zone::parse(case.zone).unwrap().wall(at * 1000).to_string());
            assert_eq!(
                Some(ours),
                theirs,
                "“{}” in {} after {:?}: ours {:?}, croniter {:?}",
                case.expression,
                case.zone,
                told(Some(last)),
                told(Some(ours)),
                told(theirs),
            );
            last = ours;
            same += 1;
        }
        assert_eq!(oracle.next(), None, "“{}” in {}: croniter goes on", case.expression, case.zone);
    }
    oracle.end();
    same
}

#[test]
#[ignore = "needs croniter: npm test -- --only oracle"]
fn ten_years_agree_with_croniter_on_every_firing() {
    let cases = ten_years();
    // Two at a time, by turns, so that both have their share of the long ones.
    let (one, two): (Vec<_>, Vec<_>) = cases.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let [one, two] = [one, two].map(|half| half.into_iter().map(|(_, case)| case).collect::<Vec<Case>>());
    let cases = one.len() + two.len();
    let same = std::thread::scope(|threads| {
        let first = threads.spawn(|| compare(&one));
        compare(&two) + first.join().expect("the other half")
    });
    println!("{same} firings of {cases} cases agree");
    assert!(same > 100_000, "only {same} firings were compared");
}

/// What croniter itself makes of the switches to and from daylight saving differs from our rule in these
/// places and in no others. `docs/decisions/0022` says who is right.
#[test]
#[ignore = "needs croniter: npm test -- --only oracle"]
fn where_croniter_has_other_rules_for_daylight_saving_is_known() {
    let mut oracle = Oracle::start();
    let mut told = String::new();
    for zone in ["Europe/Berlin", "America/New_York"] {
        for expression in
            ["30 2 * * *", "30 1 * * *", "*/30 2 * * *", "0 */2 * * *", "0 0-3 * * *", "30 * * * *"]
        {
            for switch in switches(zone).into_iter().take(2) {
                let case = Case { expression, zone, from: switch - 5 * 3600, until: switch + 5 * 3600 };
                oracle.ask("croniter", &case);
                let theirs: Vec<i64> = std::iter::from_fn(|| oracle.next()).collect();
                let ours: Vec<i64> = firings(&case).collect();
                let wall = |times: &[i64]| {
                    let zone = Zone::parse(zone).unwrap();
                    let words: Vec<String> = times
                        .iter()
                        .map(|at| zone.wall(at * 1000).strftime("%d %H:%M%:z").to_string())
                        .collect();
                    words.join(", ")
                };
                if ours != theirs {
                    let _ = writeln!(
                        told,
                        "{expression} in {zone}\n  ours     {}\n  croniter {}",
                        wall(&ours),
                        wall(&theirs)
                    );
                }
            }
        }
    }
    oracle.end();
    insta::assert_snapshot!(told);
}
