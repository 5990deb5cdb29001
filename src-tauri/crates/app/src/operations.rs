//! The table of operations: what each is called, whether it changes anything, and what it needs of its
//! caller. Every door is compared with it by a test; the doors for programs dispatch through [`call`], which
//! asks before it acts, the window through functions of the same names.

use domain::{
    Role,
    authority::{Need, Reach},
    policy::QueuePolicy,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    App,
    authority::{Concerns, Subject, allow, allow_role},
    ops,
    problem::{invalid, unreadable},
    wire::*,
};

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// snake_case; the same at every door.
    pub name: &'static str,
    pub access: Access,
    pub need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

impl Access {
    /// Where a row says nothing else: viewers read, operators write, and only keys for the whole board.
    const fn need(self) -> Need {
        match self {
            Access::Read => Need { role: Role::Viewer, reach: Reach::Whole },
            Access::Write => Need { role: Role::Operator, reach: Reach::Whole },
        }
    }
}

macro_rules! need {
    ($access:ident) => {
        Access::$access.need()
    };
    ($access:ident $role:ident $reach:ident) => {
        Need { role: Role::$role, reach: Reach::$reach }
    };
}

macro_rules! about {
    ($request:ident Own) => {
        $request.concerns()
    };
    ($request:ident $($other:ident)?) => {
        Vec::<Subject>::new()
    };
}

macro_rules! operations {
    ($($access:ident $name:ident($request:ty) $([$role:ident $reach:ident])?;)*) => {
        /// The type of each operation's request, in the order of the table.
        pub(crate) fn requests(types: &mut specta::Types) -> Vec<(&'static str, specta::datatype::DataType)> {
            vec![$((stringify!($name), <$request as specta::Type>::definition(types))),*]
        }

        /// What each operation needs of its caller.
        #[allow(non_upper_case_globals)]
        mod needs {
            use super::*;
            $(pub const $name: Need = need!($access $($role $reach)?);)*
        }

        pub const OPERATIONS: &[Operation] = &[$(Operation {
            name: stringify!($name),
            access: Access::$access,
            need: needs::$name,
        }),*];

        /// Runs the operation `name` on a JSON request and returns its JSON answer.
        pub async fn call(app: &App, name: &str, request: &[u8]) -> Result<Vec<u8>, Problem> {
            match name {
                $(stringify!($name) => {
                    let need = needs::$name;
                    allow_role(app, need)?;
                    let request = decode::<$request>(request)?;
                    allow(app, need, about!(request $($reach)?)).await?;
                    encode(&ops::$name(app, request).await?)
                },)*
                unknown => Err(Problem {
                    code: ProblemCode::NotFound,
                    message: format!("there is no operation “{unknown}”"),
                    next: None,
                }),
            }
        }
    };
}

/// What is no request and answer, and needs something of its caller all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// What goes stale, and the last lines of all live runs.
    Events,
    /// The change log, of a project or a card or all of it.
    Changes,
    /// A terminal: to see it is to be able to type.
    Terminal,
    /// A run's raw output.
    Log,
}

impl Stream {
    pub const ALL: [Stream; 4] = [Stream::Events, Stream::Changes, Stream::Terminal, Stream::Log];

    pub fn need(self) -> Need {
        match self {
            Stream::Events => Need { role: Role::Viewer, reach: Reach::Whole },
            Stream::Terminal => Need { role: Role::Operator, reach: Reach::Own },
            Stream::Changes | Stream::Log => Need { role: Role::Viewer, reach: Reach::Own },
        }
    }

    /// Whether the caller may open it on these things.
    pub async fn allow(self, app: &App, about: Vec<Subject>) -> Result<(), Problem> {
        allow(app, self.need(), about).await
    }
}

