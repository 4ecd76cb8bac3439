//! Sessions: the login that every service's single sign-on rests on (security.md SE-1 to SE-4).
//! The cookie's value is a bearer secret of 256 bits; only its digest is stored.

use super::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::{Proof, SecondProof};
use crate::domain::event::{Action, Event};
use crate::domain::secret::Secret;
use crate::domain::session::{MOST_PER_ACCOUNT, Session};
use crate::domain::{AccountId, SessionId, Sid, Time};
use crate::random;
use crate::storage::{accounts, consents, refresh_tokens, sessions};
use crate::telemetry::span::carried;
use crate::templates::mails;

/// Holds a session with the value of its cookie, of which only the digest is stored.
#[derive(Clone, Debug)]
pub struct Started {
    pub session: Session,
    pub cookie: Secret,
}

/// Returns the valid session of a cookie, and its person. SE-1: a value that is not well-formed is nobody's. Writes the
/// use of the session beside the answer, every five minutes at most (SE-2).
pub async fn find(app: &App, cookie: &str) -> Result<Option<(Session, Account)>> {
    if !is_well_formed(cookie) {
        return Ok(None);
    }
    let found = sessions::find_by_cookie(app.db.read(), &Secret::new(cookie).digest()).await?;
    let now = app.clock.now();
    let Some((session, account)) =
        found.filter(|(session, account)| session.is_alive(now) && account.may_log_in())
    else {
        return Ok(None);
    };
    if let Some(rested_at) = session.use_to_write(now) {
        let (app, session) = (app.clone(), session.clone());
        tokio::spawn(carried(async move {
            if let Err(error) = sessions::update_last_used(&app.db, &session, now, rested_at).await {
                tracing::warn!(%error, "the use of a session was not written");
            }
        }));
    }
    Ok(Some((session, account)))
}

/// Exchanges the cookie of a session in which a new one is due (SE-2). The `sid` stays, the old cookie is void. Returns
/// `None` if none is due, or if another request exchanged it.
pub async fn exchange_cookie(app: &App, session: &Session, cookie: &str) -> Result<Option<Secret>> {
    if !session.cookie_due {
        return Ok(None);
    }
    let (old, new) = (Secret::new(cookie), Secret::new(random::token()));
    let done = sessions::exchange_cookie(&app.db, &session.id, &old.digest(), &new.digest()).await?;
    Ok(done.then_some(new))
}

/// Returns the valid session with this id, and its person. G-10: what was issued in a session asks for it again.
pub async fn find_by_id(app: &App, id: &SessionId) -> Result<Option<(Session, Account)>> {
    let now = app.clock.now();
    let found = sessions::find(app.db.read(), id).await?;
    Ok(found.filter(|(session, account)| session.is_alive(now) && account.is_active()))
}

/// Starts a session for a person who was just verified.
pub async fn start(tx: &Tx, account: &Account, proof: Proof) -> Result<Started> {
    let open = sessions::list_of_account(tx, &account.id).await?;
    // The oldest sessions end, so that with the new one there are no more than allowed (SE-2).
    let mut by_age: Vec<&Session> = open.iter().filter(|it| it.is_alive(tx.now())).collect();
    by_age.sort_by_key(|it| std::cmp::Reverse(it.created_at));
    for surplus in by_age.into_iter().skip(MOST_PER_ACCOUNT as usize - 1) {
        retire(tx, &account.id, &surplus.id, "too_many").await?;
    }

    let cookie = Secret::new(random::token());
    let session = Session {
        id: SessionId::new(random::id()),
        sid: Sid::new(random::id()),
        account: account.id.clone(),
        created_at: tx.now(),
        authenticated_at: proof.authenticated_at,
        second_factor: proof.second_factor,
        last_used_at: tx.now(),
        rested_at: None,
        cookie_due: false,
        user_agent: tx.context().user_agent.chars().take(250).collect(),
        network: tx.context().network.clone(),
    };
    sessions::insert(tx, &session, &cookie.digest()).await?;
    let event = Event::new(Action::SignIn, format!("session:{}", session.id)).because(session.acr().as_str());
    tx.record_as(account, event).await?;
    Ok(Started { session, cookie })
}

/// Renews the session of a person who was verified again: a new cookie and `auth_time`, the same `sid`.
pub async fn renew(tx: &Tx, account: &Account, session: &Session, proof: Proof) -> Result<Started> {
    let cookie = Secret::new(random::token());
    let renewed = Session {
        authenticated_at: proof.authenticated_at,
        second_factor: proof.second_factor,
        last_used_at: tx.now(),
        rested_at: None,
        ..session.clone()
    };
    if !sessions::update_authenticated(tx, &renewed, &cookie.digest()).await? {
        // The session ended meanwhile, somewhere else: it stays so, and this is a login of its own.
        return start(tx, account, proof).await;
    }
    let event = Event::new(Action::SignIn, format!("session:{}", session.id)).because("reauthentication");
    tx.record_as(account, event).await?;
    Ok(Started {
        session: renewed,
        cookie,
    })
}

