//! Tells webhooks of events: makes deliveries of new changes and sends what is due, one at a time to each
//! address, so that a slow one holds up nobody else. What failed is sent again; the waits and the rest of an
//! address that keeps failing are `domain::webhook`'s. Messages are signed as the Standard Webhooks
//! specification says (standardwebhooks.com): HMAC-SHA256 over id, time and body.

use std::{
    collections::HashSet,
    io::Read,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Millis, WebhookId,
    webhook::{BadTarget, is_public, target},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use store::{Attempt, Committed, DeliveryRecord, DeliveryStatus, StoreError, WebhookRecord};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        oneshot,
    },
    task::JoinSet,
};
use ureq::{
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use crate::{Engine, error::EngineError};

/// For a whole attempt: name, connection, answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read for the log.
const ANSWER: u64 = 500;
/// How long to leave a store alone that did not take a change (a full disk), in milliseconds.
const AFTER_TROUBLE: Millis = 30_000;
/// Bytes of a secret.
const SECRET: usize = 32;
const PREFIX: &str = "whsec_";
const UNKNOWN: &str = "its host is not known";

/// A new secret, as the specification writes them.
pub(crate) fn secret() -> String {
    format!("{PREFIX}{}", BASE64_STANDARD.encode(rand::random::<[u8; SECRET]>()))
}

impl Engine {
    /// A secret for a webhook's messages.
    pub fn new_webhook_secret(&self) -> String {
        secret()
    }

    /// Sends a test to the webhook now, whether it is on, listens to tests, or rests, and tells how it went.
    pub async fn try_webhook(&self, id: WebhookId) -> Result<DeliveryRecord, EngineError> {
        let delivery = self.store().queue_test(id, self.now()).await?;
        let webhook = self.store().webhook(id).await?;
        self.deliver(&webhook, &delivery).await?;
        let all = self.store().deliveries(id, u32::MAX).await?;
        Ok(all.into_iter().find(|known| known.id == delivery.id).unwrap_or(delivery))
    }

    pub(crate) async fn tell_webhooks(self) {
        let mut commits = self.store().committed();
        let mut rounds = Rounds::default();
        loop {
            let wake = self.tell_what_is_due(&mut rounds).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "webhooks could not be told; trying again in half a minute");
                Wake { at: Some(self.now() + AFTER_TROUBLE), any: true }
            });
            tokio::select! {
                () = self.come(wake.at) => {}
                () = stirred(&mut commits, wake.any) => {}
                Some(ended) = rounds.sending.join_next() => match ended {
                    Ok(webhook) => { rounds.busy.remove(&webhook); }
                    Err(error) => { tracing::error!(%error, "a webhook's message was given up"); rounds.busy.clear(); }
                },
            }
        }
    }

    async fn tell_what_is_due(&self, rounds: &mut Rounds) -> Result<Wake, StoreError> {
        let mut wake = Wake { at: None, any: false };
        for webhook in self.store().webhooks().await? {
            if !webhook.data.enabled {
                continue;
            }
            wake.any = true;
            while self.store().queue_deliveries(webhook.id, self.now()).await? {}
            if rounds.busy.contains(&webhook.id) {
                continue;
            }
            let Some(delivery) = self.store().next_delivery(webhook.id).await? else { continue };
            let due = delivery.next_at.max(webhook.health.until).unwrap_or_default();
            if due > self.now() {
                wake.at = wake.at.into_iter().chain([due]).min();
                continue;
            }
            rounds.busy.insert(webhook.id);
            let engine = self.clone();
            rounds.sending.spawn(async move {
                if let Err(error) = engine.deliver(&webhook, &delivery).await {
                    tracing::warn!(%error, "what became of a webhook's message could not be written down");
                    engine.clock().until(engine.now() + AFTER_TROUBLE).await;
                }
                webhook.id
            });
        }
        Ok(wake)
    }

    async fn deliver(&self, webhook: &WebhookRecord, delivery: &DeliveryRecord) -> Result<(), StoreError> {
        if delivery.status != DeliveryStatus::Waiting {
            return Ok(());
        }
        let message = Message {
            url: webhook.data.url.clone(),
            private_allowed: webhook.data.private_allowed,
            secret: self.store().webhook_secret(webhook.id).await?,
            id: delivery.message(),
            seconds: self.now() / 1_000,
            body: delivery.payload.clone(),
        };
        let attempt = message.sent().await;
        self.store().delivery_tried(delivery.id, attempt, rand::random(), self.now()).await
    }
}

/// What is on its way.
#[derive(Default)]
struct Rounds {
    busy: HashSet<WebhookId>,
    sending: JoinSet<WebhookId>,
}

