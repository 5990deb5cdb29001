//! Files that people added to a card, laid into a run's place for its agent to read. They are copies in a
//! folder of ours that ignores itself, made anew for each run, so nothing that an agent did to them or put in
//! their place matters: what is found there is taken away unfollowed.

use crate::artifacts::{self, ArtifactError};
use crate::files;
use std::fs;
use std::io;
use std::path::Path;

/// Below the agent's directory.
pub const ATTACHMENTS: &str = ".flightboard/attachments";
const ROOM: &str = ".flightboard";

/// A file and the hash under which the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// One path component.
    pub name: String,
    pub hash: String,
}

/// Makes the folder hold exactly these; without any it is taken away.
pub fn lay_attachments(place: &Path, store_dir: &Path, files: &[Attached]) -> Result<(), ArtifactError> {
    let room = place.join(ROOM);
    let dir = place.join(ATTACHMENTS);
    let failed = |path: &Path| ArtifactError::io(format!("write {}", path.display()));
    if room.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
        fs::remove_file(&room).map_err(failed(&room))?;
    }
    files::remove_tree(&dir).map_err(failed(&dir))?;
    if files.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(&dir).map_err(failed(&dir))?;
    let ignore = room.join(".gitignore");
    ignore_all(&ignore).map_err(failed(&ignore))?;
    files.iter().try_for_each(|file| artifacts::copy_out(store_dir, &file.hash, &dir.join(&file.name)))
}

/// Whatever lies there, a link for one, is replaced and not written through.
fn ignore_all(path: &Path) -> io::Result<()> {
    files::remove_tree(path)?;
    files::write_durably(path, b"*\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attached(store: &Path, name: &str, text: &str) -> Attached {
        Attached { name: name.into(), hash: artifacts::keep(store, text.as_bytes(), name).unwrap().hash }
    }

    #[test]
    fn the_folder_holds_what_the_card_has_and_nothing_of_the_last_time() {
        let (place, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let one = attached(store.path(), "a b.txt", "one");
        lay_attachments(place.path(), store.path(), &[one.clone(), attached(store.path(), "c", "two")])
            .unwrap();
        let at = |name: &str| place.path().join(ATTACHMENTS).join(name);
        assert_eq!(fs::read_to_string(at("a b.txt")).unwrap(), "one");
        fs::write(at("a b.txt"), "an agent was here").unwrap();
        lay_attachments(place.path(), store.path(), &[one]).unwrap();
        assert_eq!(fs::read_to_string(at("a b.txt")).unwrap(), "one");
        assert!(!at("c").exists());
        assert_eq!(fs::read_to_string(place.path().join(".flightboard/.gitignore")).unwrap(), "*\n");
        lay_attachments(place.path(), store.path(), &[]).unwrap();
        assert!(!place.path().join(ATTACHMENTS).exists());
    }

    #[test]
    fn without_files_nothing_is_made() {
        let (place, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        lay_attachments(place.path(), store.path(), &[]).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_an_agent_left_are_not_followed() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("precious"), "kept").unwrap();
        fs::create_dir(outside.path().join("attachments")).unwrap();
        fs::write(outside.path().join("attachments/also"), "kept").unwrap();
        let store = tempfile::tempdir().unwrap();
        let file = attached(store.path(), "precious", "ours");
        let lead: [&dyn Fn(&Path); 3] = [
            &|place| symlink(outside.path(), place.join(ROOM)).unwrap(),
            &|place| {
                fs::create_dir(place.join(ROOM)).unwrap();
                symlink(outside.path(), place.join(ATTACHMENTS)).unwrap();
            },
            &|place| {
                fs::create_dir(place.join(ROOM)).unwrap();
                symlink(outside.path().join("precious"), place.join(".flightboard/.gitignore")).unwrap();
            },
        ];
        for lead in lead {
            let place = tempfile::tempdir().unwrap();
            lead(place.path());
            lay_attachments(place.path(), store.path(), std::slice::from_ref(&file)).unwrap();
            assert_eq!(fs::read_to_string(place.path().join(ATTACHMENTS).join("precious")).unwrap(), "ours");
        }
        assert_eq!(fs::read_to_string(outside.path().join("precious")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(outside.path().join("attachments/also")).unwrap(), "kept");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 2);
    }
}
