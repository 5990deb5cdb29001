//! The server: lists a caller's tools and carries out calls. What goes wrong in a call is its answer, in the
//! words that every other door has for it, so that the model reads them; only a tool that does not exist is an
//! error of the protocol.

use std::{io, sync::Arc, time::Duration};

use app::{
    Authority,
    wire::{Problem, ProblemCode},
};
use domain::RunId;
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
        ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool as Listed,
        ToolAnnotations,
    },
    service::{RequestContext, ServerInitializeError},
    transport::io::stdio_pipes,
};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Desk,
    bounded::Bounded,
    tools::{AGENT_TOOLS, Fixed, OPERATOR_TOOLS, Tool},
};

const FOR_AGENTS: &str = "You work on a card of Flightboard, a board on which people and agents share their work. \
These tools are about that card and nothing else. Report progress at milestones, ask a person what you cannot settle \
yourself, and call finish (or fail) as your last step.";

const FOR_OPERATORS: &str = "Flightboard is a board whose cards are worked on by coding agents. A card is T-12; tools \
that take an integer `id` want the 12. A run is one attempt of an agent at a card. Times are milliseconds since 1970.";

/// Most cards in one answer.
const CARDS: usize = 300;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The agent of a run, and what proves it.
    Run { run: RunId, token: String },
    /// Whoever works with the board, and what they may do.
    Board(Authority),
}

/// One session's server.
#[derive(Clone, Debug)]
pub struct Server<D> {
    desk: D,
    caller: Caller,
    patience: Duration,
}

impl<D: Desk> Server<D> {
    /// `patience` is how long a call that waits for a person is kept: less than the client's own limit.
    pub fn new(desk: D, caller: Caller, patience: Duration) -> Server<D> {
        Server { desk, caller, patience }
    }

    /// Serves whoever started this program, until they hang up.
    pub async fn serve_stdio(self) -> io::Result<()> {
        let (read, write) = stdio_pipes();
        self.serve_on(read, write).await
    }

    /// Serves one client: a message a line. Lines that are no messages are answered as the protocol has it, or
    /// passed over.
    pub async fn serve_on(
        self,
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> io::Result<()> {
        match self.serve((Bounded::new(read), write)).await {
            Ok(session) => session.waiting().await.map(|_| ()).map_err(io::Error::other),
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(ServerInitializeError::ExpectedInitializeRequest(_)) => {
                Err(io::Error::other("it did not begin with the request `initialize`"))
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn tools(&self) -> &'static [Tool] {
        match self.caller {
            Caller::Run { .. } => AGENT_TOOLS,
            Caller::Board(_) => OPERATOR_TOOLS,
        }
    }

    /// A tool that the caller could never use would only mislead it.
    fn offers(&self, tool: &Tool) -> bool {
        match &self.caller {
            Caller::Run { .. } => true,
            Caller::Board(authority) => tool.need().is_some_and(|need| authority.might(need)),
        }
    }

    async fn carry_out(&self, tool: &Tool, arguments: Map<String, Value>) -> Result<Value, Problem> {
        let request = self.filled(tool, arguments)?;
        let answer = self.desk.call(tool.operation, request).await?;
        match tool.name {
            // Asking is written down at once; the waiting only reads.
            "ask_person" => self.wait_for_answer(answer).await,
            "find_cards" => Ok(at_a_glance(&answer)),
            _ => Ok(answer),
        }
    }

    async fn wait_for_answer(&self, asked: Value) -> Result<Value, Problem> {
        let Some(wait) = AGENT_TOOLS.iter().find(|tool| tool.name == "get_answer") else { return Ok(asked) };
        let question = Map::from_iter([("question".to_owned(), asked["id"].clone())]);
        self.desk.call(wait.operation, self.filled(wait, question)?).await
    }

    fn filled(&self, tool: &Tool, mut arguments: Map<String, Value>) -> Result<Value, Problem> {
        for (field, fixed) in tool.fixed {
            if arguments.contains_key(*field) {
                return Err(Problem {
                    code: ProblemCode::Invalid,
                    message: format!("`{field}` cannot be given here"),
                    next: Some("leave it out".into()),
                });
            }
            if let Some(value) = self.value(*fixed) {
                arguments.insert((*field).to_owned(), value);
            }
        }
        Ok(Value::Object(arguments))
    }

    fn value(&self, fixed: Fixed) -> Option<Value> {
        match (fixed, &self.caller) {
            (Fixed::Run, Caller::Run { run, .. }) => Some(json!(run)),
            (Fixed::Token, Caller::Run { token, .. }) => Some(json!(token)),
            (Fixed::Patience, _) => Some(json!(self.patience.as_secs())),
            (Fixed::Value(value), _) => Some(json!(value)),
            (Fixed::Absent, _) | (Fixed::Run | Fixed::Token, Caller::Board(_)) => None,
        }
    }
}

impl<D: Desk> ServerHandler for Server<D> {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("flightboard", env!("CARGO_PKG_VERSION"));
        info.instructions = Some(match self.caller {
            Caller::Run { .. } => FOR_AGENTS.into(),
            Caller::Board(_) => FOR_OPERATORS.into(),
        });
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(
            self.tools().iter().filter(|tool| self.offers(tool)).map(listed).collect(),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.tools().iter().find(|tool| tool.name == request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool “{}”", request.name), None));
        };
        let result = match self.carry_out(tool, request.arguments.unwrap_or_default()).await {
            Ok(answer) => CallToolResult::success(vec![ContentBlock::text(answer.to_string())]),
            Err(problem) => CallToolResult::error(vec![ContentBlock::text(told(&problem))]),
        };
        Ok(result.into())
    }
}

fn listed(tool: &Tool) -> Listed {
    let annotations =
        ToolAnnotations::new().read_only(tool.only_reads()).destructive(false).open_world(false);
    Listed::new(tool.name, tool.says, Arc::new(tool.schema())).annotate(annotations)
}

/// The sentence and the next step.
fn told(problem: &Problem) -> String {
    match &problem.next {
        Some(next) => format!("{}\nNext: {next}", problem.message),
        None => problem.message.clone(),
    }
}

/// Cards without what a list of hundreds has no room for.
fn at_a_glance(cards: &Value) -> Value {
    let mut cards: Vec<&Value> = cards.as_array().into_iter().flatten().collect();
    let over = |card: &Value| matches!(card["status"].as_str(), Some("done" | "cancelled"));
    cards.sort_by_key(|card| over(card));
    let shown: Vec<Value> = cards.iter().take(CARDS).map(|card| glance(card)).collect();
    json!({ "cards": shown, "more": cards.len().saturating_sub(CARDS) })
}

fn glance(card: &Value) -> Value {
    const SHOWN: [&str; 9] =
        ["id", "key", "title", "status", "priority", "project", "why", "needs_you", "queued"];
    let mut shown: Map<String, Value> = SHOWN
        .into_iter()
        .map(|name| (name.to_owned(), card[name].clone()))
        .filter(|(_, value)| !value.is_null() && *value != json!(false))
        .collect();
    if let Value::Object(run) = &card["run"] {
        let run = ["id", "agent", "status", "last_line"].map(|name| (name.to_owned(), run[name].clone()));
        shown.insert("run".into(), Value::Object(run.into_iter().collect()));
    }
    Value::Object(shown)
}
