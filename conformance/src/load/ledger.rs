//! What has to be so after all that is in a record. It asks nobody: `verify` does.

use super::record::{Event, Line, Shown, Tokens};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How a grant of a code ended, as far as its service knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Good,
    /// Its code was used twice, or its refresh token revoked: no token of it is good.
    Ended,
    /// An answer is missing that would say which of these.
    Unknown,
}

/// All that descends from one code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    pub standing: Standing,
    /// What its code is redeemed with.
    pub verifier: String,
    pub subject: Option<String>,
    /// The last refresh token that its service was told.
    pub refresh_token: Option<String>,
    /// That one was used, and no answer came: it is good, or its successor is, which nobody knows.
    pub in_doubt: bool,
    /// That one was refused before: there is nothing left to ask.
    pub is_lost: bool,
    pub access_tokens: Vec<Access>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub token: String,
    /// Seconds since 1970.
    pub expires_at: i64,
    /// Its session may have ended since: the person has a newer one, and no refresh token came with it.
    pub may_have_ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignUp {
    pub email: String,
    pub cookies: String,
}

#[derive(Debug, Default)]
pub struct Ledger {
    /// By their codes, which were redeemed.
    pub grants: BTreeMap<String, Grant>,
    pub sign_ups: Vec<SignUp>,
    /// The codes that were refused when they were first shown.
    pub lost_codes: BTreeSet<String>,
    /// The answers that did not come.
    pub unanswered: usize,
    /// The operations that failed, and how often each.
    pub failed: BTreeMap<String, usize>,
    /// What shows already that something is wrong.
    pub violations: Vec<String>,
}

/// What is known of everything that was shown, in whatever order the answers came.
#[derive(Default)]
struct Shows<'a> {
    redeemed: HashMap<&'a Shown, HashSet<(&'a str, Option<&'a str>)>>,
    refused: HashSet<&'a Shown>,
    unanswered: HashSet<&'a Shown>,
    revoked: HashSet<&'a str>,
}

impl<'a> Shows<'a> {
    fn of(lines: &'a [Line]) -> Self {
        let mut shows = Self::default();
        for line in lines {
            match &line.event {
                Event::Tokens(it) => {
                    let issued = match (&it.from, it.refresh_token.as_deref()) {
                        // The same refresh token once more, with whatever access token, is the same answer.
                        (Shown::RefreshToken(_), token) => ("", token),
                        (_, token) => (it.access_token.as_str(), token),
                    };
                    shows.redeemed.entry(&it.from).or_default().insert(issued);
                }
                Event::Refused { shown, .. } => drop(shows.refused.insert(shown)),
                Event::Unanswered { shown, .. } => drop(shows.unanswered.insert(shown)),
                Event::Revoked { refresh_token } => drop(shows.revoked.insert(refresh_token)),
                Event::Code { .. } | Event::SignUp { .. } | Event::Failed { .. } => {}
            }
        }
        shows
    }

    fn of_code(&self, code: &str) -> Standing {
        let shown = Shown::Code(code.to_owned());
        if self.unanswered.contains(&shown) {
            Standing::Unknown
        } else if self.refused.contains(&shown) {
            Standing::Ended
        } else {
            Standing::Good
        }
    }

    fn of_revocation(&self, refresh_token: &str) -> Standing {
        let shown = Shown::Revocation(refresh_token.to_owned());
        if self.revoked.contains(refresh_token) {
            Standing::Ended
        } else if self.unanswered.contains(&shown) {
            Standing::Unknown
        } else {
            Standing::Good
        }
    }
}

impl Ledger {
    pub fn of(lines: &[Line]) -> Self {
        let shows = Shows::of(lines);
        let mut ledger = Self::default();
        ledger.follow(lines, &shows);
        ledger.judge_what_was_shown(&shows);
        ledger.judge_people(lines);
        ledger
    }

