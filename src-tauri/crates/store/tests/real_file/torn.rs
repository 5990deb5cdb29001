//! Power that fails in the middle of a write: the log beside the database ends anywhere, and behind that end lie
//! sectors that hold nothing, zeros or what was there before. Whatever had been acknowledged is kept, and of the rest
//! each card is there with its row in the log of changes or not at all.

use std::{fs, path::Path};

use store::{FILE_NAME, Store};
use testkit::{Raw, TempStore, card};

const CARDS: usize = 40;
const SECTOR: usize = 512;

#[tokio::test]
async fn a_torn_log_keeps_what_was_acknowledged_and_nothing_by_halves() {
    let store = TempStore::new().await;
    let wal = format!("{FILE_NAME}-wal");
    let (file, log) = (store.dir().join(FILE_NAME), store.dir().join(&wal));
    // How long the log was when each card had been acknowledged.
    let mut acknowledged = Vec::new();
    for at in 0..CARDS {
        store.add(card(&format!("Card {at}"))).await;
        acknowledged.push(fs::metadata(&log).expect("the log").len() as usize);
    }
    assert!(acknowledged.is_sorted_by(|one, next| one < next), "nothing was folded in meanwhile");
    let (main, whole) = (fs::read(&file).expect("the file"), fs::read(&log).expect("the log"));

    let mut lost = 0;
    for (at, &end) in acknowledged.iter().enumerate() {
        for cut in [end, end - 1, end - SECTOR, end + 24, end + 5 * SECTOR].map(|cut| cut.min(whole.len())) {
            let behind: &[u8] = match (at + cut) % 3 {
                0 => &[],
                1 => &[0; 2 * SECTOR],
                _ => &whole[..16 * SECTOR],
            };
            let torn = tempfile::tempdir().expect("a folder");
            fs::write(torn.path().join(FILE_NAME), &main).expect("the file");
            fs::write(torn.path().join(&wal), [&whole[..cut], behind].concat()).expect("the log");
            let kept = kept_in(torn.path()).await;
            let due = acknowledged.iter().filter(|&&length| length <= cut).count();
            assert!((due..=CARDS).contains(&kept), "cut at {cut}: {kept} of {due}");
            lost += CARDS - kept;
        }
    }
    assert!(lost > 0, "no cut took anything away");
}

/// How many cards a start finds; all else must be in order.
async fn kept_in(dir: &Path) -> usize {
    let again = Store::open(dir).await.expect("it opens");
    let mut raw = Raw::at(&dir.join(FILE_NAME)).await;
    assert_eq!(
        raw.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'").await,
        1
    );
    assert_eq!(raw.number("SELECT count(*) FROM pragma_foreign_key_check").await, 0);
    let cards = raw.number("SELECT count(*) FROM tasks").await;
    assert_eq!(raw.number("SELECT coalesce(max(id), 0) FROM tasks").await, cards, "none is missing between");
    assert_eq!(raw.number("SELECT count(*) FROM changes WHERE kind = 'task.created'").await, cards);
    again.close().await;
    cards as usize
}
