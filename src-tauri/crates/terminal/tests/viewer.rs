//! A view gets every byte if it keeps up, the screen if it does not, and never too much at once. Time is virtual.

mod common;

use common::{COLS, Frame, ROWS, Run, View, lines, vt100_rows};
use flightboard_terminal::{Replay, Screen};
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::Instant;

async fn opened(view: &mut View) {
    assert_eq!(view.next().await, Some(Frame::Size(COLS, ROWS)));
    assert_eq!(view.next().await, Some(Frame::Earlier(0)));
}

#[tokio::test(start_paused = true)]
async fn a_short_log_is_replayed_whole_and_goes_on_live() {
    let mut run = Run::new();
    run.grow(b"past\r\n");
    let follower = run.follow();
    let mut view = run.view(&follower);
    opened(&mut view).await;
    assert_eq!(view.next().await, Some(Frame::Output(b"past\r\n".to_vec())));
    run.grow(b"live");
    assert_eq!(view.next().await, Some(Frame::Output(b"live".to_vec())));
}

#[tokio::test(start_paused = true)]
async fn an_echo_after_quiet_goes_at_once_and_what_follows_is_gathered() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    opened(&mut view).await;
    let start = Instant::now();
    run.grow(b"a");
    assert_eq!(view.next().await, Some(Frame::Output(b"a".to_vec())));
    assert_eq!(start.elapsed(), Duration::ZERO);
    run.grow(b"b");
    tokio::time::advance(Duration::from_millis(5)).await;
    run.grow(b"c");
    assert_eq!(view.next().await, Some(Frame::Output(b"bc".to_vec())));
    assert!(
        (Duration::from_millis(16)..Duration::from_millis(18)).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn full_frames_do_not_wait_for_the_tick() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    opened(&mut view).await;
    let start = Instant::now();
    run.grow(&[b'x'; 65_536]);
    run.grow(&[b'y'; 30_000]);
    assert_eq!(view.next().await, Some(Frame::Output(vec![b'x'; 65_536])));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(view.next().await, Some(Frame::Output(vec![b'y'; 30_000])));
    assert!(start.elapsed() >= Duration::from_millis(16));
}

