//! `verify`: asks the provider, through its front door, what became of all that `load --record` was told: what was
//! acknowledged is there, what ended is refused, and nothing was used twice.

use super::ledger::{Access, Grant, Ledger, SignUp, Standing, brief};
use super::record::{self, Record, Shown};
use super::service::{Outcome, Service, subject};
use super::settings::Settings;
use crate::html::Page;
use crate::http::Http;
use crate::provider::Provider;
use crate::sign_up::VERIFY;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;
use url::Url;

/// Violations that are printed of each kind.
const SAMPLES: usize = 10;

/// Seconds before its end in which an access token is not asked for any more.
const MARGIN: f64 = 30.0;

#[derive(Args)]
pub struct Verify {
    /// The provider, as for `load`
    #[arg(long, value_name = "FILE")]
    provider: PathBuf,
    /// The record that `load --record` wrote; what comes now is added, so that it can be asked again
    #[arg(long, value_name = "FILE")]
    record: PathBuf,
    /// The directory into which the provider writes its mails: each sign-up has one
    #[arg(long, value_name = "DIRECTORY")]
    mails: Option<PathBuf>,
    /// The store of short-lived values was emptied meanwhile: codes that nobody had redeemed may be lost
    #[arg(long)]
    codes_may_be_lost: bool,
    /// How many ask at a time
    #[arg(long, default_value_t = 16)]
    workers: usize,
    /// Do not verify certificates
    #[arg(long)]
    trust_any_certificate: bool,
}

/// A question, and what the answer has to be.
enum Question {
    IsActive(Access, Option<String>),
    IsOver(Access),
    Refreshes(String, Option<String>),
    /// With the verifier, if it is a code: nothing else is to be wrong with it.
    IsRefused(Shown, String),
    Waits(SignUp),
}

impl Question {
    const fn kind(&self) -> &'static str {
        match self {
            Self::IsActive(..) => "access tokens that are good",
            Self::IsOver(_) => "access tokens that ended",
            Self::Refreshes(..) => "refresh tokens that are good",
            Self::IsRefused(Shown::Code(_), _) => "codes that were redeemed",
            Self::IsRefused(..) => "refresh tokens that ended",
            Self::Waits(_) => "sign-ups that wait for a code",
        }
    }
}

/// What was asked, and what was wrong.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    asked: BTreeMap<&'static str, usize>,
    pub wrong: BTreeMap<&'static str, Vec<String>>,
}

impl Findings {
    fn add(&mut self, kind: &'static str, outcome: Result<()>) {
        *self.asked.entry(kind).or_default() += 1;
        if let Err(error) = outcome {
            self.wrong.entry(kind).or_default().push(format!("{error:#}"));
        }
    }

    fn print(&self) {
        println!("{:<34} {:>10} {:>10}", "", "asked", "wrong");
        for (kind, asked) in &self.asked {
            let wrong = self.wrong.get(kind).map_or(0, Vec::len);
            println!("{kind:<34} {asked:>10} {wrong:>10}");
        }
        for (kind, all) in &self.wrong {
            for one in all.iter().take(SAMPLES) {
                eprintln!("{kind}: {one}");
            }
        }
    }
}

/// Returns `false` if anything was wrong.
pub async fn run(arguments: Verify) -> Result<bool> {
    ensure!(arguments.workers > 0, "--workers is at least 1");
    let settings = Settings::read(&arguments.provider)?;
    let ledger = Ledger::of(&record::read(&arguments.record)?);
    println!(
        "{} codes redeemed, {} sign-ups; {} answers did not come",
        ledger.grants.len(),
        ledger.sign_ups.len(),
        ledger.unanswered
    );
    for (why, number) in &ledger.failed {
        println!("failed {number} times: {why}");
    }
    let asked = Asked {
        record: Some(Arc::new(Record::open(&arguments.record)?)),
        mails: arguments.mails,
        codes_may_be_lost: arguments.codes_may_be_lost,
        workers: arguments.workers,
        trust_any: arguments.trust_any_certificate,
    };
    let findings = ask(&settings, ledger, &asked).await?;
    findings.print();
    Ok(findings.wrong.is_empty())
}

/// How it is asked.
pub(crate) struct Asked {
    pub record: Option<Arc<Record>>,
    pub mails: Option<PathBuf>,
    pub codes_may_be_lost: bool,
    pub workers: usize,
    pub trust_any: bool,
}

pub(crate) async fn ask(settings: &Settings, ledger: Ledger, asked: &Asked) -> Result<Findings> {
    let http = Http::keeping_connections(asked.trust_any)?;
    let provider = Arc::new(Provider::discover(&http, &settings.issuer, true).await?);
    let who = ("verify".to_owned(), String::new());
    let service = Service::new(&http, settings, &provider, asked.record.as_ref(), who);
    let service = Arc::new(service);
    let mut findings = Findings::default();
    for violation in &ledger.violations {
        findings.add("what was told", Err(anyhow::anyhow!(violation.clone())));
    }
    for code in ledger.lost_codes.iter().filter(|_| !asked.codes_may_be_lost) {
        let lost = anyhow::anyhow!("refused when it was first shown: {}", brief(code));
        findings.add("codes that were issued", Err(lost));
    }
    if let Some(folder) = &asked.mails {
        let recipients = recipients(folder)?;
        for sign_up in &ledger.sign_ups {
            let outcome = if recipients.contains(&sign_up.email.to_lowercase()) {
                Ok(())
            } else {
                Err(anyhow::anyhow!("there is none to {}", sign_up.email))
            };
            findings.add("mails of sign-ups", outcome);
        }
    }
    // One after the other: a code that is shown again ends the tokens that it bought.
    for questions in questions(ledger, provider.endpoint("introspection_endpoint").is_some()) {
        let queue = Arc::new(Mutex::new(VecDeque::from(questions)));
        let mut asking = JoinSet::new();
        for _ in 0..asked.workers {
            asking.spawn(empties(Arc::clone(&service), Arc::clone(&queue)));
        }
        while let Some(done) = asking.join_next().await {
            for (kind, outcome) in done? {
                findings.add(kind, outcome);
            }
        }
    }
    Ok(findings)
}

