//! Questions that agents ask people. One is open until a person comments on its card; that comment is the
//! answer. Only the run that asked may look.

use domain::{Actor, Id, Millis, QuestionId, RunId, TaskId};
use rusqlite::params;
use sqlx::FromRow;

use crate::{
    Store, comments,
    error::StoreError,
    held,
    readers::{Ask, row},
    tasks::log,
    writer::Tx,
};

/// Open questions of one task; whoever asks more does not read the answers.
const OPEN_MAX: i64 = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionRecord {
    pub id: QuestionId,
    pub task: TaskId,
    pub text: String,
    pub asked_at: Millis,
    pub answer: Option<String>,
    pub answered_at: Option<Millis>,
}

row! {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        task_id: i64,
        text: String,
        asked_at: i64,
        answer: Option<String>,
        answered_at: Option<i64>,
    }
}

impl From<Row> for QuestionRecord {
    fn from(row: Row) -> Self {
        QuestionRecord {
            id: QuestionId(row.id),
            task: TaskId(row.task_id),
            text: row.text,
            asked_at: row.asked_at,
            answer: row.answer,
            answered_at: row.answered_at,
        }
    }
}

impl Store {
    /// Asks on behalf of the run that holds the task; the question is a comment as well.
    pub async fn ask(
        &self,
        run: RunId,
        token: String,
        text: String,
        now: Millis,
    ) -> Result<QuestionRecord, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { insert(tx, run, &token, text, now).await })).await
    }

    /// A question of this run, which still holds its task.
    pub async fn question(
        &self,
        run: RunId,
        token: &str,
        id: QuestionId,
    ) -> Result<QuestionRecord, StoreError> {
        self.holder(run, token).await?;
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, task_id, text, asked_at, answer, answered_at FROM questions WHERE id = ? AND run_id = ?",
        )
        .bind(id.raw())
        .bind(run.raw())
        .fetch_optional(&self.readers)
        .await?;
        row.map(Into::into).ok_or(StoreError::NotFound { what: "question", key: id.to_string() })
    }

    /// What the task's live run asks and nobody has answered, oldest first.
    pub async fn open_questions(&self, task: TaskId) -> Result<Vec<QuestionRecord>, StoreError> {
        const OPEN: &str = "SELECT q.id, q.task_id, q.text, q.asked_at, q.answer, q.answered_at FROM questions q \
             JOIN tasks t ON t.id = q.task_id AND t.live_run = q.run_id \
             WHERE q.task_id = ? AND q.answered_at IS NULL ORDER BY q.id";
        let rows = self.here(|sql| Ok(sql.rows(OPEN, [task.raw()], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Whether the run waits for a person's answer.
    pub async fn asks(&self, run: RunId) -> Result<bool, StoreError> {
        let asks = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM runs r JOIN questions q ON q.task_id = r.task_id \
             WHERE r.id = ? AND q.run_id = r.id AND q.answered_at IS NULL)",
        )
        .bind(run.raw())
        .fetch_one(&self.readers)
        .await?;
        Ok(asks)
    }
}

async fn insert(
    tx: &mut Tx<'_>,
    run: RunId,
    token: &str,
    text: String,
    now: Millis,
) -> Result<QuestionRecord, StoreError> {
    let holder = held::find(&mut *tx.conn, run, token).await?;
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM questions WHERE task_id = ? AND run_id = ? AND answered_at IS NULL",
    )
    .bind(holder.task.raw())
    .bind(run.raw())
    .fetch_one(&mut *tx.conn)
    .await?;
    if open >= OPEN_MAX {
        return Err(StoreError::Conflict(format!(
            "{open} questions are open on {}; wait for their answers first",
            holder.task.key()
        )));
    }
    let author = Actor::Agent(holder.agent);
    comments::insert(tx, holder.task, &author, &text, now).await?;
    let id = sqlx::query("INSERT INTO questions (task_id, run_id, text, asked_at) VALUES (?, ?, ?, ?)")
        .bind(holder.task.raw())
        .bind(run.raw())
        .bind(&text)
        .bind(now)
        .execute(&mut *tx.conn)
        .await?
        .last_insert_rowid();
    let said = format!("asks: {}", domain::text::elide(&text, 200));
    log(tx, holder.task, Some(run), &author, "run.asked", said, now).await?;
    Ok(QuestionRecord {
        id: QuestionId(id),
        task: holder.task,
        text,
        asked_at: now,
        answer: None,
        answered_at: None,
    })
}

/// A person's words answer whatever is open on the card.
pub(crate) async fn answer(
    tx: &mut Tx<'_>,
    task: TaskId,
    words: &str,
    now: Millis,
) -> Result<(), StoreError> {
    const ANSWER: &str =
        "UPDATE questions SET answer = ?, answered_at = ? WHERE task_id = ? AND answered_at IS NULL";
    tx.here(|sql| sql.run(ANSWER, params![words, now, task.raw()])).await?;
    Ok(())
}
