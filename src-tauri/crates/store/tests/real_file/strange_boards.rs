//! A file that is said to be another program's board: whatever is in it, it is read or refused, and never changed.

use std::path::Path;

use proptest::prelude::*;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use store::read_vibe_kanban;

/// A value of any of SQLite's kinds, as it is written in SQL; often one that means something.
fn value() -> impl Strategy<Value = String> {
    let known = [
        "'inprogress'",
        "'done'",
        "'2026-01-02 03:04:05.678'",
        "NULL",
        "''",
        "x'00112233445566778899aabbccddeeff'",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        1 => prop::collection::vec(any::<u8>(), 0..24)
            .prop_map(|bytes| format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
        1 => ".{0,20}".prop_map(|text| format!("'{}'", text.replace('\0', "").replace('\'', "''"))),
    ]
}

fn row(columns: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(value(), columns).prop_map(|values| values.join(", "))
}

fn rows(columns: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(row(columns), 0..4)
}

/// Without a declared type a column keeps whatever it is given.
const TABLES: &str = "CREATE TABLE projects (id, name, created_at, git_repo_path); \
     CREATE TABLE tasks (id, project_id, title, description, status, created_at, updated_at, parent_task_attempt); \
     CREATE TABLE task_attempts (id, task_id)";

async fn make(path: &Path, projects: &[String], tasks: &[String], attempts: &[String]) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut file = SqliteConnection::connect_with(&options).await.expect("a file");
    let tables = [("projects", projects), ("tasks", tasks), ("task_attempts", attempts)];
    let inserts = tables
        .iter()
        .flat_map(|(table, rows)| rows.iter().map(move |row| format!("INSERT INTO {table} VALUES ({row})")));
    for sql in TABLES.split("; ").map(str::to_owned).chain(inserts) {
        sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
            .execute(&mut file)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    file.close().await.expect("it is closed");
}

fn read(path: &Path) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let found = runtime.block_on(read_vibe_kanban(path, 1_800_000_000_000));
    found.map(|records| records.len()).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_board_with_any_values_is_read_or_refused(projects in rows(4), tasks in rows(8), attempts in rows(2)) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db.sqlite");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(make(&path, &projects, &tasks, &attempts));
        let before = std::fs::read(&path).expect("its bytes");
        if let Err(why) = read(&path) {
            prop_assert!(why.contains("Vibe Kanban"), "{}", why);
        }
        prop_assert_eq!(std::fs::read(&path).expect("its bytes"), before);
    }

    #[test]
    fn a_file_of_any_bytes_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..4096), headed in any::<bool>()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db.sqlite");
        let head: &[u8] = if headed { b"SQLite format 3\0" } else { b"" };
        std::fs::write(&path, [head, &bytes].concat()).expect("a file");
        prop_assert!(read(&path).expect_err("it is no board").contains("Vibe Kanban"));
    }
}
