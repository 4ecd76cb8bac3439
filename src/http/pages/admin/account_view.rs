//! `/admin/accounts/{id}/view`: begins a view of a person's account pages as the person sees them. Who may look at whom is decided
//! in `accounts::staff`, the rest in `accounts::viewing`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::accounts::viewing::{self, Wish};
use crate::accounts::{Error, person, staff};
use crate::domain::AccountId;
use crate::domain::account_view::LONGEST;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::AdminAccountView;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    reason: String,
    ticket: String,
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let account = person::find(app, &context, &AccountId::new(id.as_str())).await?;
    staff::require_viewer(app, &context, &account).await?;
    if !account.is_active() {
        // The page of the account says what it is instead.
        return ctx.show_elsewhere(&paths::admin_account(&account.id)).await;
    }
    let page = AdminAccountView {
        id: account.id.as_str().to_owned(),
        name: account.profile.full_name(),
        email: account.email.as_str().to_owned(),
        minutes: LONGEST.num_minutes().unsigned_abs(),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

/// Begins the view, and shows the first page of the person, in their language.
pub async fn begin(
    Path(id): Path<String>,
    viewer: SignedIn,
    form: PageForm<Fields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context, id) = (&ctx.app, ctx.actor_context(), AccountId::new(id.as_str()));
    let wish = Wish {
        reason: &fields.reason,
        ticket: &fields.ticket,
        language: ctx.locale(),
    };
    match viewing::begin(app, &context, viewer.session(), &id, wish).await {
        Ok(account) => {
            let language = account.language.as_str();
            Ok(ctx.redirect(&paths::with_parameter(paths::ACCOUNT, "ui_locales", language)))
        }
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(Error::Conflict) => {
            // The account is looked up again: whoever may not see it learns nothing (G-9).
            person::find(app, &context, &id).await?;
            let form = typed.notice("error.try_again");
            ctx.again_as(StatusCode::CONFLICT, form).await
        }
        Err(other) => Err(other.into()),
    }
}
