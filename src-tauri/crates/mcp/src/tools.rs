//! Which operations are tools, for whom, and what a model is told about them.

use app::{Access, OPERATIONS, Operation, request_schema};
use domain::authority::Need;
use serde_json::{Map, Value};

/// An operation as a model sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    pub name: &'static str,
    pub operation: &'static str,
    pub says: &'static str,
    /// Fields that the caller does not fill in.
    pub fixed: &'static [(&'static str, Fixed)],
}

/// What a field is set to that the caller does not fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fixed {
    /// The caller's own run.
    Run,
    /// What proves that it is.
    Token,
    /// How long the door keeps a caller waiting.
    Patience,
    Value(bool),
    /// It is for people alone.
    Absent,
}

const OWN: &[(&str, Fixed)] = &[("run", Fixed::Run), ("token", Fixed::Token)];

const fn own(name: &'static str, operation: &'static str, says: &'static str) -> Tool {
    Tool { name, operation, says, fixed: OWN }
}

const fn plain(operation: &'static str, says: &'static str) -> Tool {
    Tool { name: operation, operation, says, fixed: &[] }
}

/// For the agent of a run.
pub(crate) const AGENT_TOOLS: &[Tool] = &[
    own(
        "get_my_task",
        "get_my_task",
        "Read your task: title, description, comments of people and reviewers, what it builds on, where to work.",
    ),
    own(
        "report_progress",
        "report_progress",
        "Say what you are doing or have found, in a sentence or two. People see it on the card. \
         Use it at each milestone, not for every step.",
    ),
    own(
        "ask_person",
        "ask_person",
        "Ask a person a question that you cannot settle yourself. The card shows that you need somebody, and this \
         call waits for the answer. If nobody has answered by then, it returns the question's id with `answer` null: \
         call get_answer with it to wait on, or go on with what does not depend on it.",
    ),
    Tool {
        name: "get_answer",
        operation: "get_answer",
        says: "Wait on for a person's answer to a question that ask_person returned without one. \
               `answer` is null while nobody has answered.",
        fixed: &[("run", Fixed::Run), ("token", Fixed::Token), ("wait_seconds", Fixed::Patience)],
    },
    own(
        "add_artifact",
        "add_artifact",
        "Hand over a file that people should look at: a report, data, an image. A file that you have in your \
         workspace is handed over by putting it into the folder artifacts/ instead.",
    ),
    own(
        "create_subtask",
        "create_subtask",
        "Put a piece of the work on a card of its own, for you or another agent. Describe it so that it can be done \
         without knowing your conversation. To build on its result, call depend_on with its key afterwards.",
    ),
    own(
        "hand_off",
        "hand_off",
        "Give your task to another agent. Your run ends with this call; the other one starts in the same workspace \
         with your notes.",
    ),
    own(
        "depend_on",
        "depend_on",
        "Let your task wait until other tasks have come out. If one has not yet, your run ends with this call, and \
         the task starts again in the same workspace, with your notes, once all have. If all have, you go on.",
    ),
    own(
        "list_results",
        "list_results",
        "Read what came of the tasks that yours depends on: what their agents said, and their artifacts with ids.",
    ),
    own(
        "read_result",
        "read_result",
        "Read an artifact of your own task or of one that it depends on, by the id in list_results.",
    ),
    Tool {
        name: "finish",
        operation: "finish_run",
        says: "Say that your work is done, with a summary in `message`: what changed, how you checked it, what is \
               left. The card goes to review once you have stopped. It is your last call: end your turn after it.",
        fixed: &[("run", Fixed::Run), ("token", Fixed::Token), ("succeeded", Fixed::Value(true))],
    },
    Tool {
        name: "fail",
        operation: "finish_run",
        says: "Say that you cannot do the task, with the reason in `message`. It counts as a failed attempt. If a \
               person could help, call ask_person instead. It is your last call: end your turn after it.",
        fixed: &[("run", Fixed::Run), ("token", Fixed::Token), ("succeeded", Fixed::Value(false))],
    },
];

