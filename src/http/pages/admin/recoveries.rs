//! `/admin/recoveries`: recoveries through the ServiceDesk of accounts whose people have lost every second factor. One
//! administrator finds the person by the address and asks, another confirms (security.md PW-10). The rules are in
//! `accounts::assisted_recovery`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::accounts::assisted_recovery::{self, Entry};
use crate::accounts::{Error, Result as AccountsResult};
use crate::domain::AccountId;
use crate::http::outcome::Outcome;
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AdminRecoveries, AdminRecovery, CandidateView, RecoveryFacts, RecoveryRow, RecoverySearch,
};

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    // After a refused request the address is that of its form.
    let email = match query.get("email") {
        "" => ctx.given("email").unwrap_or_default(),
        email => email.to_owned(),
    };
    let mut form = ctx.form_or(FormState::default());
    form.values.insert("email".to_owned(), email.clone());
    let search = search(&ctx, &mut form, &email).await?;
    let found = assisted_recovery::list(&ctx.app, &ctx.actor_context(), query.page()?).await?;
    let rows = found.entries.iter().map(|it| RecoveryRow {
        id: it.recovery.id.clone(),
        person: it.person.email.as_str().to_owned(),
        state: it.recovery.state().to_owned(),
        asked_at: it.recovery.asked_at,
    });
    let page = AdminRecoveries {
        form,
        search,
        rows: rows.collect(),
        paging: paging(&found, paths::ADMIN_RECOVERIES, &query, &[]),
    };
    ctx.page(&page).await
}

async fn search(ctx: &PageContext, form: &mut FormState, email: &str) -> Result<RecoverySearch, PageError> {
    if email.is_empty() {
        return Ok(RecoverySearch::None);
    }
    match assisted_recovery::search(&ctx.app, &ctx.actor_context(), email).await {
        Ok(Some(candidate)) => Ok(RecoverySearch::Found(CandidateView {
            account_id: candidate.account.id.to_string(),
            name: candidate.account.profile.full_name(),
            email: candidate.account.email.as_str().to_owned(),
            has_second_factor: candidate.has_second_factor,
            is_own: candidate.is_own,
            open_id: candidate.open.map(|it| it.id),
        })),
        Ok(None) => Ok(RecoverySearch::Nobody),
        Err(Error::Fields(wrong)) => {
            *form = refused(form.clone(), wrong);
            Ok(RecoverySearch::None)
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    account_id: String,
    email: String,
    reason: String,
}

pub async fn request(form: PageForm<Request>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let account = AccountId::new(fields.account_id.as_str());
    match assisted_recovery::request(&ctx.app, &ctx.actor_context(), &account, &fields.reason).await {
        Ok(id) => ctx.done(&paths::admin_recovery(&id), "recovery_requested").await,
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(Error::Conflict) => {
            let form = typed.notice("error.try_again");
            ctx.again_as(StatusCode::CONFLICT, form).await
        }
        Err(other) => Err(other.into()),
    }
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let entry = find(&ctx, &id).await?;
    ctx.page(&view(&ctx, entry)).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decision {
    decision: String,
}

pub async fn decide(Path(id): Path<String>, form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let entry = find(&ctx, &id).await?;
    let (app, context, id) = (&ctx.app, ctx.actor_context(), entry.recovery.id.as_str());
    let done: AccountsResult<&str> = match fields.decision.as_str() {
        "confirm" => assisted_recovery::confirm(app, &context, id)
            .await
            .map(|()| "recovery_confirmed"),
        "cancel" => assisted_recovery::cancel(app, &context, id)
            .await
            .map(|()| "recovery_cancelled"),
        _ => return Err(PageError::Invalid),
    };
    match done {
        Ok(done) => ctx.done(&paths::admin_recovery(id), done).await,
        Err(Error::Conflict) => {
            let outcome = Outcome {
                form: Some(typed.notice("error.try_again")),
                ..Outcome::default()
            };
            ctx.again_with(outcome.with_status(StatusCode::CONFLICT)).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn find(ctx: &PageContext, id: &str) -> Result<Entry, PageError> {
    let found = assisted_recovery::find(&ctx.app, &ctx.actor_context(), id).await?;
    found.ok_or(PageError::NotFound)
}

fn view(ctx: &PageContext, entry: Entry) -> AdminRecovery {
    let now = ctx.app.clock.now();
    let Entry {
        recovery,
        person,
        asked_by,
        confirmed_by,
    } = entry;
    let own = ctx.session().get().map(|(_, account)| account.id.clone());
    let check = own.as_ref().map(|it| recovery.check_confirmation(it, now));
    let is_own = own.as_ref() == Some(&recovery.account);
    let name = |it: Option<crate::domain::account::Account>| it.map(|it| it.profile.full_name());
    AdminRecovery {
        form: ctx.form_or(FormState::default()),
        facts: RecoveryFacts {
            id: recovery.id.clone(),
            state: recovery.state().to_owned(),
            name: person.profile.full_name(),
            email: person.email.as_str().to_owned(),
            reason: recovery.reason.clone(),
            asked_by: name(asked_by),
            asked_at: recovery.asked_at,
            confirmed_by: name(confirmed_by),
            confirmed_at: recovery.confirmed.as_ref().map(|it| it.at),
            due_at: recovery.due_at,
            ended_at: recovery.ended.map(|(_, at)| at),
        },
        may_confirm: matches!(check, Some(Ok(()))),
        may_cancel: recovery.is_open() && !is_own,
        needs_another: own.as_ref() == Some(&recovery.asked_by) && recovery.state() == "asked",
    }
}
