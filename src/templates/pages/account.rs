//! `/account` and below: the data that a person sees and changes of their own.

use serde::Serialize;

use super::documents::DocumentVersion;
use super::newsletter::ConsentView;
use super::samples;
use super::signup::OrganizationQuestions;
use crate::domain::Time;
use crate::places::Place;
use crate::templates::{FormState, Page};

/// An affiliation as its person sees it.
#[derive(Clone, Debug, Serialize)]
pub struct AffiliationView {
    pub id: String,
    pub organization: String,
    pub acronym: Option<String>,
    pub category: String,
    /// The label of the membership type, in the page's language.
    pub membership_type: String,
    /// The country code (ISO 3166-1 alpha-2). The page names the country.
    pub member_state: Option<String>,
    /// `self_declared`, `pending`, `approved`, `rejected`, `withdrawn`, `removed`, `lapsed`.
    pub status: String,
    pub since: Time,
    /// The reason that the decider wrote.
    pub reason: Option<String>,
    /// `true` if the person typed the organization in and nobody has checked it yet.
    pub proposed: bool,
    /// `true` if the organization's membership is suspended: the affiliation stays and yields nothing.
    pub suspended: bool,
}

/// One TIES right. `label` is the right's name in the page's language.
#[derive(Clone, Debug, Serialize)]
pub struct RightView {
    pub right: String,
    pub label: String,
    /// `requested`, `granted`, `refused`, `revoked`; `none` when it was never asked for.
    pub status: String,
    pub since: Option<Time>,
}

pub(super) fn sample_affiliation(status: &str) -> AffiliationView {
    AffiliationView {
        id: "af1".into(),
        organization: "Ministry of Science & ICT".into(),
        acronym: Some("MSIT".into()),
        category: "ADMIN".into(),
        membership_type: "Member State".into(),
        member_state: Some("KR".into()),
        status: status.into(),
        since: samples::at(),
        reason: (status == "rejected").then(|| "Not <i>known</i> here".into()),
        proposed: false,
        suspended: false,
    }
}

pub(super) fn sample_rights() -> Vec<RightView> {
    let of = |right: &str, label: &str, status: &str| RightView {
        right: right.into(),
        label: label.into(),
        status: status.into(),
        since: (status != "none").then(samples::at),
    };
    vec![
        of("documents", "Documents", "granted"),
        of("mailing_lists", "Mailing lists", "requested"),
        of("collaboration", "Collaboration sites", "none"),
    ]
}

/// `/account`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountOverview {
    pub name: String,
    pub email: String,
    pub affiliation: Option<AffiliationView>,
    /// An open request beside the affiliation in force.
    pub request: Option<AffiliationView>,
    pub rights: Vec<RightView>,
    pub sessions: u64,
    pub services: u64,
    /// The new versions of Terms of Use and Privacy Notice that will take effect.
    pub announced: Vec<DocumentVersion>,
}

impl Page for AccountOverview {
    const TEMPLATE: &'static str = "account_overview";

    fn samples() -> Vec<Self> {
        let page = Self {
            name: "John Doe".into(),
            email: "john.doe@company.com".into(),
            affiliation: None,
            request: None,
            rights: vec![],
            sessions: 1,
            services: 0,
            announced: vec![],
        };
        vec![
            page.clone(),
            Self {
                affiliation: Some(sample_affiliation("approved")),
                request: Some(sample_affiliation("pending")),
                rights: sample_rights(),
                sessions: 3,
                services: 2,
                announced: vec![DocumentVersion::sample("2027-03")],
                ..page.clone()
            },
            Self {
                affiliation: Some(sample_affiliation("pending")),
                ..page
            },
        ]
    }
}

/// `/account/profile`: `first_name`, `last_name`, `title`, `gender`, `job_title`, `professional_role`,
/// `language`, `newsletter`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountProfile {
    pub form: FormState,
    pub email: String,
    /// The proof of consent to the newsletter, while it is subscribed.
    pub consent: Option<ConsentView>,
}

impl Page for AccountProfile {
    const TEMPLATE: &'static str = "account_profile";

    fn samples() -> Vec<Self> {
        let form = FormState::new([
            ("first_name", "John"),
            ("last_name", "Doe"),
            ("title", ""),
            ("gender", "undisclosed"),
            ("job_title", "General Manager"),
            ("professional_role", "senior_management"),
            ("language", "fr"),
            ("newsletter", "on"),
        ]);
        let email = "john.doe@company.com".to_owned();
        vec![
            Self {
                form: form.clone(),
                email: email.clone(),
                consent: Some(ConsentView {
                    given_at: samples::at(),
                    page: "signup".into(),
                    language: "English".into(),
                    words: "Subscribe to the newsletter".into(),
                    network: "192.0.2.1".into(),
                }),
            },
            Self {
                form: form.notice("error.form").error("job_title", "error.required"),
                email,
                consent: None,
            },
        ]
    }
}

