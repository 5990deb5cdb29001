//! Writes a board into a new folder, one file for each record.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    portable::{Attachment, Edge, Record, Subtask},
    text::slug,
};

use super::{Beside, CARD, FILE_LIST, FILES, HEAD, Listed, text_of};
use crate::{failure::Failure, transfer::lines};

/// Refuses a folder that holds something already.
pub fn may_be_written(to: &Path) -> Result<(), Failure> {
    if to == Path::new("-") {
        return Err(Failure::invalid("a Markdown folder cannot be printed; name a folder"));
    }
    match std::fs::read_dir(to).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::invalid(format!("{} is not empty; name a new folder", to.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::io(format!("{} cannot be written", to.display()), error)),
    }
}

/// Writes the records once all are there, for a card's head tells of later ones; what is in files of cards, which
/// come last and may be large, as it comes.
pub struct Writer {
    to: PathBuf,
    waiting: Vec<Record>,
    /// Folders of cards, once they are written.
    cards: HashMap<String, PathBuf>,
    files: HashMap<String, Vec<Listed>>,
}

impl Writer {
    pub fn new(to: &Path) -> Writer {
        Writer { to: to.into(), waiting: Vec::new(), cards: HashMap::new(), files: HashMap::new() }
    }

    pub fn records(&mut self, records: Vec<Record>) -> Result<(), Failure> {
        for record in records {
            match record {
                Record::Attachment(file) => self.file(file)?,
                other => self.waiting.push(other),
            }
        }
        Ok(())
    }

    fn file(&mut self, file: Attachment) -> Result<(), Failure> {
        self.settle()?;
        let Some(card) = self.cards.get(&file.task) else { return Ok(()) };
        let path = self.to.join(card).join(FILES).join(&file.name);
        let bytes = BASE64
            .decode(&file.data)
            .map_err(|error| Failure::invalid(format!("the file {} has no content: {error}", file.name)))?;
        put(&path, &bytes)?;
        self.files.entry(file.task).or_default().push(Listed { name: file.name, at: file.at });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        put(&self.to.join(HEAD), lines::head().as_bytes())?;
        let records = std::mem::take(&mut self.waiting);
        let (files, cards) = files(&records);
        for (path, text) in files {
            put(&self.to.join(path), text.as_bytes())?;
        }
        self.cards = cards;
        Ok(())
    }

    pub fn finish(mut self) -> Result<(), Failure> {
        self.settle()?;
        // Also of a board without a single record.
        put(&self.to.join(HEAD), lines::head().as_bytes())?;
        for (task, list) in &self.files {
            let Some(card) = self.cards.get(task) else { continue };
            let text =
                serde_json::to_vec_pretty(list).map_err(|error| Failure::invalid(error.to_string()))?;
            put(&self.to.join(card).join(FILE_LIST), &text)?;
        }
        Ok(())
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("{} cannot be written", path.display()), error);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}

/// Where each record goes and what is in it, and the folder of each card.
fn files(records: &[Record]) -> (Vec<(PathBuf, String)>, HashMap<String, PathBuf>) {
    let mut beside: HashMap<&str, Beside> = HashMap::new();
    for record in records {
        match record {
            Record::Edge(Edge { task, upstream, need }) => {
                let edge = serde_json::json!({ "upstream": upstream, "need": need });
                beside.entry(task).or_default().waits_for.push(edge);
            }
            Record::Subtask(Subtask { task, parent }) => {
                beside.entry(task).or_default().part_of = Some(parent.clone());
            }
            _ => {}
        }
    }
    let mut cards: HashMap<String, PathBuf> = HashMap::new();
    let mut numbers: HashMap<PathBuf, u32> = HashMap::new();
    let mut next = |folder: PathBuf| {
        let number = numbers.entry(folder.clone()).or_default();
        *number += 1;
        (*number, folder)
    };
    let mut files = Vec::new();
    for record in records {
        let (number, folder, name) = match record {
            Record::Edge(_) | Record::Subtask(_) | Record::Attachment(_) => continue,
            Record::Task(task) => {
                let key = task.number.map_or_else(|| task.uid.clone(), |number| format!("T-{number}"));
                let folder = Path::new("cards").join(format!("{key}-{}", slug(&task.title)));
                cards.insert(task.uid.clone(), folder.clone());
                let beside = beside.remove(task.uid.as_str()).unwrap_or_default();
                files.push((folder.join(CARD), text_of(record, beside)));
                continue;
            }
            Record::Project(project) => {
                let (number, folder) = next("projects".into());
                (number, folder, slug(&project.name))
            }
            Record::Agent(agent) => {
                let (number, folder) = next("agents".into());
                (number, folder, slug(&agent.name))
            }
            Record::Schedule(schedule) => {
                let (number, folder) = next("schedules".into());
                (number, folder, slug(&schedule.name))
            }
            Record::Filter(filter) => {
                let (number, folder) = next("filters".into());
                (number, folder, slug(&filter.name))
            }
            Record::Comment(comment) => {
                let Some(card) = cards.get(comment.task.as_str()) else { continue };
                let (number, folder) = next(card.join("comments"));
                (number, folder, slug(&comment.author))
            }
            Record::Run(run) => {
                let Some(card) = cards.get(run.task.as_str()) else { continue };
                let (number, folder) = next(card.join("runs"));
                (number, folder, slug(&run.agent))
            }
            Record::Review(review) => {
                let Some(card) = cards.get(review.task.as_str()) else { continue };
                let (number, folder) = next(card.join("reviews"));
                (number, folder, slug(&review.reviewer))
            }
        };
        files.push((folder.join(format!("{number:04}-{name}.md")), text_of(record, Beside::default())));
    }
    (files, cards)
}
