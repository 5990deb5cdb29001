//! Cards page by page, for programs: filtered and counted by the database, each with what a list shows of it.

use domain::{Id, Millis, Priority, ProjectId, Status, TaskId};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::{Store, error::StoreError, outcomes::OutcomeRecord, tasks};

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
    /// Lets everything through.
    fn is_empty(&self) -> bool {
        let TaskFilter { ids, statuses, agent, priority, project, text, limit: _, offset: _ } = self;
        let all = (ids, statuses, agent, priority, project, text);
        matches!(all, (None, None, None, None, None, None))
    }
}

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
    () => {
        "FROM tasks t LEFT JOIN runs r ON r.id = t.last_run LEFT JOIN projects p ON p.id = t.project_id \
         LEFT JOIN task_outcomes o ON o.task_id = t.id \
         WHERE t.deleted_at IS NULL AND t.trashed_at IS NULL \
         AND (?1 IS NULL OR t.id IN (SELECT value FROM json_each(?1))) \
         AND (?2 IS NULL OR t.status IN (SELECT value FROM json_each(?2))) \
         AND (?3 IS NULL OR coalesce(t.assignee, CASE WHEN t.status IN ('in_progress', 'review', 'done') THEN r.agent END) = ?3) \
         AND (?4 IS NULL OR t.priority BETWEEN ?4 AND ?5) \
         AND (?6 IS NULL OR t.project_id = ?6) \
         AND (?7 IS NULL OR instr(lower(t.title), lower(?7)) OR instr(lower(t.description), lower(?7)))"
    };
}

const PAGE: &str = concat!(
    "SELECT t.id, t.uid, t.title, t.description, t.status, t.priority, t.project_id, p.name, t.tags, t.due_at, \
     coalesce(t.assignee, CASE WHEN t.status IN ('in_progress', 'review', 'done') THEN r.agent END), \
     (SELECT actor FROM changes c WHERE c.task_id = t.id ORDER BY c.seq LIMIT 1), t.created_at, t.updated_at, \
     t.finished_at, t.version, t.runs, CASE r.outcome WHEN 'failed' THEN coalesce(r.reason, r.cause) END, \
     (SELECT count(*) FROM task_comments c WHERE c.task_id = t.id), t.artifacts, o.outcome, o.error_message, o.resolution, \
     o.feedback_rating, o.feedback_notes, o.estimated_hours, o.actual_hours, o.metadata ",
    from!(),
    " ORDER BY t.id DESC LIMIT ?8 OFFSET ?9"
);
const COUNT: &str = concat!("SELECT count(*) ", from!());
/// Both halves only count the entries of an index. What is deleted is in the trash, too.
const ALL: &str =
    "SELECT (SELECT count(*) FROM tasks) - (SELECT count(*) FROM tasks WHERE trashed_at IS NOT NULL)";

/// The parameters that page and count share.
macro_rules! bound {
    ($query:expr, $filter:expr) => {{
        let ids = $filter.ids.as_ref().map(|ids| ids.iter().map(|id| id.raw()).collect::<Vec<_>>());
        let statuses =
            $filter.statuses.as_ref().map(|all| all.iter().map(|status| status.word()).collect::<Vec<_>>());
        $query
            .bind(ids.map(|ids| tasks::json(&ids)).transpose()?)
            .bind(statuses.map(|all| tasks::json(&all)).transpose()?)
            .bind(&$filter.agent)
            .bind($filter.priority.map(|(low, _)| low.level()))
            .bind($filter.priority.map(|(_, high)| high.level()))
            .bind($filter.project.map(Id::raw))
            .bind(&$filter.text)
    }};
}

impl Store {
    /// A page of cards, and how many there are in all. Trashed ones are left out.
    pub async fn list_tasks(&self, filter: &TaskFilter) -> Result<(Vec<ListedTask>, u32), StoreError> {
        let rows = bound!(sqlx::query(PAGE), filter)
            .bind(filter.limit)
            .bind(filter.offset)
            .fetch_all(&self.readers)
            .await?;
        let tasks = rows.iter().map(listed).collect::<Result<_, _>>()?;
        Ok((tasks, self.count_listed(filter).await?))
    }

    async fn count_listed(&self, filter: &TaskFilter) -> Result<u32, StoreError> {
        if filter.is_empty() {
            let total: i64 = sqlx::query_scalar(ALL).fetch_one(&self.readers).await?;
            return Ok(total as u32);
        }
        let TaskFilter { ids: None, agent: None, priority: None, project: None, text: None, .. } = filter
        else {
            let total: i64 = bound!(sqlx::query_scalar(COUNT), filter).fetch_one(&self.readers).await?;
            return Ok(total as u32);
        };
        // Whole columns are counted in their indexes.
        let columns = self.counts_by_column().await?.into_iter();
        let wanted = |status: &Status| filter.statuses.as_ref().is_none_or(|wanted| wanted.contains(status));
        Ok(columns.filter(|(status, _)| wanted(status)).map(|(_, count)| count).sum())
    }
}

fn listed(row: &SqliteRow) -> Result<ListedTask, StoreError> {
    let metadata: Option<&str> = row.try_get(27)?;
    Ok(ListedTask {
        id: TaskId(row.try_get(0)?),
        uid: row.try_get(1)?,
        title: row.try_get(2)?,
        description: row.try_get(3)?,
        status: tasks::status(row.try_get(4)?)?,
        priority: tasks::priority(row.try_get(5)?)?,
        project: row.try_get::<Option<i64>, _>(6)?.map(ProjectId),
        project_name: row.try_get(7)?,
        tags: parse(row.try_get(8)?)?,
        due_at: row.try_get(9)?,
        agent: row.try_get(10)?,
        created_by: row.try_get(11)?,
        created_at: row.try_get(12)?,
        updated_at: row.try_get(13)?,
        finished_at: row.try_get(14)?,
        version: row.try_get(15)?,
        runs: row.try_get::<i64, _>(16)? as u32,
        failure: row.try_get(17)?,
        comments: row.try_get::<i64, _>(18)? as u32,
        artifacts: row.try_get::<i64, _>(19)? as u32,
        outcome: OutcomeRecord {
            outcome: row.try_get(20)?,
            error_message: row.try_get(21)?,
            resolution: row.try_get(22)?,
            feedback_rating: row.try_get(23)?,
            feedback_notes: row.try_get(24)?,
            estimated_hours: row.try_get(25)?,
            actual_hours: row.try_get(26)?,
            metadata: metadata.map(parse).transpose()?.unwrap_or_default(),
        },
    })
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}
