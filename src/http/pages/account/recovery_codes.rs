//! `/account/security/recovery-codes`: a new list, readable until the person says that it is saved, also after a reload
//! or in another window of the same session; to be copied, printed, or kept as a file.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::domain::Time;
use crate::domain::second_factor::grouped;
use crate::http::pages::flow::Flow;
use crate::http::pages::onward::onward;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::paths;
use crate::sealed::{self, Purpose};
use crate::templates::pages::AccountRecoveryCodes;

/// The time for which a list is kept: no session is valid longer.
const LIFETIME: Duration = Duration::from_hours(12);

/// The set-up that made a list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::http::pages) enum Made {
    WithApp,
    WithPasskey,
    /// With the passkey that a login offered: the person goes on to where the login leads.
    AtLogin,
}

impl Made {
    fn leads_on(self, ctx: &PageContext) -> Response {
        match self {
            Self::WithApp => ctx.redirect(paths::ACCOUNT_TOTP),
            Self::WithPasskey => ctx.redirect(paths::ACCOUNT_PASSKEYS),
            Self::AtLogin => onward(ctx),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    codes: Vec<String>,
    first: bool,
    made: Made,
    /// Absent in a list that the release before kept.
    #[serde(default)]
    made_at: Option<Time>,
}

/// Keeps a new list for the page that shows it, and leads there.
pub(in crate::http::pages) async fn show_new(
    ctx: &PageContext,
    person: &SignedIn,
    codes: &[String],
    first: bool,
    made: Made,
) -> Result<Response, PageError> {
    let kept = Kept {
        codes: codes.iter().map(|it| grouped(it)).collect(),
        first,
        made,
        made_at: Some(ctx.app.clock.now()),
    };
    sealed::put(&ctx.app, Purpose::RecoveryCodes, &key(person), &kept, LIFETIME).await?;
    Ok(ctx.redirect(&ctx.within(paths::ACCOUNT_RECOVERY_CODES)))
}

/// Names the list by the session that made it, in which alone it is read.
fn key(person: &SignedIn) -> String {
    format!("{}\n{}", person.account().id, person.session().sid)
}

async fn kept(ctx: &PageContext, person: &SignedIn) -> Result<Option<Kept>, PageError> {
    Ok(sealed::get(&ctx.app, Purpose::RecoveryCodes, &key(person)).await?)
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let (ctx, _) = Flow::enter(ctx).await?;
    let Some(kept) = kept(&ctx, &person).await? else {
        return Ok(ctx.redirect(paths::ACCOUNT_SECURITY));
    };
    let page = AccountRecoveryCodes {
        codes: kept.codes,
        first: kept.first,
        email: person.account().email.as_str().to_owned(),
        made_at: kept.made_at,
    };
    ctx.page(&page).await
}

/// Sends the list as a text file, which names the account.
pub async fn download(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let Some(kept) = kept(&ctx, &person).await? else {
        return Ok(ctx.redirect(paths::ACCOUNT_SECURITY));
    };
    let mut text = format!("{}\n{}\n", ctx.app.config.issuer, person.account().email.as_str());
    if let Some(made_at) = kept.made_at {
        let _ = writeln!(text, "{}", made_at.date_naive());
    }
    text.push('\n');
    for code in &kept.codes {
        text.push_str(code);
        text.push('\n');
    }
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"itu-recovery-codes.txt\""),
    );
    Ok(ctx.send(response))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

/// Forgets the list, which the person says is saved.
pub async fn saved(person: SignedIn, form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let made = kept(&ctx, &person).await?.map(|it| it.made);
    sealed::remove(&ctx.app, Purpose::RecoveryCodes, &key(&person)).await?;
    Ok(match made {
        Some(made) => made.leads_on(&ctx),
        None => ctx.redirect(paths::ACCOUNT_SECURITY),
    })
}
