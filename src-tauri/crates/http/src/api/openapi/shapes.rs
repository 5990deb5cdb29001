//! What bodies and parameters look like: each object in one line of fields and their kinds, each kind with the limits
//! that the server keeps, so that a client can know before it asks. Limits that a schema cannot say (a schedule's
//! words, an address of this network, an end in the past) are the operations' to refuse.

use domain::{agent, text};
use serde_json::{Map, Value, json};

use crate::api::words::LAST;

/// A column, in the words of all boards.
const STATUS: &str = "inbox|assigned|ready|rejected|pending|in_progress|in_flight|running|review|quality_review|done|completed|failed|cancelled|canceled";
const PRIORITY: &str = "low|medium|normal|high|critical|urgent";
/// A character that is seen.
const SEEN: &str =
    "[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/// Of a path, a query or a header.
pub(super) fn parameter(path: &str, name: &str) -> Value {
    match name {
        "id" | "taskId" | "webhook_id" => kind_of("id"),
        "limit" | "offset" | "page" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "project_id" | "since" | "project" | "task" => kind_of("int"),
        "last_event_id" | "Last-Event-ID" => json!({ "type": "integer", "minimum": 0 }),
        "max_capacity" => json!({ "type": "integer", "minimum": 1, "maximum": 20 }),
        "agent" => kind_of("name"),
        "status" if path == "/api/tasks" => one_of(STATUS, true),
        "status" if path == "/api/queue" => one_of(STATUS, false),
        "priority" => words(PRIORITY),
        "search" => json!({ "type": "string", "maxLength": 200 }),
        "timeframe" => words("day|week|month|all"),
        "type" if path == "/api/export" => words("tasks|activities"),
        "format" => words("csv|json"),
        "q" => json!({ "type": "string", "maxLength": 200, "pattern": format!("{SEEN}(.|\\n)*{SEEN}") }),
        "taskIds" => json!({ "type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18}){0,99}$" }),
        _ => json!({ "type": "string" }),
    }
}

fn words(all: &str) -> Value {
    json!({ "type": "string", "enum": all.split('|').collect::<Vec<_>>() })
}

/// One of the words, or several with commas between.
fn one_of(all: &str, several: bool) -> Value {
    if !several {
        return words(all);
    }
    json!({ "type": "string", "pattern": format!("^({all})(,({all}))*$") })
}

/// An object with these required fields; `~` makes one optional, `?` allows null, `[]` is a list, a capital letter
/// refers to another object.
fn object(fields: &str) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields.split_whitespace() {
        let (name, kind) = field.split_once(':').unwrap_or((field, "any"));
        let (name, optional) = name.strip_suffix('~').map_or((name, false), |name| (name, true));
        properties.insert(name.into(), kind_of(kind));
        if !optional {
            required.push(name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn kind_of(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix('?') {
        return json!({ "anyOf": [kind_of(kind), { "type": "null" }] });
    }
    if let Some(kind) = kind.strip_suffix("[]") {
        return json!({ "type": "array", "items": kind_of(kind) });
    }
    match kind {
        "text" => json!({ "type": "string" }),
        "int" => json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX }),
        "number" => json!({ "type": "number" }),
        "bool" => json!({ "type": "boolean" }),
        "object" => json!({ "type": "object" }),
        "any" => json!({}),
        "id" => json!({ "type": "integer", "minimum": 1, "maximum": i64::MAX }),
        "name" => {
            let more = agent::WORD_MAX - 1;
            json!({ "type": "string", "pattern": format!("^[A-Za-z0-9][A-Za-z0-9._-]{{0,{more}}}$") })
        }
        "role" => {
            let more = agent::WORD_MAX - 1;
            json!({ "type": "string", "pattern": format!("^([a-z0-9][a-z0-9._-]{{0,{more}}})?$") })
        }
        "skills" => {
            let one = json!({ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$" });
            json!({ "type": "array", "items": one, "maxItems": agent::SKILLS_MAX })
        }
        "title" => json!({ "type": "string", "maxLength": text::TITLE_MAX, "pattern": SEEN }),
        "description" => json!({ "type": "string", "maxLength": text::DESCRIPTION_MAX }),
        "soul" => json!({ "type": "string", "maxLength": agent::INSTRUCTIONS_MAX }),
        "tags" => {
            let one = json!({ "type": "string", "pattern": format!("^[^,\\u0000-\\u001f\\u007f-\\u009f]{{0,{}}}$", text::TAG_MAX) });
            json!({ "type": "array", "items": one, "maxItems": text::TAGS_MAX })
        }
        "said" => json!({ "type": "string", "maxLength": 20_000, "pattern": SEEN }),
        "line" => {
            json!({ "type": "string", "pattern": format!("^[^\\u0000-\\u001f\\u007f-\\u009f]{{0,99}}{SEEN}$") })
        }
        "status" => words(STATUS),
        "verdict" => words("approved|rejected"),
        "outcome" => words("success|failed|partial|abandoned"),
        "mode" => words("interactive|unattended"),
        "priority" => {
            json!({ "anyOf": [words(PRIORITY), { "type": "integer", "minimum": 1, "maximum": 10 }, { "type": "null" }] })
        }
        "hours" => json!({ "type": "number", "minimum": 0 }),
        "rating" => json!({ "type": "integer", "minimum": 1, "maximum": 5 }),
        "capacity" => json!({ "type": "integer", "minimum": 1, "maximum": agent::CAPACITY_MAX }),
        // Seconds, or milliseconds where they could be nothing else, or the words of RFC 3339.
        "time" => json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": LAST },
            { "type": "string", "format": "date-time" },
            { "type": "string", "format": "date" },
        ] }),
        "days" => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 3_650 }),
        "url" => json!({ "type": "string", "format": "uri", "maxLength": 2_000 }),
        // As who says it calls itself, in one line.
        "author" => {
            json!({ "type": "string", "maxLength": 100, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" })
        }
        "keyrole" => words("agent|viewer"),
        "scopes" => json!({ "type": "array", "items": words("viewer|agent:self"), "minItems": 1 }),
        "events" => {
            let one = json!({ "type": "string", "pattern": "^[a-z_]+([.][a-z_]+)?$" });
            let some = json!({ "type": "array", "items": one, "maxItems": 50 });
            json!({ "anyOf": [some, { "const": ["*"] }] })
        }
        "moves" => json!({ "type": "array", "items": kind_of("Move"), "minItems": 1, "maxItems": 100 }),
        other => json!({ "$ref": format!("#/components/schemas/{other}") }),
    }
}

