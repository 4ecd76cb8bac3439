//! The batches of a global revocation: each removes what is stored of some people, or of some grants of a client, and stores
//! how far it has come in the same transaction. Of several nodes that do the same batch, one succeeds. Between two batches
//! the database is left to others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::accounts::{Error, Result, sessions};
use crate::app::{App, Tx};
use crate::domain::AccountId;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::global_revocation::{Ended, GlobalRevocation, RevocationTarget};
use crate::domain::token::LONGEST_REFRESH_TOKEN;
use crate::storage::batches::{ROWS, pause};
use crate::storage::global_revocations;
use crate::storage::issued_until::{self, Removal};
use crate::storage::revocations::{self, Whose};

/// The reason of sessions that end, as the trail has it.
pub(super) const REASON: &str = "revocation";

/// For how long whoever asked waits; the job goes on afterwards.
const WAITED: Duration = Duration::from_secs(2);

/// What a batch came to.
enum Step {
    Done(GlobalRevocation),
    /// Another node has done it.
    Raced,
}

/// Goes on with all revocations that have batches left, one batch of each in turn.
pub async fn work(app: &App) -> Result<()> {
    loop {
        let open = global_revocations::list_open(app.db.read()).await?;
        if open.is_empty() {
            return Ok(());
        }
        for revocation in open {
            if app.stopping.is_cancelled() {
                return Ok(());
            }
            let begun = Instant::now();
            if let Step::Raced = advance(app, &revocation).await? {
                // Another node works: it is asked again later, not chased.
                return Ok(());
            }
            pause(begun).await;
        }
    }
}

/// Goes on with one revocation for a while. Returns it as it is then.
pub(super) async fn work_on(app: &App, revocation: GlobalRevocation) -> Result<GlobalRevocation> {
    let begun = Instant::now();
    work_while(app, revocation, || begun.elapsed() < WAITED).await
}

/// Goes on with one revocation to its end, or that of the process.
pub async fn finish(app: &App, revocation: GlobalRevocation) -> Result<GlobalRevocation> {
    work_while(app, revocation, || true).await
}

async fn work_while(
    app: &App,
    mut revocation: GlobalRevocation,
    goes_on: impl Fn() -> bool,
) -> Result<GlobalRevocation> {
    while revocation.completed_at.is_none() && goes_on() && !app.stopping.is_cancelled() {
        let begun = Instant::now();
        revocation = match advance(app, &revocation).await? {
            Step::Done(advanced) => advanced,
            Step::Raced => {
                let found = global_revocations::find(app.db.read(), &revocation.id).await?;
                found.ok_or(Error::NotFound)?
            }
        };
        pause(begun).await;
    }
    Ok(revocation)
}

async fn advance(app: &App, from: &GlobalRevocation) -> Result<Step> {
    let advanced = app
        .write(&Context::system(), async |tx| {
            let (ended, reached) = match &from.target {
                // One person is done with the start.
                RevocationTarget::Account(_) => (Ended::default(), None),
                RevocationTarget::Client(id) => {
                    let grants = issued_until::end_families_of_client(tx, id, removal(tx, from)).await?;
                    let ended = Ended {
                        grants,
                        ..Ended::default()
                    };
                    (ended, (grants == ROWS as u64).then(String::new))
                }
                RevocationTarget::Organization(id) => {
                    let people = issued_until::list_members(tx, id, &from.reached).await?;
                    end_of_people(tx, from, &people).await?
                }
                RevocationTarget::Everything => {
                    let people = issued_until::list_accounts(tx, &from.reached).await?;
                    end_of_people(tx, from, &people).await?
                }
            };
            let to = GlobalRevocation {
                ended: from.ended.and(ended),
                completed_at: reached.is_none().then(|| tx.now()),
                reached: reached.unwrap_or_else(|| from.reached.clone()),
                version: from.version + 1,
                ..from.clone()
            };
            if !global_revocations::advance(tx, &to).await? {
                return Err(Error::Conflict); // G-9
            }
            if to.completed_at.is_some() {
                let event = Event::new(Action::GlobalRevocationCompleted, to.target.object());
                tx.record(event.with(circumstances(&to))).await?;
            }
            Ok(to)
        })
        .await;
    match advanced {
        Ok(to) => Ok(Step::Done(to)),
        Err(Error::Conflict) => Ok(Step::Raced),
        Err(other) => Err(other),
    }
}

fn removal(tx: &Tx, of: &GlobalRevocation) -> Removal {
    Removal {
        until: of.until,
        now: tx.now(),
        lists_authorizations: of.looks_back(),
    }
}

/// Ends what these people have. Returns what it was, and the last of them; `None` if no more follow.
async fn end_of_people(
    tx: &Tx,
    of: &GlobalRevocation,
    people: &[AccountId],
) -> Result<(Ended, Option<String>)> {
    let Some(last) = people.last() else {
        return Ok((Ended::default(), None));
    };
    if let RevocationTarget::Organization(_) = of.target {
        let whose = people.iter().map(Whose::Account);
        revocations::insert_until(tx, whose, of.until, tx.now() + LONGEST_REFRESH_TOKEN).await?;
    }
    let mut ended: BTreeMap<AccountId, Ended> = BTreeMap::new();
    for (account, grants) in issued_until::end_families_of_accounts(tx, people, removal(tx, of)).await? {
        ended.entry(account).or_default().grants = grants;
    }
    if of.ends_sessions {
        for account in issued_until::list_with_sessions(tx, people, of.until).await? {
            let sessions = sessions::end_begun_until(tx, &account, of.until, REASON).await?;
            ended.entry(account).or_default().sessions = sessions;
        }
    }
    let mut all = Ended::default();
    for (account, of_account) in ended {
        let event = Event::new(Action::AccountTokensRevoked, of.target.object()).about(&account);
        let event = event.with(json!({"sessions": of_account.sessions, "grants": of_account.grants}));
        tx.record(event).await?;
        all = all.and(Ended {
            people: 1,
            ..of_account
        });
    }
    let goes_on = people.len() == ROWS;
    Ok((all, goes_on.then(|| last.to_string())))
}

/// Returns what the trail keeps of a revocation.
pub(super) fn circumstances(of: &GlobalRevocation) -> Value {
    json!({
        "revocation": of.id.as_str(),
        "issued_until": of.until,
        "ends_sessions": of.ends_sessions,
        "completed": of.completed_at.is_some(),
        "people": of.ended.people,
        "sessions": of.ended.sessions,
        "grants": of.ended.grants,
    })
}
