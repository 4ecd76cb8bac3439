//! The second step of a login, a passkey in place of the first, and the pages where a person sets them up.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page, Qr, Service};

/// `/login/second-factor`: `otp`, or `decision=passkey` and then `credential`; `decision=restart`, and inside a request
/// `cancel`.
#[derive(Clone, Debug, Serialize)]
pub struct SecondFactor {
    pub form: FormState,
    pub email: String,
    /// `true` if the person is logged in and the service asks for more.
    pub step_up: bool,
    /// `true` if a code is accepted.
    pub codes: bool,
    /// `true` if the person has an authenticator app.
    pub app: bool,
    pub passkeys: bool,
    /// The options for `navigator.credentials.get`, as JSON.
    pub challenge: Option<String>,
    pub service: Option<Service>,
    /// The whole minutes to wait after too many failures (security.md PW-4).
    pub wait_minutes: Option<u64>,
}

impl Page for SecondFactor {
    const TEMPLATE: &'static str = "second_factor";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            email: "john.doe@company.com".into(),
            step_up: false,
            codes: true,
            app: true,
            passkeys: false,
            challenge: None,
            service: None,
            wait_minutes: None,
        };
        vec![
            page.clone(),
            Self {
                form: FormState::default().error("otp", "error.otp"),
                service: Some(samples::service()),
                ..page.clone()
            },
            Self {
                step_up: true,
                service: Some(samples::plain_service()),
                wait_minutes: Some(1),
                ..page.clone()
            },
            Self {
                passkeys: true,
                app: false,
                ..page.clone()
            },
            Self {
                form: FormState::default().notice("error.passkey"),
                step_up: true,
                codes: false,
                passkeys: true,
                ..page.clone()
            },
            Self {
                passkeys: true,
                challenge: Some(CHALLENGE.into()),
                ..page
            },
        ]
    }
}

/// The page for a service that insists on a second factor that the person has not set up. *Back to the service* posts
/// `decision=back` to `/second-factor-needed`.
#[derive(Clone, Debug, Serialize)]
pub struct SecondFactorNeeded {
    pub service: Service,
    pub email: String,
    /// `true` if an authenticator app is accepted.
    pub app: bool,
    /// `true` if browsers make passkeys for this host.
    pub passkey: bool,
}

impl Page for SecondFactorNeeded {
    const TEMPLATE: &'static str = "second_factor_needed";

    fn samples() -> Vec<Self> {
        let page = Self {
            service: samples::service(),
            email: "john.doe@company.com".into(),
            app: true,
            passkey: true,
        };
        vec![
            page.clone(),
            Self {
                service: samples::plain_service(),
                app: false,
                ..page
            },
        ]
    }
}

/// `/account/security/required`: the office needs a second factor that the account does not have.
#[derive(Clone, Debug, Serialize)]
pub struct AccountSecondFactorRequired {
    /// The office: `administrator` or `focal_point`.
    pub duty: String,
    pub due_at: Time,
    /// `true` if the time is over and the pages of the office are closed.
    pub is_overdue: bool,
    /// `true` if browsers make passkeys for this host.
    pub passkeys: bool,
    /// The page to go on with.
    pub go_on: String,
}

impl Page for AccountSecondFactorRequired {
    const TEMPLATE: &'static str = "account_second_factor_required";

    fn samples() -> Vec<Self> {
        let page = Self {
            duty: "administrator".into(),
            due_at: samples::at(),
            is_overdue: false,
            passkeys: true,
            go_on: "/admin".into(),
        };
        vec![
            page.clone(),
            Self {
                duty: "focal_point".into(),
                passkeys: false,
                ..page.clone()
            },
            Self {
                duty: "focal_point".into(),
                is_overdue: true,
                go_on: "/account".into(),
                ..page
            },
        ]
    }
}

/// The challenge as the browser gets it.
const CHALLENGE: &str = r#"{"challenge":"c2FtcGxl","rpId":"account.example","userVerification":"required"}"#;

/// `/login/passkey`: `credential`; without it, a new challenge. Inside a request `decision=cancel`.
#[derive(Clone, Debug, Serialize)]
pub struct Passkey {
    pub form: FormState,
    /// The options for `navigator.credentials.get`, as JSON.
    pub challenge: Option<String>,
    pub service: Option<Service>,
    pub wait_minutes: Option<u64>,
}

impl Page for Passkey {
    const TEMPLATE: &'static str = "passkey";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            challenge: None,
            service: None,
            wait_minutes: None,
        };
        vec![
            Self {
                challenge: Some(CHALLENGE.into()),
                service: Some(samples::service()),
                ..page.clone()
            },
            Self {
                form: FormState::default().notice("error.passkey"),
                ..page.clone()
            },
            Self {
                wait_minutes: Some(3),
                ..page
            },
        ]
    }
}

/// `/login/passkey/offer`: `credential`; without it, a new challenge. `decision=later`.
#[derive(Clone, Debug, Serialize)]
pub struct PasskeyOffer {
    pub form: FormState,
    /// The options for `navigator.credentials.create`, as JSON.
    pub challenge: Option<String>,
    pub service: Option<Service>,
}

