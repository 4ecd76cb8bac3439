//! What the provider told services and people, one line of JSON for each answer as it came. `verify` asks afterwards what
//! became of it. Several processes may write into one file: a line is one write at its end.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was shown at an endpoint, to be used up there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    Code(String),
    RefreshToken(String),
    /// A refresh token, at the revocation endpoint.
    Revocation(String),
}

/// What was issued for a code or for a refresh token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    pub from: Shown,
    pub access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// `sub` of the ID token, if one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The session that it came of; a person who logs in again has another one.
    pub session: String,
    /// Seconds since 1970, by the clock of this machine.
    pub expires_at: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A code came back to the service, which redeems it with this verifier (RFC 7636).
    Code { code: String, verifier: String },
    /// It was redeemed.
    Tokens(Tokens),
    /// It was refused: a complete answer, by which nothing was issued.
    Refused { shown: Shown, why: String },
    /// No answer came, or one that does not say what happened. It may have been used up.
    Unanswered { shown: Shown, why: String },
    /// The refresh token was revoked.
    Revoked { refresh_token: String },
    /// The page that asks for the code of the mail came. The cookies are those of the browser that has it.
    SignUp { email: String, cookies: String },
    /// An operation failed, which began at this time.
    Failed {
        operation: String,
        began: f64,
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Seconds since 1970.
    pub at: f64,
    /// The one who was told: its process and number.
    pub worker: String,
    /// The login of the person.
    pub person: String,
    #[serde(flatten)]
    pub event: Event,
}

/// The file, which holds tokens: it is for its owner alone.
#[derive(Debug)]
pub struct Record(Mutex<File>);

impl Record {
    pub fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(Mutex::new(file)))
    }

    /// Writes the line before it returns: what is asked next is asked by somebody who knows.
    pub fn write(&self, line: &Line) -> Result<()> {
        let text = format!("{}\n", serde_json::to_string(line)?);
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes()).context("cannot write the record")
    }
}

/// Reads a record. A line that is none is an error: what it told would be missing.
pub fn read(path: &Path) -> Result<Vec<Line>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = Vec::new();
    for (number, text) in BufReader::new(file).lines().enumerate() {
        let line = serde_json::from_str(&text?);
        lines.push(line.with_context(|| format!("{}, line {}", path.display(), number + 1))?);
    }
    Ok(lines)
}

/// Returns the time with its fractions: failures are compared with the moments at which nodes ended.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate stands outside of the product and has no clock.rs"
)]
pub fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |it| it.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_writers_share_a_file_and_it_is_read_as_it_was_written() {
        let path = std::env::temp_dir().join(format!("record-{}", crate::client::random_text(12)));
        let (one, two) = (Record::open(&path).unwrap(), Record::open(&path).unwrap());
        let shown = Shown::RefreshToken("r1".into());
        let events = [
            Event::Code {
                code: "c1".into(),
                verifier: "v1".into(),
            },
            Event::Tokens(Tokens {
                from: Shown::Code("c1".into()),
                access_token: "a1".into(),
                refresh_token: Some("r1".into()),
                subject: None,
                session: "p-0-1".into(),
                expires_at: 600.5,
            }),
            Event::Refused {
                shown: shown.clone(),
                why: "HTTP 400".into(),
            },
            Event::Unanswered {
                shown,
                why: "no answer".into(),
            },
        ];
        let lines = events.map(|event| Line {
            at: 1.25,
            worker: "p-0".into(),
            person: "alice".into(),
            event,
        });
        for (record, line) in [&one, &two, &two, &one].into_iter().zip(&lines) {
            record.write(line).unwrap();
        }
        let found = read(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(found.unwrap(), lines);
    }
}
