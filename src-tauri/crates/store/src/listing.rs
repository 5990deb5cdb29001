//! Cards page by page, for programs: filtered and counted by the database, each with what a list shows of it.

use domain::{Id, Millis, Priority, ProjectId, Status, TaskId};
use rusqlite::{Connection, Row, params};

use crate::{
    Store,
    board::{CardFilter, count_of},
    error::StoreError,
    outcomes::OutcomeRecord,
    readers::Ask,
    tasks,
};

/// Which cards, and which page of them, newest first. Filters that are left empty let everything through.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    pub ids: Option<Vec<TaskId>>,
    pub statuses: Option<Vec<Status>>,
    /// The agent that it is kept for, or that works on it or did.
    pub agent: Option<String>,
    /// Lowest and highest level.
    pub priority: Option<(Priority, Priority)>,
    pub project: Option<ProjectId>,
    /// Somewhere in title or description, whatever the case.
    pub text: Option<String>,
    pub limit: u32,
    pub offset: u32,
}

impl TaskFilter {
    /// Found by what it names, and not by looking through all cards.
    fn is_short(&self) -> bool {
        self.ids.as_ref().is_some_and(|ids| ids.len() <= SHORT)
    }
}

/// Cards that are read while others wait.
const SHORT: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub struct ListedTask {
    pub id: TaskId,
    pub uid: String,
    pub title: String,
    pub description: String,
    pub status: Status,
    pub priority: Priority,
    pub project: Option<ProjectId>,
    pub project_name: Option<String>,
    pub tags: Vec<String>,
    pub due_at: Option<Millis>,
    /// See [`TaskFilter::agent`].
    pub agent: Option<String>,
    /// Who made it, as the log names them.
    pub created_by: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub finished_at: Option<Millis>,
    pub version: i64,
    pub runs: u32,
    /// Why the last attempt failed, if it did.
    pub failure: Option<String>,
    pub comments: u32,
    pub artifacts: u32,
    pub outcome: OutcomeRecord,
}

macro_rules! from {
    ($ids:literal) => {
        concat!(
            "FROM tasks t LEFT JOIN runs r ON r.id = t.last_run LEFT JOIN projects p ON p.id = t.project_id \
             LEFT JOIN task_outcomes o ON o.task_id = t.id \
             WHERE t.deleted_at IS NULL AND t.trashed_at IS NULL \
             AND ",
            $ids,
            " \
             AND (?2 IS NULL OR t.status IN (SELECT value FROM json_each(?2))) \
             AND (?3 IS NULL OR coalesce(t.assignee, CASE WHEN t.status IN ('in_progress', 'review', 'done') THEN r.agent END) = ?3) \
             AND (?4 IS NULL OR t.priority BETWEEN ?4 AND ?5) \
             AND (?6 IS NULL OR t.project_id = ?6) \
             AND (?7 IS NULL OR instr(lower(t.title), lower(?7)) OR instr(lower(t.description), lower(?7)))"
        )
    };
}

macro_rules! page {
    ($ids:literal) => {
        concat!(
            "SELECT t.id, t.uid, t.title, t.description, t.status, t.priority, t.project_id, p.name, t.tags, t.due_at, \
             coalesce(t.assignee, CASE WHEN t.status IN ('in_progress', 'review', 'done') THEN r.agent END), \
             (SELECT actor FROM changes c WHERE c.task_id = t.id ORDER BY c.seq LIMIT 1), t.created_at, t.updated_at, \
             t.finished_at, t.version, t.runs, CASE r.outcome WHEN 'failed' THEN coalesce(r.reason, r.cause) END, \
             (SELECT count(*) FROM task_comments c WHERE c.task_id = t.id), t.artifacts, o.outcome, o.error_message, o.resolution, \
             o.feedback_rating, o.feedback_notes, o.estimated_hours, o.actual_hours, o.metadata ",
            from!($ids),
            " ORDER BY t.id DESC LIMIT ?8 OFFSET ?9"
        )
    };
}

const PAGE: &str = page!("?1 IS NULL");
const COUNT: &str = concat!("SELECT count(*) ", from!("?1 IS NULL"));
/// Named cards are looked up; with an OR in between SQLite would pass through all.
pub(crate) const PAGE_AMONG: &str = page!("t.id IN (SELECT value FROM json_each(?1))");
pub(crate) const COUNT_AMONG: &str =
    concat!("SELECT count(*) ", from!("t.id IN (SELECT value FROM json_each(?1))"));
/// Both halves only count the entries of an index. What is deleted is in the trash, too.
const ALL: &str =
    "SELECT (SELECT count(*) FROM tasks) - (SELECT count(*) FROM tasks WHERE trashed_at IS NOT NULL)";

