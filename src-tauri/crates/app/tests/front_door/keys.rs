//! What a key opens, for how long, and what an agent sees with its own.

use app::{App, Authority, Clock, OPERATIONS, call, wire::ProblemCode};
use domain::{Actor, Role, Scope};
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

const START: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

async fn ask(app: &App, operation: &str, request: Value) -> Result<Value, ProblemCode> {
    let answer = call(app, operation, request.to_string().as_bytes()).await;
    answer.map(|json| serde_json::from_slice(&json).expect("JSON")).map_err(|problem| problem.code)
}

async fn with_key(door: &FrontDoor, request: Value) -> App {
    let made = door.ok("create_key", request).await;
    let secret = made["secret"].as_str().expect("a secret");
    let authority = door.app.authority_of(secret).await.expect("an answer").expect("it is good");
    door.app.as_caller(authority)
}

#[test]
fn what_each_operation_needs_is_written_down() {
    let lines: Vec<String> = OPERATIONS
        .iter()
        .map(|operation| {
            format!("{} {} {:?}", operation.name, operation.need.role.word(), operation.need.reach)
        })
        .collect();
    insta::assert_snapshot!("needs", lines.join("\n"));
}

#[tokio::test]
async fn no_operation_is_carried_out_for_a_role_or_a_scope_too_small() {
    let door = FrontDoor::open().await;
    let scopes = [
        Scope::Board,
        Scope::Project(domain::ProjectId(99)),
        Scope::Agent("nobody".into()),
        Scope::Run { agent: "nobody".into(), run: domain::RunId(99), task: domain::TaskId(99) },
    ];
    for operation in OPERATIONS {
        for role in [Role::Viewer, Role::Agent, Role::Operator, Role::Admin] {
            for scope in scopes.clone() {
                let caller = Authority { role, scope: scope.clone(), actor: Actor::Person, key: None };
                let app = door.app.as_caller(caller);
                // No operation gets so far as to carry out a request with a field that nothing has.
                let code = ask(&app, operation.name, json!({ "no_such_field": 1 })).await.unwrap_err();
                let refused = code == ProblemCode::Forbidden;
                assert_eq!(
                    refused,
                    role < operation.need.role,
                    "{} as {role:?} in {scope:?}",
                    operation.name
                );
            }
        }
    }
    door.close().await;
}

#[tokio::test]
async fn a_key_opens_until_it_is_over_or_revoked() {
    let (clock, hand) = Clock::by_hand(START);
    let door = FrontDoor::open_by(clock, tempfile::tempdir().unwrap()).await;
    let made =
        door.ok("create_key", json!({ "name": "ci", "role": "operator", "expires_at": START + HOUR })).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with(made["key"]["prefix"].as_str().unwrap()), "{made}");
    let is_good = async || door.app.authority_of(&secret).await.unwrap().is_some();
    assert!(is_good().await);
    assert_eq!(door.app.authority_of(&secret[..secret.len() - 1]).await.unwrap(), None);
    assert_eq!(door.app.authority_of("").await.unwrap(), None);

    let listed = door.ok("list_keys", json!({})).await;
    assert_eq!((&listed[0]["last_used_at"], &listed[0]["good"]), (&json!(START), &json!(true)));
    assert!(!listed.to_string().contains(&secret), "{listed}");
    hand.set(START + HOUR - 1);
    assert!(is_good().await);
    hand.set(START + HOUR);
    assert!(!is_good().await);
    assert_eq!(door.ok("list_keys", json!({})).await[0]["good"], false);

    let other = door.ok("create_key", json!({ "name": "other", "role": "admin" })).await;
    let secret = other["secret"].as_str().unwrap();
    assert_eq!(door.app.authority_of(secret).await.unwrap().unwrap().role, Role::Admin);
    let revoked = door.ok("revoke_key", json!({ "id": other["key"]["id"] })).await;
    assert_eq!(revoked["revoked_at"], START + HOUR);
    assert_eq!(door.app.authority_of(secret).await.unwrap(), None);
    assert_eq!(door.ok("revoke_key", json!({ "id": other["key"]["id"] })).await, revoked, "once is enough");
    door.close().await;
}

#[tokio::test]
async fn an_agent_sees_and_changes_what_is_its_own_and_nothing_else() {
    let door = FrontDoor::open().await;
    door.ok("register_agent", json!({ "name": "scout" })).await;
    let mine = door.card("mine").await;
    door.ok("edit_task", json!({ "id": mine, "assign": { "agent": "scout" } })).await;
    let other = door.card("another's").await;
    let scout = with_key(&door, json!({ "name": "scout", "role": "agent", "agent": "scout" })).await;

    assert_eq!(ask(&scout, "get_task", json!({ "id": mine })).await.unwrap()["card"]["title"], "mine");
    let said = ask(&scout, "add_comment", json!({ "task": mine, "body": "on it" })).await.unwrap();
    assert_eq!(said["author"], "agent:scout");
    let claim = ask(&scout, "claim_task", json!({ "agent": "scout" })).await.unwrap();
    assert_eq!(claim["task"]["card"]["id"], mine);
    for (operation, request) in [
        ("get_task", json!({ "id": other })),
        ("find_task", json!({ "key": format!("T-{other}") })),
        ("find_task", json!({ "key": "T-999" })),
        ("get_cards", json!({ "ids": [mine, other] })),
        ("add_comment", json!({ "task": other, "body": "mine, too" })),
        ("claim_task", json!({ "agent": "iris" })),
        ("delete_task", json!({ "id": mine })),
        ("get_board", json!({})),
        ("get_overview", json!({})),
        ("create_key", json!({ "name": "more", "role": "admin" })),
    ] {
        assert_eq!(ask(&scout, operation, request).await.unwrap_err(), ProblemCode::Forbidden, "{operation}");
    }
    door.close().await;
}

