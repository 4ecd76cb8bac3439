//! Mails about the account itself: verification of the address, passwords, sessions.

use serde::Serialize;

use super::NotMeLink;
use crate::domain::Time;
use crate::domain::not_me;
use crate::places::Place;
use crate::templates::{MailTemplate, Opens};

/// The mail to an address that is not verified yet: fixed text and the code, alone on a line and not in the subject
/// (security.md SU-5).
#[derive(Clone, Debug, Serialize)]
pub struct VerificationCode {
    pub code: String,
}

impl MailTemplate for VerificationCode {
    const NAME: &'static str = "verification_code";

    fn samples() -> Vec<Self> {
        vec![Self {
            code: "01234567".into(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::Code
    }
}

/// The mail to the address of an account that was made without a code to it, after a login: fixed text and the code,
/// alone on a line and not in the subject (security.md SU-5).
#[derive(Clone, Debug, Serialize)]
pub struct FirstLoginCode {
    pub code: String,
}

impl MailTemplate for FirstLoginCode {
    const NAME: &'static str = "first_login_code";

    fn samples() -> Vec<Self> {
        vec![Self {
            code: "01234567".into(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::Code
    }
}

/// The mail to the owner of an account whose address was given at a sign-up (security.md SU-1).
#[derive(Clone, Debug, Serialize)]
pub struct AccountExists {
    pub name: String,
}

impl MailTemplate for AccountExists {
    const NAME: &'static str = "account_exists";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
        }]
    }
}

/// The mail to an address without an account for which a new password was requested: fixed text (security.md SU-1).
#[derive(Clone, Debug, Serialize)]
pub struct NoAccount {}

impl MailTemplate for NoAccount {
    const NAME: &'static str = "no_account";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

/// The mail with the link `/reset-password?token=…` (security.md PW-5).
#[derive(Clone, Serialize)]
pub struct PasswordReset {
    pub name: String,
    pub token: String,
}

impl std::fmt::Debug for PasswordReset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordReset").finish_non_exhaustive()
    }
}

impl MailTemplate for PasswordReset {
    const NAME: &'static str = "password_reset";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
            token: "pr_0123456789".into(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::ResetLink
    }
}

/// The mail after a reset or a change (security.md PW-6).
#[derive(Clone, Debug, Serialize)]
pub struct PasswordChanged {
    pub name: String,
    pub at: Time,
    pub not_me: NotMeLink,
}

impl MailTemplate for PasswordChanged {
    const NAME: &'static str = "password_changed";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
            not_me: NotMeLink::sample(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::Link(not_me::VALID)
    }
}

/// The mail about a login from a browser not seen before (security.md LG-4).
#[derive(Clone, Debug, Serialize)]
pub struct NewSignIn {
    pub name: String,
    pub at: Time,
    /// A few words from the `User-Agent`: `Firefox, Windows`.
    pub browser: String,
    pub place: Place,
    pub network: String,
    pub not_me: NotMeLink,
}

impl MailTemplate for NewSignIn {
    const NAME: &'static str = "new_sign_in";

    fn samples() -> Vec<Self> {
        let sample = |browser: &str, place, network: &str| Self {
            name: "John Doe".into(),
            at: sample_time(),
            browser: browser.into(),
            place,
            network: network.into(),
            not_me: NotMeLink::sample(),
        };
        vec![
            sample("Firefox, Windows", Place::Country("CH"), "192.0.2.17"),
            sample("Safari, iPhone", Place::PrivateNetwork, "10.0.0.17"),
            sample("", Place::Unknown, "192.0.2.17"),
        ]
    }

    fn opens(&self) -> Opens {
        Opens::Link(not_me::VALID)
    }
}

/// The mail that the person's data is ready: a plain link to the page, which opens to its account alone.
#[derive(Clone, Debug, Serialize)]
pub struct DataReady {
    pub name: String,
    pub until: Time,
    pub not_me: NotMeLink,
}

impl MailTemplate for DataReady {
    const NAME: &'static str = "data_ready";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
            until: sample_time(),
            not_me: NotMeLink::sample(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::Link(not_me::VALID)
    }
}

/// The mail of a service that asks the person to prove who they are, where they are logged in (CIBA). It carries a
/// plain link to the page where it is answered, no power, and nothing that the client wrote but its registered name
/// (security.md DV-3).
#[derive(Clone, Debug, Serialize)]
pub struct AuthenticationRequested {
    pub name: String,
    pub service: String,
    pub until: Time,
}

impl MailTemplate for AuthenticationRequested {
    const NAME: &'static str = "authentication_requested";

    fn samples() -> Vec<Self> {
        let mail = Self {
            name: "John <i>Doe</i>".into(),
            service: "Bookshop & Co".into(),
            until: sample_time(),
        };
        vec![mail]
    }
}

/// The mail about sessions that somebody else ended, or *log out everywhere* (security.md LG-4).
#[derive(Clone, Debug, Serialize)]
pub struct SessionsEnded {
    pub name: String,
    pub at: Time,
}

impl MailTemplate for SessionsEnded {
    const NAME: &'static str = "sessions_ended";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
            at: sample_time(),
        }]
    }
}

