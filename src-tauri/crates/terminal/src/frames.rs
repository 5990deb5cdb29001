//! The frames that a terminal view receives: one byte of kind, then the content. Payloads of output and reset
//! are counted for flow control; the other kinds are small and free.

use crate::ExitInfo;

pub const OUTPUT: u8 = 0;
pub const RESET: u8 = 1;
pub const SIZE: u8 = 2;
pub const EXITED: u8 = 3;
pub const EARLIER: u8 = 4;

/// Raw terminal bytes to write.
pub fn output(bytes: &[u8]) -> Vec<u8> {
    frame(OUTPUT, bytes)
}

/// Reset the terminal, then write these bytes. A long snapshot goes on in output frames.
pub fn reset(bytes: &[u8]) -> Vec<u8> {
    frame(RESET, bytes)
}

/// The size of the PTY.
pub fn size(cols: u16, rows: u16) -> Vec<u8> {
    frame(SIZE, &[cols.to_le_bytes(), rows.to_le_bytes()].concat())
}

/// The run is over and all of its output was sent.
pub fn exited(exit: &ExitInfo) -> Vec<u8> {
    frame(EXITED, &serde_json::to_vec(exit).expect("plain numbers always serialise"))
}

/// The first byte of the log that the view was given.
pub fn earlier(offset: u64) -> Vec<u8> {
    frame(EARLIER, &offset.to_le_bytes())
}

fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(1 + content.len());
    frame.push(kind);
    frame.extend_from_slice(content);
    frame
}