impl Page for PasskeyOffer {
    const TEMPLATE: &'static str = "passkey_offer";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            challenge: Some(CHALLENGE.into()),
            service: None,
        };
        vec![
            page.clone(),
            Self {
                service: Some(samples::service()),
                ..page.clone()
            },
            Self {
                form: FormState::default().notice("error.passkey_late"),
                challenge: None,
                ..page
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct PasskeyView {
    /// The `passkey_id` of the forms that rename or remove it. It grants nothing.
    pub id: String,
    pub name: String,
    pub since: Time,
    pub last_used_at: Option<Time>,
}

/// A new name that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Renaming {
    pub id: String,
    pub form: FormState,
}

/// `/account/security/passkeys`: `action=begin`, then `name` and `credential` with `action=confirm`; `rename` and `remove`
/// of `passkey_id`; `renew_codes`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountPasskeys {
    pub form: FormState,
    pub passkeys: Vec<PasskeyView>,
    pub renaming: Option<Renaming>,
    pub may_add: bool,
    /// The options for `navigator.credentials.create`, as JSON.
    pub challenge: Option<String>,
    /// The number of recovery codes that are left, or `None` without a second factor.
    pub recovery_codes: Option<u64>,
    /// `true` if new ones should be generated.
    pub few_codes: bool,
}

impl Page for AccountPasskeys {
    const TEMPLATE: &'static str = "account_passkeys";

    fn samples() -> Vec<Self> {
        let passkey = |name: &str, last_used_at| PasskeyView {
            id: name.to_lowercase(),
            name: name.into(),
            since: samples::at(),
            last_used_at,
        };
        let page = Self {
            form: FormState::default(),
            passkeys: Vec::new(),
            renaming: None,
            may_add: true,
            challenge: None,
            recovery_codes: None,
            few_codes: false,
        };
        vec![
            page.clone(),
            Self {
                challenge: Some(CHALLENGE.into()),
                ..page.clone()
            },
            Self {
                renaming: Some(Renaming {
                    id: "my <i>phone</i>".into(),
                    form: FormState::new([("name", "<>".to_owned())])
                        .error("name", samples::wrong_character()),
                }),
                passkeys: vec![
                    passkey("Firefox, Windows", None),
                    passkey("My <i>phone</i>", Some(samples::at())),
                ],
                recovery_codes: Some(9),
                ..page.clone()
            },
            Self {
                form: FormState::default().notice("error.passkey"),
                passkeys: vec![passkey("Chrome, Android", Some(samples::at()))],
                may_add: false,
                recovery_codes: Some(1),
                few_codes: true,
                ..page
            },
        ]
    }
}

/// `/account/security/totp`: `action=begin`, then `otp` with `action=confirm`; later `renew_codes`, `remove`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountTotp {
    pub form: FormState,
    /// The key that the app asks for.
    pub setup: Option<Setup>,
    pub in_use: Option<InUse>,
}

#[derive(Clone, Serialize)]
pub struct Setup {
    /// The key in groups, to be typed.
    pub secret: String,
    pub uri: String,
    pub qr: Option<Qr>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct InUse {
    pub since: Time,
    pub recovery_codes: u64,
    /// `true` if new ones should be generated.
    pub few_codes: bool,
}

impl Page for AccountTotp {
    const TEMPLATE: &'static str = "account_totp";
    const HAS_LASTING_SECRET: bool = true;

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            setup: None,
            in_use: None,
        };
        let uri = "otpauth://totp/ITU%20User%20Account:john.doe%40company.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                   &issuer=ITU%20User%20Account&algorithm=SHA1&digits=6&period=30";
        let setup = Setup {
            secret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".into(),
            uri: uri.into(),
            qr: Qr::of(uri),
        };
        let in_use = |recovery_codes| InUse {
            since: samples::at(),
            recovery_codes,
            few_codes: recovery_codes == 0,
        };
        vec![
            page.clone(),
            Self {
                setup: Some(setup.clone()),
                ..page.clone()
            },
            Self {
                form: FormState::default().error("otp", "error.otp"),
                setup: Some(Setup { qr: None, ..setup }),
                ..page.clone()
            },
            Self {
                in_use: Some(in_use(10)),
                ..page.clone()
            },
            Self {
                form: FormState::default().notice("error.try_again"),
                in_use: Some(in_use(0)),
                ..page
            },
        ]
    }
}

/// The recovery codes, until they are saved.
#[derive(Clone, Serialize)]
pub struct AccountRecoveryCodes {
    pub codes: Vec<String>,
    /// `true` if they came with the first factor, `false` if they replace others.
    pub first: bool,
    /// The account's address, for a print.
    pub email: String,
    pub made_at: Option<Time>,
}

impl std::fmt::Debug for AccountRecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountRecoveryCodes").finish_non_exhaustive()
    }
}

impl Page for AccountRecoveryCodes {
    const TEMPLATE: &'static str = "account_recovery_codes";
    const HAS_LASTING_SECRET: bool = true;

    fn samples() -> Vec<Self> {
        let codes = vec!["BCDF-GHJK-LMNP-QRST".to_owned(), "VWXZ-BCDF-GHJK-LMNP".to_owned()];
        vec![
            Self {
                codes: codes.clone(),
                first: true,
                email: "john.doe@example.org".into(),
                made_at: Some(samples::at()),
            },
            Self {
                codes,
                first: false,
                email: "john.doe@example.org".into(),
                made_at: None,
            },
        ]
    }
}
