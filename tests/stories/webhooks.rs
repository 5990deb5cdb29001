//! Webhooks against a receiver on loopback: messages are signed, sent again after a failure and after the
//! engine was killed, and never lost; the log says what became of each.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flightboard_stories::Desk;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

const PATIENCE: Duration = Duration::from_secs(120);

/// A message as it came in.
struct Message {
    /// `POST /hook`
    asked: String,
    headers: HashMap<String, String>,
    body: String,
}

impl Message {
    fn event(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let text =
            format!("{}.{}.{}", self.headers["webhook-id"], self.headers["webhook-timestamp"], self.body);
        mac.update(text.as_bytes());
        let theirs = self.headers["webhook-signature"].strip_prefix("v1,").unwrap();
        mac.verify_slice(&BASE64_STANDARD.decode(theirs).unwrap()).is_ok()
    }
}

/// Answers each message with the next of `codes`, and then with 204.
fn receiver(codes: Vec<u16>) -> (String, Receiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut codes = codes.into_iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let mut headers = HashMap::new();
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            let asked = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
            line.clear();
            // The headers up to an empty line.
            while lines.read_line(&mut line).unwrap_or_default() > 2 {
                if let Some((name, value)) = line.split_once(": ") {
                    headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
                }
                line.clear();
            }
            let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            lines.read_exact(&mut body).unwrap();
            let code = codes.next().unwrap_or(204);
            // Where a redirect would lead; of every other answer it means nothing.
            let head = format!("HTTP/1.1 {code} So\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n");
            write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
            if tell.send(Message { asked, headers, body: String::from_utf8(body).unwrap() }).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[test]
fn events_arrive_signed_and_in_order_and_again_after_a_failure() {
    let desk = Desk::new();
    let served = desk.serve();
    let (address, told) = receiver(vec![204, 500]);
    let made = desk.json(&["webhook", "add", &address, "--types", "task", "--allow-private"]);
    let secret = made["secret"].as_str().unwrap();

    let id = made["webhook"]["id"].to_string();
    assert_eq!(desk.json(&["webhook", "test", &id])["state"], "delivered");
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().event(), "webhook.test");

    desk.ok(&["add", "Grüße, “Welt”"]);
    let (failed, again) = (told.recv_timeout(PATIENCE).unwrap(), told.recv_timeout(PATIENCE).unwrap());
    assert!(failed.is_signed_with(secret) && again.is_signed_with(secret));
    assert_eq!(again.event(), "task.created");
    assert_eq!((&failed.headers["webhook-id"], &failed.body), (&again.headers["webhook-id"], &again.body));
    assert_eq!(again.json()["data"]["task"]["title"], "Grüße, “Welt”");

    desk.ok(&["move", "1", "ready"]);
    desk.ok(&["move", "1", "done"]);
    let moved = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(moved.event(), "task.status_changed");
    assert!(!moved.is_signed_with("whsec_b3RoZXI="));

    let first = || {
        desk.json(&["webhook", "log", &id])
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["event"] == "task.created")
            .cloned()
    };
    let created = first().unwrap();
    assert_eq!((&created["state"], &created["attempts"]), (&"delivered".into(), &2.into()), "{created}");
    served.stop();
}

#[test]
fn what_happened_while_nobody_could_send_is_sent_later_and_once() {
    let desk = Desk::new();
    let (address, told) = receiver(Vec::new());
    // A command that hosts the engine for its own length tells nobody, and nothing of it is lost.
    desk.ok(&["webhook", "add", &address, "--types", "task.created", "--allow-private"]);
    for title in ["One", "Two", "Three"] {
        desk.ok(&["add", title]);
    }
    assert!(told.try_recv().is_err());
    let titles = |count: usize| -> Vec<String> {
        let next = || {
            told.recv_timeout(PATIENCE).unwrap().json()["data"]["task"]["title"].as_str().unwrap().to_owned()
        };
        (0..count).map(|_| next()).collect()
    };
    let served = desk.serve();
    assert_eq!(titles(3), ["One", "Two", "Three"]);
    desk.until("all are written down", || (desk.json(&["webhook", "list"])[0]["waiting"] == 0).then_some(()));
    served.kill();
    let served = desk.serve();
    desk.ok(&["add", "Four"]);
    assert_eq!(titles(1), ["Four"]);
    served.stop();
}

#[test]
fn what_cannot_be_is_refused_and_what_is_removed_is_told_nothing() {
    let desk = Desk::new();
    let said = |args: &[&str]| desk.refused(args).1;
    assert!(said(&["webhook", "add", "example.org"]).contains("is not an address"));
    assert!(said(&["webhook", "add", "http://127.0.0.1:1/"]).contains("allow private addresses"));
    assert!(
        said(&["webhook", "add", "https://example.org", "--types", "task created"])
            .contains("is not an event")
    );
    assert!(said(&["webhook", "log", "7"]).contains("webhook 7 does not exist"));
    assert_eq!(desk.json(&["webhook", "list"]), serde_json::json!([]));

    let (address, told) = receiver(vec![302, 500]);
    let served = desk.serve();
    desk.ok(&["webhook", "add", &address, "--allow-private"]);
    // A redirect may lead to an address that nobody checked: it is not followed.
    assert!(said(&["webhook", "test", "1"]).contains("it answered 302"));
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().asked, "POST /hook");
    assert!(said(&["webhook", "test", "1"]).contains("it answered 500"));
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().event(), "webhook.test");
    desk.ok(&["webhook", "edit", "1", "--off"]);
    desk.ok(&["add", "Unheard"]);
    desk.ok(&["webhook", "edit", "1", "--on"]);
    desk.ok(&["add", "Heard"]);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().json()["data"]["task"]["title"], "Heard");
    desk.ok(&["webhook", "remove", "1"]);
    assert!(said(&["webhook", "test", "1"]).contains("webhook 1 does not exist"));
    served.stop();
}
