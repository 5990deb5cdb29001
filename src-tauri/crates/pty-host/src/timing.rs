//! `timing.idx`: when the log grew and when the terminal changed its size, in a few bytes per moment.
//!
//! # Format
//! Eight bytes `FBTIME1\n`, then the start of the run as `i64` little endian (milliseconds since 1970, UTC), then
//! records, each three or four unsigned LEB128 numbers:
//!
//! | | tag | | |
//! |---|---|---|---|
//! | output | `0` | milliseconds since the previous record | bytes added to the log |
//! | resize | `1` | milliseconds since the previous record | columns, rows |
//!
//! An output record stands for a window of at most [`WINDOW_MS`]: its time is that of the first byte in it. A
//! window is written when the next one begins, so after a crash of the host the last window is missing while
//! its bytes are in the log. A half-written record at the end is to be ignored. Times come from the monotonic
//! clock. Asciicast v2 is this file zipped with `output.log`.

/// How much activity one output record gathers.
pub const WINDOW_MS: u64 = 16;

const MAGIC: &[u8; 8] = b"FBTIME1\n";
const OUTPUT: u64 = 0;
const RESIZE: u64 = 1;

/// Something that happened, at so many milliseconds after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The log had grown to `upto` bytes when the window that began at `at_ms` closed.
    Output {
        at_ms: u64,
        upto: u64,
    },
    Resize {
        at_ms: u64,
        cols: u16,
        rows: u16,
    },
}

/// Gathers growth into windows and gives the bytes to append to the file.
#[derive(Debug, Default)]
pub struct Recorder {
    last_ms: u64,
    recorded: u64,
    window: Option<Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    from_ms: u64,
    upto: u64,
}

impl Recorder {
    pub fn header(started_at_ms: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&started_at_ms.to_le_bytes());
    }

    /// The log is now `upto` bytes long. True when a record was appended to `out`.
    pub fn grew(&mut self, now_ms: u64, upto: u64, out: &mut Vec<u8>) -> bool {
        match &mut self.window {
            Some(window) if now_ms < window.from_ms + WINDOW_MS => {
                window.upto = upto;
                false
            }
            full => {
                let closed = full.replace(Window { from_ms: now_ms, upto });
                self.put_window(closed, out);
                closed.is_some()
            }
        }
    }

    pub fn resized(&mut self, now_ms: u64, cols: u16, rows: u16, out: &mut Vec<u8>) {
        self.close(out);
        self.put(RESIZE, now_ms, out);
        leb128(u64::from(cols), out);
        leb128(u64::from(rows), out);
    }

    /// Writes the window that is still open, if any.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        let open = self.window.take();
        self.put_window(open, out);
    }

    fn put_window(&mut self, window: Option<Window>, out: &mut Vec<u8>) {
        if let Some(window) = window {
            self.put(OUTPUT, window.from_ms, out);
            leb128(window.upto - self.recorded, out);
            self.recorded = window.upto;
        }
    }

    fn put(&mut self, tag: u64, at_ms: u64, out: &mut Vec<u8>) {
        // Two threads record; a clock read a moment earlier may arrive a moment later.
        let at_ms = at_ms.max(self.last_ms);
        leb128(tag, out);
        leb128(at_ms - self.last_ms, out);
        self.last_ms = at_ms;
    }
}

/// A decoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    pub started_at_ms: i64,
    pub moments: Vec<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    #[error("this is not a timing index")]
    Header,
    #[error("the timing index has a record of unknown kind {0}")]
    UnknownRecord(u64),
}

