//! `/account/not-me`, the page of the link *This was not me*.

use serde::{Deserialize, Serialize};

use super::samples;
use crate::domain::Time;
use crate::templates::Page;

/// The page, in each of its states.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NotMe {
    /// The link is valid: its button secures the account.
    Open(NotMeEffect),
    Done(NotMeEffect),
    /// This link, or another of the account, was used.
    Used {
        at: Time,
    },
    Expired,
    /// There is no such link, or nothing that it may do.
    Void,
    /// All access has ended, but the address of the mail has become that of another account.
    Taken,
}

/// What the link does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotMeEffect {
    /// What the mail was about: `new_browser`, `password_changed`, `second_factor`, `data`.
    pub cause: String,
    pub mailed_at: Time,
    pub email: String,
    /// What becomes of that address: `kept`, `restored` or `taken` by another account.
    pub address: String,
    pub stops_deletion: bool,
    pub added: Vec<FactorView>,
    pub earlier: Vec<FactorView>,
    pub voids_codes: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FactorView {
    /// `totp` or `passkey`.
    pub factor: String,
    pub added_at: Time,
}

impl Page for NotMe {
    const TEMPLATE: &'static str = "not_me";

    fn samples() -> Vec<Self> {
        let factor = |factor: &str| FactorView {
            factor: factor.into(),
            added_at: samples::at(),
        };
        let effect = |cause: &str| NotMeEffect {
            cause: cause.into(),
            mailed_at: samples::at(),
            email: "john.doe@company.com".into(),
            address: "kept".into(),
            stops_deletion: false,
            added: vec![],
            earlier: vec![],
            voids_codes: false,
        };
        let whole = NotMeEffect {
            address: "restored".into(),
            stops_deletion: true,
            added: vec![factor("passkey")],
            earlier: vec![factor("totp"), factor("passkey")],
            voids_codes: true,
            ..effect("second_factor")
        };
        let taken = NotMeEffect {
            address: "taken".into(),
            ..effect("data")
        };
        vec![
            Self::Open(effect("new_browser")),
            Self::Open(effect("password_changed")),
            Self::Open(effect("data")),
            Self::Open(whole.clone()),
            Self::Open(taken),
            Self::Done(effect("new_browser")),
            Self::Done(whole),
            Self::Used { at: samples::at() },
            Self::Expired,
            Self::Void,
            Self::Taken,
        ]
    }
}
