//! `/account/delete`, the page of the link that stops a deletion, and the page that a login leads to meanwhile.

use serde::{Deserialize, Serialize};

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page, Service};

/// `/account/delete`: what is deleted, what stays, what it means.
#[derive(Clone, Debug, Serialize)]
pub struct AccountDelete {
    pub form: FormState,
    pub email: String,
    /// `true` if the login is recent enough, and has a second factor if the account has one.
    pub is_admitted: bool,
    /// The organization of the affiliation, or of the request for one.
    pub organization: Option<String>,
    pub has_ties_rights: bool,
    /// `shared` or `last`, for a Focal Point.
    pub office: Option<&'static str>,
    /// The number of services that the person used.
    pub services: u64,
    pub has_newsletter: bool,
    /// What comes before all else of the account, if anything does: `terms` or `deletion`.
    pub first: Option<&'static str>,
    /// `true` if nobody else is an administrator: the account cannot be deleted.
    pub is_last_administrator: bool,
}

impl Page for AccountDelete {
    const TEMPLATE: &'static str = "account_delete";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            email: "john.doe@company.com".into(),
            is_admitted: true,
            organization: None,
            has_ties_rights: false,
            office: None,
            services: 0,
            has_newsletter: true,
            first: None,
            is_last_administrator: false,
        };
        vec![
            page.clone(),
            Self {
                is_admitted: false,
                organization: Some("Bundesamt & Söhne".into()),
                services: 3,
                ..page.clone()
            },
            Self {
                organization: Some("Bundesamt & Söhne".into()),
                office: Some("last"),
                services: 3,
                first: Some("terms"),
                ..page.clone()
            },
            Self {
                organization: Some("Federal Office of Communications".into()),
                has_ties_rights: true,
                office: Some("shared"),
                services: 1,
                ..page.clone()
            },
            Self {
                organization: Some("Federal Office of Communications".into()),
                office: Some("last"),
                ..page.clone()
            },
            Self {
                is_last_administrator: true,
                ..page
            },
        ]
    }
}

/// `/account/delete/stop`, in each of its states. It needs no login.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeletionStop {
    /// The person has just asked for the deletion in this browser.
    Begun {
        email: String,
        until: Time,
    },
    /// The link is valid: its button keeps the account.
    Open {
        email: String,
        until: Time,
    },
    Done {
        email: String,
    },
    /// The link was used, or its time is over.
    Void,
}

impl Page for DeletionStop {
    const TEMPLATE: &'static str = "deletion_stop";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        let until = samples::at();
        vec![
            Self::Begun {
                email: email.clone(),
                until,
            },
            Self::Open {
                email: email.clone(),
                until,
            },
            Self::Done { email },
            Self::Void,
        ]
    }
}

/// `/login/keep-account`: the account is to be deleted, and the person has logged in.
#[derive(Clone, Debug, Serialize)]
pub struct KeepAccount {
    pub form: FormState,
    pub email: String,
    pub until: Time,
    /// `false` once its time is over.
    pub can_be_kept: bool,
    /// The service whose request led here.
    pub service: Option<Service>,
}

impl Page for KeepAccount {
    const TEMPLATE: &'static str = "keep_account";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            email: "john.doe@company.com".into(),
            until: samples::at(),
            can_be_kept: true,
            service: None,
        };
        vec![
            page.clone(),
            Self {
                service: Some(samples::service()),
                ..page.clone()
            },
            Self {
                can_be_kept: false,
                ..page
            },
        ]
    }
}
