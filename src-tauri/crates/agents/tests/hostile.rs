//! Output that is broken, endless or made to harm.

use flightboard_agents::claude::HookLines;
use flightboard_agents::{
    Activity, CardLine, Evidence, Kind, LastLine, Query, Signal, StreamDecoder, StreamEvent, StreamKind,
    TerminalEvent, TerminalFacts, TerminalSignals, answer_to,
};
use proptest::prelude::*;

fn events(bytes: &[u8]) -> Vec<TerminalEvent> {
    TerminalSignals::new(Kind::Claude).events(bytes)
}

fn working() -> TerminalEvent {
    TerminalEvent::Signal(Signal { evidence: Evidence::ProgramStatus, activity: Activity::working() })
}

#[test]
fn a_sequence_that_never_ends_swallows_only_itself() {
    for broken in [
        b"\x1b]7501;state=done".as_slice(),
        b"\x1b]0;title",
        b"\x1bPdata",
        b"\x1b[12;",
        b"\x1b",
        b"\x1b]",
        b"\x1b_\xff\xfe",
    ] {
        let bytes = [broken, b"\x1b]7501;state=working\x07"].concat();
        assert_eq!(events(&bytes), [working()], "{}", broken.escape_ascii());
    }
}

#[test]
fn a_sequence_is_given_up_at_cancel_and_substitute() {
    for control in [0x18, 0x1a] {
        let bytes = [b"\x1b]0;half".as_slice(), &[control], b" and text\x07"].concat();
        assert_eq!(events(&bytes), [TerminalEvent::Bell]);
    }
}

#[test]
fn an_osc_over_the_limit_is_dropped_and_the_next_one_is_read() {
    let long =
        [b"\x1b]7501;state=done:msg=".as_slice(), &vec![b'A'; 65_536], b"\x07\x1b]7501;state=working\x1b\\"]
            .concat();
    assert_eq!(events(&long), [working()]);
    let pieces: Vec<TerminalEvent> = {
        let mut signals = TerminalSignals::new(Kind::Claude);
        long.chunks(1_000).flat_map(|piece| signals.events(piece)).collect()
    };
    assert_eq!(pieces, [working()]);
}

#[test]
fn a_bell_inside_a_device_string_is_data() {
    assert_eq!(events(b"\x1bPq#0\x07#1\x1b\\\x07"), [TerminalEvent::Bell]);
}

#[test]
fn nested_and_doubled_escapes_resolve_to_the_innermost() {
    assert_eq!(events(b"\x1b]0;a\x1b]7501;state=working\x07"), [working()]);
    assert_eq!(events(b"\x1b\x1b\x1b]7501;state=working\x1b\x1b]7501;state=working\x1b\\"), [working()]);
}

#[test]
fn a_flood_of_escapes_yields_nothing_and_keeps_nothing() {
    let mut signals = TerminalSignals::new(Kind::Codex);
    let mut last = LastLine::default();
    let chunk = vec![0x1b; 1 << 20];
    for _ in 0..64 {
        signals.feed(&chunk, |event| panic!("{event:?}"));
        last.feed(&chunk);
    }
    assert_eq!(last.line(), None);
    assert_eq!(signals.events(b"]7501;state=working\x07"), [working()]);
}

#[test]
fn a_row_of_bells_is_one_bell() {
    let mut signals = TerminalSignals::new(Kind::Codex);
    let rung: Vec<TerminalEvent> = (0..1_000).flat_map(|_| signals.events(&[7; 1_000])).collect();
    assert_eq!(rung, [TerminalEvent::Bell]);
    assert_eq!(signals.events(b"x\x07\x07\x1b[m\x07"), [TerminalEvent::Bell, TerminalEvent::Bell]);
}

#[test]
fn repeated_states_are_told_once_but_a_return_to_one_is_told_again() {
    let status = |state: &str| format!("\x1b]7501;state={state}\x07");
    let stream = [status("working"), status("working"), status("idle"), status("working")].concat();
    assert_eq!(events(stream.as_bytes()).len(), 3);
    let left = [status("working"), status("clear"), status("working")].concat();
    assert_eq!(events(left.as_bytes()), [working(), TerminalEvent::StatusCleared, working()]);
}

