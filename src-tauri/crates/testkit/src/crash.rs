//! Killing the process that writes a database, at a statement of the test's choice: just before that
//! statement begins the files are copied as the kernel would keep them, and the copy is what the next
//! start finds. What the writer does afterwards happens in files that nobody looks at any more.

use std::{
    collections::HashMap,
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    path::{Path, PathBuf},
    sync::{
        Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
};

use store::FILE_NAME;

/// A crash that is to come, or came.
#[derive(Debug)]
pub struct Crash {
    file: PathBuf,
}

struct Armed {
    /// Statements until then.
    left: u32,
    to: PathBuf,
}

/// By the database's file.
static ARMED: Mutex<Option<HashMap<PathBuf, Armed>>> = Mutex::new(None);
/// How many are armed, so that statements of every other test cost one look.
static HOW_MANY: AtomicUsize = AtomicUsize::new(0);

/// From now on statements see crashes coming: call it before the store is opened.
pub fn expect_crashes() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `on_open` has the signature that SQLite calls it with, and lives as long as the program.
        let registered = unsafe { sqlite3_auto_extension(Some(on_open)) };
        assert_eq!(registered, 0, "SQLite takes the hook");
    });
}

impl Crash {
    /// Before the `nth` statement (from 0) that the writer of the store in `dir` begins from now on, its
    /// files are copied to the folder `to`.
    pub fn before_statement(nth: u32, dir: &Path, to: &Path) -> Crash {
        let file = dir.join(FILE_NAME).canonicalize().expect("the store has been opened");
        let armed = Armed { left: nth, to: to.to_owned() };
        let mut all = ARMED.lock().expect("no panic while it was held");
        assert!(all.get_or_insert_default().insert(file.clone(), armed).is_none(), "armed already");
        HOW_MANY.fetch_add(1, Ordering::SeqCst);
        Crash { file }
    }

    /// Whether it came; if not, it does not come any more.
    pub fn came(self) -> bool {
        let mut all = ARMED.lock().expect("no panic while it was held");
        let waiting = all.get_or_insert_default().remove(&self.file).is_some();
        if waiting {
            HOW_MANY.fetch_sub(1, Ordering::SeqCst);
        }
        !waiting
    }
}

fn statement_begins(file: &Path) {
    let mut all = ARMED.lock().expect("no panic while it was held");
    let Some(armed) = all.get_or_insert_default().get_mut(file) else { return };
    if armed.left > 0 {
        armed.left -= 1;
        return;
    }
    for name in [FILE_NAME.to_owned(), format!("{FILE_NAME}-wal")] {
        let copied = std::fs::copy(file.with_file_name(&name), armed.to.join(&name));
        // Before the first write there is no log beside the file.
        assert!(copied.is_ok() || name != FILE_NAME, "a copy of the files: {copied:?}");
    }
    all.get_or_insert_default().remove(file);
    HOW_MANY.fetch_sub(1, Ordering::SeqCst);
}

unsafe extern "C" fn on_open(db: *mut Sqlite3, _error: *mut *mut c_char, _routines: *const c_void) -> c_int {
    // SAFETY: SQLite hands over the connection that it has just opened. Readers write nothing.
    unsafe {
        if sqlite3_db_readonly(db, c"main".as_ptr()) == 0 {
            sqlite3_trace_v2(db, SQLITE_TRACE_STMT, Some(on_statement), db.cast());
        }
    }
    0
}

unsafe extern "C" fn on_statement(_: c_uint, db: *mut c_void, _: *mut c_void, _: *mut c_void) -> c_int {
    if HOW_MANY.load(Ordering::SeqCst) > 0 {
        // SAFETY: the connection that the hook was set on; its file's name lives as long as it does.
        let name = unsafe { sqlite3_db_filename(db.cast(), c"main".as_ptr()) };
        if !name.is_null() {
            // SAFETY: not null, so a string that ends in 0.
            let name = unsafe { CStr::from_ptr(name) };
            statement_begins(Path::new(&*name.to_string_lossy()));
        }
    }
    0
}

/// SQLite's connection, which only SQLite looks into.
#[repr(C)]
struct Sqlite3 {
    _private: [u8; 0],
}

const SQLITE_TRACE_STMT: c_uint = 1;

type OnOpen = unsafe extern "C" fn(*mut Sqlite3, *mut *mut c_char, *const c_void) -> c_int;
type OnTrace = unsafe extern "C" fn(c_uint, *mut c_void, *mut c_void, *mut c_void) -> c_int;

// Linked in with sqlx; https://sqlite.org/c3ref/auto_extension.html and trace_v2.html.
unsafe extern "C" {
    fn sqlite3_auto_extension(entry: Option<OnOpen>) -> c_int;
    fn sqlite3_trace_v2(db: *mut Sqlite3, mask: c_uint, hook: Option<OnTrace>, context: *mut c_void)
    -> c_int;
    fn sqlite3_db_filename(db: *mut Sqlite3, schema: *const c_char) -> *const c_char;
    fn sqlite3_db_readonly(db: *mut Sqlite3, schema: *const c_char) -> c_int;
}
