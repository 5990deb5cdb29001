//! One record a line, as JSON; the first line says what the file is.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
};

use domain::portable::{FORMAT, Record, VERSION};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Longest line, bytes: the largest file of a card as Base64, with room to spare.
const LINE: u64 = 32 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
}

pub fn head() -> String {
    serde_json::to_string(&Head { format: FORMAT.into(), version: VERSION }).unwrap_or_default()
}

/// Refuses what another program or a later version wrote.
pub fn check_head(text: &str, place: &str) -> Result<(), Failure> {
    let found: Option<Head> = serde_json::from_str(text).ok();
    match found.filter(|found| found.format == FORMAT) {
        Some(found) if found.version <= VERSION => Ok(()),
        Some(found) => Err(Failure::invalid(format!(
            "{place} was written by a later Flightboard (format {}, this one knows {VERSION}); update Flightboard",
            found.version
        ))),
        None => Err(Failure::invalid(format!(
            "{place} is no export of a board: it does not begin with {}",
            head()
        ))),
    }
}

/// Writes beside the file and moves it into place once it is whole.
pub struct Writer {
    out: Box<dyn Write>,
    draft: Option<(std::path::PathBuf, std::path::PathBuf)>,
}

impl Writer {
    /// `-`: to standard output.
    pub fn new(to: &Path) -> Result<Writer, Failure> {
        let mut writer = if to == Path::new("-") {
            Writer { out: Box::new(std::io::stdout().lock()), draft: None }
        } else {
            let draft = to.with_added_extension("part");
            let file = File::create(&draft).map_err(|error| cannot(&draft, error))?;
            Writer { out: Box::new(BufWriter::new(file)), draft: Some((draft, to.to_owned())) }
        };
        writer.line(&head())?;
        Ok(writer)
    }

    pub fn records(&mut self, records: &[Record]) -> Result<(), Failure> {
        records.iter().try_for_each(|record| {
            let line = serde_json::to_string(record).map_err(|error| Failure::invalid(error.to_string()))?;
            self.line(&line)
        })
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(|error| Failure::io("the export cannot be written", error))
    }

    pub fn finish(mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| Failure::io("the export cannot be written", error))?;
        match self.draft.take() {
            Some((draft, to)) => std::fs::rename(&draft, &to).map_err(|error| cannot(&to, error)),
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some((draft, _)) = self.draft.take() {
            let _ = std::fs::remove_file(draft);
        }
    }
}

fn cannot(path: &Path, error: std::io::Error) -> Failure {
    Failure::io(format!("{} cannot be written", path.display()), error)
}

pub fn read(from: &Path) -> Result<Vec<Record>, Failure> {
    let shown = from.display().to_string();
    let unreadable = |error| Failure::io(format!("{shown} cannot be read"), error);
    let source: Box<dyn Read> = if from == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(from).map_err(unreadable)?)
    };
    read_lines(BufReader::new(source), &shown)
}

fn read_lines(mut source: impl BufRead, shown: &str) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    let mut number = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = source.by_ref().take(LINE).read_until(b'\n', &mut line);
        if read.map_err(|error| Failure::io(format!("{shown} cannot be read"), error))? == 0 {
            break;
        }
        number += 1;
        let bad = |why: String| Failure::invalid(format!("line {number} of {shown} cannot be read: {why}"));
        if line.len() as u64 == LINE {
            return Err(bad("it is too long".into()));
        }
        let text = str::from_utf8(&line).map_err(|error| bad(error.to_string()))?.trim();
        if number == 1 {
            check_head(text, shown)?;
        } else if !text.is_empty() {
            records.push(serde_json::from_str(text).map_err(|error| bad(error.to_string()))?);
        }
    }
    if number == 0 {
        return Err(Failure::invalid(format!("{shown} is empty")));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> String {
        read_lines(text.as_bytes(), "board.jsonl").unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_export_is_refused_with_the_line() {
        assert_eq!(refused(""), "board.jsonl is empty");
        assert!(refused("{}\n").contains("is no export of a board"));
        assert!(refused(r#"{"format":"flightboard","version":99}"#).contains("later Flightboard"));
        let head = head();
        assert!(
            refused(&format!("{head}\n\n{{\"type\":\"tusk\"}}"))
                .starts_with("line 3 of board.jsonl cannot be read: unknown variant")
        );
        assert!(refused(&format!("{head}\n{{\"type\":\"comment\",\"task\":\"x\",\"author\":\"you\",\"body\":\"b\",\"at\":1,\"mood\":2}}")).contains("unknown field `mood`"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut file = head().into_bytes();
            file.push(b'\n');
            file.extend(bytes);
            let _ = read_lines(&file[..], "board.jsonl");
        }
    }
}
