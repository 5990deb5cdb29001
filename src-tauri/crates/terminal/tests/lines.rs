//! The log as lines: shown, counted, found again after a restart, and searched.

use flightboard_terminal::{Hit, LineIndex};
use proptest::prelude::*;
use rstest::rstest;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

struct Log {
    dir: TempDir,
}

impl Log {
    fn with(bytes: &[u8]) -> Self {
        let log = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(log.path(), bytes).unwrap();
        log
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("output.log")
    }

    fn saved(&self) -> PathBuf {
        self.dir.path().join("lines.idx")
    }

    fn append(&self, bytes: &[u8]) {
        OpenOptions::new().append(true).open(self.path()).unwrap().write_all(bytes).unwrap();
    }

    fn index(&self) -> LineIndex {
        LineIndex::open(&self.path(), &self.saved())
    }

    fn shown(&self) -> Vec<String> {
        self.index().lines(0, 2_000).unwrap().lines
    }

    fn search(&self, text: &str) -> Vec<Hit> {
        self.index().search(text, 1_000, &AtomicBool::new(false)).unwrap()
    }
}

fn numbered(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|n| format!("line {n} with some text to make it a usual length\r\n").into_bytes())
        .collect()
}

#[rstest]
#[case::plain("a\nb\n", &["a", "b"])]
#[case::unfinished("a\nb", &["a", "b"])]
#[case::empty_lines("\n\nx\n", &["", "", "x"])]
#[case::crlf("a\r\nb\r\n", &["a", "b"])]
#[case::colours("\x1b[1;31mred\x1b[0m and \x1b]8;;http://x\x1b\\link\x1b]8;;\x07\n", &["red and link"])]
#[case::progress("10%\r55%\r100%\n", &["100%"])]
#[case::shorter_after_longer("loading\rok\n", &["okading"])]
#[case::erased_to_the_end("loading\r\x1b[Kok\n", &["ok"])]
#[case::erased_whole("loading\x1b[2K\x1b[Gok\n", &["ok"])]
#[case::backspace("abd\x08c\n", &["abc"])]
#[case::moved_right("a\x1b[3Cb\n", &["a   b"])]
#[case::tab("a\tb\n", &["a\tb"])]
#[case::unclosed_sequence("a\x1b]0;title\nb\n", &["a", "b"])]
fn a_line_reads_as_on_the_terminal(#[case] output: &str, #[case] expected: &[&str]) {
    assert_eq!(Log::with(output.as_bytes()).shown(), expected);
}

#[test]
fn bytes_that_are_no_text_are_marked_and_stay_on_their_line() {
    assert_eq!(
        Log::with(b"a\xff\xfeb\nsplit \xe2\x82\nend \xe2\x82\xac\n").shown(),
        ["a\u{fffd}\u{fffd}b", "split \u{fffd}", "end €"]
    );
}

#[test]
fn a_long_line_is_cut_where_it_is_shown() {
    let log = Log::with(&[vec![b'x'; 10_000_000], b"\nnext\n".to_vec()].concat());
    let shown = log.shown();
    assert_eq!(shown[0].chars().count(), 4_001);
    assert!(shown[0].ends_with("x…"));
    assert_eq!(shown[1], "next");
}

#[test]
fn any_line_of_a_large_log_is_found() {
    let log = Log::with(&numbered(50_000));
    let mut lines = log.index();
    for first in [0, 1, 999, 1_500, 25_000, 49_990] {
        let got = lines.lines(first, 10).unwrap();
        assert_eq!(got.total, 50_000);
        let expected: Vec<_> = (first..first + 10)
            .map(|n| format!("line {n} with some text to make it a usual length"))
            .collect();
        assert_eq!(got.lines, expected);
    }
    assert!(lines.lines(50_000, 10).unwrap().lines.is_empty());
    assert_eq!(lines.lines(0, 5_000).unwrap().lines.len(), 2_000, "never more at once");
    assert_eq!(Log::with(b"").index().lines(0, 10).unwrap().total, 0);
}

#[test]
fn a_log_that_does_not_exist_yet_has_no_lines() {
    let log = Log::with(b"");
    std::fs::remove_file(log.path()).unwrap();
    assert_eq!(log.index().lines(0, 10).unwrap().total, 0);
}

#[test]
fn the_index_grows_with_the_log_and_outlives_a_restart() {
    let log = Log::with(&numbered(20_000));
    assert_eq!(log.index().lines(0, 1).unwrap().total, 20_000);
    log.append(&numbered(20_000));
    let mut again = log.index();
    assert_eq!(
        again.lines(39_999, 5).unwrap().lines,
        ["line 19999 with some text to make it a usual length"]
    );
    let mut third = log.index();
    assert_eq!(third.lines(20_000, 1).unwrap().lines, ["line 0 with some text to make it a usual length"]);
    assert_eq!(third.total(), 40_000);
}

#[test]
fn a_damaged_index_is_built_anew() {
    let log = Log::with(&numbered(20_000));
    log.index().refresh().unwrap();
    let good = std::fs::read(log.saved()).unwrap();
    assert!(good.len() > 200, "an index of several entries");
    let mut damaged: Vec<Vec<u8>> = (0..good.len()).step_by(7).map(|at| good[..at].to_vec()).collect();
    damaged.extend((0..good.len()).step_by(11).map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    }));
    for bytes in damaged {
        std::fs::write(log.saved(), &bytes).unwrap();
        let lines = log.index().lines(19_999, 1).unwrap();
        assert_eq!(lines.lines, ["line 19999 with some text to make it a usual length"]);
        assert_ne!(std::fs::read(log.saved()).unwrap(), bytes, "and completed or written anew");
        assert_eq!(
            log.index().lines(12_345, 1).unwrap().lines,
            ["line 12345 with some text to make it a usual length"]
        );
    }
}

