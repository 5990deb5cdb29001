//! A review from its copy to its verdict: what is said reaches the worker in the session in which it did
//! the work, a reviewer ends with the work that it judges, and a kill at any step leaves nothing behind.

use std::{fs, path::PathBuf};

use flightboard_stories::Desk;
use serde_json::{Value, json};

use crate::gates::{agent, queue_of, shop, start, until, until_status};

const WORKS: &str = "echo work > made.txt; echo done > COMPLETION.md";

/// Registers the reviewer `aegis`, which approves once the story has taken its hand away.
fn patient_reviewer(desk: &Desk) -> PathBuf {
    let hand = desk.folder.path().join("hand");
    fs::write(&hand, "").unwrap();
    let script = format!(
        "echo looking; while [ -e '{}' ]; do sleep 0.05; done; printf 'VERDICT: APPROVED\\n' > REVIEW.md",
        hand.display()
    );
    agent(desk, "aegis", &script);
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    hand
}

fn runs(card: &Value) -> Vec<Value> {
    card["runs"].as_array().cloned().unwrap_or_default()
}

/// The newest review of the card, once it is so.
fn review_that(desk: &Desk, id: &str, status: &str) -> Value {
    let of = |card: &Value| runs(card).into_iter().find(|run| !run["review"].is_null());
    let is = |card: &Value| of(card).is_some_and(|run| run["status"] == status);
    of(&until(desk, id, &format!("the review of {id} is {status}"), is)).unwrap()
}

/// The attempts at the work, oldest first.
fn attempts(card: &Value) -> Vec<Value> {
    runs(card).into_iter().rev().filter(|run| run["review"].is_null()).collect()
}

