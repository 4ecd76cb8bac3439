//! Writes logs to standard error: one JSON object a line with encoded values (security.md LG-3), or text for people. What
//! is counted is in `metrics`; `traces` and `span` have what goes to a collector.

mod collector;
mod export;
pub mod metrics;
mod queue;
pub mod span;
pub mod traces;

use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, Observability};

/// Starts logging for the process. A second call changes nothing.
pub fn start(config: &Observability) {
    // This fails only if a subscriber exists already, which stays.
    let _ = dispatch(config, std::io::stderr).try_init();
}

/// Returns the subscriber that turns events into lines.
pub fn dispatch<W>(config: &Observability, writer: W) -> Dispatch
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    // The level was parsed when the configuration was read.
    let filter = EnvFilter::builder().parse_lossy(&config.level);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match config.log {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .into(),
        LogFormat::Text => lines.with_target(false).compact().finish().into(),
    }
}
