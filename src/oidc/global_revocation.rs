//! Global revocation, for incidents: all tokens that were issued until a moment end, of a person, of a client, of the people
//! of an organization, or of everybody. From its start they are refused, whatever their form, and so is what would be
//! issued from a grant of that time; one row says so. What is stored of them, and the sessions where those end too, is removed
//! afterwards in batches (`batches`), by whoever asked and by the job, which goes on where a process ended.
//!
//! Pages, the command line and the API call it. A client that gives back one token is in `revocation` (RFC 7009).

mod batches;

use chrono::Duration;

use crate::accounts::second_factor::policy;
use crate::accounts::{Error, Result, administrators, sessions};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::global_revocation::{Ended, GlobalRevocation, GlobalRevocationId, RevocationTarget};
use crate::domain::powers::{Area, Power};
use crate::domain::token::LONGEST_REFRESH_TOKEN;
use crate::domain::{AccountId, Time, text};
use crate::random;
use crate::storage::issued_until::{self, Removal};
use crate::storage::revocations::{self, Whose};
use crate::storage::{accounts, clients, global_revocations, organizations};

pub use batches::{finish, work};

/// The time for which a revocation, and what it refuses, is remembered: until nothing of it could be presented any more.
pub const KEPT: Duration = LONGEST_REFRESH_TOKEN;

/// The most that is counted of each kind before a revocation.
pub const MOST_COUNTED: u64 = 100_000;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;

const PAGE: u64 = 25;

/// What an administrator asks for.
#[derive(Clone, Debug)]
pub struct Order {
    pub target: RevocationTarget,
    /// The latest time of what ends; `None`: now.
    pub until: Option<Time>,
    /// `true` if sessions that began until then end, too.
    pub ends_sessions: bool,
    pub reason: String,
}

