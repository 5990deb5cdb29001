//! What ends `flightboard serve` in an orderly way.

/// Ctrl-C or the service manager's TERM.
#[cfg(unix)]
pub async fn stopped() {
    let mut term = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(term) => term,
        Err(error) => {
            tracing::warn!(%error, "TERM cannot be watched");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
}

/// Ctrl-C, or the console's window is closed, which leaves some seconds.
#[cfg(windows)]
pub async fn stopped() {
    let mut closed = match tokio::signal::windows::ctrl_close() {
        Ok(closed) => closed,
        Err(error) => {
            tracing::warn!(%error, "the window's closing cannot be watched");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = closed.recv() => {}
    }
}
