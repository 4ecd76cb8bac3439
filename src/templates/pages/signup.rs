//! The pages of the sign-up, in the order of its steps (product.md): details, organization, code, thanks.

use serde::{Deserialize, Serialize};

use super::samples;
use crate::domain::message::Message;
use crate::templates::{FormChoice, FormGuard, FormState, Page, Service};

/// `/signup`.
#[derive(Clone, Debug, Serialize)]
pub struct SignupDetails {
    pub form: FormState,
    pub service: Option<Service>,
    pub guard: FormGuard,
}

impl Page for SignupDetails {
    const TEMPLATE: &'static str = "signup_details";

    fn samples() -> Vec<Self> {
        let form = FormState::new([
            ("email", "john.doe@company"),
            ("first_name", "<b>John</b>"),
            ("gender", "male"),
            ("title", "mr"),
            ("professional_role", "technical"),
        ])
        .notice("error.form")
        .error("email", "error.email")
        .error("last_name", "error.required")
        .error("password", "error.password.rules")
        .error("password_confirmation", "error.password.different")
        .error("professional_role", "error.choose");
        vec![
            Self {
                form: FormState::default(),
                service: None,
                guard: FormGuard::default(),
            },
            Self {
                form,
                service: Some(samples::service()),
                guard: FormGuard::sample(),
            },
        ]
    }
}

/// An organization as the search finds it; also what `/organizations/search` answers, as a JSON list.
#[derive(Clone, Debug, Serialize)]
pub struct OrganizationFound {
    pub id: String,
    pub name: String,
    pub acronym: Option<String>,
    pub category: String,
    pub member_state: Option<String>,
    /// `true` for a member organization, whose Focal Point decides.
    pub needs_approval: bool,
    pub ties_entitled: bool,
}

/// The three questions a), b), c) and the search that works without JavaScript: `action=search`,
/// `new`, `existing` show the page again; anything else, or nothing, is the answer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OrganizationQuestions {
    pub membership_types: Vec<FormChoice>,
    /// The results of `organization_query`, or `None` before a search.
    pub found: Option<Vec<OrganizationFound>>,
    /// `true` if there are more results than are shown.
    pub more: bool,
    /// `true` if nothing was searched because the network has asked too often.
    pub too_many: bool,
    /// The organization that was chosen before. It is offered first.
    pub chosen: Option<OrganizationFound>,
    /// The form for an organization that is not in the list.
    pub new_record: bool,
}

impl OrganizationQuestions {
    pub(super) fn samples() -> Vec<Self> {
        let membership_types = vec![
            FormChoice::new("member_state", "Member State"),
            FormChoice::new("sector_member", "Sector Member"),
            FormChoice::new("non_member", "Not a member"),
        ];
        let organization = OrganizationFound {
            id: "kr-msit".into(),
            name: "Ministry of Science & ICT".into(),
            acronym: Some("MSIT".into()),
            category: "ADMIN".into(),
            member_state: Some("KR".into()),
            needs_approval: true,
            ties_entitled: true,
        };
        let other = OrganizationFound {
            id: "kr-x".into(),
            name: "Seoul Radio Laboratory".into(),
            acronym: None,
            category: "OTHER".into(),
            needs_approval: false,
            ties_entitled: false,
            ..organization.clone()
        };
        let first = Self {
            membership_types,
            ..Self::default()
        };
        vec![
            first.clone(),
            Self {
                found: Some(vec![organization.clone(), other]),
                more: true,
                ..first.clone()
            },
            Self {
                found: Some(vec![]),
                ..first.clone()
            },
            Self {
                chosen: Some(organization),
                ..first.clone()
            },
            Self {
                new_record: true,
                ..first
            },
        ]
    }

    pub(super) fn sample_form() -> FormState {
        FormState::new([
            ("membership_type", "member_state"),
            ("member_state", "KR"),
            ("organization_query", "minis"),
            ("organization_id", "kr-msit"),
            ("request_ties", "on"),
        ])
    }
}