#[tokio::test(start_paused = true)]
async fn sending_stops_at_the_window_and_goes_on_below_the_low_mark() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    run.grow(&lines(0, 500_000));
    view.drain().await;
    assert_eq!(view.unacked, 100_000);
    view.viewer.ack(95_000);
    assert_eq!(view.next().await, None, "5,000 are not below 5,000");
    view.unacked = 5_000;
    view.viewer.ack(1);
    view.unacked = 4_999;
    assert!(matches!(view.next().await, Some(Frame::Output(_))));
    view.keep_up().await;
    assert_eq!(view.output, run.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_view_that_fell_behind_gets_the_screen() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    run.grow(&lines(0, 8_000_000));
    view.drain().await;
    assert_eq!(view.unacked, 100_000, "held");
    run.grow(&lines(200_000, 1_000_000));
    view.keep_up().await;
    assert!(view.resets > 0);
    assert!(view.output.len() < 2_000_000, "the backlog was skipped");
    assert_eq!(vt100_rows(&view.since_reset), vt100_rows(&run.bytes()));
    // And it is live again.
    view.ack();
    run.grow(b"\r\nstill here");
    view.keep_up().await;
    assert_eq!(vt100_rows(&view.since_reset), vt100_rows(&run.bytes()));
    assert!(view.terminal.text().contains(&"still here".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn views_of_different_speed_do_not_disturb_each_other() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut quick = run.view(&follower);
    let mut slow = run.view(&follower);
    let mut hidden = run.view(&follower);
    hidden.viewer.visible(false);
    hidden.drain().await;
    for step in 0..30 {
        run.grow(&lines(step * 10_000, 100_000));
        quick.keep_up().await;
        slow.drain().await;
    }
    run.exit();
    quick.keep_up().await;
    assert_eq!(quick.resets, 0);
    assert_eq!(quick.output, run.bytes(), "not a byte is missing where the view keeps up");
    assert_eq!(slow.unacked, 100_000);
    assert_eq!(hidden.unacked, 0);
    slow.keep_up().await;
    hidden.viewer.visible(true);
    hidden.keep_up().await;
    let expected = vt100_rows(&run.bytes());
    for view in [quick, slow, hidden] {
        assert_eq!(vt100_rows(&view.since_reset), expected);
        assert!(view.exit.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_hidden_view_gets_nothing_and_then_catches_up() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    opened(&mut view).await;
    view.viewer.visible(false);
    run.grow(&lines(0, 100_000));
    assert_eq!(view.next().await, None);
    view.viewer.visible(true);
    view.keep_up().await;
    assert_eq!((view.resets, &view.output), (0, &run.bytes()), "a little is sent as it is");
    view.viewer.visible(false);
    run.grow(&lines(0, 400_000));
    view.drain().await;
    view.viewer.visible(true);
    view.keep_up().await;
    assert_eq!(view.resets, 1, "much is replaced by the screen");
    assert_eq!(vt100_rows(&view.since_reset), vt100_rows(&run.bytes()));
}

#[tokio::test(start_paused = true)]
async fn a_long_log_opens_with_its_tail() {
    let mut run = Run::new();
    run.grow(b"\x1b[?2004h\x1b]0;a title\x07");
    run.grow(&lines(0, 3_000_000));
    let follower = run.follow();
    let mut view = run.view(&follower);
    view.keep_up().await;
    let from = view.earlier.unwrap() as usize;
    let log = run.bytes();
    assert!(log.len() - from > 400_000 && log.len() - from <= 512 * 1024);
    assert_eq!(log[from - 1], b'\n', "from the start of a line");
    assert!(view.output.ends_with(&log[from..]));
    assert_eq!(vt100_rows(&view.since_reset), vt100_rows(&log));
    assert_eq!(view.terminal.title(), Some("a title"), "set long before the tail");
    assert_eq!(view.resets, 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_log_that_ends_on_the_alternate_screen_opens_with_the_screen() {
    let mut run = Run::new();
    run.grow(&lines(0, 2_000_000));
    run.grow(b"\x1b[?1049h\x1b[2J\x1b[3;3Han editor\x1b[?25l");
    let follower = run.follow();
    let mut view = run.view(&follower);
    view.keep_up().await;
    assert_eq!((view.resets, view.output.len()), (1, 0));
    assert!(view.terminal.alternate());
    assert_eq!(view.earlier, Some(run.bytes().len() as u64));
    run.grow(b"\x1b[?1049l");
    view.keep_up().await;
    assert_eq!(view.terminal.text(), vt100_rows(&run.bytes()), "the main screen was below");
}

#[tokio::test(start_paused = true)]
async fn a_screen_larger_than_the_window_goes_in_pieces() {
    let mut run = Run::with_size(400, 150);
    run.grow(&lines(0, 1_500_000));
    run.grow(b"\x1b[?1049h\x1b[H");
    let cells: String =
        (0..400 * 150).map(|n| format!("\x1b[38;2;{};{};7m{}", n % 256, n / 256, n % 10)).collect();
    run.grow(cells.as_bytes());
    let follower = run.follow();
    let mut view = run.view(&follower);
    view.keep_up().await;
    let mut direct = Screen::new(400, 150);
    direct.feed(&run.bytes());
    assert!(view.since_reset.len() > 200_000);
    assert_eq!((view.resets, view.terminal.text()), (1, direct.text()));
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_after_all_output() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    run.grow(&lines(0, 300_000));
    run.exit();
    view.drain().await;
    assert!(view.exit.is_none(), "output is still held back");
    view.keep_up().await;
    assert_eq!(view.output, run.bytes());
    let expected = serde_json::json!({ "code": 0, "signal": null, "ended_at": 1_700_000_000_000_i64 });
    assert_eq!(view.exit, Some(expected));
    let mut late = run.view(&follower);
    late.keep_up().await;
    assert_eq!(late.output, run.bytes());
    assert!(late.exit.is_some(), "an old run opens the same way");
}

#[tokio::test(start_paused = true)]
async fn the_end_needs_no_room_in_the_window() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    run.grow(&[b'x'; 100_000]);
    run.exit();
    view.drain().await;
    assert_eq!(view.unacked, 100_000);
    assert!(view.exit.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_change_of_size_is_told_and_a_wish_is_passed_on() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    opened(&mut view).await;
    view.viewer.resize(120, 50);
    assert_eq!(view.wished.try_recv(), Ok((120, 50)));
    run.state.send_modify(|state| (state.cols, state.rows) = (120, 50));
    assert_eq!(view.next().await, Some(Frame::Size(120, 50)));
    run.grow(b"x");
    assert_eq!(view.next().await, Some(Frame::Output(b"x".to_vec())));
}

#[tokio::test(start_paused = true)]
async fn questions_of_the_past_are_not_asked_again() {
    let past: &[u8] = b"\x1b[c\x1b[>0q\x1b[6n\x1b]11;?\x07\x1b]7501;?\x07\x1b[?2026$p\x1bP+q544e\x1b\\\x1b[?u\x1b[14t\x1b[31mred\x1b[2 q\x1b]0;t\x07";
    let mut run = Run::new();
    run.grow(past);
    run.grow(b"\x1b[");
    let follower = run.follow();
    let mut muted = run.view_as(&follower, Replay::Muted);
    let mut whole = run.view_as(&follower, Replay::AsWritten);
    muted.keep_up().await;
    whole.keep_up().await;
    assert_eq!(muted.output, b"\x1b[31mred\x1b[2 q\x1b]0;t\x07\x1b[");
    assert_eq!(whole.output, run.bytes());
    run.grow(b"c\x1b[6n");
    muted.keep_up().await;
    assert!(muted.output.ends_with(b"\x1b[c\x1b[6n"), "a question asked now reaches the terminal");
}

#[tokio::test(start_paused = true)]
async fn a_view_that_goes_away_ends_its_feed() {
    let mut run = Run::new();
    let follower = run.follow();
    let mut view = run.view(&follower);
    opened(&mut view).await;
    let View { viewer, received, .. } = { view };
    drop(received);
    run.grow(b"x");
    // Neither waits for a terminal that is no longer there.
    viewer.ack(1);
    viewer.close().await;
}

#[derive(Clone, Debug)]
enum Step {
    Grow(usize),
    Read,
    Ack,
    Hide(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(
        prop_oneof![
            (1usize..40_000).prop_map(Step::Grow),
            (1usize..200).prop_map(Step::Grow),
            Just(Step::Read),
            Just(Step::Ack),
            any::<bool>().prop_map(Step::Hide),
        ],
        1..20,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // The view's own account fails the test if ever more than the window is unacknowledged.
    #[test]
    fn a_view_that_keeps_up_gets_the_log_byte_for_byte(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new();
            let follower = run.follow();
            let mut view = run.view(&follower);
            let mut hidden = false;
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Grow(bytes) => {
                        let mut bytes = vec![n as u8; bytes];
                        bytes[0] = 0x1b;
                        run.grow(&bytes);
                        // Less than what a hidden view is resynchronised for.
                        if hidden {
                            hidden = false;
                            view.viewer.visible(true);
                        }
                    }
                    Step::Read => view.drain().await,
                    Step::Ack => view.ack(),
                    Step::Hide(hide) => {
                        if hide {
                            view.keep_up().await;
                        }
                        hidden = hide;
                        view.viewer.visible(!hide);
                    }
                }
            }
            view.viewer.visible(true);
            run.exit();
            view.keep_up().await;
            prop_assert_eq!(view.resets, 0);
            prop_assert!(view.output == run.bytes());
            prop_assert!(view.exit.is_some());
            Ok(())
        })?;
    }
}
