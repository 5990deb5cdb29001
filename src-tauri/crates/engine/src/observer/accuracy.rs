//! How well an interactive session's state is read. Each moment of a recording was labelled from its screen
//! as another terminal painted it; the reading is what the observer says once it has taken the bytes up to
//! there. A script without pauses drove these sessions, so a moment may lie only a few bytes after a change
//! that the agent tells a little later; how sessions at a person's pace are read was not measured. opencode's
//! plugin and Qwen's event file are not in these recordings: for these two the screen alone speaks.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use agents::{Kind, Mode, StreamKind};
use domain::{Activity, Reading};
use terminal::Screen;

use super::Observer;
use crate::run_plan::RunPlan;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// Bytes between two looks at the screen; about what a terminal hands over at once.
const PIECE: usize = 1024;

/// Byte of the recording, what is true there, and what the screen shows at that byte.
type Moment = (usize, &'static str, &'static str);

const LABELLED: [(Kind, &str, &[Moment]); 9] = [
    (
        Kind::Claude,
        "claude.osc7501.pty",
        &[
            (1_800, "working", "esc to interrupt"),
            (4_000, "waiting", "Do you want to create hello.txt?"),
            (6_900, "waiting", "Which colour?"),
            (9_800, "at rest", "API Error: 400 fake bad request"),
            (11_700, "working", "esc to interrupt"),
            (16_100, "waiting", "Do you want to proceed?"),
        ],
    ),
    (
        Kind::Claude,
        "claude.perm.pty",
        &[
            (1_800, "working", "esc to interrupt"),
            (3_800, "waiting", "Do you want to create hello.txt?"),
            (9_000, "waiting", "Do you want to proceed?"),
            (11_500, "at rest", "Interrupted"),
        ],
    ),
    (
        Kind::Claude,
        "claude.dialogs.pty",
        &[(2_900, "working", "esc to interrupt"), (5_000, "working", "Running a command")],
    ),
    (
        Kind::Codex,
        "codex.approve.pty",
        &[
            (14_000, "working", "Working (esc to interrupt)"),
            (15_500, "waiting", "Would you like to run the following command?"),
            (16_200, "working", "Working (esc to interrupt)"),
            (17_200, "at rest", "Done: escalated."),
        ],
    ),
    (
        Kind::Codex,
        "codex.nodaemon.pty",
        &[
            (6_900, "working", "Working (esc to interrupt)"),
            (8_000, "at rest", "Done: hello.txt is written."),
            (10_000, "working", "1 background terminal running"),
            (13_300, "working", "1 background terminal running"),
        ],
    ),
    (
        Kind::Gemini,
        "gemini.tui.pty",
        &[
            (5_000, "at rest", "Type your message"),
            (9_500, "working", "Thinking... (esc to cancel)"),
            (13_500, "waiting", "Apply this change?"),
            (19_500, "at rest", "Done: hello.txt is written."),
            (29_584, "waiting", "Enter to select"),
            (44_000, "waiting", "Allow execution of [Shell]?"),
            (60_000, "working", "Thinking... (esc to cancel)"),
            (100_000, "working", "Thinking... (esc to cancel)"),
        ],
    ),
    (
        Kind::Opencode,
        "opencode.tui-perm.pty",
        &[
            (30_000, "working", "esc interrupt"),
            (43_000, "waiting", "Permission required"),
            (51_500, "at rest", "Done: hello.txt is written."),
            (58_700, "waiting", "Allow once"),
        ],
    ),
    (
        Kind::Qwen,
        "qwen.tui.pty",
        &[
            (9_500, "working", "(esc to cancel)"),
            (18_400, "waiting", "Apply this change?"),
            (25_000, "working", "(esc to cancel)"),
            (29_500, "at rest", "Done: hello.txt is written."),
            (34_800, "working", "(esc to cancel)"),
            (45_000, "working", "(esc to cancel)"),
            (51_600, "waiting", "Allow execution of: 'echo, sleep'?"),
            (90_000, "working", "(esc to cancel)"),
        ],
    ),
    (
        Kind::Aider,
        "aider.tui.pty",
        &[
            (3_000, "working", "the answer arrives"),
            (3_800, "waiting", "Create new file? (Y)es/(N)o"),
            (6_200, "working", "the model has not answered"),
        ],
    ),
];

/// A session as far as it was heard.
struct Session {
    kind: Kind,
    observer: Observer,
    screen: Screen,
}

