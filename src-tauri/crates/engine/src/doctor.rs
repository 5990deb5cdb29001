//! What this machine has and what is missing, in sentences.

use std::process::Stdio;

use tokio::process::Command;

use crate::Engine;

/// One line of the doctor's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineCheck {
    pub name: String,
    pub ok: bool,
    pub found: String,
    /// The next step when not ok.
    pub fix: Option<String>,
}

/// Below this much free space a run may fill the disk.
const ROOM: u64 = 1024 * 1024 * 1024;

impl Engine {
    pub async fn check_machine(&self) -> Vec<MachineCheck> {
        vec![git().await, self.data_dir(), self.room(), self.host()]
    }

    fn data_dir(&self) -> MachineCheck {
        let root = self.layout().root();
        let probe = root.join(".doctor");
        let written = std::fs::write(&probe, b"ok").and_then(|()| std::fs::remove_file(&probe));
        MachineCheck {
            name: "data directory".into(),
            ok: written.is_ok(),
            found: match &written {
                Ok(()) => root.display().to_string(),
                Err(error) => format!("{} cannot be written: {error}", root.display()),
            },
            fix: written
                .is_err()
                .then(|| "give yourself write permission, or choose another with --data-dir".into()),
        }
    }

    fn room(&self) -> MachineCheck {
        #[cfg(unix)]
        let free = rustix::fs::statvfs(self.layout().root()).map(|disk| disk.f_bavail * disk.f_frsize).ok();
        #[cfg(not(unix))]
        let free: Option<u64> = None;
        let ok = free.is_none_or(|free| free >= ROOM);
        MachineCheck {
            name: "disk space".into(),
            ok,
            found: free.map_or("unknown".into(), |free| format!("{:.1} GiB free", free as f64 / ROOM as f64)),
            fix: (!ok).then(|| "free some space: logs and workspaces need at least 1 GiB".into()),
        }
    }

    fn host(&self) -> MachineCheck {
        let path = self.host_binary();
        let ok = path.is_file();
        MachineCheck {
            name: "pty-host".into(),
            ok,
            found: path.display().to_string(),
            fix: (!ok).then(|| "install Flightboard again: a part of it is missing".into()),
        }
    }
}

async fn git() -> MachineCheck {
    let asked = Command::new("git").arg("--version").stdin(Stdio::null()).output().await;
    let version = asked.ok().filter(|output| output.status.success());
    MachineCheck {
        name: "git".into(),
        ok: version.is_some(),
        found: version
            .map_or("not found".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        fix: None,
    }
    .with_fix("install git 2.25 or newer, e.g. `sudo apt-get install git`")
}

impl MachineCheck {
    fn with_fix(mut self, fix: &str) -> MachineCheck {
        if !self.ok {
            self.fix = Some(fix.into());
        }
        self
    }
}
