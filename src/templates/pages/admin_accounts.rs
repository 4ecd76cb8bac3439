//! `/admin/accounts` and below: people's accounts as support, auditors and administrators see them.

use serde::Serialize;

use super::account::{
    AccountServices, AccountSessions, AffiliationView, RightView, ServiceAccess, SessionView,
    sample_affiliation, sample_rights,
};
use super::account_history::{AccountHistory, HistoryRow};
use super::not_me::FactorView;
use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct AccountRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub verified: bool,
    /// The organization in force, or the one that is asked for.
    pub organization: Option<String>,
    /// `active`, `leaving`, `suspended`.
    pub status: String,
    /// `user`, `support`, `auditor`, `administrator`.
    pub role: String,
    pub created_at: Time,
}

/// `/admin/accounts?q=&status=&role=&verified=&page=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminAccounts {
    pub form: FormState,
    pub rows: Vec<AccountRow>,
    pub paging: Paging,
    /// `true` if not all accounts that might fit were looked at.
    pub is_cut: bool,
}

impl Page for AdminAccounts {
    const TEMPLATE: &'static str = "admin_accounts";

    fn samples() -> Vec<Self> {
        let row = |status: &str, role: &str| AccountRow {
            id: "0123".into(),
            name: "John <i>Doe</i>".into(),
            email: "john.doe@company.com".into(),
            verified: role != "user",
            organization: (role != "auditor").then(|| "Ministry of Science & ICT".into()),
            status: status.into(),
            role: role.into(),
            created_at: samples::at(),
        };
        let page = |rows: Vec<AccountRow>, total, is_cut| Self {
            form: FormState::new([("q", "doe"), ("status", "suspended")]),
            rows,
            paging: Paging::new(1, 25, total, "/admin/accounts", &[]),
            is_cut,
        };
        let rows = vec![
            row("active", "user"),
            row("leaving", "support"),
            row("suspended", "auditor"),
            row("active", "administrator"),
        ];
        vec![
            page(vec![], 0, false),
            page(vec![], 0, true),
            page(rows, 2000, true),
            Self {
                form: FormState::new([("q", "")]).error("role", "error.choose"),
                ..page(vec![], 0, false)
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct AccountFacts {
    pub id: String,
    pub sub: String,
    pub name: String,
    pub email: String,
    pub verified: bool,
    pub job_title: String,
    /// The code of the language in which the person gets mails.
    pub language: String,
    /// As in `AccountRow`.
    pub status: String,
    pub role: String,
    pub created_at: Time,
    pub suspension: Option<SuspensionView>,
    pub is_own: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct SuspensionView {
    pub at: Time,
    pub reason: String,
}

/// `/admin/accounts/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminAccount {
    pub facts: AccountFacts,
    /// The affiliation in force. If there is none, the newest request.
    pub affiliation: Option<AffiliationView>,
    pub request: Option<AffiliationView>,
    pub rights: Vec<RightView>,
    pub sessions: Vec<SessionView>,
    pub factors: Vec<FactorView>,
    pub recovery_codes: u64,
    pub services: Vec<ServiceAccess>,
    /// The newest of what happened in the account.
    pub acts: Vec<HistoryRow>,
    /// `true` if the reader may help the person.
    pub may_help: bool,
    /// `true` if the reader may see the pages of the account as the person does.
    pub may_view: bool,
    /// `true` if the reader may suspend the account and change its role.
    pub may_administer: bool,
    /// The roles that the account does not have.
    pub roles: Vec<String>,
}

impl Page for AdminAccount {
    const TEMPLATE: &'static str = "admin_account";

    fn samples() -> Vec<Self> {
        let factor = |factor: &str| FactorView {
            factor: factor.into(),
            added_at: samples::at(),
        };
        let facts = AccountFacts {
            id: "0123".into(),
            sub: "4567".into(),
            name: "John <i>Doe</i>".into(),
            email: "john.doe@company.com".into(),
            verified: true,
            job_title: "General Manager".into(),
            language: "fr".into(),
            status: "active".into(),
            role: "user".into(),
            created_at: samples::at(),
            suspension: None,
            is_own: false,
        };
        let of = |facts: AccountFacts| Self {
            facts,
            affiliation: None,
            request: None,
            rights: vec![],
            sessions: vec![],
            factors: vec![],
            recovery_codes: 0,
            services: vec![],
            acts: vec![],
            may_help: false,
            may_view: false,
            may_administer: false,
            roles: vec![],
        };
        let sessions = AccountSessions::samples().into_iter().flat_map(|it| it.sessions);
        let services = AccountServices::samples().into_iter().flat_map(|it| it.services);
        let acts = AccountHistory::samples().into_iter().flat_map(|it| it.rows);
        let full = Self {
            affiliation: Some(sample_affiliation("approved")),
            request: Some(sample_affiliation("pending")),
            rights: sample_rights(),
            sessions: sessions.collect(),
            factors: vec![factor("totp"), factor("passkey")],
            recovery_codes: 9,
            services: services.collect(),
            acts: acts.collect(),
            may_help: true,
            may_view: true,
            may_administer: true,
            roles: ["support", "auditor", "administrator"].map(str::to_owned).into(),
            ..of(facts.clone())
        };
        let empty = of(AccountFacts {
            status: "suspended".into(),
            verified: false,
            role: "auditor".into(),
            is_own: true,
            ..facts.clone()
        });
        let suspended = Self {
            may_help: true,
            may_administer: true,
            roles: ["user", "support", "administrator"].map(str::to_owned).into(),
            ..of(AccountFacts {
                status: "suspended".into(),
                role: "auditor".into(),
                suspension: Some(SuspensionView {
                    at: samples::at(),
                    reason: "Left the <i>organization</i>".into(),
                }),
                ..facts.clone()
            })
        };
        let leaving = of(AccountFacts {
            status: "leaving".into(),
            role: "administrator".into(),
            ..facts
        });
        vec![full, empty, suspended, leaving]
    }
}