/// Decodes a whole file. A record cut off at the end is left out.
pub fn decode(bytes: &[u8]) -> Result<Timing, TimingError> {
    let body = bytes.strip_prefix(MAGIC).ok_or(TimingError::Header)?;
    let (start, mut rest) = body.split_first_chunk::<8>().ok_or(TimingError::Header)?;
    let mut timing = Timing { started_at_ms: i64::from_le_bytes(*start), moments: Vec::new() };
    let (mut at_ms, mut upto) = (0u64, 0u64);
    while let Some((tag, since)) = number(&mut rest).zip(number(&mut rest)) {
        at_ms = at_ms.saturating_add(since);
        let moment = match tag {
            OUTPUT => number(&mut rest).map(|added| {
                upto = upto.saturating_add(added);
                Moment::Output { at_ms, upto }
            }),
            RESIZE => number(&mut rest).zip(number(&mut rest)).map(|(cols, rows)| Moment::Resize {
                at_ms,
                cols: cols.min(u64::from(u16::MAX)) as u16,
                rows: rows.min(u64::from(u16::MAX)) as u16,
            }),
            unknown => return Err(TimingError::UnknownRecord(unknown)),
        };
        match moment {
            Some(moment) => timing.moments.push(moment),
            None => break,
        }
    }
    Ok(timing)
}

fn leb128(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(steps: impl FnOnce(&mut Recorder, &mut Vec<u8>)) -> Vec<u8> {
        let (mut recorder, mut file) = (Recorder::default(), Vec::new());
        Recorder::header(1_700_000_000_000, &mut file);
        steps(&mut recorder, &mut file);
        file
    }

    #[test]
    fn a_burst_within_the_window_is_one_moment_at_its_beginning() {
        let file = record(|recorder, file| {
            recorder.grew(100, 10, file);
            recorder.grew(105, 30, file);
            recorder.grew(9_000, 31, file);
            recorder.close(file);
        });
        let moments = decode(&file).unwrap().moments;
        assert_eq!(
            moments,
            [Moment::Output { at_ms: 100, upto: 30 }, Moment::Output { at_ms: 9_000, upto: 31 }]
        );
    }

    #[test]
    fn a_resize_stands_between_what_came_before_and_after_it() {
        let file = record(|recorder, file| {
            recorder.grew(1, 5, file);
            recorder.resized(2, 132, 43, file);
            recorder.grew(3, 9, file);
            recorder.close(file);
        });
        assert_eq!(
            decode(&file).unwrap().moments,
            [
                Moment::Output { at_ms: 1, upto: 5 },
                Moment::Resize { at_ms: 2, cols: 132, rows: 43 },
                Moment::Output { at_ms: 3, upto: 9 },
            ]
        );
    }

    #[test]
    fn a_torn_tail_costs_only_its_own_record() {
        let file = record(|recorder, file| {
            recorder.grew(1, 5, file);
            recorder.resized(2, 300, 300, file);
        });
        let torn = decode(&file[..file.len() - 1]).unwrap();
        assert_eq!(torn.moments, [Moment::Output { at_ms: 1, upto: 5 }]);
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(decode(b"{\"version\":2}"), Err(TimingError::Header));
    }

    proptest! {
        #[test]
        fn whatever_happens_the_last_moment_knows_the_whole_log(steps in prop::collection::vec((0u64..40, 0u64..5000, any::<bool>()), 1..200)) {
            let (mut now, mut len, mut resizes) = (0, 0, 0);
            let file = record(|recorder, file| {
                for (later, more, resize) in steps {
                    now += later;
                    if resize {
                        resizes += 1;
                        recorder.resized(now, 80, 24, file);
                    } else {
                        len += more;
                        recorder.grew(now, len, file);
                    }
                }
                recorder.close(file);
            });
            let moments = decode(&file).unwrap().moments;
            let upto = moments.iter().rev().find_map(|moment| match moment {
                Moment::Output { upto, .. } => Some(*upto),
                Moment::Resize { .. } => None,
            });
            prop_assert_eq!(upto.unwrap_or(0), len);
            prop_assert_eq!(moments.iter().filter(|moment| matches!(moment, Moment::Resize { .. })).count(), resizes);
        }
    }
}
