//! The outgoing mail for those who operate the platform: which mails wait, were sent or given up, and why; of those that
//! were given up, one or all that match go once more, or are discarded. Who may is decided here. What a mail says is
//! never shown: it may hold a code or a link (security.md G-13, DS-7).
//!
//! Pages, the command line and the API call it. How a mail is sent is in `mail::outbox`.

use chrono::DateTime;
use serde_json::json;

use super::second_factor::policy;
use super::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::outgoing_mail::{MailState, OutgoingMail};
use crate::domain::powers::Area;
use crate::domain::{Time, text};
use crate::storage::outgoing_mails::{self as rows, Cursor, Filter};
use crate::templates::mails::previews;

/// The mails that one transaction queues once more.
const BATCH: u64 = 200;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;

/// The most that is counted before many are queued.
pub const MOST_COUNTED: u64 = 10_000;

/// What is sought, as it is typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct MailSearch<'a> {
    /// A whole address; empty for all.
    pub recipient: &'a str,
    /// The name of a template; empty for all.
    pub kind: &'a str,
    /// The name of a state; empty for all.
    pub state: &'a str,
}

impl MailSearch<'_> {
    fn filter(&self) -> Result<Filter> {
        let given = |it: &str| Some(it.trim().to_owned()).filter(|it| !it.is_empty());
        let kind = given(self.kind);
        if kind.as_deref().is_some_and(|it| previews::find(it).is_none()) {
            return Err(Error::field("kind", "error.choose"));
        }
        let state = match self.state {
            "" => None,
            named => Some(MailState::parse(named).ok_or_else(|| Error::field("state", "error.choose"))?),
        };
        Ok(Filter {
            recipient: given(self.recipient),
            kind,
            state,
        })
    }
}

/// A part of the list, and the cursor of the next.
pub struct MailPage {
    pub rows: Vec<OutgoingMail>,
    pub next: Option<String>,
}

/// How many mails wait, and how many were given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailCounts {
    pub waiting: u64,
    pub given_up: u64,
}

/// Lists mails, the newest first, after the cursor; empty text is the beginning.
pub async fn list(
    app: &App,
    context: &Context,
    search: MailSearch<'_>,
    after: &str,
    size: u64,
) -> Result<MailPage> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    let after = match after {
        "" => None,
        typed => Some(cursor(typed).ok_or(Error::NotFound)?),
    };
    let now = app.clock.now();
    // One more says whether there are older ones.
    let mut found = rows::search(app.db.read(), &search.filter()?, now, after.as_ref(), size + 1).await?;
    let has_more = found.len() as u64 > size;
    found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(MailPage {
        next: found.last().filter(|_| has_more).map(written),
        rows: found,
    })
}

fn written(last: &OutgoingMail) -> String {
    let at = last.created_at.timestamp_nanos_opt().unwrap_or_default();
    format!("{at}.{}", last.id)
}

fn cursor(typed: &str) -> Option<Cursor> {
    let (at, id) = typed.split_once('.')?;
    Some(Cursor {
        at: DateTime::from_timestamp_nanos(at.parse().ok()?),
        id: id.to_owned(),
    })
}

pub async fn counts(app: &App, context: &Context) -> Result<MailCounts> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    let (waiting, given_up) = rows::counts(app.db.read()).await?;
    Ok(MailCounts { waiting, given_up })
}

/// Opens a mail, and records that it was: it says of a person what happened (security.md LG-1).
pub async fn open(app: &App, context: &Context, id: &str) -> Result<OutgoingMail> {
    let found = find(app, context, id).await?;
    app.write(context, async |tx| -> Result<()> {
        record(tx, Action::MailViewed, &found).await
    })
    .await?;
    Ok(found)
}

/// Finds a mail, for the page before an act on it.
pub async fn find(app: &App, context: &Context, id: &str) -> Result<OutgoingMail> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    rows::find(app.db.read(), id).await?.ok_or(Error::NotFound)
}

/// Queues a mail that was given up once more.
pub async fn resend(app: &App, context: &Context, id: &str) -> Result<OutgoingMail> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    let found = rows::find(app.db.read(), id).await?.ok_or(Error::NotFound)?;
    app.write(context, async |tx| -> Result<()> {
        if !rows::resend_one(tx, &found.id, tx.now()).await? {
            return Err(Error::Conflict);
        }
        record(tx, Action::MailResent, &found).await
    })
    .await?;
    rows::find(app.db.read(), id).await?.ok_or(Error::NotFound)
}

