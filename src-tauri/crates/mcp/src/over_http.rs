//! The same server by HTTP, as the protocol's streamable transport has it: a request is a POST, its answer is JSON.
//! There are no sessions. None of our tools needs one, and so nothing outlives the key that a request brought, and
//! there is nothing that another caller could take over.

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use crate::{Desk, Server};

impl<D: Desk> Server<D> {
    /// Answers one request; whoever calls this has seen to its Host, Origin and key. Bodies above 4 MiB get 413.
    pub async fn answer(self, request: Request) -> Response {
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .disable_allowed_hosts();
        let server = move || Ok(self.clone());
        let service = StreamableHttpService::new(server, Arc::new(NeverSessionManager::default()), config);
        service.handle(request).await.map(Body::new)
    }
}
