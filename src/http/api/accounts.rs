//! `/api/v1/accounts`: finds people's accounts, opens one, and helps or administers it. Who may do what to which account is
//! decided in `accounts::staff`; no operation sets or shows a password (security.md AD-1, PW-7).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::accounts::person::{self, OpenedAccount};
use crate::accounts::{assistance, roles, suspension};
use crate::affiliations::account_search::{self, AccountSearch, Entry};
use crate::affiliations::{self, AffiliationDetail};
use crate::domain::AccountId;
use crate::domain::account::Account as DomainAccount;
use crate::domain::browser::browser_in_words;
use crate::domain::powers::{Area, Power};
use crate::domain::role::Role;
use crate::domain::session::Session as DomainSession;

use crate::paths;

const READ: Power = Power::Read(Area::Accounts);
const CHANGE: Power = Power::Change(Area::Accounts);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Finds accounts by any part of name, address, organization and identifier",
        query: &[
            Parameter::text("q", 200, "Parts of name, address, organization or identifier."),
            Parameter::choice("status", &["active", "suspended", "leaving"], "The status."),
            Parameter::choice(
                "role",
                &["user", "support", "auditor", "administrator"],
                "The role.",
            ),
            Parameter::choice("verified", &["yes", "no"], "Whether the address was verified."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<AccountSummary>()),
        page: Door::At(paths::ADMIN_ACCOUNTS),
        command: Door::At("user find"),
        ..Operation::reading("listAccounts", "/api/v1/accounts", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Opens an account; that it was opened is recorded, and the person can read it",
        answer: Answer::One(Model::of::<Account>()),
        page: Door::At(paths::ADMIN_ACCOUNT),
        command: Door::At("user show"),
        ..Operation::reading("readAccount", "/api/v1/accounts/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Forgets failed logins and codes, so that they work again; the person is told by mail",
        page: Door::At(paths::ADMIN_ACCOUNT_CONFIRM),
        command: Door::At("user unlock"),
        ..Operation::reading("unlockAccount", "/api/v1/accounts/{id}/unlock", CHANGE, |call| {
            Box::pin(unlock(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Mails the person a link by which they set a new password",
        page: Door::At(paths::ADMIN_ACCOUNT_CONFIRM),
        command: Door::At("user reset-password"),
        ..Operation::reading(
            "sendPasswordReset",
            "/api/v1/accounts/{id}/password-reset",
            CHANGE,
            |call| Box::pin(send_reset(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Ends all sessions, and what services got to outlive them; the person is told by mail",
        page: Door::At(paths::ADMIN_ACCOUNT_CONFIRM),
        command: Door::At("user end-sessions"),
        ..Operation::reading(
            "endAccountSessions",
            "/api/v1/accounts/{id}/sessions",
            CHANGE,
            |call| Box::pin(end_sessions(call)),
        )
    },
    Operation {
        verb: Verb::Put,
        summary: "Suspends an account: nobody logs in with it, and services get nothing; the person reads the reason",
        body: Some(Model::of::<Suspend>()),
        page: Door::At(paths::ADMIN_ACCOUNT_CONFIRM),
        command: Door::At("user suspend"),
        ..Operation::reading(
            "suspendAccount",
            "/api/v1/accounts/{id}/suspension",
            CHANGE,
            |call| Box::pin(suspend(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Lifts the suspension of an account; the person is told by mail",
        page: Door::At(paths::ADMIN_ACCOUNT_CONFIRM),
        command: Door::At("user suspend"),
        ..Operation::reading(
            "liftSuspension",
            "/api/v1/accounts/{id}/suspension",
            CHANGE,
            |call| Box::pin(lift(call)),
        )
    },
    Operation {
        verb: Verb::Put,
        summary: "Gives an account a role, or takes it back; the person is told by mail, and logs in again",
        body: Some(Model::of::<GiveRole>()),
        page: Door::At(paths::ADMIN_ACCOUNT_CONFIRM),
        command: Door::At("user role"),
        ..Operation::reading("giveRole", "/api/v1/accounts/{id}/role", Power::All, |call| {
            Box::pin(give_role(call))
        })
    },
];

/// A row of the search.
#[derive(Serialize, ToSchema)]
struct AccountSummary {
    id: String,
    /// The name by which services know the person.
    sub: String,
    name: String,
    email: String,
    email_verified: bool,
    /// The organization that the person belongs to, or asks to.
    organization: Option<String>,
    /// `active`, `suspended` or `leaving`
    status: String,
    /// `user`, `support`, `auditor` or `administrator`
    role: String,
    created_at: DateTime<Utc>,
}

impl From<&Entry> for AccountSummary {
    fn from(entry: &Entry) -> Self {
        let account = &entry.account;
        Self {
            id: account.id.to_string(),
            sub: account.sub.to_string(),
            name: account.profile.full_name(),
            email: account.email.as_str().to_owned(),
            email_verified: account.email_verified,
            organization: entry.organization.clone(),
            status: account.status.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            created_at: account.created_at,
        }
    }
}

/// An account, as those who help people see it: nothing secret is in it.
#[derive(Serialize, ToSchema)]
struct Account {
    id: String,
    sub: String,
    first_name: String,
    last_name: String,
    email: String,
    email_verified: bool,
    job_title: String,
    language: String,
    /// `active`, `suspended` or `leaving`
    status: String,
    role: String,
    suspension: Option<Suspension>,
    /// The affiliation in force, and the request that waits.
    affiliation: Option<OfOrganization>,
    request: Option<OfOrganization>,
    /// The TIES rights that are granted.
    ties_rights: Vec<String>,
    sessions: Vec<Session>,
    second_factors: Vec<SecondFactor>,
    recovery_codes_left: u64,
    created_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct Suspension {
    since: DateTime<Utc>,
    reason: String,
}

/// What the person has to do with an organization.
#[derive(Serialize, ToSchema)]
struct OfOrganization {
    affiliation_id: String,
    organization_id: String,
    organization: String,
    /// `self_declared`, `pending` or `approved`
    status: String,
    since: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct Session {
    begun_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    network: String,
    browser: String,
}

#[derive(Serialize, ToSchema)]
struct SecondFactor {
    /// `totp` or `passkey`
    factor: String,
    added_at: DateTime<Utc>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Suspend {
    /// Why; the person reads it.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveRole {
    /// `user` takes a role back.
    role: RoleName,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoleName {
    User,
    Support,
    Auditor,
    Administrator,
}

async fn list(call: Call) -> Outcome {
    let slice = call.slice()?;
    let search = AccountSearch {
        text: call.given("q"),
        status: call.given("status"),
        role: call.given("role"),
        verified: call.given("verified"),
        page: slice.page,
        size: slice.size,
    };
    let found = account_search::list(&call.app, &call.context, search).await?;
    let is_after_end = found.page < slice.page;
    let rows = found.entries.iter().filter(|_| !is_after_end);
    let rows: Vec<AccountSummary> = rows.map(AccountSummary::from).collect();
    call.list(rows, call.next_page(slice, found.total), Some(found.total))
}

fn account_of(call: &Call) -> AccountId {
    AccountId::new(call.id())
}

async fn read(call: Call) -> Outcome {
    let opened = person::open(&call.app, &call.context, &account_of(&call)).await?;
    let overview = affiliations::overview(&call.app, &opened.account.id).await?;
    Reply::one(&view(&opened, &overview))
}

fn view(opened: &OpenedAccount, overview: &affiliations::Overview) -> Account {
    let account: &DomainAccount = &opened.account;
    let granted = overview.rights.iter().filter_map(|(kind, right)| {
        let is_granted = right.as_ref().is_some_and(|it| it.status().as_str() == "granted");
        is_granted.then(|| kind.name.clone())
    });
    Account {
        id: account.id.to_string(),
        sub: account.sub.to_string(),
        first_name: account.profile.first_name.clone(),
        last_name: account.profile.last_name.clone(),
        email: account.email.as_str().to_owned(),
        email_verified: account.email_verified,
        job_title: account.profile.job_title.clone(),
        language: account.language.as_str().to_owned(),
        status: account.status.as_str().to_owned(),
        role: account.role.as_str().to_owned(),
        suspension: opened.suspension.as_ref().map(|it| Suspension {
            since: it.at,
            reason: it.reason.clone(),
        }),
        affiliation: overview.current.as_ref().map(of_organization),
        request: overview.request.as_ref().map(of_organization),
        ties_rights: granted.collect(),
        sessions: opened.sessions.iter().map(session).collect(),
        second_factors: opened
            .factors
            .iter()
            .map(|it| SecondFactor {
                factor: it.factor.as_str().to_owned(),
                added_at: it.added_at,
            })
            .collect(),
        recovery_codes_left: opened.recovery_codes,
        created_at: account.created_at,
    }
}

fn of_organization(detail: &AffiliationDetail) -> OfOrganization {
    let affiliation = &detail.affiliation;
    OfOrganization {
        affiliation_id: affiliation.id.to_string(),
        organization_id: detail.organization.id.to_string(),
        organization: detail.organization.name.clone(),
        status: affiliation.status().as_str().to_owned(),
        since: affiliation.since(),
    }
}

fn session(session: &DomainSession) -> Session {
    Session {
        begun_at: session.created_at,
        last_used_at: session.last_used_at,
        network: session.network.clone(),
        browser: browser_in_words(&session.user_agent),
    }
}

async fn unlock(call: Call) -> Outcome {
    assistance::unlock(&call.app, &call.context, &account_of(&call)).await?;
    Ok(Reply::done())
}

async fn send_reset(call: Call) -> Outcome {
    assistance::send_reset(&call.app, &call.context, &account_of(&call)).await?;
    Ok(Reply::done())
}

async fn end_sessions(call: Call) -> Outcome {
    assistance::end_sessions(&call.app, &call.context, &account_of(&call)).await?;
    Ok(Reply::done())
}

async fn suspend(call: Call) -> Outcome {
    let Suspend { reason } = call.read()?;
    suspension::suspend(&call.app, &call.context, &account_of(&call), &reason).await?;
    Ok(Reply::done())
}

async fn lift(call: Call) -> Outcome {
    suspension::lift(&call.app, &call.context, &account_of(&call)).await?;
    Ok(Reply::done())
}

async fn give_role(call: Call) -> Outcome {
    let GiveRole { role } = call.read()?;
    let role = match role {
        RoleName::User => Role::User,
        RoleName::Support => Role::Support,
        RoleName::Auditor => Role::Auditor,
        RoleName::Administrator => Role::Administrator,
    };
    roles::give(&call.app, &call.context, &account_of(&call), role).await?;
    Ok(Reply::done())
}
