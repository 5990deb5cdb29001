//! Who may come in. Over TCP the Host and Origin must be ours, for a page on another site can reach loopback
//! through the person's browser: that stops DNS rebinding and form posts. Then a key or a session says who is
//! calling, and the request goes on as that caller's. Who can open the socket in the data directory is the owner,
//! unless the request brings a key along.

use std::{
    collections::HashSet,
    io::Write,
    sync::{Arc, Mutex},
};

use app::{
    App, Authority,
    wire::{Problem, ProblemCode},
};
use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::authority::Scope;
use sha2::{Digest, Sha256};
use tokio_util::task::TaskTracker;

use crate::{
    problem::{answer, with_status},
    rpc::Writes,
};

/// Anybody may ask whether the board is there; the answer tells nothing else.
pub(crate) const HEALTH: &str = "/health";

/// One-time login tokens, browser sessions and the key given from outside; only hashes are kept.
#[derive(Clone, Debug)]
pub struct Keys {
    port: u16,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    logins: HashSet<[u8; 32]>,
    sessions: HashSet<[u8; 32]>,
    bearer: Option<[u8; 32]>,
}

impl Keys {
    /// `bearer` is an admin's key beside those in the database.
    pub fn new(port: u16, bearer: Option<&str>) -> Keys {
        let inner = Inner { bearer: bearer.map(hash), ..Inner::default() };
        Keys { port, inner: Arc::new(Mutex::new(inner)) }
    }

    /// A token that opens one browser session.
    pub fn new_login(&self) -> String {
        let token = secret();
        self.lock().logins.insert(hash(&token));
        token
    }

    /// Spends a login token; returns the session's secret.
    fn spend(&self, token: &str) -> Option<String> {
        let mut inner = self.lock();
        if !inner.logins.remove(&hash(token)) {
            return None;
        }
        let session = secret();
        inner.sessions.insert(hash(&session));
        Some(session)
    }

    // Hashes are compared, so timing tells nothing about the secret itself.
    fn is_bearer(&self, key: &str) -> bool {
        self.lock().bearer == Some(hash(key))
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let session = cookie(headers, &self.cookie_name());
        session.is_some_and(|session| self.lock().sessions.contains(&hash(session)))
    }

    /// Browsers keep cookies by host without the port: two boards on one machine need two names.
    fn cookie_name(&self) -> String {
        format!("flightboard_session_{}", self.port)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn is_our_host(&self, host: &str) -> bool {
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{}", self.port))
    }

    fn is_our_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.is_our_host(host))
    }
}

/// Who sent this request: the app as that caller finds it. A route that no gate stands before has none.
#[derive(Clone)]
pub(crate) struct Caller {
    pub app: App,
    /// Where what a closing door must see through is counted.
    pub writes: TaskTracker,
}

