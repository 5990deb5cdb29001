//! The file as somebody with an SQLite shell sees it: past every rule but the database's own.

use std::path::Path;

use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::TempStore;

#[derive(Debug)]
pub struct Raw(SqliteConnection);

impl Raw {
    pub async fn open(store: &TempStore) -> Raw {
        Raw::at(&store.file()).await
    }

    pub async fn at(file: &Path) -> Raw {
        let options = SqliteConnectOptions::new().filename(file).foreign_keys(true);
        Raw(SqliteConnection::connect_with(&options).await.expect("the file opens"))
    }

    /// What the database says to a statement: nothing, or why it refuses.
    pub async fn refusal(&mut self, sql: &str) -> Option<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut self.0).await.err().map(|error| error.to_string())
    }

    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&mut self.0).await.expect("a number")
    }

    /// Of a query whose one column is JSON.
    pub async fn rows(&mut self, sql: &str) -> Vec<Value> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut self.0).await.expect("rows");
        rows.iter().map(|row| serde_json::from_str(row).expect("JSON")).collect()
    }
}
