//! GitHub's refusals, and what the board keeps of a sync. GitHub is a server on loopback that gives the answers it was
//! told to, in turn; what goes both ways is shown by `stories::transfer`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
};

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

/// Answers one request after the other with (status, headers, body), each line of the headers with its end; `NEXT` in
/// them is the address that was asked. Returns its own.
pub fn stand_in(answers: Vec<(&'static str, &'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    let told = address.clone();
    std::thread::spawn(move || {
        for (status, headers, body) in answers {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let mut length = 0;
            let (mut line, mut path) = (String::new(), String::new());
            while reader.read_line(&mut line).expect("a head") > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(said) = lower.strip_prefix("content-length: ") {
                    length = said.trim().parse().expect("a length");
                }
                if line.starts_with("GET ") {
                    path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                }
                line.clear();
            }
            reader.read_exact(&mut vec![0; length]).expect("a body");
            let headers = headers.replace("NEXT", &format!("{told}{path}"));
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {length}");
            write!(stream, "{head}\r\ncontent-type: application/json\r\n\r\n{body}").expect("a listener");
        }
    });
    address
}

fn issue(number: i64, title: &str) -> Value {
    json!({ "number": number, "title": title, "body": null, "labels": [], "state": "open", "state_reason": null })
}

#[tokio::test]
async fn a_refusal_says_what_to_do_next_and_is_remembered() {
    let door = FrontDoor::open().await;
    let folder = door.dir.path().join("harbor");
    std::fs::create_dir(&folder).unwrap();
    let project = door.ok("add_project", json!({ "path": folder })).await;
    let link = json!({ "id": project["id"], "settings": { "github": "Kim/Harbor" } });
    door.ok("edit_project", link).await;
    let said = json!({ "message": "As it is" }).to_string();
    for (status, headers, key, message, next) in [
        (
            "401 Unauthorized",
            "",
            Some("k"),
            "GitHub answered 401: As it is",
            "the token has ended or is wrong",
        ),
        ("404 Not Found", "", None, "kim/harbor is not at GitHub, or not for everybody", "gh auth login"),
        ("404 Not Found", "", Some("k"), "or the token may not see it", "check the spelling"),
        ("403 Forbidden", "", Some("k"), "GitHub answered 403", "the token may not do this"),
        (
            "403 Forbidden",
            "x-ratelimit-remaining: 0\r\n",
            None,
            "no more requests for now",
            "raises the limit",
        ),
        ("429 Too Many Requests", "", Some("k"), "no more requests for now", "wait for an hour at most"),
        ("410 Gone", "", Some("k"), "has its issues switched off", "switch them on"),
        ("502 Bad Gateway", "", None, "GitHub answered 502", "try again in a while"),
    ] {
        let api = stand_in(vec![(status, headers, said.clone())]);
        let request = json!({ "repository": "kim/harbor", "access": { "api": api, "key": key } });
        let refused = door.refused("sync_github", request).await;
        let told = refused.next.clone().unwrap_or_default();
        assert!(refused.message.contains(message) && told.contains(next), "{status}: {refused:?}");
        let last = &door.ok("get_github", json!({})).await["links"][0];
        assert_eq!(last["last"]["problem"]["message"], refused.message, "{last}");
    }
    let nobody = json!({ "repository": "kim/harbor", "access": { "api": "http://127.0.0.1:1" } });
    let refused = door.refused("sync_github", nobody).await;
    assert!(refused.message.starts_with("GitHub cannot be reached"), "{refused}");
    door.close().await;
}

