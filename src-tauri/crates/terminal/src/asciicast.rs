//! Writes a run's recording as an asciicast v2 file: one JSON line of header, then one per moment. The bytes
//! come from the log, the moments from the caller, who knows how they are stored.

use std::io::{self, BufReader, Read, Write};

/// Something that happened, so many milliseconds after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The log has grown to this length.
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

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub cols: u16,
    pub rows: u16,
    /// Seconds since 1970.
    pub started_at: i64,
    pub title: Option<String>,
}

/// Memory stays at one piece, however long a burst was.
const PIECE: usize = 64 * 1024;

/// Streams header and events. Bytes after the last moment (a recorder that was killed) follow at its time.
/// Characters are never cut between events; bytes that are no UTF-8 become U+FFFD.
pub fn write(
    header: &Header,
    log: impl Read,
    moments: impl IntoIterator<Item = Moment>,
    out: impl Write,
) -> io::Result<()> {
    let mut cast = Cast { log: BufReader::new(log), out, partial: Vec::new(), copied: 0, at_ms: 0 };
    cast.header(header)?;
    for moment in moments {
        match moment {
            Moment::Output { at_ms, upto } => {
                cast.at_ms = cast.at_ms.max(at_ms);
                cast.copy(upto.saturating_sub(cast.copied))?;
            }
            Moment::Resize { at_ms, cols, rows } => {
                cast.at_ms = cast.at_ms.max(at_ms);
                cast.event("r", &format!("{cols}x{rows}"))?;
            }
        }
    }
    cast.copy(u64::MAX)?;
    cast.finish()
}

struct Cast<R, W> {
    log: R,
    out: W,
    /// The first bytes of a character whose rest belongs to a later moment.
    partial: Vec<u8>,
    copied: u64,
    at_ms: u64,
}

impl<R: Read, W: Write> Cast<R, W> {
    fn header(&mut self, header: &Header) -> io::Result<()> {
        let mut line = serde_json::json!({
            "version": 2, "width": header.cols, "height": header.rows, "timestamp": header.started_at,
        });
        if let Some(title) = &header.title {
            line["title"] = title.as_str().into();
        }
        writeln!(self.out, "{line}")
    }

    fn copy(&mut self, bytes: u64) -> io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            let mut piece = Vec::new();
            let want = left.min(PIECE as u64);
            let got = (&mut self.log).take(want).read_to_end(&mut piece)? as u64;
            if got == 0 {
                return Ok(());
            }
            left -= got;
            self.copied += got;
            self.output(piece)?;
        }
        Ok(())
    }

    fn output(&mut self, piece: Vec<u8>) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend(piece);
        let whole = bytes.len() - unfinished(&bytes);
        self.partial = bytes.split_off(whole);
        match bytes.is_empty() {
            true => Ok(()),
            false => self.event("o", &String::from_utf8_lossy(&bytes)),
        }
    }

    fn finish(mut self) -> io::Result<()> {
        if !self.partial.is_empty() {
            self.event("o", "\u{fffd}")?;
        }
        self.out.flush()
    }

    fn event(&mut self, kind: &str, data: &str) -> io::Result<()> {
        let data = serde_json::to_string(data).map_err(io::Error::other)?;
        writeln!(self.out, "[{}.{:03}, \"{kind}\", {data}]", self.at_ms / 1000, self.at_ms % 1000)
    }
}

/// Length of an incomplete character at the end.
fn unfinished(bytes: &[u8]) -> usize {
    let near = &bytes[bytes.len().saturating_sub(3)..];
    (1..=near.len())
        .rev()
        .find(|n| {
            let end = &near[near.len() - n..];
            // It must begin a character: a lone continuation byte is wrong, not unfinished.
            end[0] >= 0xc2
                && std::str::from_utf8(end)
                    .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}