/// What page and count are asked with.
struct Asked<'f> {
    ids: Option<String>,
    statuses: Option<String>,
    filter: &'f TaskFilter,
}

impl Asked<'_> {
    fn of(filter: &TaskFilter) -> Result<Asked<'_>, StoreError> {
        let ids = filter.ids.as_ref().map(|ids| ids.iter().map(|id| id.raw()).collect::<Vec<_>>());
        let statuses =
            filter.statuses.as_ref().map(|all| all.iter().map(|status| status.word()).collect::<Vec<_>>());
        let (ids, statuses) = (ids.as_ref().map(tasks::json), statuses.as_ref().map(tasks::json));
        Ok(Asked { ids: ids.transpose()?, statuses: statuses.transpose()?, filter })
    }

    fn page(&self, sql: &Connection) -> Result<Vec<ListedTask>, StoreError> {
        let Asked { ids, statuses, filter } = self;
        let TaskFilter { agent, text, limit, offset, .. } = filter;
        let (low, high, project) = self.numbers();
        let mut page = sql.statement(if ids.is_some() { PAGE_AMONG } else { PAGE })?;
        let mut rows = page.query(params![ids, statuses, agent, low, high, project, text, limit, offset])?;
        let mut tasks = Vec::new();
        while let Some(row) = rows.next()? {
            tasks.push(listed(row)?);
        }
        Ok(tasks)
    }

    fn count(&self, sql: &Connection) -> Result<u32, StoreError> {
        let TaskFilter { ids: None, agent: None, priority: None, project: None, text: None, .. } =
            self.filter
        else {
            let (low, high, project) = self.numbers();
            let asked =
                params![self.ids, self.statuses, self.filter.agent, low, high, project, self.filter.text];
            let count = if self.ids.is_some() { COUNT_AMONG } else { COUNT };
            return Ok(sql.row(count, asked, |row| row.get(0))?.unwrap_or(0));
        };
        let Some(statuses) = &self.filter.statuses else {
            return Ok(sql.row(ALL, [], |row| row.get(0))?.unwrap_or(0));
        };
        // Whole columns are counted in their indexes.
        let mut total = 0;
        for status in Status::ALL.into_iter().filter(|status| statuses.contains(status)) {
            total += count_of(sql, status, &CardFilter::default())?;
        }
        Ok(total)
    }

    /// Lowest and highest level, and the project.
    fn numbers(&self) -> (Option<u8>, Option<u8>, Option<i64>) {
        let TaskFilter { priority, project, .. } = self.filter;
        (priority.map(|(low, _)| low.level()), priority.map(|(_, high)| high.level()), project.map(Id::raw))
    }
}

impl Store {
    /// A page of cards, and how many there are in all. Trashed ones are left out.
    pub async fn list_tasks(&self, filter: &TaskFilter) -> Result<(Vec<ListedTask>, u32), StoreError> {
        let read = |filter: &TaskFilter, sql: &Connection| {
            let asked = Asked::of(filter)?;
            let tasks = asked.page(sql)?;
            let seen = tasks.len() as u32;
            // The last page tells how many there are.
            let is_last = seen < filter.limit && (seen > 0 || filter.offset == 0);
            let total = if is_last { filter.offset + seen } else { asked.count(sql)? };
            Ok((tasks, total))
        };
        if filter.is_short() {
            return self.here(|sql| read(filter, sql)).await;
        }
        let filter = filter.clone();
        self.aside(move |sql| read(&filter, sql)).await
    }
}

fn listed(row: &Row<'_>) -> Result<ListedTask, StoreError> {
    let metadata: Option<String> = row.get(27)?;
    Ok(ListedTask {
        id: TaskId(row.get(0)?),
        uid: row.get(1)?,
        title: row.get(2)?,
        description: row.get(3)?,
        status: tasks::status(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
        priority: tasks::priority(row.get(5)?)?,
        project: row.get::<_, Option<i64>>(6)?.map(ProjectId),
        project_name: row.get(7)?,
        tags: parse(&row.get::<_, String>(8)?)?,
        due_at: row.get(9)?,
        agent: row.get(10)?,
        created_by: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
        finished_at: row.get(14)?,
        version: row.get(15)?,
        runs: row.get(16)?,
        failure: row.get(17)?,
        comments: row.get(18)?,
        artifacts: row.get(19)?,
        outcome: OutcomeRecord {
            outcome: row.get(20)?,
            error_message: row.get(21)?,
            resolution: row.get(22)?,
            feedback_rating: row.get(23)?,
            feedback_notes: row.get(24)?,
            estimated_hours: row.get(25)?,
            actual_hours: row.get(26)?,
            metadata: metadata.as_deref().map(parse).transpose()?.unwrap_or_default(),
        },
    })
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}
