//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2), the way on from its pages, and
//! the pages that only exist inside a request: choice of account, consent, refusal by policy or for want of a second
//! factor.

use axum::extract::Request;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::onward::go_on;
use super::{PageContext, PageError, PageForm, authorization_response, repeated_answer};
use crate::accounts::second_factor;
use crate::affiliations::{self, directory};
use crate::domain::authentication::Acr;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::scope;
use crate::http::extract::form;
use crate::oidc::access_policy::{AccessRefused as Refused, Lack};
use crate::oidc::authorization::interaction::{self, Step};
use crate::oidc::authorization::request::{self, RawRequest, Rejection};
use crate::paths;
use crate::templates::pages::{AccessRefused, Consent, Detail, SecondFactorNeeded, SelectAccount, Unmet};

pub async fn authorize(ctx: PageContext, uri: Uri) -> Result<Response, PageError> {
    let raw = RawRequest::new(form::of_query(&uri)?);
    let request = match request::accept(&ctx.app, &ctx.actor_context(), &raw).await {
        Ok(request) => request,
        Err(Rejection::Page(error)) => return Err(PageError::Protocol(error)),
        Err(Rejection::Answer(answer)) => return authorization_response::respond(&ctx, *answer).await,
    };
    begin(&ctx, request).await
}

async fn begin(ctx: &PageContext, request: AuthorizationRequest) -> Result<Response, PageError> {
    match interaction::begin(&ctx.app, &request, ctx.session().get()).await? {
        Step::Answer(answer) => authorization_response::respond(ctx, answer).await,
        Step::Unanswerable(error) => Err(PageError::Protocol(error)),
        step => {
            let handle = interaction::open(&ctx.app, request, ctx.browser(), ctx.network()).await?;
            flow::take(ctx, &handle, step).await
        }
    }
}

/// Stores the request, which a GET continues, with which the cookies arrive (AZ-12). Nothing is set in the browser:
/// its cookies did not come along, so they must not be replaced.
pub async fn authorize_by_post(ctx: PageContext, request: Request) -> Result<Response, PageError> {
    let ctx = ctx.without_cookies();
    let raw = RawRequest::new(form::of_body(request).await?);
    match request::accept(&ctx.app, &ctx.actor_context(), &raw).await {
        Ok(request) => {
            let handle = interaction::open_posted(&ctx.app, request, ctx.network()).await?;
            Ok(go_on(&ctx, &handle))
        }
        Err(Rejection::Page(error)) => Err(PageError::Protocol(error)),
        Err(Rejection::Answer(answer)) => authorization_response::respond(&ctx, *answer).await,
    }
}

