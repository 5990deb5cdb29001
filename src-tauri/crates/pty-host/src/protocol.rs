//! What travels on the run's socket: frames, requests and notices. Bytes in, values out, no I/O.
//!
//! # Frames
//! `u32` little endian: length of the payload, at most [`MAX_FRAME`]; `u8`: kind; payload. Payloads are JSON
//! unless the table says raw. Requests have kinds below 64, notices from 64 on.
//!
//! | kind | request | payload | answered by |
//! |---|---|---|---|
//! | 1 | Hello | `{protocol, min_protocol}`; must come first | Welcome, or Refused and the end |
//! | 2 | Watch | `{beyond}`: one notice, please, once the log is longer than this | Grown, once |
//! | 3 | Input | raw bytes for the agent | nothing, or InputRefused |
//! | 4 | Resize | `{cols, rows}` | Resized, when the size changes |
//! | 5 | Stop | `{grace_ms, abandon_log}` | Stopping, later Exited |
//! | 6 | Read | `{offset, len}` | Data |
//! | 7 | Status | `{}` | Status |
//!
//! | kind | notice | payload |
//! |---|---|---|
//! | 64 | Welcome | `{protocol, min_protocol, status}` |
//! | 65 | Refused | `{reason}`: the connection ends |
//! | 66 | Grown | `{len}` |
//! | 67 | Resized | `{cols, rows}`, to every client |
//! | 68 | LogStalled | `{error}`, to every client: the log cannot be written, the agent is held back |
//! | 69 | LogResumed | `{}`, to every client |
//! | 70 | InputRefused | `{bytes}`: the agent does not read and [`MAX_INPUT`] bytes are already waiting |
//! | 71 | Stopping | `{}` |
//! | 72 | Data | raw: `u64` little endian offset, then at most [`MAX_READ`] bytes; none at the end of the log |
//! | 73 | Status | [`Status`] |
//! | 74 | Exited | [`Exit`], to every client, after `exit.json` is on disk |
//!
//! # Rules
//! - The terminal's bytes do not travel here: a viewer on this machine reads `output.log` by offset and learns
//!   from Grown how far. A Grown is sent only against a Watch, so a slow viewer never has more than one under way
//!   and the host keeps nothing for it. `Read` is for a viewer without the file.
//! - Welcome, Data, Status, Stopping answer requests in the order in which these were sent; the other notices
//!   may come in between.
//! - The newest viewer's size wins: among the connected clients that have ever asked for a size, the one that
//!   connected last decides, and the others' requests are ignored. When it leaves, the size stays until
//!   somebody asks again.
//! - An Input frame is taken whole or refused whole, in order over all clients.
//! - A malformed or oversized frame, a request before Hello or of an unknown kind ends that connection and
//!   disturbs nobody else. A client must not send what the agreed version (the smaller of both) does not have;
//!   it ignores notices that it does not know.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::records::Exit;

/// What this build speaks.
pub const PROTOCOL: u32 = 1;
/// The oldest that this build still understands.
pub const MIN_PROTOCOL: u32 = 1;
/// Longest payload of a frame.
pub const MAX_FRAME: usize = 1 << 20;
/// Most bytes in one Data notice.
pub const MAX_READ: usize = 256 << 10;
/// Most bytes of input waiting for the agent.
pub const MAX_INPUT: usize = 1 << 20;

const HEADER: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Hello { protocol: u32, min_protocol: u32 },
    Watch { beyond: u64 },
    Input(Vec<u8>),
    Resize { cols: u16, rows: u16 },
    Stop { grace_ms: u64, abandon_log: bool },
    Read { offset: u64, len: u64 },
    Status,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Welcome { protocol: u32, min_protocol: u32, status: Status },
    Refused { reason: String },
    Grown { len: u64 },
    Resized { cols: u16, rows: u16 },
    LogStalled { error: String },
    LogResumed,
    InputRefused { bytes: u64 },
    Stopping,
    Data { offset: u64, bytes: Vec<u8> },
    Status(Status),
    Exited(Exit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Running,
    /// The agent is asked to go, or has gone and its tree or its log is being finished.
    Ending,
    /// `exit.json` is on disk.
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub run_id: i64,
    pub host_pid: u32,
    pub agent_pid: u32,
    pub started_at_ms: i64,
    pub phase: Phase,
    pub cols: u16,
    pub rows: u16,
    pub log_len: u64,
    /// Why the log cannot be written just now.
    pub log_stalled: Option<String>,
    /// Bytes that the agent has not taken yet.
    pub input_waiting: u64,
    /// The terminal is in line mode without echo: somebody is being asked for a password.
    pub hides_input: bool,
    pub clients: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    #[error("frames of kind {0} are unknown here")]
    UnknownKind(u8),
    #[error("the payload of a frame of kind {0} makes no sense")]
    Payload(u8),
}

