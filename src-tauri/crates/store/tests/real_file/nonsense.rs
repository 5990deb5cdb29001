//! What must never be in the file is refused by the file.

use domain::{Actor, Outcome};
use rstest::rstest;
use testkit::{TempStore, agent, card};

use testkit::Raw;

/// Task 1 is in flight with run 1, task 2 lies in the inbox, task 3 is in review after run 2.
async fn board() -> TempStore {
    let store = TempStore::new().await;
    store.at_work("in flight").await;
    store.add(card("in the inbox")).await;
    let (_, run) = store.at_work("in review").await;
    store.end(run, Outcome::Succeeded).await;
    store.register_agent(agent("scout"), Actor::Person, store.clock.tick()).await.expect("an agent");
    store
}

#[rstest]
#[case::in_flight_without_a_run("UPDATE tasks SET live_run = NULL WHERE id = 1", "CHECK")]
#[case::in_flight_from_nowhere("UPDATE tasks SET came_from = NULL WHERE id = 1", "CHECK")]
#[case::a_run_that_holds_an_idle_card("UPDATE tasks SET live_run = 1 WHERE id = 2", "CHECK")]
#[case::done_without_an_end("UPDATE tasks SET status = 'done' WHERE id = 2", "CHECK")]
#[case::an_end_without_done("UPDATE tasks SET finished_at = 5 WHERE id = 2", "CHECK")]
#[case::an_agent_at_work_in_the_trash("UPDATE tasks SET trashed_at = 5 WHERE id = 1", "CHECK")]
#[case::deleted_from_the_board("UPDATE tasks SET deleted_at = 5 WHERE id = 2", "CHECK")]
#[case::a_column_of_ones_own("UPDATE tasks SET status = 'limbo' WHERE id = 2", "CHECK")]
#[case::a_priority_beyond_the_scale("UPDATE tasks SET priority = 11 WHERE id = 2", "CHECK")]
#[case::a_card_without_a_title("UPDATE tasks SET title = '' WHERE id = 2", "CHECK")]
#[case::a_title_of_501_characters("UPDATE tasks SET title = printf('%.501c', 'x') WHERE id = 2", "CHECK")]
#[case::tags_that_are_no_json("UPDATE tasks SET tags = 'bug, ui' WHERE id = 2", "CHECK")]
#[case::a_number_that_is_none("UPDATE tasks SET created_at = 'yesterday' WHERE id = 2", "cannot store TEXT")]
#[case::a_project_that_is_not_there("UPDATE tasks SET project_id = 9 WHERE id = 2", "FOREIGN KEY")]
#[case::a_task_twice("INSERT INTO tasks SELECT * FROM tasks WHERE id = 2", "UNIQUE")]
#[case::ended_without_an_outcome(
    "UPDATE runs SET phase = 'ended', activity = NULL, ended_at = 5 WHERE id = 1",
    "CHECK"
)]
#[case::ended_without_a_time("UPDATE runs SET ended_at = NULL WHERE id = 2", "CHECK")]
#[case::an_outcome_of_a_live_run("UPDATE runs SET outcome = 'succeeded' WHERE id = 1", "CHECK")]
#[case::failed_without_a_cause("UPDATE runs SET outcome = 'failed' WHERE id = 2", "CHECK")]
#[case::running_without_an_activity("UPDATE runs SET activity = NULL WHERE id = 1", "CHECK")]
#[case::running_without_a_start("UPDATE runs SET started_at = NULL WHERE id = 1", "CHECK")]
#[case::a_workspace_of_no_kind("UPDATE runs SET ws_path = x'2f' WHERE id = 2", "CHECK")]
#[case::in_flight_from_a_column_of_ones_own(
    "UPDATE tasks SET came_from = 'limbo' WHERE id = 1",
    "CHECK constraint failed: came_from = 'inbox'"
)]
#[case::a_phase_of_ones_own(
    "UPDATE runs SET phase = 'limbo' WHERE id = 1",
    "CHECK constraint failed: phase = 'queued'"
)]
#[case::an_activity_of_ones_own(
    "UPDATE runs SET activity = 'dancing' WHERE id = 1",
    "CHECK constraint failed: activity = 'working'"
)]
#[case::an_outcome_of_ones_own(
    "UPDATE runs SET outcome = 'unclear' WHERE id = 2",
    "CHECK constraint failed: outcome = 'succeeded'"
)]
#[case::a_workspace_of_ones_own(
    "UPDATE runs SET ws_path = x'2f', ws_kind = 'cloud' WHERE id = 2",
    "CHECK constraint failed: ws_kind = 'worktree'"
)]
#[case::a_run_begun_by_nobody(
    "UPDATE runs SET origin = 'nobody' WHERE id = 1",
    "CHECK constraint failed: origin = 'person'"
)]
#[case::a_word_of_ones_own(
    "UPDATE runs SET word = 'maybe' WHERE id = 1",
    "CHECK constraint failed: word = 'succeeded'"
)]
#[case::two_live_runs_of_a_task(
    "INSERT INTO runs (uid, task_id, attempt, agent, mode, argv, phase, created_at) VALUES ('u', 1, 2, 'demo', 'unattended', '[]', 'preparing', 5)",
    "UNIQUE constraint failed: runs.task_id"
)]
#[case::a_zeroth_attempt("UPDATE runs SET attempt = 0 WHERE id = 2", "CHECK")]
#[case::a_run_of_no_task(
    "INSERT INTO runs (uid, task_id, attempt, agent, mode, argv, phase, created_at) VALUES ('u', 9, 1, 'demo', 'unattended', '[]', 'preparing', 5)",
    "FOREIGN KEY"
)]
#[case::an_artifact_of_no_run(
    "INSERT INTO artifacts (task_id, run_id, path, kind, size, hash, at) VALUES (1, 9, 'a', 'text', 1, printf('%.64c', 'a'), 5)",
    "FOREIGN KEY"
)]
#[case::an_artifact_without_its_hash(
    "INSERT INTO artifacts (task_id, run_id, path, kind, size, hash, at) VALUES (1, 1, 'a', 'text', 1, 'abc', 5)",
    "CHECK"
)]
#[case::an_empty_comment(
    "INSERT INTO task_comments (task_id, author, body, at) VALUES (1, 'you', '', 5)",
    "CHECK"
)]
#[case::an_agent_with_a_blank_in_its_name("UPDATE agents SET name = 'two words'", "CHECK")]
#[case::an_agent_called_like_a_hidden_file("UPDATE agents SET name = '.scout'", "CHECK")]
#[case::an_agent_without_a_name("UPDATE agents SET name = ''", "CHECK")]
#[case::an_agent_that_can_do_nothing("UPDATE agents SET max_capacity = 0", "CHECK")]
#[case::an_agent_that_can_do_everything("UPDATE agents SET max_capacity = 65", "CHECK")]
#[case::an_agent_half_switched_on("UPDATE agents SET enabled = 2", "CHECK")]
#[case::skills_that_are_no_list("UPDATE agents SET skills = '{}'", "CHECK")]
#[case::a_profile_that_is_no_object("UPDATE agents SET profile = '[]'", "CHECK")]
#[case::instructions_without_end("UPDATE agents SET instructions = printf('%.50001c', 'x')", "CHECK")]
#[case::two_agents_of_one_name(
    "INSERT INTO agents (uid, name, title, kind, profile, instructions, skills, max_capacity, enabled, registered_at, updated_at) SELECT 'u', name, title, kind, profile, instructions, skills, max_capacity, enabled, registered_at, updated_at FROM agents",
    "UNIQUE constraint failed: agents.name"
)]
#[case::an_edited_change("UPDATE changes SET text = 'it was not me' WHERE seq = 1", "append-only")]
#[case::a_forgotten_change("DELETE FROM changes WHERE seq = 1", "append-only")]
#[tokio::test]
async fn nonsense_cannot_be_stored(#[case] sql: &str, #[case] because: &str) {
    let store = board().await;
    let said = Raw::open(&store).await.refusal(sql).await.expect("the database refuses");
    assert!(said.contains(because), "{sql} was refused for another reason: {said}");
}

#[tokio::test]
async fn the_same_statements_with_sense_are_taken() {
    let store = board().await;
    let mut raw = Raw::open(&store).await;
    for sql in [
        "UPDATE tasks SET status = 'done', finished_at = 5 WHERE id = 2",
        "UPDATE tasks SET trashed_at = 5 WHERE id = 2",
        "UPDATE tasks SET title = printf('%.500c', 'x'), priority = 10, tags = '[\"bug\"]' WHERE id = 3",
        "UPDATE runs SET outcome = 'failed', cause = 'agent_error' WHERE id = 2",
    ] {
        assert_eq!(raw.refusal(sql).await, None, "{sql}");
    }
}
