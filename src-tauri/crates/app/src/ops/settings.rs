//! Preferences of the window.

use store::StoreError;

use crate::{App, problem::invalid, wire::*};

const KEY: &str = engine::PREFERENCES;

pub async fn get_settings(app: &App, _: Nothing) -> Result<Settings, Problem> {
    match app.engine.store().setting(KEY).await {
        Ok(kept) => Ok(kept.unwrap_or_default()),
        // Written by another version: better the defaults than no window.
        Err(StoreError::Corrupt(why)) => {
            tracing::warn!(why, "the window's settings cannot be read; the defaults are used");
            Ok(Settings::default())
        }
        Err(error) => Err(error.into()),
    }
}

pub async fn put_settings(app: &App, request: Settings) -> Result<Settings, Problem> {
    if !matches!(request.theme.as_str(), "" | "system" | "dark" | "light") {
        return Err(invalid(format!("“{}” is not a theme; use system, dark or light", request.theme)));
    }
    if request.agent_offline_minutes > 10_080 {
        return Err(invalid("an agent is offline after at most 10,080 minutes (a week) without a heartbeat"));
    }
    if request.trash_days > 3_650 {
        return Err(invalid("cards stay in the trash for at most 3,650 days; 0 keeps them for good"));
    }
    app.engine.store().put_setting(KEY, &request, app.engine.now()).await?;
    Ok(request)
}
