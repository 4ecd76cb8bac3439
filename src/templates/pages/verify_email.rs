//! The code at the first login of an account whose address nobody has verified here.

use serde::Serialize;

use super::samples;
use super::signup::CodeState;
use crate::domain::message::Message;
use crate::templates::{FormState, Page, Service};

/// `/login/verify-email`: `code`, `decision=other`, inside a request also `decision=cancel`; the form that asks for
/// another code posts to `/login/verify-email/resend`.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyEmail {
    pub form: FormState,
    pub service: Option<Service>,
    /// The account's address, which gets the code.
    pub email: String,
    /// The state of the code, or `None` if none can still be entered and one can be requested.
    pub state: Option<CodeState>,
    /// `true` if there is a code to enter.
    pub is_open: bool,
    /// The seconds until another code can be requested.
    pub wait_seconds: u64,
    /// The whole minutes to wait after too many wrong codes (security.md SU-3).
    pub wait_minutes: Option<u64>,
}

impl Page for VerifyEmail {
    const TEMPLATE: &'static str = "verify_email";

    fn samples() -> Vec<Self> {
        let page = |state: Option<CodeState>, is_open| Self {
            form: FormState::default(),
            service: None,
            email: "john.doe@company.com".into(),
            state,
            is_open,
            wait_seconds: 53,
            wait_minutes: None,
        };
        vec![
            page(Some(CodeState::Sent), true),
            Self {
                form: FormState::default().error("code", Message::new("error.code_left").counting(4)),
                service: Some(samples::service()),
                ..page(Some(CodeState::SentAgain), true)
            },
            page(Some(CodeState::NotYet), true),
            Self {
                wait_seconds: 1800,
                service: Some(samples::plain_service()),
                ..page(Some(CodeState::NotYet), false)
            },
            page(Some(CodeState::Spent), false),
            page(None, false),
            Self {
                wait_minutes: Some(60),
                ..page(Some(CodeState::Sent), true)
            },
        ]
    }
}
