//! `[accounts]`, `[sessions]`, `[passwords]`, `[site]`: the settings that concern people.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::duration;
use crate::templates::Links;

/// `[accounts]`: sign-up and recovery (security.md 8.1, 8.2).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    #[serde(deserialize_with = "duration::deserialize")]
    pub email_code: Duration,
    pub email_code_attempts: u32,
    #[serde(deserialize_with = "duration::deserialize")]
    pub password_reset: Duration,
    /// Asks browsers for a proof of work (DS-5).
    pub proof_of_work: bool,
    /// Shows programs a field that no person sees (DS-6).
    pub decoy_field: bool,
    /// A file of the operator with domains of which no address gets an account, one a line.
    pub disposable_domains_file: Option<PathBuf>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            email_code: Duration::from_mins(10),
            email_code_attempts: 5,
            password_reset: Duration::from_mins(30),
            proof_of_work: true,
            decoy_field: true,
            disposable_domains_file: None,
        }
    }
}

impl Accounts {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        // SU-3: 26.6 bits and five attempts keep a guess below one in a million.
        if !(1..=10).contains(&self.email_code_attempts) {
            problems.push("[accounts] email_code_attempts is 1 to 10".into());
        }
        if self.email_code > Duration::from_hours(1) || self.password_reset > Duration::from_hours(24) {
            problems.push("[accounts] email_code is at most 1h, password_reset at most 1d".into());
        }
        if let Some(file) = self.disposable_domains_file.as_ref().filter(|it| !it.is_file()) {
            problems.push(format!(
                "[accounts] disposable_domains_file: there is no file {}",
                file.display()
            ));
        }
        problems
    }
}

/// `[sessions]`. The lifetime of a session is not a setting (security.md SE-2).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sessions {
    /// The time for which a browser is remembered that signed in (security.md PW-4).
    #[serde(deserialize_with = "duration::deserialize")]
    pub known_browser: Duration,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            known_browser: Duration::from_hours(90 * 24),
        }
    }
}

impl Sessions {
    pub(super) fn problems(&self) -> Vec<String> {
        let most = Duration::from_hours(400 * 24);
        (self.known_browser > most)
            .then(|| "[sessions] known_browser is at most 400d, as browsers keep cookies".to_owned())
            .into_iter()
            .collect()
    }
}

/// `[passwords]`: which ones are refused (security.md PW-1), and argon2id (PW-2).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    pub memory_kib: u32,
    pub passes: u32,
    /// The number of hashes at a time; 0 is one for each core.
    pub parallel: usize,
    /// The most that may wait for their turn before the answer is 503.
    pub queue: usize,
    /// A file of the operator with passwords that nobody may have, one a line.
    pub blocklist_file: Option<PathBuf>,
    /// The range interface of a breach service: five digits of a SHA-1 are added to this address.
    pub breach_range_url: Option<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            parallel: 0,
            queue: 64,
            blocklist_file: None,
            breach_range_url: None,
        }
    }
}

impl Passwords {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.memory_kib < 19_456 || self.passes < 2 {
            problems.push("[passwords] memory_kib is 19456 or more, passes 2 or more".into());
        }
        if self.memory_kib > 1_048_576 || self.passes > 16 {
            problems.push("[passwords] memory_kib is at most 1048576, passes at most 16".into());
        }
        if let Some(file) = self.blocklist_file.as_ref().filter(|it| !it.is_file()) {
            problems.push(format!(
                "[passwords] blocklist_file: there is no file {}",
                file.display()
            ));
        }
        if let Some(address) = &self.breach_range_url {
            let takes_a_range = Url::parse(address)
                .is_ok_and(|it| it.scheme() == "https" && it.query().is_none() && it.fragment().is_none());
            if !takes_a_range || !address.ends_with('/') {
                problems.push(format!(
                    "[passwords] breach_range_url \"{address}\" is not an https address that ends in /"
                ));
            }
        }
        problems
    }
}

/// `[site]`: the contact and the further reading that pages name.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    pub support_email: String,
    /// The directory with the operator's own Terms of Use and Privacy Notice.
    pub documents: Option<PathBuf>,
    /// The footer's addresses outside of this service. An empty one is not shown.
    pub links: Links,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            support_email: "ServiceDesk@itu.int".into(),
            documents: None,
            links: Links::default(),
        }
    }
}

impl Site {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.support_email.parse::<lettre::Address>().is_err() {
            problems.push(format!(
                "[site] support_email \"{}\" is not an e-mail address",
                self.support_email
            ));
        }
        let links = &self.links;
        for link in [
            &links.members,
            &links.ties,
            &links.events,
            &links.mailing_lists,
            &links.bookshop,
        ] {
            let secure = url::Url::parse(link).is_ok_and(|it| it.scheme() == "https");
            if !secure && !link.is_empty() {
                problems.push(format!("[site] links: \"{link}\" is not an https address"));
            }
        }
        problems
    }
}
