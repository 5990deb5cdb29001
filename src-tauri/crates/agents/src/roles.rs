//! Roles that an agent may be given, with what the agent is told to do in them. A role is a word that
//! people choose; these bring instructions along, and the person's own take their place.

/// One role that ships with instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    pub name: &'static str,
    pub title: &'static str,
    /// One line for the person who chooses.
    pub summary: &'static str,
    /// Markdown, addressed to the agent.
    pub instructions: &'static str,
}

pub const ROLES: [Role; 4] = [
    Role {
        name: "coder",
        title: "Coder",
        summary: "Makes the smallest change that does the whole job, with its test.",
        instructions: include_str!("roles/coder.md"),
    },
    Role {
        name: "reviewer",
        title: "Reviewer",
        summary: "Checks the work against the task and ends with a verdict; changes nothing.",
        instructions: include_str!("roles/reviewer.md"),
    },
    Role {
        name: "planner",
        title: "Planner",
        summary: "Cuts a task into steps that others can finish; writes no code.",
        instructions: include_str!("roles/planner.md"),
    },
    Role {
        name: "tester",
        title: "Tester",
        summary: "Finds out whether it works and shows how it does not.",
        instructions: include_str!("roles/tester.md"),
    },
];

/// What an agent is told about its work: its own instructions, or else those of its role. May be empty.
pub fn instructions<'a>(role: Option<&str>, own: &'a str) -> &'a str {
    if !own.trim().is_empty() {
        return own;
    }
    ROLES.iter().find(|known| Some(known.name) == role).map_or("", |known| known.instructions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_instructions_take_the_place_of_the_roles() {
        assert_eq!(instructions(Some("reviewer"), "Be brief."), "Be brief.");
        assert!(instructions(Some("reviewer"), " \n").contains("You review work"));
        assert_eq!(instructions(Some("barista"), ""), "");
        assert_eq!(instructions(None, ""), "");
    }

    #[test]
    fn the_reviewer_is_told_the_verdict_on_a_line_of_its_own() {
        let told = instructions(Some("reviewer"), "");
        for verdict in ["VERDICT: APPROVED", "VERDICT: REJECTED"] {
            assert!(told.lines().any(|line| line == verdict), "{verdict}");
        }
    }
}
