//! `refresh_token` (RFC 6749 §6, RFC 9700 §4.14.2): rotated at every use, but for clients whose profile
//! keeps it; a rotated one that is shown again ends its family (security.md TK-5). What the person may is read anew each time (G-10).

use super::issue::Authorized;
use super::target::Target;
use super::{granted, person, required};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::scope::Scope;
use crate::domain::secret::Digest;
use crate::domain::token::{self, Confirmation, LONGEST_ACCESS_TOKEN, Presented, RefreshFamily};
use crate::domain::{RefreshFamilyId, Time};
use crate::oidc::mismatch::Mismatch;
use crate::oidc::{Error, Parameters, Result};
use crate::storage::{refresh_tokens, revocations};
use crate::{audit, random};

/// Starts a family and gives its first token. A public client's is bound to what it proved to hold; a
/// confidential client proves itself, and may change its key or certificate (RFC 9449 §5, RFC 8705 §6.2).
pub async fn begin(
    app: &App,
    client: &Client,
    grant: &Grant,
    bound_to: Option<&Confirmation>,
) -> Result<String> {
    let now = app.clock.now();
    let id = RefreshFamilyId::new(random::id());
    let token = token::refresh_token(&id, &random::token());
    let expires_at = now + app.config.tokens.refresh_absolute;
    let family = RefreshFamily {
        id,
        authorization_id: grant.authorization_id.clone(),
        account: grant.account.clone(),
        client_id: grant.client_id.clone(),
        session: grant.session.clone(),
        current: Digest::of(token.as_bytes()),
        previous: None,
        rotated_at: None,
        idle_until: idle_end(app, now, expires_at),
        expires_at,
    };
    let grant = Grant {
        bound_to: bound_to.filter(|_| client.is_public()).cloned(),
        ..grant.clone()
    };
    let content = serde_json::to_string(&grant).map_err(Error::internal)?;
    app.db
        .write(async |tx| -> Result<()> {
            // Whoever ends a session ends its refresh tokens after it: held here, the session cannot
            // end between the look at it and the insertion.
            if !refresh_tokens::hold_session(tx, &grant.session).await? {
                return Err(Error::unusable_grant("its session has ended"));
            }
            Ok(refresh_tokens::insert(tx, &family, content.clone(), now).await?)
        })
        .await?;
    Ok(token)
}

/// A FAPI client keeps the token that it has (TK-5).
pub async fn rotate(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    let presented = required(parameters, "refresh_token")?;
    let id = token::family_of(presented).ok_or_else(|| Error::unusable_grant("not a refresh token"))?;
    let found = refresh_tokens::find(app.db.read(), &id).await?;
    let (family, content) = found.ok_or_else(|| Error::unusable_grant("an unknown or ended family"))?;
    if family.client_id != client.id {
        return Err(Error::unusable_grant("another client's refresh token"));
    }
    let (now, digest) = (app.clock.now(), Digest::of(presented.as_bytes()));
    match family.judge(&digest, now) {
        Presented::Current => {}
        Presented::Expired => return Err(Error::unusable_grant("an expired refresh token")),
        Presented::JustRotated => return Err(Error::unusable_grant("a refresh token rotated a moment ago")),
        Presented::Reused => return Err(reused(app, context, &family, now).await?),
    }
    let grant: Grant = serde_json::from_str(&content).map_err(Error::internal)?;
    if grant.bound_to.is_some() && grant.bound_to != bound_to {
        return Err(Error::unusable_grant(
            "another key or certificate than the refresh token is bound to",
        ));
    }
    let target = Target::asked(app, client, &grant, parameters)?;
    let scope = narrowed(&granted::may_have(client, &grant)?, parameters.get("scope"))?;
    if revocations::revoked(app.db.read(), None, Some(&grant.authorization_id)).await? {
        return Err(Error::unusable_grant("its authorization was revoked"));
    }
    // Before the rotation: who is refused now by the access policy keeps the token for later (contract.md).
    let (account, grant) = person::behind(app, client, grant, person::Session::Optional).await?;

    let successor = match client.rotates_refresh_tokens() {
        true => Some(token::refresh_token(&family.id, &random::token())),
        false => None,
    };
    let to = successor.as_deref().map(|it| Digest::of(it.as_bytes()));
    let idle_until = idle_end(app, now, family.expires_at);
    let won = match &to {
        Some(to) => refresh_tokens::rotate(&app.db, &family.id, &digest, to, idle_until, now).await?,
        None => refresh_tokens::keep(&app.db, &family.id, &digest, idle_until).await?,
    };
    if !won {
        // Used in parallel, a moment ago, or ended: security.md G-8.
        return Err(Error::unusable_grant("a refresh token used in parallel"));
    }
    Ok(Authorized {
        scope,
        // OpenID Connect Core §12.2: an ID token of a refresh should have none.
        nonce: None,
        grant,
        account,
        refresh_token: successor,
        bound_to,
        target,
    })
}

/// Two hold the token: whichever is the thief, the family ends, and every token of it.
async fn reused(app: &App, context: &Context, family: &RefreshFamily, now: Time) -> Result<Error> {
    let id = &family.authorization_id;
    app.db
        .write(async |tx| -> Result<()> {
            refresh_tokens::end_authorization(tx, id, now, now + LONGEST_ACCESS_TOKEN).await?;
            let event = Event::new(Action::RefreshTokenReused, format!("account:{}", family.account))
                .failed(format!("authorization {id} of client {}", family.client_id));
            Ok(audit::record(tx, now, context, event).await?)
        })
        .await?;
    Ok(Error::unusable_grant("a refresh token that was used before"))
}

fn idle_end(app: &App, now: Time, expires_at: Time) -> Time {
    (now + app.config.tokens.refresh_idle).min(expires_at)
}

/// RFC 6749 §6: nothing that was not granted. A narrower answer leaves the grant as it is.
fn narrowed(granted: &Scope, asked: Option<&str>) -> Result<Scope> {
    let Some(asked) = asked else {
        return Ok(granted.clone());
    };
    let asked = Scope::parse(asked).map_err(|it| Error::invalid_scope(it.to_string()))?;
    match asked.is_empty() || !asked.is_within(granted) {
        true => {
            let mismatch = Mismatch::new("scope", asked.to_string(), granted.iter());
            Err(Error::invalid_scope("The scope is wider than what was granted").about(mismatch))
        }
        false => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_only_shrinks() {
        let scope = |text| Scope::parse(text).expect("a scope");
        let granted = scope("openid email offline_access");
        assert_eq!(narrowed(&granted, None).expect("all"), granted);
        assert_eq!(
            narrowed(&granted, Some("email openid")).expect("less"),
            scope("openid email")
        );
        for bad in ["openid profile", " ", "op\\en"] {
            assert!(narrowed(&granted, Some(bad)).is_err(), "{bad}"); // TK-5
        }
    }
}
