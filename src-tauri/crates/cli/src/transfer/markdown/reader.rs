//! Reads a board back from its folder, as somebody may have edited it: within stated sizes, following no link to
//! a file of a card.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    attachment::{self, FILE_MAX},
    portable::{Attachment, Record},
};

use super::{CARD, FILE_LIST, FILES, HEAD, Listed, parse};
use crate::{failure::Failure, transfer::lines};

/// Largest file that is read, bytes.
const FILE: u64 = 8 * 1024 * 1024;

pub fn read(from: &Path) -> Result<Vec<Record>, Failure> {
    let head = from.join(HEAD);
    check_file(&head)?;
    let text = std::fs::read_to_string(&head).map_err(|error| unreadable(&head, error))?;
    lines::check_head(text.trim(), &head.display().to_string())?;
    let mut found = Found::default();
    for folder in ["projects", "agents", "schedules", "filters"] {
        found.folder(&from.join(folder))?;
    }
    for card in entries(&from.join("cards"))? {
        let uid = found.card(&card.join(CARD))?;
        found.attachments(&card, &uid)?;
        for folder in ["comments", "runs", "reviews"] {
            found.folder(&card.join(folder))?;
        }
    }
    Ok(found.in_order())
}

/// Names in order; none where there is no such folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        list => list.map_err(|error| unreadable(folder, error))?,
    };
    let mut paths = list
        .map(|entry| entry.map(|entry| entry.path()).map_err(|error| unreadable(folder, error)))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::io(format!("{} cannot be read", path.display()), error)
}

fn check_file(path: &Path) -> Result<(), Failure> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if about.is_file() && about.len() <= FILE {
        return Ok(());
    }
    Err(Failure::invalid(format!("{} is no file, or larger than 8 MiB", path.display())))
}

/// What was read so far, kind by kind.
#[derive(Default)]
struct Found {
    kinds: [Vec<Record>; 11],
}

impl Found {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
        entries(folder)?.iter().filter(|path| markdown(path)).try_for_each(|path| self.file(path))
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        check_file(path)?;
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
        let (record, more) = parse(&text)
            .map_err(|why| Failure::invalid(format!("{} cannot be read: {why}", path.display())))?;
        for record in std::iter::once(record).chain(more) {
            self.kinds[place(&record)].push(record);
        }
        Ok(())
    }

    /// Its uid; none where the file is of another kind.
    fn card(&mut self, path: &Path) -> Result<String, Failure> {
        self.file(path)?;
        Ok(match self.kinds[TASKS].last() {
            Some(Record::Task(task)) => task.uid.clone(),
            _ => String::new(),
        })
    }

    /// Those that its list names; a link is no file of a card.
    fn attachments(&mut self, card: &Path, uid: &str) -> Result<(), Failure> {
        let list = card.join(FILE_LIST);
        if !list.exists() {
            return Ok(());
        }
        check_file(&list)?;
        let text = std::fs::read_to_string(&list).map_err(|error| unreadable(&list, error))?;
        let listed: Vec<Listed> = serde_json::from_str(&text)
            .map_err(|error| Failure::invalid(format!("{} cannot be read: {error}", list.display())))?;
        for Listed { name, at } in listed {
            if attachment::name(&name).as_ref() != Ok(&name) {
                let place = list.display();
                return Err(Failure::invalid(format!("{place} cannot be read: “{name}” is no file's name")));
            }
            let path = card.join(FILES).join(&name);
            let about = std::fs::symlink_metadata(&path).map_err(|error| unreadable(&path, error))?;
            if !about.is_file() || about.len() > FILE_MAX {
                return Err(Failure::invalid(format!(
                    "{} is no file, or larger than 20 MiB",
                    path.display()
                )));
            }
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, error))?;
            let file = Attachment { task: uid.into(), name, at, data: BASE64.encode(bytes) };
            self.kinds[ATTACHMENTS].push(Record::Attachment(file));
        }
        Ok(())
    }

    fn in_order(self) -> Vec<Record> {
        let mut kinds = self.kinds;
        // Folders are in the order of their names; cards are to keep that of their numbers.
        kinds[TASKS].sort_by_key(|record| match record {
            Record::Task(task) => task.number,
            _ => None,
        });
        kinds.into_iter().flatten().collect()
    }
}

const TASKS: usize = 2;
const ATTACHMENTS: usize = 10;

/// In the order in which records may be imported.
fn place(record: &Record) -> usize {
    match record {
        Record::Project(_) => 0,
        Record::Agent(_) => 1,
        Record::Task(_) => TASKS,
        Record::Subtask(_) => 3,
        Record::Edge(_) => 4,
        Record::Comment(_) => 5,
        Record::Run(_) => 6,
        Record::Review(_) => 7,
        Record::Schedule(_) => 8,
        Record::Filter(_) => 9,
        Record::Attachment(_) => ATTACHMENTS,
    }
}
