//! Counts how often something is tried, and refuses when that is too often (security.md DS-2, PW-4, PW-5). Counters are
//! in the ephemeral store; counts that must outlive it (codes and their attempts, failures of one account) are kept by
//! `accounts` in the database.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{Config, Limits as Figures, Network, Rate};
use crate::domain::secret::Digest;
use crate::storage::ephemeral::{Ephemeral, EphemeralError, Kind};

/// Names what is counted. Each says by what: a client network, an e-mail key, an account, a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// By network: sign-ups begun.
    SignUp,
    /// By network: forms that ask for a mail and came without a proof of work.
    FormsWithoutWork,
    /// By network: failed sign-ins.
    SignInFailures,
    /// By network: failed sign-ins that came without a proof of work.
    SignInFailuresWithoutWork,
    /// By network: accounts whose sign-in failed; see `count_distinct`.
    SignInFailedAccounts,
    /// By e-mail key: reset mails requested.
    PasswordReset,
    /// By network: reset mails requested.
    PasswordResetNetwork,
    /// By account: changes of its address requested.
    EmailChange,
    /// By client and network: `client_id` and network, joined by a space.
    ClientAuthenticationFailures,
    /// By network: authorization requests kept, and challenges to devices.
    Interactions,
    /// By network: clients that register or change themselves.
    Registration,
    /// By session: wrong user codes of devices.
    UserCodes,
    /// By network: wrong user codes of devices.
    UserCodesNetwork,
    /// By e-mail key: requests of services to a person who is elsewhere.
    AuthenticationRequests,
    /// By client: hints of such requests that named nobody; of a client that registered itself, all.
    UnknownHints,
    /// By network: searches of the directory of members.
    DirectorySearch,
    /// By program: calls of the REST API.
    ApiCalls,
    /// By client: requests of SCIM.
    Scim,
}

impl Limit {
    const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::FormsWithoutWork => "forms_without_work",
            Self::SignInFailures => "sign_in_failures",
            Self::SignInFailuresWithoutWork => "sign_in_failures_without_work",
            Self::SignInFailedAccounts => "sign_in_failed_accounts",
            Self::PasswordReset => "password_reset",
            Self::PasswordResetNetwork => "password_reset_network",
            Self::EmailChange => "email_changes",
            Self::ClientAuthenticationFailures => "client_authentication_failures",
            Self::Interactions => "interactions",
            Self::Registration => "registration",
            Self::UserCodes => "user_codes",
            Self::UserCodesNetwork => "user_codes_network",
            Self::AuthenticationRequests => "authentication_requests",
            Self::UnknownHints => "unknown_hints",
            Self::DirectorySearch => "directory_search",
            Self::ApiCalls => "api_calls",
            Self::Scim => "scim",
        }
    }

    /// Returns `true` if it counts by client network, so that trusted networks are exempt (security.md G-15).
    const fn by_network(self) -> bool {
        matches!(
            self,
            Self::SignUp
                | Self::FormsWithoutWork
                | Self::SignInFailures
                | Self::SignInFailuresWithoutWork
                | Self::SignInFailedAccounts
                | Self::PasswordResetNetwork
                | Self::ClientAuthenticationFailures
                | Self::Interactions
                | Self::Registration
                | Self::UserCodesNetwork
                | Self::DirectorySearch
        )
    }
}

/// Says why an attempt is refused: 429 with `Retry-After`, or 503 when the counters cannot be reached (security.md
/// G-11).
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("too many; again in {} s", retry_after.as_secs())]
    TooMany { retry_after: Duration },
    #[error("the counters cannot be reached")]
    Store(EphemeralError),
}

impl From<EphemeralError> for Refused {
    fn from(unreachable: EphemeralError) -> Self {
        Self::Store(unreachable)
    }
}

/// A limit and what is left of it, as it is told to whoever is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub most: u64,
    pub window: Duration,
    pub left: u64,
    /// The time until the window ends.
    pub ends_in: Duration,
}

#[derive(Clone, Debug)]
pub struct Limits {
    figures: Figures,
    trusted: Vec<Network>,
    store: Ephemeral,
    clock: Clock,
}

impl Limits {
    pub fn new(config: &Config, store: Ephemeral, clock: Clock) -> Self {
        Self {
            figures: config.limits.clone(),
            trusted: config.trusted_networks(),
            store,
            clock,
        }
    }

