//! A snapshot brings a fresh terminal to the same state: judged by our own screen, by what both make of the
//! bytes that follow, and by vt100 as an emulator of other descent.

use flightboard_terminal::Screen;
use flightboard_terminal::screen::{load_checkpoint, save_checkpoint};
use proptest::prelude::*;
use rstest::rstest;

const COLS: u16 = 120;
const ROWS: u16 = 40;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}.pty", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn screen(cols: u16, rows: u16, bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(cols, rows);
    screen.feed(bytes);
    screen
}

#[derive(Debug, PartialEq)]
struct State {
    text: Vec<String>,
    cursor: Option<(u16, u16)>,
    alternate: bool,
    title: Option<String>,
    /// The snapshot also holds attributes, modes, margins and what is unfinished.
    snapshot: String,
}

fn state(screen: &Screen) -> State {
    State {
        text: screen.text(),
        cursor: screen.cursor(),
        alternate: screen.alternate(),
        title: screen.title().map(str::to_owned),
        snapshot: screen.snapshot().escape_ascii().to_string(),
    }
}

fn vt100(cols: u16, rows: u16, bytes: &[u8]) -> vt100::Screen {
    let mut parser = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
    parser.process(bytes);
    parser.screen().clone()
}

#[rstest]
fn recordings_survive_a_snapshot_at_any_point(
    #[values("claude.perm", "codex.approve", "opencode.tui-perm", "qwen.tui", "aider.tui")] name: &str,
    #[values(1, 7, 13, 100)] percent: usize,
) {
    let bytes = fixture(name);
    let cut = bytes.len() * percent / 100;
    let mut original = screen(COLS, ROWS, &bytes[..cut]);
    let mut restored = screen(COLS, ROWS, &original.snapshot());
    assert_eq!(state(&restored), state(&original));
    original.feed(&bytes[cut..]);
    restored.feed(&bytes[cut..]);
    assert_eq!(state(&restored), state(&original));
    assert_eq!(original.restarts(), 0);
}

#[rstest]
#[case("claude.perm")]
#[case("codex.approve")]
#[case("opencode.tui-perm")]
#[case("qwen.tui")]
#[case("aider.tui")]
fn another_emulator_sees_the_same_in_snapshot_and_recording(#[case] name: &str) {
    let bytes = fixture(name);
    for cut in [bytes.len() / 3, bytes.len() / 2, bytes.len() * 9 / 10, bytes.len()] {
        let direct = vt100(COLS, ROWS, &bytes[..cut]);
        let through = vt100(COLS, ROWS, &screen(COLS, ROWS, &bytes[..cut]).snapshot());
        let rows = |screen: &vt100::Screen| -> Vec<_> {
            screen.rows(0, COLS).map(|row| row.trim_end().to_owned()).collect()
        };
        assert_eq!(rows(&through), rows(&direct), "{name} at {cut}");
        assert_eq!(through.cursor_position(), direct.cursor_position());
        assert_eq!(through.hide_cursor(), direct.hide_cursor());
        assert_eq!(through.bracketed_paste(), direct.bracketed_paste());
        assert_eq!(through.application_cursor(), direct.application_cursor());
        assert_eq!(through.mouse_protocol_mode(), direct.mouse_protocol_mode());
        assert_eq!(through.mouse_protocol_encoding(), direct.mouse_protocol_encoding());
        assert_eq!(through.cursor_style(), direct.cursor_style());
        for row in 0..ROWS {
            for col in 0..COLS {
                let (a, b) = (through.cell(row, col).unwrap(), direct.cell(row, col).unwrap());
                let look = |cell: &vt100::Cell| {
                    let text = cell.contents().trim().to_owned();
                    // The foreground of an empty cell cannot be seen.
                    let foreground =
                        (!text.is_empty() || cell.inverse()).then(|| (cell.fgcolor(), cell.bold()));
                    (text, foreground, cell.bgcolor(), cell.inverse())
                };
                assert_eq!(look(a), look(b), "{name} at {cut}: row {row}, column {col}");
            }
        }
    }
}

