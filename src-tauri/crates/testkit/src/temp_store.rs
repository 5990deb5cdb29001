//! A store in a folder that goes when the test ends.

use std::{ops::Deref, path::Path};

use domain::{Actor, Outcome, RunId, Status, TaskId};
use store::{FILE_NAME, NewTask, StartFacts, Store};
use tempfile::TempDir;

use crate::{Clock, card, ended, run_of};

#[derive(Debug)]
pub struct TempStore {
    store: Store,
    pub clock: Clock,
    dir: TempDir,
}

impl Deref for TempStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TempStore {
    pub async fn new() -> TempStore {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).await.expect("a new store opens");
        TempStore { store, clock: Clock::default(), dir }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self) -> std::path::PathBuf {
        self.dir.path().join(FILE_NAME)
    }

    /// A handle that lives apart from this one's borrow.
    pub fn handle(&self) -> Store {
        self.store.clone()
    }

    pub async fn add(&self, new: NewTask) -> TaskId {
        self.add_task(new, Actor::Person, self.clock.tick()).await.expect("the card is added")
    }

    /// A card on which a run is being prepared.
    pub async fn begun(&self, title: &str) -> (TaskId, RunId) {
        let task = self.add(card(title)).await;
        (task, self.begin(task).await)
    }

    /// A card with an agent at work.
    pub async fn at_work(&self, title: &str) -> (TaskId, RunId) {
        let (task, run) = self.begun(title).await;
        self.run_started(run, StartFacts::default(), self.clock.tick()).await.expect("the run starts");
        (task, run)
    }

    pub async fn begin(&self, task: TaskId) -> RunId {
        self.begin_run(run_of(task), Actor::Person, self.clock.tick()).await.expect("the run begins").id
    }

    pub async fn end(&self, run: RunId, outcome: Outcome) -> bool {
        self.end_run(run, ended(outcome, self.clock.tick())).await.expect("the run ends")
    }

    pub async fn status(&self, task: TaskId) -> Status {
        self.task(task).await.expect("the card is there").task.status
    }
}