/// For whoever works with the board.
pub(crate) const OPERATOR_TOOLS: &[Tool] = &[
    plain(
        "get_overview",
        "Say how many cards are in flight, wait, or need a person; and trouble, if there is any.",
    ),
    Tool {
        name: "find_cards",
        operation: "find_cards",
        says: "List the cards of the board, or those that a filter, a project or columns let through: the most \
               urgent first, those that are over last; at most 300.",
        // A filter that a person saved says the same as one that is given.
        fixed: &[("saved", Fixed::Absent)],
    },
    plain(
        "find_task",
        "Read one card with its runs, comments, artifacts and how it stands in the queue, by `T-12`.",
    ),
    plain("get_timeline", "Read what happened to a card, step by step."),
    plain(
        "add_task",
        "Add a card. With `queued` the dispatcher starts an agent on it as soon as one is free.",
    ),
    plain("edit_task", "Change a card; fields left out stay."),
    plain("move_task", "Move a card to a column. Moving it away from its agent stops the agent."),
    plain("trash_task", "Put a card into the trash, from where it can be restored."),
    plain("restore_task", "Take a card out of the trash."),
    plain("set_parent", "Make a card a sub-task of another, or of none."),
    plain("add_comment", "Comment on a card. While its agent asks a question, the comment is the answer."),
    Tool {
        name: "start_run",
        operation: "start_run",
        says: "Start an agent on a card; `list_agents` names them. Returns once it has started. Give the mode \
               `unattended` unless a person is at its screen.",
        // A model starts agents as their owner has set them up, and nothing else.
        fixed: &[("argv", Fixed::Absent), ("skip_permissions", Fixed::Absent), ("size", Fixed::Absent)],
    },
    plain("stop_run", "Stop the agent of a run and everything that it started."),
    plain(
        "wait_run",
        "Read how a run stands: status, evidence, workspace, what it used. Waits up to a minute for its end; with \
         `timeout_ms` 0 it answers at once.",
    ),
    plain("send_input", "Type into a run's terminal. End with \\r to press Enter."),
    plain("read_lines", "Read lines of a run's output, without escape sequences."),
    plain("search_log", "Search a run's output for a text."),
    plain("get_changes", "List the files that a run changed."),
    plain("get_diff", "Read the change of one file of a run."),
    plain("list_projects", "List projects with their numbers."),
    plain("add_project", "Add a folder, usually a git repository, as a project."),
    plain("list_agents", "List agents: whether they are installed, their role, skills and load."),
    plain("get_plan", "Say what would start next, where, and why everything else waits."),
    plain("queue_task", "Hand a card to the dispatcher, or take it back."),
    plain("add_dependency", "Let a card wait for another one's success, failure or end."),
    plain("remove_dependency", "Let a card wait for another no longer."),
    plain("resume_workflow", "Go on with cards that a failure has paused."),
    plain(
        "review_task",
        "Approve the work on a card in review, or reject it with notes that its agent hears.",
    ),
    plain("get_queue_policy", "Read the queue's rules."),
    plain("put_queue_policy", "Replace the queue's rules, e.g. to pause it: read them first."),
    plain("list_schedules", "List schedules: cards that are made again and again."),
    plain(
        "put_schedule",
        "Make a schedule, or replace one. The answer says what its words mean and when it comes next.",
    ),
    plain("pause_schedule", "Make no cards of a schedule until it is resumed."),
    plain("resume_schedule", "Go on with a paused schedule from now."),
    plain("run_schedule", "Make a schedule's card now."),
    plain("remove_schedule", "Remove a schedule. The cards that it made stay, and it can be restored."),
    plain("restore_schedule", "Bring back a schedule that was removed."),
    plain(
        "claim_task",
        "Take the next task to work on it yourself, as an agent that Flightboard did not start. Say heartbeat_run \
         while you work and finish_run at the end.",
    ),
    plain("heartbeat_run", "Say that you are still at work on a run that claim_task gave you."),
    plain("finish_run", "Report the end of a run that claim_task gave you."),
];

/// Operations that are no tools, and why.
#[cfg(test)]
const NO_TOOLS: &[(&str, &str)] = &[
    ("get_board", "find_cards lists them"),
    ("get_cards", "find_cards and find_task give the same"),
    ("list_filters", "the window's own; find_cards takes a filter"),
    ("get_run", "wait_run answers at once if asked to"),
    ("remove_workspace", "a person's to do, as clean_up"),
    ("restore_workspace", "a person's to do, as clean_up"),
    ("preview_schedule", "put_schedule says the same of what it made"),
    ("reset_breaker", "whether an agent that kept failing is to be trusted again is a person's to judge"),
    ("doctor", "list_agents says which are installed; what is missing is a person's to mend"),
    ("get_task", "find_task takes the name that people use"),
    ("delete_task", "what cannot be undone is a person's to do"),
    ("empty_trash", "what cannot be undone is a person's to do"),
    ("read_log", "raw bytes; read_lines gives text"),
    ("read_artifact", "raw bytes in base64; agents read results by read_result"),
    ("edit_project", "its settings name commands that are run"),
    ("remove_project", "a person's to do"),
    ("add_repository", "a person's to do"),
    ("edit_repository", "a person's to do"),
    ("remove_repository", "a person's to do"),
    ("find_repositories", "for the first-run page"),
    ("list_roles", "for the agents page"),
    ("register_agent", "it names programs that are run"),
    ("remove_agent", "a person's to do"),
    ("heartbeat_agent", "an agent that speaks MCP claims tasks"),
    ("try_agent", "it starts a program"),
    ("get_settings", "the window's own"),
    ("put_settings", "the window's own; it names the editor's command"),
    ("add_attachment", "raw bytes in base64"),
    ("read_attachment", "raw bytes in base64; a run finds them in its workspace"),
    ("remove_attachment", "a person's to do"),
    ("restore_attachment", "a person's to do"),
    ("put_filter", "the window's own"),
    ("remove_filter", "the window's own"),
    ("list_tasks", "find_cards gives the same, shorter"),
    ("put_task", "for the public routes; edit_task, move_task and the agent's own tools say the same"),
    ("get_outcomes", "for the public routes"),
    ("list_changes", "for event streams; get_timeline tells a card's"),
    ("enroll_agent", "an agent that speaks MCP claims tasks"),
    ("list_cards", "find_cards gives the same, shorter"),
    ("get_status", "get_overview and get_plan give the same"),
    ("read_events", "a stream; get_timeline tells a card's"),
    ("start_next", "get_plan and start_run say which card and why"),
    ("hand_out_task", "for programs that start agents themselves"),
    ("check_run", "for programs that start agents themselves"),
    ("clean_up", "a person's to do"),
    ("export_records", "a whole board in one answer"),
    ("import_records", "a whole board in one request"),
    ("read_vibe_kanban", "it reads a file that it is told of"),
    ("sync_issues", "for programs that talk to a tracker themselves"),
    ("sync_github", "it speaks to GitHub as its owner"),
    ("get_github", "for the window"),
    ("add_webhook", "it carries everything to another place"),
    ("edit_webhook", "it carries everything to another place"),
    ("remove_webhook", "a person's to do"),
    ("list_webhooks", "a person's to look after"),
    ("test_webhook", "a person's to look after"),
    ("list_deliveries", "a person's to look after"),
    ("resend_delivery", "a person's to look after"),
    ("create_key", "a key is a person's to give"),
    ("list_keys", "a key is a person's to give"),
    ("revoke_key", "a key is a person's to give"),
];

