//! What goes with a card into a run: the files that people added to it, kept by content beside the artifacts and
//! laid into the run's place, and the cards around it. `TASK.md` names both.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    Actor, AttachmentId, TaskId, attachment,
    portable::{Imported, Record},
};
use store::{AttachmentRecord, CardRecord, NewAttachment, PortableContent, PortableKind};
use workspaces::{ATTACHMENTS, Attached, artifacts, lay_attachments};

use crate::{
    Engine,
    collector::kind_word,
    error::EngineError,
    keeper::{blocking, unavailable},
};

impl Engine {
    /// Adds a file to a card, named after `raw` without its folders.
    pub async fn attach(
        &self,
        task: TaskId,
        raw: &str,
        bytes: Vec<u8>,
        actor: Actor,
    ) -> Result<AttachmentRecord, EngineError> {
        let name = attachment::name(raw).map_err(bad)?;
        attachment::check(&name, bytes.len() as u64, 0, 0).map_err(bad)?;
        // Said before anything is written.
        self.store().task(task).await?;
        // Content is not swept between being kept and being named.
        let _unnamed = self.contents().read().await;
        let PortableContent { kind, size, hash } = self.keep_attached(&name, bytes).await?;
        let new = NewAttachment { task, name, kind, size, hash };
        Ok(self.store().add_attachment(new, actor, self.now()).await?)
    }

    async fn keep_attached(&self, name: &str, bytes: Vec<u8>) -> Result<PortableContent, EngineError> {
        let (dir, shown, size) = (self.layout().artifacts(), name.to_owned(), bytes.len() as i64);
        let kept = blocking(move || artifacts::keep(&dir, &bytes, &shown)).await?.map_err(full)?;
        Ok(PortableContent { kind: kind_word(kept.kind).into(), size, hash: kept.hash })
    }

    /// Records of one kind after `place` and the place to go on from, attached files with what is in them: of
    /// those one at a time, for each may have 20 MiB.
    pub async fn export(
        &self,
        kind: PortableKind,
        place: i64,
        limit: u32,
    ) -> Result<(Vec<Record>, Option<i64>), EngineError> {
        let limit = if kind == PortableKind::Attachments { 1 } else { limit };
        let (mut records, next) = self.store().export(kind, place, limit).await?;
        for record in &mut records {
            if let Record::Attachment(file) = record {
                let content = self.read_artifact(&file.data, 0, attachment::FILE_MAX as usize).await;
                let content = content.map_err(|error| EngineError::Unavailable {
                    message: format!("the file {} cannot be read: {error}", file.name),
                    next: Some("take it off its card, then export again".into()),
                })?;
                file.data = BASE64.encode(content);
            }
        }
        Ok((records, next))
    }

    /// Adds records that are not here yet; all of them or, on an error, none.
    pub async fn import(&self, records: Vec<Record>) -> Result<Imported, EngineError> {
        // Content is not swept between being kept and being named.
        let _unnamed = self.contents().read().await;
        let mut contents = Vec::new();
        for record in &records {
            if let Record::Attachment(file) = record {
                let bytes = BASE64.decode(&file.data).map_err(|_| EngineError::Invalid {
                    message: format!("the content of {} is not Base64", file.name),
                    next: None,
                })?;
                attachment::check(&file.name, bytes.len() as u64, 0, 0).map_err(bad)?;
                contents.push(self.keep_attached(&file.name, bytes).await?);
            }
        }
        Ok(self.store().import(records, contents, self.now()).await?)
    }

    /// A piece of the file, at most 4 MiB.
    pub async fn read_attachment(
        &self,
        id: AttachmentId,
        offset: u64,
        len: usize,
    ) -> Result<(AttachmentRecord, Vec<u8>), EngineError> {
        let record = self.store().attachment(id).await?;
        let bytes = self.read_artifact(&record.hash, offset, len).await?;
        Ok((record, bytes))
    }

    /// Lays a card's files into the place of a run. Returns how `TASK.md` names them.
    pub(crate) async fn enclose(&self, task: TaskId, place: &Path) -> Result<Vec<String>, EngineError> {
        let files = self.store().attachments(task).await?;
        let named = files.iter().map(|file| format!("{ATTACHMENTS}/{}", file.name)).collect();
        let files: Vec<Attached> =
            files.into_iter().map(|file| Attached { name: file.name, hash: file.hash }).collect();
        let (place, store) = (place.to_owned(), self.layout().artifacts());
        blocking(move || lay_attachments(&place, &store, &files)).await?.map_err(|error| match error {
            artifacts::ArtifactError::Io { what, error } => {
                EngineError::io(format!("could not {what}"))(error)
            }
            other => unavailable(other),
        })?;
        Ok(named)
    }

    /// The card that this one is a sub-task of, and its own sub-tasks, each in a line.
    pub(crate) async fn relatives(&self, task: TaskId) -> Result<(Option<String>, Vec<String>), EngineError> {
        let kin = self.store().kin(Some(&[task])).await?.remove(&task).unwrap_or_default();
        let parent = match kin.parent {
            Some(parent) => Some(self.store().cards(&[parent]).await?),
            None => None,
        };
        let subtasks = self.store().cards(&self.store().subtasks(task).await?).await?;
        let line = |card: &CardRecord| format!("{}: {} ({})", card.id.key(), card.title, card.status.title());
        Ok((parent.and_then(|cards| cards.first().map(line)), subtasks.iter().map(line).collect()))
    }
}

fn bad(bad: attachment::BadAttachment) -> EngineError {
    EngineError::Invalid { message: bad.to_string(), next: None }
}

fn full(error: artifacts::ArtifactError) -> EngineError {
    EngineError::Unavailable {
        message: format!("the file cannot be kept: {error}"),
        next: Some("check the free space and permissions of the data directory".into()),
    }
}
