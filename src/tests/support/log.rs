//! The log as the process would write it, in memory: what this thread does while it is read.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::dispatcher::{self, DefaultGuard};
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::fmt::MakeWriter;

use itu_account::config::Observability;
use itu_account::telemetry;

/// Stays registered beside the subscriber that reads. While only one is registered, `tracing` asks the thread that
/// comes to an event first whether anybody wants it, and remembers the answer of a test that reads no log for all
/// others.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

/// The lines that one thread logs. A test runs on one thread: lines of other threads are not in it.
pub struct Log {
    lines: Lines,
    _reading: DefaultGuard,
}

impl Log {
    pub fn read() -> Self {
        LazyLock::force(&ANOTHER);
        let lines = Lines::default();
        let dispatch = telemetry::dispatch(&Observability::default(), lines.clone());
        Self {
            lines,
            _reading: dispatcher::set_default(&dispatch),
        }
    }

    /// Returns the lines since the last call, each a JSON object (security.md LG-3).
    pub fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.lines.0.lock().expect("no writer panicked"));
        let text = String::from_utf8(bytes).expect("UTF-8");
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON lines")
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .expect("no writer panicked")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
