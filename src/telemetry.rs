//! Logs: one JSON object a line on standard error, values encoded (security.md LG-3), or text for people.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Observability};

/// Starts logging, once for the process; a second call changes nothing.
pub fn start(config: &Observability) {
    // The level was looked at when the configuration was read.
    let filter = EnvFilter::builder().parse_lossy(&config.level);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Fails only if a subscriber is there already, which then is the one to keep.
    let _ = match config.log {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Text => lines.with_target(false).compact().try_init(),
    };
}