/// `/account/organization`: status of affiliation and TIES; `action=withdraw` (of `affiliation_id`),
/// `action=request_ties` (of `right`).
#[derive(Clone, Debug, Serialize)]
pub struct AccountOrganization {
    pub form: FormState,
    /// The affiliation in force. If there is none, the newest request.
    pub affiliation: Option<AffiliationView>,
    pub request: Option<AffiliationView>,
    /// All rights, if the affiliation can have any.
    pub rights: Vec<RightView>,
    pub can_request_ties: bool,
    pub is_focal_point: bool,
    /// The first and the last day on which the person is deputy.
    pub deputy: Option<(Time, Time)>,
    /// `false` while a request is open.
    pub can_change: bool,
}

impl Page for AccountOrganization {
    const TEMPLATE: &'static str = "account_organization";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            affiliation: None,
            request: None,
            rights: vec![],
            can_request_ties: false,
            is_focal_point: false,
            deputy: None,
            can_change: true,
        };
        let statuses = [
            "self_declared",
            "pending",
            "approved",
            "rejected",
            "withdrawn",
            "removed",
            "lapsed",
        ];
        let mut all: Vec<_> = statuses
            .into_iter()
            .map(|status| Self {
                affiliation: Some(sample_affiliation(status)),
                ..page.clone()
            })
            .collect();
        all.push(Self {
            form: FormState::default().notice("error.try_again"),
            affiliation: Some(sample_affiliation("approved")),
            request: Some(sample_affiliation("pending")),
            rights: sample_rights(),
            can_request_ties: true,
            is_focal_point: true,
            deputy: Some((samples::at(), samples::at())),
            can_change: false,
        });
        all.push(Self {
            affiliation: Some(AffiliationView {
                proposed: true,
                suspended: true,
                acronym: None,
                member_state: None,
                ..sample_affiliation("self_declared")
            }),
            ..page.clone()
        });
        all.push(page);
        all
    }
}

/// `/account/organization/change`: the sign-up's questions again, without the rest of its page.
#[derive(Clone, Debug, Serialize)]
pub struct AccountOrganizationChange {
    pub form: FormState,
    pub questions: OrganizationQuestions,
    /// The affiliation in force. It stays until the new one is approved (security.md AF-7).
    pub current: Option<String>,
}

impl Page for AccountOrganizationChange {
    const TEMPLATE: &'static str = "account_organization_change";

    fn samples() -> Vec<Self> {
        OrganizationQuestions::samples()
            .into_iter()
            .map(|questions| Self {
                form: OrganizationQuestions::sample_form(),
                current: (!questions.new_record).then(|| "Radio Lab".into()),
                questions,
            })
            .collect()
    }
}

/// `/account/security`: the state of each protection of the account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountSecurity {
    /// What should be done first: `password`, `second_factor` or `recovery_codes`.
    pub advice: Option<String>,
    /// The time of the last change of the password. `None`: more than a year ago.
    pub password_since: Option<Time>,
    /// `true` if failures have stopped it in browsers that are new to the account.
    pub is_password_stopped: bool,
    /// The time since which an authenticator app is set up.
    pub app_since: Option<Time>,
    /// The number of passkeys, or `None` if browsers make none for this host.
    pub passkeys: Option<u64>,
    /// The number of recovery codes left, or `None` if a login asks for the password alone.
    pub recovery_codes: Option<u64>,
    /// The newest views of the account by the staff.
    pub views: Vec<PastViewRow>,
}

/// A view of the account by the staff.
#[derive(Clone, Debug, Serialize)]
pub struct PastViewRow {
    pub at: Time,
    pub reason: String,
}

impl Page for AccountSecurity {
    const TEMPLATE: &'static str = "account_security";

