//! Who may come in over TCP. A page on another site can reach loopback through the person's browser,
//! so besides a key the Host and Origin must be ours: that stops DNS rebinding and form posts.

use std::{
    collections::HashSet,
    io::Write,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use sha2::{Digest, Sha256};

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
    /// `bearer` is a key that programs may send as `Authorization: Bearer`.
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

    /// Whose key the request carries, if any.
    // Hashes of 256-bit secrets are compared, so timing tells nothing about the secret itself.
    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        let inner = self.lock();
        if bearer(headers).is_some_and(|key| inner.bearer == Some(hash(key))) {
            return Some(Caller::Program);
        }
        let session = cookie(headers, &self.cookie_name());
        session.is_some_and(|session| inner.sessions.contains(&hash(session))).then_some(Caller::Browser)
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

enum Caller {
    /// Sends the key that it was given.
    Program,
    /// Sends its cookie with every request, whoever caused it.
    Browser,
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

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Middleware of the TCP door: Host, Origin, then the key.
pub(crate) async fn check(State(keys): State<Keys>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !keys.is_our_host(host) {
        return refuse(StatusCode::MISDIRECTED_REQUEST, "this address is not served here");
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| keys.is_our_origin(origin))
    {
        return refuse(StatusCode::FORBIDDEN, "requests from other sites are refused");
    }
    if request.uri().path() == "/login" {
        return login(&keys, &request);
    }
    match keys.caller(headers) {
        None => unauthorized(&request),
        // Browsers name the origin of every WebSocket, and no other rule of theirs guards one.
        Some(Caller::Browser) if is_websocket(headers) && !headers.contains_key(header::ORIGIN) => {
            refuse(StatusCode::FORBIDDEN, "a WebSocket of a browser must say where it comes from")
        }
        Some(Caller::Browser | Caller::Program) => next.run(request).await,
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
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        None => page(
            StatusCode::UNAUTHORIZED,
            "This login link was already used",
            "Each link opens one browser. The terminal that runs <code>flightboard serve</code> shows a new one.",
        ),
    }
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
    refuse(
        StatusCode::UNAUTHORIZED,
        "a key or a session is needed; open the address that `flightboard serve` printed",
    )
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({ "code": "unauthorized", "message": message, "next": null });
    (status, axum::Json(body)).into_response()
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let body = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Flightboard</title>\
         <style>body{{font:15px/1.5 system-ui,sans-serif;background:#101214;color:#e7eaed;display:grid;place-content:center;height:100vh;margin:0}}\
         h1{{font-size:20px}}p{{color:#a3acb5}}code{{color:#e7eaed}}</style><main><h1>{title}</h1><p>{text}</p></main>"
    );
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'")
        .body(Body::from(body))
        .unwrap_or_else(|_| status.into_response())
}
