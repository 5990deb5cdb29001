//! What the `webhook` commands do, and what they print. A new webhook's secret is all that goes to standard
//! output, so that a script can hand it on.

use app::wire::*;
use clap::Subcommand;
use domain::{DeliveryId, WebhookId};
use jiff::Timestamp;
use serde_json::Value;

use crate::{commands::find_project, failure::Failure, link::Link, print};

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Tell an address of events from now on. The secret that signs the messages is shown this once.
    Add {
        /// https:// or http://.
        url: String,
        /// What lists call it; the address's host if left out.
        #[arg(long)]
        name: Option<String>,
        /// Events, such as task.completed, or nouns, such as task; all if left out.
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
        /// Only what concerns this project.
        #[arg(long)]
        project: Option<String>,
        /// The address may be of this machine or its network.
        #[arg(long)]
        allow_private: bool,
    },
    /// List the webhooks and how their addresses answer.
    List,
    /// Change a webhook. What is left out stays.
    Edit {
        /// As `webhook list` numbers it.
        id: i64,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        url: Option<String>,
        /// Events and nouns; `all` for all.
        #[arg(long, value_delimiter = ',')]
        types: Option<Vec<String>>,
        /// Turn it off. What still waits is given up.
        #[arg(long, conflicts_with = "on")]
        off: bool,
        /// Turn it on again. It hears of what happens from then on.
        #[arg(long)]
        on: bool,
        /// Sign with a new secret, which is shown this once.
        #[arg(long)]
        new_secret: bool,
    },
    /// Remove a webhook. What still waits is given up.
    Remove { id: i64 },
    /// Send a test now and say how it went.
    Test { id: i64 },
    /// List what was sent to a webhook, newest first.
    Log {
        id: i64,
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Send a message again that is over.
    Resend {
        /// As `webhook log` numbers it.
        delivery: i64,
    },
}

pub async fn run(link: &Link, command: &WebhookCommand, json: bool) -> Result<(), Failure> {
    match command {
        WebhookCommand::Add { url, name, types, project, allow_private } => {
            let request = AddWebhook {
                name: name.clone(),
                url: url.clone(),
                types: types.clone(),
                project: find_project(link, project.as_deref()).await?,
                private_allowed: *allow_private,
                enabled: true,
            };
            made(&link.call("add_webhook", &request).await?, json)
        }
        WebhookCommand::List => list(link.call("list_webhooks", &Nothing {}).await?, json),
        WebhookCommand::Edit { id, name, url, types, off, on, new_secret } => {
            let all = |types: Vec<String>| if types == ["all"] { Vec::new() } else { types };
            let request = EditWebhook {
                id: WebhookId(*id),
                name: name.clone(),
                url: url.clone(),
                types: types.clone().map(all),
                private_allowed: None,
                enabled: (*off || *on).then_some(*on),
                new_secret: *new_secret,
            };
            made(&link.call("edit_webhook", &request).await?, json)
        }
        WebhookCommand::Remove { id } => {
            link.call::<_, Value>("remove_webhook", &WebhookRef { id: WebhookId(*id) }).await?;
            if json { print::out_json(&serde_json::json!({})) } else { print::out("removed") }
        }
        WebhookCommand::Test { id } => {
            let sent: Value = link.call("test_webhook", &WebhookRef { id: WebhookId(*id) }).await?;
            if json {
                print::out_json(&sent)?;
            }
            match sent["trouble"].as_str() {
                Some(trouble) => Err(Failure::Link(format!("it did not arrive: {trouble}"))),
                None if json => Ok(()),
                None => {
                    print::out(&format!("it arrived: answered {} after {} ms", sent["code"], sent["took"]))
                }
            }
        }
        WebhookCommand::Log { id, limit } => {
            let request = ListDeliveries { webhook: WebhookId(*id), limit: Some(*limit) };
            log(link.call("list_deliveries", &request).await?, json)
        }
        WebhookCommand::Resend { delivery } => {
            let sent: Value =
                link.call("resend_delivery", &DeliveryRef { id: DeliveryId(*delivery) }).await?;
            if json { print::out_json(&sent) } else { print::out(&sending(&sent)) }
        }
    }
}

fn made(made: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(made);
    }
    match made["secret"].as_str() {
        None => print::out(&line(&made["webhook"])),
        Some(secret) => {
            eprintln!("{}. The secret is shown this once:", line(&made["webhook"]));
            print::out(secret)
        }
    }
}

fn list(webhooks: Value, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(&webhooks);
    }
    let list = webhooks.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return print::out("No webhooks. Add one: flightboard webhook add https://example.org/hook");
    }
    list.iter().try_for_each(|webhook| print::out(&line(webhook)))
}

fn line(webhook: &Value) -> String {
    let types: Vec<_> = webhook["types"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let types = if types.is_empty() { "all events".into() } else { types.join(", ") };
    let name = print::tame(print::text(webhook, "name"));
    let url = print::tame(print::text(webhook, "url"));
    format!("{}  {name}  {url}  {types}  {}", webhook["id"], health(webhook))
}

fn health(webhook: &Value) -> String {
    let waiting = match webhook["waiting"].as_u64() {
        Some(waiting) if waiting > 0 => format!(", {waiting} to be sent"),
        _ => String::new(),
    };
    match (webhook["enabled"] == true, webhook["resting_until"].as_i64().and_then(time)) {
        (false, _) => "off".into(),
        (true, Some(until)) => format!("failed {} times, rests until {until}{waiting}", webhook["failures"]),
        (true, None) => format!("on{waiting}"),
    }
}

fn log(deliveries: Value, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(&deliveries);
    }
    let list = deliveries.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return print::out("Nothing was sent yet. Try it: flightboard webhook test ID");
    }
    list.iter().try_for_each(|delivery| print::out(&sending(delivery)))
}

fn sending(delivery: &Value) -> String {
    let at = delivery["created_at"].as_i64().and_then(time).unwrap_or_default();
    let event = print::text(delivery, "event");
    let trouble =
        delivery["trouble"].as_str().map(|text| format!(": {}", print::tame(text))).unwrap_or_default();
    let fate = match print::text(delivery, "state") {
        "delivered" => format!("arrived, answered {}", delivery["code"]),
        "given_up" => format!("given up after {} attempts{trouble}", delivery["attempts"]),
        _ => match delivery["next_at"].as_i64().and_then(time) {
            Some(next) => format!("waits until {next}, {} attempts{trouble}", delivery["attempts"]),
            None => "waits".into(),
        },
    };
    format!("{}  {at}  {event}  {fate}", delivery["id"])
}

fn time(at: i64) -> Option<String> {
    Some(Timestamp::from_millisecond(at).ok()?.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
