//! Where the host's executable is.

use std::path::PathBuf;

/// Overrides the search.
pub const HOST_VARIABLE: &str = "FLIGHTBOARD_PTY_HOST";

const NAME: &str = if cfg!(windows) { "flightboard-pty-host.exe" } else { "flightboard-pty-host" };

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("{HOST_VARIABLE} names {0}, which is no file")]
    Variable(PathBuf),
    #[error("flightboard-pty-host is missing; it belongs to {}", looked.first().map_or(String::new(), |path| path.display().to_string()))]
    Missing { looked: Vec<PathBuf> },
    #[error("this program does not know where it is: {0}")]
    Nowhere(#[from] std::io::Error),
}

/// Next to this executable, or one directory up (where tests find the programs that they test).
pub fn find_host_binary() -> Result<PathBuf, FindError> {
    if let Some(named) = std::env::var_os(HOST_VARIABLE).map(PathBuf::from) {
        return if named.is_file() { Ok(named) } else { Err(FindError::Variable(named)) };
    }
    let me = std::env::current_exe()?;
    let looked: Vec<PathBuf> = me.ancestors().skip(1).take(2).map(|directory| directory.join(NAME)).collect();
    looked.iter().find(|path| path.is_file()).cloned().ok_or(FindError::Missing { looked })
}
