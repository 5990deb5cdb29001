//! What real sessions mean. Each recording was made with the real agent
//! against a scripted model; the snapshots are what people and the engine get
//! to see of it. The same events must come out however the bytes are cut.

use std::path::PathBuf;

use flightboard_agents::claude::HookLines;
use flightboard_agents::{
    CardLine, Ending, Exit, Kind, LastLine, Mode, Story, StreamDecoder, StreamEvent, StreamKind,
    TerminalEvent, TerminalSignals, Verdict, verdict,
};
use proptest::prelude::*;

fn recording(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stream_events(kind: StreamKind, pieces: &[&[u8]]) -> Vec<StreamEvent> {
    let mut decoder = StreamDecoder::new(kind);
    let mut events: Vec<StreamEvent> = pieces.iter().flat_map(|piece| decoder.feed(piece)).collect();
    events.extend(decoder.finish());
    events
}

fn terminal_events(kind: Kind, pieces: &[&[u8]]) -> Vec<TerminalEvent> {
    let mut signals = TerminalSignals::new(kind);
    pieces.iter().flat_map(|piece| signals.events(piece)).collect()
}

const STREAMS: [(Kind, &str, i32); 20] = [
    (Kind::Claude, "claude.write.stream.jsonl", 0),
    (Kind::Claude, "claude.write.stream.pty", 0),
    (Kind::Claude, "claude.resume.stream.jsonl", 0),
    (Kind::Claude, "claude.fail400.stream.jsonl", 1),
    (Kind::Claude, "claude.badkey.stream.jsonl", 1),
    (Kind::Claude, "claude.down.stream.jsonl", 1),
    (Kind::Codex, "codex.write.jsonl", 0),
    (Kind::Codex, "codex.write.stream.pty", 0),
    (Kind::Codex, "codex.resume.jsonl", 0),
    (Kind::Codex, "codex.fail400.jsonl", 1),
    (Kind::Codex, "codex.badkey.jsonl", 1),
    (Kind::Gemini, "gemini.write.stream.jsonl", 0),
    (Kind::Gemini, "gemini.fail400.stream.jsonl", 144),
    (Kind::Gemini, "gemini.badkey.stream.jsonl", 145),
    (Kind::Opencode, "opencode.write.jsonl", 0),
    (Kind::Opencode, "opencode.write.stream.pty", 0),
    (Kind::Opencode, "opencode.ask-headless.jsonl", 0),
    (Kind::Qwen, "qwen.write.stream.jsonl", 0),
    (Kind::Qwen, "qwen.fail400.stream.jsonl", 0),
    (Kind::Aider, "aider.write.txt", 0),
];

fn told(kind: Kind, events: &[StreamEvent], code: i32) -> (Story, CardLine, Verdict) {
    let mut story = Story::default();
    let mut card = CardLine::default();
    for event in events {
        story.fold(event);
        card.fold(event);
    }
    let ending = Ending { exit: Some(Exit::Code(code)), ..Ending::default() };
    let verdict = verdict(kind, Mode::Unattended, &ending, &story);
    (story, card, verdict)
}

#[test]
fn an_unattended_run_becomes_events_a_card_line_and_a_verdict() {
    for (kind, name, code) in STREAMS {
        let events = stream_events(kind.unattended_stream(), &[&recording(name)]);
        let (_, card, verdict) = told(kind, &events, code);
        let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let verdict = serde_json::to_string(&verdict).unwrap();
        let page = format!(
            "{}\n\nexit code {code}: {verdict}\ncard: {}",
            lines.join("\n"),
            card.line().unwrap_or("-")
        );
        insta::assert_snapshot!(name, page);
    }
}

#[test]
fn a_failed_run_is_never_called_a_success_whatever_its_exit_code() {
    for (kind, name, _) in STREAMS {
        let failed = ["fail", "badkey", "down", "ask-headless"].iter().any(|word| name.contains(word));
        let events = stream_events(kind.unattended_stream(), &[&recording(name)]);
        let (_, _, verdict) = told(kind, &events, 0);
        assert_eq!(matches!(verdict, Verdict::Succeeded), !failed, "{name}: {verdict:?}");
    }
}

#[test]
fn a_stream_that_breaks_off_is_not_a_success() {
    for (kind, name, _) in STREAMS.into_iter().filter(|(_, name, _)| name.contains("write")) {
        let bytes = recording(name);
        let half = &bytes[..bytes.len() / 2];
        let events = stream_events(kind.unattended_stream(), &[half]);
        let (_, _, verdict) = told(kind, &events, 0);
        assert_eq!(verdict, Verdict::Unknown, "{name}");
    }
}

#[test]
fn an_agent_that_keeps_trying_has_not_finished() {
    let events = stream_events(StreamKind::CodexJson, &[&recording("codex.down.jsonl")]);
    assert!(events.iter().any(|event| matches!(event, StreamEvent::Error { transient: true, .. })));
    assert!(!events.iter().any(|event| matches!(event, StreamEvent::Finished { .. })));
}

const TERMINALS: [(Kind, &str); 13] = [
    (Kind::Claude, "claude.osc7501.pty"),
    (Kind::Claude, "claude.long.pty"),
    (Kind::Claude, "claude.perm.pty"),
    (Kind::Claude, "claude.dialogs.pty"),
    (Kind::Claude, "claude.start1.pty"),
    (Kind::Codex, "codex.approve.pty"),
    (Kind::Codex, "codex.nodaemon.pty"),
    (Kind::Codex, "codex.trust.pty"),
    (Kind::Gemini, "gemini.tui.pty"),
    (Kind::Gemini, "gemini.trust.pty"),
    (Kind::Opencode, "opencode.tui-perm.pty"),
    (Kind::Qwen, "qwen.tui.pty"),
    (Kind::Aider, "aider.tui.pty"),
];

#[test]
fn an_interactive_session_becomes_signals() {
    for (kind, name) in TERMINALS {
        let events = terminal_events(kind, &[&recording(name)]);
        let lines: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
        insta::assert_snapshot!(name, lines.join("\n"));
    }
}

#[test]
fn claudes_hooks_become_signals() {
    let events = HookLines::default().feed(&recording("claude.hooks.jsonl"));
    let lines: Vec<String> =
        events.iter().map(|event| format!("{} {:?}", event.name, event.signal)).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(
        events
            .iter()
            .all(|event| event.session_id.as_deref() == Some("87cfa15d-6b9f-4406-85be-c3fb8476f2cd"))
    );
}

/// The pieces that these cuts make of the bytes.
fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
    at.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for to in at.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..to]);
        from = to;
    }
    pieces
}

