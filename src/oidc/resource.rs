//! What a resource of ours asks of a program: an access token that is valid now, for this resource, presented by whoever
//! it is bound to, and with a scope that allows the request (RFC 6750, RFC 9449 §7, RFC 8705 §3, RFC 8707). Userinfo asks
//! here, and each interface for programs: [`admit`] is the one way in. [`acting`] says who acts then, with which powers.

use super::client_authentication::scheme_of;
use super::sender_constraint::{self, PresentedProof};
use super::{Error, Result, access_token, dpop};
use crate::accounts;
use crate::accounts::second_factor::policy;
use crate::app::App;
use crate::domain::actor::{Actor, Context};
use crate::domain::authentication::Acr;
use crate::domain::powers::{Power, Powers};

pub use super::access_token::Holder;

/// The places where a request may present its token (RFC 6750 §2).
#[derive(Clone, Debug, Default)]
pub struct PresentedToken<'a> {
    /// The `Authorization` header as it came.
    pub authorization: Option<&'a str>,
    /// The `access_token` of a form body.
    pub body: Option<&'a str>,
    /// `true` if the query has an `access_token`.
    pub in_query: bool,
    /// Proves that a bound token is presented by its holder (RFC 9449 §7, RFC 8705 §3).
    pub proof: PresentedProof,
}

impl<'a> PresentedToken<'a> {
    /// Returns the scheme in lower case and the token. UI-1: a token comes in one place, and never in the query,
    /// where logs would keep it.
    pub fn token(&self) -> Result<(String, &'a str)> {
        if self.in_query {
            return Err(Error::invalid_request(
                "An access token must not be sent in the query",
            ));
        }
        let header = self.authorization.and_then(scheme_of);
        let header =
            header.filter(|(scheme, _)| scheme == "bearer" || scheme.eq_ignore_ascii_case(dpop::SCHEME));
        match (header, self.body) {
            (Some(_), Some(_)) => Err(Error::invalid_request("An access token is sent in one place")),
            (Some(found), None) => Ok(found),
            (None, Some(token)) => Ok(("bearer".to_owned(), token)),
            (None, None) => Err(Error::missing_token()),
        }
    }
}

/// Admits whoever presents a token that is for `resource` and has one of the scope values `any_of`, if any are named. A
/// refusal names the client of the token for the log, if the token can be read.
pub async fn admit(
    app: &App,
    presented: &PresentedToken<'_>,
    resource: &str,
    any_of: &[&str],
) -> Result<Holder> {
    admit_unnamed(app, presented, resource, any_of)
        .await
        .map_err(|error| {
            let token = presented.token().ok().map(|(_, token)| token.to_owned());
            match token.and_then(|it| access_token::read(app, &it)) {
                Some(token) => error.of_client(&token.client_id),
                None => error,
            }
        })
}

async fn admit_unnamed(
    app: &App,
    presented: &PresentedToken<'_>,
    resource: &str,
    any_of: &[&str],
) -> Result<Holder> {
    let (scheme, token) = presented.token()?;
    let validity = access_token::validate(app, token).await?;
    let holder = validity.holder_or(Error::unusable_token)?;
    if !holder.token.is_for(resource, app.config.issuer.as_str()) {
        return Err(Error::unusable_token("an access token for another resource"));
    }
    let confirmation = holder.token.confirmation.as_ref();
    sender_constraint::admit(app, &presented.proof, &scheme, token, confirmation).await?;
    if any_of.is_empty() || any_of.iter().any(|it| holder.token.scope.contains(it)) {
        Ok(holder)
    } else {
        Err(lacking(any_of))
    }
}

/// Returns the refusal of a token whose scope has none of these values.
fn lacking(any_of: &[&str]) -> Error {
    let least = any_of.first().copied().unwrap_or_default();
    Error::insufficient_scope("The access token was not granted the scope that this needs")
        .needing("scope", least) // RFC 6750 §3
}

/// Returns who acts with an admitted token, with the powers of its scope and of the person's role. G-10: both as they are
/// now. `unnamed` has the rest of the circumstances.
///
/// An office that needs a second factor is closed to a token of a login without one, as its pages are (PW-9, RFC 9470).
pub async fn acting(app: &App, holder: &Holder, unnamed: Context) -> Result<Context> {
    let granted = Powers::of_scope(&holder.token.scope);
    let Some(account) = &holder.account else {
        let actor = Actor::Program {
            client: holder.client.id.clone(),
            powers: granted,
            person: None,
        };
        return Ok(Context { actor, ..unnamed });
    };
    let login = holder.token.authentication.as_ref();
    let acr = login.and_then(|it| Acr::parse(&it.acr)).unwrap_or(Acr::Password);
    let unmet = policy::unmet_by(app, acr, account).await.map_err(undecided)?;
    if unmet.is_some() {
        let error = Error::insufficient_user_authentication("The office needs a login with a second factor");
        return Err(error.needing("acr_values", Acr::SecondFactor.as_str()));
    }
    let actor = Actor::Program {
        client: holder.client.id.clone(),
        powers: granted.limited_to(Powers::of_role(account.role)),
        person: Some((account.id.clone(), account.role)),
    };
    Ok(Context {
        actor,
        authenticated_at: login.map(|it| it.auth_time),
        ..unnamed
    })
}

/// G-11: what cannot be decided is refused.
fn undecided(error: accounts::Error) -> Error {
    match error {
        accounts::Error::Storage(source) => source.into(),
        other => Error::internal(other.to_string()),
    }
}

/// Refuses a program that lacks a power.
pub fn require(context: &Context, power: Power) -> Result<()> {
    match &context.actor {
        Actor::Program { powers, .. } if powers.has(power) => Ok(()),
        _ => Err(lacking(&power.scopes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Code;

    #[test]
    fn a_token_comes_in_one_place() {
        let token = |authorization, body, in_query| {
            PresentedToken {
                authorization,
                body,
                in_query,
                proof: PresentedProof::default(),
            }
            .token()
            .map(|(_, token)| token)
            .map_err(|it| (it.code(), it.is_bare()))
        };
        assert_eq!(token(Some("Bearer x"), None, false), Ok("x"));
        assert_eq!(token(Some("bEARER x"), None, false), Ok("x")); // RFC 9110 §11.1
        assert_eq!(token(Some("dPoP x"), None, false), Ok("x"));
        assert_eq!(token(None, Some("x"), false), Ok("x"));
        assert_eq!(
            token(Some("Bearer x"), Some("x"), false),
            Err((Code::InvalidRequest, false))
        ); // UI-1
        assert_eq!(
            token(Some("Bearer x"), None, true),
            Err((Code::InvalidRequest, false))
        );
        assert_eq!(token(None, None, false), Err((Code::InvalidToken, true))); // RFC 6750 §3.1
        assert_eq!(
            token(Some("Basic x"), None, false),
            Err((Code::InvalidToken, true))
        );
    }
}
