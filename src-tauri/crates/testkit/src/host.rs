//! Engines need `flightboard-pty-host` beside the test; cargo builds it for its own crate's tests only.

use std::{path::Path, process::Command, sync::Once};

/// Builds the host if this build has none yet. Call it before an engine is started.
pub fn have_pty_host() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let test = std::env::current_exe().expect("a test knows its own path");
        let profile = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
        if profile.join("flightboard-pty-host").is_file() {
            return;
        }
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "-p", "flightboard-pty-host"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo starts").success(), "flightboard-pty-host could not be built");
    });
}