    /// Follows each grant from its code through its refresh tokens.
    fn follow(&mut self, lines: &[Line], shows: &Shows<'_>) {
        // The code that a refresh token descends from.
        let mut origins: HashMap<&str, &str> = HashMap::new();
        let mut sessions: HashMap<&str, &str> = HashMap::new();
        let mut verifiers: HashMap<&str, &str> = HashMap::new();
        for line in lines {
            match &line.event {
                Event::Tokens(it) => drop(sessions.insert(&line.worker, &it.session)),
                Event::Code { code, verifier } => drop(verifiers.insert(code, verifier)),
                _ => {}
            }
        }
        for line in lines {
            match &line.event {
                Event::Tokens(it) => {
                    let code = match &it.from {
                        Shown::Code(code) => code.as_str(),
                        Shown::RefreshToken(token) | Shown::Revocation(token) => {
                            let Some(code) = origins.get(token.as_str()) else {
                                self.violations.push(format!(
                                    "tokens for a refresh token that nobody was given: {}",
                                    brief(token)
                                ));
                                continue;
                            };
                            code
                        }
                    };
                    if let Some(token) = &it.refresh_token {
                        origins.insert(token, code);
                    }
                    let is_newest = sessions.get(line.worker.as_str()) == Some(&it.session.as_str());
                    let grant = self.grants.entry(code.to_owned()).or_default();
                    grant.take(it, is_newest);
                }
                Event::SignUp { email, cookies } => self.sign_ups.push(SignUp {
                    email: email.clone(),
                    cookies: cookies.clone(),
                }),
                Event::Unanswered { .. } => self.unanswered += 1,
                Event::Failed { operation, why, .. } => {
                    let short: String = why.chars().take(100).collect();
                    *self.failed.entry(format!("{operation}: {short}")).or_default() += 1;
                }
                Event::Code { .. } | Event::Refused { .. } | Event::Revoked { .. } => {}
            }
        }
        for (code, grant) in &mut self.grants {
            grant.standing = shows.of_code(code);
            let verifier = verifiers.get(code.as_str()).copied();
            grant.verifier = verifier.unwrap_or_default().to_owned();
        }
        for (token, code) in origins {
            let Some(grant) = self.grants.get_mut(code) else {
                continue;
            };
            match (shows.of_revocation(token), grant.standing) {
                (Standing::Good, _) | (_, Standing::Ended) => {}
                (standing, _) => grant.standing = standing,
            }
        }
    }

    fn judge_what_was_shown(&mut self, shows: &Shows<'_>) {
        for (shown, issued) in &shows.redeemed {
            if issued.len() > 1 {
                let sets = issued.len();
                self.violations
                    .push(format!("{sets} sets of tokens for one: {}", name(shown)));
            }
        }
        for shown in &shows.refused {
            let is_known = shows.redeemed.contains_key(shown) || shows.unanswered.contains(shown);
            if let (Shown::Code(code), false) = (shown, is_known) {
                self.lost_codes.insert(code.clone());
            }
        }
        for grant in self.grants.values_mut() {
            let Some(token) = grant.refresh_token.clone() else {
                continue;
            };
            let shown = Shown::RefreshToken(token);
            grant.in_doubt = shows.unanswered.contains(&shown);
            grant.is_lost = !grant.in_doubt && shows.refused.contains(&shown);
            if grant.is_lost && grant.standing == Standing::Good {
                self.violations.push(format!(
                    "refused, and it was the last one issued: {}",
                    name(&shown)
                ));
            }
        }
    }

    /// One login is one person, and nobody else is.
    fn judge_people(&mut self, lines: &[Line]) {
        let mut subjects: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut people: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        // `verify` itself is nobody.
        for line in lines.iter().filter(|it| !it.person.is_empty()) {
            if let Event::Tokens(Tokens {
                subject: Some(subject),
                ..
            }) = &line.event
            {
                subjects.entry(&line.person).or_default().insert(subject);
                people.entry(subject).or_default().insert(&line.person);
            }
        }
        for (person, subjects) in subjects.iter().filter(|(_, it)| it.len() > 1) {
            self.violations
                .push(format!("{person} has {} subjects", subjects.len()));
        }
        for (subject, people) in people.iter().filter(|(_, it)| it.len() > 1) {
            self.violations
                .push(format!("{subject} is {} people", people.len()));
        }
    }
}

impl Grant {
    fn take(&mut self, tokens: &Tokens, is_newest: bool) {
        self.access_tokens.push(Access {
            token: tokens.access_token.clone(),
            expires_at: tokens.expires_at as i64,
            may_have_ended: tokens.refresh_token.is_none() && !is_newest,
        });
        if let Some(token) = &tokens.refresh_token {
            self.refresh_token = Some(token.clone());
        }
        if let Some(subject) = &tokens.subject {
            self.subject = Some(subject.clone());
        }
    }
}

fn name(shown: &Shown) -> String {
    match shown {
        Shown::Code(it) => format!("code {}", brief(it)),
        Shown::RefreshToken(it) => format!("refresh token {}", brief(it)),
        Shown::Revocation(it) => format!("revocation of {}", brief(it)),
    }
}