#[test]
fn an_index_of_another_log_is_not_believed() {
    let log = Log::with(&numbered(20_000));
    log.index().refresh().unwrap();
    std::fs::write(log.path(), "short\n").unwrap();
    assert_eq!(log.shown(), ["short"]);
}

#[test]
fn a_search_names_line_and_offset() {
    let log = Log::with(b"one\r\ntwo \x1b[31mfish\x1b[0m\r\nthree\r\nno fi\x1b[1msh at all\n");
    assert_eq!(
        log.search("fish"),
        [
            Hit { offset: 5, line: 2, text: "two fish".into() },
            Hit { offset: 31, line: 4, text: "no fish at all".into() },
        ]
    );
}

#[rstest]
#[case("error", 3)]
#[case("Error", 1)]
#[case("ERROR", 1)]
#[case("straße", 2)]
#[case("Straße", 1)]
#[case("über", 2)]
#[case("absent", 0)]
#[case("", 0)]
fn letter_case_counts_when_the_text_has_a_capital(#[case] text: &str, #[case] lines: usize) {
    let log = Log::with("error\nError\nERROR\nstraße über\nStraße Über\n".as_bytes());
    assert_eq!(log.search(text).len(), lines);
}

#[test]
fn a_line_is_one_hit_however_often_it_matches() {
    let log = Log::with(b"ab ab ab\nx\nab\n");
    assert_eq!(log.search("ab").iter().map(|hit| hit.line).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn the_whole_of_a_huge_line_is_searched() {
    let mut bytes = vec![b'x'; 10_000_000];
    bytes[7_000_000..7_000_006].copy_from_slice(b"needle");
    let log = Log::with(&[b"first\n".to_vec(), bytes, b"\nneedle\n".to_vec()].concat());
    let hits = log.search("needle");
    assert_eq!(hits.iter().map(|hit| (hit.line, hit.offset)).collect::<Vec<_>>(), [(2, 6), (3, 10_000_007)]);
    assert!(hits[0].text.contains("xneedlex"), "shown with its surroundings");
    assert!(hits[0].text.chars().count() <= 4_100);
}

#[test]
fn a_match_that_was_overwritten_is_shown_as_it_was_written() {
    let hits = Log::with(b"downloading\rdone       \n").search("downloading");
    assert_eq!(hits.len(), 1);
    assert!(hits[0].text.contains("downloading"));
}

#[test]
fn a_search_stops_at_the_limit_and_when_cancelled() {
    let log = Log::with(&numbered(5_000));
    let hits = log.index().search("line", 7, &AtomicBool::new(false)).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(log.index().search("line", 5_000, &AtomicBool::new(false)).unwrap().len(), 1_000);
    assert!(log.index().search("line", 7, &AtomicBool::new(true)).unwrap().is_empty());
}

/// Matches that lie across the border of two blocks of reading.
#[rstest]
#[case("needle")]
#[case("nédle")]
fn a_match_is_found_wherever_it_falls(#[case] text: &str) {
    const BLOCK: usize = 256 * 1024;
    for before in BLOCK - text.len() - 6..=BLOCK + 2 {
        let written = format!("{}\x1b[1m{}", &text[..1], &text[1..]);
        let log =
            Log::with(&[b"a\n", vec![b'.'; before - 2].as_slice(), written.as_bytes(), b"!\n"].concat());
        assert_eq!(
            log.search(text).iter().map(|hit| hit.line).collect::<Vec<_>>(),
            [2],
            "after {before} bytes"
        );
    }
}

proptest! {
    #[test]
    fn the_search_agrees_with_a_plain_one(
        lines in proptest::collection::vec("[ab]{0,6}", 1..40),
        text in "[ab]{1,3}",
        coloured in any::<bool>(),
    ) {
        let written: Vec<String> = match coloured {
            true => lines.iter().map(|line| line.replace('a', "\x1b[3ma\x1b[m")).collect(),
            false => lines.clone(),
        };
        let log = Log::with(written.join("\r\n").as_bytes());
        let expected: Vec<u64> =
            lines.iter().zip(1..).filter(|(line, _)| line.contains(&text)).map(|(_, n)| n).collect();
        let hits = log.search(&text);
        prop_assert_eq!(hits.iter().map(|hit| hit.line).collect::<Vec<_>>(), expected);
        for hit in hits {
            prop_assert_eq!(&hit.text, &lines[hit.line as usize - 1]);
            let offset: usize = written[..hit.line as usize - 1].iter().map(|line| line.len() + 2).sum();
            prop_assert_eq!(hit.offset, offset as u64);
        }
    }

    #[test]
    fn hostile_logs_are_read_and_searched(
        bytes in proptest::collection::vec(prop_oneof![
            any::<u8>(),
            proptest::sample::select(b"\x1b[]?;09KGDC\r\n\n\x08".to_vec()),
        ], 0..600),
    ) {
        let log = Log::with(&bytes);
        let newlines = bytes.iter().filter(|byte| **byte == b'\n').count();
        let unfinished = usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
        prop_assert_eq!(log.shown().len(), newlines + unfinished);
        log.search("0");
        log.search("é");
    }
}