impl Tool {
    /// The operation's own request, less what the caller does not fill in.
    pub fn schema(&self) -> Map<String, Value> {
        let mut schema = request_schema(self.operation).cloned().unwrap_or_default();
        let is_fixed = |name: &str| self.fixed.iter().any(|(fixed, _)| *fixed == name);
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.retain(|name, _| !is_fixed(name));
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| !name.as_str().is_some_and(is_fixed));
        }
        schema
    }

    pub fn only_reads(&self) -> bool {
        self.row().is_some_and(|row| row.access == Access::Read)
    }

    /// What the operation asks of its caller.
    pub fn need(&self) -> Option<Need> {
        self.row().map(|row| row.need)
    }

    fn row(&self) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|known| known.name == self.operation)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_a_tool_or_named_with_the_reason() {
        let tools: BTreeSet<&str> =
            AGENT_TOOLS.iter().chain(OPERATOR_TOOLS).map(|tool| tool.operation).collect();
        let exempt: BTreeSet<&str> = NO_TOOLS.iter().map(|(name, _)| *name).collect();
        let known: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(tools.intersection(&exempt).collect::<Vec<_>>(), Vec::<&&str>::new());
        let said: BTreeSet<&str> = tools.union(&exempt).copied().collect();
        assert_eq!(
            known.difference(&said).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "say what becomes of it"
        );
        assert_eq!(said.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "there is none");
    }

    #[test]
    fn what_is_fixed_is_a_field_of_the_request_and_not_offered() {
        for tool in AGENT_TOOLS.iter().chain(OPERATOR_TOOLS) {
            let whole = request_schema(tool.operation).unwrap();
            let offered = tool.schema();
            for (field, _) in tool.fixed {
                assert!(whole["properties"].get(field).is_some(), "{}: {field}", tool.name);
                assert!(offered["properties"].get(field).is_none(), "{}: {field}", tool.name);
                assert!(
                    !offered
                        .get("required")
                        .is_some_and(|list| list.to_string().contains(&format!("\"{field}\"")))
                );
            }
        }
    }

    #[test]
    fn an_agents_tools_reach_its_own_run_and_no_other() {
        for tool in AGENT_TOOLS {
            let fixed = |wanted| tool.fixed.iter().any(|(_, fixed)| *fixed == wanted);
            assert!(fixed(Fixed::Run) && fixed(Fixed::Token), "{}", tool.name);
        }
    }

    #[test]
    fn every_field_of_a_tool_says_what_it_is_in_words_for_a_model() {
        let mut found = Vec::new();
        for tool in AGENT_TOOLS.iter().chain(OPERATOR_TOOLS) {
            for (name, field) in tool.schema()["properties"].as_object().into_iter().flatten() {
                let says = field["description"].as_str().unwrap_or_default();
                // Links are for readers of the source.
                if says.is_empty() || says.contains("[`") {
                    found.push(format!("{}.{name}: {says}", tool.name));
                }
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn an_agent_is_offered_few_tools_and_none_twice() {
        // More than forty are cut off or warned of by some clients.
        assert!(AGENT_TOOLS.len() <= 12 && OPERATOR_TOOLS.len() <= 40, "{}", OPERATOR_TOOLS.len());
        for list in [AGENT_TOOLS, OPERATOR_TOOLS] {
            let said: BTreeSet<&str> = list.iter().map(|tool| tool.says).collect();
            assert_eq!(said.len(), list.len());
        }
    }

    #[test]
    fn names_are_unique_and_taken_by_every_client() {
        for list in [AGENT_TOOLS, OPERATOR_TOOLS] {
            let names: BTreeSet<&str> = list.iter().map(|tool| tool.name).collect();
            assert_eq!(names.len(), list.len());
            // With the server's name before it, some clients allow 64.
            assert!(names.iter().all(|name| name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        }
    }
}
