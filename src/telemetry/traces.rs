//! Traces of requests and jobs, for a collector of the operator (OpenTelemetry; contract.md, `[observability]`). Without one
//! nothing is begun. A request goes on with the trace that its caller names (W3C Trace Context): recorded if the caller
//! records it, so that no trace is torn; any other begins one, of which a share is recorded.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, TraceFlags, TraceId, TraceState, TracerProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanLimits};
use reqwest::Version;
use reqwest::header::HeaderMap;

use super::collector::Collector;
use super::export::Exporter;
use super::queue::{Counts, Queue};
use super::span::{Span, TRACEPARENT};
use crate::config::{self, Observability};
use crate::{fetch, random};

/// The time that the end of the process waits for the last spans.
const LAST: Duration = Duration::from_secs(3);

/// Off, or the way to the collector.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<On>>);

#[derive(Debug)]
struct On {
    tracer: SdkTracer,
    queue: Queue,
    counts: Arc<Counts>,
}

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// What the log and the answer call it.
    pub id: &'a str,
    pub method: &'a str,
    /// The pattern of its path, `-` if there is none.
    pub route: &'a str,
    pub scheme: &'static str,
    pub version: Version,
    pub headers: &'a HeaderMap,
}

/// The spans of one run of a job.
#[derive(Debug, Default)]
pub struct Run {
    span: Span,
    queue: Option<Queue>,
    /// A run that is dropped before its end did not get there.
    is_well: bool,
}

impl Traces {
    /// Begins to export where a collector is named.
    pub fn start(observability: &Observability, fetch: &config::Fetch) -> Result<Self, fetch::Error> {
        let Some(otlp) = observability.otlp() else {
            return Ok(Self::default());
        };
        let resource = resource();
        let counts = Arc::<Counts>::default();
        let (queue, items) = Queue::new(Arc::clone(&counts));
        let exporter = Exporter::new(Collector::new(&otlp, fetch, &resource)?, Arc::clone(&counts));
        tokio::spawn(exporter.run(items));
        let share = Sampler::TraceIdRatioBased(observability.trace_sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue.clone())
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            // Said here, so that the library asks no variable of the environment.
            .with_span_limits(SpanLimits::default())
            .with_resource(resource)
            .build();
        Ok(Self(Some(Arc::new(On {
            tracer: provider.tracer(env!("CARGO_PKG_NAME")),
            queue,
            counts,
        }))))
    }

    /// Begins the span of a request. Its attributes are those of the conventions for HTTP, but for the path and the query,
    /// which may hold what nobody else may read, and for address and program of the caller.
    pub fn request(&self, it: &Incoming<'_>) -> Span {
        let Some(on) = &self.0 else {
            return Span::default();
        };
        let method = known(it.method);
        let name = match (it.route, method) {
            ("-", "_OTHER") => "HTTP".to_owned(),
            ("-", method) => method.to_owned(),
            (route, method) => format!("{} {route}", if method == "_OTHER" { "HTTP" } else { method }),
        };
        let span = Span::first(&on.tracer, SpanKind::Server, name.into(), parent(it.headers));
        if span.is_recorded() {
            span.set("http.request.method", method);
            span.set("url.scheme", it.scheme);
            span.set("network.protocol.version", version(it.version));
            span.set("itu_account.request_id", it.id.to_owned());
            if it.route != "-" {
                span.set("http.route", it.route.to_owned());
            }
        }
        span
    }

    /// Begins a run of a job. Its spans are exported if it changed or sent something, or failed.
    pub fn run(&self, job: &'static str) -> Run {
        let Some(on) = &self.0 else {
            return Run::default();
        };
        let span = Span::first(&on.tracer, SpanKind::Internal, format!("job {job}").into(), None);
        span.set("itu_account.job", job);
        if let Some(trace) = span.trace().filter(|_| span.is_recorded()) {
            on.queue.hold(trace);
        }
        Run {
            span,
            queue: Some(on.queue.clone()),
            is_well: false,
        }
    }

