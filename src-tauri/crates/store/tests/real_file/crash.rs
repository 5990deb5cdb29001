//! What was acknowledged is there after a SIGKILL; what was not is there whole or not at all.

use std::collections::HashMap;

use domain::Status;
use store::Store;
use testkit::{Raw, TempStore};

use crate::children::play;

#[tokio::test]
async fn whatever_was_acknowledged_survives_a_kill() {
    let store = TempStore::new().await;
    let mut acknowledged: HashMap<String, Status> = HashMap::new();
    for round in 0..12 {
        let mut writer = play("write until killed", store.dir());
        // Different every round: between commits, within them, at the very first.
        for _ in 0..1 + round * 37 % 101 {
            note(&mut acknowledged, &writer.line().expect("the writer goes on"));
        }
        writer.child.kill().expect("the writer is killed");
        // Said before the kill, not yet read.
        while let Some(word) = writer.line() {
            note(&mut acknowledged, &word);
        }
        writer.child.wait().expect("the writer is gone");
        let reopened = Store::open(store.dir()).await.expect("the file is whole");
        all_there(&reopened, &acknowledged).await;
        reopened.close().await;
    }
    let mut raw = Raw::open(&store).await;
    assert_eq!(
        raw.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'").await,
        0
    );
    assert_eq!(
        raw.number(
            "SELECT count(*) FROM tasks WHERE (SELECT count(*) FROM changes WHERE task_id = tasks.id) <> iif(status = 'done', 2, 1)"
        )
        .await,
        0,
        "a change without its row of the log, or the other way round"
    );
}

fn note(acknowledged: &mut HashMap<String, Status>, word: &str) {
    let (what, id) = word.split_once(' ').expect("a verb and a number");
    acknowledged.insert(id.to_owned(), if what == "done" { Status::Done } else { Status::Inbox });
}

async fn all_there(store: &Store, acknowledged: &HashMap<String, Status>) {
    let (_, cards) = store.board(None, false).await.unwrap();
    let there: HashMap<String, Status> =
        cards.into_iter().map(|card| (card.id.to_string(), card.status)).collect();
    for (id, status) in acknowledged {
        let found = there.get(id).unwrap_or_else(|| panic!("card {id} was acknowledged and is gone"));
        assert!(
            found == status || *found == Status::Done,
            "card {id} was acknowledged as {status} and is {found}"
        );
    }
}
