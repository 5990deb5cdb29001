//! How SQLite goes about the statements of the queue: by an index, in its order, and never through a
//! whole table. So their cost does not grow with what is stored.

use domain::ProjectId;
use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    FILE_NAME, LimitOn, Store, board, claims, edges, listing, projects, queue, reports, reviews, runs,
};

/// The steps of each statement in `sql`, in which `?` may stand for anything.
async fn plan(sql: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path()).await.unwrap().close().await;
    // A new parent row is looked for among children only while a reference is broken; plans name that too.
    let options = SqliteConnectOptions::new().filename(dir.path().join(FILE_NAME)).foreign_keys(false);
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    let mut steps = Vec::new();
    for statement in sql.split(';') {
        let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(explained).fetch_all(&mut raw).await.unwrap();
        steps.extend(rows.into_iter().map(|(.., step)| step));
    }
    raw.close().await.unwrap();
    steps
}

/// Passes through something as long as the table it is of.
fn is_a_scan(step: &str) -> bool {
    // A list that was bound is as long as the commit, a subquery's rows are its own scan's, and projects are few.
    // All cards of a project, whether they are over or not.
    if step.contains("tasks_project (project_id=?)") {
        return true;
    }
    let passing = [
        "runs_at_work",
        "runs_one_live",
        "tasks_review",
        "json_each",
        "VIRTUAL TABLE",
        "CONSTANT ROW",
        "(subquery",
        "sqlite_sequence",
        "project",
    ];
    step.starts_with("SCAN") && !passing.iter().any(|part| step.contains(part))
}

#[rstest]
#[case::ready(claims::READY, "tasks_ready")]
#[case::in_the_inbox(claims::IN_THE_INBOX, "tasks_inbox")]
#[tokio::test]
async fn candidates_come_in_the_order_of_their_index(#[case] sql: &str, #[case] index: &str) {
    let steps = plan(sql).await;
    let scans: Vec<&String> = steps.iter().filter(|step| is_a_scan(step)).collect();
    // It reads the index from its start, and stops at the limit.
    assert_eq!(scans, [&format!("SCAN tasks USING INDEX {index}")], "{steps:#?}");
    assert!(!steps.iter().any(|step| step.contains("ORDER BY")), "{steps:#?}");
}

#[rstest]
#[case::held(claims::HELD)]
#[case::glance(claims::GLANCE)]
#[case::taken(claims::TAKE)]
#[case::reported(reports::REPORTED)]
#[case::succeeded(reports::SUCCEED)]
#[case::to_review(reports::TO_REVIEW)]
#[case::startable(queue::STARTABLE)]
#[case::rules(projects::RULES)]
#[case::limited(runs::counted(&LimitOn::Total).0)]
#[case::limited_here(runs::counted(&LimitOn::Here).0)]
#[case::limited_agent(runs::counted(&LimitOn::Agent(String::new())).0)]
#[case::limited_project(runs::counted(&LimitOn::Project(ProjectId(1))).0)]
#[case::limited_repository(runs::counted(&LimitOn::Repository("/r".into())).0)]
#[case::limited_review(runs::counted(&LimitOn::Review).0)]
#[tokio::test]
async fn nothing_is_scanned(#[case] sql: &str) {
    let steps = plan(sql).await;
    assert!(!steps.is_empty() && !steps.iter().any(|step| is_a_scan(step)), "{steps:#?}");
}

/// What was named is looked up, however much is in review or waits for something.
#[rstest]
#[case::at_gates(reviews::AMONG_AT_GATES)]
#[case::above(edges::ABOVE)]
#[case::listed(listing::PAGE_AMONG)]
#[case::counted(listing::COUNT_AMONG)]
#[tokio::test]
async fn only_what_was_named_is_read(#[case] sql: &str) {
    let steps = plan(sql).await;
    let scans = |step: &&String| step.starts_with("SCAN") && !step.contains("json_each");
    let own = ["SCAN above", "SCAN CONSTANT ROW"];
    let others: Vec<&String> =
        steps.iter().filter(scans).filter(|step| !own.contains(&step.as_str())).collect();
    assert!(!steps.is_empty() && others.is_empty(), "{steps:#?}");
}

#[tokio::test]
async fn who_needs_a_person_is_found_without_passing_through_all_cards() {
    let steps = plan(board::NEEDING_YOU).await;
    let whole =
        |step: &&String| is_a_scan(step) && !step.contains("USING INDEX") && !step.starts_with("SCAN q");
    assert_eq!(steps.iter().find(whole), None, "{steps:#?}");
}