#[tokio::test]
async fn a_preview_says_all_and_changes_nothing_then_the_project_gets_the_cards() {
    let door = FrontDoor::open().await;
    let folder = door.dir.path().join("harbor");
    std::fs::create_dir(&folder).unwrap();
    let project = door.ok("add_project", json!({ "path": folder })).await["id"].clone();
    door.ok("edit_project", json!({ "id": project, "settings": { "github": "kim/harbor" } })).await;
    let first = json!([issue(1, "One")]).to_string();
    let sync = async |preview: bool, answers| {
        let access = json!({ "api": stand_in(answers), "key": "k" });
        door.ok("sync_github", json!({ "repository": "kim/harbor", "preview": preview, "access": access }))
            .await
    };
    let before = door.ok("get_overview", json!({})).await["seq"].clone();
    let told = sync(true, vec![("200 OK", "", first.clone())]).await;
    assert_eq!((&told["added"], &told["cards"][0]["title"]), (&json!([]), &json!("One")));
    assert_eq!(door.ok("get_overview", json!({})).await["seq"], before);
    assert_eq!(sync(false, vec![("200 OK", "", first)]).await["added"], json!([1]));
    let card = door.ok("get_task", json!({ "id": 1 })).await;
    assert_eq!((&card["card"]["project"], &card["issue"]["number"]), (&project, &json!(1)));
    let url = card["issue"]["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/kim/harbor/issues/1"), "{url}");

    // Both sides have news.
    door.ok("move_task", json!({ "id": 1, "column": "done" })).await;
    let renamed = json!([issue(1, "One of them")]).to_string();
    let told = sync(true, vec![("200 OK", "", renamed.clone())]).await;
    assert_eq!(
        (&told["cards"][0]["title"], &told["edits"][0]["state"]),
        (&json!("One of them"), &json!("completed"))
    );
    assert_eq!(door.ok("get_task", json!({ "id": 1 })).await["card"]["title"], "One");
    let mut closed = issue(1, "One of them");
    (closed["state"], closed["state_reason"]) = (json!("closed"), json!("completed"));
    sync(false, vec![("200 OK", "", renamed), ("200 OK", "", closed.to_string())]).await;
    assert_eq!(door.ok("get_task", json!({ "id": 1 })).await["card"]["title"], "One of them");
    let last = door.ok("get_github", json!({})).await["links"][0]["last"].clone();
    assert_eq!((&last["changed"], &last["told"], &last["problem"]), (&json!(1), &json!(1), &Value::Null));

    let other = door.dir.path().join("docks");
    std::fs::create_dir(&other).unwrap();
    let other = door.ok("add_project", json!({ "path": other })).await["id"].clone();
    for (wanted, message) in
        [("Kim/HARBOR", "linked with the project “harbor”"), ("harbor", "write owner/name")]
    {
        let refused =
            door.refused("edit_project", json!({ "id": other, "settings": { "github": wanted } })).await;
        assert!(refused.message.contains(message), "{refused}");
    }
    door.close().await;
}

/// The first answer, again and again: a server that never comes to an end.
#[tokio::test]
async fn pages_that_never_end_or_lead_elsewhere_are_given_up() {
    let door = FrontDoor::open().await;
    let again = vec![("200 OK", "link: <NEXT>; rel=\"next\"\r\n", "[]".to_owned()); 1_001];
    let elsewhere = vec![("200 OK", "link: <http://else.example/2>; rel=\"next\"\r\n", "[]".to_owned())];
    for (answers, why) in
        [(again, "more than 1000 pages of issues"), (elsewhere, "the next page is at http://else.example/2")]
    {
        let access = json!({ "api": stand_in(answers), "key": "k" });
        let refused =
            door.refused("sync_github", json!({ "repository": "kim/harbor", "access": access })).await;
        assert!(refused.message.contains(why), "{refused}");
    }
    door.close().await;
}

/// Anything that JSON can say where an issue is awaited, and what is no JSON at all.
fn answer() -> impl Strategy<Value = String> {
    let leaf = || {
        prop_oneof![
            Just("null".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            Just("1e999".to_owned()),
            any::<String>().prop_map(|text| json!(text).to_string()),
            Just(r#""\ud800""#.to_owned()),
            Just("[".repeat(2_000)),
            Just(format!("\"{}\"", "x".repeat(600))),
        ]
    };
    let issue = (0i64..9, leaf(), leaf(), leaf(), leaf()).prop_map(|(number, title, body, label, state)| {
        format!(
            r#"{{"number":{number},"title":{title},"body":{body},"labels":[{label}],"state":{state},"state_reason":null}}"#
        )
    });
    let plain = (-2i64..9, any::<String>(), "\\PC{0,60}", "open|closed|\\PC{0,9}").prop_map(|(number, title, label, state)| {
        json!({ "number": number, "title": title, "body": title, "labels": [label, { "name": label }], "state": state, "state_reason": state }).to_string()
    });
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop_oneof![issue, plain], 0..6)
            .prop_map(|list| format!("[{}]", list.join(","))),
    ]
}

#[test]
fn no_answer_of_githubs_is_a_fault_of_ours() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let door = runtime.block_on(FrontDoor::open());
    let config = ProptestConfig { cases: 96, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&answer(), |body| {
        let access = json!({ "api": stand_in(vec![("200 OK", "", body)]), "key": "k" });
        let request = json!({ "repository": "kim/harbor", "preview": true, "access": access });
        if let Err(refused) = runtime.block_on(door.call("sync_github", request)) {
            prop_assert!(serde_json::to_value(refused.code).unwrap() != "internal", "{refused}");
            prop_assert!(refused.message.chars().count() < 500, "{refused}");
        }
        Ok(())
    });
    runtime.block_on(door.close());
    outcome.unwrap();
}
