//! The web board: the same UI as in the window, built into the program (read from `ui/dist` in debug
//! builds). Unknown paths get the page itself, since the UI routes by path.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../../ui/dist"]
#[allow_missing = true]
struct Dist;

/// Nothing from elsewhere, no inline script, no plugins, no framing.
const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; \
                   font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-src 'self' blob:; object-src 'none'; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer tells a browser, refusals included. An answer may bring a stricter policy along.
pub(crate) async fn guard(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

pub(crate) async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    match Dist::get(path).or_else(|| if is_file { None } else { Dist::get("index.html") }) {
        Some(file) => {
            let name = if Dist::get(path).is_some() { path } else { "index.html" };
            let kind = mime_guess::from_path(name).first_or_octet_stream();
            // Vite puts a hash into the names below assets/.
            let cache =
                if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
            Response::builder()
                .header(header::CONTENT_TYPE, kind.as_ref())
                .header(header::CACHE_CONTROL, cache)
                .body(Body::from(file.data))
                .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
        None if path.is_empty() || !is_file => {
            (StatusCode::NOT_FOUND, "the web board is not built; run `npx vite build ui`").into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
