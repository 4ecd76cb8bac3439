//! Times and failures by kind of operation, and their table.

use super::operations::Operation;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Failures that are printed of each kind.
const SAMPLES: usize = 3;

#[derive(Debug, Default)]
pub struct Figures(BTreeMap<Operation, OfKind>);

#[derive(Debug, Default)]
struct OfKind {
    times: Vec<Duration>,
    failures: usize,
    samples: Vec<String>,
}

impl Figures {
    pub fn succeeded(&mut self, operation: Operation, time: Duration) {
        self.0.entry(operation).or_default().times.push(time);
    }

    pub fn failed(&mut self, operation: Operation, why: String) {
        let kind = self.0.entry(operation).or_default();
        kind.failures += 1;
        if kind.samples.len() < SAMPLES {
            kind.samples.push(why);
        }
    }

    pub fn add(&mut self, others: Self) {
        for (operation, mut theirs) in others.0 {
            let kind = self.0.entry(operation).or_default();
            kind.times.append(&mut theirs.times);
            kind.failures += theirs.failures;
            let room = SAMPLES.saturating_sub(kind.samples.len());
            kind.samples.extend(theirs.samples.into_iter().take(room));
        }
    }

    /// Returns how many succeeded, and how many failed.
    #[cfg(test)]
    pub fn number(&self, operation: Operation) -> (usize, usize) {
        let kind = self.0.get(&operation);
        kind.map_or((0, 0), |it| (it.times.len(), it.failures))
    }

    /// Returns `true` if something was done and nothing failed.
    pub fn is_right(&self) -> bool {
        !self.0.is_empty() && self.0.values().all(|it| it.failures == 0)
    }

    pub fn print(&self, provider: &str, measured: Duration, as_json: bool) {
        if !as_json {
            println!(
                "{:<20} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
                provider, "number", "a second", "median ms", "95 %", "99 %", "slowest", "failed"
            );
        }
        let mut all = Vec::new();
        let mut failed = 0;
        for (operation, kind) in &self.0 {
            line(operation.name(), &kind.times, kind.failures, measured, as_json);
            all.extend_from_slice(&kind.times);
            failed += kind.failures;
        }
        if self.0.len() > 1 {
            line("all", &all, failed, measured, as_json);
        }
        for (operation, kind) in &self.0 {
            for sample in &kind.samples {
                eprintln!("{}: {sample}", operation.name());
            }
        }
    }
}

fn line(name: &str, times: &[Duration], failed: usize, measured: Duration, as_json: bool) {
    let mut times = times.to_vec();
    times.sort_unstable();
    let rate = times.len() as f64 / measured.as_secs_f64();
    let [median, most, nearly_all, slowest] = [0.5, 0.95, 0.99, 1.0].map(|it| milliseconds(&times, it));
    if as_json {
        let rounded = |it: f64| (it * 1000.0).round() / 1000.0;
        let line = json!({
            "operation": name, "number": times.len(), "per_second": rounded(rate), "failed": failed,
            "median_ms": rounded(median), "p95_ms": rounded(most), "p99_ms": rounded(nearly_all),
            "slowest_ms": rounded(slowest),
        });
        println!("{line}");
    } else {
        println!(
            "{name:<20} {:>10} {rate:>10.1} {median:>9.2} {most:>9.2} {nearly_all:>9.2} {slowest:>9.2} {failed:>9}",
            times.len()
        );
    }
}

/// Returns the time that this part of the sorted times does not exceed, in milliseconds (the nearest rank); 0 if there is
/// none.
pub fn milliseconds(sorted: &[Duration], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    let at = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).map_or(0.0, |it| it.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_times_is_its_nearest_rank() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let at = |part| milliseconds(&times, part);
        assert_eq!([at(0.5), at(0.95), at(0.99), at(1.0)], [50.0, 95.0, 99.0, 100.0]);
        assert_eq!(milliseconds(&times[..1], 0.5), 1.0);
        assert_eq!(milliseconds(&[], 0.5), 0.0);
    }

    #[test]
    fn one_failure_is_not_right_and_nothing_is_not_either() {
        let mut figures = Figures::default();
        assert!(!figures.is_right());
        figures.succeeded(Operation::Login, Duration::ZERO);
        assert!(figures.is_right());
        let mut others = Figures::default();
        others.failed(Operation::Jwks, "no keys".to_owned());
        figures.add(others);
        assert!(!figures.is_right());
    }
}
