//! What a person or a program types into a live run without looking at its screen. Keys pass as they are. A
//! message, which is one paste with its Enter, is handed over the way the program at the other end takes it:
//! no list of agents says so, the program's own terminal modes do.

use std::time::Duration;

use domain::RunId;
use pty_host::ClientError;
use store::RunRecord;
use terminal::Screen;

use crate::{Engine, error::EngineError, supervisor::LiveRun};

const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";
const ENTER: &[u8] = b"\r";

/// A program that has shown nothing of a paste after this long, or goes on writing, is sent its Enter all the
/// same.
const SHOWN_PATIENCE: Duration = Duration::from_secs(2);
/// An Enter this soon after a paste may be taken for a part of it: Gemini CLI 0.61 does so for 40 ms, Qwen
/// Code 0.15 on Windows for 500.
const ENTER_PAUSE: Duration = Duration::from_millis(600);

impl Engine {
    /// Types into a live run's terminal. A bracketed paste that ends in Enter is a message: the Enter follows
    /// once the program has had the paste, and who did not ask for bracketed pastes is typed plain lines.
    pub async fn input(&self, run: RunId, bytes: Vec<u8>) -> Result<(), EngineError> {
        let over = || EngineError::Conflict {
            message: "the run has ended; nothing can be typed any more".into(),
            next: None,
        };
        let record = self.store().run(run).await?;
        let live = self.live(run).ok_or_else(over)?;
        // Two messages at once would become one.
        let _turn = live.keyboard.lock().await;
        let typed = match message(&bytes) {
            None => live.client.input(&bytes).await,
            Some(text) if self.takes_pastes(&record, &live).await => paste(&live, text).await,
            Some(text) => live.client.input(&lines(text)).await,
        };
        typed.map_err(|_| over())
    }

    /// Whether the program switched bracketed paste on.
    async fn takes_pastes(&self, run: &RunRecord, live: &LiveRun) -> bool {
        let screen = self.followed_screen(run);
        let len = live.log.borrow().len;
        // Under a flood the screen lags; what it knew then is good enough.
        let _ = tokio::time::timeout(SHOWN_PATIENCE, screen.handle().reached(len)).await;
        screen.handle().look(Screen::takes_pastes).await
    }
}

/// The Enter follows once the program has shown something of the paste and has then paused.
async fn paste(live: &LiveRun, text: &[u8]) -> Result<(), ClientError> {
    let mut log = live.log.clone();
    let before = log.borrow().len;
    live.client.input(&[PASTE_BEGINS, text, PASTE_ENDS].concat()).await?;
    let taken = async {
        let _ = log.wait_for(|told| told.len > before).await;
        while let Ok(Ok(())) = tokio::time::timeout(ENTER_PAUSE, log.changed()).await {}
    };
    let _ = tokio::time::timeout(SHOWN_PATIENCE, taken).await;
    live.client.input(ENTER).await
}

/// The text of a paste with its Enter and nothing else.
fn message(bytes: &[u8]) -> Option<&[u8]> {
    let text = bytes.strip_suffix(ENTER)?.strip_prefix(PASTE_BEGINS)?.strip_suffix(PASTE_ENDS)?;
    let whole = !text.windows(PASTE_ENDS.len()).any(|piece| piece == PASTE_ENDS);
    whole.then_some(text)
}

/// As keys: Enter after each line.
fn lines(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).chain(ENTER.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::{lines, message};

    #[test]
    fn only_a_whole_paste_with_its_enter_is_a_message() {
        assert_eq!(message(b"\x1b[200~two\nlines\x1b[201~\r"), Some(b"two\nlines".as_slice()));
        for keys in
            ["y\r", "\x1b[200~a\x1b[201~", "\x1b[200~a\r", "\x1b[200~a\x1b[201~b\x1b[201~\r", "\r", ""]
        {
            assert_eq!(message(keys.as_bytes()), None, "{keys:?}");
        }
    }

    #[test]
    fn plain_programs_are_typed_a_line_at_a_time() {
        assert_eq!(lines(b"two\nlines"), b"two\rlines\r");
    }
}
