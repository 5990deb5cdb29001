//! The follower reads a log once, whole, in order, and its screen is the log's screen.

mod common;

use common::{COLS, ROWS, Run, lines};
use flightboard_terminal::Screen;
use std::sync::{Arc, Mutex};

fn screen_of(bytes: &[u8]) -> Vec<String> {
    let mut screen = Screen::new(COLS, ROWS);
    screen.feed(bytes);
    screen.text()
}

type Heard = Arc<Mutex<Vec<u8>>>;

/// A listener that checks the order and keeps what it hears.
fn listener() -> (Heard, impl FnMut(&[u8], u64) + Send + 'static) {
    listener_from(0)
}

fn listener_from(from: u64) -> (Heard, impl FnMut(&[u8], u64) + Send + 'static) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = heard.clone();
    (heard, move |bytes: &[u8], offset| {
        let mut heard = keep.lock().unwrap();
        assert_eq!(offset, from + heard.len() as u64, "no gap, no repetition");
        heard.extend_from_slice(bytes);
    })
}

#[tokio::test]
async fn every_byte_is_heard_and_seen_once() {
    let mut run = Run::new();
    let (heard, on_bytes) = listener();
    let mut follower = run.follow_bytes(0, on_bytes);
    for n in 0..50 {
        run.grow(&lines(n * 10, 3_000));
    }
    run.exit();
    follower.finished().await;
    assert_eq!(*heard.lock().unwrap(), run.bytes());
    assert_eq!(follower.screen().look(Screen::text).await, screen_of(&run.bytes()));
    assert_eq!(follower.screen().offset(), run.bytes().len() as u64);
}

#[tokio::test]
async fn the_screen_is_followed_where_no_byte_is_wanted() {
    let mut run = Run::new();
    let mut follower = run.follow_bytes(u64::MAX, |_, _| panic!("nobody asked for bytes"));
    run.grow(&lines(0, 3_000));
    run.exit();
    follower.finished().await;
    assert_eq!(follower.screen().look(Screen::text).await, screen_of(&run.bytes()));
}

#[tokio::test]
async fn a_snapshot_waits_until_the_past_is_read() {
    let mut run = Run::new();
    run.grow(&lines(0, 2_000_000));
    let follower = run.follow();
    let snapshot = follower.screen().snapshot().await;
    assert_eq!(snapshot.offset, run.bytes().len() as u64);
    assert_eq!(screen_of(&snapshot.bytes), screen_of(&run.bytes()));
}

#[tokio::test]
async fn a_flood_is_heard_whole_though_the_screen_skips() {
    let mut run = Run::new();
    run.grow(b"\x1b]0;a title before the flood\x07");
    run.grow(&lines(0, 12_000_000));
    let (heard, on_bytes) = listener();
    let mut follower = run.follow_bytes(0, on_bytes);
    run.exit();
    follower.finished().await;
    assert!(*heard.lock().unwrap() == run.bytes());
    let (text, title) =
        follower.screen().look(|screen| (screen.text(), screen.title().map(str::to_owned))).await;
    assert_eq!(text, screen_of(&run.bytes()));
    assert_eq!(title.as_deref(), Some("a title before the flood"));
}

#[tokio::test]
async fn after_a_restart_only_the_rest_is_parsed() {
    let mut run = Run::new();
    run.grow(b"told before the restart\r\n");
    let first = run.follow();
    first.screen().reached(run.bytes().len() as u64).await;
    first.stop().await;
    // What the checkpoint covers is not read again: a change there goes unnoticed.
    let len = run.bytes().len() as u64;
    std::fs::write(run.log(), vec![b'#'; len as usize]).unwrap();
    run.grow(b"told after it");
    let (heard, on_bytes) = listener_from(len);
    let second = run.follow_bytes(len, on_bytes);
    second.screen().reached(len + 13).await;
    assert_eq!(second.screen().look(Screen::text).await[..2], ["told before the restart", "told after it"]);
    assert_eq!(*heard.lock().unwrap(), b"told after it");
}

#[tokio::test]
async fn a_listener_may_need_bytes_that_the_checkpoint_has_already() {
    let mut run = Run::new();
    run.grow(b"one\r\ntwo\r\n");
    let first = run.follow();
    first.screen().reached(10).await;
    first.stop().await;
    run.grow(b"three");
    let (heard, on_bytes) = listener_from(5);
    let mut second = run.follow_bytes(5, on_bytes);
    run.exit();
    second.finished().await;
    assert_eq!(*heard.lock().unwrap(), b"two\r\nthree");
    assert_eq!(second.screen().look(Screen::text).await[..3], ["one", "two", "three"]);
}

#[tokio::test]
async fn a_checkpoint_is_written_while_the_run_goes_on() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut from = 0;
    // Grown in steps that the screen keeps pace with.
    while run.bytes().len() < 9 * 1024 * 1024 {
        run.grow(&lines(from, 1_000_000));
        from += 100_000;
        follower.screen().reached(run.bytes().len() as u64).await;
    }
    assert!(run.checkpoint().exists());
}

#[tokio::test]
async fn the_screen_takes_the_size_of_the_terminal() {
    let mut run = Run::new();
    let follower = run.follow();
    run.state.send_modify(|state| (state.cols, state.rows) = (100, 30));
    run.grow(b"x");
    follower.screen().reached(1).await;
    assert_eq!(follower.screen().look(Screen::size).await, (100, 30));
}

#[tokio::test]
async fn a_log_shorter_than_announced_is_awaited_not_skipped() {
    let mut run = Run::new();
    run.state.send_modify(|state| state.len = 10);
    let follower = run.follow();
    assert_eq!(follower.screen().snapshot().await.offset, 0, "nobody hangs");
    run.state.send_modify(|state| state.len = 0);
    run.grow(b"hello");
    follower.screen().reached(5).await;
    assert_eq!(follower.screen().look(Screen::text).await[0], "hello");
}

#[tokio::test]
async fn a_log_that_lost_its_end_still_finishes() {
    let mut run = Run::new();
    run.grow(b"all there is");
    run.state.send_modify(|state| state.len += 1_000);
    run.exit();
    let mut follower = run.follow();
    follower.finished().await;
    assert_eq!(follower.screen().look(Screen::text).await[0], "all there is");
    let mut view = run.view(&follower);
    view.keep_up().await;
    assert_eq!(view.output, b"all there is");
    assert!(view.exit.is_some());
}

#[tokio::test]
async fn stopping_ends_the_wait_of_others() {
    let run = Run::new();
    let follower = run.follow();
    let screen = follower.screen();
    follower.stop().await;
    assert_eq!(screen.snapshot().await.offset, 0);
}

#[tokio::test]
async fn a_follower_ends_when_its_source_does() {
    let run = Run::new();
    let mut follower = run.follow();
    drop(run);
    follower.finished().await;
}
