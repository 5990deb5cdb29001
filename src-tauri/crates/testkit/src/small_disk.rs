//! A disk that is soon full.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A file system of its own. It goes when this is dropped.
#[derive(Debug)]
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None where it cannot be mounted, which takes root and Linux; says so.
    pub fn mount(mib: u32) -> Option<SmallDisk> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let size = format!("size={mib}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(dir)),
            Ok(output) => {
                eprintln!(
                    "skipped: no small disk can be mounted: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
                None
            }
            Err(error) => {
                eprintln!("skipped: no small disk can be mounted: {error}");
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room but `left` bytes; whoever removes the returned file gives it back.
    pub fn fill(&self, left: u64) -> PathBuf {
        let ballast = self.path().join("ballast");
        let mut file = File::create(&ballast).expect("a file");
        let page = [1; 4096];
        while file.write_all(&page).is_ok() {}
        let len = file.metadata().expect("its length").len();
        file.set_len(len.saturating_sub(left)).expect("some room");
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failed test may still hold the database open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
