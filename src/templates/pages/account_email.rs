//! `/account/email` and the page of the link that takes a change of the address back.

use serde::{Deserialize, Serialize};

use super::signup::CodeState;
use crate::domain::message::Message;
use crate::templates::{FormState, Page};

/// `/account/email`: `action=request`, `email`; while a change is pending `action=confirm|resend|cancel`, `code`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountEmail {
    pub form: FormState,
    /// The address in force.
    pub email: String,
    pub pending: Option<PendingEmail>,
    /// The whole minutes to wait after too many requests or wrong codes (security.md SU-3, SU-7).
    pub wait_minutes: Option<u64>,
}

/// A change that waits for its code.
#[derive(Clone, Debug, Serialize)]
pub struct PendingEmail {
    pub email: String,
    /// The state of the code, or `None` if none can still be entered and one can be requested.
    pub state: Option<CodeState>,
    /// `true` if there is a code to enter.
    pub is_open: bool,
    /// The seconds until another code can be requested.
    pub wait_seconds: u64,
}

impl Page for AccountEmail {
    const TEMPLATE: &'static str = "account_email";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            email: "john.doe@company.com".into(),
            pending: None,
            wait_minutes: None,
        };
        let pending = |state: Option<CodeState>, is_open| Self {
            pending: Some(PendingEmail {
                email: "john@example.org".into(),
                state,
                is_open,
                wait_seconds: 53,
            }),
            ..page.clone()
        };
        let code_left = Message::new("error.code_left").counting(4);
        vec![
            page.clone(),
            Self {
                form: FormState::new([("email", "john")]).error("email", "error.email"),
                ..page.clone()
            },
            Self {
                wait_minutes: Some(60),
                ..page.clone()
            },
            pending(Some(CodeState::Sent), true),
            Self {
                form: FormState::default().error("code", code_left),
                ..pending(Some(CodeState::SentAgain), true)
            },
            pending(Some(CodeState::NotYet), true),
            pending(Some(CodeState::Spent), false),
            pending(None, false),
            Self {
                wait_minutes: Some(60),
                ..pending(Some(CodeState::Sent), true)
            },
        ]
    }
}

/// `/account/email/undo`, in each of its states.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EmailUndo {
    /// The link is valid: its button restores the address.
    Open {
        email: String,
    },
    /// The link is valid, and the address has become that of another account: the button ends all access.
    OpenTaken {
        email: String,
    },
    Done {
        email: String,
    },
    /// The link was used, voided, or is too old.
    Void,
    /// All access has ended, but the old address has become that of another account.
    Taken,
}

impl Page for EmailUndo {
    const TEMPLATE: &'static str = "email_undo";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        vec![
            Self::Open { email: email.clone() },
            Self::OpenTaken { email: email.clone() },
            Self::Done { email },
            Self::Void,
            Self::Taken,
        ]
    }
}
