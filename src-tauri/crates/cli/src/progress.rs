//! Progress of long work, on standard error and only where a person looks at a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::print;

/// A bar over `total` steps; of an unknown number 0.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    let bar = if total == 0 { ProgressBar::no_length() } else { ProgressBar::new(total) };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what);
    if print::is_quiet() || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}