/// Returns the questions, in parts that follow each other.
fn questions(ledger: Ledger, introspects: bool) -> [Vec<Question>; 3] {
    let [mut first, mut second, mut third] = [Vec::new(), Vec::new(), Vec::new()];
    let soon = record::now() + MARGIN;
    first.extend(ledger.sign_ups.into_iter().map(Question::Waits));
    for (code, grant) in ledger.grants {
        let Grant {
            standing,
            verifier,
            subject,
            refresh_token,
            in_doubt,
            is_lost,
            access_tokens,
        } = grant;
        third.push(Question::IsRefused(Shown::Code(code), verifier));
        let alive = access_tokens
            .into_iter()
            .filter(|it| introspects && it.expires_at as f64 > soon);
        match standing {
            Standing::Good => {
                let known = alive.filter(|it| !it.may_have_ended);
                first.extend(known.map(|it| Question::IsActive(it, subject.clone())));
                let known = refresh_token.filter(|_| !in_doubt && !is_lost);
                second.extend(known.map(|it| Question::Refreshes(it, subject)));
            }
            Standing::Ended => {
                first.extend(alive.map(Question::IsOver));
                let refused = refresh_token.map(Shown::RefreshToken);
                second.extend(refused.map(|it| Question::IsRefused(it, String::new())));
            }
            Standing::Unknown => {}
        }
    }
    [first, second, third]
}

async fn empties(
    service: Arc<Service>,
    queue: Arc<Mutex<VecDeque<Question>>>,
) -> Vec<(&'static str, Result<()>)> {
    let mut answers = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(question) = next else {
            return answers;
        };
        answers.push((question.kind(), answer(&service, question).await));
    }
}

async fn answer(service: &Service, question: Question) -> Result<()> {
    match question {
        Question::IsActive(access, subject) => {
            let said = service.introspects(&access.token).await?;
            let token = brief(&access.token);
            ensure!(said["active"] == true, "not active: {token}");
            is_about(said["sub"].as_str(), subject.as_deref())
        }
        Question::IsOver(access) => {
            let said = service.introspects(&access.token).await?;
            ensure!(said["active"] == false, "active: {}", brief(&access.token));
            Ok(())
        }
        Question::Refreshes(token, expected) => {
            let name = brief(&token);
            let outcome = service.shows(&Shown::RefreshToken(token), &[], "verify").await?;
            let tokens = outcome.into_tokens().with_context(|| name)?;
            is_about(subject(&tokens)?.as_deref(), expected.as_deref())
        }
        Question::IsRefused(shown, verifier) => {
            let redirect_uri = service.client.settings.redirect_uri.as_str();
            let more = [("redirect_uri", redirect_uri), ("code_verifier", &verifier)];
            let more = if matches!(shown, Shown::Code(_)) {
                &more[..]
            } else {
                &[]
            };
            match service.shows(&shown, more, "verify").await? {
                Outcome::Refused(_) => Ok(()),
                Outcome::Tokens(_) => bail!("it brought tokens"),
                Outcome::Unanswered(error) => Err(error),
            }
        }
        Question::Waits(sign_up) => {
            let url = Url::parse(&service.provider.issuer)?.join(VERIFY)?;
            let headers = [("cookie", sign_up.cookies.as_str())];
            let answer = service.http.get(url.as_str(), &headers).await?;
            let page = Page::parse(&url, answer.status, &answer.text());
            let asks = |it: &crate::html::Form| it.post && it.action.path() == VERIFY;
            ensure!(
                page.status == 200 && page.forms.iter().any(asks),
                "{} cannot go on: {}",
                sign_up.email,
                page.brief()
            );
            Ok(())
        }
    }
}

/// Demands the person that is known, if the answer names one.
fn is_about(said: Option<&str>, known: Option<&str>) -> Result<()> {
    let same = said.is_none() || known.is_none() || said == known;
    ensure!(same, "it tells of another person");
    Ok(())
}

/// Returns whom the mails of a directory are for, in lower case.
fn recipients(folder: &Path) -> Result<HashSet<String>> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut found = HashSet::new();
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let bytes = std::fs::read(entry.with_context(cannot)?.path()).with_context(cannot)?;
        let text = String::from_utf8_lossy(&bytes);
        let head = text.lines().take_while(|it| !it.is_empty());
        let to = head.filter_map(|it| it.strip_prefix("To: "));
        found.extend(to.map(|it| it.trim().to_lowercase()));
    }
    Ok(found)
}
