//! Writes what came of the modules, on the terminal and as Markdown.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Warning,
    Review,
    Skipped,
    Failed,
}

const VERDICTS: [Verdict; 5] = [
    Verdict::Passed,
    Verdict::Warning,
    Verdict::Review,
    Verdict::Skipped,
    Verdict::Failed,
];

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "PASSED",
            Self::Warning => "WARNING",
            Self::Review => "REVIEW",
            Self::Skipped => "SKIPPED",
            Self::Failed => "FAILED",
        })
    }
}

#[derive(Clone, Debug)]
pub struct Outcome {
    /// The suite's name for this run of the module, to find its log by.
    pub id: String,
    pub module: String,
    pub variant: String,
    pub verdict: Verdict,
    pub reasons: Vec<String>,
    /// The headings of the provider's pages that were kept.
    pub pages: Vec<String>,
    pub took: Duration,
}

impl Outcome {
    pub fn failed(reason: String) -> Self {
        Self {
            id: String::new(),
            module: String::new(),
            variant: String::new(),
            verdict: Verdict::Failed,
            reasons: vec![reason],
            pages: Vec::new(),
            took: Duration::ZERO,
        }
    }

    pub fn skipped(reason: String) -> Self {
        Self {
            verdict: Verdict::Skipped,
            ..Self::failed(reason)
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<8} {} ({:.0} s, {})",
            self.verdict,
            self.module,
            self.took.as_secs_f32(),
            self.id
        )?;
        for reason in &self.reasons {
            write!(f, "\n           {reason}")?;
        }
        for page in &self.pages {
            write!(f, "\n           page: {page}")?;
        }
        Ok(())
    }
}

pub struct Table {
    title: String,
    outcomes: Vec<Outcome>,
    remarks: BTreeMap<String, String>,
}

impl Table {
    pub fn new(title: String, outcomes: Vec<Outcome>, remarks: &BTreeMap<String, String>) -> Self {
        Self {
            title,
            outcomes,
            remarks: remarks.clone(),
        }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|it| it.verdict == verdict).count()
    }

    pub fn counts(&self) -> String {
        in_words(|it| self.count(it))
    }
}

fn in_words(count: impl Fn(Verdict) -> usize) -> String {
    let words = VERDICTS.map(|it| format!("{} {it}", count(it)));
    words.join(", ")
}

pub struct Results {
    pub version: String,
    pub issuer: String,
    /// A description of the provider.
    pub provider: Option<String>,
    pub notes: Vec<String>,
    /// One for each plan that has ended.
    pub tables: Vec<Option<Table>>,
}

impl Results {
    fn ended(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().flatten()
    }

    pub fn counts(&self) -> String {
        in_words(|it| self.ended().map(|table| table.count(it)).sum())
    }

    pub fn nothing_failed(&self) -> bool {
        self.ended().all(|it| it.count(Verdict::Failed) == 0)
    }

    pub fn markdown(&self) -> String {
        let provider = self
            .provider
            .iter()
            .map(|it| format!(" ({it})"))
            .collect::<String>();
        let mut text = format!(
            "# What the OpenID Foundation's conformance suite says\n\nVersion {}, against `{}`{provider}: {}.\n\n",
            self.version,
            self.issuer,
            self.counts()
        );
        for note in &self.notes {
            text += &format!("- {note}\n");
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        text += "| plan | passed | warning | review | skipped | failed |\n| --- | --- | --- | --- | --- | --- |\n";
        for table in self.ended() {
            let counts = VERDICTS.map(|it| table.count(it).to_string());
            text += &format!("| {} | {} |\n", cell(&table.title), counts.join(" | "));
        }
        for table in self.ended() {
            text += &table.markdown();
        }
        text
    }
}

impl Table {
    /// Puts modules together that ended alike: by their variant if they passed, else by the reason.
    fn markdown(&self) -> String {
        let mut groups: Vec<(Verdict, String, Vec<String>)> = Vec::new();
        for outcome in &self.outcomes {
            let (reason, name) = match outcome.verdict {
                Verdict::Passed => (outcome.variant.clone(), format!("`{}`", outcome.module)),
                _ => (
                    self.reason(outcome),
                    format!("`{}` ({})", outcome.module, outcome.variant),
                ),
            };
            match groups
                .iter_mut()
                .find(|(verdict, why, _)| *verdict == outcome.verdict && *why == reason)
            {
                Some((_, _, names)) => names.push(name),
                None => groups.push((outcome.verdict, reason, vec![name])),
            }
        }
        groups.sort_by_key(|(verdict, _, _)| VERDICTS.iter().position(|it| it == verdict));
        let mut text = format!("\n## {}\n\n", self.title);
        text += "| result | reason, or variant | modules |\n| --- | --- | --- |\n";
        for (verdict, reason, names) in groups {
            let count = names.len();
            text += &format!(
                "| {count} {verdict} | {} | {} |\n",
                cell(&reason),
                names.join(", ")
            );
        }
        text
    }

    fn reason(&self, outcome: &Outcome) -> String {
        let mut reasons: Vec<String> = outcome
            .reasons
            .iter()
            .map(|reason| short(reason, &outcome.module))
            .collect();
        reasons.extend(outcome.pages.iter().map(|page| format!("page: {page}")));
        if matches!(outcome.verdict, Verdict::Warning | Verdict::Failed) {
            reasons.extend(self.remarks.get(&outcome.module).cloned());
        }
        reasons.dedup();
        reasons.join("; ")
    }
}

/// Removes what the suite writes before each reason.
fn short(reason: &str, module: &str) -> String {
    let own = reason.strip_prefix(module).and_then(|it| it.strip_prefix(": "));
    let rest = own.unwrap_or(reason);
    rest.strip_prefix("The test was skipped: ")
        .unwrap_or(rest)
        .to_owned()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
