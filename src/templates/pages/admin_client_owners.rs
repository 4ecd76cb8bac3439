//! `/admin/clients/{id}/owners`: the people who look after a service.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct ClientOwnerRow {
    pub account_id: String,
    pub name: String,
    pub email: String,
    pub since: Time,
}

#[derive(Clone, Debug, Serialize)]
pub struct AdminClientOwners {
    pub id: String,
    pub name: String,
    pub rows: Vec<ClientOwnerRow>,
    /// `true` if there are as many as there can be.
    pub is_full: bool,
    pub form: FormState,
}

impl Page for AdminClientOwners {
    const TEMPLATE: &'static str = "admin_client_owners";

    fn samples() -> Vec<Self> {
        let owner = ClientOwnerRow {
            account_id: "a\"1".into(),
            name: "Dr. <b>Anne</b> Exemplaire".into(),
            email: "anne@example.org".into(),
            since: samples::at(),
        };
        let page = Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            rows: vec![owner.clone()],
            is_full: false,
            form: FormState::default(),
        };
        let form = FormState::new([("email", "nobody@example.org")])
            .error("email", "admin.client_owners.no_account");
        vec![
            page.clone(),
            Self {
                rows: vec![],
                form,
                ..page.clone()
            },
            Self {
                rows: vec![owner; 20],
                is_full: true,
                ..page
            },
        ]
    }
}
