//! OSC 7501, the program status protocol:
//! `7501 ; state=S [:kind=K] [:app=NAME] [:msg=BASE64]`, and the question
//! `7501 ; ?` that Claude Code asks at its start. It reports only to terminals
//! that answer before they answer DA1; Codex reports unasked.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::escape::clipped;
use crate::{Activity, WaitKind};

/// Longest message that is passed on, in characters.
const MESSAGE_LIMIT: usize = 500;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProgramStatus {
    Asked,
    Says(Activity),
    /// The program withdraws what it said, usually because it leaves.
    Cleared,
}

/// The reply to `Asked`.
pub(crate) const ANSWER: &[u8] =
    b"\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\";

/// Reads what follows `7501;`. Unknown states and broken messages are no
/// reason to fail; an unknown state says nothing.
pub(crate) fn parse(body: &[u8]) -> Option<ProgramStatus> {
    let body = std::str::from_utf8(body).ok()?;
    if body == "?" {
        return Some(ProgramStatus::Asked);
    }
    let field = |name: &str| body.split(':').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let message = field("msg").and_then(decoded);
    let activity = match field("state")? {
        "clear" => return Some(ProgramStatus::Cleared),
        "idle" => Activity::Idle,
        "working" => Activity::Working { message },
        "done" => Activity::Done { message },
        "error" => {
            Activity::Error { message: message.unwrap_or_else(|| "the agent reports an error".into()) }
        }
        "blocked" => Activity::Waiting { kind: wait_kind(field("kind")), message },
        _ => return None,
    };
    Some(ProgramStatus::Says(activity))
}

fn wait_kind(kind: Option<&str>) -> WaitKind {
    match kind {
        Some("permission") => WaitKind::Permission,
        Some("question") => WaitKind::Question,
        Some("auth") => WaitKind::Auth,
        Some(_) | None => WaitKind::Unspecified,
    }
}

fn decoded(message: &str) -> Option<String> {
    let bytes = STANDARD.decode(message).or_else(|_| STANDARD_NO_PAD.decode(message)).ok()?;
    Some(clipped(&String::from_utf8_lossy(&bytes), MESSAGE_LIMIT)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_kinds_and_messages_are_read() {
        let waiting = |kind, message: Option<&str>| {
            Some(ProgramStatus::Says(Activity::Waiting { kind, message: message.map(Into::into) }))
        };
        for (body, expected) in [
            ("?", Some(ProgramStatus::Asked)),
            ("state=idle:app=codex", Some(ProgramStatus::Says(Activity::Idle))),
            ("state=clear", Some(ProgramStatus::Cleared)),
            (
                "state=blocked:app=claude-code:kind=question:msg=V2hpY2g/",
                waiting(WaitKind::Question, Some("Which?")),
            ),
            // Without padding it is a message all the same.
            ("msg=V2hpY2g:kind=auth:state=blocked", waiting(WaitKind::Auth, Some("Which"))),
            ("state=blocked:kind=surprise", waiting(WaitKind::Unspecified, None)),
            ("state=working:msg=%%%", Some(ProgramStatus::Says(Activity::working()))),
            ("state=daydreaming", None),
            ("states=idle", None),
            ("", None),
        ] {
            assert_eq!(parse(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(parse(b"state=\xff"), None);
    }
}