/// The mail to the holder of an account that was taken over from the former platform.
#[derive(Clone, Debug, Serialize)]
pub struct AccountTakenOver {
    pub name: String,
    /// `true` if the password of the former platform was taken over, too.
    pub has_password: bool,
}

impl MailTemplate for AccountTakenOver {
    const NAME: &'static str = "account_taken_over";

    fn samples() -> Vec<Self> {
        let sample = |has_password| Self {
            name: "John Doe".into(),
            has_password,
        };
        [false, true].map(sample).to_vec()
    }
}

/// The mail about an account that stopped taking its password after 100 failures in a row (security.md PW-4).
#[derive(Clone, Debug, Serialize)]
pub struct PasswordDisabled {
    pub name: String,
}

impl MailTemplate for PasswordDisabled {
    const NAME: &'static str = "password_disabled";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
        }]
    }
}

/// The mail that the data of a person could not be prepared: they wait for it.
#[derive(Clone, Debug, Serialize)]
pub struct DataFailed {
    pub name: String,
}

impl MailTemplate for DataFailed {
    const NAME: &'static str = "data_failed";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
        }]
    }
}

/// The change of the second factor of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorChange {
    TotpAdded,
    TotpRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    /// The last factor was removed.
    TurnedOff,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    /// Wrong codes followed the right password, so many that the next has to wait.
    Guessed,
    /// A passkey was refused because its signature counter did not rise: it may have a copy.
    SignCountRegressed,
}

/// The mail about each change of second factors (security.md LG-4).
#[derive(Clone, Debug, Serialize)]
pub struct SecondFactorChanged {
    pub name: String,
    pub at: Time,
    pub change: SecondFactorChange,
    pub not_me: NotMeLink,
    /// The name of the passkey that it is about; empty if the text names none.
    pub passkey: String,
}

impl MailTemplate for SecondFactorChanged {
    const NAME: &'static str = "second_factor_changed";

    fn samples() -> Vec<Self> {
        use SecondFactorChange::*;

        let all = [
            TotpAdded,
            TotpRemoved,
            PasskeyAdded,
            PasskeyRemoved,
            TurnedOff,
            RecoveryCodesRenewed,
            RecoveryCodeUsed,
            Guessed,
            SignCountRegressed,
        ];
        let sample = |change| Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
            change,
            not_me: NotMeLink::sample(),
            passkey: "My <i>phone</i>".into(),
        };
        all.map(sample).to_vec()
    }

    fn opens(&self) -> Opens {
        Opens::Link(not_me::VALID)
    }
}

pub(super) fn sample_time() -> Time {
    crate::clock::from_unix(1_772_623_800).unwrap_or_default()
}