impl Session {
    fn new(kind: Kind) -> Session {
        let plan = RunPlan {
            kind,
            mode: Mode::Interactive,
            stream: StreamKind::None,
            answers_osc7501: true,
            signals_file: None,
            typed_prompt: None,
            ports: 0,
            stage: domain::limits::Stage::Work,
        };
        Session { kind, observer: Observer::new(&plan, None, 0), screen: Screen::new(COLUMNS, ROWS) }
    }

    /// The supervisor looks at the screen a few times a second. The recordings hold no times: here it looks
    /// after each piece.
    fn hear(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            self.observer.output(piece, true, 0);
            self.screen.feed(piece);
            let rows = self.screen.text();
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            self.observer.screen(self.kind, &rows, 0);
        }
    }

    fn reading(&self) -> Reading {
        self.observer.reading(0)
    }

    fn reads(&self) -> &'static str {
        match self.reading().activity {
            Activity::Unknown => "unknown",
            Activity::Working | Activity::RateLimited => "working",
            Activity::Waiting => "waiting",
            Activity::Idle => "idle",
        }
    }
}

fn recording(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents/tests/recordings");
    std::fs::read(folder.join(name)).unwrap()
}

/// An agent at rest may have said that it is idle, or that an error needs a person.
fn verdict(truth: &str, reads: &str) -> &'static str {
    match (truth, reads) {
        (_, "unknown") => "unknown",
        ("at rest", "idle" | "waiting") => "right",
        (truth, reads) if truth == reads => "right",
        _ => "WRONG",
    }
}

#[test]
fn the_share_of_labelled_moments_that_are_read_right() {
    let mut page = String::new();
    let mut shares: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for (kind, name, moments) in LABELLED {
        let bytes = recording(name);
        let mut session = Session::new(kind);
        let mut heard = 0;
        for (at, truth, shows) in moments {
            session.hear(&bytes[heard..*at]);
            heard = *at;
            let reads = session.reads();
            let verdict = verdict(truth, reads);
            *shares.entry(format!("{kind:?}")).or_default().entry(verdict).or_default() += 1;
            writeln!(page, "{name} {at}: {truth}, reads {reads}: {verdict} ({shows})").unwrap();
        }
    }
    page.push('\n');
    for (agent, counts) in shares {
        let all: usize = counts.values().sum();
        let of = |verdict: &str| counts.get(verdict).copied().unwrap_or(0);
        writeln!(
            page,
            "{agent}: {} of {all} right, {} unknown, {} wrong",
            of("right"),
            of("unknown"),
            of("WRONG")
        )
        .unwrap();
    }
    insta::assert_snapshot!(page);
}

/// The readings of a whole recording, each different one once, in order.
fn readings(kind: Kind, name: &str) -> Vec<String> {
    let mut session = Session::new(kind);
    let mut readings = Vec::new();
    for piece in recording(name).chunks(PIECE) {
        session.hear(piece);
        readings.push(session.reading().because);
    }
    readings.dedup();
    readings
}

#[test]
fn a_question_that_has_left_the_screen_is_not_waited_for() {
    for (kind, name) in [
        (Kind::Aider, "aider.tui.pty"),
        (Kind::Qwen, "qwen.tui.pty"),
        (Kind::Opencode, "opencode.tui-perm.pty"),
    ] {
        let readings = readings(kind, name);
        let (last, before) = readings.split_last().unwrap();
        assert!(before.iter().any(|reading| reading == "screen waiting"), "{name}: {readings:?}");
        assert_eq!(last, "no evidence", "{name}: {readings:?}");
        assert!(!readings.iter().any(|reading| reading.contains("idle")), "{name}: {readings:?}");
    }
}

/// Trust is asked above what the title says; once it is given, the title must be heard again.
#[test]
fn after_the_question_for_trust_weaker_evidence_counts_again() {
    let mut session = Session::new(Kind::Gemini);
    session.hear(&recording("gemini.trust.pty"));
    assert_eq!(session.reading().message.as_deref(), Some("Do you trust the files in this folder?"));
    session.hear("\x1b[2J\x1b[H\x1b]0;\u{2726}  Working\u{2026} (here)\x07".as_bytes());
    assert!(session.observer.misses_a_question(), "a screen may be half painted");
    session.hear(b" ");
    assert_eq!(session.reading().because, "terminal title working");
}