struct Wake {
    /// When the next message is due.
    at: Option<Millis>,
    /// Whether any webhook listens.
    any: bool,
}

/// Returns when webhooks changed or, while `any` listens, when anything did; a burst counts once.
async fn stirred(commits: &mut broadcast::Receiver<Arc<Committed>>, any: bool) {
    loop {
        match commits.recv().await {
            Ok(commit) if commit.webhooks || (any && commit.seq > 0) => break,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => break,
            // The store is closed; the engine ends this task.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    while commits.try_recv().is_ok() {}
}

struct Message {
    url: String,
    private_allowed: bool,
    secret: String,
    id: String,
    /// Since the epoch.
    seconds: i64,
    body: String,
}

impl Message {
    /// On a thread of its own, which nobody waits for when the engine stops.
    async fn sent(self) -> Attempt {
        let (tell, told) = oneshot::channel();
        let started = std::thread::Builder::new().name("webhook".into()).spawn(move || {
            let begun = Instant::now();
            let attempt = match self.post() {
                Ok(code) => Attempt { code: Some(code), ..Attempt::default() },
                Err((code, trouble)) => Attempt { code, trouble: Some(trouble), ..Attempt::default() },
            };
            // Nobody listens any more when the engine has stopped; then it is sent again.
            let _ = tell.send(Attempt { took: begun.elapsed().as_millis() as Millis, ..attempt });
        });
        let failed = |trouble: String| Attempt { trouble: Some(trouble), ..Attempt::default() };
        match started {
            Err(error) => failed(format!("no thread could be started: {error}")),
            Ok(_) => told.await.unwrap_or_else(|_| failed("it broke off".into())),
        }
    }

    /// The answer's status; or what went wrong, with the status if there was an answer.
    fn post(&self) -> Result<u16, (Option<u16>, String)> {
        let refused = |trouble: String| (None, trouble);
        target(&self.url, self.private_allowed).map_err(|bad| refused(bad.to_string()))?;
        let signature = signature(&self.secret, &self.id, self.seconds, &self.body)
            .ok_or_else(|| refused("its secret cannot be read; give it a new one".into()))?;
        let answer = client(self.private_allowed)
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", self.seconds.to_string())
            .header("webhook-signature", signature)
            .send(&self.body)
            .map_err(|error| refused(in_words(&error)))?;
        let code = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(code);
        }
        let mut text = Vec::new();
        // What could be read of it is enough for the log.
        let _ = answer.into_body().into_reader().take(ANSWER).read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        let said = text.trim();
        Err((
            Some(code),
            if said.is_empty() {
                format!("it answered {code}")
            } else {
                format!("it answered {code}: {said}")
            },
        ))
    }
}

fn client(private_allowed: bool) -> ureq::Agent {
    let config = Config::builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        // A proxy would look up the name, and what it stands for would not be known here.
        .proxy(None)
        .user_agent(concat!("flightboard/", env!("CARGO_PKG_VERSION")))
        .build();
    let resolver = OnlyAllowed { private: private_allowed };
    ureq::Agent::with_parts(config, DefaultConnector::default(), resolver)
}

fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
        ureq::Error::HostNotFound => UNKNOWN.into(),
        // The system's own words for it, under no kind of its own.
        ureq::Error::Io(error) if error.to_string().contains("failed to lookup address") => UNKNOWN.into(),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Other(own) => own.to_string(),
        other => other.to_string(),
    }
}

/// `v1,` and the base64 of the HMAC. None: the secret is not one of ours.
fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

/// Looks names up, and refuses a private address right where the connection is made: a name that stood for a
/// public one a moment ago is of no help.
#[derive(Debug)]
struct OnlyAllowed {
    private: bool,
}

impl Resolver for OnlyAllowed {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        match found.iter().map(|address| address.ip()).find(|ip| !self.private && !is_public(*ip)) {
            None => Ok(found),
            Some(ip) => Err(ureq::Error::Other(Box::new(private(ip)))),
        }
    }
}

fn private(ip: IpAddr) -> BadTarget {
    BadTarget::Private(ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn a_message_is_signed_as_the_specification_says() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_new_secret_can_sign_and_another_text_cannot() {
        assert!(signature(&secret(), "evt_1", 1, "{}").is_some());
        assert!(signature("secret", "evt_1", 1, "{}").is_none());
    }

    /// The address is looked at again where the connection is made, after all names are looked up.
    #[test]
    fn a_private_address_is_refused_at_the_connection() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let trouble = |allowed| {
            let error = client(allowed).get(format!("http://{nobody}/")).call().unwrap_err();
            in_words(&error)
        };
        assert_eq!(trouble(false), private(nobody.ip()).to_string());
        assert_ne!(trouble(true), private(nobody.ip()).to_string());
    }
}
