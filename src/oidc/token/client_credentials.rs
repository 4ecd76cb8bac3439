//! `client_credentials` (RFC 6749 §4.4): a client on its own behalf. There is no person, hence no ID token, no refresh
//! token, and none of the scopes that are about people (security.md TK-4).

use super::audience::Audience;
use super::issue;
use super::response::TokenResponse;
use crate::app::App;
use crate::domain::client::Client;
use crate::domain::scope::{self, Scope};
use crate::domain::token::Confirmation;
use crate::oidc::mismatch::Mismatch;
use crate::oidc::{Error, Parameters, Result};

pub fn grant(
    app: &App,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<TokenResponse> {
    if client.is_public() {
        // RFC 6749 §4.4: only confidential clients may use it.
        return Err(Error::unauthorized_client(
            "A public client cannot act on its own behalf",
        ));
    }
    let scope = allowed(client.scope(), parameters.get("scope"))?;
    let audience = Audience::of_client(app, client, parameters)?;
    issue::client_token(app, client, scope, audience, bound_to)
}

fn allowed(registered: &Scope, asked: Option<&str>) -> Result<Scope> {
    let own: Scope = registered
        .iter()
        .filter(|it| !scope::STANDARD.contains(it))
        .collect();
    let Some(asked) = asked else { return Ok(own) };
    let asked = Scope::parse(asked).map_err(|it| Error::invalid_scope(it.to_string()))?;
    let granted = asked.limited_to(&own);
    if granted.is_empty() {
        // contract.md: a scope that is not allowed is dropped; it is an error only if nothing remains.
        let mismatch = Mismatch::new("scope", asked.to_string(), own.iter());
        Err(Error::invalid_scope("None of these scopes is for the client itself").about(mismatch))
    } else {
        Ok(granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_not_a_person() {
        let scope = |text| Scope::parse(text).expect("a scope");
        let registered = scope("openid profile itu_membership offline_access catalogue admin");
        assert_eq!(
            allowed(&registered, None).expect("its own"),
            scope("catalogue admin")
        ); // TK-4
        assert_eq!(
            allowed(&registered, Some("openid catalogue x")).expect("one"),
            scope("catalogue")
        );
        for bad in ["openid", "other", "cata\"logue"] {
            assert!(allowed(&registered, Some(bad)).is_err(), "{bad}");
        }
        assert!(allowed(&scope("openid"), None).expect("none asked").is_empty());
    }
}
