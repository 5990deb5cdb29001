//! Which agents there are, and what is missing on this machine.

use crate::{App, wire::*};

pub async fn list_agents(app: &App, _: Nothing) -> Result<Vec<Agent>, Problem> {
    agents(app).await
}

pub async fn doctor(app: &App, _: Nothing) -> Result<Doctor, Problem> {
    app.engine.look_for_agents().await;
    let checks = app
        .engine
        .check_machine()
        .await
        .into_iter()
        .map(|check| Check { name: check.name, ok: check.ok, found: check.found, fix: check.fix })
        .collect();
    Ok(Doctor {
        version: env!("CARGO_PKG_VERSION").into(),
        data_dir: app.engine.layout().root().to_string_lossy().into_owned(),
        checks,
        agents: agents(app).await?,
    })
}

async fn agents(app: &App) -> Result<Vec<Agent>, Problem> {
    let live = app.engine.store().live_by_agent().await?;
    Ok(app
        .engine
        .agents()
        .await
        .into_iter()
        .map(|agent| Agent {
            live: live.iter().find(|(name, _)| *name == agent.name).map_or(0, |(_, count)| *count),
            name: agent.name,
            title: agent.title,
            path: agent.path.map(|path| path.to_string_lossy().into_owned()),
            version: agent.version,
            install: agent.install,
            docs_url: agent.docs_url,
            modes: vec![Mode::Interactive, Mode::Unattended],
            problem: agent.problem,
        })
        .collect())
}
