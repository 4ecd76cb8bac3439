//! Samples that several pages share.

use crate::domain::Time;
use crate::domain::message::Message;
use crate::templates::Service;

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