#[test]
fn byte_by_byte_is_the_same_as_all_at_once() {
    for (kind, name) in TERMINALS {
        let bytes = recording(name);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(terminal_events(kind, &single), terminal_events(kind, &[&bytes]), "{name}");
    }
    for (kind, name, _) in STREAMS {
        let bytes = recording(name);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let stream = kind.unattended_stream();
        assert_eq!(stream_events(stream, &single), stream_events(stream, &[&bytes]), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_cut_of_a_terminal_gives_the_same_events(
        which in 0..TERMINALS.len(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..40)
    ) {
        let (kind, name) = TERMINALS[which];
        let bytes = recording(name);
        prop_assert_eq!(terminal_events(kind, &cut(&bytes, &cuts)), terminal_events(kind, &[&bytes]));
    }

    #[test]
    fn any_cut_of_a_stream_gives_the_same_events(
        which in 0..STREAMS.len(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..40)
    ) {
        let (kind, name, _) = STREAMS[which];
        let bytes = recording(name);
        let stream = kind.unattended_stream();
        prop_assert_eq!(stream_events(stream, &cut(&bytes, &cuts)), stream_events(stream, &[&bytes]));
    }

    #[test]
    fn any_cut_gives_the_same_last_line(
        which in 0..TERMINALS.len(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..40)
    ) {
        let bytes = recording(TERMINALS[which].1);
        let (mut whole, mut pieced) = (LastLine::default(), LastLine::default());
        whole.feed(&bytes);
        cut(&bytes, &cuts).iter().for_each(|piece| pieced.feed(piece));
        prop_assert_eq!(whole.line(), pieced.line());
    }
}