#[derive(Serialize, Deserialize)]
struct HelloBody {
    protocol: u32,
    min_protocol: u32,
}
#[derive(Serialize, Deserialize)]
struct WatchBody {
    beyond: u64,
}
#[derive(Serialize, Deserialize)]
struct SizeBody {
    cols: u16,
    rows: u16,
}
#[derive(Serialize, Deserialize)]
struct StopBody {
    grace_ms: u64,
    #[serde(default)]
    abandon_log: bool,
}
#[derive(Serialize, Deserialize)]
struct ReadBody {
    offset: u64,
    len: u64,
}
#[derive(Serialize, Deserialize)]
struct Nothing {}
#[derive(Serialize, Deserialize)]
struct WelcomeBody {
    protocol: u32,
    min_protocol: u32,
    status: Status,
}
#[derive(Serialize, Deserialize)]
struct RefusedBody {
    reason: String,
}
#[derive(Serialize, Deserialize)]
struct LenBody {
    len: u64,
}
#[derive(Serialize, Deserialize)]
struct ErrorBody {
    error: String,
}
#[derive(Serialize, Deserialize)]
struct BytesBody {
    bytes: u64,
}

impl Request {
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            &Request::Hello { protocol, min_protocol } => json(1, &HelloBody { protocol, min_protocol }, out),
            &Request::Watch { beyond } => json(2, &WatchBody { beyond }, out),
            Request::Input(bytes) => raw(3, &[bytes], out),
            &Request::Resize { cols, rows } => json(4, &SizeBody { cols, rows }, out),
            &Request::Stop { grace_ms, abandon_log } => json(5, &StopBody { grace_ms, abandon_log }, out),
            &Request::Read { offset, len } => json(6, &ReadBody { offset, len }, out),
            Request::Status => json(7, &Nothing {}, out),
        }
    }

    pub fn decode(frame: Frame) -> Result<Request, Malformed> {
        Ok(match frame.kind {
            1 => {
                let HelloBody { protocol, min_protocol } = frame.json()?;
                Request::Hello { protocol, min_protocol }
            }
            2 => Request::Watch { beyond: frame.json::<WatchBody>()?.beyond },
            3 => Request::Input(frame.payload),
            4 => {
                let SizeBody { cols, rows } = frame.json()?;
                Request::Resize { cols, rows }
            }
            5 => {
                let StopBody { grace_ms, abandon_log } = frame.json()?;
                Request::Stop { grace_ms, abandon_log }
            }
            6 => {
                let ReadBody { offset, len } = frame.json()?;
                Request::Read { offset, len }
            }
            7 => frame.json::<Nothing>().map(|_| Request::Status)?,
            unknown => return Err(Malformed::UnknownKind(unknown)),
        })
    }
}

impl Notice {
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Notice::Welcome { protocol, min_protocol, status } => json(
                64,
                &WelcomeBody { protocol: *protocol, min_protocol: *min_protocol, status: status.clone() },
                out,
            ),
            Notice::Refused { reason } => json(65, &RefusedBody { reason: reason.clone() }, out),
            &Notice::Grown { len } => json(66, &LenBody { len }, out),
            &Notice::Resized { cols, rows } => json(67, &SizeBody { cols, rows }, out),
            Notice::LogStalled { error } => json(68, &ErrorBody { error: error.clone() }, out),
            Notice::LogResumed => json(69, &Nothing {}, out),
            &Notice::InputRefused { bytes } => json(70, &BytesBody { bytes }, out),
            Notice::Stopping => json(71, &Nothing {}, out),
            Notice::Data { offset, bytes } => raw(72, &[&offset.to_le_bytes(), bytes], out),
            Notice::Status(status) => json(73, status, out),
            Notice::Exited(exit) => json(74, exit, out),
        }
    }

    pub fn decode(frame: Frame) -> Result<Notice, Malformed> {
        Ok(match frame.kind {
            64 => {
                let WelcomeBody { protocol, min_protocol, status } = frame.json()?;
                Notice::Welcome { protocol, min_protocol, status }
            }
            65 => Notice::Refused { reason: frame.json::<RefusedBody>()?.reason },
            66 => Notice::Grown { len: frame.json::<LenBody>()?.len },
            67 => {
                let SizeBody { cols, rows } = frame.json()?;
                Notice::Resized { cols, rows }
            }
            68 => Notice::LogStalled { error: frame.json::<ErrorBody>()?.error },
            69 => frame.json::<Nothing>().map(|_| Notice::LogResumed)?,
            70 => Notice::InputRefused { bytes: frame.json::<BytesBody>()?.bytes },
            71 => frame.json::<Nothing>().map(|_| Notice::Stopping)?,
            72 => {
                let (offset, bytes) = frame.payload.split_first_chunk().ok_or(Malformed::Payload(72))?;
                Notice::Data { offset: u64::from_le_bytes(*offset), bytes: bytes.to_vec() }
            }
            73 => Notice::Status(frame.json()?),
            74 => Notice::Exited(frame.json()?),
            unknown => return Err(Malformed::UnknownKind(unknown)),
        })
    }
}

/// One frame off the wire, its payload not yet understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        serde_json::from_slice(&self.payload).map_err(|_| Malformed::Payload(self.kind))
    }
}

/// Cuts a byte stream into frames, whatever the pieces it arrives in.
#[derive(Debug, Default)]
pub struct Frames {
    held: Vec<u8>,
    taken: usize,
}

