//! The endpoints of OAuth and OpenID Connect that programs call: extract, call `oidc`, answer. The
//! authorization endpoint and the end-session endpoint show pages: they are in `pages`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::Challenge;
use super::extract::Authenticated;
use super::extract::client::{one_header, proof_of};
use super::extract::form;
use super::public_document;
use crate::app::App;
use crate::domain::client::Client;
use crate::oidc::resource::PresentedToken;
use crate::oidc::userinfo::{self, Userinfo};
use crate::oidc::{
    self, backchannel_authentication, device_authorization, introspection, jwks,
    pushed_authorization_request, revocation, token,
};

pub async fn jwks(State(app): State<App>, asked: HeaderMap) -> Response {
    public_document::answer(&asked, jwks::document(&app))
}

/// An answer that nobody on the way may keep (RFC 6749 §5.1).
pub(super) struct NoStore<T>(pub(super) T);

impl<T: IntoResponse> IntoResponse for NoStore<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}

/// Names the client in an error, for the log.
fn of<T>(client: &Client, answer: Result<T, oidc::Error>) -> Result<T, oidc::Error> {
    answer.map_err(|it| it.of_client(&client.id))
}

/// Answers at the token endpoint (RFC 6749 §3.2).
pub async fn token(State(app): State<App>, request: Authenticated) -> Result<impl IntoResponse, oidc::Error> {
    let answer = token::exchange(
        &app,
        &request.context,
        &request.client,
        &request.parameters,
        &request.proof,
    )
    .await;
    let answer = of(&request.client, answer)?;
    Ok(NoStore(Json(answer)))
}

/// Answers a pushed authorization request (RFC 9126 §2).
pub async fn pushed_authorization_request(
    State(app): State<App>,
    request: Authenticated,
) -> Result<impl IntoResponse, oidc::Error> {
    let answer = pushed_authorization_request::push(
        &app,
        &request.context,
        &request.client,
        &request.parameters,
        &request.proof.dpop,
    )
    .await;
    let answer = of(&request.client, answer)?;
    Ok(NoStore((StatusCode::CREATED, Json(answer))))
}

/// Answers a device authorization request (RFC 8628 §3.1).
pub async fn device_authorization(
    State(app): State<App>,
    request: Authenticated,
) -> Result<impl IntoResponse, oidc::Error> {
    let answer = device_authorization::begin(
        &app,
        &request.context,
        &request.client,
        &request.parameters,
        &request.proof.dpop,
    )
    .await;
    let answer = of(&request.client, answer)?;
    Ok(NoStore(Json(answer)))
}

/// Answers a backchannel authentication request (CIBA §7).
pub async fn backchannel_authentication(
    State(app): State<App>,
    request: Authenticated,
) -> Result<impl IntoResponse, oidc::Error> {
    let answer =
        backchannel_authentication::begin(&app, &request.context, &request.client, &request.parameters).await;
    let answer = of(&request.client, answer)?;
    Ok(NoStore(Json(answer)))
}

/// Answers at the introspection endpoint (RFC 7662).
pub async fn introspection(
    State(app): State<App>,
    request: Authenticated,
) -> Result<impl IntoResponse, oidc::Error> {
    let answer = of(
        &request.client,
        introspection::answer(&app, &request.client, &request.parameters).await,
    )?;
    Ok(NoStore(Json(answer)))
}

/// Answers at the revocation endpoint (RFC 7009).
pub async fn revocation(
    State(app): State<App>,
    request: Authenticated,
) -> Result<impl IntoResponse, oidc::Error> {
    let done = revocation::revoke(&app, &request.context, &request.client, &request.parameters).await;
    of(&request.client, done)?;
    Ok(NoStore(StatusCode::OK))
}

/// Answers at the userinfo endpoint (OpenID Connect Core §5.3).
pub async fn userinfo(State(app): State<App>, request: Request) -> Result<Response, Challenge> {
    let authorization = one_header(request.headers(), header::AUTHORIZATION)?;
    let proof = proof_of(&app, &request);
    // A POST without a body is as good as a GET, and a body that is no form says nothing here (RFC 6750 §2.2).
    let has_body = request.method() == Method::POST && request.headers().contains_key(header::CONTENT_TYPE);
    let has_form = has_body && (authorization.is_none() || form::is_form(request.headers()));
    let pairs = if has_form {
        form::of_body(request).await.map_err(oidc::Error::from)?
    } else {
        form::of_no_body(request.uri())
    };
    let in_query = pairs.is_beside("access_token");
    let parameters = pairs.into_parameters()?;
    let presented = PresentedToken {
        authorization: authorization.as_deref(),
        body: parameters.get("access_token"),
        in_query,
        proof,
    };
    Ok(match userinfo::answer(&app, presented).await? {
        Userinfo::Json(claims) => NoStore(Json(claims)).into_response(),
        Userinfo::Jwt(jwt) => NoStore(([(header::CONTENT_TYPE, "application/jwt")], jwt)).into_response(),
    })
}