fn copies(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(desk.data().join("reviews")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn until_cleared_away(desk: &Desk) {
    desk.until("no copy is left", || copies(desk).is_empty().then_some(()));
    desk.until("no process is left", || desk.processes_of_runs().is_empty().then_some(()));
}

fn verdicts(desk: &Desk, id: i64) -> Vec<String> {
    let queue = queue_of(desk, id);
    let list = queue["reviews"].as_array().unwrap();
    list.iter().map(|review| review["verdict"].as_str().unwrap_or("none").to_owned()).collect()
}

/// Every way by which a person takes work away from its reviewer.
#[test]
fn a_reviewer_ends_with_the_review_and_the_next_attempt_is_not_kept_waiting() {
    let (desk, _served) = shop(WORKS, &[]);
    let hand = patient_reviewer(&desk);
    let ways: [(&str, &[&[&str]]); 5] = [
        ("1", &[&["move", "1", "ready"]]),
        ("2", &[&["reject", "2", "--notes", "Not like this."]]),
        ("3", &[&["trash", "put", "3"]]),
        ("4", &[&["run", "4", "--agent", "custom", "--wait", "--", "true"]]),
        ("5", &[&["move", "5", "cancelled"]]),
    ];
    for (id, deeds) in ways {
        start(&desk, "Taken away");
        let judging = review_that(&desk, id, "working");
        assert_eq!(copies(&desk), [judging["id"].to_string()]);
        for deed in deeds {
            desk.ok(deed);
        }
        let ended = desk.rpc("get_run", &json!({ "run": judging["id"] })).unwrap();
        assert_eq!(
            (&ended["status"], &ended["survivors"]),
            (&json!("stopped"), &json!([])),
            "{deeds:?}: {ended}"
        );
        assert!(!copies(&desk).contains(&judging["id"].to_string()), "{deeds:?} left a copy");
        if id == "4" {
            // New work is judged anew.
            assert_ne!(review_that(&desk, id, "working")["id"], judging["id"]);
            desk.ok(&["move", "4", "cancelled"]);
        }
        if id == "1" || id == "2" {
            until(&desk, id, "it is worked on again", |card| attempts(card).len() == 2);
            review_that(&desk, id, "working");
            desk.ok(&["move", id, "cancelled"]);
        }
    }
    until_cleared_away(&desk);

    // Nobody judges what is in the trash, and it is judged once it is back.
    fs::remove_file(&hand).unwrap();
    desk.ok(&["trash", "restore", "3"]);
    until_status(&desk, "3", "done");
    assert_eq!(verdicts(&desk, 3), ["approved"]);
    until_cleared_away(&desk);
}

#[test]
fn a_person_who_stops_a_review_decides_for_themselves() {
    let (desk, _served) = shop(WORKS, &[]);
    patient_reviewer(&desk);
    start(&desk, "Judged too long");
    let judging = review_that(&desk, "1", "working");

    desk.rpc("stop_run", &json!({ "run": judging["id"] })).unwrap();

    let card = until(&desk, "1", "it is held", |card| card["needs_you"] == true);
    assert_eq!(card["status"], "review");
    assert!(card["why"].as_str().unwrap().starts_with("you stopped the review by aegis"), "{card}");
    assert_eq!(runs(&card).len(), 2, "nothing that a person stopped starts again by itself");
    until_cleared_away(&desk);
}

#[test]
fn a_reviewer_that_will_not_leave_is_ended_by_the_next_engine_if_this_one_is_killed_meanwhile() {
    let (desk, served) = shop(WORKS, &[]);
    agent(&desk, "aegis", "trap '' TERM HUP INT; echo looking; while :; do sleep 0.05; done");
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    start(&desk, "Taken away in vain");
    let judging = review_that(&desk, "1", "working");
    let asked = || {
        let lines = desk.rpc("get_timeline", &json!({ "id": 1 })).unwrap();
        lines.as_array().unwrap().iter().any(|line| line["text"] == "its work left Review").then_some(())
    };

    std::thread::scope(|scope| {
        let _ = scope.spawn(|| desk.try_rpc("move_task", &json!({ "id": 1, "column": "inbox" })));
        desk.until("it was asked to end", asked);
        served.kill();
    });
    let _served = desk.serve();

    until_cleared_away(&desk);
    let card = desk.show("1");
    assert_eq!((&card["status"], runs(&card).len()), (&json!("inbox"), 2));
    assert_eq!(runs(&card)[0]["id"], judging["id"]);
    assert_eq!(runs(&card)[0]["status"], "stopped");
}

/// The engine is killed as soon as a step of the review is known to have begun.
#[test]
fn a_kill_at_any_step_of_a_review_neither_strands_the_card_nor_spends_a_try() {
    let (desk, served) = shop(WORKS, &[]);
    let hand = patient_reviewer(&desk);
    let seen = |id: i64, what: &str| {
        let lines = desk.rpc("get_timeline", &json!({ "id": id })).unwrap();
        lines
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["text"].as_str().unwrap().starts_with(what))
            .then_some(())
    };
    let mut served = Some(served);
    let steps = ["review 2 with aegis", "run 2 started", "run 2 finished", "aegis approved"];
    for (id, step) in (1..).zip(steps) {
        fs::write(&hand, "").unwrap();
        start(&desk, step);
        let key = id.to_string();
        if id > 2 {
            review_that(&desk, &key, "working");
            fs::remove_file(&hand).unwrap();
        }
        desk.until(step, || seen(id, step));
        served.take().unwrap().kill();
        let _ = fs::remove_file(&hand);
        served = Some(desk.serve());

        let card = until_status(&desk, &key, "done");
        assert_eq!(verdicts(&desk, id), ["approved"], "{step}: {card}");
        assert_eq!(queue_of(&desk, id)["failures"], json!([]), "{step}");
        until_cleared_away(&desk);
    }
}

#[test]
fn a_kill_while_the_work_is_being_copied_leaves_no_half_of_it() {
    let many =
        "i=0; while [ $i -lt 300 ]; do echo $i > file-$i; i=$((i + 1)); done; echo done > COMPLETION.md";
    let (desk, served) = shop(many, &[]);
    patient_reviewer(&desk);
    start(&desk, "Much to copy");

    let copy = desk.until("the copy is begun", || copies(&desk).pop());
    served.kill();

    let copy = desk.data().join("reviews").join(copy);
    // Written last.
    assert!(!copy.join("CHANGES.diff").exists(), "the kill came too late to mean anything");
    fs::remove_file(desk.folder.path().join("hand")).unwrap();
    let _served = desk.serve();
    until_status(&desk, "1", "done");
    assert_eq!(verdicts(&desk, 1), ["approved"]);
    assert!(!copy.exists());
    until_cleared_away(&desk);
}

/// What a kill between the end of the reviewer and its verdict, or between verdict and clearing up, leaves.
#[test]
fn a_verdict_that_nobody_read_is_read_by_the_next_engine_and_old_copies_go() {
    let (desk, served) = shop(WORKS, &[]);
    let hand = patient_reviewer(&desk);
    start(&desk, "Judged while nobody looked");
    let judging = review_that(&desk, "1", "working");
    served.kill();
    fs::remove_file(&hand).unwrap();

    // A command hosts the engine for its own length: it learns of the end, and carries out no gates.
    let card = until(&desk, "1", "the reviewer has ended", |card| runs(card)[0]["status"] == "succeeded");
    assert_eq!((&card["status"], verdicts_in(&card)), (&json!("review"), 0));
    assert_eq!(copies(&desk), [judging["id"].to_string()], "the verdict lies in it");

    let served = desk.serve();
    until_status(&desk, "1", "done");
    until_cleared_away(&desk);
    served.kill();
    for left in [judging["id"].to_string(), "999".into()] {
        let left = desk.data().join("reviews").join(left);
        fs::create_dir_all(left.join("below")).unwrap();
        fs::write(left.join("below/half"), "").unwrap();
    }
    desk.ok(&["list"]);
    let _served = desk.serve();
    until_cleared_away(&desk);
}

fn verdicts_in(card: &Value) -> usize {
    card["queue"]["reviews"].as_array().map_or(0, Vec::len)
}

/// With one place and a limit of one on Review there is still room to judge what is in Review.
#[test]
fn a_full_flight_makes_a_review_wait_and_no_more() {
    let (desk, _served) = shop(WORKS, &[]);
    agent(&desk, "aegis", "printf 'VERDICT: APPROVED\\n' > REVIEW.md");
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    desk.ok(&["policy", "--parallel", "1", "--review", "1"]);
    for _ in 0..3 {
        start(&desk, "One by one");
    }
    for id in ["1", "2", "3"] {
        until_status(&desk, id, "done");
    }
}

/// Speaks as Claude Code does, and remembers its sessions or not. Each attempt leaves a line, and says
/// whether it went on in a session.
fn scribe(desk: &Desk, remembers: bool) {
    let found = if remembers { "true" } else { "false" };
    let script = format!(
        r#"session=$FLIGHTBOARD_SESSION
case "$*" in
*--resume*)
  {found} || {{ echo "No conversation found with session ID: $session"; exit 1; }}
  echo resumed >> made.txt ;;
*) echo fresh >> made.txt ;;
esac
echo "{{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"$session\",\"model\":\"m\"}}"
echo "{{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"done\",\"session_id\":\"$session\"}}""#
    );
    agent(desk, "scribe", &script);
    let program = desk.folder.path().join("bin/scribe");
    desk.ok(&["agents", "remove", "scribe"]);
    desk.ok(&["agents", "register", "scribe", "--kind", "claude", "--program", program.to_str().unwrap()]);
}

