//! Whatever an agent prints, its hooks write or its version says: nothing panics, and how the bytes were cut does not
//! matter. The values are often those that mean something, since plain noise is thrown out at the first comma.

use flightboard_agents::claude::HookLines;
use flightboard_agents::{StreamDecoder, StreamKind, builtin_profiles, parse_login_shell_env, parse_version};
use proptest::prelude::*;
use serde_json::{Value, json};

const KINDS: [StreamKind; 7] = [
    StreamKind::ClaudeJson,
    StreamKind::QwenJson,
    StreamKind::CodexJson,
    StreamKind::OpencodeJson,
    StreamKind::GeminiJson,
    StreamKind::AiderText,
    StreamKind::None,
];

/// Names and words of all the streams and hooks.
const WORDS: &[&str] = &[
    "type",
    "subtype",
    "session_id",
    "message",
    "content",
    "role",
    "assistant",
    "user",
    "text",
    "tool_use",
    "tool_result",
    "tool_use_id",
    "id",
    "name",
    "input",
    "is_error",
    "result",
    "success",
    "error",
    "usage",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "total_cost_usd",
    "model",
    "system",
    "init",
    "permission_denials",
    "tool_name",
    "thread.started",
    "thread_id",
    "turn.completed",
    "turn.failed",
    "item.completed",
    "item.started",
    "item",
    "agent_message",
    "command_execution",
    "exit_code",
    "status",
    "step_start",
    "step_finish",
    "part",
    "tokens",
    "cost",
    "sessionID",
    "tool",
    "state",
    "completed",
    "title",
    "rate_limit_event",
    "retry_in_ms",
    "resetsAt",
    "message_start",
    "delta",
    "stats",
    "models",
    "hook_event_name",
    "Stop",
    "Notification",
    "SessionStart",
    "PreToolUse",
    "PostToolUse",
    "notification_type",
    "permission_prompt",
    "idle_prompt",
    "UserPromptSubmit",
    "background_tasks",
    "reason",
    "event",
    "kind",
    "value",
    "tool_call",
    "api_error_status",
    "errors",
    "Tokens: 1.2k sent",
    "Applied edit to a.rs",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![6 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let typed = (word(), prop::collection::hash_map(word(), anything(), 0..6)).prop_map(|(kind, fields)| {
        let mut line = json!({ "type": kind });
        for (name, value) in fields {
            line[name] = value;
        }
        line.to_string().into_bytes()
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..60);
    let plain = word().prop_map(String::into_bytes);
    prop_oneof![5 => typed, 2 => anything().prop_map(|value| value.to_string().into_bytes()), 1 => plain, 1 => bytes]
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(line(), 0..12).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #[test]
    fn any_stream_is_read_and_cuts_never_matter(bytes in lines(), at in any::<prop::sample::Index>()) {
        let (head, tail) = bytes.split_at(if bytes.is_empty() { 0 } else { at.index(bytes.len()) });
        for kind in KINDS {
            let (mut whole, mut parts) = (StreamDecoder::new(kind), StreamDecoder::new(kind));
            let mut events = whole.feed(&bytes);
            events.extend(whole.finish());
            let mut pieces = parts.feed(head);
            pieces.extend(parts.feed(tail));
            pieces.extend(parts.finish());
            // Not compared as values: a cost that is no number is not equal to itself.
            prop_assert_eq!(format!("{events:?}"), format!("{pieces:?}"), "{:?}", kind);
        }
    }

    #[test]
    fn any_hooks_are_read_and_cuts_never_matter(bytes in lines(), at in any::<prop::sample::Index>()) {
        let (head, tail) = bytes.split_at(if bytes.is_empty() { 0 } else { at.index(bytes.len()) });
        let (mut whole, mut parts) = (HookLines::default(), HookLines::default());
        let events = whole.feed(&bytes);
        prop_assert_eq!([parts.feed(head), parts.feed(tail)].concat(), events);
    }

    #[test]
    fn whatever_a_program_says_of_itself_is_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for profile in builtin_profiles() {
            let _ = parse_version(&profile, &bytes);
        }
        let _ = parse_login_shell_env(&bytes);
    }
}
