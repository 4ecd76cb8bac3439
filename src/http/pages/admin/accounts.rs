//! `/admin/accounts`: support, auditors and administrators find a person's account and open it. Who may see what is decided
//! in `accounts::staff`, and that an account was opened is recorded in `accounts::person`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use crate::accounts::person::{self, OpenedAccount};
use crate::accounts::second_factor::HeldFactor;
use crate::affiliations;
use crate::affiliations::account_search::{self, AccountSearch, Entry};
use crate::domain::AccountId;
use crate::domain::role::Role;
use crate::http::pages::account::organization::OwnOrganization;
use crate::http::pages::account::{history, services, sessions};
use crate::http::pages::paging::{Position, paging};
use crate::http::pages::{ListQuery, PageContext, PageError, refused};
use crate::paths;
use crate::templates::pages::{
    AccountFacts, AccountRow, AdminAccount, AdminAccounts, FactorView, SuspensionView,
};

const FILTERS: [&str; 4] = ["q", "status", "role", "verified"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let search = AccountSearch {
        text: query.get("q"),
        status: query.get("status"),
        role: query.get("role"),
        verified: query.get("verified"),
        page: query.page()?,
        size: 0,
    };
    let mut page = AdminAccounts {
        form: query.form(&FILTERS),
        rows: Vec::new(),
        paging: paging(Position::EMPTY, paths::ADMIN_ACCOUNTS, &query, &FILTERS),
        is_cut: false,
    };
    match account_search::list(&ctx.app, &ctx.actor_context(), search).await {
        Ok(found) => {
            page.rows = found.entries.iter().map(row).collect();
            page.paging = paging(&found, paths::ADMIN_ACCOUNTS, &query, &FILTERS);
            page.is_cut = found.is_cut;
            ctx.page(&page).await
        }
        Err(affiliations::Error::Invalid(wrong)) => {
            page.form = refused(page.form, wrong);
            ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(other) => Err(other.into()),
    }
}

fn row(entry: &Entry) -> AccountRow {
    let account = &entry.account;
    AccountRow {
        id: account.id.as_str().to_owned(),
        name: account.profile.full_name(),
        email: account.email.as_str().to_owned(),
        verified: account.email_verified,
        organization: entry.organization.clone(),
        status: account.status.as_str().to_owned(),
        role: account.role.as_str().to_owned(),
        created_at: account.created_at,
    }
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let opened = person::open(&ctx.app, &ctx.actor_context(), &AccountId::new(id.as_str())).await?;
    ctx.page(&view(&ctx, &opened).await?).await
}

async fn view(ctx: &PageContext, opened: &OpenedAccount) -> Result<AdminAccount, PageError> {
    let (app, account) = (&ctx.app, &opened.account);
    let place = OwnOrganization::of(ctx, account).await?;
    Ok(AdminAccount {
        facts: AccountFacts {
            id: account.id.as_str().to_owned(),
            sub: account.sub.as_str().to_owned(),
            name: account.profile.full_name(),
            email: account.email.as_str().to_owned(),
            verified: account.email_verified,
            job_title: account.profile.job_title.clone(),
            language: account.language.as_str().to_owned(),
            status: account.status.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            created_at: account.created_at,
            suspension: opened.suspension.as_ref().map(|it| SuspensionView {
                at: it.at,
                reason: it.reason.clone(),
            }),
            is_own: opened.is_own,
        },
        affiliation: place.affiliation,
        request: place.request,
        rights: place.rights,
        sessions: opened
            .sessions
            .iter()
            .map(|it| sessions::view(it, None))
            .collect(),
        factors: opened.factors.iter().map(factor).collect(),
        recovery_codes: opened.recovery_codes,
        services: services::list(app, &account.id).await?,
        acts: opened.acts.iter().map(|it| history::row(app, it)).collect(),
        may_help: opened.may_help,
        may_view: opened.may_view,
        may_administer: opened.may_administer,
        roles: Role::ALL
            .into_iter()
            .filter(|it| *it != account.role)
            .map(|it| it.as_str().to_owned())
            .collect(),
    })
}

fn factor(held: &HeldFactor) -> FactorView {
    FactorView {
        factor: held.factor.as_str().to_owned(),
        added_at: held.added_at,
    }
}
