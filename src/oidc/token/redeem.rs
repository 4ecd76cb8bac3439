//! Redeems the grant of a code, of a device or of a backchannel request: reads the person as of now, and begins a
//! family of refresh tokens with `offline_access` (security.md TK-1 to TK-5, G-10).

use super::audience::Audience;
use super::issue::Authorized;
use super::{refresh_family, scope, subject};
use crate::app::App;
use crate::domain::AuthorizationId;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::client_use::CountedUse;
use crate::domain::event::{Action, Event};
use crate::domain::token::{Confirmation, LONGEST_REFRESH_TOKEN};
use crate::oidc::{Error, Parameters, Result, logout, service_use};
use crate::storage::refresh_tokens;

/// Redeems a grant that its caller took: there is no second redemption of it.
pub async fn grant(
    app: &App,
    client: &Client,
    grant: Grant,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    if grant.bound_to.is_some() && grant.bound_to != bound_to {
        return Err(Error::unusable_grant("another key than the code is bound to")); // RFC 9449 §10
    }
    let audience = Audience::requested(app, client, &grant, parameters)?;
    let (account, grant) = subject::of_grant(app, client, grant, subject::Session::Needed).await?;
    let scope = scope::in_force(client, &grant, &account)?;
    if !grant.is_test {
        logout::take_part(app, client, &grant, &account.sub).await?;
        app.count_use(&client.id, CountedUse::Login);
        service_use::record(app, &grant).await;
    }
    let refresh_token = if may_refresh(client, &grant) {
        Some(refresh_family::begin(app, client, &grant, bound_to.as_ref()).await?)
    } else {
        None
    };
    Ok(Authorized {
        scope,
        nonce: grant.nonce.clone(),
        grant,
        account,
        refresh_token,
        bound_to,
        audience,
    })
}

/// Returns `true` if `offline_access` was granted: by consent, or to a first-party client by its registration (TK-5).
fn may_refresh(client: &Client, grant: &Grant) -> bool {
    client.may_refresh() && grant.is_offline()
}

/// Ends what a replayed code bought. RFC 6749 §4.1.2: if a code is presented a second time, its tokens may be in wrong
/// hands. The record outlives every token that a redemption still under way could yield.
pub async fn replayed(app: &App, context: &Context, client: &Client, id: &AuthorizationId) -> Result<Error> {
    let ended = app.write(context, async |tx| {
        let until = tx.now() + LONGEST_REFRESH_TOKEN;
        refresh_tokens::end_authorization(tx, id, tx.now(), until).await?;
        let event = Event::new(Action::CodeReused, format!("authorization:{id}"))
            .failed(format!("shown by client {}", client.id));
        tx.record(event).await
    });
    ended.await?;
    Ok(Error::unusable_grant("a code that was used before"))
}
