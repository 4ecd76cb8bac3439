//! Proof of work of a form: its page carries a challenge, a worker of the browser solves it while the person types, and
//! the form brings the solution (security.md DS-5). People are asked nothing.
//!
//! A challenge is kept nowhere: it names its difficulty and its end, under a MAC that binds it to one form of one
//! browser. A solution counts once. The page's side is `templates/assets/work.js`. What becomes of a form without a
//! solution is decided by `accounts::effort`, not here.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::domain::secret::Digest;
use crate::limits::Limit;
use crate::random;
use crate::storage::ephemeral::{EphemeralError, Kind};

/// The parts of a solution. Many small ones take nearly the same time on every try, where one large one has a long tail.
const PARTS: u32 = 16;
/// The zero bits of each part while the network has no failures: 65,536 hashes in all, less than half a second on a phone.
const BASE_BITS: u32 = 12;
/// The most bits that failures of the network add: 32 times the work.
const MOST_MORE_BITS: u32 = 5;
/// The failures at which the work doubles for the first time; the next times are at 3, 7, 15 … times as many.
const FAILURES_A_STEP: u64 = 10;
/// The bits by which a challenge may be behind: the network's failures grow while a person types.
const BITS_OF_GRACE: u32 = 2;
/// The lifetime of a challenge. The page asks for another before it ends.
const LIFETIME: Duration = Duration::from_hours(1);
/// The longest solution that is read.
const MOST_LETTERS: usize = 400;

/// A form that asks for work; a challenge for one is void at the others (security.md G-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    SignUp,
    Recovery,
    Login,
}

impl Form {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Recovery => "recovery",
            Self::Login => "login",
        }
    }
}

/// The browser that a page is made for, or that sends its form.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    pub network: &'a str,
    /// The value of the browser's cookie.
    pub browser: &'a str,
}

/// The work that came with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// The form requires none.
    NotRequired,
    Verified,
    /// No solution came: the browser runs no script, or a program filled the form in.
    Missing,
    Refused(Reason),
}

/// Why a solution does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Malformed,
    /// Made for another browser or another form, or by nobody here.
    Foreign,
    Expired,
    /// Made while the network had far fewer failures, or on another network.
    TooEasy,
    Wrong,
    Replayed,
}

impl Effort {
    /// Returns `true` if the form asks for work that did not come.
    pub const fn is_lacking(self) -> bool {
        matches!(self, Self::Missing | Self::Refused(_))
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRequired => "not required",
            Self::Verified => "verified",
            Self::Missing => "missing",
            Self::Refused(Reason::Malformed) => "malformed",
            Self::Refused(Reason::Foreign) => "foreign",
            Self::Refused(Reason::Expired) => "expired",
            Self::Refused(Reason::TooEasy) => "too easy",
            Self::Refused(Reason::Wrong) => "wrong",
            Self::Refused(Reason::Replayed) => "replayed",
        }
    }
}

/// What a challenge says of itself.
struct Challenge<'a> {
    bits: u32,
    expires_at: i64,
    random: &'a str,
    mac: &'a str,
}

impl<'a> Challenge<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('.');
        let challenge = Self {
            bits: parts.next()?.parse().ok()?,
            expires_at: parts.next()?.parse().ok()?,
            random: parts.next()?,
            mac: parts.next()?,
        };
        parts.next().is_none().then_some(challenge)
    }

    fn mac(app: &App, form: Form, sender: Sender<'_>, content: &str) -> String {
        let bound = format!("{}\n{}\n{content}", form.as_str(), sender.browser);
        URL_SAFE_NO_PAD.encode(app.keys.hmac("proof-of-work", bound.as_bytes()))
    }

    fn is_ours(&self, app: &App, form: Form, sender: Sender<'_>) -> bool {
        let content = format!("{}.{}.{}", self.bits, self.expires_at, self.random);
        let expected = Self::mac(app, form, sender, &content);
        bool::from(expected.as_bytes().ct_eq(self.mac.as_bytes()))
    }
}

/// Returns the challenge of a page, or `None` if it asks for no work.
///
/// A login asks for it once its network has failed often. The page is shown also while the counters cannot be reached.
pub async fn challenge(app: &App, form: Form, sender: Sender<'_>) -> Option<String> {
    if !app.config.accounts.proof_of_work {
        return None;
    }
    let failures = failures(app, sender.network).await.unwrap_or_default();
    if form == Form::Login && failures < FAILURES_A_STEP {
        return None;
    }
    let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or_default();
    let expires_at = app.clock.now().timestamp() + lifetime;
    let random = URL_SAFE_NO_PAD.encode(random::bytes::<12>());
    let content = format!("{}.{expires_at}.{random}", bits(failures));
    let mac = Challenge::mac(app, form, sender, &content);
    Some(format!("{content}.{mac}"))
}