/// What is sent: a field that is null is one that was left out.
const TAKEN: &[(&str, &str)] = &[
    (
        "Task",
        "title~:title? description~:description? status~:status? priority~:priority assigned_to~:name? project_id~:int? tags~:tags? due_date~:time? outcome~:outcome? error_message~:text? resolution~:text? feedback_rating~:rating? feedback_notes~:text? estimated_hours~:hours? actual_hours~:hours? metadata~:object?",
    ),
    (
        "NewTask",
        "title:title description~:description? status~:status? priority~:priority assigned_to~:name? project_id~:int? tags~:tags? due_date~:time? outcome~:outcome? error_message~:text? resolution~:text? feedback_rating~:rating? feedback_notes~:text? estimated_hours~:hours? actual_hours~:hours? metadata~:object? created_by~:author?",
    ),
    ("Move", "id:id status:status"),
    ("Moves", "tasks:moves"),
    ("NewComment", "content:said author~:author? parent_id~:id?"),
    ("NewAgent", "name:name role~:role? capabilities~:skills? soul_content~:soul?"),
    (
        "Agent",
        "id~:id? name~:text? role~:role? soul_content~:soul? capabilities~:skills? max_capacity~:capacity? enabled~:bool? config~:object",
    ),
    (
        "AgentChange",
        "role~:role? soul_content~:soul? capabilities~:skills? max_capacity~:capacity? enabled~:bool? config~:object",
    ),
    ("NewSoul", "soul_content~:soul? template_name~:text?"),
    ("NewKey", "name~:line? role~:keyrole? scopes~:scopes? expires_at~:time? expires_in_days~:days?"),
    ("Which", "key_id:id"),
    ("NewReview", "taskId:id status:verdict notes:said reviewer~:author?"),
    (
        "NewJob",
        "action~:text? id~:any name~:line? schedule~:text? timezone~:text? enabled~:bool? task_template~:object?",
    ),
    ("JobChange", "name~:line? schedule~:text? timezone~:text? enabled~:bool? task_template~:object?"),
    (
        "NewWebhook",
        "url:url name~:line? events~:events? project_id~:int? enabled~:bool? private_allowed~:bool?",
    ),
    (
        "Webhook",
        "id:id url~:url? name~:line? events~:events? enabled~:bool? private_allowed~:bool? regenerate_secret~:bool",
    ),
    (
        "WebhookChange",
        "url~:url? name~:line? events~:events? enabled~:bool? private_allowed~:bool? regenerate_secret~:bool",
    ),
    ("WhichWebhook", "id:id"),
    ("WhichDelivery", "delivery_id:id"),
    ("NewItem", "title:title description~:description? priority~:priority tags~:tags?"),
    ("NewClaim", "agentId~:name? capacity~:capacity?"),
    ("Execute", "agent~:text? model~:text? mode~:mode?"),
];

/// Of these fields one must be there.
const EITHER: &[(&str, &[&str])] =
    &[("Agent", &["id", "name"]), ("NewSoul", &["soul_content", "template_name"])];
/// Objects that may be left out altogether.
const OPTIONAL: [&str; 6] = ["NewKey", "NewClaim", "Execute", "AgentChange", "WebhookChange", "JobChange"];

