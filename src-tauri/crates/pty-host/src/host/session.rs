//! One client's conversation, without its socket: request bytes in, wishes for the server out, reply bytes out.

use std::io;

use crate::protocol::{Frames, MAX_READ, MIN_PROTOCOL, Malformed, Notice, PROTOCOL, Phase, Request, Status};
use crate::records::Exit;

/// When so much waits for a client that does not read, its requests wait too.
const FULL: usize = 64 << 10;
/// A client that lets so many notices pile up is gone, whatever its socket says.
const HOPELESS: usize = 4 << 20;

/// What a session may ask of the house: the server's front, or a doll's house in the tests below.
pub(super) trait House {
    fn status(&self) -> Status;
    fn input(&mut self, bytes: Vec<u8>) -> bool;
    /// Applies a size for this client if it is its turn to decide.
    fn resize(&mut self, client: u64, cols: u16, rows: u16);
    fn stop(&mut self, grace_ms: u64, abandon_log: bool);
    fn read(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>>;
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Dropped {
    #[error("malformed: {0}")]
    Malformed(#[from] Malformed),
    #[error("a request before Hello, or a second Hello")]
    Manners,
    #[error("the log could not be read: {0}")]
    Log(#[from] io::Error),
    #[error("it does not read what it asked for")]
    Hopeless,
}

pub(super) struct Session {
    pub id: u64,
    frames: Frames,
    greeted: bool,
    /// Nothing more is read; the connection ends when `out` is empty.
    pub leaving: bool,
    watch: Option<u64>,
    told_stall: Option<String>,
    told_exit: bool,
    pub out: Vec<u8>,
}

impl Session {
    pub fn new(id: u64) -> Session {
        Session {
            id,
            frames: Frames::default(),
            greeted: false,
            leaving: false,
            watch: None,
            told_stall: None,
            told_exit: false,
            out: Vec::new(),
        }
    }

    /// Whether more requests may be taken in.
    pub fn listens(&self) -> bool {
        !self.leaving && self.out.len() < FULL
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// Answers what has arrived whole, as long as the client takes its answers.
    pub fn answer(&mut self, house: &mut impl House) -> Result<(), Dropped> {
        while self.listens() {
            let Some(frame) = self.frames.take()? else { break };
            self.obey(Request::decode(frame)?, house)?;
        }
        if self.out.len() > HOPELESS { Err(Dropped::Hopeless) } else { Ok(()) }
    }

    fn obey(&mut self, request: Request, house: &mut impl House) -> Result<(), Dropped> {
        if self.greeted == matches!(request, Request::Hello { .. }) {
            return Err(Dropped::Manners);
        }
        match request {
            Request::Hello { protocol, min_protocol } => self.greet(protocol, min_protocol, house),
            Request::Watch { beyond } => self.watch = Some(beyond),
            Request::Input(bytes) => {
                let len = bytes.len() as u64;
                if !house.input(bytes) {
                    self.tell(&Notice::InputRefused { bytes: len });
                }
            }
            Request::Resize { cols, rows } => house.resize(self.id, cols, rows),
            Request::Stop { grace_ms, abandon_log } => {
                house.stop(grace_ms, abandon_log);
                self.tell(&Notice::Stopping);
            }
            Request::Read { offset, len } => {
                let bytes = house.read(offset, len.min(MAX_READ as u64) as usize)?;
                self.tell(&Notice::Data { offset, bytes });
            }
            Request::Status => self.tell(&Notice::Status(house.status())),
        }
        Ok(())
    }

    fn greet(&mut self, protocol: u32, min_protocol: u32, house: &mut impl House) {
        if min_protocol > PROTOCOL || protocol < MIN_PROTOCOL {
            let reason = format!(
                "this run's host speaks protocol {MIN_PROTOCOL} to {PROTOCOL}, the app {min_protocol} to {protocol}"
            );
            self.tell(&Notice::Refused { reason });
            self.leaving = true;
            return;
        }
        self.greeted = true;
        self.tell(&Notice::Welcome {
            protocol: PROTOCOL,
            min_protocol: MIN_PROTOCOL,
            status: house.status(),
        });
    }

    /// Tells what this client has not heard yet.
    pub fn publish(&mut self, len: u64, stalled: Option<&str>, exit: Option<&Exit>) {
        if !self.greeted {
            return;
        }
        if self.told_stall.as_deref() != stalled {
            self.told_stall = stalled.map(str::to_owned);
            self.tell(
                &stalled.map_or(Notice::LogResumed, |error| Notice::LogStalled { error: error.into() }),
            );
        }
        if self.watch.is_some_and(|beyond| len > beyond) {
            self.watch = None;
            self.tell(&Notice::Grown { len });
        }
        if let Some(exit) = exit.filter(|_| !self.told_exit) {
            self.told_exit = true;
            self.tell(&Notice::Exited(exit.clone()));
        }
    }

    pub fn resized(&mut self, cols: u16, rows: u16) {
        if self.greeted {
            self.tell(&Notice::Resized { cols, rows });
        }
    }

    pub fn watches_beyond(&self) -> Option<u64> {
        self.watch
    }

    /// Nothing is left that this client should hear.
    pub fn has_heard_the_end(&self) -> bool {
        self.out.is_empty() && (self.told_exit || self.leaving)
    }

    fn tell(&mut self, notice: &Notice) {
        notice.encode(&mut self.out);
    }
}

/// The run's phase as clients see it.
pub(super) fn phase(ending: bool, ended: bool) -> Phase {
    match (ended, ending) {
        (true, _) => Phase::Ended,
        (false, true) => Phase::Ending,
        (false, false) => Phase::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Doll {
        typed: Vec<u8>,
        full: bool,
    }

    impl House for Doll {
        fn status(&self) -> Status {
            Status {
                run_id: 1,
                host_pid: 2,
                agent_pid: 3,
                started_at_ms: 4,
                phase: Phase::Running,
                cols: 80,
                rows: 24,
                log_len: 0,
                log_stalled: None,
                input_waiting: 0,
                hides_input: false,
                clients: 1,
            }
        }
        fn input(&mut self, bytes: Vec<u8>) -> bool {
            self.typed.extend(bytes);
            !self.full
        }
        fn resize(&mut self, _: u64, _: u16, _: u16) {}
        fn stop(&mut self, _: u64, _: bool) {}
        fn read(&mut self, _: u64, len: usize) -> io::Result<Vec<u8>> {
            Ok(vec![b'x'; len])
        }
    }

    fn say(session: &mut Session, house: &mut Doll, requests: &[Request]) -> Result<(), Dropped> {
        let mut wire = Vec::new();
        requests.iter().for_each(|request| request.encode(&mut wire));
        session.push(&wire);
        session.answer(house)
    }

    fn heard(session: &mut Session) -> Vec<Notice> {
        let mut frames = Frames::default();
        frames.push(&std::mem::take(&mut session.out));
        std::iter::from_fn(|| frames.take().unwrap()).map(|frame| Notice::decode(frame).unwrap()).collect()
    }

    fn greeted(house: &mut Doll) -> Session {
        let mut session = Session::new(1);
        say(&mut session, house, &[Request::Hello { protocol: 1, min_protocol: 1 }]).unwrap();
        assert!(matches!(heard(&mut session)[..], [Notice::Welcome { protocol: PROTOCOL, .. }]));
        session
    }

    #[test]
    fn nothing_is_typed_before_hello() {
        let (mut session, mut house) = (Session::new(1), Doll::default());
        let said = say(&mut session, &mut house, &[Request::Input(b"rm".to_vec())]);
        assert!(matches!(said, Err(Dropped::Manners)));
        assert!(house.typed.is_empty());
    }

    #[test]
    fn requests_wait_while_the_client_does_not_take_its_answers() {
        let mut house = Doll::default();
        let mut session = greeted(&mut house);
        let read = Request::Read { offset: 0, len: u64::MAX };
        say(&mut session, &mut house, &[read, Request::Input(b"later".to_vec())]).unwrap();
        assert!(house.typed.is_empty(), "the answer to the first request is still here");
        assert!(matches!(&heard(&mut session)[..], [Notice::Data { bytes, .. }] if bytes.len() == MAX_READ));
        session.answer(&mut house).unwrap();
        assert_eq!(house.typed, b"later");
    }

    #[test]
    fn growth_trouble_and_the_end_are_each_told_once() {
        let mut house = Doll::default();
        let mut session = greeted(&mut house);
        say(&mut session, &mut house, &[Request::Watch { beyond: 10 }]).unwrap();
        session.publish(10, None, None);
        assert_eq!(heard(&mut session), [], "not longer than asked for");
        for _ in 0..2 {
            session.publish(11, Some("full"), None);
        }
        let error = "full".to_owned();
        assert_eq!(heard(&mut session), [Notice::LogStalled { error }, Notice::Grown { len: 11 }]);
        session.publish(12, None, None);
        assert_eq!(heard(&mut session), [Notice::LogResumed]);
    }

    #[test]
    fn a_full_keyboard_is_told_to_who_typed() {
        let mut house = Doll { full: true, ..Doll::default() };
        let mut session = greeted(&mut house);
        say(&mut session, &mut house, &[Request::Input(vec![0; 9])]).unwrap();
        assert_eq!(heard(&mut session), [Notice::InputRefused { bytes: 9 }]);
    }
}
