//! Where runs happen: making a workspace for one run (a git worktree, one of each of several
//! repositories, a copy of a folder, or the folder itself), reading what changed in it, collecting its
//! artifacts, and taking it away again without ever losing work. Everything here blocks; whoever calls
//! it from async code gives it a thread of its own. No database, no clock beyond file times, nothing
//! about agents.
//!
//! A workspace at `DIR/name` has a sibling `DIR/name.state` that holds what we know about it
//! ([`Workspace`]), so that a crash at any moment can be cleaned up by [`sweep`].

pub mod artifacts;
mod attachments;
mod changes;
mod excludes;
mod files;
mod folder;
mod git;
mod include;
mod lock;
mod marks;
mod os_path;
mod pool;
mod ports;
mod process;
mod provision;
mod record;
mod removal;
mod repositories;
mod review_copy;
mod salvage;
mod scratch_index;
mod setup;
mod side_by_side;
mod submodules;
mod sweep;
mod worktree;

pub use attachments::{ATTACHMENTS, Attached, lay_attachments};
pub use changes::{Change, ChangeKind, Changes, ChangesError, Count, FileDiff, changes, diff};
pub use excludes::agent_git_env;
pub use git::GitError;
pub use marks::{EndMarks, end_marks};
pub use pool::{Pool, Refilled};
pub use ports::{BLOCK, NoPorts, lease_ports, lease_ports_with, port_env};
pub use process::Cancel;
pub use provision::{Part, Provision, ProvisionError, Provisioned, Step, provision};
pub use record::{Kind, RecordError, Workspace};
pub use removal::{Removal, RemoveError, Removed, empty_trash, remove, restore_folder};
pub use repositories::{FoundRepository, ProjectKind, find_repositories, inspect};
pub use review_copy::{CopyError, PATCH, copy_for_review, remove_copy};
pub use salvage::{RestoreError, Restored, Salvage, SalvageError, restore, salvage};
pub use side_by_side::check_side_by_side;
pub use sweep::{Swept, sweep};