/// Leads to the next step of a request that waits.
pub async fn continue_request(ctx: PageContext) -> Result<Response, PageError> {
    let handle = ctx.request().ok_or(PageError::RequestOver(None))?.to_owned();
    if let Some(posted) = interaction::find_posted(&ctx.app, &handle).await? {
        return begin(&ctx, posted).await;
    }
    let (ctx, flow) = Flow::enter(ctx).await?;
    let Some(flow) = flow else {
        return match repeated_answer::find(&ctx, &handle).await {
            Some(location) => Ok(ctx.redirect(&location)),
            None => Err(PageError::RequestOver(Some(handle))),
        };
    };
    let step = flow.step(&ctx).await?;
    flow::take(&ctx, &flow.handle, step).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decision {
    decision: String,
}

pub async fn show_choice(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::required(ctx).await?;
    let Some((_, account)) = ctx.session().get() else {
        return Ok(go_on(&ctx, &flow.handle));
    };
    let page = SelectAccount {
        service: flow.service,
        name: account.profile.full_name(),
        email: account.email.as_str().to_owned(),
    };
    ctx.page(&page).await
}

pub async fn choose(form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (ctx, flow) = Flow::required(ctx).await?;
    match (fields.decision.as_str(), ctx.session().get()) {
        ("continue", Some((_, account))) => {
            let step = flow.step(&ctx).await?;
            if !matches!(step, Step::SelectAccount) {
                return flow::take(&ctx, &flow.handle, step).await; // G-6
            }
            flow.choose(&ctx.app, &account.id).await?;
        }
        ("other", _) => return Ok(ctx.redirect(&paths::login_with_other_account(&flow.handle))),
        ("cancel", _) => return flow.deny(&ctx).await,
        _ => {}
    }
    Ok(go_on(&ctx, &flow.handle))
}

/// Returns the days for which a refresh token works at most; a part of a day counts as one, since the page says *up to*.
pub(super) fn offline_days(ctx: &PageContext) -> u64 {
    ctx.app.config.tokens.refresh_absolute.as_secs().div_ceil(86_400)
}

pub async fn show_consent(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::required(ctx).await?;
    let step = flow.step(&ctx).await?;
    let (Step::Consent(needed), Some((_, account))) = (&step, ctx.session().get()) else {
        return flow::take(&ctx, &flow.handle, step).await;
    };
    let page = Consent {
        email: account.email.as_str().to_owned(),
        offline_days: needed
            .scope
            .contains(scope::OFFLINE_ACCESS)
            .then(|| offline_days(&ctx)),
        scopes: needed.scope.iter().map(str::to_owned).collect(),
        claims: needed.claims.clone(),
        details: details(&ctx, &needed.details),
        service: flow.service,
    };
    ctx.page(&page).await
}

pub async fn show_need(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::required(ctx).await?;
    let step = flow.step(&ctx).await?;
    let (Step::SecondFactorMissing, Some((_, account))) = (&step, ctx.session().get()) else {
        return flow::take(&ctx, &flow.handle, step).await;
    };
    let page = SecondFactorNeeded {
        email: account.email.as_str().to_owned(),
        // A person who has an app can add only a passkey.
        app: !second_factor::status(&ctx.app, &account.id).await?.is_on()
            && flow
                .interaction
                .request
                .wanted_acr()
                .met_by(Acr::SecondFactor)
                .is_some(),
        passkey: ctx.app.webauthn.is_offered(),
        service: flow.service,
    };
    ctx.page(&page).await
}

pub async fn give_up(form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (ctx, flow) = Flow::required(ctx).await?;
    match fields.decision.as_str() {
        "back" | "cancel" => flow.give_up(&ctx).await,
        _ => Ok(go_on(&ctx, &flow.handle)),
    }
}

/// Returns the details in the words and language of the page.
pub(super) fn details(ctx: &PageContext, asked: &AuthorizationDetails) -> Vec<Detail> {
    let types = &ctx.app.config.authorization.details;
    let label = |name: &str| {
        let labels = types.get(name).map(|it| &it.label);
        let found = labels.and_then(|it| it.get(ctx.locale().as_str()).or_else(|| it.get("en")));
        found.map_or(name, String::as_str).to_owned()
    };
    let details = asked.described().into_iter().map(|detail| Detail {
        label: label(&detail.r#type),
        lines: detail.lines,
    });
    details.collect()
}

pub async fn consent(form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (ctx, flow) = Flow::required(ctx).await?;
    match (fields.decision.as_str(), ctx.session().get()) {
        ("allow", Some((_, account))) => {
            let step = flow.step(&ctx).await?;
            if !matches!(step, Step::Consent(_)) {
                // G-6: a step before it is still to be done, or nothing is left to agree to.
                return flow::take(&ctx, &flow.handle, step).await;
            }
            let (app, context) = (&ctx.app, ctx.actor_context());
            // If the request was answered meanwhile, in another window, the page that comes next says so.
            interaction::agree(app, &context, &flow.handle, &flow.interaction, &account.id).await?;
            Ok(go_on(&ctx, &flow.handle))
        }
        ("deny" | "cancel", _) => flow.deny(&ctx).await,
        _ => Ok(go_on(&ctx, &flow.handle)),
    }
}

pub async fn show_refusal(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::required(ctx).await?;
    let step = flow.step(&ctx).await?;
    let Step::AccessRefused(refused) = &step else {
        return flow::take(&ctx, &flow.handle, step).await;
    };
    let page = AccessRefused {
        unmet: unmet(&ctx, refused).await?,
        service: flow.service,
    };
    ctx.page(&page).await
}

pub async fn leave(form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (ctx, flow) = Flow::required(ctx).await?;
    match fields.decision.as_str() {
        "back" | "cancel" => flow.deny(&ctx).await,
        _ => Ok(go_on(&ctx, &flow.handle)),
    }
}

/// Returns the requirements in the words and language of the page.
pub(super) async fn unmet(ctx: &PageContext, refused: &Refused) -> Result<Vec<Unmet>, PageError> {
    let language = ctx.locale().as_str();
    let types = directory::membership_types::list(&ctx.app).await?;
    let rights = affiliations::ties::kinds(&ctx.app).await?;
    let type_name = |id: &String| {
        let found = types.iter().find(|it| it.id.as_str() == id);
        found.map_or(id.as_str(), |it| it.name(language)).to_owned()
    };
    let right_name = |id: &String| {
        let found = rights.iter().find(|it| it.name == *id);
        found.map_or(id.as_str(), |it| it.label(language)).to_owned()
    };
    let current = match ctx.session().get() {
        Some((_, account)) => affiliations::overview(&ctx.app, &account.id).await?.current,
        None => None,
    };
    let words = refused.lacks.iter().map(|lack| match lack {
        Lack::Affiliation => Unmet::Affiliation {
            status: refused.affiliation_status.as_str().to_owned(),
            organization: current.as_ref().map(|it| it.organization.name.clone()),
        },
        Lack::MembershipType(types) => Unmet::MembershipType {
            wanted: types.iter().map(type_name).collect(),
        },
        Lack::TiesRights(rights) => Unmet::TiesRights {
            wanted: rights.iter().map(right_name).collect(),
        },
    });
    Ok(words.collect())
}
