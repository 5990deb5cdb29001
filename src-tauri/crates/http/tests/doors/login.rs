//! One link, one browser.

use crate::rig::{Ask, Board};

#[tokio::test]
async fn a_link_opens_one_browser_once() {
    let board = Board::open().await;
    let link = Ask::get(format!("/login?token={}", board.keys.new_login())).host(&board.host());
    let first = board.send(&link).await;
    assert_eq!(
        (first.status, first.header("location")),
        (200, None),
        "no redirect: it would lose the cookie"
    );
    assert!(first.text().contains("content=\"0;url=/\""), "{}", first.text());
    let cookie = first.header("set-cookie").expect("a cookie");
    let (value, flags) = cookie.split_once("; ").expect("flags");
    assert_eq!(flags, "HttpOnly; SameSite=Strict; Path=/");
    assert!(value.starts_with(&format!("flightboard_session_{}=", board.port)), "{value}");

    let again = board.send(&link).await;
    assert_eq!((again.status, again.header("set-cookie")), (401, None));
    assert!(again.text().contains("opens one browser, once"), "{}", again.text());
    let inside = Ask::rpc("get_overview", "{}").host(&board.host()).header("cookie", value);
    assert_eq!(board.send(&inside).await.status, 200, "the session goes on");
    board.close().await;
}

#[tokio::test]
async fn a_link_followed_from_elsewhere_is_refused_and_stays_good() {
    let board = Board::open().await;
    let path = format!("/login?token={}", board.keys.new_login());
    let rebound = Ask::get(&path).host("evil.example");
    assert_eq!(board.send(&rebound).await.status, 421);
    let posted = Ask::get(&path).host(&board.host()).header("origin", "http://evil.example");
    assert_eq!(board.send(&posted).await.status, 403);
    assert_eq!(board.send(&Ask::get(&path).host(&board.host())).await.status, 200);
    board.close().await;
}

#[tokio::test]
async fn a_guess_opens_nothing() {
    let board = Board::open().await;
    board.keys.new_login();
    for guess in ["/login", "/login?token=", "/login?token=0000", "/login?other=1"] {
        let answer = board.send(&Ask::get(guess).host(&board.host())).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (401, None), "{guess}");
    }
    board.close().await;
}

#[tokio::test]
async fn a_person_without_a_session_gets_a_page_and_a_program_json() {
    let board = Board::open().await;
    let page = board.send(&Ask::get("/").host(&board.host()).header("accept", "text/html,*/*")).await;
    assert_eq!((page.status, page.header("content-type")), (401, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("This browser is not logged in"));
    let program = board.send(&Ask::rpc("get_overview", "{}").host(&board.host())).await;
    assert_eq!((program.status, program.json()["code"].as_str()), (401, Some("unauthorized")));
    board.close().await;
}
