//! Logs: one JSON object a line on standard error, values encoded (security.md LG-3), or text for people.

use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, Observability};

/// Starts logging, once for the process; a second call changes nothing.
pub fn start(config: &Observability) {
    // Fails only if a subscriber is there already, which then is the one to keep.
    let _ = dispatch(config, std::io::stderr).try_init();
}

/// What turns events into lines.
pub fn dispatch<W>(config: &Observability, writer: W) -> Dispatch
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    // The level was looked at when the configuration was read.
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
