//! The second step of a login, and the page where a person has one.

use serde::Serialize;

use super::{FormState, Page, Service, samples};
use crate::domain::Time;
use crate::templates::Qr;

/// `/login/second-factor`: `otp`; `decision=restart`, and inside a request `cancel`.
#[derive(Clone, Debug, Serialize)]
pub struct SecondFactor {
    pub form: FormState,
    pub email: String,
    /// The person is logged in, and the service asks for more.
    pub step_up: bool,
    pub service: Option<Service>,
    /// Whole minutes to wait after too many failures (security.md PW-4).
    pub wait_minutes: Option<u64>,
}

impl Page for SecondFactor {
    const TEMPLATE: &'static str = "second_factor";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            email: "john.doe@company.com".into(),
            step_up: false,
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
                ..page
            },
        ]
    }
}

/// `/account/security/totp`: `action=begin`, then `otp` with `action=confirm`; later `renew_codes`, `remove`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountTotp {
    pub form: FormState,
    /// The app asks for it to be set up.
    pub setup: Option<Setup>,
    pub in_use: Option<InUse>,
}

#[derive(Clone, Serialize)]
pub struct Setup {
    /// In groups, to be typed.
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
}

impl Page for AccountTotp {
    const TEMPLATE: &'static str = "account_totp";

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

/// The recovery codes, this once.
#[derive(Clone, Serialize)]
pub struct AccountRecoveryCodes {
    pub codes: Vec<String>,
    /// They came with a new app; else they replace others.
    pub first: bool,
}

impl std::fmt::Debug for AccountRecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountRecoveryCodes").finish_non_exhaustive()
    }
}

impl Page for AccountRecoveryCodes {
    const TEMPLATE: &'static str = "account_recovery_codes";

    fn samples() -> Vec<Self> {
        let codes = vec!["BCDF-GHJK-LMNP-QRST".to_owned(), "VWXZ-BCDF-GHJK-LMNP".to_owned()];
        vec![
            Self {
                codes: codes.clone(),
                first: true,
            },
            Self { codes, first: false },
        ]
    }
}
