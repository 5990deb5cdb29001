//! What agents handed over: the list here, the bytes by content hash in the artifact store.

use domain::{Actor, ArtifactId, Id, Millis, RunId, TaskId};
use sqlx::FromRow;

use crate::{
    Store,
    error::StoreError,
    readers::{Ask, row},
    runs,
    tasks::log,
    writer::Tx,
};

const LEFT: &str = "run.artifacts_left";
const KEPT: &str = "run.artifacts_kept";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRecord {
    pub id: ArtifactId,
    pub run: RunId,
    pub path: String,
    pub kind: String,
    pub size: i64,
    pub hash: String,
    pub at: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewArtifact {
    /// Below `artifacts/`, with `/`.
    pub path: String,
    pub kind: String,
    pub size: i64,
    /// blake3, 64 hex digits.
    pub hash: String,
}

row! {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        run_id: i64,
        path: String,
        kind: String,
        size: i64,
        hash: String,
        at: i64,
    }
}

impl From<Row> for ArtifactRecord {
    fn from(row: Row) -> Self {
        ArtifactRecord {
            id: ArtifactId(row.id),
            run: RunId(row.run_id),
            path: row.path,
            kind: row.kind,
            size: row.size,
            hash: row.hash,
            at: row.at,
        }
    }
}

impl Store {
    /// Makes the run's list equal to what was found. A file that vanished from the folder stays
    /// listed: what was handed over once is not taken back. Returns how many are new or changed.
    pub async fn put_artifacts(
        &self,
        run: RunId,
        found: Vec<NewArtifact>,
        now: Millis,
    ) -> Result<u32, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { put(tx, run, found, now).await })).await
    }

    /// A task's artifacts, newest run first, by path.
    pub async fn artifacts(&self, task: TaskId) -> Result<Vec<ArtifactRecord>, StoreError> {
        let columns = Row::COLUMNS;
        let all = format!("SELECT {columns} FROM artifacts WHERE task_id = ? ORDER BY run_id DESC, path");
        let rows = self.here(|sql| Ok(sql.rows(&all, [task.raw()], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Says on the card that artifacts of this run could not be kept, and why.
    pub async fn note_artifacts_left(&self, run: RunId, why: String, now: Millis) -> Result<(), StoreError> {
        self.note_about_artifacts(run, LEFT, why, now).await
    }

    /// Says on the card that what had been left was kept after all.
    pub async fn note_artifacts_kept(&self, run: RunId, now: Millis) -> Result<(), StoreError> {
        self.note_about_artifacts(run, KEPT, "the artifacts that were left are kept now".into(), now).await
    }

    async fn note_about_artifacts(
        &self,
        run: RunId,
        kind: &'static str,
        text: String,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let task = runs::require(tx, run).await?.task;
                    log(tx, task, Some(run), &Actor::Engine, kind, text, now).await
                })
            })
            .await
    }

    /// Runs with artifacts that were left and have not been kept since. Reads the whole log of changes.
    pub async fn runs_with_artifacts_left(&self) -> Result<Vec<RunId>, StoreError> {
        // SQLite takes the other columns from the row that has the maximum.
        let last: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT run_id, kind, max(seq) FROM changes WHERE kind IN (?, ?) GROUP BY run_id ORDER BY run_id",
        )
        .bind(LEFT)
        .bind(KEPT)
        .fetch_all(&self.readers)
        .await?;
        Ok(last.into_iter().filter(|(_, kind, _)| kind == LEFT).map(|(run, _, _)| RunId(run)).collect())
    }

    pub async fn artifact(&self, id: ArtifactId) -> Result<ArtifactRecord, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, run_id, path, kind, size, hash, at FROM artifacts WHERE id = ?")
                .bind(id.raw())
                .fetch_optional(&self.readers)
                .await?;
        row.map(Into::into).ok_or(StoreError::NotFound { what: "artifact", key: id.to_string() })
    }
}

async fn put(tx: &mut Tx<'_>, run: RunId, found: Vec<NewArtifact>, now: Millis) -> Result<u32, StoreError> {
    let record = runs::require(tx, run).await?;
    let mut changed = Vec::new();
    for artifact in found {
        let written = sqlx::query(
            "INSERT INTO artifacts (task_id, run_id, path, kind, size, hash, at) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (run_id, path) DO UPDATE SET kind = excluded.kind, size = excluded.size, hash = excluded.hash, at = excluded.at \
             WHERE hash <> excluded.hash",
        )
        .bind(record.task.raw())
        .bind(run.raw())
        .bind(&artifact.path)
        .bind(&artifact.kind)
        .bind(artifact.size)
        .bind(&artifact.hash)
        .bind(now)
        .execute(&mut *tx.conn)
        .await?;
        if written.rows_affected() > 0 {
            changed.push(artifact.path);
        }
    }
    if changed.is_empty() {
        return Ok(0);
    }
    sqlx::query(
        "UPDATE tasks SET artifacts = (SELECT count(*) FROM artifacts WHERE task_id = tasks.id) WHERE id = ?",
    )
    .bind(record.task.raw())
    .execute(&mut *tx.conn)
    .await?;
    let text = format!("artifact {}", domain::text::elide(&changed.join(", "), 200));
    log(tx, record.task, Some(run), &Actor::Agent(record.agent), "run.artifacts", text, now).await?;
    Ok(changed.len() as u32)
}
