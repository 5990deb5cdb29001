//! How well an interactive session's state is read. Each moment of a recording
//! was labelled from its screen as another terminal painted it; the reading is
//! what the strongest evidence up to that byte says, as the engine takes it.
//! These sessions were driven by a script without pauses, so a moment may lie
//! only a few bytes after a change that the agent tells a little later: the
//! figures are a lower bound. opencode's plugin and Qwen's event file are not
//! in these recordings; for these two the screen alone speaks.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZero;
use std::path::Path;

use flightboard_agents::{
    Activity, Evidence, Kind, Signal, TerminalEvent, TerminalSignals, WaitKind, screen_activity,
};

const ROWS: NonZero<u16> = NonZero::new(40).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();

/// Byte of the recording, what is true there, and what the screen shows.
type Moment = (usize, &'static str, &'static str);

const LABELLED: [(Kind, &str, &[Moment]); 9] = [
    (
        Kind::Claude,
        "claude.osc7501.pty",
        &[
            (1_800, "working", "esc to interrupt"),
            (4_000, "waiting", "Do you want to create hello.txt?"),
            (6_900, "waiting", "Which colour?"),
            (9_500, "at rest", "API Error: 400 fake bad request"),
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
        &[(2_700, "working", "esc to interrupt"), (5_000, "working", "Running a command")],
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
            (29_184, "waiting", "Enter to select"),
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
            (45_000, "waiting", "Permission required"),
            (51_500, "at rest", "Done: hello.txt is written."),
            (58_700, "waiting", "Allow once"),
        ],
    ),
    (
        Kind::Qwen,
        "qwen.tui.pty",
        &[
            (9_500, "working", "(esc to cancel)"),
            (19_000, "waiting", "Apply this change?"),
            (25_000, "working", "(esc to cancel)"),
            (29_500, "at rest", "Done: hello.txt is written."),
            (34_800, "working", "(esc to cancel)"),
            (45_000, "working", "(esc to cancel)"),
            (52_000, "waiting", "Allow execution of: 'echo, sleep'?"),
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
    signals: TerminalSignals,
    screen: vt100::Parser,
    held: Option<Signal>,
    trust_asked: bool,
}

impl Session {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            signals: TerminalSignals::new(kind),
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
            held: None,
            trust_asked: false,
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        for event in self.signals.events(bytes) {
            if let TerminalEvent::Signal(signal) = event {
                self.take(signal);
            }
        }
        self.screen.process(bytes);
        let rows: Vec<String> = self.screen.screen().rows(0, COLUMNS.get()).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        match screen_activity(self.kind, &rows) {
            Some(activity @ Activity::Waiting { kind: WaitKind::Trust, .. }) => {
                self.trust_asked = true;
                self.take(Signal { evidence: Evidence::ProgramStatus, activity });
            }
            _ if std::mem::take(&mut self.trust_asked) => self.held = None,
            Some(activity) => self.take(Signal { evidence: Evidence::Screen, activity }),
            None => {}
        }
    }

    fn take(&mut self, signal: Signal) {
        if self.held.as_ref().is_none_or(|held| held.evidence <= signal.evidence) {
            self.held = Some(signal);
        }
    }

    fn reads(&self) -> &'static str {
        match self.held.as_ref().map(|signal| &signal.activity) {
            None => "unknown",
            Some(Activity::Working { .. } | Activity::RateLimited { .. }) => "working",
            Some(Activity::Waiting { .. } | Activity::Error { .. }) => "waiting",
            Some(Activity::Idle | Activity::Done { .. }) => "idle",
        }
    }
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
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name);
        let bytes = std::fs::read(path).unwrap();
        let mut session = Session::new(kind);
        let mut heard = 0;
        for (at, truth, shows) in moments {
            bytes[heard..*at].chunks(64).for_each(|piece| session.hear(piece));
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
    println!("{page}");
    insta::assert_snapshot!(page);
}