pub struct RevocationPage {
    pub rows: Vec<GlobalRevocation>,
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

/// Finds the target that somebody names: an account by its address or its identifier, all others by their identifier.
pub async fn find_target(app: &App, context: &Context, kind: &str, name: &str) -> Result<RevocationTarget> {
    let (db, name) = (app.db.read(), name.trim());
    let target = RevocationTarget::of(kind, name).ok_or_else(|| Error::field("kind", "error.choose"))?;
    require_power(app, context, &target).await?;
    let found = match target {
        RevocationTarget::Everything => Some(RevocationTarget::Everything),
        _ if name.is_empty() => return Err(Error::field("target", "error.required")),
        RevocationTarget::Account(id) => find_account(app, id, name).await?.map(RevocationTarget::Account),
        RevocationTarget::Client(id) => clients::find(db, &id)
            .await?
            .map(|it| RevocationTarget::Client(it.id)),
        RevocationTarget::Organization(id) => organizations::find(db, &id)
            .await?
            .map(|it| RevocationTarget::Organization(it.id)),
    };
    found.ok_or_else(|| Error::field("target", "admin.revocations.unknown"))
}

async fn find_account(app: &App, id: AccountId, name: &str) -> Result<Option<AccountId>> {
    if let Some(account) = accounts::find(app.db.read(), &id).await? {
        return Ok(Some(account.id));
    }
    match administrators::find(app, name).await {
        Ok(administrators::Found::Account(account)) => Ok(Some(account.id)),
        Ok(_) | Err(Error::Fields(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Counts what a revocation would end now, each number up to [`MOST_COUNTED`].
pub async fn preview(
    app: &App,
    context: &Context,
    target: &RevocationTarget,
    until: Option<Time>,
) -> Result<Ended> {
    require_power(app, context, target).await?;
    let until = until.unwrap_or_else(|| app.clock.now());
    Ok(issued_until::count(app.db.read(), target, until, MOST_COUNTED).await?)
}

/// Begins a revocation: when it returns, nothing that it is about is accepted any more. Of one person everything has been
/// removed then; otherwise the first batches have. Needs a recent login (SE-4).
pub async fn revoke(app: &App, context: &Context, order: &Order) -> Result<GlobalRevocation> {
    require_power(app, context, &order.target).await?;
    if !context.is_recent(app.clock.now()) {
        return Err(Error::ReauthenticationNeeded);
    }
    let reason =
        text::prose(&order.reason, LONGEST_REASON).map_err(|it| Error::field("reason", it.message()))?;
    if reason.is_empty() {
        return Err(Error::field("reason", "error.required"));
    }
    if order.until.is_some_and(|it| it > app.clock.now()) {
        return Err(Error::field("until", "admin.revocations.future"));
    }
    let id = GlobalRevocationId::new(random::id());
    let begun = app
        .write(context, async |tx| {
            let begun = GlobalRevocation {
                id: id.clone(),
                target: order.target.clone(),
                until: order.until.unwrap_or_else(|| tx.now()),
                ends_sessions: order.ends_sessions && order.target.has_sessions(),
                requested_at: tx.now(),
                ended: Ended::default(),
                reached: String::new(),
                version: 0,
                completed_at: None,
            };
            begin(tx, begun, &reason).await
        })
        .await?;
    batches::work_on(app, begun).await
}

async fn begin(tx: &Tx, begun: GlobalRevocation, reason: &str) -> Result<GlobalRevocation> {
    let whose = match &begun.target {
        RevocationTarget::Account(id) => Some(Whose::Account(id)),
        RevocationTarget::Client(id) => Some(Whose::Client(id)),
        RevocationTarget::Everything => Some(Whose::Everybody),
        // Each of its people is refused with the batch that removes what is theirs.
        RevocationTarget::Organization(_) => None,
    };
    let kept_until = tx.now() + KEPT;
    revocations::insert_until(tx, whose.into_iter(), begun.until, kept_until).await?;
    let begun = match &begun.target {
        RevocationTarget::Account(id) => {
            accounts::lock(tx, id).await?;
            let ended = end_of_account(tx, &begun, id).await?;
            GlobalRevocation {
                ended,
                completed_at: Some(tx.now()),
                ..begun
            }
        }
        _ => begun,
    };
    global_revocations::insert(tx, &begun).await?;
    let action = match &begun.target {
        RevocationTarget::Account(_) => Action::AccountTokensRevoked,
        _ => Action::GlobalRevocationBegun,
    };
    let event = Event::new(action, begun.target.object()).because(reason);
    let event = match &begun.target {
        RevocationTarget::Organization(id) => event.within(id),
        _ => event,
    };
    tx.record(event.with(batches::circumstances(&begun))).await?;
    Ok(begun)
}

async fn end_of_account(tx: &Tx, begun: &GlobalRevocation, id: &AccountId) -> Result<Ended> {
    let removal = Removal {
        until: begun.until,
        now: tx.now(),
        lists_authorizations: begun.looks_back(),
    };
    let families = issued_until::end_families_of_accounts(tx, std::slice::from_ref(id), removal).await?;
    let sessions = if begun.ends_sessions {
        sessions::end_begun_until(tx, id, begun.until, batches::REASON).await?
    } else {
        0
    };
    let grants = families.values().sum();
    Ok(Ended {
        people: u64::from(grants + sessions > 0),
        sessions,
        grants,
    })
}

/// Finds a revocation, with what it has ended up to now.
pub async fn find(app: &App, context: &Context, id: &GlobalRevocationId) -> Result<GlobalRevocation> {
    let found = global_revocations::find(app.db.read(), id).await?;
    let found = found.ok_or(Error::NotFound)?;
    require_power(app, context, &found.target).await?;
    Ok(found)
}

/// Lists revocations of all kinds whose target has this text in its identifier, the newest first. `page` counts from 1.
pub async fn list(app: &App, context: &Context, text: &str, page: u64) -> Result<RevocationPage> {
    require_power(app, context, &RevocationTarget::Everything).await?;
    let (db, text, page) = (app.db.read(), text.trim(), page.max(1));
    Ok(RevocationPage {
        rows: global_revocations::list(db, text, (page - 1).saturating_mul(PAGE), PAGE).await?,
        page,
        size: PAGE,
        total: global_revocations::count(db, text).await?,
    })
}

/// Returns the name by which people know a target; its identifier if it is gone.
pub async fn name(app: &App, target: &RevocationTarget) -> Result<String> {
    let db = app.db.read();
    let found = match target {
        RevocationTarget::Everything => None,
        RevocationTarget::Account(id) => accounts::find(db, id)
            .await?
            .map(|it| format!("{} ({})", it.profile.full_name(), it.email.as_str())),
        RevocationTarget::Client(id) => clients::find(db, id).await?.map(|it| it.name().to_owned()),
        RevocationTarget::Organization(id) => organizations::find(db, id).await?.map(|it| it.name),
    };
    Ok(found.unwrap_or_else(|| target.id().to_owned()))
}

/// Refuses everybody but administrators whose office is open, programs with the power over what the target is, and the
/// operator (security.md G-4).
async fn require_power(app: &App, context: &Context, target: &RevocationTarget) -> Result<()> {
    let actor = &context.actor;
    let may = match target {
        RevocationTarget::Account(_) => actor.administers(Area::Accounts),
        RevocationTarget::Client(_) => actor.administers(Area::Clients),
        RevocationTarget::Organization(_) => actor.administers(Area::Organizations),
        RevocationTarget::Everything => actor.has(Power::All),
    };
    if !may {
        return Err(Error::NotFound);
    }
    if policy::closes_office(app, context).await? {
        return Err(Error::SecondFactorRequired);
    }
    Ok(())
}