/// What no shell, prompt or page may change a byte of.
const NOTES: &str =
    "    let so = \"nicht\";\t# $HOME `ls` \\n %s 100 %\r\n\n— “no” 🛩 é\n\nVERDICT: REJECTED\n \n";

/// Rejects with [`NOTES`] until the work has two lines.
fn demands_another_line(desk: &Desk) {
    let notes = desk.folder.path().join("notes");
    fs::write(&notes, NOTES).unwrap();
    let approves = "[ \"$(wc -l < made.txt)\" -ge 2 ] && printf 'VERDICT: APPROVED\\n' > REVIEW.md";
    agent(desk, "aegis", &format!("{approves} || cat '{}' > REVIEW.md", notes.display()));
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
}

/// The run was told what the reviewer said.
fn hears(run: &Value) -> bool {
    words(run).last().is_some_and(|prompt| prompt.contains(NOTES))
}

fn words(run: &Value) -> Vec<String> {
    run["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn goes_on_in(run: &Value, session: &str) -> bool {
    words(run).windows(2).any(|pair| pair == ["--resume", session])
}

#[test]
fn a_rejection_is_heard_byte_for_byte_in_the_session_that_did_the_work() {
    let (desk, _served) = shop("true", &[]);
    scribe(&desk, true);
    demands_another_line(&desk);
    desk.ok(&["add", "Better", "--project", "shop", "--queue", "--agent", "scribe"]);

    let card = until_status(&desk, "1", "done");

    let attempts = attempts(&card);
    let [first, second] = attempts.as_slice() else { panic!("two attempts: {card}") };
    let session = first["session"].as_str().unwrap();
    assert!(goes_on_in(second, session) && second["session"] == session, "{second}");
    assert!(second["rule"].as_str().unwrap().ends_with("goes on in the session of run 1"), "{second}");
    assert!(hears(second), "{second}");
    let work = PathBuf::from(second["workspace"]["path"].as_str().unwrap());
    assert!(fs::read_to_string(work.join("TASK.md")).unwrap().contains(NOTES));
    assert_eq!(fs::read_to_string(work.join("made.txt")).unwrap(), "fresh\nresumed\n");
    assert_eq!(verdicts(&desk, 1), ["rejected", "approved"]);
}

#[test]
fn a_session_that_is_gone_is_followed_at_once_by_a_new_one() {
    let (desk, _served) = shop("true", &[]);
    scribe(&desk, false);
    demands_another_line(&desk);
    desk.ok(&["add", "Forgotten", "--project", "shop", "--queue", "--agent", "scribe"]);

    let card = until_status(&desk, "1", "done");

    let attempts = attempts(&card);
    let [first, second, third] = attempts.as_slice() else { panic!("three attempts: {card}") };
    let session = first["session"].as_str().unwrap();
    assert!(goes_on_in(second, session), "{second}");
    assert!(
        second["reason"].as_str().unwrap().starts_with("the session to continue was not found"),
        "{second}"
    );
    assert!(!words(third).contains(&"--resume".into()) && third["session"] != session, "{third}");
    assert!(hears(second) && hears(third));
    let counted = json!([{"cause": "review_rejected", "count": 1}, {"cause": "session_gone", "count": 1}]);
    assert_eq!(queue_of(&desk, 1)["failures"], counted);
    let plan = desk.json(&["plan"]);
    let scribe = plan["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == "scribe").unwrap();
    assert_eq!(scribe["trouble"], json!(null), "it speaks against nobody");
}

/// Who did not do the rejected work has no session of it.
#[test]
fn another_agent_begins_anew_and_so_does_one_without_sessions() {
    let (desk, _served) = shop("echo worked >> made.txt; echo done > COMPLETION.md", &[]);
    scribe(&desk, true);
    demands_another_line(&desk);
    start(&desk, "No sessions to go on with");
    let card = until_status(&desk, "1", "done");
    assert_eq!(attempts(&card).len(), 2);

    desk.ok(&["add", "Handed over", "--project", "shop", "--queue", "--agent", "worker"]);
    let first = until(&desk, "2", "it is worked on", |card| !runs(card).is_empty());
    assert_eq!(attempts(&first)[0]["agent"], "worker");
    desk.rpc("edit_task", &json!({ "id": 2, "routing": { "agents": ["scribe"] } })).unwrap();
    let card = until_status(&desk, "2", "done");
    let last = attempts(&card).pop().unwrap();
    assert_eq!(last["agent"], "scribe");
    assert!(!words(&last).contains(&"--resume".into()), "{last}");
}
