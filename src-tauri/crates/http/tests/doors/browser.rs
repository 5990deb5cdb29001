//! What a browser is told about the page, and what it cannot reach past it.

use crate::rig::{Ask, Board, KEY};

#[tokio::test]
async fn every_answer_carries_the_policy_refusals_included() {
    let board = Board::open().await;
    let ours = |ask: Ask| ask.host(&board.host());
    for ask in [
        ours(Ask::get("/").bearer(KEY)),
        ours(Ask::get("/tasks/1").bearer(KEY)),
        ours(Ask::get("/no/such/file.js").bearer(KEY)),
        ours(Ask::rpc("get_overview", "{}").bearer(KEY)),
        ours(Ask::get("/")),
        ours(Ask::get("/").header("accept", "text/html")),
        ours(Ask::get("/login?token=1")),
        Ask::get("/").host("evil.example"),
    ] {
        let answer = board.send(&ask).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("default-src 'self';") || policy.starts_with("default-src 'none';"),
            "{ask:?}: {policy}"
        );
        let scripts = policy.split("; ").find(|rule| rule.starts_with("script-src"));
        assert!(scripts.is_none_or(|rule| rule == "script-src 'self'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{ask:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{ask:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{ask:?}");
    }
    board.close().await;
}

#[tokio::test]
async fn no_path_leads_out_of_the_page() {
    let board = Board::open().await;
    // From ui/dist two steps up lies the workspace's own Cargo.toml.
    for path in [
        "/../../Cargo.toml",
        "/assets/../../../Cargo.toml",
        "/./../../Cargo.toml",
        "//../../Cargo.toml",
        "/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2f..%2fCargo.toml",
        "/..\\..\\Cargo.toml",
        "//etc/passwd",
        "/../../../../../../../../etc/passwd",
        "/%2e%2e%00.html",
    ] {
        let answer = board.send(&Ask::get(path).host(&board.host()).bearer(KEY)).await;
        let text = answer.text();
        assert!(!text.contains("[workspace]") && !text.contains("root:"), "{path} leads out");
        assert_ne!(answer.header("content-type"), Some("text/x-toml"), "{path}");
    }
    board.close().await;
}
