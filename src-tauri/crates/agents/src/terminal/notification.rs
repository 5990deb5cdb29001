//! Desktop notifications in their three dialects: OSC 9 (iTerm2), OSC 777
//! (urxvt) and OSC 99 (kitty). OSC 9;4 is a progress bar, and OSC 99 also
//! carries questions and images; those are nobody's message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Notification;
use crate::escape::clipped;

const TITLE_LIMIT: usize = 200;
const BODY_LIMIT: usize = 1_000;

pub(crate) fn osc9(body: &[u8]) -> Option<Notification> {
    // ConEmu's commands: a number, alone or before a semicolon.
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_command = digits > 0 && matches!(body.get(digits), None | Some(b';'));
    (!is_command).then(|| notification("", &text(body)))?
}

pub(crate) fn osc777(body: &[u8]) -> Option<Notification> {
    let body = text(body);
    let (title, message) =
        body.strip_prefix("notify;")?.split_once(';').unwrap_or((body.strip_prefix("notify;")?, ""));
    notification(title, message)
}

/// One piece of a kitty notification; pieces of one are not put together, as
/// a board card has room for either.
pub(crate) fn osc99(body: &[u8]) -> Option<Notification> {
    let body = text(body);
    let (metadata, payload) = body.split_once(';')?;
    let key = |name: &str| metadata.split(':').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let payload = match key("e") {
        Some("1") => String::from_utf8_lossy(&STANDARD.decode(payload).ok()?).into_owned(),
        Some(_) | None => payload.to_owned(),
    };
    match key("p") {
        None | Some("title") => notification(&payload, ""),
        Some("body") => notification("", &payload),
        Some(_) => None,
    }
}

fn notification(title: &str, body: &str) -> Option<Notification> {
    let note = Notification { title: clipped(title, TITLE_LIMIT), body: clipped(body, BODY_LIMIT) };
    (!note.title.is_empty() || !note.body.is_empty()).then_some(note)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_read_and_commands_are_not_messages() {
        let note = |title: &str, body: &str| Some(Notification { title: title.into(), body: body.into() });
        for (found, expected) in [
            (osc9(b"Done: hello.txt is written."), note("", "Done: hello.txt is written.")),
            (osc9(b"4;1;50"), None),
            (osc9(b"4"), None),
            (osc9(b"4 files changed"), note("", "4 files changed")),
            (osc9(b""), None),
            (osc777(b"notify;Build;it; works"), note("Build", "it; works")),
            (osc777(b"notify;Build"), note("Build", "")),
            (osc777(b"precmd"), None),
            (osc99(b"i=opentui-notifications:p=?;"), None),
            (osc99(b"i=1:d=0;Hello"), note("Hello", "")),
            (osc99(b"p=body:e=1;d29ybGQ="), note("", "world")),
        ] {
            assert_eq!(found, expected);
        }
    }
}