impl Frames {
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next whole frame, or `None` until more bytes have come.
    pub fn take(&mut self) -> Result<Option<Frame>, Malformed> {
        let rest = &self.held[self.taken..];
        let Some((header, body)) = rest.split_first_chunk::<HEADER>() else {
            self.forget_taken();
            return Ok(None);
        };
        let [a, b, c, d, kind] = *header;
        let len = u32::from_le_bytes([a, b, c, d]) as usize;
        if len > MAX_FRAME {
            return Err(Malformed::TooLong(len));
        }
        let Some(payload) = body.get(..len) else {
            self.forget_taken();
            return Ok(None);
        };
        let frame = Frame { kind, payload: payload.to_vec() };
        self.taken += HEADER + len;
        Ok(Some(frame))
    }

    /// Gives memory back after a large frame: the host must stay small over days.
    fn forget_taken(&mut self) {
        self.held.drain(..self.taken);
        self.taken = 0;
        if self.held.is_empty() && self.held.capacity() > 4096 {
            self.held = Vec::new();
        }
    }
}

fn json(kind: u8, body: &impl Serialize, out: &mut Vec<u8>) {
    let text = serde_json::to_vec(body).expect("plain structs of numbers and text always serialise");
    raw(kind, &[&text], out);
}

fn raw(kind: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    debug_assert!(len <= MAX_FRAME, "the sender splits what is longer");
    out.extend_from_slice(&(len as u32).to_le_bytes());
    out.push(kind);
    for part in parts {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn requests() -> Vec<Request> {
        vec![
            Request::Hello { protocol: 7, min_protocol: 3 },
            Request::Watch { beyond: u64::MAX },
            Request::Input(vec![0, 255, 10, 128]),
            Request::Input(vec![]),
            Request::Resize { cols: 80, rows: 24 },
            Request::Stop { grace_ms: 1500, abandon_log: true },
            Request::Read { offset: 5, len: 6 },
            Request::Status,
        ]
    }

    fn decoded(bytes: &[u8], cut: usize) -> Result<Vec<Request>, Malformed> {
        let mut frames = Frames::default();
        let mut all = Vec::new();
        for piece in bytes.chunks(cut) {
            frames.push(piece);
            while let Some(frame) = frames.take()? {
                all.push(Request::decode(frame)?);
            }
        }
        Ok(all)
    }

    #[test]
    fn requests_survive_the_wire_in_pieces_of_any_size() {
        let mut wire = Vec::new();
        requests().iter().for_each(|request| request.encode(&mut wire));
        for cut in 1..=wire.len() {
            assert_eq!(decoded(&wire, cut).unwrap(), requests(), "pieces of {cut} bytes");
        }
    }

    #[test]
    fn notices_survive_the_wire() {
        let status = Status {
            run_id: 4,
            host_pid: 1,
            agent_pid: 2,
            started_at_ms: 3,
            phase: Phase::Ending,
            cols: 80,
            rows: 24,
            log_len: 9,
            log_stalled: Some("No space left".into()),
            input_waiting: 1,
            hides_input: true,
            clients: 2,
        };
        let exit = Exit {
            version: 1,
            run_id: 4,
            code: None,
            signal: Some(9),
            started_at_ms: 1,
            ended_at_ms: 2,
            output_bytes: 3,
            stop: Some(crate::StopKind::Forced),
            survivors: vec![],
            log_error: None,
            lost_bytes: 0,
        };
        let notices = vec![
            Notice::Welcome { protocol: 1, min_protocol: 1, status: status.clone() },
            Notice::Refused { reason: "old".into() },
            Notice::Grown { len: 12 },
            Notice::Resized { cols: 1, rows: 2 },
            Notice::LogStalled { error: "x".into() },
            Notice::LogResumed,
            Notice::InputRefused { bytes: 77 },
            Notice::Stopping,
            Notice::Data { offset: 3, bytes: vec![0, 159, 146, 150] },
            Notice::Status(status),
            Notice::Exited(exit),
        ];
        for notice in notices {
            let mut wire = Vec::new();
            notice.encode(&mut wire);
            let mut frames = Frames::default();
            frames.push(&wire);
            assert_eq!(Notice::decode(frames.take().unwrap().unwrap()), Ok(notice));
        }
    }

    #[test]
    fn an_oversized_frame_is_refused_by_its_header_alone() {
        let mut frames = Frames::default();
        frames.push(&[255, 255, 255, 255, 3]);
        assert_eq!(frames.take(), Err(Malformed::TooLong(u32::MAX as usize)));
    }

    #[test]
    fn nonsense_in_a_payload_is_malformed() {
        let frame = Frame { kind: 4, payload: b"{\"cols\":\"wide\"}".to_vec() };
        assert_eq!(Request::decode(frame), Err(Malformed::Payload(4)));
        assert_eq!(Request::decode(Frame { kind: 40, payload: vec![] }), Err(Malformed::UnknownKind(40)));
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_make_the_decoder_panic_or_hoard(noise in prop::collection::vec(any::<u8>(), 0..4000), cut in 1usize..100) {
            let _ = decoded(&noise, cut);
        }
    }
}
