//! Who may do what. A caller has a role, which says how much it may change, and a scope, which says
//! what it may touch at all; an operation needs a role and says how far it reaches. Whether the two fit
//! is decided here and nowhere else.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{ProjectId, RunId, TaskId};

/// How much a caller may do, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename = "KeyRole", rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and reports on what is its own; always within a scope.
    Agent,
    /// Works with cards, runs, projects and agents.
    Operator,
    /// Also keys and this machine's settings.
    Admin,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Agent => "agent",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        match text.trim().to_ascii_lowercase().as_str() {
            "viewer" => Some(Role::Viewer),
            "agent" => Some(Role::Agent),
            "operator" => Some(Role::Operator),
            "admin" => Some(Role::Admin),
            _ => None,
        }
    }
}

/// What a caller may touch at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Board,
    Project(ProjectId),
    /// The cards that are kept for this agent or that it works on.
    Agent(String),
    /// The card of one run, for the agent that carries the run out.
    Run {
        agent: String,
        run: RunId,
        task: TaskId,
    },
}

/// How far an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// It is about things that the request names.
    Own,
    /// It tells and changes nothing of anybody's.
    Open,
    /// It is about the board, or could be about any part of it.
    Whole,
}

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    pub role: Role,
    pub reach: Reach,
}

/// One thing that a request is about, as far as scopes tell things apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    pub task: Option<TaskId>,
    pub project: Option<ProjectId>,
    /// The agent that it is kept for and the one that worked on it last.
    pub agents: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("this needs a key with the role {}; yours is {}", .needed.word(), .given.word())]
    Role { needed: Role, given: Role },
    #[error("this key is for {0} alone")]
    Scope(String),
    #[error("this key is {own}'s; it cannot speak for {other}")]
    Voice { own: String, other: String },
}

impl Scope {
    fn covers(&self, thing: &Thing) -> bool {
        match self {
            Scope::Board => true,
            Scope::Project(project) => thing.project == Some(*project),
            Scope::Agent(name) => thing.agents.contains(name),
            Scope::Run { task, .. } => thing.task == Some(*task),
        }
    }

    fn phrase(&self) -> String {
        match self {
            Scope::Board => "the board".into(),
            Scope::Project(project) => format!("project {project}"),
            Scope::Agent(name) => format!("the tasks of {name}"),
            Scope::Run { task, .. } => task.key(),
        }
    }
}

/// Whether the role suffices; the first half of [`permits`], for before a request is read.
pub fn permits_role(need: Need, role: Role) -> Result<(), Forbidden> {
    if role < need.role { Err(Forbidden::Role { needed: need.role, given: role }) } else { Ok(()) }
}

/// `about` are the things that the request names; an operation that names none while it should is refused
/// to every scope but the board.
pub fn permits(need: Need, role: Role, scope: &Scope, about: &[Thing]) -> Result<(), Forbidden> {
    permits_role(need, role)?;
    let within = match (need.reach, scope) {
        (Reach::Open, _) | (_, Scope::Board) => true,
        (Reach::Whole, _) => false,
        (Reach::Own, scope) => !about.is_empty() && about.iter().all(|thing| scope.covers(thing)),
    };
    if within { Ok(()) } else { Err(Forbidden::Scope(scope.phrase())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn thing(task: i64, project: i64, agents: &[&str]) -> Thing {
        Thing {
            task: Some(TaskId(task)),
            project: Some(ProjectId(project)),
            agents: agents.iter().map(|name| (*name).into()).collect(),
        }
    }

    fn scopes() -> Vec<(&'static str, Scope)> {
        vec![
            ("board", Scope::Board),
            ("project 1", Scope::Project(ProjectId(1))),
            ("agent scout", Scope::Agent("scout".into())),
            ("run of T-1", Scope::Run { agent: "scout".into(), run: RunId(9), task: TaskId(1) }),
        ]
    }

    /// Which of the scopes let the operation through.
    fn through(reach: Reach, about: &[Thing]) -> Vec<&'static str> {
        let need = Need { role: Role::Viewer, reach };
        let fits = |scope: &Scope| permits(need, Role::Operator, scope, about).is_ok();
        scopes().into_iter().filter(|(_, scope)| fits(scope)).map(|(name, _)| name).collect()
    }

    #[rstest]
    #[case::its_own(Reach::Own, vec![thing(1, 1, &["scout"])], &["board", "project 1", "agent scout", "run of T-1"])]
    #[case::another_card(Reach::Own, vec![thing(2, 1, &["scout"])], &["board", "project 1", "agent scout"])]
    #[case::anothers_card(Reach::Own, vec![thing(2, 1, &["iris"])], &["board", "project 1"])]
    #[case::elsewhere(Reach::Own, vec![thing(2, 2, &[])], &["board"])]
    #[case::one_of_two(Reach::Own, vec![thing(1, 1, &["scout"]), thing(2, 2, &[])], &["board"])]
    #[case::an_agent(Reach::Own, vec![Thing { agents: vec!["scout".into()], ..Thing::default() }], &["board", "agent scout"])]
    #[case::names_nothing(Reach::Own, vec![], &["board"])]
    #[case::everything(Reach::Whole, vec![thing(1, 1, &["scout"])], &["board"])]
    #[case::nobodys(Reach::Open, vec![], &["board", "project 1", "agent scout", "run of T-1"])]
    fn a_scope_lets_through_what_is_its_own(
        #[case] reach: Reach,
        #[case] about: Vec<Thing>,
        #[case] expected: &[&str],
    ) {
        assert_eq!(through(reach, &about), expected);
    }

    #[test]
    fn a_role_does_what_weaker_ones_do_and_nothing_of_stronger_ones() {
        let roles = [Role::Viewer, Role::Agent, Role::Operator, Role::Admin];
        for (strength, role) in roles.into_iter().enumerate() {
            for (needed, need) in roles.into_iter().enumerate() {
                let need = Need { role: need, reach: Reach::Whole };
                let fits = permits(need, role, &Scope::Board, &[]).is_ok();
                assert_eq!(fits, strength >= needed, "{role:?} for {need:?}");
            }
            assert_eq!(Role::parse(role.word()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn the_role_is_judged_before_the_scope() {
        let need = Need { role: Role::Admin, reach: Reach::Whole };
        let refused = permits(need, Role::Viewer, &Scope::Project(ProjectId(1)), &[]).unwrap_err();
        assert_eq!(refused.to_string(), "this needs a key with the role admin; yours is viewer");
        let refused = permits(need, Role::Admin, &Scope::Project(ProjectId(1)), &[]).unwrap_err();
        assert_eq!(refused.to_string(), "this key is for project 1 alone");
    }
}
