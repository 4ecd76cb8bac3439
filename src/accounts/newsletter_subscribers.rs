//! The subscribers to the newsletter, for administrators: who has agreed to it and when, as a list and as a file, and the
//! end of a subscription on the wish of its person. The proof of consent, and the links by which people stop it themselves,
//! are in `newsletter`.

use chrono::{NaiveDate, NaiveTime};
use serde_json::json;

use super::second_factor::policy;
use super::{Error, Result, newsletter, staff};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::account_search::{identifier, query};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::newsletter::StoppedBy;
use crate::domain::powers::Area;
use crate::domain::profile::Language;
use crate::domain::{AccountId, Time};
use crate::storage::account_search::{self, AccountFilter, MOST};
use crate::storage::accounts;
use crate::storage::newsletter_subscribers::{self, Cursor, Filter};
use crate::templates::mails::{AccountAdministered, Administered};

pub use crate::storage::newsletter_subscribers::Subscriber;

/// The columns of a file.
pub const COLUMNS: [&str; 5] = ["account_id", "email", "name", "language", "subscribed_at"];

/// A search as it was typed; what is empty is no condition.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search<'a> {
    /// Beginnings of words of name, address or organization, or an identifier.
    pub text: &'a str,
    pub language: &'a str,
    /// The first day, or moment, of consent.
    pub since: &'a str,
}

/// Reads the subscribers that a search finds, a page at a time.
#[derive(Clone, Debug)]
pub struct Reader {
    app: App,
    filter: Filter,
    after: Option<Cursor>,
    is_over: bool,
    /// `true` if more accounts fit the text than one search looks at.
    pub is_cut: bool,
}

impl Reader {
    /// Refuses everybody but administrators, and programs with their power.
    pub async fn open(app: &App, context: &Context, search: Search<'_>) -> Result<Self> {
        require_reader(app, context).await?;
        let language = match search.language {
            "" => None,
            typed => Some(Language::parse(typed).ok_or_else(|| Error::field("language", "error.choose"))?),
        };
        let (among, is_cut) = among(app, search.text.trim()).await?;
        Ok(Self {
            app: app.clone(),
            filter: Filter {
                language,
                since: moment(search.since.trim())?,
                among,
            },
            after: None,
            is_over: false,
            is_cut,
        })
    }

    /// Goes on after the subscription that this is the cursor of; empty text is the beginning. `NotFound`: it is none.
    pub fn after(mut self, cursor: &str) -> Result<Self> {
        if !cursor.is_empty() {
            let (at, id) = cursor.split_once('.').ok_or(Error::NotFound)?;
            let at: i64 = at.parse().map_err(|_| Error::NotFound)?;
            self.after = Some(Cursor {
                given_at: chrono::DateTime::from_timestamp_nanos(at),
                id: id.to_owned(),
            });
        }
        Ok(self)
    }

    /// Counts the subscriptions that the search finds, with those of people who are suspended or leave.
    pub async fn count(&self) -> Result<u64> {
        Ok(newsletter_subscribers::count(self.app.db.read(), &self.filter).await?)
    }

    /// Returns the next subscribers, or `None` at the end. A part may be empty before the end.
    pub async fn next(&mut self, limit: u64) -> Result<Option<Vec<Subscriber>>> {
        if self.is_over {
            return Ok(None);
        }
        let (found, last) =
            newsletter_subscribers::list(self.app.db.read(), &self.filter, self.after.as_ref(), limit)
                .await?;
        self.is_over = last.is_none();
        self.after = last;
        Ok(Some(found))
    }

    /// Returns the text from which another reader goes on; `None` at the end.
    pub fn cursor(&self) -> Option<String> {
        let Cursor { given_at, id } = self.after.as_ref().filter(|_| !self.is_over)?;
        Some(format!(
            "{}.{id}",
            given_at.timestamp_nanos_opt().unwrap_or_default()
        ))
    }
}

