//! What the process counts and times, as OpenMetrics 1.0 that Prometheus reads. Names follow the conventions of Prometheus:
//! a prefix, base units, `_total` for what only grows. No label holds a person, an address or anything else that a caller
//! chooses, so the number of series is bounded.
//!
//! What is read at the moment of a scrape, as the length of a queue, is in [`Gauges`].

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::domain::Time;
use crate::domain::client::GrantType;
use crate::domain::event::{Action, Event};

/// The media type of [`Metrics::encode`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Rules of Prometheus that say when somebody has to look.
pub const ALERTS: &str = include_str!("alerts.yaml");
/// A dashboard of Grafana.
pub const DASHBOARD: &str = include_str!("dashboard.json");

const PREFIX: &str = "itu_account";

/// The bounds of what a request takes, in seconds: a token without a database write to the limit of a handler.
const REQUEST_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0,
];
/// The bounds of what a job takes, in seconds.
const JOB_SECONDS: [f64; 8] = [0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0];

/// The counters of one process.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<Answer, Counter>,
    request_seconds: Family<Route, Histogram, fn() -> Histogram>,
    events: Family<EventKind, Counter>,
    logins: Family<Login, Counter>,
    token_requests: Family<TokenRequest, Counter>,
    job_runs: Family<JobRun, Counter>,
    job_seconds: Family<Job, Histogram, fn() -> Histogram>,
    job_succeeded: Family<Job, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventKind {
    action: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Login {
    outcome: &'static str,
    /// By what somebody logged in, or why not.
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenRequest {
    grant_type: &'static str,
    /// `issued`, or the error code (RFC 6749 §5.2).
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Job {
    job: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobRun {
    job: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            events: Family::default(),
            logins: Family::default(),
            token_requests: Family::default(),
            job_runs: Family::default(),
            job_seconds: Family::new_with_constructor(|| Histogram::new(JOB_SECONDS)),
            job_succeeded: Family::default(),
        }
    }
}

/// Times that a tool takes, in seconds.
#[derive(Clone, Debug)]
pub struct Times(Histogram);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new(REQUEST_SECONDS))
    }
}

impl Times {
    pub fn took(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }
}

/// What was recorded in a unit of work, to be counted once that is stored.
#[derive(Debug)]
pub struct Recorded {
    kind: EventKind,
    login: Option<Login>,
}

impl From<&Event> for Recorded {
    fn from(event: &Event) -> Self {
        let outcome = if event.success { "succeeded" } else { "failed" };
        let reason = || event.reason.clone().unwrap_or_default();
        let login = match event.action {
            Action::SignIn | Action::SignInFailed => Some(Login {
                outcome,
                reason: reason(),
            }),
            // The reason has a number.
            Action::SignInThrottled => Some(Login {
                outcome,
                reason: "throttled".to_owned(),
            }),
            _ => None,
        };
        Self {
            kind: EventKind {
                action: event.action.as_str(),
                outcome,
            },
            login,
        }
    }
}

impl Metrics {
    /// Counts an answer to a request. `route` is the pattern of its path, `-` if there is none.
    pub fn answered(&self, route: String, method: &str, status: u16, took: Duration) {
        let route = Route { route };
        self.request_seconds
            .get_or_create(&route)
            .observe(took.as_secs_f64());
        let answer = Answer {
            route: route.route,
            method: known(method),
            status,
        };
        self.requests.get_or_create(&answer).inc();
    }

    pub fn recorded(&self, it: &Recorded) {
        self.events.get_or_create(&it.kind).inc();
        if let Some(login) = &it.login {
            self.logins.get_or_create(login).inc();
        }
    }

    /// Counts an answer of the token endpoint. `refused`: its error code.
    pub fn token_request(&self, grant_type: Option<GrantType>, refused: Option<&'static str>) {
        let request = TokenRequest {
            grant_type: grant_type.map_or("other", GrantType::as_str),
            outcome: refused.unwrap_or("issued"),
        };
        self.token_requests.get_or_create(&request).inc();
    }

    /// Counts a run of a job, which ended at `at`.
    pub fn ran(&self, job: &'static str, succeeded: bool, took: Duration, at: Time) {
        let label = Job { job };
        self.job_seconds.get_or_create(&label).observe(took.as_secs_f64());
        if succeeded {
            self.job_succeeded.get_or_create(&label).set(at.timestamp());
        }
        let outcome = if succeeded { "succeeded" } else { "failed" };
        self.job_runs.get_or_create(&JobRun { job, outcome }).inc();
    }

    /// Returns everything as text.
    pub fn encode(&self, gauges: Gauges) -> String {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register(
            "http_requests",
            "Answers by route, method and status",
            self.requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its answer",
            self.request_seconds.clone(),
        );
        registry.register(
            "audit_events",
            "Entries of the audit trail that this process wrote",
            self.events.clone(),
        );
        registry.register(
            "logins",
            "Logins by the way they went, or by the reason they failed",
            self.logins.clone(),
        );
        registry.register(
            "token_requests",
            "Answers of the token endpoint by grant and outcome",
            self.token_requests.clone(),
        );
        registry.register("job_runs", "Runs of jobs by outcome", self.job_runs.clone());
        registry.register(
            "job_duration_seconds",
            "Time that a run of a job took",
            self.job_seconds.clone(),
        );
        registry.register(
            "job_last_success_timestamp_seconds",
            "When a run of a job last succeeded in this process",
            self.job_succeeded.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running release", build);
        for (name, help, measured) in gauges.0 {
            match measured {
                Measured::One(gauge) => registry.register(name, help, gauge),
                Measured::Each(gauges) => registry.register(name, help, gauges),
                Measured::Counted(counter) => registry.register(name, help, counter),
                Measured::Times(times) => registry.register(name, help, times),
            }
        }
        let mut encoded = String::new();
        // Writing into memory does not fail.
        let _ = text::encode(&mut encoded, &registry);
        encoded
    }
}

type Value = Gauge<f64, AtomicU64>;
type Labels = Vec<(&'static str, &'static str)>;

/// What is so at the moment of a scrape.
#[derive(Debug, Default)]
pub struct Gauges(Vec<(&'static str, &'static str, Measured)>);

#[derive(Debug)]
enum Measured {
    One(Value),
    Each(Family<Labels, Value>),
    Counted(Counter),
    Times(Histogram),
}

impl Gauges {
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Adds a number. `name` ends with its unit.
    pub fn one(&mut self, name: &'static str, help: &'static str, value: f64) {
        let gauge = Value::default();
        gauge.set(value);
        self.0.push((name, help, Measured::One(gauge)));
    }

    /// Adds a number that only grows while the process runs. `name` comes without `_total`.
    pub fn counted(&mut self, name: &'static str, help: &'static str, value: u64) {
        let counter = Counter::default();
        counter.inc_by(value);
        self.0.push((name, help, Measured::Counted(counter)));
    }

    /// Adds times that another tool took. `name` ends with `_seconds`.
    pub fn times(&mut self, name: &'static str, help: &'static str, times: &Times) {
        self.0.push((name, help, Measured::Times(times.0.clone())));
    }

    /// Adds a number for each value of a label.
    pub fn each(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, f64)>,
    ) {
        let family = Family::<Labels, Value>::default();
        for (of, value) in values {
            family.get_or_create(&vec![(label, of)]).set(value);
        }
        self.0.push((name, help, Measured::Each(family)));
    }
}

/// Returns the name of a method. A caller may choose any word for one.
fn known(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|it| *it == method).unwrap_or("other")
}
