//! `/admin/clients/{id}/people`: whom a service lets in, and what it would get of one person.

use serde::Serialize;

use crate::domain::message::Message;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct PersonLetIn {
    pub account_id: String,
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct PreviewedClaim {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct PreviewedPerson {
    pub who: PersonLetIn,
    pub sub: String,
    pub scope: String,
    /// What the person lacks to be let in; nothing: they are.
    pub lacks: Vec<Message>,
    pub id_token: Vec<PreviewedClaim>,
    pub userinfo: Vec<PreviewedClaim>,
    /// The claim, the scope value that grants it, and why it is missing: `admin.client_people.withheld.<reason>`.
    pub withheld: Vec<(&'static str, &'static str, &'static str)>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AdminClientPeople {
    pub id: String,
    pub name: String,
    /// `true` if there is no access policy.
    pub is_open: bool,
    pub number: u64,
    pub is_more: bool,
    pub people: Vec<PersonLetIn>,
    /// The scope that is registered.
    pub scopes: Vec<String>,
    pub form: FormState,
    pub person: Option<PreviewedPerson>,
}

impl Page for AdminClientPeople {
    const TEMPLATE: &'static str = "admin_client_people";

    fn samples() -> Vec<Self> {
        let anne = PersonLetIn {
            account_id: "a\"1".into(),
            name: "Dr. <b>Anne</b> Exemplaire".into(),
            email: "anne@example.org".into(),
        };
        let claim = |name: &str, value: &str| PreviewedClaim {
            name: name.into(),
            value: value.into(),
        };
        let person = PreviewedPerson {
            who: anne.clone(),
            sub: "gxKz0Vq3T8uY".into(),
            scope: "openid email".into(),
            lacks: vec![],
            id_token: vec![],
            userinfo: vec![
                claim("email", "anne@example.org"),
                claim("email_verified", "true"),
            ],
            withheld: vec![
                ("name", "profile", "not_asked"),
                ("preferred_username", "profile", "needs_email"),
                ("organization", "itu_membership", "not_registered"),
                ("title", "itu_professional", "no_value"),
            ],
        };
        let page = Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            is_open: false,
            number: 2,
            is_more: false,
            people: vec![anne.clone(), anne],
            scopes: vec!["openid".into(), "email".into()],
            form: FormState::default(),
            person: None,
        };
        let lacks = vec![
            Message::new("admin.client_people.lack.affiliation"),
            Message::new("admin.client_people.lack.membership_type").with("values", "academia, <&>"),
            Message::new("admin.client_people.lack.ties_rights").with("values", "documents"),
        ];
        let refused = PreviewedPerson {
            lacks,
            id_token: person.userinfo.clone(),
            ..person.clone()
        };
        let wrong = FormState::new([("q", "nobody"), ("scope", "openid")])
            .error("q", "error.email")
            .error("scope", "error.invalid");
        vec![
            page.clone(),
            Self {
                is_open: true,
                people: vec![],
                number: 0,
                person: Some(person),
                ..page.clone()
            },
            Self {
                number: 1000,
                is_more: true,
                person: Some(refused),
                ..page.clone()
            },
            Self {
                number: 0,
                people: vec![],
                form: wrong,
                ..page
            },
        ]
    }
}