    fn samples() -> Vec<Self> {
        let safe = Self {
            advice: None,
            password_since: None,
            is_password_stopped: false,
            app_since: Some(samples::at()),
            passkeys: None,
            recovery_codes: Some(9),
            views: vec![PastViewRow {
                at: samples::at(),
                reason: "Asked <b>why</b> a request is missing".into(),
            }],
        };
        vec![
            Self {
                advice: Some("password".into()),
                password_since: Some(samples::at()),
                is_password_stopped: true,
                views: vec![],
                ..safe.clone()
            },
            Self {
                advice: Some("second_factor".into()),
                app_since: None,
                passkeys: Some(0),
                recovery_codes: None,
                ..safe.clone()
            },
            Self {
                advice: Some("recovery_codes".into()),
                app_since: None,
                passkeys: Some(2),
                recovery_codes: Some(1),
                ..safe.clone()
            },
            safe,
        ]
    }
}

/// `/account/security/password`: `current_password`, `otp` with an authenticator app, `password`, `password_confirmation`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountPassword {
    pub form: FormState,
    pub email: String,
    /// `true` if an authenticator app is set up.
    pub app: bool,
    /// `true` if the person must log in again before the form is accepted.
    pub proves_first: bool,
    pub wait_minutes: Option<u64>,
}

impl Page for AccountPassword {
    const TEMPLATE: &'static str = "account_password";

    fn samples() -> Vec<Self> {
        let email = "john.doe@company.com".to_owned();
        vec![
            Self {
                form: FormState::default(),
                email: email.clone(),
                app: false,
                proves_first: false,
                wait_minutes: None,
            },
            Self {
                form: FormState::default()
                    .error("current_password", "error.password.current")
                    .error("otp", "error.otp")
                    .error("password", "error.password.personal"),
                email,
                app: true,
                proves_first: false,
                wait_minutes: Some(2),
            },
            Self {
                form: FormState::default(),
                email: "john.doe@company.com".into(),
                app: false,
                proves_first: true,
                wait_minutes: None,
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct SessionView {
    /// The `session_id` of the form that ends it. It grants nothing.
    pub id: String,
    pub current: bool,
    /// A few words from the `User-Agent`: `Firefox, Windows`.
    pub browser: String,
    pub place: Place,
    pub network: String,
    pub signed_in_at: Time,
    pub last_used_at: Time,
}

/// `/account/sessions`: `action=end` (of `session_id`), `end_others`, `end_everywhere`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountSessions {
    pub sessions: Vec<SessionView>,
}

impl Page for AccountSessions {
    const TEMPLATE: &'static str = "account_sessions";

    fn samples() -> Vec<Self> {
        let session = |id: &str| SessionView {
            id: id.into(),
            current: id == "s1",
            browser: if id == "s3" { "" } else { "Firefox, Windows" }.into(),
            place: match id {
                "s1" => Place::Country("CH"),
                "s2" => Place::PrivateNetwork,
                _ => Place::Unknown,
            },
            network: "192.0.2.17".into(),
            signed_in_at: samples::at(),
            last_used_at: samples::at(),
        };
        vec![
            Self {
                sessions: vec![session("s1")],
            },
            Self {
                sessions: vec![session("s1"), session("s2"), session("s3")],
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ServiceAccess {
    pub client_id: String,
    pub name: String,
    pub client_uri: Option<String>,
    pub scopes: Vec<String>,
    /// Claims that were granted one by one beyond the scopes.
    pub claims: Vec<String>,
    pub since: Time,
    pub last_used_at: Option<Time>,
    /// `true` if there is a consent to withdraw.
    pub by_consent: bool,
    /// `true` for a service of the house, which asks for no consent.
    pub first_party: bool,
}

/// `/account/services`: `action=withdraw` (of `client_id`).
#[derive(Clone, Debug, Serialize)]
pub struct AccountServices {
    pub services: Vec<ServiceAccess>,
}

impl Page for AccountServices {
    const TEMPLATE: &'static str = "account_services";

    fn samples() -> Vec<Self> {
        let service = ServiceAccess {
            client_id: "events".into(),
            name: "ITU Events Registration".into(),
            client_uri: Some("https://events.example.org/".into()),
            scopes: vec!["openid".into(), "itu_membership".into(), "books:read".into()],
            claims: vec!["email".into(), "gender".into()],
            since: samples::at(),
            last_used_at: Some(samples::at()),
            by_consent: true,
            first_party: false,
        };
        let other = ServiceAccess {
            client_id: "books".into(),
            client_uri: None,
            by_consent: false,
            first_party: true,
            ..service.clone()
        };
        let gone = ServiceAccess {
            client_id: "gone".into(),
            last_used_at: None,
            first_party: false,
            ..other.clone()
        };
        vec![
            Self { services: vec![] },
            Self {
                services: vec![service, other, gone],
            },
        ]
    }
}
