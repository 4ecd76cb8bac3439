//! `/account/requests`: services that ask whether it is the person, and *allow* or *deny* (CIBA §8). Nothing is
//! decided by a link.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::backchannel_authentication::Stage;
use crate::domain::{AuthenticationRequestId, scope};
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, authorization};
use crate::oidc::backchannel_authentication::{self as requests, Decided, Outcome, Pending};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountRequests, PastRequestView, RequestView};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    request_id: String,
    decision: String,
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let form = ctx.form_or(FormState::default());
    let page = page(&ctx, &person, form).await?;
    ctx.page(&page).await
}

pub async fn decide(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (session, account) = (person.session(), person.account());
    let id = AuthenticationRequestId::new(fields.request_id.as_str());
    let (outcome, done) = match fields.decision.as_str() {
        // SE-2: a person who rested too long may be another by now, and the service is to learn who it is.
        "allow" if !session.is_fit_for_duty(app.clock.now()) => return Err(PageError::StaleLogin),
        "allow" => (
            requests::allow(app, &context, session, account, &id).await?,
            "request_allowed",
        ),
        "deny" => (
            requests::deny(app, &context, account, &id).await?,
            "request_denied",
        ),
        _ => return Err(PageError::Invalid),
    };
    match outcome {
        Outcome::Done => ctx.done(paths::ACCOUNT_REQUESTS, done).await,
        Outcome::SecondFactor => {
            let page = paths::with_parameter(paths::LOGIN_SECOND_FACTOR, "next", "account/requests");
            Ok(ctx.redirect(&page))
        }
        Outcome::NotTheirs => Err(PageError::NotFound),
        // G-9: they see the outcome.
        Outcome::Gone => {
            let form = FormState::default().notice("account.requests.gone");
            ctx.again_as(StatusCode::CONFLICT, form).await
        }
    }
}

async fn page(ctx: &PageContext, person: &SignedIn, form: FormState) -> Result<AccountRequests, PageError> {
    let account = person.account();
    let (pending, decided) = requests::list(&ctx.app, account).await?;
    let mut waiting = Vec::new();
    for request in pending {
        waiting.push(view(ctx, request).await?);
    }
    Ok(AccountRequests {
        form,
        email: account.email.as_str().to_owned(),
        waiting,
        past: decided.iter().map(past).collect(),
    })
}

async fn view(ctx: &PageContext, pending: Pending) -> Result<RequestView, PageError> {
    let unmet = match &pending.refused {
        Some(refused) => authorization::unmet(ctx, refused).await?,
        None => Vec::new(),
    };
    let scope = &pending.request.scope;
    Ok(RequestView {
        service: pending.client.name().to_owned(),
        offline_days: scope
            .contains(scope::OFFLINE_ACCESS)
            .then(|| authorization::offline_days(ctx)),
        details: authorization::details(ctx, &pending.request.details),
        scopes: scope.iter().map(str::to_owned).collect(),
        id: pending.request.id.into_string(),
        binding_message: pending.request.binding_message,
        requested_at: pending.request.requested_at,
        expires_at: pending.request.expires_at,
        unmet,
    })
}

fn past(decided: &Decided) -> PastRequestView {
    let client = decided.client.as_ref();
    PastRequestView {
        // A client that is gone is still shown, by what is left of it.
        service: client.map_or_else(
            || decided.request.client_id.to_string(),
            |it| it.name().to_owned(),
        ),
        outcome: match decided.request.stage {
            Stage::Waiting => "expired",
            Stage::Denied => "denied",
            Stage::Allowed(_) | Stage::Spent(_) => "allowed",
        },
        requested_at: decided.request.requested_at,
    }
}
