//! The test program starts itself again: another process on the same file, one that can be killed.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use domain::{Actor, Status};
use store::Store;
use testkit::{NOW, card};

const PART: &str = "STORE_TEST_PART";
const DIR: &str = "STORE_TEST_DIR";

/// Its lines of standard output; what the test harness prints between them is left out.
pub struct Played {
    pub child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

pub fn play(part: &str, dir: &Path) -> Played {
    let mut child = Command::new(env::current_exe().expect("a test knows its own path"))
        .args(["--exact", "children::a_part_is_played", "--ignored", "--nocapture"])
        .env(PART, part)
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the test program starts again");
    let lines = BufReader::new(child.stdout.take().expect("a pipe"));
    Played { child, lines }
}

impl Played {
    /// The next whole line that the part itself said; none at the end. A line cut short by a kill was
    /// never said.
    pub fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).expect("the pipe is read");
            let said = line.strip_suffix('\n')?;
            // Not at the beginning: the harness writes its own words without a line break.
            if let Some((_, word)) = said.split_once("SAID ") {
                return Some(word.to_owned());
            }
        }
    }
}

fn say(word: &str) {
    println!("SAID {word}");
}

#[test]
#[ignore = "not a test: the other process of tests that need one"]
fn a_part_is_played() {
    let Ok(part) = env::var(PART) else { return };
    let dir = env::var_os(DIR).expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match part.as_str() {
            "write until killed" => write_until_killed(Path::new(&dir)).await,
            "fire until killed" => crate::schedules::fire_until_killed(Path::new(&dir), say).await,
            "pull everything" => crate::claims::pull_everything(Path::new(&dir), "theirs", 100, say).await,
            "watch" => watch(Path::new(&dir)).await,
            unknown => panic!("no part {unknown}"),
        }
    });
}

/// Eight writers; each says what was acknowledged, and only then.
async fn write_until_killed(dir: &Path) {
    let store = Store::open(dir).await.expect("the store opens");
    let writers = (0..8).map(|_| tokio::spawn(write_on(store.clone())));
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer goes on until the kill");
    }
}

async fn write_on(store: Store) {
    loop {
        let id = store.add_task(card("kept"), Actor::Person, NOW).await.expect("an add");
        say(&format!("added {id}"));
        store.move_task(id, Status::Done, Actor::Person, NOW).await.expect("a move");
        say(&format!("done {id}"));
    }
}

/// Says how many cards it sees until there are a hundred.
async fn watch(dir: &Path) {
    let store = Store::open(dir).await.expect("a second process opens the store");
    let mut seen = 0;
    say("watching");
    while seen < 100 {
        let (_, cards) = store.board(None, false).await.expect("a board");
        assert!(cards.len() >= seen, "cards went away");
        seen = cards.len();
    }
    say(&format!("saw {seen}"));
}
