//! The grant of an authorization request, and what the response carries of it: a code, tokens, or both
//! (OpenID Connect Core §3.1.2.5, §3.2.2.5, §3.3.2.5). `interaction` calls it when nothing is left to ask;
//! `codes` keeps the grant of a code, and `token/issue.rs` makes the tokens.

use crate::app::App;
use crate::domain::AuthorizationId;
use crate::domain::account::Account;
use crate::domain::authentication::Acr;
use crate::domain::authorization::{AuthorizationRequest, Grant};
use crate::domain::client::Client;
use crate::domain::client_use::CountedUse;
use crate::domain::grant_management::GrantId;
use crate::domain::session::Session;
use crate::domain::token::Confirmation;
use crate::oidc::token::audience::Audience;
use crate::oidc::token::issue::{self, Authorized, FrontChannel};
use crate::oidc::{Result, codes, logout, service_use};
use crate::random;
use crate::storage::consents;

/// A request, and the login of the person who answers it.
pub struct Login<'a> {
    pub request: &'a AuthorizationRequest,
    pub client: &'a Client,
    pub session: &'a Session,
    pub account: &'a Account,
}

/// Returns the parameters of the response: the code, the tokens, or both.
pub async fn issue(app: &App, login: &Login<'_>, acr: Acr) -> Result<Vec<(&'static str, String)>> {
    let Login {
        request,
        client,
        session,
        account,
    } = *login;
    let grant = Grant {
        grant_id: grant_id(app, request, account).await?,
        ..grant(app, request, session, acr)
    };
    let mut parameters = Vec::new();
    if request.response_type.code {
        parameters.push(("code", codes::issue(app, client, &grant).await?));
    }
    if request.response_type.is_front_channel() {
        if !grant.is_test {
            logout::take_part(app, client, &grant, &account.sub).await?;
            if !request.response_type.code {
                // Otherwise the redemption of the code is counted.
                app.count_use(&client.id, CountedUse::Login);
            }
            service_use::record(app, &grant).await;
        }
        let authorized = Authorized {
            scope: grant.scope.clone(),
            nonce: grant.nonce.clone(),
            account: account.clone(),
            refresh_token: None,
            bound_to: None,
            audience: Audience::of_grant(client, &grant)?,
            grant,
        };
        let code = parameters.first().map(|it| it.1.clone());
        let front = FrontChannel {
            response_type: request.response_type,
            code: code.as_deref(),
            state: request.state.as_deref(),
        };
        parameters.extend(issue::through_browser(app, client, &authorized, &front).await?);
    }
    Ok(parameters)
}

/// Returns the name of the grant, for a client that manages it.
async fn grant_id(app: &App, request: &AuthorizationRequest, account: &Account) -> Result<Option<GrantId>> {
    if request.grant_action.is_none() {
        return Ok(None);
    }
    let consent = consents::find(app.db.read(), &account.id, &request.client_id).await?;
    Ok(consent.and_then(|it| it.grant_id))
}

fn grant(app: &App, request: &AuthorizationRequest, session: &Session, acr: Acr) -> Grant {
    Grant {
        authorization_id: AuthorizationId::new(random::id()),
        client_id: request.client_id.clone(),
        account: session.account.clone(),
        session: session.id.clone(),
        sid: session.sid.clone(),
        redirect_uri: request.redirect_uri.clone(),
        scope: request.scope.clone(),
        claims: request.claims.clone(),
        nonce: request.nonce.clone(),
        code_challenge: request.code_challenge.clone(),
        resources: request.resources.clone(),
        details: request.details.clone(),
        grant_id: None,
        bound_to: request.dpop_jkt.clone().map(Confirmation::Key),
        is_test: request.test_login.is_some(),
        authentication: session.authentication().with_acr(acr),
        granted_at: app.clock.now(),
    }
}