#[test]
fn a_title_is_one_short_line_without_tricks() {
    let bytes = "\x1b]0;\u{202e}evil\u{7f}\n\ttitle \u{200b}\x07".as_bytes();
    assert_eq!(events(bytes), [TerminalEvent::Title("evil title".into())]);
    let long = format!("\x1b]2;{}\x07", "x".repeat(10_000));
    let [TerminalEvent::Title(title)] = &events(long.as_bytes())[..] else { panic!("one title") };
    assert_eq!(title.chars().count(), 200);
}

#[test]
fn our_answers_are_the_ones_that_claude_waits_for() {
    let facts =
        TerminalFacts { foreground: (0xcc, 0xcc, 0xcc), background: (0x10, 0x15, 0x1c), cursor: None };
    let asked = events(b"\x1b]11;?\x1b\\\x1b[>0q\x1b]7501;?\x07\x1b[c\x1b[6n\x1b[5n");
    let answers: Vec<String> = asked
        .iter()
        .filter_map(|event| match event {
            TerminalEvent::Query(query) => answer_to(*query, &facts),
            _ => None,
        })
        .map(|bytes| bytes.escape_ascii().to_string())
        .collect();
    assert_eq!(
        answers,
        [
            r"\x1b]11;rgb:1010/1515/1c1c\x1b\\",
            r"\x1bP>|flightboard\x1b\\",
            r"\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\",
            r"\x1b[?1;2c",
            r"\x1b[0n",
        ]
    );
    let known = TerminalFacts { cursor: Some((3, 7)), ..facts };
    assert_eq!(answer_to(Query::CursorPosition, &known).as_deref(), Some(b"\x1b[3;7R".as_slice()));
}

#[test]
fn an_answer_never_looks_like_a_question() {
    // Or two terminals could talk to each other for ever.
    let facts = TerminalFacts { foreground: (0, 0, 0), background: (0, 0, 0), cursor: Some((1, 1)) };
    for query in [
        Query::ProgramStatus,
        Query::PrimaryAttributes,
        Query::SecondaryAttributes,
        Query::TerminalVersion,
        Query::DeviceStatus,
        Query::CursorPosition,
        Query::ForegroundColour,
        Query::BackgroundColour,
    ] {
        let answer = answer_to(query, &facts).unwrap();
        assert_eq!(events(&answer), [], "{query:?}");
    }
}

#[test]
fn a_line_of_json_over_16_mib_is_skipped_and_the_next_is_read() {
    let mut decoder = StreamDecoder::new(StreamKind::CodexJson);
    let megabyte = vec![b'x'; 1 << 20];
    let mut events = decoder.feed(b"{\"type\":\"");
    for _ in 0..17 {
        events.extend(decoder.feed(&megabyte));
    }
    events.extend(decoder.feed(b"\"}\n{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n"));
    let bytes = (17 << 20) + 11;
    assert_eq!(events, [StreamEvent::Skipped { bytes }, StreamEvent::Session { id: "t".into() }]);
}

#[test]
fn json_of_the_wrong_shape_says_nothing_and_breaks_nothing() {
    let lines = [
        "null",
        "[]",
        "{}",
        "{\"type\":7}",
        "{\"type\":\"result\"}",
        "{\"type\":\"assistant\",\"message\":7}",
        "{\"type\":\"user\",\"message\":{\"content\":\"text\"}}",
        "{\"type\":\"item.completed\",\"item\":null}",
        "{\"type\":\"step_finish\",\"part\":{\"tokens\":-1}}",
        "{\"type\":\"error\"}",
        "{\"type\":\"turn.failed\"}",
        "{broken",
        "\u{0}\u{1}",
        "{\"type\":\"message\",\"role\":\"assistant\",\"content\":{}}",
    ];
    let stream = lines.join("\n");
    for kind in [
        StreamKind::ClaudeJson,
        StreamKind::QwenJson,
        StreamKind::CodexJson,
        StreamKind::OpencodeJson,
        StreamKind::GeminiJson,
        StreamKind::AiderText,
        StreamKind::None,
    ] {
        let mut decoder = StreamDecoder::new(kind);
        let mut events = decoder.feed(stream.as_bytes());
        events.extend(decoder.finish());
        assert!(
            !events.iter().any(|event| matches!(event, StreamEvent::Finished { ok: true, .. })),
            "{kind:?}: {events:?}"
        );
        assert!(events.contains(&StreamEvent::Text { line: "{broken".into() }), "{kind:?}");
    }
}

#[test]
fn deeply_nested_json_is_text() {
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    let events = StreamDecoder::new(StreamKind::ClaudeJson).feed(deep.as_bytes());
    assert!(matches!(events[..], [StreamEvent::Text { .. }]));
}