/// Verifies the solution that came with a form, and spends its challenge: of any number of parallel uses, one counts.
pub async fn verify(
    app: &App,
    form: Form,
    sender: Sender<'_>,
    solution: &str,
) -> Result<Effort, EphemeralError> {
    if !app.config.accounts.proof_of_work {
        return Ok(Effort::NotRequired);
    }
    if solution.is_empty() {
        return Ok(Effort::Missing);
    }
    let refused = |reason| Ok(Effort::Refused(reason));
    let Some((text, counters)) = read(solution) else {
        return refused(Reason::Malformed);
    };
    let Some(challenge) = Challenge::parse(text) else {
        return refused(Reason::Malformed);
    };
    if !challenge.is_ours(app, form, sender) {
        return refused(Reason::Foreign);
    }
    let left = challenge.expires_at - app.clock.now().timestamp();
    let Some(left) = u64::try_from(left).ok().filter(|it| *it > 0) else {
        return refused(Reason::Expired);
    };
    // ST-1: a store that began later does not know what was spent.
    let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or_default();
    if challenge.expires_at - lifetime < app.ephemeral.started_at().await?.timestamp() {
        return refused(Reason::Expired);
    }
    let due = bits(failures(app, sender.network).await?);
    if challenge.bits + BITS_OF_GRACE < due {
        return refused(Reason::TooEasy);
    }
    if !is_solved(text, challenge.bits, &counters) {
        return refused(Reason::Wrong);
    }
    let key = Digest::of(text.as_bytes());
    let is_first = app
        .ephemeral
        .put_new(Kind::SpentChallenge, key.as_str(), &[], Duration::from_secs(left))
        .await?;
    if is_first {
        Ok(Effort::Verified)
    } else {
        refused(Reason::Replayed)
    }
}

/// Returns the failures of a network that make its work harder: logins that failed, and forms that a program sent.
async fn failures(app: &App, network: &str) -> Result<u64, EphemeralError> {
    let logins = app.limits.counted(Limit::SignInFailures, network).await?;
    let forms = app.limits.counted(Limit::FormsWithoutWork, network).await?;
    Ok(logins + forms)
}

fn bits(failures: u64) -> u32 {
    BASE_BITS + (1 + failures / FAILURES_A_STEP).ilog2().min(MOST_MORE_BITS)
}

/// Reads `challenge~counter.counter…`, the counters in hexadecimal.
fn read(solution: &str) -> Option<(&str, Vec<u32>)> {
    if solution.len() > MOST_LETTERS {
        return None;
    }
    let (challenge, counters) = solution.split_once('~')?;
    let counters: Option<Vec<u32>> = counters
        .split('.')
        .map(|it| u32::from_str_radix(it, 16).ok())
        .collect();
    Some((challenge, counters?))
}

/// Returns `true` if SHA-256 of the challenge's own SHA-256, the number of the part and its counter begins with so many
/// zero bits, for every part.
fn is_solved(challenge: &str, bits: u32, counters: &[u32]) -> bool {
    let prefix = Sha256::digest(challenge.as_bytes());
    let is_part_solved = |(part, counter): (u32, &u32)| {
        let hash = Sha256::new()
            .chain_update(prefix)
            .chain_update(part.to_be_bytes())
            .chain_update(counter.to_be_bytes())
            .finalize();
        let head = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        head.leading_zeros() >= bits
    };
    counters.len() == PARTS as usize && (0..PARTS).zip(counters).all(is_part_solved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_grows_with_the_failures() {
        // DS-5
        let more = |failures| bits(failures) - BASE_BITS;
        assert_eq!([0, 9, 10, 29, 30, 70, 150].map(more), [0, 0, 1, 1, 2, 3, 4]);
        assert_eq!(more(310), 5);
        assert_eq!(more(u64::MAX / 2), MOST_MORE_BITS);
    }

    #[test]
    fn every_part_has_to_be_solved() {
        let solve = |part: u32, bits: u32| {
            let prefix = Sha256::digest(b"c");
            (0..u32::MAX).find(|counter| {
                let text = [&prefix[..], &part.to_be_bytes(), &counter.to_be_bytes()].concat();
                let hash = Sha256::digest(&text);
                u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).leading_zeros() >= bits
            })
        };
        let right: Vec<u32> = (0..PARTS).filter_map(|part| solve(part, 4)).collect();
        assert!(is_solved("c", 4, &right));
        assert!(!is_solved("d", 4, &right));
        assert!(!is_solved("c", 4, &right[1..]) && !is_solved("c", 4, &[]));
        assert!(!is_solved("c", 12, &right));
        let mut wrong = right.clone();
        wrong.swap(0, 15);
        assert!(!is_solved("c", 4, &wrong) || right[0] == right[15]);
    }

    #[test]
    fn what_is_no_solution_is_not_read() {
        assert_eq!(read("a.b~1.ff"), Some(("a.b", vec![1, 255])));
        for text in ["", "a.b", "a~", "a~1.x", "a~1.100000000"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("{}~1", "a".repeat(MOST_LETTERS))), None);
        assert!(Challenge::parse("11.5.a.b").is_some());
        assert!(Challenge::parse("11.5.a").is_none() && Challenge::parse("11.5.a.b.c").is_none());
    }
}
