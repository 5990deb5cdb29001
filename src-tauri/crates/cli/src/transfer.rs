//! `export` and `import`: the whole board as JSON lines or as a folder of Markdown, and back.

mod cloud;
mod lines;
mod markdown;

use std::path::Path;

use app::wire::{ExportRecords, ExportedRecords, ImportRecords, ReadVibeKanban};
use domain::portable::{Imported, Record};
use serde_json::json;

use crate::{
    args::{ExportArgs, ImportArgs},
    commands::absolute,
    failure::Failure,
    link::Link,
    print, progress,
};

/// Records sent at once, and about how many bytes of them: a request has its limit.
const AT_ONCE: usize = 500;
const BYTES: usize = 1024 * 1024;

enum Written {
    Lines(lines::Writer),
    Folder(markdown::Writer),
}

pub async fn export(link: &Link, said: &ExportArgs, json: bool) -> Result<(), Failure> {
    if said.markdown {
        markdown::may_be_written(&said.to)?;
    }
    let bar = progress::bar(0, "records");
    let mut written = if said.markdown {
        Written::Folder(markdown::Writer::new(&said.to))
    } else {
        Written::Lines(lines::Writer::new(&said.to)?)
    };
    let mut request = ExportRecords::default();
    loop {
        let piece: ExportedRecords = link.call("export_records", &request).await?;
        bar.inc(piece.records.len() as u64);
        match &mut written {
            Written::Lines(file) => file.records(&piece.records)?,
            Written::Folder(folder) => folder.records(piece.records)?,
        }
        request.cursor = piece.cursor;
        if request.cursor.is_none() {
            break;
        }
    }
    let count = bar.position();
    bar.finish_and_clear();
    match written {
        Written::Lines(file) => file.finish()?,
        Written::Folder(folder) => folder.finish()?,
    }
    if said.to == Path::new("-") {
        return Ok(());
    }
    let to = said.to.display();
    if json {
        print::out_json(&json!({ "records": count, "to": said.to }))
    } else {
        print::done(&format!("{count} records written to {to}"))
    }
}

pub async fn import(link: &Link, said: &ImportArgs, json: bool) -> Result<(), Failure> {
    let records = if said.vibe_kanban && cloud::is_zip(&said.from) {
        cloud::read(&said.from)?
    } else if said.vibe_kanban {
        let request = ReadVibeKanban { path: absolute(&said.from)? };
        link.call_host::<_, ExportedRecords>("read_vibe_kanban", &request).await?.records
    } else if said.from.is_dir() {
        markdown::read(&said.from)?
    } else {
        lines::read(&said.from)?
    };
    let bar = progress::bar(records.len() as u64, "records");
    let mut imported = Imported::default();
    for records in pieces(records) {
        let count = records.len() as u64;
        let part: Imported = link.call("import_records", &ImportRecords { records }).await?;
        imported.added += part.added;
        imported.known += part.known;
        imported.left_out += part.left_out;
        bar.inc(count);
    }
    bar.finish_and_clear();
    if json {
        return print::out_json(&json!(imported));
    }
    let Imported { added, known, left_out } = imported;
    print::done(&format!(
        "{added} added, {known} here already, {left_out} left out because what they belong to is not here"
    ))
}

/// In order, none too big for a request.
fn pieces(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut pieces: Vec<Vec<Record>> = Vec::new();
    let mut bytes = 0;
    for record in records {
        let size = serde_json::to_vec(&record).map_or(0, |text| text.len());
        let full = pieces.last().is_none_or(|piece| piece.len() == AT_ONCE || bytes + size > BYTES);
        if full {
            pieces.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(piece) = pieces.last_mut() {
            piece.push(record);
        }
    }
    pieces
}
