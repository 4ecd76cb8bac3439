//! The spans that wait to be exported: so many and no more, and nobody waits for room. One that finds none is dropped and
//! counted. Spans of a job are held until it ends, because most runs find nothing to do and say nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::TraceId;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::{mpsc, oneshot};

/// The spans that wait, some 3 MiB.
const MOST: usize = 4096;
/// The spans of one run that are held.
const MOST_HELD: usize = 512;

#[derive(Debug)]
pub(super) enum Item {
    Span(Box<SpanData>),
    /// Answered when all before it were sent, or given up.
    Flush(oneshot::Sender<()>),
}

/// What became of the spans so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub exported: AtomicU64,
    pub dropped: AtomicU64,
}

impl Counts {
    pub fn lose(&self, spans: usize) {
        self.dropped.fetch_add(spans as u64, Ordering::Relaxed);
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    items: mpsc::Sender<Item>,
    held: Mutex<HashMap<TraceId, Vec<SpanData>>>,
    counts: Arc<Counts>,
}

impl Queue {
    /// Returns the queue, and the end at which the spans come out.
    pub fn new(counts: Arc<Counts>) -> (Self, mpsc::Receiver<Item>) {
        let (items, out) = mpsc::channel(MOST);
        let inner = Inner {
            items,
            held: Mutex::default(),
            counts,
        };
        (Self(Arc::new(inner)), out)
    }

    /// Holds the spans of a trace until it is let go.
    pub fn hold(&self, trace: TraceId) {
        self.held().insert(trace, Vec::new());
    }

    /// Lets the spans of a trace go, or forgets them. It is held no longer.
    pub fn let_go(&self, trace: TraceId, to_export: bool) {
        let held = self.held().remove(&trace).unwrap_or_default();
        if to_export {
            held.into_iter().for_each(|it| self.push(it));
        }
    }

    /// Waits until what came before has left.
    pub async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.0.items.send(Item::Flush(done)).await.is_ok() {
            let _ = is_done.await;
        }
    }

    fn push(&self, span: SpanData) {
        if self.0.items.try_send(Item::Span(Box::new(span))).is_err() {
            self.0.counts.lose(1);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<TraceId, Vec<SpanData>>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let trace = span.span_context.trace_id();
        match self.held().get_mut(&trace) {
            Some(held) if held.len() < MOST_HELD => return held.push(span),
            _ => {}
        }
        // A run with so many has something to say.
        self.let_go(trace, true);
        self.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
