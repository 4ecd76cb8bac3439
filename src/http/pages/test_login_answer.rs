//! The end of a test login: the answer goes to the room that plays the client, and the browser to the page that shows what came
//! of it. Neither code nor token is in the address (security.md AD-11). `authorization_response` calls it.

use axum::response::Response;

use super::{PageContext, PageError};
use crate::oidc::authorization::response::AuthorizationResponse;
use crate::oidc::clients::ClientError;
use crate::oidc::test_login::{self, Concluded, TestLoginError};
use crate::paths;

pub async fn conclude(ctx: &PageContext, answer: AuthorizationResponse) -> Result<Response, PageError> {
    let session = ctx.session().get().map(|(session, _)| session);
    let place = (session, ctx.browser());
    match test_login::conclude(&ctx.app, &ctx.actor_context(), place, answer).await {
        Ok(Concluded::Reported(client, id)) => {
            let to = paths::admin_client_test_result(&client);
            Ok(ctx.redirect(&paths::with_parameter(&to, "test", id.as_str())))
        }
        // Another person, or another session of the same: it is nobody's test any more.
        Ok(Concluded::Dropped) | Err(TestLoginError::Client(ClientError::Unknown(_))) => {
            ctx.failed(paths::ACCOUNT, "test_login_dropped").await
        }
        Err(other) => Err(refused(other)),
    }
}

fn refused(error: TestLoginError) -> PageError {
    match error {
        TestLoginError::Protocol(error) => error.into(),
        TestLoginError::Store(error) => error.into(),
        other => PageError::internal(other),
    }
}
