//! What an error message of an agent says about its cause. Agents pass on
//! whatever the model's server answered, so this looks for an HTTP status and
//! for the words that the big providers use.

/// The HTTP status in texts like `API Error: 400 fake bad request`,
/// `unexpected status 401 Unauthorized`, `"code":429`.
pub(crate) fn status_in(message: &str) -> Option<u16> {
    let lead = ["API Error: ", "status ", "status: ", "code\":", "code\": ", "statusCode\":", "HTTP "];
    lead.iter().find_map(|lead| {
        let after = &message[message.find(lead)? + lead.len()..];
        let digits: &str = &after[..after.bytes().take_while(u8::is_ascii_digit).count()];
        digits.parse().ok().filter(|status| (400..600).contains(status))
    })
}

/// Whether waiting might help.
pub(crate) fn is_transient(status: Option<u16>, message: &str) -> bool {
    match status {
        Some(408 | 409 | 425 | 429 | 500..) => true,
        Some(_) => false,
        None => is_network(message) || is_overload(message) || is_rate_limit(None, message),
    }
}

pub(crate) fn is_rate_limit(status: Option<u16>, message: &str) -> bool {
    status == Some(429)
        || has(
            message,
            &[
                "rate limit",
                "rate_limit",
                "ratelimit",
                "usage limit",
                "quota",
                "too many requests",
                "resource_exhausted",
            ],
        )
}

pub(crate) fn is_overload(message: &str) -> bool {
    has(
        message,
        &["overloaded", "server_error", "internal server error", "service unavailable", "bad gateway"],
    )
}

pub(crate) fn is_network(message: &str) -> bool {
    has(
        message,
        &[
            "econnrefused",
            "connection refused",
            "connection failed",
            "error sending request",
            "waiting for network",
            "enotfound",
            "etimedout",
            "fetch failed",
            "connection error",
            "stream disconnected",
            "socket hang up",
        ],
    )
}

pub(crate) fn is_auth(status: Option<u16>, message: &str) -> bool {
    matches!(status, Some(401 | 403))
        || has(
            message,
            &[
                "api key",
                "api-key",
                "unauthorized",
                "unauthenticated",
                "authentication",
                "please run /login",
                "not logged in",
                "invalid_grant",
            ],
        )
}

fn has(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_found_in_what_agents_really_say() {
        for (message, status) in [
            ("API Error: 400 fake bad request", Some(400)),
            ("[API Error: 401 invalid x-api-key]", Some(401)),
            ("[API Error: {\"error\":{\"code\":401,\"message\":\"invalid\"}}]", Some(401)),
            (
                "unexpected status 401 Unauthorized: invalid x-api-key, url: http://127.0.0.1:8098/v1",
                Some(401),
            ),
            ("Connection failed: 3 tries", None),
            ("exit status 1", None),
        ] {
            assert_eq!(status_in(message), status, "{message}");
        }
    }

    #[test]
    fn waiting_helps_against_some_errors_only() {
        assert!(is_transient(Some(429), ""));
        assert!(is_transient(Some(503), ""));
        assert!(is_transient(None, "API Error: Connection refused (ECONNREFUSED)"));
        assert!(!is_transient(Some(400), "overloaded"));
        assert!(!is_transient(None, "unknown session"));
    }
}
