//! Files that people add to cards.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{AttachmentId, attachment::FILE_MAX};

use crate::{App, problem::invalid, views, wire::*};

/// Most bytes in one piece.
const PIECE: i64 = 4 * 1024 * 1024;

pub async fn add_attachment(app: &App, request: AddAttachment) -> Result<Attachment, Problem> {
    // Before it is decoded: nothing of this length can be a file that is taken.
    if request.data.len() as u64 > FILE_MAX / 3 * 4 + 8 {
        return Err(invalid(format!("the limit for one file is {} MiB", FILE_MAX >> 20)));
    }
    let bytes = BASE64.decode(&request.data).map_err(|_| invalid("the file's data is not Base64"))?;
    let added = app.engine.attach(request.task, &request.name, bytes, app.actor()).await?;
    Ok(views::attachment(added))
}

/// It can be put back until cards of the same age leave the trash.
pub async fn remove_attachment(app: &App, request: AttachmentRef) -> Result<Attachment, Problem> {
    let now = app.engine.now();
    Ok(views::attachment(app.engine.store().remove_attachment(request.id, app.actor(), now).await?))
}

pub async fn restore_attachment(app: &App, request: AttachmentRef) -> Result<Attachment, Problem> {
    let now = app.engine.now();
    Ok(views::attachment(app.engine.store().restore_attachment(request.id, app.actor(), now).await?))
}

pub async fn read_attachment(app: &App, request: ReadAttachment) -> Result<AttachmentPiece, Problem> {
    if request.offset < 0 || !(0..=PIECE).contains(&request.len) {
        return Err(invalid("offset must not be negative and len at most 4 MiB"));
    }
    let (record, bytes) =
        app.engine.read_attachment(request.id, request.offset as u64, request.len as usize).await?;
    let total = record.size;
    Ok(AttachmentPiece { attachment: views::attachment(record), data: BASE64.encode(bytes), total })
}

pub async fn attachment_name(app: &App, id: AttachmentId) -> Result<String, Problem> {
    Ok(app.engine.store().attachment(id).await?.name)
}

/// No operation: only a window can ask its person for a place.
pub async fn save_attachment(app: &App, id: AttachmentId, to: PathBuf) -> Result<(), Problem> {
    let record = app.engine.store().attachment(id).await?;
    Ok(app.engine.save_artifact(&record.hash, to).await?)
}
