//! The operator's list of domains that give out mailboxes for a few minutes: no account is made for an address there.

use std::collections::HashSet;
use std::fmt;

/// Domains in A-labels and lower case. A domain covers those below it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DisposableDomains(HashSet<String>);

/// The lines, counted from one, that name no domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLines(pub Vec<usize>);

/// The most lines that a message names.
const MOST_NAMED: usize = 10;

impl DisposableDomains {
    /// Reads a file with one domain a line; empty lines and those that begin with `#` are left out. One wrong line
    /// refuses the whole file.
    pub fn parse(file: &[u8]) -> Result<Self, WrongLines> {
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let mut domains = HashSet::new();
        let mut wrong = Vec::new();
        for (index, line) in file.split(|it| *it == b'\n').enumerate() {
            let Ok(line) = std::str::from_utf8(line) else {
                wrong.push(index + 1);
                continue;
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match domain(line) {
                Some(domain) => {
                    domains.insert(domain);
                }
                None => wrong.push(index + 1),
            }
        }
        if wrong.is_empty() {
            Ok(Self(domains))
        } else {
            Err(WrongLines(wrong))
        }
    }

    /// Returns `true` if the domain of an address, or one above it, is on the list.
    pub fn contains(&self, domain: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let domain = domain.to_ascii_lowercase();
        let above = domain.match_indices('.').map(|(dot, _)| &domain[dot + 1..]);
        std::iter::once(domain.as_str())
            .chain(above)
            .any(|it| self.0.contains(it))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns a domain as addresses have it (security.md SU-2). A single label is none: it would cover all of `com`.
fn domain(line: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(line).ok()?;
    let is_domain = domain.contains('.') && !domain.ends_with('.') && domain.len() <= 253;
    is_domain.then_some(domain)
}

impl fmt::Display for WrongLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> = self.0.iter().take(MOST_NAMED).map(usize::to_string).collect();
        let noun = if self.0.len() == 1 { "line" } else { "lines" };
        write!(f, "{noun} {}", named.join(", "))?;
        match self.0.len().saturating_sub(MOST_NAMED) {
            0 => f.write_str(": no domain name"),
            more => write!(f, " and {more} more: no domain name"),
        }
    }
}

impl fmt::Debug for DisposableDomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisposableDomains of {}", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_those_below_it() {
        let file = "\u{feff}# taken from a public list\nMailinator.example\r\n\nbücher.example\n";
        let list = DisposableDomains::parse(file.as_bytes()).unwrap();
        assert_eq!(list.len(), 2);
        for domain in [
            "mailinator.example",
            "a.b.MAILINATOR.example",
            "xn--bcher-kva.example",
        ] {
            assert!(list.contains(domain), "{domain}");
        }
        for domain in ["notmailinator.example", "mailinator.example.org", "example", ""] {
            assert!(!list.contains(domain), "{domain}");
        }
        assert!(!DisposableDomains::default().contains("mailinator.example"));
    }

    #[test]
    fn a_wrong_line_refuses_the_file_and_is_named() {
        let refused = |file: &[u8]| DisposableDomains::parse(file).unwrap_err();
        assert_eq!(
            refused(b"good.example\ncom\n@bad.example\nt\xff.example\na b.example"),
            WrongLines(vec![2, 3, 4, 5])
        );
        assert_eq!(refused(b"com").to_string(), "line 1: no domain name");
        let many = refused("x\n".repeat(12).as_bytes());
        assert_eq!(
            many.to_string(),
            "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more: no domain name"
        );
        assert!(DisposableDomains::parse(b"").unwrap().is_empty());
    }
}
