//! Exports spans in batches, in a task of its own. A collector that is away or slow costs memory for one batch and the
//! queue; what finds no room meanwhile is dropped. The log says when it begins to fail, when it works again, and once a
//! minute how much was lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout_at};

use super::collector::{Collector, Failure};
use super::queue::{Counts, Item};
use crate::random;

/// The spans of a batch.
const BATCH: usize = 512;
/// The time that a span waits for others.
const DELAY: Duration = Duration::from_secs(1);
/// The rests between the tries of a batch.
const RESTS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The time between two lines about what was lost.
const SILENCE: Duration = Duration::from_mins(1);

pub(super) struct Exporter {
    collector: Collector,
    counts: Arc<Counts>,
    is_failing: bool,
    /// What the log has said was dropped, and when.
    reported: (u64, Option<Instant>),
}

impl Exporter {
    pub fn new(collector: Collector, counts: Arc<Counts>) -> Self {
        Self {
            collector,
            counts,
            is_failing: false,
            reported: (0, None),
        }
    }

    /// Runs until nothing can come any more.
    pub async fn run(mut self, mut items: Receiver<Item>) {
        while let Some(first) = items.recv().await {
            let until = Instant::now() + DELAY;
            let mut batch = Vec::new();
            let mut flush = None;
            let mut next = Some(first);
            while let Some(item) = next.take() {
                match item {
                    Item::Span(span) => batch.push(*span),
                    Item::Flush(done) => flush = Some(done),
                }
                if flush.is_none() && batch.len() < BATCH {
                    next = timeout_at(until, items.recv()).await.ok().flatten();
                }
            }
            if !batch.is_empty() {
                self.export(batch).await;
            }
            self.report();
            if let Some(done) = flush {
                let _ = done.send(());
            }
        }
    }

    async fn export(&mut self, spans: Vec<SpanData>) {
        let number = spans.len();
        let batch = self.collector.encode(spans);
        let mut rests = RESTS.into_iter();
        loop {
            let failure = match self.collector.send(batch.clone()).await {
                Ok(rejected) => {
                    let rejected = usize::try_from(rejected).unwrap_or(number).min(number);
                    let taken = (number - rejected) as u64;
                    self.counts.exported.fetch_add(taken, Ordering::Relaxed);
                    self.counts.lose(rejected);
                    self.works();
                    return;
                }
                Err(failure) => failure,
            };
            let (why, rest) = match failure {
                Failure::Later(why, asked) => (why, rests.next().map(|it| asked.unwrap_or(it))),
                Failure::Refused(why) => (why, None),
            };
            self.fails(&why);
            match rest {
                Some(rest) => sleep(spread(rest)).await,
                None => return self.counts.lose(number),
            }
        }
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the collector takes spans again");
        }
    }

    fn fails(&mut self, error: &str) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(error, "the collector does not take spans");
        }
    }

    fn report(&mut self) {
        let dropped = self.counts.dropped.load(Ordering::Relaxed);
        let (before, at) = self.reported;
        if dropped > before && at.is_none_or(|it| it.elapsed() >= SILENCE) {
            tracing::warn!(spans = dropped - before, "spans were dropped");
            self.reported = (dropped, Some(Instant::now()));
        }
    }
}

/// Lengthens a rest by up to a half, so that nodes that failed together do not come back together.
fn spread(rest: Duration) -> Duration {
    let [byte] = random::bytes();
    rest + rest * u32::from(byte) / 512
}