#[test]
fn the_main_screen_comes_back_when_the_alternate_one_is_left() {
    let mut original = screen(20, 4, b"shell$ vim\r\n\x1b[?1049h\x1b[Hediting");
    let mut restored = screen(20, 4, &original.snapshot());
    assert!(restored.alternate());
    for screen in [&mut original, &mut restored] {
        screen.feed(b"\x1b[?1049lback");
        assert_eq!(screen.text()[..2], ["shell$ vim", "back"]);
    }
}

#[rstest]
#[case::attributes("\x1b[1;3;9;31;48;5;17mdone\x1b[m plain")]
#[case::modes("\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[?1h\x1b=\x1b[4 q\x1b]0;a title\x07")]
#[case::margins_and_origin("\x1b[2;3r\x1b[?6h\x1b[2;5Hx")]
#[case::line_drawing("\x1b(0lqqk\x1b(B ok \x1b(0x")]
#[case::pending_wrap("0123456789")]
#[case::wrap_off("\x1b[?7l0123456789abc")]
#[case::cursor_hidden("\x1b[?25lx")]
#[case::saved_cursor("\x1b[2;3H\x1b7\x1b[H")]
#[case::index_and_next_line("a\x1bDb\x1bEc")]
#[case::cut_in_a_sequence("abc\x1b[31")]
#[case::cut_in_a_title("abc\x1b]0;tit")]
#[case::wide("日本語テキスト")]
fn state_beyond_the_cells_is_kept(#[case] output: &str) {
    let mut original = screen(10, 4, output.as_bytes());
    let mut restored = screen(10, 4, &original.snapshot());
    assert_eq!(state(&restored), state(&original));
    for screen in [&mut original, &mut restored] {
        screen.feed(b"mX\x1b8Y\r\nZ\n\n\nq\x1b[999;999H!");
    }
    assert_eq!(state(&restored), state(&original));
}

#[test]
fn a_character_cut_in_two_is_completed_after_the_snapshot() {
    let euro = "€".as_bytes();
    let original = screen(10, 2, &euro[..2]);
    let mut restored = screen(10, 2, &original.snapshot());
    restored.feed(&euro[2..]);
    assert_eq!(restored.text()[0], "€");
}

#[test]
fn characters_without_width_do_not_shift_the_columns() {
    assert_eq!(screen(20, 1, "e\u{301}x ⚠\u{fe0f}y".as_bytes()).cursor(), Some((5, 0)));
}

#[test]
fn underline_colours_are_not_taken_for_attributes() {
    let plain = screen(10, 1, b"\x1b[4;31mx").snapshot();
    for coloured in ["\x1b[4;58;5;3;31mx", "\x1b[58;2;1;3;9;4;31mx", "\x1b[4;58:5:3;31mx"] {
        assert_eq!(screen(10, 1, coloured.as_bytes()).snapshot(), plain, "{coloured:?}");
    }
    let palette = screen(10, 1, b"\x1b[38;5;58;1mx").snapshot();
    assert_eq!(screen(10, 1, b"\x1b[38;5;58m\x1b[1mx").snapshot(), palette);
}

#[test]
fn skipped_output_still_changes_the_modes() {
    let mut skimmed = screen(20, 3, b"before");
    skimmed.skim(b"\x1b]0;new\x07text\r\nmore\x1b[?2004h\x1b[?1049h lost \x1b[3");
    skimmed.skim(b"1m\r\n");
    skimmed.feed(b"\x1b[Hseen");
    assert!(skimmed.alternate());
    assert_eq!(skimmed.title(), Some("new"));
    assert_eq!(skimmed.text(), ["seen", "", ""]);
    assert!(vt100(20, 3, &skimmed.snapshot()).bracketed_paste());
}

#[test]
fn resizing_reflows_the_main_screen() {
    let mut resized = screen(5, 3, b"0123456789\r\nx");
    assert_eq!(resized.text(), ["01234", "56789", "x"]);
    resized.resize(10, 3);
    assert_eq!(resized.text(), ["0123456789", "x", ""]);
    assert_eq!(resized.size(), (10, 3));
}

