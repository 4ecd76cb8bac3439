//! `/admin/organizations/{id}/edit` and its confirmation: the record of an organization, as an administrator changes it.

use serde::Serialize;

use super::ImportMember;
use crate::templates::{FormChoice, FormState, Page};

/// A value that is stored now and differs from what was typed.
#[derive(Clone, Debug, Serialize)]
pub struct StoredValue {
    /// The key of the field's label.
    pub label: &'static str,
    pub value: String,
}

/// `/admin/organizations/{id}/edit`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminOrganizationEdit {
    pub id: String,
    pub name: String,
    /// The version that is shown.
    pub seen: String,
    pub stored: Vec<StoredValue>,
    pub membership_types: Vec<FormChoice>,
    pub categories: Vec<String>,
    /// The statuses that the record can have next, the present one included.
    pub statuses: Vec<&'static str>,
    pub form: FormState,
}

impl Page for AdminOrganizationEdit {
    const TEMPLATE: &'static str = "admin_organization_edit";

    fn samples() -> Vec<Self> {
        let values = [
            ("name", "Telco <&>"),
            ("membership_type", "sector_member"),
            ("category", "ROA"),
            ("sector_t", "on"),
            ("status", "active"),
            ("valid_until", "2030-12-31"),
            ("email_domains", "telco.example\nmail.telco.example"),
        ];
        let page = Self {
            id: "telco".into(),
            name: "Telco <&>".into(),
            seen: "3".into(),
            stored: vec![],
            membership_types: vec![FormChoice::new("sector_member", "Sector Member")],
            categories: vec!["ROA".into(), "OTHER".into()],
            statuses: vec!["active", "suspended", "ended"],
            form: FormState::new(values),
        };
        let stored = StoredValue {
            label: "field.organization_name",
            value: "Telco <B>".into(),
        };
        let nothing = StoredValue {
            label: "admin.organization_edit.sectors",
            value: String::new(),
        };
        vec![
            Self {
                form: FormState::new(values)
                    .error("valid_until", "admin.organization_edit.dates")
                    .error("email_domains", "admin.organization_edit.no_domain")
                    .notice("error.form"),
                ..page.clone()
            },
            Self {
                stored: vec![stored, nothing],
                form: FormState::new(values).notice("admin.organization_edit.conflict"),
                ..page.clone()
            },
            page,
        ]
    }
}

/// `/admin/organizations/{id}/edit/confirm`: what a change takes from people, before it is made.
#[derive(Clone, Debug, Serialize)]
pub struct AdminOrganizationEditConfirm {
    pub id: String,
    pub name: String,
    pub members: Vec<ImportMember>,
    pub people: u64,
    /// All that was typed.
    pub fields: Vec<(String, String)>,
    pub form: FormState,
}

impl Page for AdminOrganizationEditConfirm {
    const TEMPLATE: &'static str = "admin_organization_edit_confirm";

    fn samples() -> Vec<Self> {
        let member = |member: &str, before: Option<&str>, after: Option<&str>| ImportMember {
            member: member.into(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let page = |people| Self {
            id: "telco".into(),
            name: "Telco <&>".into(),
            members: vec![
                member("status", Some("active"), Some("ended")),
                member("website", Some("https://telco.example/<&>"), None),
            ],
            people,
            fields: vec![("name".into(), "Telco <&>".into()), ("seen".into(), "3".into())],
            form: FormState::default(),
        };
        vec![page(1), page(240)]
    }
}
