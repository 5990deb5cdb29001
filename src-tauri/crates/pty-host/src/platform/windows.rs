//! Windows: marks of processes only. The host (ConPTY, a Job Object, a named pipe) does not exist yet, so the
//! client says `Unsupported` instead of starting something that could not keep its promises. Not compiled where
//! it was written.

use std::io;

use crate::records::ProcessMark;

pub(crate) fn mark(_pid: u32) -> io::Result<Option<ProcessMark>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "runs on Windows are not supported yet"))
}

pub(crate) fn kill_orphans_of(_agent: &ProcessMark) -> io::Result<bool> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "runs on Windows are not supported yet"))
}