/// `/signup/organization`.
#[derive(Clone, Debug, Serialize)]
pub struct SignupOrganization {
    pub form: FormState,
    pub service: Option<Service>,
    pub questions: OrganizationQuestions,
    /// Names the texts of Terms of Use and Privacy Notice that are offered, for the form.
    pub version: String,
}

impl Page for SignupOrganization {
    const TEMPLATE: &'static str = "signup_organization";

    fn samples() -> Vec<Self> {
        let mut all: Vec<Self> = OrganizationQuestions::samples()
            .into_iter()
            .map(|questions| Self {
                form: OrganizationQuestions::sample_form(),
                service: Some(samples::service()),
                questions,
                version: "2026-11 2026-11".into(),
            })
            .collect();
        let wrong = FormState::default()
            .notice("error.form")
            .error("membership_type", "error.choose")
            .error("member_state", "error.choose")
            .error("organization_id", "error.organization.choose")
            .error("organization_name", "error.required")
            .error("accept_terms", "error.accept_terms");
        let again = all.iter().map(|page| Self {
            form: wrong.clone(),
            service: None,
            ..page.clone()
        });
        let again: Vec<_> = again.collect();
        all.extend(again);
        all
    }
}

/// The state of a code, at a sign-up and at a first login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    /// A code was sent, and the page waits for it.
    Sent,
    /// The code was sent again, on request.
    SentAgain,
    /// A code was requested again too soon or too often (security.md SU-3): the last one is still valid.
    NotYet,
    /// The code is too old, or was tried too often: only a new one helps.
    Spent,
}

/// `/signup/verify`: `code`; the form that asks for another posts to `/signup/verify/resend`.
#[derive(Clone, Debug, Serialize)]
pub struct SignupVerify {
    pub form: FormState,
    pub service: Option<Service>,
    /// The address, as this browser typed it in the first step.
    pub email: String,
    pub state: CodeState,
    /// The seconds until another code can be requested.
    pub wait_seconds: u64,
    /// `true` if the mail leaves later: the form came without a proof of work.
    pub is_delayed: bool,
}

impl Page for SignupVerify {
    const TEMPLATE: &'static str = "signup_verify";

    fn samples() -> Vec<Self> {
        let page = |form, state| Self {
            form,
            service: None,
            email: "john.doe@company.com".into(),
            state,
            wait_seconds: 53,
            is_delayed: false,
        };
        vec![
            page(FormState::default(), CodeState::Sent),
            Self {
                is_delayed: true,
                ..page(FormState::default(), CodeState::Sent)
            },
            page(
                FormState::default().error("code", Message::new("error.code_left").counting(4)),
                CodeState::SentAgain,
            ),
            page(FormState::default(), CodeState::NotYet),
            Self {
                service: Some(samples::service()),
                wait_seconds: 1800,
                ..page(FormState::default(), CodeState::Spent)
            },
        ]
    }
}

/// `/signup/verify` when its sign-up is gone: finished, given up, or older than a day (security.md SU-5).
#[derive(Clone, Debug, Serialize)]
pub struct SignupExpired {
    pub service: Option<Service>,
}

impl Page for SignupExpired {
    const TEMPLATE: &'static str = "signup_expired";

    fn samples() -> Vec<Self> {
        vec![
            Self { service: None },
            Self {
                service: Some(samples::plain_service()),
            },
        ]
    }
}

/// The page after the code: *Thank you for your request*, and *OK*.
#[derive(Clone, Debug, Serialize)]
pub struct SignupDone {
    pub service: Option<Service>,
    /// The path that *OK* leads to. It may continue to the service.
    pub continue_to: String,
    /// The member organization whose Focal Point has been asked.
    pub pending_organization: Option<String>,
}

impl Page for SignupDone {
    const TEMPLATE: &'static str = "signup_done";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                service: None,
                continue_to: "/account".into(),
                pending_organization: None,
            },
            Self {
                service: Some(samples::service()),
                continue_to: "/authorize/continue?request=abc".into(),
                pending_organization: Some("Ministry of Science & ICT".into()),
            },
        ]
    }
}
