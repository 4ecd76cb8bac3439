//! One struct per page: all that its template may use. Families as the doors have them; fields
//! and paths as contract.md names them.

mod account;
mod account_requests;
mod admin;
mod admin_clients;
mod authorization;
mod confirm;
mod device;
mod errors;
mod focal_point;
mod login;
mod outbox;
mod paging;
mod public;
mod recovery;
mod second_factor;
mod signup;
mod verify_email;

pub use account::*;
pub use account_requests::*;
pub use admin::*;
pub use admin_clients::*;
pub use authorization::*;
pub use confirm::Confirm;
pub use device::*;
pub use errors::*;
pub use focal_point::*;
pub use login::*;
pub use outbox::*;
pub use paging::Paging;
pub use public::*;
pub use recovery::*;
pub use second_factor::*;
pub use signup::*;
pub use verify_email::VerifyEmail;

use super::{Choice, FormState, Page, Service};

/// What several pages' samples share.
mod samples {
    use super::{Detail, Service};
    use crate::domain::Time;
    use crate::domain::message::Message;

    pub(super) fn details() -> Vec<Detail> {
        let lines = [
            ("actions", "read, print"),
            (
                "document",
                "ITU-T G.9804.3 (2021) Amd. 2: 50-Gigabit-capable passive optical networks",
            ),
            ("fee.amount", "62.00"),
            ("fee.currency", "CHF"),
            (
                "locations",
                "https://www.itu.int/api/publications/with/a/rather/long/address/indeed",
            ),
        ];
        vec![
            Detail {
                label: "Order a document".into(),
                lines: lines.map(|(name, value)| (name.into(), value.into())).to_vec(),
            },
            Detail {
                label: "document_reading".into(),
                lines: Vec::new(),
            },
        ]
    }

    pub(super) fn service() -> Service {
        Service {
            name: "ITU Events Registration".into(),
            logo_uri: Some("https://events.example.org/logo.png".into()),
            policy_uri: Some("https://events.example.org/privacy".into()),
            tos_uri: Some("https://events.example.org/terms".into()),
            client_uri: Some("https://events.example.org/".into()),
            back_uri: Some("https://events.example.org/login?iss=https%3A%2F%2Faccount.example.org".into()),
        }
    }

    pub(super) fn plain_service() -> Service {
        Service {
            name: "Bookshop <&>".into(),
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            client_uri: None,
            back_uri: None,
        }
    }

    pub(super) fn wrong_character() -> Message {
        Message::new("error.characters")
            .with("character", "< (U+003C)")
            .with("position", 1)
    }

    pub(super) fn at() -> Time {
        crate::clock::from_unix(1_772_623_800).unwrap_or_default()
    }
}