/// Deletes a mail that was given up.
pub async fn discard(app: &App, context: &Context, id: &str) -> Result<()> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    let found = rows::find(app.db.read(), id).await?.ok_or(Error::NotFound)?;
    app.write(context, async |tx| {
        if !rows::discard(tx, &found.id).await? {
            return Err(Error::Conflict);
        }
        record(tx, Action::MailDiscarded, &found).await
    })
    .await
}

/// Counts the mails that were given up, match, and can go once more, up to [`MOST_COUNTED`].
pub async fn count_resendable(app: &App, context: &Context, search: MailSearch<'_>) -> Result<u64> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    let filter = search.filter()?;
    Ok(rows::count_resendable(app.db.read(), &filter, app.clock.now(), MOST_COUNTED).await?)
}

/// Queues all mails once more that were given up, match and can go, a batch at a time. Returns how many.
pub async fn resend_all(app: &App, context: &Context, search: MailSearch<'_>) -> Result<u64> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    let filter = Filter {
        state: Some(MailState::GivenUp),
        ..search.filter()?
    };
    let mut all = 0;
    loop {
        let done = app
            .write(context, async |tx| -> Result<u64> {
                let done = rows::resend_matching(tx, &filter, tx.now(), BATCH).await?;
                if done > 0 {
                    record_many(tx, Action::MailsResent, &filter, done, None).await?;
                }
                Ok(done)
            })
            .await?;
        all += done;
        if done < BATCH {
            return Ok(all);
        }
    }
}

/// Counts the mails that were given up until now and match, up to [`MOST_COUNTED`].
pub async fn count_discardable(app: &App, context: &Context, search: MailSearch<'_>) -> Result<u64> {
    require(app, context, context.actor.oversees(Area::Operations)).await?;
    let filter = search.filter()?;
    Ok(rows::count_given_up(app.db.read(), &filter, app.clock.now(), MOST_COUNTED).await?)
}

/// Deletes all mails that match and were given up until a time, now at the latest, with one reason, a batch at a time. What is
/// given up after that stays: nobody has seen it. Returns how many.
pub async fn discard_all(
    app: &App,
    context: &Context,
    search: MailSearch<'_>,
    until: Option<Time>,
    reason: &str,
) -> Result<u64> {
    require(app, context, context.actor.administers(Area::Operations)).await?;
    let filter = Filter {
        state: Some(MailState::GivenUp),
        ..search.filter()?
    };
    let reason = text::prose(reason, LONGEST_REASON).map_err(|it| Error::field("reason", it.message()))?;
    if reason.is_empty() {
        return Err(Error::field("reason", "error.required"));
    }
    let now = app.clock.now();
    let until = until.map_or(now, |it| it.min(now));
    let mut all = 0;
    loop {
        let done = app
            .write(context, async |tx| -> Result<u64> {
                let done = rows::discard_matching(tx, &filter, until, BATCH).await?;
                if done > 0 {
                    record_many(tx, Action::MailsDiscarded, &filter, done, Some(&reason)).await?;
                }
                Ok(done)
            })
            .await?;
        all += done;
        if done < BATCH {
            return Ok(all);
        }
    }
}

/// Records an act on many mails. The trail names no address.
async fn record_many(
    tx: &Tx,
    action: Action,
    filter: &Filter,
    number: u64,
    reason: Option<&str>,
) -> Result<()> {
    let event = Event::new(action, "mails:given_up").with(json!({
        "number": number,
        "kind": filter.kind,
        "one_address": filter.recipient.is_some(),
    }));
    let event = match reason {
        Some(reason) => event.because(reason),
        None => event,
    };
    Ok(tx.record(event).await?)
}

async fn record(tx: &Tx, action: Action, mail: &OutgoingMail) -> Result<()> {
    let event = Event::new(action, format!("mail:{}", mail.id)).with(json!({"kind": mail.kind}));
    let event = match &mail.account {
        Some(account) => event.about(account),
        None => event.about_nobody(),
    };
    Ok(tx.record(event).await?)
}

/// Refuses everybody but administrators whose office is open, programs with the power, and the operator (security.md G-4).
async fn require(app: &App, context: &Context, may: bool) -> Result<()> {
    if !may {
        return Err(Error::NotFound);
    }
    if policy::closes_office(app, context).await? {
        return Err(Error::SecondFactorRequired);
    }
    Ok(())
}
