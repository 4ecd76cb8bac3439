//! Shows a member of the staff the account pages of a person as the person sees them: with a reason, for 15 minutes at most,
//! read only (security.md AD-12). A view is a state of one session of whoever looks, and ends with it. Who may look at whom is
//! in `staff`; what a session with a view can open is decided in `http::viewing`. The person hears of each view at once, by
//! mail, and finds it in the history.

use chrono::Duration;
use serde_json::json;

use super::history::DAYS;
use super::{Error, Result, person, staff};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::account_view::{AccountView, AccountViewId, LONGEST, Ticket, ViewEnd};
use crate::domain::actor::{Actor, Context};
use crate::domain::event::{Action, Event};
use crate::domain::session::Session;
use crate::domain::{AccountId, Time, text};
use crate::i18n::Locale;
use crate::random;
use crate::storage::events::{self, OfPerson};
use crate::storage::{account_views, accounts, sessions};
use crate::templates::mails::{AccountAdministered, Administered};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;
/// The views that one round of the job looks at.
const MOST: usize = 500;
/// The past views that a person sees at once.
const PAST: u64 = 5;

/// A view, with the person whose pages it shows.
#[derive(Clone, Debug)]
pub struct FoundView {
    pub view: AccountView,
    /// The person as they are now; `None` once the view is over.
    pub person: Option<Account>,
}

/// What whoever looks gives for a view.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub reason: &'a str,
    /// The number of the ticket, or nothing.
    pub ticket: &'a str,
    /// The language in which whoever looks reads the pages.
    pub language: Locale,
}

/// Returns the view of a session, running or over. It is over by time, once the account is no longer active, and once its
/// viewer may not look at it any more, whether or not that is written yet.
pub async fn find(app: &App, session: &Session, viewer: &Account) -> Result<Option<FoundView>> {
    // Nobody else can have begun one. A role that was taken away ends the sessions.
    if !viewer.role.helps_people() {
        return Ok(None);
    }
    let db = app.db.read();
    let Some(view) = account_views::find_of_session(db, &session.id).await? else {
        return Ok(None);
    };
    let person = if view.is_over(app.clock.now()) {
        None
    } else {
        let found = accounts::find(db, &view.account).await?;
        found.filter(|it| is_open_to(viewer, it))
    };
    Ok(Some(FoundView { view, person }))
}

/// Begins a view in this session. `Conflict`: the session has one, or the account is not active. Needs a recent login (SE-4).
pub async fn begin(
    app: &App,
    context: &Context,
    session: &Session,
    id: &AccountId,
    wish: Wish<'_>,
) -> Result<Account> {
    let found = person::find(app, context, id).await?;
    staff::require_viewer(app, context, &found).await?;
    staff::require_recent(context, app.clock.now())?;
    let reason =
        text::prose(wish.reason, LONGEST_REASON).map_err(|it| Error::field("reason", it.message()))?;
    if reason.is_empty() {
        return Err(Error::field("reason", "error.required"));
    }
    let ticket = Ticket::parse(wish.ticket).map_err(|it| Error::field("ticket", it))?;
    app.write(context, async |tx| {
        let viewer = current_viewer(tx, session).await?;
        let account = staff::hold(tx, id).await?;
        if !account.is_active() {
            return Err(Error::Conflict);
        }
        if !is_open_to(&viewer, &account) {
            return Err(Error::NotTheirs);
        }
        if let Some(former) = account_views::find_of_session(tx, &session.id).await? {
            if !former.is_over(tx.now()) {
                return Err(Error::Conflict);
            }
            end_one(tx, &former, ViewEnd::Time).await?;
            account_views::delete(tx, &former.id).await?;
        }
        let view = AccountView {
            id: AccountViewId::new(random::id()),
            session: session.id.clone(),
            account: account.id.clone(),
            language: wish.language.as_str().to_owned(),
            began_at: tx.now(),
            expires_at: tx.now() + LONGEST,
            ended_at: None,
        };
        if !account_views::insert(tx, &view).await? {
            return Err(Error::Conflict);
        }
        let ticket = ticket.as_ref().map(|it| it.as_str().to_owned());
        let event = Event::new(Action::AccountViewBegun, format!("account:{}", account.id))
            .because(&reason)
            .with(json!({ "view": view.id, "until": view.expires_at, "ticket": ticket }));
        tx.record(event).await?;
        let message = AccountAdministered {
            name: account.profile.full_name(),
            at: tx.now(),
            act: Administered::Viewed(viewer.role),
            reason: Some(reason.clone()),
            ticket,
        };
        tx.mail(&account, &message).await?;
        Ok(account)
    })
    .await
}