impl Caller {
    /// Whose key this is, where it is one agent's.
    pub fn agent(&self) -> Option<&str> {
        match &self.app.authority().scope {
            Scope::Agent(name) => Some(name),
            Scope::Board | Scope::Project(_) | Scope::Run { .. } => None,
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Response> {
        let authority = parts.extensions.get::<Authority>().cloned();
        let Some(authority) = authority else {
            return Err(refuse(StatusCode::UNAUTHORIZED, "nobody said who is calling"));
        };
        let authority = match name(&parts.headers) {
            Some(agent) => authority.on_behalf_of(agent),
            None => authority,
        };
        let writes = parts.extensions.get::<Writes>().map(|writes| writes.0.clone()).unwrap_or_default();
        Ok(Caller { app: app.as_caller(authority), writes })
    }
}

/// Which agent the caller speaks for, where it may.
pub(crate) fn name(headers: &HeaderMap) -> Option<&str> {
    let name = headers.get("x-agent-name")?.to_str().ok()?.trim();
    (domain::agent::name(name).as_deref() == Ok(name)).then_some(name)
}

pub(crate) fn secret() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    all.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The key that the request carries, in either of the headers that programs use for one.
pub(crate) fn key(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer.or_else(|| text("x-api-key").map(str::trim))
}

/// What the doors over TCP go by.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub keys: Keys,
    pub app: App,
}

/// Middleware of the TCP door: Host, Origin, then who it is.
pub(crate) async fn check(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let (keys, headers) = (&gate.keys, request.headers());
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !keys.is_our_host(host) {
        let why = "this address is not served here";
        return refuse(StatusCode::MISDIRECTED_REQUEST, why);
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| keys.is_our_origin(origin))
    {
        return refuse(StatusCode::FORBIDDEN, "requests from other sites are refused");
    }
    match request.uri().path() {
        "/login" => return login(keys, &request),
        HEALTH => return next.run(request).await,
        _ => {}
    }
    let authority = match key(headers) {
        Some(key) if keys.is_bearer(key) => Some(Authority::owner()),
        Some(key) => match gate.app.authority_of(key).await {
            Ok(authority) => authority,
            Err(problem) => return answer(problem),
        },
        None if keys.has_session(headers) => {
            // Browsers name the origin of every WebSocket, and no other rule of theirs guards one.
            if is_websocket(headers) && !headers.contains_key(header::ORIGIN) {
                let why = "a WebSocket of a browser must say where it comes from";
                return refuse(StatusCode::FORBIDDEN, why);
            }
            Some(Authority::owner())
        }
        None => None,
    };
    let Some(authority) = authority else { return unauthorized(&request) };
    request.extensions_mut().insert(authority);
    next.run(request).await
}

/// Middleware of the private door: the owner, or who the key says.
pub(crate) async fn trust(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let authority = match key(request.headers()) {
        None => Ok(Some(Authority::owner())),
        Some(key) => app.authority_of(key).await,
    };
    match authority {
        Ok(Some(authority)) => {
            request.extensions_mut().insert(authority);
            next.run(request).await
        }
        Ok(None) => unauthorized(&request),
        Err(problem) => answer(problem),
    }
}

fn is_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

fn login(keys: &Keys, request: &Request) -> Response {
    let token = request.uri().query().and_then(|query| query.strip_prefix("token="));
    match token.and_then(|token| keys.spend(token)) {
        Some(session) => {
            let next = keys.new_login();
            // Nobody reading along is fine; `println!` would panic.
            let _ = writeln!(
                std::io::stdout(),
                "That link was used. For another browser: http://127.0.0.1:{}/login?token={next}",
                keys.port
            );
            let cookie = format!("{}={session}; HttpOnly; SameSite=Strict; Path=/", keys.cookie_name());
            ([(header::SET_COOKIE, cookie)], entered()).into_response()
        }
        None => page(
            StatusCode::UNAUTHORIZED,
            "This login link no longer opens anything",
            "Each link opens one browser, once. The terminal that runs <code>flightboard serve</code> shows a new one.",
        ),
    }
}

/// A page that goes on to the board by itself. A redirect would not do: where the link was followed from another
/// site's page or from a file, browsers hold back a strict cookie until the first step of our own.
fn entered() -> Response {
    let body = "<!doctype html><html lang=en><meta charset=utf-8><title>Flightboard</title>\
                <meta http-equiv=refresh content=\"0;url=/\"><a href=\"/\">To the board</a></html>";
    ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'")], axum::response::Html(body)).into_response()
}

fn unauthorized(request: &Request) -> Response {
    let wants_page = request.method() == Method::GET
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        return page(
            StatusCode::UNAUTHORIZED,
            "This browser is not logged in",
            "Open the address that <code>flightboard serve</code> printed.",
        );
    }
    let mut answer = refuse(
        StatusCode::UNAUTHORIZED,
        "a key or a session is needed; `flightboard key create` makes a key, and `flightboard serve` printed an address for browsers",
    );
    let bearer = header::HeaderValue::from_static("Bearer");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    answer
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let problem = Problem { code: ProblemCode::Unauthorized, message: message.into(), next: None };
    with_status(status, &problem)
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let body = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Flightboard</title>\
         <style>body{{font:15px/1.5 system-ui,sans-serif;background:#101214;color:#e7eaed;display:grid;place-content:center;height:100vh;margin:0}}\
         main{{max-width:60ch;padding:24px}}h1{{font-size:20px}}p{{color:#a3acb5}}code{{color:inherit}}\
         @media(prefers-color-scheme:light){{body{{background:#f4f3ef;color:#1b1d1f}}p{{color:#565d64}}}}</style><main><h1>{title}</h1><p>{text}</p></main>"
    );
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'")
        .body(Body::from(body))
        .unwrap_or_else(|_| status.into_response())
}