// ---------------------------------------------------------------- checkpoints

#[test]
fn a_checkpoint_brings_the_screen_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("screen.ckpt");
    let bytes = fixture("opencode.tui-perm");
    let original = screen(COLS, ROWS, &bytes);
    save_checkpoint(&path, &original, bytes.len() as u64).unwrap();
    let (restored, offset) = load_checkpoint(&path, bytes.len() as u64).unwrap();
    assert_eq!(offset, bytes.len() as u64);
    assert_eq!(state(&restored), state(&original));
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("screen.ckpt");
    assert!(load_checkpoint(&path, 100).is_none(), "there is none yet");
    save_checkpoint(&path, &screen(10, 3, b"hello"), 50).unwrap();
    assert!(load_checkpoint(&path, 100).is_some());
    assert!(load_checkpoint(&path, 49).is_none(), "of a longer log");
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, &bad).unwrap();
        assert!(load_checkpoint(&path, 100).is_none(), "byte {at} was changed");
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(load_checkpoint(&path, 100).is_none(), "cut at {at}");
    }
}

// ---------------------------------------------------------------- properties

fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[ -~]{1,12}".prop_map(String::into_bytes),
        2 => "[äé日本語€✓─│]{1,4}".prop_map(String::into_bytes),
        2 => Just(b"\r\n".to_vec()),
        1 => proptest::sample::select(vec!["\r", "\n", "\x08", "\t", "\x1b7", "\x1b8", "\x1bM", "\x1bD", "\x1bE", "\x1b=", "\x1b(0", "\x1b(B"])
            .prop_map(|s| s.as_bytes().to_vec()),
        4 => ("[0-9]{0,2}(;[0-9]{1,2}){0,2}", proptest::sample::select(b"ABCDEFGHJKLMPSTXdmr@".to_vec()))
            .prop_map(|(numbers, last)| [b"\x1b[", numbers.as_bytes(), &[last]].concat()),
        2 => (proptest::sample::select(vec![1, 6, 7, 25, 47, 1000, 1002, 1003, 1004, 1006, 1047, 1049, 2004]), proptest::sample::select(vec!['h', 'l']))
            .prop_map(|(mode, last)| format!("\x1b[?{mode}{last}").into_bytes()),
        1 => "\x1b\\]2;[a-z]{0,8}\x07".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_output_survives_a_snapshot(
        before in output(), after in output(), cols in 2u16..30, rows in 1u16..10, cut in 0usize..8,
    ) {
        let before = &before[..before.len().saturating_sub(cut)];
        let mut original = screen(cols, rows, before);
        let mut restored = screen(cols, rows, &original.snapshot());
        prop_assert_eq!(state(&restored), state(&original));
        original.feed(&after);
        restored.feed(&after);
        prop_assert_eq!(state(&restored), state(&original));
    }

    #[test]
    fn pieces_make_no_difference(bytes in output(), cut in 0usize..400) {
        let cut = cut.min(bytes.len());
        let mut pieces = screen(20, 5, &bytes[..cut]);
        pieces.feed(&bytes[cut..]);
        prop_assert_eq!(state(&pieces), state(&screen(20, 5, &bytes)));
    }

    #[test]
    fn hostile_bytes_never_panic(
        steps in proptest::collection::vec((proptest::collection::vec(prop_oneof![
            any::<u8>(),
            proptest::sample::select(b"\x1b[]?;:0129hlmrHJ\n\r\xc2\x9b\xe2\xf0".to_vec()),
        ], 0..300), 0u16..40, 0u16..20), 1..5),
    ) {
        let mut screen = Screen::new(10, 5);
        for (bytes, cols, rows) in steps {
            screen.feed(&bytes);
            screen.resize(cols, rows);
            let (cols, rows) = screen.size();
            let mut restored = Screen::new(cols, rows);
            restored.feed(&screen.snapshot());
            prop_assert_eq!(restored.text(), screen.text());
            prop_assert_eq!(screen.restarts() + restored.restarts(), 0);
        }
    }
}