/// Ends the view of a session and forgets it, running or over. Returns it; `None` if there was none.
pub async fn end(app: &App, context: &Context, session: &Session) -> Result<Option<AccountView>> {
    app.write(context, async |tx| {
        let Some(view) = account_views::find_of_session(tx, &session.id).await? else {
            return Ok(None);
        };
        let why = if view.is_over(tx.now()) {
            ViewEnd::Time
        } else {
            ViewEnd::Viewer
        };
        end_one(tx, &view, why).await?;
        account_views::delete(tx, &view.id).await?;
        Ok(Some(view))
    })
    .await
}

/// Records the end of each view that is over: by time, with its session, or because the account is not to be looked at any
/// more. Until then it shows nothing either (`find`). Returns how many ended.
pub async fn end_over(app: &App) -> Result<u64> {
    let open = account_views::list_open(app.db.read(), MOST).await?;
    let mut ended = 0;
    for view in open {
        let Some(why) = why_over(app, &view).await? else {
            continue;
        };
        let done = app
            .write(&Context::system(), async |tx| end_one(tx, &view, why).await)
            .await?;
        ended += u64::from(done);
    }
    Ok(ended)
}

/// A view of an account, as its person reads of it.
#[derive(Clone, Debug)]
pub struct PastView {
    pub at: Time,
    pub reason: String,
}

/// Lists the newest views of an account, as far back as the history goes.
pub async fn past(app: &App, account: &AccountId) -> Result<Vec<PastView>> {
    let which = OfPerson {
        account,
        since: app.clock.now() - Duration::days(DAYS),
        actions: &[Action::AccountViewBegun],
    };
    let records = events::list_of_person(app.db.read(), which, 0, PAST).await?;
    Ok(records
        .into_iter()
        .map(|it| PastView {
            at: it.at,
            reason: it.reason.unwrap_or_default(),
        })
        .collect())
}

async fn why_over(app: &App, view: &AccountView) -> Result<Option<ViewEnd>> {
    let (db, now) = (app.db.read(), app.clock.now());
    let session = sessions::find(db, &view.session).await?;
    let viewer = session.filter(|(session, viewer)| session.is_alive(now) && viewer.may_log_in());
    let Some((_, viewer)) = viewer else {
        return Ok(Some(ViewEnd::Session));
    };
    let person = accounts::find(db, &view.account).await?;
    if !person.is_some_and(|it| is_open_to(&viewer, &it)) {
        return Ok(Some(ViewEnd::Account));
    }
    Ok(view.is_over(now).then_some(ViewEnd::Time))
}

/// Returns whoever looks, and requires that their session goes on.
async fn current_viewer(tx: &Tx, session: &Session) -> Result<Account> {
    let found = sessions::find(tx, &session.id).await?;
    let alive = found.filter(|(it, viewer)| it.is_alive(tx.now()) && viewer.may_log_in());
    alive
        .map(|(_, viewer)| viewer)
        .ok_or(Error::ReauthenticationNeeded)
}

fn is_open_to(viewer: &Account, person: &Account) -> bool {
    let actor = Actor::Person {
        account: viewer.id.clone(),
        role: viewer.role,
    };
    person.is_active() && staff::may_view(&actor, person)
}

/// Marks a view as ended, and records it once.
async fn end_one(tx: &Tx, view: &AccountView, why: ViewEnd) -> Result<bool> {
    let ended = account_views::end(tx, &view.id, tx.now()).await?;
    if ended {
        let event = Event::new(Action::AccountViewEnded, format!("account:{}", view.account))
            .because(why.as_str())
            .with(json!({ "view": view.id }));
        tx.record(event).await?;
    }
    Ok(ended)
}
