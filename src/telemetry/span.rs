//! Spans, as OpenTelemetry has them: what a request or a job does, one inside of another, with the time that each took. A
//! room begins one by [`Span::inside`], and it ends when it is dropped. Where nothing is traced, there is none: to find that
//! out is a look at a value of the thread.
//!
//! Names and attributes are words of ours, numbers, and hosts that are called (security.md TL-4). What a person or a caller
//! wrote is no attribute, so nothing has to be found and taken out later.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::context::FutureExt;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt, TraceId, Tracer};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::SdkTracer;

/// The header by which a caller names the trace that its request is part of (W3C Trace Context).
pub const TRACEPARENT: &str = "traceparent";

type Name = Cow<'static, str>;

/// What the spans of a request or of a run share.
#[derive(Debug)]
struct Work {
    tracer: SdkTracer,
    /// Whether something was changed or sent.
    has_effect: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Context>);

impl Span {
    /// Begins the outermost span here of a request or of a run. `parent`: what the caller says that it is part of.
    pub(super) fn first(tracer: &SdkTracer, kind: SpanKind, name: Name, parent: Option<SpanContext>) -> Self {
        let above = match parent {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let span = tracer
            .span_builder(name)
            .with_kind(kind)
            .start_with_context(tracer, &above);
        let work = Work {
            tracer: tracer.clone(),
            has_effect: Arc::default(),
        };
        Self(Some(Context::new().with_span(span).with_value(work)))
    }

    /// Begins a span inside of what this task does.
    pub fn inside(name: impl Into<Name>) -> Self {
        Self(Context::map_current(|above| {
            child(above, SpanKind::Internal, name)
        }))
    }

    /// Begins a span that waits for an answer of another service.
    pub fn calling(name: impl Into<Name>) -> Self {
        Self(Context::map_current(|above| child(above, SpanKind::Client, name)))
    }

    /// Begins a span inside of this one.
    pub fn begin_inside(&self, name: impl Into<Name>) -> Self {
        Self(self.0.as_ref().and_then(|it| child(it, SpanKind::Internal, name)))
    }

    /// Begins a span inside of this one that waits for an answer of another service.
    pub fn begin_calling(&self, name: impl Into<Name>) -> Self {
        Self(self.0.as_ref().and_then(|it| child(it, SpanKind::Client, name)))
    }

    /// Returns `true` if it is recorded: what would be said of it is worth being found out.
    pub fn is_recorded(&self) -> bool {
        self.0.as_ref().is_some_and(is_sampled)
    }

    /// Returns `true` if a span that begins now inside of what this task does is recorded.
    pub fn would_be_recorded() -> bool {
        Context::map_current(is_sampled)
    }

    pub fn set(&self, name: &'static str, value: impl Into<Value>) {
        if let Some(context) = self.0.as_ref().filter(|it| is_sampled(it)) {
            context.span().set_attribute(KeyValue::new(name, value));
        }
    }

    /// Says that it failed. `kind` is the class of the failure; its text may hold what nobody but the operator may read.
    pub fn fail(&self, kind: impl Into<Value>) {
        self.set("error.type", kind);
        if let Some(context) = &self.0 {
            context.span().set_status(Status::error(""));
        }
    }

    /// Notes that the request or the run changed or sent something.
    pub fn note_effect(&self) {
        if let Some(work) = self.0.as_ref().and_then(|it| it.get::<Work>()) {
            work.has_effect.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn had_effect(&self) -> bool {
        let work = self.0.as_ref().and_then(|it| it.get::<Work>());
        work.is_some_and(|it| it.has_effect.load(Ordering::Relaxed))
    }

    /// Runs `work` so that the spans that it begins are inside of this one.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            Some(context) => work.with_context(context.clone()).await,
            None => work.await,
        }
    }

    /// Returns the trace that it is part of, as 32 hexadecimal digits, recorded or not.
    pub fn trace_id(&self) -> Option<String> {
        self.trace().map(|it| it.to_string())
    }

    pub(super) fn trace(&self) -> Option<TraceId> {
        Some(self.0.as_ref()?.span().span_context().trace_id())
    }

    /// Returns the header `traceparent` of what is sent in this span, or in what this task does (W3C Trace Context).
    pub fn traceparent(&self) -> Option<String> {
        match &self.0 {
            Some(context) => traceparent(context),
            None => Context::map_current(traceparent),
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            // Tasks that were begun in it may have the context for longer.
            context.span().end();
        }
    }
}

/// Keeps a future that becomes a task of its own in the span in which it begins.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work.with_current_context()
}

fn is_sampled(context: &Context) -> bool {
    context.span().span_context().is_sampled()
}

fn child(above: &Context, kind: SpanKind, name: impl Into<Name>) -> Option<Context> {
    let work = above.get::<Work>().filter(|_| is_sampled(above))?;
    let builder = work.tracer.span_builder(name).with_kind(kind);
    Some(above.with_span(builder.start_with_context(&work.tracer, above)))
}

fn traceparent(context: &Context) -> Option<String> {
    let span = context.span();
    let of = span.span_context();
    let text = || format!("00-{}-{}-{:02x}", of.trace_id(), of.span_id(), of.trace_flags());
    of.is_valid().then(text)
}
