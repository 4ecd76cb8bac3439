//! `/account/requests`: services that ask a person who is elsewhere to prove who they are (CIBA §8).

use serde::Serialize;

use super::authorization::{Detail, Unmet};
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// A request that waits for `decision=allow` or `deny`. Where the service's access policy does not let the person in,
/// it says why and offers `deny` alone.
#[derive(Clone, Debug, Serialize)]
pub struct RequestView {
    /// The `request_id` of its form. It grants nothing.
    pub id: String,
    pub service: String,
    /// The text that the person compares with what the service shows or says.
    pub binding_message: Option<String>,
    /// The scopes, shown by the catalog's words (`scope.<name>`), or by their names if it has none.
    pub scopes: Vec<String>,
    /// The `authorization_details` of the request (RFC 9396).
    pub details: Vec<Detail>,
    /// The days for which `offline_access` gives access while the person is away.
    pub offline_days: Option<u64>,
    pub requested_at: Time,
    pub expires_at: Time,
    pub unmet: Vec<Unmet>,
}

/// A request that was decided or has expired.
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
