//! The commands about deleted cards.

use app::wire::*;
use serde_json::{Value, json};

use crate::{
    args::TrashCommand,
    commands::{find_id, told},
    failure::Failure,
    link::Link,
    print,
};

pub async fn run(link: &Link, command: &TrashCommand, json: bool) -> Result<(), Failure> {
    match command {
        TrashCommand::List => list(link, json).await,
        TrashCommand::Put { id } => {
            let request = TaskRef { id: find_id(link, id).await? };
            told(link, link.call("trash_task", &request).await?, "put into the trash", json).await
        }
        TrashCommand::Restore { id } => {
            let request = TaskRef { id: find_id(link, id).await? };
            told(link, link.call("restore_task", &request).await?, "restored", json).await
        }
        TrashCommand::Delete { id } => {
            let request = TaskRef { id: find_id(link, id).await? };
            let _: Nothing = link.call("delete_task", &request).await?;
            match json {
                true => print::out_json(&json!({ "deleted": 1, "kept": [] })),
                false => print::out(&format!("{} deleted for ever", request.id.key())),
            }
        }
        TrashCommand::Empty { older_than } => {
            let request = EmptyTrash { older_than_days: *older_than };
            print::emptied_trash(link.call("empty_trash", &request).await?, json)
        }
    }
}

async fn list(link: &Link, json: bool) -> Result<(), Failure> {
    let board: Value = link.call("get_board", &GetBoard { project: None, trashed: true }).await?;
    let mut cards = board["cards"].as_array().cloned().unwrap_or_default();
    cards.retain(|card| card["trashed"] == true);
    cards.sort_by_key(print::list_order);
    if cards.is_empty() && !json { print::out("The trash is empty.") } else { print::cards(cards, json) }
}
