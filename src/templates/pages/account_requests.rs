//! `/account/requests`: services that ask a person who is elsewhere to prove who they are (CIBA §8).

use serde::Serialize;

use super::authorization::{Detail, Unmet};
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// A request that waits for `decision=allow` or `deny`; where the service's access policy does not let the
/// person in, why, and `deny` alone.
#[derive(Clone, Debug, Serialize)]
pub struct RequestView {
    /// For `request_id` of its form; grants nothing.
    pub id: String,
    pub service: String,
    /// To compare with what the service shows or says.
    pub binding_message: Option<String>,
    /// Shown by the catalog's words (`scope.<name>`), else by their names.
    pub scopes: Vec<String>,
    /// What the service asks for beyond them (RFC 9396).
    pub details: Vec<Detail>,
    /// Access while the person is away (`offline_access`), for so many days.
    pub offline_days: Option<u64>,
    pub requested_at: Time,
    pub expires_at: Time,
    pub unmet: Vec<Unmet>,
}

/// One that waits no longer.
#[derive(Clone, Debug, Serialize)]
pub struct PastRequestView {
    pub service: String,
    /// `allowed`, `denied`, `expired`.
    pub outcome: &'static str,
    pub requested_at: Time,
}

#[derive(Clone, Debug, Serialize)]
pub struct AccountRequests {
    pub form: FormState,
    pub email: String,
    pub waiting: Vec<RequestView>,
    pub past: Vec<PastRequestView>,
}

impl Page for AccountRequests {
    const TEMPLATE: &'static str = "account_requests";

    fn samples() -> Vec<Self> {
        let request = |id: &str| RequestView {
            id: id.into(),
            service: "Bookshop <&>".into(),
            binding_message: Some("Order 1234".into()),
            scopes: ["openid", "email", "books:read"].map(str::to_owned).into(),
            details: Detail::samples(),
            offline_days: None,
            requested_at: samples::at(),
            expires_at: samples::at(),
            unmet: Vec::new(),
        };
        let page = Self {
            form: FormState::default(),
            email: "john.doe@company.com".into(),
            waiting: Vec::new(),
            past: Vec::new(),
        };
        let past = ["allowed", "denied", "expired"].map(|outcome| PastRequestView {
            service: "Bookshop <&>".into(),
            outcome,
            requested_at: samples::at(),
        });
        let refused = RequestView {
            binding_message: None,
            unmet: vec![Unmet::TiesRights {
                wanted: vec!["Documents".into()],
            }],
            ..request("r2")
        };
        let offline = RequestView {
            offline_days: Some(30),
            ..request("r3")
        };
        vec![
            page.clone(),
            Self {
                waiting: vec![request("r1"), refused, offline],
                past: past.clone().into(),
                ..page.clone()
            },
            Self {
                form: FormState::default().notice("account.requests.gone"),
                past: past.into(),
                ..page
            },
        ]
    }
}
