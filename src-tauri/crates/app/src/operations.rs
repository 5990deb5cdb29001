//! The table of operations. Every door is compared with it by a test; the HTTP door dispatches
//! through [`call`], the desktop through functions of the same names.

use domain::policy::QueuePolicy;
use serde::{Serialize, de::DeserializeOwned};

use crate::{App, ops, problem::invalid, wire::*};

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// snake_case; the same at every door.
    pub name: &'static str,
    pub access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

macro_rules! operations {
    ($($access:ident $name:ident($request:ty);)*) => {
        /// The type of each operation's request, in the order of the table.
        pub(crate) fn requests(types: &mut specta::Types) -> Vec<(&'static str, specta::datatype::DataType)> {
            vec![$((stringify!($name), <$request as specta::Type>::definition(types))),*]
        }

        pub const OPERATIONS: &[Operation] =
            &[$(Operation { name: stringify!($name), access: Access::$access }),*];

        /// Runs the operation `name` on a JSON request and returns its JSON answer.
        pub async fn call(app: &App, name: &str, request: &[u8]) -> Result<Vec<u8>, Problem> {
            match name {
                $(stringify!($name) => encode(&ops::$name(app, decode::<$request>(request)?).await?),)*
                unknown => Err(Problem {
                    code: ProblemCode::NotFound,
                    message: format!("there is no operation “{unknown}”"),
                    next: None,
                }),
            }
        }
    };
}

operations! {
    Read get_overview(Nothing);
    Read get_board(GetBoard);
    Read get_cards(GetCards);
    Write add_task(AddTask);
    Write edit_task(EditTask);
    Write move_task(MoveTask);
    Write trash_task(TaskRef);
    Write restore_task(TaskRef);
    Write delete_task(TaskRef);
    Write empty_trash(EmptyTrash);
    Read get_task(TaskRef);
    Read find_task(FindTask);
    Read get_timeline(TaskRef);
    Write add_comment(AddComment);
    Write start_run(StartRun);
    Write stop_run(RunRef);
    Read get_run(RunRef);
    Read wait_run(WaitRun);
    Write send_input(SendInput);
    Read read_log(ReadLog);
    Read read_lines(ReadLines);
    Read search_log(SearchLog);
    Read get_changes(RunRef);
    Read get_diff(GetDiff);
    Write remove_workspace(RunRef);
    Write restore_workspace(RunRef);
    Read read_artifact(ReadArtifact);
    Write add_project(AddProject);
    Write edit_project(EditProject);
    Write remove_project(ProjectRef);
    Write add_repository(AddRepository);
    Write edit_repository(EditRepository);
    Write remove_repository(RepositoryRef);
    Read list_projects(Nothing);
    Read find_repositories(Nothing);
    Read list_agents(Nothing);
    Read list_roles(Nothing);
    Write register_agent(RegisterAgent);
    Write remove_agent(AgentRef);
    Write heartbeat_agent(AgentRef);
    Write try_agent(TryAgent);
    Read doctor(Nothing);
    Read get_settings(Nothing);
    Write put_settings(Settings);
    Write claim_task(ClaimTask);
    Write heartbeat_run(HeartbeatRun);
    Write finish_run(FinishRun);
    Read get_my_task(HeldRun);
    Write report_progress(ReportProgress);
    Write ask_person(AskPerson);
    Read get_answer(GetAnswer);
    Write add_artifact(AddArtifact);
    Write create_subtask(CreateSubtask);
    Write hand_off(HandOff);
    Write depend_on(DependOn);
    Read list_results(HeldRun);
    Read read_result(ReadResult);
    Write queue_task(QueueTask);
    Write add_dependency(AddDependency);
    Write remove_dependency(RemoveDependency);
    Read get_plan(GetPlan);
    Read get_queue_policy(Nothing);
    Write put_queue_policy(QueuePolicy);
    Write reset_breaker(ResetBreaker);
    Write review_task(ReviewTask);
    Read list_schedules(Nothing);
    Read preview_schedule(PreviewSchedule);
    Write put_schedule(PutSchedule);
    Write pause_schedule(ScheduleRef);
    Write resume_schedule(ScheduleRef);
    Write remove_schedule(ScheduleRef);
    Write restore_schedule(ScheduleRef);
    Write run_schedule(ScheduleRef);
}

fn decode<T: DeserializeOwned>(request: &[u8]) -> Result<T, Problem> {
    let body = if request.is_empty() { b"{}" } else { request };
    // A list would be taken as the fields in order, unnamed.
    if body.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(invalid("the request cannot be read: it must be an object with named fields"));
    }
    serde_json::from_slice(body).map_err(|error| invalid(format!("the request cannot be read: {error}")))
}

fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| Problem {
        code: ProblemCode::Internal,
        message: format!("the answer cannot be written: {error}"),
        next: None,
    })
}
