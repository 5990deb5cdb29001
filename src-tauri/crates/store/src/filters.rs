//! Filters of the board that have a name.

use domain::{
    Actor, Millis,
    filter::{BadFilter, FILTERS_MAX, Filter},
};

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    tasks::json,
    writer::Tx,
};

impl Store {
    /// By name.
    pub async fn filters(&self) -> Result<Vec<(String, Filter)>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT name, rule FROM filters ORDER BY name").fetch_all(&self.readers).await?;
        rows.into_iter().map(|(name, rule)| Ok((name, parse(&rule)?))).collect()
    }

    /// The name as it is written, without regard to case.
    pub async fn filter(&self, name: &str) -> Result<(String, Filter), StoreError> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT name, rule FROM filters WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        let (name, rule) = row.ok_or_else(|| missing(name))?;
        Ok((name, parse(&rule)?))
    }

    /// Keeps a filter; one of that name is replaced.
    pub async fn put_filter(&self, name: String, filter: Filter, now: Millis) -> Result<(), StoreError> {
        let rule = json(&filter)?;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let others: i64 = sqlx::query_scalar("SELECT count(*) FROM filters WHERE name <> ?")
                        .bind(&name)
                        .fetch_one(&mut *tx.conn)
                        .await?;
                    if others as usize >= FILTERS_MAX {
                        return Err(StoreError::Conflict(BadFilter::TooMany.to_string()));
                    }
                    sqlx::query("INSERT OR REPLACE INTO filters (name, rule) VALUES (?, ?)")
                        .bind(&name)
                        .bind(rule)
                        .execute(&mut *tx.conn)
                        .await?;
                    log(tx, format!("saved the filter “{name}”"), now).await
                })
            })
            .await
    }

    pub async fn remove_filter(&self, name: String, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let gone = sqlx::query("DELETE FROM filters WHERE name = ?")
                        .bind(&name)
                        .execute(&mut *tx.conn)
                        .await?;
                    if gone.rows_affected() == 0 {
                        return Err(missing(&name));
                    }
                    log(tx, format!("removed the filter “{name}”"), now).await
                })
            })
            .await
    }
}

/// Its kind tells everybody that settings are stale.
async fn log(tx: &mut Tx<'_>, text: String, now: Millis) -> Result<(), StoreError> {
    let change = Change {
        at: now,
        actor: &Actor::Person,
        kind: "settings.filters",
        task: None,
        run: None,
        project: None,
        text,
    };
    record(tx, change).await.map(|_| ())
}

fn parse(rule: &str) -> Result<Filter, StoreError> {
    serde_json::from_str(rule).map_err(|e| StoreError::Corrupt(e.to_string()))
}

fn missing(name: &str) -> StoreError {
    StoreError::NotFound { what: "filter", key: name.into() }
}