#[test]
fn hook_lines_that_ran_into_each_other_are_left_out() {
    let mut hooks = HookLines::default();
    let found = hooks.feed(b"{\"hook_event_name\":\"Stop\"{\"hook_event_name\":\"Stop\"}\n\n[1]\nnoise\n{\"hook_event_name\":\"Stop\"}\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].signal.as_ref().unwrap().activity, Activity::done());
}

#[test]
fn the_last_line_is_the_last_thing_that_can_be_read() {
    for (output, expected) in [
        ("one\ntwo\n", Some("two")),
        ("building 10%\rbuilding 20%\rbuilding 30%", Some("building 30%")),
        ("done\r\n\r\n\x1b[2m────────────\x1b[0m\r\n> \x1b[?25h", Some("done")),
        ("\x1b[1m│ hello   │ world │\x1b[0m\n╰──────────╯\n", Some("hello world")),
        ("⠋ thinking\r\x1b[K⠙ still thinking", Some("still thinking")),
        ("wiped\r\x1b[K", None),
        ("typo\x08\x08\x08\x08text\n", Some("text")),
        ("ä\u{308}ö\x08!\n", Some("ä\u{308}!")),
        ("\x1b[10;5Hupper\x1b[12;5Hlower", Some("lower")),
        ("\x1b]0;title\x07\x1b[31m", None),
        ("● ✔ ── ⠋\n", None),
        ("", None),
        ("abc\u{202e}fed\n", Some("abc fed")),
    ] {
        let mut last = LastLine::default();
        last.feed(output.as_bytes());
        assert_eq!(last.line(), expected, "{output:?}");
    }
}

#[test]
fn the_last_line_survives_output_without_any() {
    let mut last = LastLine::default();
    last.feed(b"tests passed\n");
    assert_eq!(last.line(), Some("tests passed"));
    last.feed(&b"\x1b[2K\r\xe2\xa0\x8b".repeat(50_000));
    assert_eq!(last.line(), Some("tests passed"));
    last.feed(&vec![b'x'; 1 << 20]);
    assert_eq!(last.line(), Some("tests passed"), "the middle of an endless line is no line");
    last.feed(b"\nover\n");
    assert_eq!(last.line(), Some("over"));
}

#[test]
fn what_is_kept_may_begin_inside_a_sequence_that_nobody_saw() {
    let mut last = LastLine::default();
    last.feed(b"tests passed\n");
    assert_eq!(last.line(), Some("tests passed"));
    last.feed(b"\x1b]1337;File=");
    for _ in 0..100 {
        last.feed(&[b'x'; 1_000]);
        assert_eq!(last.line(), Some("tests passed"));
    }
}

#[test]
fn a_long_line_is_cut_to_what_a_card_can_show() {
    let mut last = LastLine::default();
    last.feed("🛩".repeat(2_000).as_bytes());
    last.feed("é".repeat(2_000).as_bytes());
    let line = last.line().unwrap();
    assert_eq!(line.chars().count(), 200);
    assert!(line.ends_with('…'));
}

#[test]
fn a_message_that_comes_in_pieces_is_one_card_line() {
    let mut card = CardLine::default();
    for (text, continues) in [("Done: hello.txt is writt", false), ("en.", true)] {
        card.fold(&StreamEvent::Message {
            role: flightboard_agents::stream::Role::Assistant,
            text: text.into(),
            continues,
        });
    }
    assert_eq!(card.line(), Some("Done: hello.txt is written."));
}

proptest! {
    #[test]
    fn noise_never_panics_and_cuts_never_matter(
        bytes in prop::collection::vec(prop_oneof![
            3 => any::<u8>(),
            2 => prop::sample::select(b"\x1b]\\[;?0123459\x07\x18P:=7501cnq".to_vec()),
        ], 0..600),
        at in any::<prop::sample::Index>(),
    ) {
        let at = if bytes.is_empty() { 0 } else { at.index(bytes.len()) };
        let (head, tail) = bytes.split_at(at);
        let mut pieced = TerminalSignals::new(Kind::Claude);
        let in_pieces = [pieced.events(head), pieced.events(tail)].concat();
        prop_assert_eq!(in_pieces, events(&bytes));

        let (mut whole, mut parts) = (LastLine::default(), LastLine::default());
        whole.feed(&bytes);
        parts.feed(head);
        parts.feed(tail);
        prop_assert_eq!(whole.line(), parts.line());
    }
}
