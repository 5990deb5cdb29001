//! An agent that pulls, in a shell.

use crate::desk::Desk;

#[test]
fn an_agent_claims_is_heard_and_finishes() {
    let desk = Desk::new();
    desk.ok(&["add", "Fix the login"]);
    desk.ok(&["move", "1", "ready"]);
    let claim = desk.json(&["claim", "--agent", "scout", "--capacity", "1"]);
    assert_eq!((&claim["reason"], &claim["task"]["card"]["id"]), (&"assigned".into(), &1.into()));
    let again = desk.ok(&["claim", "--agent", "scout"]);
    let address = again.lines().find_map(|line| line.strip_prefix("run ")).expect("the run's address");
    assert_eq!(
        again,
        format!("T-1 again  Fix the login\nrun 1:{}\n", claim["claim"]["token"].as_str().unwrap())
    );
    assert_eq!(desk.ok(&["heartbeat", address]), "run 1 goes on\n");
    assert_eq!(desk.ok(&["claim", "--agent", "iris"]), "there is no task for iris\n");
    desk.ok(&["finish", address, "--ok", "--message", "all green"]);
    assert_eq!(desk.json(&["show", "1"])["status"], "review");
}
