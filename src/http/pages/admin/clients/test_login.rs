//! `/admin/clients/{id}/test`: whoever looks after a client logs in as its people do, and sees each step, with the tokens
//! decoded. The room plays the client; here the person chooses what it asks for and reads what came of it.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::answers::refused;
use super::people::lack;
use crate::domain::{ClientId, TestLoginId};
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::oidc::clients;
use crate::oidc::test_login::{self, Asked, Begun, Check, Place, Step, TestLoginError, Token, Unfit};
use crate::paths;
use crate::templates::pages::{
    AdminClientTest, AdminClientTestResult, TestCheck, TestParameter, TestRefusal, TestStep, TestToken,
};
use crate::templates::{FormChoice, FormState};

/// The values of `prompt` that the form offers, beside none.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "none"];

fn failed(error: TestLoginError) -> PageError {
    match error {
        TestLoginError::Client(error) => refused(error),
        TestLoginError::Protocol(error) => error.into(),
        TestLoginError::Store(error) => error.into(),
        unfit @ TestLoginError::Unfit(_) => PageError::internal(unfit),
    }
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let outline = test_login::outline(&ctx.app, &ctx.actor_context(), &ClientId::new(id)).await;
    let outline = outline.map_err(failed)?;
    let types: Vec<String> = outline.response_types.iter().map(ToString::to_string).collect();
    let first = FormState::new([
        ("response_type", types.first().cloned().unwrap_or_default()),
        ("scope", outline.client.scope().to_string()),
    ]);
    let page = AdminClientTest {
        id: outline.client.id.to_string(),
        name: outline.client.name().to_owned(),
        unfit: outline.unfit.map(|it| match it {
            Unfit::Disabled => "disabled",
            Unfit::NoLogin => "no_login",
        }),
        response_types: types.iter().map(|it| FormChoice::new(it, it)).collect(),
        prompts: PROMPTS.map(|it| FormChoice::new(it, it)).to_vec(),
        left_out: outline.left_out.iter().map(|it| it.as_str()).collect(),
        form: ctx.form_or(first),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    response_type: String,
    scope: String,
    prompt: String,
}

pub async fn begin(
    Path(id): Path<String>,
    person: SignedIn,
    form: PageForm<Fields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = ClientId::new(id);
    if !fields.prompt.is_empty() && !PROMPTS.contains(&fields.prompt.as_str()) {
        return ctx.again(typed.error("prompt", "error.choose")).await;
    }
    let place = Place {
        session: &person.session().id,
        browser: ctx.browser(),
        network: ctx.network(),
    };
    let asked = Asked {
        response_type: fields.response_type.trim(),
        scope: fields.scope.trim(),
        prompt: &fields.prompt,
    };
    match test_login::begin(&ctx.app, &ctx.actor_context(), &id, place, asked).await {
        Ok(Begun::Waiting(handle)) => Ok(ctx.redirect(&paths::authorize_continue(&handle))),
        Ok(Begun::Ended(test)) => {
            let to = paths::admin_client_test_result(&id);
            Ok(ctx.redirect(&paths::with_parameter(&to, "test", test.as_str())))
        }
        // The page says why.
        Err(TestLoginError::Unfit(_)) => Ok(ctx.redirect(&paths::admin_client_test(&id))),
        Err(other) => Err(failed(other)),
    }
}

pub async fn result(
    ctx: PageContext,
    Path(id): Path<String>,
    person: SignedIn,
) -> Result<Response, PageError> {
    let (app, context, id) = (&ctx.app, ctx.actor_context(), ClientId::new(id));
    let client = clients::read(app, &context, &id).await.map_err(refused)?;
    let test = TestLoginId::new(ctx.query("test").unwrap_or_default());
    let report = test_login::report(app, &context, &id, &person.session().id, &test).await;
    let report = report.map_err(failed)?;
    let page = AdminClientTestResult {
        id: id.to_string(),
        name: client.name().to_owned(),
        ended_at: report.as_ref().map(|it| it.ended_at),
        is_good: report.as_ref().is_some_and(|it| it.is_good()),
        steps: report.iter().flat_map(|it| &it.steps).map(step).collect(),
        left_out: report
            .iter()
            .flat_map(|it| &it.left_out)
            .map(|it| it.as_str())
            .collect(),
    };
    if report.is_some() {
        ctx.page(&page).await
    } else {
        ctx.page_with(StatusCode::GONE, &page).await
    }
}

fn step(step: &Step) -> TestStep {
    let parameters = |all: &[test_login::Parameter]| {
        let all = all.iter().map(|it| TestParameter {
            name: it.name.as_str(),
            value: it.value.clone(),
        });
        all.collect()
    };
    TestStep {
        kind: step.kind.as_str(),
        is_good: step.is_good(),
        request: step.request.clone(),
        sent: parameters(&step.sent),
        received: parameters(&step.received),
        tokens: step.tokens.iter().map(token).collect(),
        body: step.body.clone(),
        checks: checks(&step.checks),
        refusal: step.refusal.as_ref().map(|it| TestRefusal {
            code: it.code.clone(),
            description: it.description.clone(),
            lacks: it.lacks.iter().map(lack).collect(),
        }),
    }
}

fn token(token: &Token) -> TestToken {
    TestToken {
        name: token.name.as_str(),
        form: token.form.as_str(),
        header: token.header.clone(),
        claims: token.claims.clone(),
        checks: checks(&token.checks),
    }
}

fn checks(all: &[Check]) -> Vec<TestCheck> {
    let all = all.iter().map(|it| TestCheck {
        kind: it.kind.as_str(),
        holds: it.holds,
    });
    all.collect()
}
