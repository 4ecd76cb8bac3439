//! Searches the trail for those who may read all of it (security.md LG-5): by actor, subject, kind and time, a page at a
//! time. The page of the administrators, the command line and both exports read it through a [`Reader`].

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use sea_orm::DbErr;
use serde_json::{Value, json};

use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::domain::audit_trail::{End, Entry, Part, PartState, Place, Seal};
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, ClientId, OrganizationId, Time};
use crate::storage::events::{self, Cursor, Filter, Order, Subject};
use crate::storage::{Database, accounts, clients, event_seals, organizations};

/// What is searched for, as it was typed; empty text is no condition.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// An e-mail address, an identifier of an account or of a client, or the actor as the trail names it.
    pub actor: &'a str,
    /// An e-mail address, an identifier of an account, an organization or a client, or the object as the trail names it.
    pub subject: &'a str,
    pub kind: &'a str,
    /// The first and the last day, or moment.
    pub since: &'a str,
    pub until: &'a str,
}

#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("the audit trail is for administrators")]
    Forbidden,
    /// The name of the field whose text is no date.
    #[error("{0} is neither a date (YYYY-MM-DD) nor a time (RFC 3339)")]
    Date(&'static str),
    #[error("there is no such place in the trail")]
    Cursor,
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// An entry with its place in the chain; `None` as long as it waits to be sealed.
#[derive(Clone, Debug)]
pub struct Record {
    pub entry: Entry,
    pub seal: Option<Seal>,
}

impl Record {
    /// Returns the text from which a reader goes on after this entry.
    pub fn cursor(&self) -> String {
        let at = self.entry.at.timestamp_nanos_opt().unwrap_or_default();
        format!("{at}.{}", self.entry.id)
    }

    pub fn to_json(&self) -> Value {
        self.entry.to_json(self.seal.as_ref())
    }
}

/// The direction in which a reader goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    NewestFirst,
    OldestFirst,
}

/// Reads what a query finds, a page at a time.
#[derive(Clone, Debug)]
pub struct Reader {
    db: Database,
    /// `None` if the query names a person who does not exist.
    filter: Option<Filter>,
    order: Order,
    after: Option<Cursor>,
}

impl Reader {
    pub async fn open(
        db: &Database,
        context: &Context,
        query: &Query<'_>,
        listing: Listing,
    ) -> Result<Self, QueryError> {
        require_reader(context)?;
        Ok(Self {
            db: db.clone(),
            filter: resolve(db, query).await?,
            order: match listing {
                Listing::NewestFirst => Order::NewestFirst,
                Listing::OldestFirst => Order::OldestFirst,
            },
            after: None,
        })
    }

    /// Goes on after the entry that this is the cursor of; empty text is the beginning.
    pub fn after(mut self, cursor: &str) -> Result<Self, QueryError> {
        if !cursor.is_empty() {
            let (at, id) = cursor.split_once('.').ok_or(QueryError::Cursor)?;
            let at: i64 = at.parse().map_err(|_| QueryError::Cursor)?;
            self.after = Some(Cursor {
                at: DateTime::from_timestamp_nanos(at),
                id: id.parse().map_err(|_| QueryError::Cursor)?,
            });
        }
        Ok(self)
    }

    /// Goes on, or back, with the entries from this time.
    pub fn from_time(mut self, at: Time) -> Self {
        self.after = Some(Cursor { at, id: 0 });
        self
    }

    /// Returns the next entries; none at the end.
    pub async fn next(&mut self, limit: u64) -> Result<Vec<Record>, DbErr> {
        let Some(filter) = &self.filter else {
            return Ok(Vec::new());
        };
        let db = self.db.read();
        let entries = events::search(db, filter, self.after, self.order, limit).await?;
        self.after = entries.last().map(Cursor::from).or(self.after);
        let mut seals = event_seals::list_of_entries(db, &entries).await?;
        let records = entries.into_iter().map(|entry| Record {
            seal: seals.remove(&entry.id),
            entry,
        });
        Ok(records.collect())
    }
}

/// Records that somebody takes a search along as a file (security.md LG-1).
pub async fn begin_export(
    db: &Database,
    now: Time,
    context: &Context,
    query: &Query<'_>,
) -> Result<(), QueryError> {
    require_reader(context)?;
    // What was typed may be an address: the trail says which conditions there were, and the time.
    let conditions = json!({
        "actor": !query.actor.is_empty(),
        "subject": !query.subject.is_empty(),
        "kind": query.kind,
        "since": query.since,
        "until": query.until,
    });
    db.write(async |tx| {
        let event = Event::new(Action::AuditExported, "audit:trail").with(conditions.clone());
        events::insert(tx, now, context, &event).await
    })
    .await?;
    Ok(())
}

/// One entry, compared with its seal.
#[derive(Clone, Debug)]
pub struct Shown {
    pub record: Record,
    /// `true` if the entry is as it was sealed, after the seal before it.
    pub holds: bool,
    /// `true` if parts of it were emptied when an account was deleted.
    pub is_emptied: bool,
}

