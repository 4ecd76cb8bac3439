//! What came of the modules, on the terminal and as Markdown.

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
        tell(|it| self.count(it))
    }
}

fn tell(count: impl Fn(Verdict) -> usize) -> String {
    let words = VERDICTS.map(|it| format!("{} {it}", count(it)));
    words.join(", ")
}

pub struct Results {
    pub version: String,
    pub issuer: String,
    pub tables: Vec<Table>,
}

impl Results {
    pub fn counts(&self) -> String {
        tell(|it| self.tables.iter().map(|table| table.count(it)).sum())
    }

    pub fn nothing_failed(&self) -> bool {
        self.tables.iter().all(|it| it.count(Verdict::Failed) == 0)
    }

    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# What the OpenID Foundation's conformance suite says\n\nVersion {}, against {}: {}.\n\n",
            self.version,
            self.issuer,
            self.counts()
        );
        text += "| plan | passed | warning | review | skipped | failed |\n| --- | --- | --- | --- | --- | --- |\n";
        for table in &self.tables {
            let counts = VERDICTS.map(|it| table.count(it).to_string());
            text += &format!("| {} | {} |\n", cell(&table.title), counts.join(" | "));
        }
        for table in &self.tables {
            text += &format!("\n## {}\n\n", table.title);
            text += "| module | variant | result | reason |\n| --- | --- | --- | --- |\n";
            for it in &table.outcomes {
                let mut reasons = it.reasons.clone();
                reasons.extend(it.pages.iter().map(|page| format!("page: {page}")));
                if matches!(it.verdict, Verdict::Warning | Verdict::Failed) {
                    reasons.extend(table.remarks.get(&it.module).cloned());
                }
                text += &format!(
                    "| `{}` | {} | {} | {} |\n",
                    it.module,
                    cell(&it.variant),
                    it.verdict,
                    cell(&reasons.join("; "))
                );
            }
        }
        text
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
