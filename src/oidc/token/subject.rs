//! The person behind a grant, as of now: nothing is issued from what an older token states (security.md G-10, AF-4).

use sea_orm::DbErr;

use crate::app::App;
use crate::domain::account::Account;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::oidc::{Error, Result, access_policy, consent};
use crate::storage::revocations::{self, Descent};
use crate::storage::{Reads, accounts, sessions};

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
    let account = match session {
        Session::Needed => sessions::find(db, &grant.session)
            .await?
            .filter(|(session, _)| session.is_alive(now))
            .map(|(_, account)| account)
            .ok_or_else(|| Error::unusable_grant("its session has ended"))?,
        Session::Optional => accounts::find(db, &grant.account)
            .await?
            .ok_or_else(|| Error::unusable_grant("an account that is gone"))?,
    };
    if account.id != grant.account || !account.is_active() {
        return Err(Error::unusable_grant("an account that is suspended"));
    }
    // Whoever redeems a code again revokes its authorization, and may be faster than who redeems it first: the tokens of
    // that one are refused wherever they are presented, but one redemption wins.
    let descent = Descent {
        authorization: (session == Session::Optional).then_some(&grant.authorization_id),
        ..descent(&grant)
    };
    if revocations::revoked(db, &descent).await? {
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

/// Returns `true` if the grant was revoked, or was made before the moment until which everything like it was.
pub async fn is_revoked(db: &impl Reads, grant: &Grant) -> Result<bool, DbErr> {
    revocations::revoked(db, &descent(grant)).await
}

fn descent(grant: &Grant) -> Descent<'_> {
    Descent {
        token: None,
        authorization: Some(&grant.authorization_id),
        account: Some(&grant.account),
        clients: [&grant.client_id; 2],
        issued_at: grant.granted_at,
    }
}
