//! A report collects what a module finds, and an outcome is the verdict. The words are those of the Foundation's suite:
//! PASSED, REVIEW (a person should look at a page), WARNING (still certifiable), FAILED, SKIPPED.

use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Review,
    Warning,
    Failure,
}

#[derive(Clone, Debug)]
pub struct Finding {
    pub severity: Severity,
    /// The document and section, or the short name of the rule, that was not kept.
    pub check: &'static str,
    pub detail: String,
}

/// Why a module ends before its last line.
#[derive(Debug)]
pub enum Stop {
    /// The finding that makes going on pointless is already in the report.
    Failed,
    Skipped(String),
    /// The checker could not do its own part: no network, no such form, wrong settings.
    Broken(String),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(format!("{error:#}"))
    }
}

pub type Step<T = ()> = Result<T, Stop>;

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, severity: Severity, check: &'static str, detail: impl Into<String>) {
        let detail = detail.into();
        // Common checks run on every answer of a module; the same complaint is worth one line.
        if !self
            .findings
            .iter()
            .any(|it| it.check == check && it.detail == detail)
        {
            self.findings.push(Finding {
                severity,
                check,
                detail,
            });
        }
    }

    pub fn fail(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(Severity::Failure, check, detail);
    }

    pub fn warn(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(Severity::Warning, check, detail);
    }

    pub fn review(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(Severity::Review, check, detail);
    }

    pub fn require(&mut self, holds: bool, check: &'static str, detail: impl FnOnce() -> String) {
        if !holds {
            self.fail(check, detail());
        }
    }

    pub fn advise(&mut self, holds: bool, check: &'static str, detail: impl FnOnce() -> String) {
        if !holds {
            self.warn(check, detail());
        }
    }

    /// Reports a failure after which the module cannot go on.
    pub fn stop(&mut self, check: &'static str, detail: impl Into<String>) -> Stop {
        self.fail(check, detail);
        Stop::Failed
    }

    #[cfg(test)]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|it| it.severity).max()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Review,
    Warning,
    Failed,
    Skipped,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "PASSED",
            Self::Review => "REVIEW",
            Self::Warning => "WARNING",
            Self::Failed => "FAILED",
            Self::Skipped => "SKIPPED",
        })
    }
}

#[derive(Debug)]
pub struct Outcome {
    /// The plan, and the variant where the plan has several.
    pub plan: (&'static str, Option<&'static str>),
    pub module: &'static str,
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    pub took: Duration,
}

impl Outcome {
    pub fn conclude(
        plan: (&'static str, Option<&'static str>),
        module: &'static str,
        mut report: Report,
        end: Step,
        took: Duration,
    ) -> Self {
        let mut skipped = false;
        match end {
            Ok(()) => {}
            // A module that failed on its way to the skip has failed.
            Err(Stop::Skipped(reason)) => {
                skipped = true;
                report.review("skipped", reason);
            }
            Err(Stop::Failed) => {}
            Err(Stop::Broken(reason)) => report.fail("could not be carried out", reason),
        }
        let verdict = match report.findings.iter().map(|it| it.severity).max() {
            Some(Severity::Failure) => Verdict::Failed,
            _ if skipped => Verdict::Skipped,
            Some(Severity::Warning) => Verdict::Warning,
            Some(Severity::Review) => Verdict::Review,
            None => Verdict::Passed,
        };
        Self {
            plan,
            module,
            verdict,
            findings: report.findings,
            took,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<8} {} ({:.1} s)",
            self.verdict,
            self.module,
            self.took.as_secs_f32()
        )?;
        for finding in &self.findings {
            let mark = match finding.severity {
                Severity::Failure => "fail",
                Severity::Warning => "warn",
                Severity::Review => "note",
            };
            write!(f, "\n           {mark}: {}: {}", finding.check, finding.detail)?;
        }
        Ok(())
    }
}

/// Counts passed, failed and skipped. A warning or a page to look at is certifiable and counts as passed.
pub fn summary(outcomes: &[Outcome]) -> (usize, usize, usize) {
    let count = |wanted: &[Verdict]| outcomes.iter().filter(|it| wanted.contains(&it.verdict)).count();
    (
        count(&[Verdict::Passed, Verdict::Review, Verdict::Warning]),
        count(&[Verdict::Failed]),
        count(&[Verdict::Skipped]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(report: Report, end: Step) -> Verdict {
        Outcome::conclude(("plan", None), "module", report, end, Duration::ZERO).verdict
    }

    #[test]
    fn the_worst_finding_decides() {
        let mut report = Report::default();
        assert_eq!(end(report.clone(), Ok(())), Verdict::Passed);
        report.review("a", "look");
        assert_eq!(end(report.clone(), Ok(())), Verdict::Review);
        report.warn("b", "hm");
        assert_eq!(end(report.clone(), Ok(())), Verdict::Warning);
        assert_eq!(
            end(report.clone(), Err(Stop::Skipped("no".into()))),
            Verdict::Skipped
        );
        report.fail("c", "no");
        assert_eq!(
            end(report.clone(), Err(Stop::Skipped("no".into()))),
            Verdict::Failed
        );
        assert_eq!(
            end(Report::default(), Err(Stop::Broken("net".into()))),
            Verdict::Failed
        );
    }
}
