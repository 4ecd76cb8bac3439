//! Reads heads of the chain out of the log, which the database cannot change: `audit_position` and `audit_head` in lines of
//! JSON or of text, with other lines between them.

use std::io::{self, BufRead};

/// A head as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedHead {
    /// The number of the line, from 1.
    pub line: usize,
    pub position: i64,
    pub digest: String,
}

#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    #[error("the log cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("line {0} of the log names a head that cannot be read")]
    Unreadable(usize),
}

/// Returns the heads of a log, in its order. Lines without a head are passed over; a line that names one and is not whole
/// is an error, but for the last, which may be being written.
pub fn heads_of_log(log: impl BufRead) -> impl Iterator<Item = Result<LoggedHead, HeadError>> {
    let mut lines = log.split(b'\n').enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (number, line) = lines.next()?;
            let line = match line {
                Ok(line) => without_colours(&String::from_utf8_lossy(&line)),
                Err(error) => return Some(Err(error.into())),
            };
            if !line.contains(HEAD) && !line.contains(POSITION) {
                continue;
            }
            match head(&line) {
                Some((position, digest)) => {
                    return Some(Ok(LoggedHead {
                        line: number + 1,
                        position,
                        digest,
                    }));
                }
                None if lines.peek().is_none() => return None,
                None => return Some(Err(HeadError::Unreadable(number + 1))),
            }
        }
    })
}

const POSITION: &str = "audit_position";
const HEAD: &str = "audit_head";

fn head(line: &str) -> Option<(i64, String)> {
    let position = value(line, POSITION)?.parse().ok()?;
    let digest = value(line, HEAD)?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit());
    is_digest.then(|| (position, digest.to_owned()))
}

/// Returns the value after a name: `"name":1`, `"name":"x"`, `name=1` or `name="x"`.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(name)?;
    let rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    Some(&rest[..end])
}

/// Removes the colours of a log for people: `ESC [ … m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_from_both_forms_of_the_log() {
        // LG-5
        let digest = "ab".repeat(32);
        let log = format!(
            "{{\"level\":\"INFO\",\"message\":\"listening\"}}\n\
             {{\"level\":\"INFO\",\"message\":\"the audit trail is sealed\",\"audit_position\":7,\"audit_head\":\"{digest}\",\"sealed\":2}}\n\
             2026-11-30T00:00:00Z  INFO the audit trail is sealed audit_position=9 audit_head=\"{digest}\" sealed=2\n\
             \u{1b}[2m2026\u{1b}[0m the audit trail is sealed \u{1b}[3maudit_position\u{1b}[0m\u{1b}[2m=\u{1b}[0m11 \u{1b}[3maudit_head\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"{digest}\"\n\
             {{\"audit_position\":12,\"audit_he"
        );
        let heads: Result<Vec<_>, _> = heads_of_log(log.as_bytes()).collect();
        let heads = heads.expect("read");
        let positions: Vec<_> = heads.iter().map(|it| (it.line, it.position)).collect();
        assert_eq!(positions, [(2, 7), (3, 9), (4, 11)]);
        assert!(heads.iter().all(|it| it.digest == digest));
    }

    #[test]
    fn a_head_that_was_spoilt_is_an_error() {
        let log = "{\"audit_position\":12,\"audit_head\":\"ab\"}\n{}\n";
        let heads: Result<Vec<_>, _> = heads_of_log(log.as_bytes()).collect();
        assert!(matches!(heads, Err(HeadError::Unreadable(1))), "{heads:?}");
    }
}