/// Returns so much of a secret that it can be found in the record.
pub fn brief(secret: &str) -> String {
    secret.chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(person: &str, event: Event) -> Line {
        Line {
            at: 0.0,
            worker: format!("p-{person}"),
            person: person.to_owned(),
            event,
        }
    }

    fn tokens(from: Shown, access: &str, refresh: Option<&str>) -> Line {
        issued_to("alice", "alice-1", from, access, refresh)
    }

    fn issued_to(person: &str, subject: &str, from: Shown, access: &str, refresh: Option<&str>) -> Line {
        let tokens = Tokens {
            from,
            access_token: access.to_owned(),
            refresh_token: refresh.map(str::to_owned),
            subject: Some(subject.to_owned()),
            session: "s".to_owned(),
            expires_at: 600.0,
        };
        line(person, Event::Tokens(tokens))
    }

    fn code(it: &str) -> Shown {
        Shown::Code(it.to_owned())
    }

    fn refresh(it: &str) -> Shown {
        Shown::RefreshToken(it.to_owned())
    }

    fn refused(shown: Shown) -> Line {
        let why = String::new();
        line("alice", Event::Refused { shown, why })
    }

    fn unanswered(shown: Shown) -> Line {
        let why = String::new();
        line("alice", Event::Unanswered { shown, why })
    }

    fn violations(lines: &[Line]) -> usize {
        Ledger::of(lines).violations.len()
    }

    #[test]
    fn a_grant_is_followed_to_its_last_refresh_token() {
        let mut lines = vec![
            tokens(code("c"), "a1", Some("r1")),
            tokens(refresh("r1"), "a2", Some("r2")),
            refused(refresh("r1")),
        ];
        let grant = |lines: &[Line]| Ledger::of(lines).grants["c"].clone();
        assert_eq!(grant(&lines).refresh_token.as_deref(), Some("r2"));
        assert_eq!(grant(&lines).access_tokens.len(), 2);
        assert!(!grant(&lines).in_doubt && violations(&lines) == 0);
        lines.push(unanswered(refresh("r2")));
        assert!(grant(&lines).in_doubt && violations(&lines) == 0);
        // It was not used up, or the same answer came once more.
        lines.push(tokens(refresh("r2"), "a3", Some("r3")));
        assert!(!grant(&lines).in_doubt);
        lines.push(line(
            "alice",
            Event::Revoked {
                refresh_token: "r3".to_owned(),
            },
        ));
        lines.push(refused(refresh("r3")));
        assert_eq!(grant(&lines).standing, Standing::Ended);
        assert_eq!(violations(&lines), 0);
    }

    #[test]
    fn a_code_ends_what_it_bought_when_it_is_refused() {
        let standing = |lines: &[Line]| Ledger::of(lines).grants["c"].standing;
        let mut lines = vec![refused(code("c")), tokens(code("c"), "a1", Some("r1"))];
        assert_eq!(standing(&lines), Standing::Ended);
        assert!(Ledger::of(&lines).lost_codes.is_empty());
        lines.push(unanswered(code("c")));
        assert_eq!(standing(&lines), Standing::Unknown);
        assert_eq!(Ledger::of(&[refused(code("d"))]).lost_codes.len(), 1);
        assert!(
            Ledger::of(&[unanswered(code("d")), refused(code("d"))])
                .lost_codes
                .is_empty()
        );
    }

    #[test]
    fn two_sets_of_tokens_for_one_are_found() {
        let same = tokens(code("c"), "a1", Some("r1"));
        assert_eq!(violations(&[same.clone(), same.clone()]), 0);
        assert_eq!(
            violations(&[same.clone(), tokens(code("c"), "a2", Some("r2"))]),
            1
        );
        let (one, two) = (
            tokens(refresh("r1"), "a2", Some("r2")),
            tokens(refresh("r1"), "a3", Some("r3")),
        );
        assert_eq!(violations(&[same.clone(), one.clone(), two]), 1);
        let once_more = tokens(refresh("r1"), "a3", Some("r2"));
        assert_eq!(violations(&[same, one, once_more]), 0);
    }

    #[test]
    fn a_lost_refresh_token_is_found() {
        let lines = [tokens(code("c"), "a1", Some("r1")), refused(refresh("r1"))];
        assert_eq!(violations(&lines), 1);
        assert!(Ledger::of(&lines).grants["c"].is_lost);
    }

    #[test]
    fn another_person_is_found() {
        let alice = tokens(code("c"), "a1", None);
        let same = issued_to("bob", "alice-1", code("d"), "a2", None);
        assert_eq!(violations(&[alice.clone(), same]), 1);
        let other = issued_to("alice", "alice-2", code("d"), "a2", None);
        assert_eq!(violations(&[alice, other]), 1);
    }
}
