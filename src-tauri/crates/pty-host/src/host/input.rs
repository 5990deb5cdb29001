//! Keys on their way to the agent: a bounded queue and the one thread that may block on an agent that does not
//! read. Order is the order of arrival over all clients; a piece is taken whole or refused whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::protocol::MAX_INPUT;

#[derive(Default)]
pub(super) struct Input {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    pieces: VecDeque<Vec<u8>>,
    /// Bytes in `pieces` and in the writer's hand.
    waiting: usize,
    closed: bool,
}

/// The agent does not read, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InputFull;

impl Input {
    pub fn offer(&self, bytes: Vec<u8>) -> Result<(), InputFull> {
        let mut queue = self.queue();
        if queue.closed || queue.waiting + bytes.len() > MAX_INPUT {
            return Err(InputFull);
        }
        queue.waiting += bytes.len();
        queue.pieces.push_back(bytes);
        self.filled.notify_one();
        Ok(())
    }

    pub fn waiting(&self) -> u64 {
        self.queue().waiting as u64
    }

    /// Writes what is offered until the terminal refuses, which it does when the run is over.
    pub fn write_to(self: Arc<Input>, mut terminal: File) {
        loop {
            let piece = self.take();
            let written = write_all(&mut terminal, &piece);
            let mut queue = self.queue();
            queue.waiting -= piece.len();
            if written.is_err() {
                *queue = Queue { closed: true, ..Queue::default() };
                return;
            }
        }
    }

    fn take(&self) -> Vec<u8> {
        let mut queue = self.queue();
        loop {
            match queue.pieces.pop_front() {
                Some(piece) => return piece,
                None => queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_all(terminal: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match terminal.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_does_not_fit_is_refused_whole_and_smaller_ones_still_go() {
        let input = Input::default();
        assert_eq!(input.offer(vec![0; MAX_INPUT - 10]), Ok(()));
        assert_eq!(input.offer(vec![0; 11]), Err(InputFull));
        assert_eq!(input.offer(vec![0; 10]), Ok(()));
        assert_eq!(input.waiting(), MAX_INPUT as u64);
    }
}
