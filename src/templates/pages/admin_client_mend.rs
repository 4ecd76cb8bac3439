//! `/admin/clients/{id}/report/confirm`: the mend of a weakness, before it is made.

use serde::Serialize;

use crate::templates::{FormState, Page};

/// A member of the registration, line by line; no line: it is not there.
#[derive(Clone, Debug, Serialize)]
pub struct ChangedMember {
    pub name: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AdminClientMend {
    pub id: String,
    pub name: String,
    /// The texts are `client_report.<topic>.…`.
    pub topic: &'static str,
    pub value: String,
    /// The version of the client that is shown; the form brings it back.
    pub seen: String,
    pub changes: Vec<ChangedMember>,
    pub form: FormState,
}

impl Page for AdminClientMend {
    const TEMPLATE: &'static str = "admin_client_mend";

    fn samples() -> Vec<Self> {
        let page = |topic, changes| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            topic,
            value: "code id_token".into(),
            seen: "1764500000000000".into(),
            changes,
            form: FormState::default(),
        };
        let changed = |name: &str, before: &[&str], after: &[&str]| ChangedMember {
            name: name.into(),
            before: before.iter().map(|it| (*it).to_owned()).collect(),
            after: after.iter().map(|it| (*it).to_owned()).collect(),
        };
        [
            ("pkce_optional", changed("pkce", &["optional"], &["required"])),
            (
                "front_channel_tokens",
                changed("response_types", &["code", "code id_token"], &["code"]),
            ),
            (
                "unsigned_request_objects",
                changed("request_object_signing_alg", &["none"], &[]),
            ),
            (
                "loopback_redirect",
                changed(
                    "redirect_uris",
                    &["https://<&>", "http://localhost/"],
                    &["https://<&>"],
                ),
            ),
            ("private_scheme", changed("redirect_uris", &["app.x:/"], &[])),
            (
                "introspection_without_proof",
                changed("introspect_all", &["true"], &["false"]),
            ),
        ]
        .map(|(topic, it)| page(topic, vec![it]))
        .to_vec()
    }
}