pub async fn show(db: &Database, context: &Context, id: i64) -> Result<Option<Shown>, QueryError> {
    require_reader(context)?;
    let db = db.read();
    let Some(entry) = events::find(db, id).await? else {
        return Ok(None);
    };
    let mut seals = event_seals::list_of_entries(db, std::slice::from_ref(&entry)).await?;
    let seal = seals.remove(&id);
    let (mut holds, mut is_emptied) = (true, false);
    if let Some(seal) = &seal {
        let previous = match event_seals::find(db, seal.position - 1).await? {
            Some(previous) => Place::from(&previous),
            None => {
                let start = event_seals::find_end(db, End::Start).await?;
                start.map_or_else(Place::origin, |(place, _)| place)
            }
        };
        holds = previous.position + 1 == seal.position
            && seal.digest_after(&previous.digest, &entry) == seal.digest;
        for part in Part::ALL {
            match seal.verify_part(*part, &entry) {
                PartState::Intact => {}
                PartState::Emptied { .. } => is_emptied = true,
                PartState::Changed => holds = false,
            }
        }
    }
    Ok(Some(Shown {
        record: Record { entry, seal },
        holds,
        is_emptied,
    }))
}

/// The state of the chain, as a page shows it.
#[derive(Clone, Debug)]
pub struct SealState {
    pub head: Place,
    /// The time of the newest seal; `None` if nothing is sealed yet.
    pub sealed_at: Option<Time>,
    /// The time of the oldest entry that waits for its seal.
    pub waiting_since: Option<Time>,
}

pub async fn status(db: &Database, context: &Context) -> Result<SealState, QueryError> {
    require_reader(context)?;
    let db = db.read();
    let head = event_seals::find_end(db, End::Head)
        .await?
        .map(|(place, _)| place);
    let head = head.unwrap_or_else(Place::origin);
    let newest = event_seals::find(db, head.position).await?;
    let waiting = event_seals::list_unsealed(db, 0, 1).await?;
    Ok(SealState {
        head,
        sealed_at: newest.map(|it| it.sealed_at),
        waiting_since: waiting.first().map(|it| it.at),
    })
}

fn require_reader(context: &Context) -> Result<(), QueryError> {
    if context.actor.reads_audit_trail() {
        Ok(())
    } else {
        Err(QueryError::Forbidden)
    }
}

/// Finds out what the typed conditions mean. Returns `None` if they name a person who does not exist.
async fn resolve(db: &Database, query: &Query<'_>) -> Result<Option<Filter>, QueryError> {
    let mut filter = Filter {
        action: Some(query.kind).filter(|it| !it.is_empty()).map(str::to_owned),
        since: moment("since", query.since)?.map(|(at, _)| at),
        until: moment("until", query.until)?.map(|(_, end)| end),
        ..Filter::default()
    };
    match query.actor {
        "" => {}
        typed => match actor(db, typed).await? {
            Some(actor) => filter.actor = Some(actor),
            None => return Ok(None),
        },
    }
    match query.subject {
        "" => {}
        typed => match subject(db, typed).await? {
            Some(subject) => filter.subject = Some(subject),
            None => return Ok(None),
        },
    }
    Ok(Some(filter))
}

async fn actor(db: &Database, typed: &str) -> Result<Option<String>, DbErr> {
    if typed.contains('@') {
        return Ok(by_email(db, typed).await?.map(|id| format!("account:{id}")));
    }
    // What an earlier release wrote is named as it is, too.
    if ["operator", "system", "visitor"].contains(&typed) || typed.contains(':') {
        return Ok(Some(typed.to_owned()));
    }
    let client = clients::find(db.read(), &ClientId::new(typed)).await?;
    Ok(Some(match client {
        Some(client) => format!("client:{}", client.id),
        None => format!("account:{typed}"),
    }))
}

async fn subject(db: &Database, typed: &str) -> Result<Option<Subject>, DbErr> {
    if typed.contains('@') {
        return Ok(by_email(db, typed).await?.map(Subject::Account));
    }
    Ok(Some(match typed.split_once(':') {
        Some(("account", id)) => Subject::Account(AccountId::new(id)),
        Some(_) => Subject::Object(typed.to_owned()),
        None if organizations::find(db.read(), &OrganizationId::new(typed))
            .await?
            .is_some() =>
        {
            Subject::Organization(OrganizationId::new(typed))
        }
        None => match clients::find(db.read(), &ClientId::new(typed)).await? {
            Some(client) => Subject::Object(format!("client:{}", client.id)),
            None => Subject::Account(AccountId::new(typed)),
        },
    }))
}

async fn by_email(db: &Database, typed: &str) -> Result<Option<AccountId>, DbErr> {
    let Ok(email) = EmailAddress::parse(typed) else {
        return Ok(None);
    };
    let found = accounts::find_by_email(db.read(), &email.key()).await?;
    Ok(found.map(|it| it.id))
}

/// Returns the moment that was typed and the first one after it: of a day, its beginning and that of the next day.
fn moment(name: &'static str, typed: &str) -> Result<Option<(Time, Time)>, QueryError> {
    if typed.is_empty() {
        return Ok(None);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(typed) {
        return Ok(Some((at.to_utc(), at.to_utc())));
    }
    let day = NaiveDate::parse_from_str(typed, "%Y-%m-%d").map_err(|_| QueryError::Date(name))?;
    let next = day.checked_add_days(Days::new(1)).ok_or(QueryError::Date(name))?;
    let begin = |it: NaiveDate| it.and_time(NaiveTime::MIN).and_utc();
    Ok(Some((begin(day), begin(next))))
}