    pub fn rates(&self, limit: Limit) -> &[Rate] {
        let figures = &self.figures;
        match limit {
            Limit::SignUp => &figures.sign_up,
            Limit::FormsWithoutWork => &figures.forms_without_work,
            Limit::SignInFailures => &figures.sign_in_failures,
            Limit::SignInFailuresWithoutWork => &figures.sign_in_failures_without_work,
            Limit::SignInFailedAccounts => &figures.sign_in_failed_accounts,
            Limit::PasswordReset => &figures.password_reset,
            Limit::PasswordResetNetwork => &figures.password_reset_network,
            Limit::EmailChange => &figures.email_changes,
            Limit::ClientAuthenticationFailures => &figures.client_authentication_failures,
            Limit::Interactions => &figures.interactions,
            Limit::Registration => &figures.registration,
            Limit::UserCodes => &figures.user_codes,
            Limit::UserCodesNetwork => &figures.user_codes_network,
            Limit::AuthenticationRequests => &figures.authentication_requests,
            Limit::UnknownHints => &figures.unknown_hints,
            Limit::DirectorySearch => &figures.directory_search,
            Limit::ApiCalls => &figures.api_calls,
            Limit::Scim => &figures.scim,
        }
    }

    /// Counts one more, and refuses when that is one too many.
    pub async fn count(&self, limit: Limit, subject: &str) -> Result<(), Refused> {
        self.count_up(limit, subject).await.map(drop)
    }

    /// Counts one more, and returns how many there are in the first of the windows; 0 if nothing is counted.
    pub async fn count_up(&self, limit: Limit, subject: &str) -> Result<u64, Refused> {
        if self.is_exempt(limit, subject) {
            return Ok(0);
        }
        let mut refused = None;
        let mut first = None;
        for rate in self.rates(limit) {
            let n = self.store.count(&key(limit, *rate, subject), rate.window).await?;
            first.get_or_insert(n);
            if n > rate.count {
                refused = refused.max(Some(self.remaining(rate.window)));
            }
        }
        decide(refused)?;
        Ok(first.unwrap_or_default())
    }

    /// Returns what is left in the first of the windows after so many were counted in it; `None` counted: nothing.
    pub fn allowance(&self, limit: Limit, counted: Option<u64>) -> Option<Allowance> {
        let rate = self.rates(limit).first()?;
        Some(Allowance {
            most: rate.count,
            window: rate.window,
            left: counted.map_or(0, |it| rate.count.saturating_sub(it)),
            ends_in: self.remaining(rate.window),
        })
    }

    /// Returns how many there are in the first of the windows, without counting.
    pub async fn counted(&self, limit: Limit, subject: &str) -> Result<u64, EphemeralError> {
        match self.rates(limit).first() {
            Some(rate) if !self.is_exempt(limit, subject) => {
                self.store.counted(&key(limit, *rate, subject), rate.window).await
            }
            _ => Ok(0),
        }
    }

    /// Refuses when the count is full, without counting: before an attempt of which only failures count.
    pub async fn check(&self, limit: Limit, subject: &str) -> Result<(), Refused> {
        if self.is_exempt(limit, subject) {
            return Ok(());
        }
        let mut refused = None;
        for rate in self.rates(limit) {
            let n = self
                .store
                .counted(&key(limit, *rate, subject), rate.window)
                .await?;
            if n >= rate.count {
                refused = refused.max(Some(self.remaining(rate.window)));
            }
        }
        decide(refused)
    }

    /// Returns how many more may be counted before a refusal.
    pub async fn left(&self, limit: Limit, subject: &str) -> Result<u64, Refused> {
        let mut left = u64::MAX;
        if self.is_exempt(limit, subject) {
            return Ok(left);
        }
        for rate in self.rates(limit) {
            let n = self
                .store
                .counted(&key(limit, *rate, subject), rate.window)
                .await?;
            left = left.min(rate.count.saturating_sub(n));
        }
        Ok(left)
    }

    /// Counts `item` once for its subject: how many different ones there were, not how often.
    pub async fn count_distinct(&self, limit: Limit, subject: &str, item: &str) -> Result<(), Refused> {
        if self.is_exempt(limit, subject) {
            return Ok(());
        }
        let window = self
            .rates(limit)
            .iter()
            .map(|it| it.window)
            .max()
            .unwrap_or_default();
        let seen = Digest::of(format!("{} {subject} {item}", limit.name()).as_bytes());
        if self
            .store
            .put_new(Kind::Counter, seen.as_str(), &[], window)
            .await?
        {
            self.count(limit, subject).await
        } else {
            self.check(limit, subject).await
        }
    }

