//! Agents that pull, through the socket of one engine, from two processes at one time.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flightboard_stories::{Desk, call};
use serde_json::{Value, json};

const TASKS: usize = 2_000;
/// In each of the two processes.
const CLAIMERS: usize = 100;
const DATA: &str = "FLIGHTBOARD_STORY_DATA";

fn ask(data: &Path, operation: &str, request: &Value) -> Value {
    call(data, operation, request).expect("the engine answers").expect("and does not refuse")
}

/// Claims and finishes until nothing is left; the tasks, in their order.
fn pull(data: &Path, agent: &str) -> Vec<i64> {
    let mut done = Vec::new();
    loop {
        let answer = ask(data, "claim_task", &json!({ "agent": agent }));
        if answer["reason"] == "no_tasks_available" {
            return done;
        }
        assert_eq!(answer["reason"], "assigned", "{agent} holds nothing: {answer}");
        let claim = &answer["claim"];
        let report = json!({ "run": claim["run"], "token": claim["token"], "succeeded": true });
        ask(data, "finish_run", &report);
        done.push(claim["task"].as_i64().expect("an id"));
    }
}

fn pull_as_many(data: &Path, name: &str) -> Vec<i64> {
    std::thread::scope(|scope| {
        let pulling: Vec<_> =
            (0..CLAIMERS).map(|n| scope.spawn(move || pull(data, &format!("{name}-{n}")))).collect();
        pulling.into_iter().flat_map(|one| one.join().expect("a claimer goes on to the end")).collect()
    })
}

#[test]
#[ignore = "not a test: the second process of the one below"]
fn the_other_process() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else { return };
    println!("SAID begins");
    for task in pull_as_many(&data, "theirs") {
        println!("SAID {task}");
    }
}

#[test]
fn two_hundred_claimers_in_two_processes_never_get_the_same_task_through_the_socket() {
    let desk = Desk::new();
    let served = desk.serve();
    let data = desk.data();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..TASKS / 20 {
                    ask(&data, "add_task", &json!({ "title": "work", "column": "ready" }));
                }
            });
        }
    });
    let mut other = Command::new(std::env::current_exe().expect("a test knows its own path"))
        .args(["--exact", "claims::the_other_process", "--ignored", "--nocapture"])
        .env(DATA, &data)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test program starts again");
    let said = BufReader::new(other.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut said = said.filter_map(|line| Some(line.split_once("SAID ")?.1.to_owned()));
    assert_eq!(said.next().as_deref(), Some("begins"));
    let ours = pull_as_many(&data, "ours");
    let theirs: Vec<i64> = said.map(|task| task.parse().expect("an id")).collect();
    assert!(other.wait().expect("the end").success());

    let claimed: Vec<i64> = ours.iter().chain(&theirs).copied().collect();
    let different: BTreeSet<i64> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), different.len()), (TASKS, TASKS), "a task was claimed twice, or left");
    println!("{} claimed in this process, {} in the other", ours.len(), theirs.len());
    let board = desk.rpc("get_board", &json!({})).unwrap();
    for card in board["cards"].as_array().unwrap() {
        assert_eq!((&card["status"], &card["runs"]), (&json!("review"), &json!(1)), "{card}");
    }
    served.stop();
}