/// Adds a verified second factor to `session`: a new cookie (SE-2), the same `sid` and `auth_time`. Does not revive a
/// session that ended meanwhile.
pub(super) async fn raise(tx: &Tx, session: &Session, proof: SecondProof) -> Result<Started> {
    let cookie = Secret::new(random::token());
    // A weaker factor replaces no stronger one.
    let best = session
        .second_factor
        .filter(|it| it.factor.acr() >= proof.factor.acr());
    let raised = Session {
        second_factor: best.or(Some(proof)),
        last_used_at: tx.now(),
        ..session.clone()
    };
    if !sessions::update_authenticated(tx, &raised, &cookie.digest()).await? {
        return Err(Error::CodeVoid);
    }
    let event = Event::new(Action::SignIn, format!("session:{}", session.id)).about(&session.account);
    tx.record(event.because(proof.factor.as_str())).await?;
    Ok(Started {
        session: raised,
        cookie,
    })
}

/// Holds the account until the transaction ends, for a change that the person makes in `session`, and requires that the
/// session is still valid: a new password, set meanwhile, has ended it, and a change decided before that must not undo
/// what came with it (security.md G-9, PW-6).
pub(super) async fn hold(tx: &Tx, session: &Session) -> Result<()> {
    accounts::lock(tx, &session.account).await?;
    let found = sessions::find(tx, &session.id).await?;
    if found.is_some_and(|(session, account)| session.is_alive(tx.now()) && account.may_log_in()) {
        Ok(())
    } else {
        Err(Error::ReauthenticationNeeded)
    }
}

/// Returns `true` if the account had this session, which has ended.
pub async fn has_ended(app: &App, account: &AccountId, id: &SessionId) -> Result<bool> {
    Ok(sessions::has_ended(app.db.read(), account, id).await?)
}

/// Lists the person's valid sessions, the latest used first.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<Session>> {
    let now = app.clock.now();
    let mut open = sessions::list_of_account(app.db.read(), account).await?;
    open.retain(|it| it.is_alive(now));
    Ok(open)
}

/// Ends one session of `account`, with the refresh tokens issued in it. Returns `false` if it was none of theirs, or
/// had ended.
pub async fn end(
    app: &App,
    context: &Context,
    account: &AccountId,
    id: &SessionId,
    reason: &str,
) -> Result<bool> {
    app.write(context, async |tx| end_one(tx, account, id, reason).await)
        .await
}

/// Ends a session that gives way to another. As after a logout, what was granted to outlive it goes on (security.md
/// LO-3, OpenID Connect Core §11): the person has taken nothing back.
pub(super) async fn retire(tx: &Tx, account: &AccountId, id: &SessionId, reason: &str) -> Result<bool> {
    let ended = sessions::end(tx, account, id, tx.now()).await?;
    if ended {
        let event = Event::new(Action::SessionEnded, format!("session:{id}")).about(account);
        tx.record(event.because(reason)).await?;
    }
    Ok(ended)
}

async fn end_one(tx: &Tx, account: &AccountId, id: &SessionId, reason: &str) -> Result<bool> {
    let ended = retire(tx, account, id, reason).await?;
    if ended {
        refresh_tokens::end_refresh_tokens_of_session(tx, id, tx.now()).await?;
    }
    Ok(ended)
}

/// Ends all sessions of the account but one, and returns how many ended.
pub async fn end_others(app: &App, context: &Context, account: &AccountId, but: &SessionId) -> Result<usize> {
    app.write(context, async |tx| {
        end_all_but(tx, account, Some(but), "by_the_person").await
    })
    .await
}

/// Signs out everywhere: all sessions and all refresh tokens of the account (SE-3).
pub async fn end_everywhere(app: &App, context: &Context, account: &AccountId) -> Result<usize> {
    app.write(context, async |tx| {
        let ended = end_all_but(tx, account, None, "everywhere").await?;
        refresh_tokens::end_refresh_tokens_of_account(tx, account, tx.now()).await?;
        // A permission that has ended is not listed as one that goes on: a service asks for it again.
        consents::end_offline_access(tx, account).await?;
        // A person who did not do it themselves hears of it (LG-4).
        if tx.context().actor.account() != Some(account) {
            tell_of_end(tx, account).await?;
        }
        Ok(ended)
    })
    .await
}

/// Ends the sessions of an account that began until then, with the refresh tokens issued in them. The person hears of it
/// (LG-4), and finds `reason` in the history. Returns how many ended.
pub async fn end_begun_until(tx: &Tx, id: &AccountId, until: Time, reason: &str) -> Result<u64> {
    let mut ended = 0;
    for session in sessions::list_of_account(tx, id).await? {
        if session.created_at <= until && end_one(tx, id, &session.id, reason).await? {
            ended += 1;
        }
    }
    if ended > 0 && tx.context().actor.account() != Some(id) {
        tell_of_end(tx, id).await?;
    }
    Ok(ended)
}

/// Tells a person whose sessions were ended by others (LG-4).
async fn tell_of_end(tx: &Tx, id: &AccountId) -> Result<()> {
    if let Some(person) = accounts::find(tx, id).await? {
        let message = mails::SessionsEnded {
            name: person.profile.full_name(),
            at: tx.now(),
        };
        tx.mail(&person, &message).await?;
    }
    Ok(())
}

pub(super) async fn end_all_but(
    tx: &Tx,
    account: &AccountId,
    but: Option<&SessionId>,
    reason: &str,
) -> Result<usize> {
    let mut ended = 0;
    for session in sessions::list_of_account(tx, account).await? {
        if Some(&session.id) != but && end_one(tx, account, &session.id, reason).await? {
            ended += 1;
        }
    }
    Ok(ended)
}

fn is_well_formed(cookie: &str) -> bool {
    cookie.len() == 43
        && cookie
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
