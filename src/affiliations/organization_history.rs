//! The history of one organization, from the audit trail: which affiliations and TIES rights were decided, and who became Focal
//! Point or deputy, with before and after (LG-1). Nothing of it is of another organization. A Focal Point reads the names of people
//! who are here or ask to be; of others, who left or were rejected, it says what happened and not to whom (security.md AF-6).
//! The history that a person reads of themselves is in `history`.

use chrono::DateTime;
use serde_json::Value;

use super::Error;
use super::lifecycle::authority;
use crate::app::App;
use crate::domain::actor::{Context, Office};
use crate::domain::affiliation::Capacity;
use crate::domain::event::Action;
use crate::domain::{AccountId, OrganizationId, Time};
use crate::storage::events::{Cursor, Filter, Order, Subject};
use crate::storage::{accounts, affiliations, events};

/// The rows of a page, 1 to 100; 0 is 25.
const SIZE: u64 = 25;
const LARGEST: u64 = 100;

/// What a history is narrowed down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Affiliations,
    Ties,
    Offices,
}

impl Topic {
    pub const ALL: [Self; 3] = [Self::Affiliations, Self::Ties, Self::Offices];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Affiliations => "affiliations",
            Self::Ties => "ties",
            Self::Offices => "offices",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    fn of(action: Action) -> Option<Self> {
        let (family, _) = action.as_str().split_once('.')?;
        Some(match family {
            "affiliation" => Self::Affiliations,
            "ties" => Self::Ties,
            "focal_point" | "deputy" => Self::Offices,
            _ => return None,
        })
    }
}

/// Somebody in the history.
#[derive(Clone, Debug)]
pub struct Named {
    pub account: AccountId,
    /// The name; `None` for a person who is not, or no longer, here.
    pub name: Option<String>,
}

/// One act.
#[derive(Clone, Debug)]
pub struct Deed {
    pub at: Time,
    pub action: Action,
    /// The person whom it is about.
    pub person: Option<Named>,
    /// The person who acted.
    pub actor: Option<Named>,
    /// The office of whoever acted; `None` if an earlier release wrote the record.
    pub office: Option<Office>,
    pub reason: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// The affiliation.
    pub object: String,
}

#[derive(Clone, Debug)]
pub struct DeedsPage {
    pub deeds: Vec<Deed>,
    /// The place from which older ones go on, if there are any.
    pub next: Option<String>,
}

/// Returns a page, the newest first, after the place that a page before named; empty is the beginning.
pub async fn list(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    topic: Option<Topic>,
    after: &str,
    size: u64,
) -> Result<DeedsPage, Error> {
    let capacity = authority::require_to_see(app, context, organization).await?;
    let db = app.db.read();
    let size = match size {
        0 => SIZE,
        some => some.min(LARGEST),
    };
    let is_of = |it: &Action| Topic::of(*it).is_some_and(|of| topic.is_none_or(|it| it == of));
    let filter = Filter {
        subject: Some(Subject::Organization(organization.clone())),
        actions: Action::ALL.iter().copied().filter(is_of).collect(),
        ..Filter::default()
    };
    // One more says whether there are older ones.
    let found = events::search(db, &filter, place(after)?, Order::NewestFirst, size + 1).await?;
    let shown = &found[..found.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
    let next = shown.last().filter(|_| found.len() > shown.len());
    let next = next.map(|it| format!("{}.{}", it.at.timestamp_micros(), it.id));
    let actor_of = |actor: &str| actor.strip_prefix("account:").map(AccountId::new);
    let mut people: Vec<AccountId> = shown
        .iter()
        .flat_map(|it| [it.account.as_deref().map(AccountId::new), actor_of(&it.actor)])
        .flatten()
        .collect();
    people.sort();
    people.dedup();
    if capacity == Capacity::FocalPoint {
        people = affiliations::list_present(db, organization, &people).await?;
    }
    let names = accounts::list_by_ids(db, &people).await?;
    let named = |account: AccountId| Named {
        name: names
            .iter()
            .find(|it| it.id == account)
            .map(|it| it.profile.full_name()),
        account,
    };
    let deeds = shown
        .iter()
        .filter_map(|it| {
            let person = it.account.as_deref().map(|it| named(AccountId::new(it)));
            let is_named = person.as_ref().is_none_or(|it| it.name.is_some());
            let read = |text: &Option<String>| text.as_deref().and_then(|it| serde_json::from_str(it).ok());
            Some(Deed {
                at: it.at,
                action: Action::parse(&it.action)?,
                person,
                actor: actor_of(&it.actor).map(named),
                office: Office::parse(&it.acted_as),
                reason: it.reason.clone().filter(|_| is_named),
                before: read(&it.before),
                after: read(&it.after),
                object: it.object.clone(),
            })
        })
        .collect();
    Ok(DeedsPage { deeds, next })
}

fn place(after: &str) -> Result<Option<Cursor>, Error> {
    if after.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (at, id) = after.split_once('.')?;
        Some(Cursor {
            at: DateTime::from_timestamp_micros(at.parse().ok()?)?,
            id: id.parse().ok()?,
        })
    };
    read().map(Some).ok_or(Error::NotFound)
}