    /// Sends what waits, before the process ends.
    pub async fn flush(&self) {
        if let Some(on) = &self.0
            && tokio::time::timeout(LAST, on.queue.flush()).await.is_err()
        {
            tracing::warn!("the collector did not take the last spans in time");
        }
    }

    /// Returns how many spans the collector has taken, and how many were dropped.
    pub fn counts(&self) -> (u64, u64) {
        self.0.as_ref().map_or((0, 0), |it| {
            let counts = &it.counts;
            let of = |it: &std::sync::atomic::AtomicU64| it.load(Ordering::Relaxed);
            (of(&counts.exported), of(&counts.dropped))
        })
    }
}

impl Run {
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        self.span.around(work).await
    }

    /// Returns the trace, for the log.
    pub fn trace_id(&self) -> Option<String> {
        self.span.trace_id()
    }

    pub fn end(mut self, has_failed: bool) {
        self.is_well = !has_failed;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let span = std::mem::take(&mut self.span);
        if !self.is_well {
            span.fail("_OTHER");
        }
        let (trace, to_export) = (span.trace(), !self.is_well || span.had_effect());
        // It ends before its trace is let go, and goes with it.
        drop(span);
        if let (Some(trace), Some(queue)) = (trace, &self.queue) {
            queue.let_go(trace, to_export);
        }
    }
}

/// Says that a request was answered.
pub fn answered(span: &Span, status: u16) {
    span.set("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.fail(status.to_string());
    }
}

/// Returns who we are to the collector. It has no address and no host: the operator's collector adds those.
fn resource() -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", random::uuid()),
            KeyValue::new("telemetry.sdk.language", "rust"),
            KeyValue::new("telemetry.sdk.name", "opentelemetry"),
        ])
        .build()
}

/// Reads `traceparent`. What is not exactly of the form names nothing, and so do two. `tracestate` is not read: it is text of
/// a caller's choice, which would go to whomever we call.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?;
    let (head, rest) = text.split_at_checked(55)?;
    let parts: Vec<&str> = head.split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        return None;
    };
    let is_hex = |it: &str| it.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let lengths = [version, trace, span, flags].map(str::len) == [2, 32, 16, 2];
    // A later version may have more members, and ff is none.
    let ends = rest.is_empty() || (version != "00" && rest.starts_with('-'));
    if !lengths || !ends || version == "ff" || ![version, trace, span, flags].into_iter().all(is_hex) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let parent = SpanContext::new(trace, span, flags, true, TraceState::default());
    parent.is_valid().then_some(parent)
}

fn known(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|it| *it == method).unwrap_or("_OTHER")
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(values: &[&str]) -> Option<SpanContext> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().expect("a value"));
        }
        parent(&headers)
    }

    #[test]
    fn a_caller_names_its_trace_exactly_or_not_at_all() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        const SPAN: &str = "00f067aa0ba902b7";
        let of = |version: &str, end: &str| format!("{version}-{TRACE}-{SPAN}-{end}");
        let found = named(&[&of("00", "01")]).expect("a parent");
        assert_eq!(found.trace_id().to_string(), TRACE);
        assert_eq!(found.span_id().to_string(), SPAN);
        assert!(found.is_sampled() && found.is_remote());
        assert!(!named(&[&of("00", "02")]).expect("a parent").is_sampled());
        assert!(named(&[&of("01", "01-more")]).is_some());
        let (zero_trace, zero_span) = ("0".repeat(32), "0".repeat(16));
        for wrong in [
            String::new(),
            "alice@example.org".to_owned(),
            of("00", "01-more"),
            of("00", "1"),
            of("00", "0x"),
            of("ff", "01"),
            of("00", "01").to_uppercase(),
            of("00", "+1"),
            format!("00-{zero_trace}-{SPAN}-01"),
            format!("00-{TRACE}-{zero_span}-01"),
            format!("00-{TRACE}{SPAN}-01"),
        ] {
            assert!(named(&[&wrong]).is_none(), "{wrong}");
        }
        assert!(named(&[&of("00", "01"), &of("00", "01")]).is_none());
        assert!(named(&[]).is_none());
    }
}
