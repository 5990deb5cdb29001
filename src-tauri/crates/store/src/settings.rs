//! Preferences as JSON values under a key.

use domain::{Actor, Millis};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    readers::Ask,
};

impl Store {
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let value = "SELECT value FROM settings WHERE key = ?";
        let text: Option<String> = self.here(|sql| Ok(sql.row(value, [key], |row| row.get(0))?)).await?;
        text.map(|text| serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string())))
            .transpose()
    }

    pub async fn put_setting<T: Serialize>(
        &self,
        key: impl Into<String>,
        value: &T,
        now: Millis,
    ) -> Result<(), StoreError> {
        let key = key.into();
        let text = serde_json::to_string(value).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
                        .bind(&key)
                        .bind(text)
                        .execute(&mut *tx.conn)
                        .await?;
                    let change = Change {
                        at: now,
                        actor: &Actor::Person,
                        kind: "settings.changed",
                        task: None,
                        run: None,
                        project: None,
                        text: format!("changed {key}"),
                    };
                    record(tx, change).await.map(|_| ())
                })
            })
            .await
    }
}
