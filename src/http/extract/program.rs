//! The program that calls an interface for programs, by its access token in the `Authorization` header: a bearer token, or
//! one that is bound to a key or a certificate. `oidc::resource` admits it; each interface answers a refusal in the form
//! of its own standard, with the headers of a `Challenge`.

use axum::http::header;
use axum::http::request::Parts;

use super::actor_context;
use super::client::{one_header, proof_at};
use crate::app::App;
use crate::domain::actor::{Actor, Context};
use crate::oidc;
use crate::oidc::resource::{self, Holder, PresentedToken};

/// An admitted program.
#[derive(Debug)]
pub struct Program {
    pub holder: Holder,
    /// The context, with the program as its actor, and with the powers that its token gives.
    pub context: Context,
}

impl Program {
    /// Admits whoever presents a token for `resource` that has one of the scope values `any_of`, if any are named.
    pub async fn admit(
        app: &App,
        parts: &Parts,
        resource: &str,
        any_of: &[&str],
    ) -> Result<Self, oidc::Error> {
        let authorization = one_header(&parts.headers, header::AUTHORIZATION)?;
        let query = parts.uri.query().unwrap_or_default();
        let in_query = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
        let address = (&parts.method, &parts.uri);
        let presented = PresentedToken {
            authorization: authorization.as_deref(),
            body: None,
            in_query,
            proof: proof_at(app, address, &parts.headers, &parts.extensions),
        };
        let holder = resource::admit(app, &presented, resource, any_of).await?;
        let unnamed = actor_context::of(&parts.headers, &parts.extensions, Actor::Visitor);
        let context = resource::acting(app, &holder, unnamed).await;
        let context = context.map_err(|it| it.of_client(&holder.client.id))?;
        Ok(Self { holder, context })
    }
}
