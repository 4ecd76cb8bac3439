//! `/account/not-me`: the link *This was not me* of mails about an account's security (security.md LG-4). It works
//! without a login: the GET says what will happen, the POST secures the account. As with a reset link, the token leaves
//! the address with the first step.

use axum::response::Response;

use super::mail_link::{self, Entered, Nothing};
use super::{PageContext, PageError, PageForm};
use crate::accounts::not_me::{self, AddressEffect, Effect, Opened};
use crate::accounts::{self, second_factor::HeldFactor};
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::{FactorView, NotMe, NotMeEffect};

/// Moves the `token` of the mail's link into a cookie, and shows the address without it.
pub async fn open(ctx: PageContext) -> Result<Response, PageError> {
    if let Some(outcome) = ctx.content::<NotMe>() {
        return ctx.page(&outcome).await;
    }
    let (ctx, token) = match mail_link::enter(ctx, Cookie::NotMe, paths::ACCOUNT_NOT_ME) {
        Entered::Held(ctx, token) => (ctx, token),
        Entered::Moved(response) => return Ok(response),
        Entered::Void(ctx) => return ctx.page(&NotMe::Void).await,
    };
    let page = match not_me::open(&ctx.app, &token).await {
        Ok(Opened::Open(effect)) => NotMe::Open(view(&effect)),
        Ok(Opened::Used(at)) => NotMe::Used { at },
        Ok(Opened::Expired) => NotMe::Expired,
        Err(accounts::Error::LinkVoid) => NotMe::Void,
        Err(other) => return Err(other.into()),
    };
    ctx.page(&page).await
}

pub async fn secure(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let Some(token) = ctx.cookie(Cookie::NotMe) else {
        return Ok(ctx.redirect(paths::ACCOUNT_NOT_ME));
    };
    let outcome = match not_me::secure(&ctx.app, &ctx.actor_context(), &token).await {
        Ok(effect) if effect.address == AddressEffect::Taken => NotMe::Taken,
        Ok(effect) => NotMe::Done(view(&effect)),
        // The page says what has become of the link.
        Err(accounts::Error::LinkVoid) => return Ok(ctx.redirect(paths::ACCOUNT_NOT_ME)),
        Err(other) => return Err(other.into()),
    };
    // Bound to the browser and to no account: the session that this browser may have had has ended.
    ctx.again_to(None, Outcome::of(&outcome)?).await
}

fn view(effect: &Effect) -> NotMeEffect {
    let address = match effect.address {
        AddressEffect::Kept => "kept",
        AddressEffect::Restored => "restored",
        AddressEffect::Taken => "taken",
    };
    NotMeEffect {
        cause: effect.cause.as_str().to_owned(),
        mailed_at: effect.mailed_at,
        email: effect.email.as_str().to_owned(),
        address: address.to_owned(),
        stops_deletion: effect.stops_deletion,
        added: factors(&effect.added),
        earlier: factors(&effect.earlier),
        voids_codes: effect.voids_codes,
    }
}

fn factors(held: &[HeldFactor]) -> Vec<FactorView> {
    let views = held.iter().map(|it| FactorView {
        factor: it.factor.as_str().to_owned(),
        added_at: it.added_at,
    });
    views.collect()
}