    /// Returns the time until the current window ends; windows begin at whole multiples of their length.
    fn remaining(&self, window: Duration) -> Duration {
        let window = window.as_secs().max(1);
        let now = self.clock.now().timestamp().unsigned_abs();
        Duration::from_secs(window - now % window)
    }

    fn is_exempt(&self, limit: Limit, subject: &str) -> bool {
        let network = subject.rsplit(' ').next().unwrap_or(subject);
        let address = network.split('/').next().and_then(|it| it.parse::<IpAddr>().ok());
        limit.by_network()
            && address.is_some_and(|address| self.trusted.iter().any(|it| it.contains(address)))
    }
}

fn key(limit: Limit, rate: Rate, subject: &str) -> String {
    // G-14: whatever the subject holds, it forms no structure, and no address is in the store.
    let subject = Digest::of(subject.as_bytes());
    format!("{} {} {}", limit.name(), rate.window.as_secs(), subject.as_str())
}

fn decide(refused: Option<Duration>) -> Result<(), Refused> {
    match refused {
        Some(retry_after) => Err(Refused::TooMany {
            retry_after: retry_after.max(Duration::from_secs(1)),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Issuer;

    fn limits(issuer: &str) -> (Limits, Clock) {
        let issuer = Issuer::parse(issuer).unwrap();
        let config = Config::local(issuer, ([127, 0, 0, 1], 0).into(), Path::new("data"));
        let clock = Clock::frozen(crate::clock::from_unix(1_800_000_000).unwrap());
        (
            Limits::new(&config, Ephemeral::in_process(clock.clone()), clock.clone()),
            clock,
        )
    }

    #[tokio::test]
    async fn what_is_too_often_waits_for_the_window_to_end() {
        let (limits, clock) = limits("https://account.example.org");
        for _ in 0..3 {
            limits
                .count(Limit::PasswordReset, "alice@example.org")
                .await
                .unwrap(); // PW-5
        }
        let refused = limits.count(Limit::PasswordReset, "alice@example.org").await;
        assert!(
            matches!(refused, Err(Refused::TooMany { retry_after }) if retry_after == Duration::from_hours(1))
        ); // DS-2
        limits
            .count(Limit::PasswordReset, "bob@example.org")
            .await
            .unwrap();
        clock.advance(chrono::Duration::hours(1));
        limits
            .count(Limit::PasswordReset, "alice@example.org")
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_check_does_not_count() {
        let (limits, _) = limits("https://account.example.org");
        for _ in 0..200 {
            limits.check(Limit::SignInFailures, "192.0.2.1").await.unwrap();
            limits.count(Limit::SignInFailures, "192.0.2.1").await.unwrap();
        }
        assert!(limits.check(Limit::SignInFailures, "192.0.2.1").await.is_err()); // PW-4
    }

    #[tokio::test]
    async fn different_accounts_are_counted_once_each() {
        let (limits, _) = limits("https://account.example.org");
        for at in 0..300 {
            let account = format!("{}@example.org", at % 100);
            limits
                .count_distinct(Limit::SignInFailedAccounts, "192.0.2.1", &account)
                .await
                .ok();
        }
        assert!(
            limits
                .count_distinct(Limit::SignInFailedAccounts, "192.0.2.1", "new")
                .await
                .is_err()
        ); // PW-4
        assert!(
            limits
                .check(Limit::SignInFailedAccounts, "192.0.2.2")
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn trusted_networks_are_not_counted_but_people_are() {
        let (limits, _) = limits("http://localhost:8080");
        for _ in 0..1000 {
            limits.count(Limit::SignUp, "127.0.0.1").await.unwrap(); // G-15
            limits
                .count(Limit::ClientAuthenticationFailures, "web ::1/64")
                .await
                .unwrap_or(());
        }
        for _ in 0..3 {
            limits
                .count(Limit::PasswordReset, "127.0.0.1@example.org")
                .await
                .unwrap();
        }
        assert!(
            limits
                .count(Limit::PasswordReset, "127.0.0.1@example.org")
                .await
                .is_err()
        );
    }
}
