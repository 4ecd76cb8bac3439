//! The person behind a grant, as of now: nothing is issued from what an older token states (security.md G-10, AF-4).

use sea_orm::DbErr;

use crate::app::App;
use crate::domain::account::Account;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::oidc::{Error, Result, access_policy, consent};
use crate::storage::Reads;
use crate::storage::revocations::Descent;
use crate::storage::standings::{self, Behind};

/// Says whether the grant ends with its session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Session {
    Needed,
    Optional,
}

/// Returns the person, and the grant with those of its claims that the person still grants.
pub async fn of_grant(
    app: &App,
    client: &Client,
    grant: Grant,
    session: Session,
) -> Result<(Account, Grant)> {
    let (db, now) = (app.db.read(), app.clock.now());
    // Whoever redeems a code again revokes its authorization, and may be faster than who redeems it first: the tokens of
    // that one are refused wherever they are presented, but one redemption wins.
    let descent = Descent {
        authorization: (session == Session::Optional).then_some(&grant.authorization_id),
        ..descent(&grant)
    };
    let (behind, gone) = match session {
        Session::Needed => (Behind::Session(&grant.session), "its session has ended"),
        Session::Optional => (Behind::Account(&grant.account), "an account that is gone"),
    };
    let found = standings::find(db, behind, &descent).await?.filter(|it| {
        let session = it.session.as_ref();
        session.is_none_or(|session| session.is_alive(now))
    });
    let standing = found.ok_or_else(|| Error::unusable_grant(gone))?;
    let account = standing.account;
    if account.id != grant.account || !account.is_active() {
        return Err(Error::unusable_grant("an account that is suspended"));
    }
    if standing.is_revoked {
        return Err(Error::unusable_grant("its authorization was revoked"));
    }
    let asked = (&grant.scope, &grant.claims);
    let in_force = consent::claims_in_force(db, client, &account.id, asked, grant.granted_at).await?;
    let Some(claims) = in_force else {
        return Err(Error::unusable_grant("its consent was withdrawn"));
    };
    if access_policy::check(db, client, &account.id).await?.is_some() {
        return Err(Error::unusable_grant("the access policy of the client"));
    }
    Ok((account, Grant { claims, ..grant }))
}

/// Returns the person of the grant as they are now; `None` if it was revoked, or they may not log in any more.
pub async fn standing_of_grant(db: &impl Reads, grant: &Grant) -> Result<Option<Account>, DbErr> {
    let found = standings::find(db, Behind::Account(&grant.account), &descent(grant)).await?;
    let valid = found.filter(|it| !it.is_revoked && it.account.is_active());
    Ok(valid.map(|it| it.account))
}

fn descent(grant: &Grant) -> Descent<'_> {
    Descent {
        token: None,
        authorization: Some(&grant.authorization_id),
        clients: [&grant.client_id; 2],
        issued_at: grant.granted_at,
    }
}
