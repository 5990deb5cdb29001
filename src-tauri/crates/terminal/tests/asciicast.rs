//! What is exported is a file of JSON lines that holds every byte at its time.

use flightboard_terminal::asciicast::{Header, Moment, write};
use serde_json::Value;

fn export(log: &[u8], moments: &[Moment]) -> (Value, Vec<(f64, String, String)>) {
    let header = Header { cols: 80, rows: 24, started_at: 1_700_000_000, title: Some("T-1 \"demo\"".into()) };
    let mut out = Vec::new();
    write(&header, log, moments.iter().copied(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    let events = lines
        .map(|event| {
            let text = |n: usize| event[n].as_str().unwrap().to_owned();
            (event[0].as_f64().unwrap(), text(1), text(2))
        })
        .collect();
    (header, events)
}

fn event(at: f64, kind: &str, data: &str) -> (f64, String, String) {
    (at, kind.into(), data.into())
}

#[test]
fn output_and_sizes_appear_at_their_times() {
    let (header, events) = export(
        b"hello\r\n\x1b[31mworld",
        &[
            Moment::Output { at_ms: 5, upto: 7 },
            Moment::Resize { at_ms: 1_250, cols: 100, rows: 30 },
            Moment::Output { at_ms: 61_000, upto: 17 },
        ],
    );
    assert_eq!(header["version"], 2);
    assert_eq!((&header["width"], &header["height"]), (&80.into(), &24.into()));
    assert_eq!(header["timestamp"], 1_700_000_000);
    assert_eq!(header["title"], "T-1 \"demo\"");
    assert_eq!(
        events,
        [event(0.005, "o", "hello\r\n"), event(1.25, "r", "100x30"), event(61.0, "o", "\x1b[31mworld")]
    );
}

#[test]
fn a_character_cut_by_a_moment_moves_to_the_next() {
    let log = "a€b😀c".as_bytes();
    let moments: Vec<_> = (1..=log.len() as u64).map(|upto| Moment::Output { at_ms: upto, upto }).collect();
    let (_, events) = export(log, &moments);
    assert_eq!(events.iter().map(|event| event.2.as_str()).collect::<Vec<_>>(), ["a", "€", "b", "😀", "c"]);
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let moments: Vec<_> = (1..=6).map(|upto| Moment::Output { at_ms: upto, upto }).collect();
    let (_, events) = export(b"a\xffb\x80\xe2\x82", &moments);
    assert_eq!(events.iter().map(|event| event.2.as_str()).collect::<String>(), "a\u{fffd}b\u{fffd}\u{fffd}");
}

#[test]
fn output_after_the_last_moment_is_not_lost() {
    let (_, events) = export(b"abcdef", &[Moment::Output { at_ms: 9, upto: 2 }]);
    assert_eq!(events, [event(0.009, "o", "ab"), event(0.009, "o", "cdef")]);
}

#[test]
fn a_moment_beyond_the_log_or_back_in_time_does_no_harm() {
    let moments = [Moment::Output { at_ms: 50, upto: 2 }, Moment::Output { at_ms: 40, upto: 900 }];
    let (_, events) = export(b"abcd", &moments);
    assert_eq!(events, [event(0.05, "o", "ab"), event(0.05, "o", "cd")]);
}

#[test]
fn a_large_burst_is_written_in_pieces_that_add_up() {
    let log: String = (0..100_000).map(|n| char::from_u32(0x4e00 + n % 5000).unwrap()).collect();
    let (_, events) = export(log.as_bytes(), &[Moment::Output { at_ms: 1, upto: log.len() as u64 }]);
    assert!(events.len() > 3);
    assert_eq!(events.into_iter().map(|event| event.2).collect::<String>(), log);
}
