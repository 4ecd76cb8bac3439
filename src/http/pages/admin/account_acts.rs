//! `/admin/accounts/{id}/confirm`: says what an act on somebody's account will do, and does it. Who may do which is decided in
//! `accounts::staff`, each act in a room of `accounts`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::accounts::{self, Error, assistance, person, roles, suspension};
use crate::domain::AccountId;
use crate::domain::account::{Account, Status};
use crate::domain::role::Role;
use crate::http::pages::{PageContext, PageError, PageForm, refused};
use crate::i18n::{self, Locale};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::Confirm;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    action: String,
    role: String,
    reason: String,
}

/// Says what `act` will do.
pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let id = AccountId::new(id.as_str());
    let account = person::find(&ctx.app, &ctx.actor_context(), &id).await?;
    let act = ctx.given("action").unwrap_or_default();
    let role = ctx.given("role").unwrap_or_default();
    match confirmation(ctx.locale(), &account, &act, &role) {
        Some(page) => ctx.page(&page.again(ctx.form_or(FormState::default()))).await,
        None => ctx.show_elsewhere(&paths::admin_account(&id)).await,
    }
}

/// Returns the page that confirms an act; `None` for one that the account is not in a state for.
fn confirmation(locale: Locale, account: &Account, act: &str, role: &str) -> Option<Confirm> {
    let path = paths::admin_account(&account.id);
    let of = |text, action, button| Confirm::new(text, &path, action, button);
    let is_suspended = account.status == Status::Suspended;
    let mut page = match act {
        "unlock" => of("unlock", "unlock", "admin.account.unlock"),
        "send_reset" if !is_suspended => of("send_reset", "send_reset", "admin.account.reset"),
        "end_sessions" => of("end_sessions", "end_sessions", "admin.account.end_sessions"),
        "suspend" if !is_suspended => of("suspend", "suspend", "admin.account.suspend"),
        "reinstate" if is_suspended => of("reinstate", "reinstate", "admin.account.lift"),
        "give_role" => {
            let role = Role::parse(role).filter(|it| *it != account.role)?;
            let mut page =
                of("give_role", "give_role", "confirm.give_role.button").with("role", role.as_str());
            let label = i18n::text(locale, &format!("role.{}", role.as_str()), &());
            page.right = label.unwrap_or_else(|| role.as_str().to_owned());
            page
        }
        _ => return None,
    };
    if act == "suspend" {
        page.takes_reason = true;
        page.reason_hint = Some("admin.account.reason");
    }
    Some(page.of(format!(
        "{} ({})",
        account.profile.full_name(),
        account.email.as_str()
    )))
}

pub async fn act(Path(id): Path<String>, form: PageForm<Act>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = AccountId::new(id.as_str());
    let path = paths::admin_account(&id);
    match done(&ctx, &id, &fields).await {
        Ok(done) => ctx.done(&path, done).await,
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(Error::Conflict) => {
            // The account is looked up again: whoever may not see it learns nothing (G-9).
            person::find(&ctx.app, &ctx.actor_context(), &id).await?;
            let form = typed.notice("error.try_again");
            ctx.again_as(StatusCode::CONFLICT, form).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn done(ctx: &PageContext, id: &AccountId, fields: &Act) -> accounts::Result<&'static str> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    match fields.action.as_str() {
        "unlock" => assistance::unlock(app, &context, id)
            .await
            .map(|()| "account_unlocked"),
        "send_reset" => assistance::send_reset(app, &context, id)
            .await
            .map(|()| "reset_sent"),
        "end_sessions" => assistance::end_sessions(app, &context, id)
            .await
            .map(|()| "account_sessions_ended"),
        "suspend" => suspension::suspend(app, &context, id, &fields.reason)
            .await
            .map(|()| "account_suspended"),
        "reinstate" => suspension::lift(app, &context, id)
            .await
            .map(|()| "account_reinstated"),
        "give_role" => {
            let role = Role::parse(&fields.role).ok_or_else(|| Error::field("role", "error.choose"))?;
            roles::give(app, &context, id, role).await.map(|()| "role_given")
        }
        _ => Err(Error::field("action", "error.choose")),
    }
}