async fn require_reader(app: &App, context: &Context) -> Result<()> {
    if !context.actor.oversees(Area::Accounts) {
        return Err(Error::NotFound);
    }
    if policy::closes_office(app, context).await? {
        return Err(Error::SecondFactorRequired);
    }
    Ok(())
}

/// Finds the accounts that the text is about; `None` without text.
async fn among(app: &App, text: &str) -> Result<(Option<Vec<AccountId>>, bool)> {
    if text.is_empty() {
        return Ok((None, false));
    }
    let db = app.db.read();
    let of = |words| AccountFilter {
        words,
        ..AccountFilter::default()
    };
    // An identifier has signs that part words.
    if let Some(identifier) = identifier(text) {
        let found = account_search::search(db, &of(vec![identifier]), 0, 2 * MOST).await?;
        if found.total > 0 {
            return Ok((Some(found.accounts), found.is_cut));
        }
    }
    let words = query(text);
    if words.is_empty() {
        return Ok((Some(Vec::new()), false));
    }
    let found = account_search::search(db, &of(words), 0, 2 * MOST).await?;
    Ok((Some(found.accounts), found.is_cut))
}

/// Reads a day, in UTC, or a moment.
fn moment(typed: &str) -> Result<Option<Time>> {
    if typed.is_empty() {
        return Ok(None);
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(typed) {
        return Ok(Some(at.to_utc()));
    }
    match NaiveDate::parse_from_str(typed, "%Y-%m-%d") {
        Ok(day) => Ok(Some(day.and_time(NaiveTime::MIN).and_utc())),
        Err(_) => Err(Error::field("since", "error.date")),
    }
}

/// Records that somebody takes the addresses along as a file (security.md LG-1), and returns their reader. Needs a recent
/// login (SE-4).
pub async fn begin_export(app: &App, context: &Context, search: Search<'_>) -> Result<Reader> {
    let reader = Reader::open(app, context, search).await?;
    staff::require_recent(context, app.clock.now())?;
    app.write(context, async |tx| -> Result<()> {
        // What was typed may be an address: the trail says that there was a condition.
        let conditions = json!({
            "text": !search.text.trim().is_empty(),
            "language": search.language,
            "since": search.since.trim(),
        });
        let event = Event::new(Action::NewsletterExported, "newsletter:subscribers").with(conditions);
        Ok(tx.record(event).await?)
    })
    .await?;
    Ok(reader)
}

/// Returns the cells of a subscriber in a file, in the order of `COLUMNS`.
pub fn cells(of: &Subscriber) -> [String; 5] {
    [
        of.account.id.to_string(),
        of.account.email.as_str().to_owned(),
        of.account.profile.full_name(),
        of.language.as_str().to_owned(),
        of.place
            .given_at
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    ]
}

/// Finds an account, for the page before its subscription ends.
pub async fn find(app: &App, context: &Context, id: &AccountId) -> Result<Account> {
    require_reader(app, context).await?;
    let found = accounts::find(app.db.read(), id).await?;
    found.filter(|it| !it.is_deleted()).ok_or(Error::NotFound)
}

/// Ends the subscription of a person who wishes it, and tells them by mail. Nobody can subscribe a person but themselves, so
/// it cannot be taken back here. `Conflict`: it has ended.
pub async fn stop(app: &App, context: &Context, id: &AccountId) -> Result<()> {
    if !context.actor.administers(Area::Accounts) {
        return Err(Error::NotFound);
    }
    let account = find(app, context, id).await?;
    staff::require_administrator(app, context, &account).await?;
    app.write(context, async |tx| {
        let account = staff::hold(tx, id).await?;
        if !account.newsletter {
            return Err(Error::Conflict); // G-9
        }
        newsletter::stop(tx, &account, StoppedBy::Staff).await?;
        let message = AccountAdministered {
            name: account.profile.full_name(),
            at: tx.now(),
            act: Administered::NewsletterStopped,
            reason: None,
            ticket: None,
        };
        Ok(tx.mail(&account, &message).await?)
    })
    .await
}
