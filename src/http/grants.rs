//! The grant management endpoint (Grant Management for OAuth 2.0 §6): a client presents an access token with the scope of the
//! call, reads one grant, or ends it. What it may is decided in `oidc::grant_management`.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::error::Challenge;
use super::extract::program::Program;
use super::protocol::NoStore;
use crate::app::App;
use crate::domain::grant_management::GrantId;
use crate::domain::scope::{GRANT_MANAGEMENT_QUERY, GRANT_MANAGEMENT_REVOKE};
use crate::oidc::{self, Code, grant_management};

pub async fn query(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response {
    let read = async {
        let program = admit(&app, request, GRANT_MANAGEMENT_QUERY).await?;
        grant_management::query(&app, &program.holder, &GrantId::new(id)).await
    };
    match read.await {
        Ok(grant) => NoStore(Json(grant)).into_response(),
        Err(error) => refused(error),
    }
}

pub async fn revoke(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response {
    let done = async {
        let program = admit(&app, request, GRANT_MANAGEMENT_REVOKE).await?;
        grant_management::revoke(&app, &program.context, &program.holder, &GrantId::new(id)).await
    };
    match done.await {
        Ok(()) => NoStore(StatusCode::NO_CONTENT).into_response(),
        Err(error) => refused(error),
    }
}

async fn admit(app: &App, request: Request, scope: &'static str) -> Result<Program, oidc::Error> {
    let (parts, _) = request.into_parts();
    Program::admit(app, &parts, app.config.issuer.as_str(), &[scope]).await
}

fn refused(error: oidc::Error) -> Response {
    match error.code() {
        // The token is good: there is nothing to be asked for.
        Code::InvalidGrantId => error.into_response(),
        _ => Challenge::at_resource("grants", error).into_response(),
    }
}