// In brackets the weakest role and the reach, where they are not the usual ones of the access.
operations! {
    Read get_overview(Nothing);
    Read get_board(GetBoard) [Viewer Own];
    Read get_cards(GetCards) [Viewer Own];
    Read list_cards(ListCards);
    Read get_status(Nothing);
    Read read_events(ReadEvents);
    Write clean_up(CleanUp);
    Read export_records(ExportRecords);
    Write import_records(ImportRecords);
    Write sync_issues(SyncIssues);
    // It speaks to GitHub with the owner's key.
    Write sync_github(SyncGithub) [Admin Whole];
    Read get_github(Nothing);
    // Opens a file of the owner's choice.
    Read read_vibe_kanban(ReadVibeKanban) [Admin Whole];
    Write add_task(AddTask) [Operator Own];
    Write edit_task(EditTask) [Operator Own];
    Write move_task(MoveTask) [Operator Own];
    Write trash_task(TaskRef) [Operator Own];
    Write restore_task(TaskRef) [Operator Own];
    Write delete_task(TaskRef) [Operator Own];
    Write empty_trash(EmptyTrash);
    Read get_task(TaskRef) [Viewer Own];
    Read find_task(FindTask) [Viewer Own];
    Read get_timeline(TaskRef) [Viewer Own];
    Write add_comment(AddComment) [Agent Own];
    Write set_parent(SetParent) [Operator Own];
    Write add_attachment(AddAttachment) [Operator Own];
    Write remove_attachment(AttachmentRef) [Operator Own];
    Write restore_attachment(AttachmentRef) [Operator Own];
    Read read_attachment(ReadAttachment) [Viewer Own];
    Read list_filters(Nothing);
    Write put_filter(PutFilter);
    Write remove_filter(FilterRef);
    Read find_cards(FindCards) [Viewer Own];
    Write start_next(StartNext);
    Write start_run(StartRun) [Operator Own];
    Write stop_run(RunRef) [Operator Own];
    Read get_run(RunRef) [Viewer Own];
    Read wait_run(WaitRun) [Viewer Own];
    Write send_input(SendInput) [Operator Own];
    Read read_log(ReadLog) [Viewer Own];
    Read read_lines(ReadLines) [Viewer Own];
    Read search_log(SearchLog) [Viewer Own];
    Read get_changes(RunRef) [Viewer Own];
    Read get_diff(GetDiff) [Viewer Own];
    Write remove_workspace(RunRef) [Operator Own];
    Write restore_workspace(RunRef) [Operator Own];
    Read read_artifact(ReadArtifact) [Viewer Own];
    Write add_project(AddProject);
    Write edit_project(EditProject);
    Write remove_project(ProjectRef);
    Write add_repository(AddRepository);
    Write edit_repository(EditRepository);
    Write remove_repository(RepositoryRef);
    Read list_projects(Nothing);
    Read find_repositories(Nothing);
    Read list_agents(Nothing) [Viewer Open];
    Read list_roles(Nothing) [Viewer Open];
    Write register_agent(RegisterAgent);
    Write remove_agent(AgentRef);
    Write heartbeat_agent(AgentRef) [Agent Own];
    Write try_agent(TryAgent);
    Read doctor(Nothing);
    Read get_settings(Nothing);
    // The editor's command is among them, and it runs on the owner's click.
    Write put_settings(Settings) [Admin Whole];
    Write claim_task(ClaimTask) [Agent Own];
    Write heartbeat_run(HeartbeatRun) [Agent Own];
    Write finish_run(FinishRun) [Agent Own];
    Write hand_out_task(HandOutTask);
    Write check_run(CheckRun);
    Read get_my_task(HeldRun) [Agent Own];
    Write report_progress(ReportProgress) [Agent Own];
    Write ask_person(AskPerson) [Agent Own];
    Read get_answer(GetAnswer) [Agent Own];
    Write add_artifact(AddArtifact) [Agent Own];
    Write create_subtask(CreateSubtask) [Agent Own];
    Write hand_off(HandOff) [Agent Own];
    Write depend_on(DependOn) [Agent Own];
    Read list_results(HeldRun) [Agent Own];
    Read read_result(ReadResult) [Agent Own];
    Write queue_task(QueueTask) [Operator Own];
    Write add_dependency(AddDependency) [Operator Own];
    Write remove_dependency(RemoveDependency) [Operator Own];
    Read get_plan(GetPlan);
    Read get_queue_policy(Nothing);
    Write put_queue_policy(QueuePolicy);
    Write reset_breaker(ResetBreaker);
    Write resume_workflow(TaskRef);
    Write review_task(ReviewTask) [Operator Own];
    Read list_schedules(Nothing);
    Read preview_schedule(PreviewSchedule) [Viewer Open];
    Write put_schedule(PutSchedule);
    Write pause_schedule(ScheduleRef);
    Write resume_schedule(ScheduleRef);
    Write remove_schedule(ScheduleRef);
    Write restore_schedule(ScheduleRef);
    Write run_schedule(ScheduleRef);
    Write create_key(CreateKey) [Admin Whole];
    Read list_keys(Nothing) [Admin Whole];
    Write revoke_key(KeyRef) [Admin Whole];
    Read list_tasks(ListTasks) [Viewer Own];
    // An agent reports with it, on its own card; whatever else it changes needs an operator.
    Write put_task(PutTask) [Agent Own];
    Read get_outcomes(GetOutcomes);
    Read list_changes(ListChanges);
    Write enroll_agent(EnrollAgent) [Agent Own];
    // They carry everything to another place, so adding one is as much as giving away a key.
    Write add_webhook(AddWebhook) [Admin Whole];
    Write edit_webhook(EditWebhook) [Admin Whole];
    Write remove_webhook(WebhookRef) [Admin Whole];
    Read list_webhooks(Nothing);
    Write test_webhook(WebhookRef);
    Read list_deliveries(ListDeliveries);
    Write resend_delivery(DeliveryRef);
}

macro_rules! in_types {
    ($($(#[$about:meta])* $name:ident by $part:ident($request:ty) -> $answer:ty;)*) => {
        /// Operations, or a part of what they answer, under the name of their row and for who may call it: for a
        /// door that puts the answer into words of its own, and to which JSON there and back would be most of what
        /// a request costs.
        pub mod in_types {
            use super::*;
            $($(#[$about])* pub async fn $part(app: &App, request: $request) -> Result<$answer, Problem> {
                allow_role(app, needs::$name)?;
                allow(app, needs::$name, request.concerns()).await?;
                ops::$part(app, request).await
            })*
        }
    };
}

in_types! {
    list_tasks by list_tasks(ListTasks) -> TaskPage;
    put_task by put_task(PutTask) -> ListedTask;
    /// Without the card itself.
    claim_task by claim(ClaimTask) -> ClaimAnswer;
    get_task by comments(TaskRef) -> Vec<Comment>;
    add_comment by add_comment(AddComment) -> Comment;
    get_overview by get_overview(Nothing) -> Overview;
    get_plan by queue_load(Nothing) -> ops::QueueLoad;
}

/// A request that was put together as a JSON value.
pub fn decode_value<T: DeserializeOwned>(request: serde_json::Value) -> Result<T, Problem> {
    serde_json::from_value(request).map_err(|error| invalid(unreadable(&error)))
}

fn decode<T: DeserializeOwned>(request: &[u8]) -> Result<T, Problem> {
    let body = if request.is_empty() { b"{}" } else { request };
    // A list would be taken as the fields in order, unnamed.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(invalid("the request cannot be read: it must be an object with named fields"));
    }
    serde_json::from_slice(body).map_err(|error| invalid(unreadable(&error)))
}

fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| Problem {
        code: ProblemCode::Internal,
        message: format!("the answer cannot be written: {error}"),
        next: None,
    })
}
