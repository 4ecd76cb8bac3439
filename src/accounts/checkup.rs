//! The security check-up of an account: what protects it, and what its person should do first. The page
//! `/account/security` shows it.

use super::second_factor::{self, SecondFactorStatus};
use super::{Result, known_browser, password, throttle};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::storage::login_throttles;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// The time of the last change of the password. `None`: longer ago than the audit trail reaches.
    pub password_since: Option<Time>,
    /// `true` if failures have stopped the password in browsers that are new to the account, until it is changed (PW-4).
    pub is_password_stopped: bool,
    pub factors: SecondFactorStatus,
}

/// What is missing for the protection of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    ChangePassword,
    SetUpSecondFactor,
    RenewRecoveryCodes,
}

impl Advice {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChangePassword => "password",
            Self::SetUpSecondFactor => "second_factor",
            Self::RenewRecoveryCodes => "recovery_codes",
        }
    }
}

impl Checkup {
    /// Returns what the person should do first to protect the account, or `None` if nothing is missing.
    pub fn advice(&self) -> Option<Advice> {
        if self.is_password_stopped {
            Some(Advice::ChangePassword)
        } else if !self.factors.is_on() {
            Some(Advice::SetUpSecondFactor)
        } else if self.factors.has_few_codes() {
            Some(Advice::RenewRecoveryCodes)
        } else {
            None
        }
    }
}

pub async fn of(app: &App, account: &Account) -> Result<Checkup> {
    let label = known_browser::label(app, &account.email.key());
    let failures = login_throttles::find(app.db.read(), &throttle::key(&label, None)).await?;
    Ok(Checkup {
        password_since: password::last_changed(app, account).await?,
        is_password_stopped: failures.is_some_and(|it| it.failures >= throttle::STOPPED),
        factors: second_factor::status(app, &account.id).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worst_is_advised_first() {
        let checkup = |is_password_stopped, passkeys, recovery_codes| Checkup {
            password_since: None,
            is_password_stopped,
            factors: SecondFactorStatus {
                totp_since: None,
                passkeys,
                recovery_codes,
            },
        };
        assert_eq!(checkup(true, 0, 0).advice(), Some(Advice::ChangePassword));
        assert_eq!(checkup(true, 1, 10).advice(), Some(Advice::ChangePassword));
        assert_eq!(checkup(false, 0, 0).advice(), Some(Advice::SetUpSecondFactor));
        assert_eq!(checkup(false, 0, 10).advice(), Some(Advice::SetUpSecondFactor));
        assert_eq!(checkup(false, 1, 2).advice(), Some(Advice::RenewRecoveryCodes));
        assert_eq!(checkup(false, 1, 3).advice(), None);
        assert!(
            !checkup(false, 0, 0).factors.has_few_codes(),
            "without a second factor there are none to renew"
        );
    }
}