#[tokio::test]
async fn a_project_s_key_stays_in_its_project() {
    let door = FrontDoor::open().await;
    let folder = |name: &str| {
        let path = door.dir.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let ours = door.ok("add_project", json!({ "path": folder("ours") })).await["id"].clone();
    let theirs = door.ok("add_project", json!({ "path": folder("theirs") })).await["id"].clone();
    let operator = with_key(&door, json!({ "name": "x", "role": "operator", "project": ours })).await;
    let card = ask(&operator, "add_task", json!({ "title": "here", "project": ours })).await.unwrap();
    ask(&operator, "move_task", json!({ "id": card["id"], "column": "ready" })).await.unwrap();
    assert_eq!(
        ask(&operator, "get_board", json!({ "project": ours })).await.unwrap()["cards"][0]["title"],
        "here"
    );
    for (operation, request) in [
        ("add_task", json!({ "title": "there", "project": theirs })),
        ("add_task", json!({ "title": "nowhere" })),
        ("edit_task", json!({ "id": card["id"], "project": theirs })),
        ("get_board", json!({ "project": theirs })),
        ("get_board", json!({})),
        ("list_projects", json!({})),
    ] {
        assert_eq!(
            ask(&operator, operation, request).await.unwrap_err(),
            ProblemCode::Forbidden,
            "{operation}"
        );
    }
    door.close().await;
}

#[tokio::test]
async fn a_run_s_key_is_good_for_its_card_while_the_run_lives() {
    let door = FrontDoor::open().await;
    let (task, other) = (door.card("work").await, door.card("other").await);
    let run = door.script(task, "printf %s \"$FLIGHTBOARD_RUN_KEY\"; read line").await;
    let id = domain::RunId(run);
    let mut said = 0;
    while said < 68 {
        door.app.engine().log_growth(id, said, std::time::Duration::from_secs(30)).await;
        said = door.app.engine().read_log(id, 0, 4096).await.unwrap().0.len() as u64;
    }
    let secret = String::from_utf8(door.app.engine().read_log(id, 0, 68).await.unwrap().0).unwrap();
    let authority = door.app.authority_of(&secret).await.unwrap().expect("the run lives");
    assert_eq!((authority.role, authority.actor.to_string()), (Role::Agent, "agent:custom".into()));
    let agent = door.app.as_caller(authority);
    assert_eq!(ask(&agent, "get_task", json!({ "id": task })).await.unwrap()["card"]["id"], task);
    assert_eq!(ask(&agent, "get_task", json!({ "id": other })).await.unwrap_err(), ProblemCode::Forbidden);
    assert_eq!(door.ok("list_keys", json!({})).await, json!([]), "nobody has to look after a run's key");

    door.ok("send_input", json!({ "run": run, "text": "\r" })).await;
    door.end_of(run).await;
    assert_eq!(door.app.authority_of(&secret).await.unwrap(), None);
    door.close().await;
}

#[tokio::test]
async fn a_viewer_is_told_no_value_of_an_agent_s_environment() {
    let door = FrontDoor::open().await;
    let profile = json!({ "env": [["TOKEN", "s3cret"]] });
    door.ok("register_agent", json!({ "name": "scout", "profile": profile })).await;
    let viewer = with_key(&door, json!({ "name": "v", "role": "viewer" })).await;
    let seen = ask(&viewer, "list_agents", json!({})).await.unwrap().to_string();
    assert!(seen.contains("TOKEN") && !seen.contains("s3cret"), "{seen}");
    assert!(door.ok("list_agents", json!({})).await.to_string().contains("s3cret"));
    door.close().await;
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let (clock, _) = Clock::by_hand(START);
    let door = FrontDoor::open_by(clock, tempfile::tempdir().unwrap()).await;
    for (request, code) in [
        (json!({ "name": " ", "role": "viewer" }), ProblemCode::Invalid),
        (json!({ "name": "a\nb", "role": "viewer" }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "root" }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "agent" }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "agent", "agent": "A B" }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "operator", "agent": "scout" }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "viewer", "agent": "scout", "project": 1 }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "admin", "project": 1 }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "viewer", "project": 1 }), ProblemCode::NotFound),
        (json!({ "name": "x", "role": "viewer", "expires_at": START }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "viewer", "expires_at": i64::MAX }), ProblemCode::Invalid),
        (json!({ "name": "x", "role": "viewer", "expires_at": i64::MIN }), ProblemCode::Invalid),
    ] {
        let asked = request.to_string();
        assert_eq!(door.refused("create_key", request).await.code, code, "{asked}");
    }
    assert_eq!(door.refused("revoke_key", json!({ "id": 7 })).await.code, ProblemCode::NotFound);
    assert_eq!(door.ok("list_keys", json!({})).await, json!([]));
    door.close().await;
}
