//! MB/s of the emulator, of skimming, stripping and searching, over recorded agents and a plain flood. Prints the
//! median of several runs with the spread; ratios between the rows matter more than the figures.

use flightboard_terminal::lines::strip;
use flightboard_terminal::{LineIndex, Screen};
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const BYTES: usize = 16 * 1024 * 1024;
const REPEATS: usize = 7;

fn main() {
    println!(
        "{:<22}{:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  MB/s (spread)",
        "", "feed", "vt100", "skim", "strip", "index", "search"
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let recorded = ["claude.perm", "codex.approve", "opencode.tui-perm", "qwen.tui"];
    for name in recorded {
        measure(name, &repeated(&std::fs::read(format!("{folder}/{name}.pty")).expect("a recording")));
    }
    measure("plain lines", &plain());
    measure("coloured lines", &coloured());
    measure("one line", &vec![b'x'; BYTES]);
}

fn measure(name: &str, bytes: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let log = dir.path().join("output.log");
    std::fs::write(&log, bytes).expect("room for the log");
    let saved = dir.path().join("lines.idx");
    let mut index = LineIndex::open(&log, &saved);
    index.refresh().expect("a readable log");
    let columns = [
        speed(bytes, || Screen::new(120, 40).feed(bytes)),
        speed(bytes, || {
            let mut parser =
                vt100::Parser::new(40.try_into().expect("positive"), 120.try_into().expect("positive"), 0);
            parser.process(bytes);
            black_box(parser.screen().cursor_position());
        }),
        speed(bytes, || Screen::new(120, 40).skim(bytes)),
        speed(bytes, || drop(black_box(strip(bytes)))),
        speed(bytes, || {
            std::fs::remove_file(&saved).unwrap_or_default();
            LineIndex::open(&log, &saved).refresh().expect("a readable log");
        }),
        speed(bytes, || {
            black_box(
                index
                    .search("a text that is not there", 1_000, &AtomicBool::new(false))
                    .expect("a readable log"),
            );
        }),
    ];
    let row: String = columns.iter().map(|(median, _)| format!("{median:>9.0} ")).collect();
    let spread: Vec<String> = columns.iter().map(|(_, spread)| format!("±{spread:.0}%")).collect();
    println!("{name:<22}{row} ({})", spread.join(" "));
}

/// Median MB/s, and half of the range in percent of it.
fn speed(bytes: &[u8], mut work: impl FnMut()) -> (f64, f64) {
    let mut speeds: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            work();
            bytes.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    let median = speeds[REPEATS / 2];
    (median, (speeds[REPEATS - 1] - speeds[0]) / 2.0 / median * 100.0)
}

fn repeated(recording: &[u8]) -> Vec<u8> {
    recording.iter().copied().cycle().take(BYTES).collect()
}

fn plain() -> Vec<u8> {
    numbered(|n| format!("line {n}: the quick brown fox jumps over the lazy dog\r\n"))
}

fn coloured() -> Vec<u8> {
    numbered(|n| format!("\x1b[3{}m{n}\x1b[0m the \x1b[1mquick\x1b[22m brown fox\r\n", n % 8))
}

fn numbered(line: impl Fn(usize) -> String) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BYTES + 100);
    for n in 0.. {
        if bytes.len() >= BYTES {
            break;
        }
        bytes.extend_from_slice(line(n).as_bytes());
    }
    bytes
}
