//! A picture that stands on a person's terminal until they leave: on a screen of its own, so that what stood there
//! before comes back, and cut to the terminal's size. What the picture shows is others' business.

use std::io::{self, IsTerminal, Write};

use console::truncate_str;
use crossterm::{
    cursor::{Hide, MoveTo, Show},
    event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    execute, queue,
    style::Print,
    terminal::{
        self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
        LeaveAlternateScreen,
    },
};
use tokio::sync::mpsc;

use crate::print;

/// What a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stirred {
    Resized,
    /// `q`, Escape or Ctrl-C.
    Left,
}

/// The terminal as it was comes back when this is dropped.
#[derive(Debug)]
pub struct Screen {
    stirred: mpsc::UnboundedReceiver<Stirred>,
}

/// Whether standard output is a terminal on which one can draw.
pub fn is_there() -> bool {
    io::stdout().is_terminal() && !print::is_dumb()
}

impl Screen {
    pub fn open() -> io::Result<Screen> {
        terminal::enable_raw_mode()?;
        let (tell, stirred) = mpsc::unbounded_channel();
        let screen = Screen { stirred };
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        // It waits for a key when the program ends, and ends with it.
        std::thread::spawn(move || listen(&tell));
        Ok(screen)
    }

    pub fn draw(&self, picture: &str) -> io::Result<()> {
        let (columns, rows) = terminal::size()?;
        let mut out = io::stdout().lock();
        queue!(out, BeginSynchronizedUpdate)?;
        for (row, line) in (0..rows).zip(fitted(picture, columns.into(), rows.into())) {
            queue!(out, MoveTo(0, row), Print(line), Clear(ClearType::UntilNewLine))?;
        }
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()
    }

    pub async fn stirs(&mut self) -> Stirred {
        // A keyboard that nobody reads any more is nobody's.
        self.stirred.recv().await.unwrap_or(Stirred::Left)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

fn listen(tell: &mpsc::UnboundedSender<Stirred>) {
    while let Ok(event) = event::read() {
        if meaning(&event).is_some_and(|stirred| tell.send(stirred).is_err()) {
            return;
        }
    }
}

fn meaning(event: &Event) -> Option<Stirred> {
    match event {
        Event::Resize(..) => Some(Stirred::Resized),
        Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) => match code {
            KeyCode::Char('q') | KeyCode::Esc => Some(Stirred::Left),
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Some(Stirred::Left),
            _ => None,
        },
        _ => None,
    }
}

/// As many lines as there are rows, none wider than the terminal; the last says how to leave.
fn fitted(picture: &str, columns: usize, rows: usize) -> Vec<String> {
    let room = rows.saturating_sub(1);
    let all: Vec<&str> = picture.lines().collect();
    let mut lines: Vec<String> =
        all.iter().take(room).map(|line| truncate_str(line, columns, "…").into_owned()).collect();
    if all.len() > room
        && let Some(last) = lines.last_mut()
    {
        let more = format!("… {} more lines", all.len() - room + 1);
        *last = truncate_str(&more, columns, "…").into_owned();
    }
    lines.resize(room, String::new());
    lines.push(print::paint("2", &truncate_str("q ends this", columns, "…")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_cut_to_the_terminal_and_says_what_is_left_out() {
        assert_eq!(fitted("one\ntwo", 20, 4), ["one", "two", "", "q ends this"]);
        assert_eq!(fitted("a long line", 6, 2), ["a lon…", "q end…"]);
        assert_eq!(fitted("1\n2\n3\n4", 20, 3), ["1", "… 3 more lines", "q ends this"]);
        assert_eq!(
            fitted("\x1b[1mbold words\x1b[0m", 5, 2)[0],
            "\x1b[1mbold…\x1b[0m",
            "colour ends where the line does"
        );
        assert_eq!(fitted("漢字漢字", 5, 2)[0], "漢字…", "columns, not characters");
        assert_eq!(fitted("one", 20, 1), ["q ends this"]);
        assert_eq!(fitted("one", 0, 0).len(), 1);
    }
}
