//! key: what goes where when a key is made, and what is told of it afterwards.

use crate::desk::Desk;

#[test]
fn a_new_key_s_secret_alone_goes_to_standard_output_and_is_told_once() {
    let desk = Desk::new();
    let output = desk.output(&["key", "create", "ci", "--role", "operator", "--expires", "30d"]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{err}");
    assert!(out.starts_with("fbk_") && out.trim().len() == 68 && out.lines().count() == 1, "{out}");
    assert_eq!(err, format!("1  {}…  ci (operator). The key is shown this once:\n", &out[..11]));

    let listed = desk.ok(&["key", "list"]);
    assert!(
        listed.contains("ci (operator)  never used, until 20") && !listed.contains(out.trim()),
        "{listed}"
    );
    let made = desk.json(&["key", "create", "scout", "--role", "agent", "--scope", "agent:scout"]);
    assert_eq!(made["key"]["agent"], "scout");
    assert!(made["key"]["expires_at"].is_null(), "{made}");
    assert!(desk.ok(&["key", "revoke", "1"]).ends_with("ci (operator) is revoked\n"));
    let listed = desk.json(&["key", "list"]);
    assert_eq!((&listed[0]["good"], &listed[1]["good"]), (&true.into(), &false.into()));
}

#[test]
fn what_makes_no_key_says_why() {
    let desk = Desk::new();
    for (args, said) in [
        (&["--role", "root"][..], "“root” is not a role; use viewer, agent, operator or admin"),
        (&["--role", "agent"][..], "an agent's key needs the agent's name"),
        (
            &["--role", "viewer", "--scope", "shop"][..],
            "“shop” is not a scope; use project:NAME or agent:NAME",
        ),
        (&["--role", "viewer", "--scope", "project:shop"][..], "there is no project “shop”"),
        (
            &["--role", "viewer", "--expires", "soon"][..],
            "“soon” is not a time; write for instance 30d, 12h or 90m",
        ),
        (&["--role", "viewer", "--expires", "0d"][..], "the key would be over already"),
    ] {
        let output = desk.output(&[&["key", "create", "x"], args].concat());
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && err.contains(said), "{args:?}: {err}");
    }
    assert_eq!(desk.json(&["key", "list"]), serde_json::json!([]));
}
