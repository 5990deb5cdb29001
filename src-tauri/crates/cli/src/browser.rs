//! Opening the board in the person's browser. The link is good once and opens everything, and what stands in a
//! program's arguments can be read by everybody on the machine: so the browser is given a file that only its owner can
//! read, and the file has the link.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::print;

const NAME: &str = "open-board.html";

/// The file; it goes with this.
pub struct Opened(Option<PathBuf>);

/// Where there is no browser, a sentence says so: the link that was printed is as good.
pub fn open(data_dir: &Path, port: u16, token: &str) -> Opened {
    let file = data_dir.join(NAME);
    let link = format!("http://127.0.0.1:{port}/login?token={token}");
    let opened = write(&file, &link).and_then(|()| open::that_detached(&file));
    if let Err(error) = opened {
        print::note(&format!("No browser could be opened ({error}). Open the address above yourself."));
    }
    Opened(Some(file))
}

fn write(file: &Path, link: &str) -> io::Result<()> {
    // Of an earlier server; made anew, so that its mode is ours.
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(
        format!(
            "<!doctype html><meta charset=utf-8><title>Flightboard</title>\
             <meta http-equiv=refresh content=\"0;url={link}\"><a href=\"{link}\">To the board</a>\n"
        )
        .as_bytes(),
    )
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let _ = std::fs::remove_file(file);
        }
    }
}
