//! The mail to people who became owners of a service, or no longer are.

use serde::Serialize;

use crate::templates::MailTemplate;

/// The mail to a person whom an administrator named as an owner of a service, or removed (security.md AD-8).
#[derive(Clone, Debug, Serialize)]
pub struct ClientOwnership {
    pub name: String,
    pub service: String,
    /// The path of the service's page; `None` if the person is no longer an owner.
    pub path: Option<String>,
}

impl MailTemplate for ClientOwnership {
    const NAME: &'static str = "client_ownership";

    fn samples() -> Vec<Self> {
        let mail = Self {
            name: "John Doe".into(),
            service: "Events <i>&</i> meetings".into(),
            path: Some("/admin/clients/events".into()),
        };
        vec![mail.clone(), Self { path: None, ..mail }]
    }
}