const GIVEN: &[(&str, &str)] = &[
    ("Health", "status:text version:text"),
    (
        "Problem",
        "type:text title:text status:int detail:text code:text message:text next:text? error:text legal_next~:text[] status_now~:text",
    ),
    (
        "TaskView",
        "id:int title:text description:text status:text priority:text assigned_to:text? project_id:int? created_at:int updated_at:int due_date:int? completed_at:int? tags:text[] metadata:object outcome:text? error_message:text? resolution:text? retry_count:int comment_count:int version:int",
    ),
    ("TaskAnswer", "task:TaskView"),
    ("TaskPage", "tasks:TaskView[] total:int page:int limit:int offset:int hasMore:bool"),
    ("Claim", "task:TaskView? reason:text agent:text run:object? held:int[] timestamp:int"),
    (
        "Outcomes",
        "timeframe:text summary:object by_agent:object by_priority:object common_errors:object[] record_count:int",
    ),
    ("Success", "success:bool"),
    (
        "CommentView",
        "id:int task_id:int author:text content:text created_at:int parent_id:int? replies:CommentView[]",
    ),
    ("Comments", "comments:CommentView[] total:int"),
    ("CommentAnswer", "comment:CommentView"),
    (
        "AgentView",
        "id:int name:text role:text status:text soul_content:text capabilities:text[] max_capacity:int created_at:int updated_at:int last_seen:int? config:object",
    ),
    ("AgentAnswer", "agent:AgentView"),
    ("AgentPage", "agents:AgentView[] total:int page:int limit:int offset:int hasMore:bool"),
    ("Heartbeat", "status:text agent:text checked_at:int work_items:object[] total_items:int"),
    ("Soul", "agent:object soul_content:text source:text available_templates:text[] updated_at:int?"),
    (
        "KeyView",
        "id:int name:text key_prefix:text role:text scopes:text[] created_at:int expires_at:int? last_used_at:int? revoked_at:int?",
    ),
    ("Keys", "agent:object keys:KeyView[]"),
    ("KeyAnswer", "key:KeyView api_key:text"),
    ("Reviews", "reviews~:object[] latest~:object"),
    ("Jobs", "jobs:object[] total:int"),
    ("JobAnswer", "success~:bool job~:object task~:TaskView"),
    (
        "Status",
        "status:text version:text tasks:object queue:object last_event_id:int event_streams:int timestamp:int",
    ),
    ("Activities", "activities:object[] total:int page:int limit:int hasMore:bool"),
    ("File", "type:text count:int data:object[]"),
    (
        "WebhookView",
        "id:int name:text url:text events:text[] project_id:int? enabled:bool private_allowed:bool waiting:int consecutive_failures:int resting_until:int? created_at:int updated_at:int",
    ),
    ("Webhooks", "webhooks:WebhookView[] total:int"),
    ("WebhookShown", "webhook:WebhookView"),
    ("WebhookAnswer", "success:bool id:int webhook:WebhookView secret:text?"),
    (
        "DeliveryView",
        "id:int webhook_id:int message_id:text event_type:text payload:text status:text attempts:int status_code:int? error:text? duration_ms:int? next_attempt_at:int? created_at:int ended_at:int?",
    ),
    ("DeliveryAnswer", "success:bool delivery:DeliveryView"),
    ("Deliveries", "deliveries:DeliveryView[] total:int page:int limit:int offset:int hasMore:bool"),
    ("Found", "query:text count:int results:object[]"),
    ("Document", "openapi:text info:object paths:object"),
    (
        "Item",
        "id:int title:text description:text status:text priority:text agent:text? createdAt:text updatedAt:text",
    ),
    ("ItemPage", "items:Item[] total:int page:int limit:int hasMore:bool"),
    ("ItemClaim", "item:Item? reason:text runId:int? token:text? leaseUntil:text?"),
    ("Executor", "running:int maxParallel:int paused:bool ready:int next:int[] agents:object[]"),
    (
        "Started",
        "itemId:int agentId:int agent:text status:text workspaceDir:text? artifactsDir:text? branch:text?",
    ),
];

pub(super) fn body(takes: &str) -> Value {
    let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{takes}") } });
    json!({ "required": !OPTIONAL.contains(&takes), "content": { "application/json": schema } })
}

/// Whether a query without it is refused.
pub(super) fn is_required(path: &str, name: &str) -> bool {
    matches!((path, name), ("/api/search", "q") | ("/api/export", "type"))
}

pub(super) fn schemas() -> Value {
    let named = |(name, fields): &(&str, &str)| ((*name).to_owned(), object(fields));
    let mut all: Map<String, Value> = GIVEN.iter().chain(TAKEN).map(named).collect();
    // Naming nothing to change is a mistake.
    all["Task"]["minProperties"] = json!(1);
    for (name, fields) in EITHER {
        let required = fields.iter().map(|field| {
            json!({ "required": [field], "properties": { *field: { "not": { "type": "null" }, "pattern": SEEN } } })
        });
        all[*name]["anyOf"] = required.collect();
    }
    Value::Object(all)
}
