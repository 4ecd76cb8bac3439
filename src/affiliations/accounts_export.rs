//! Exports accounts with their affiliations, as rows that `accounts_import` takes again. `itu-account user export` calls
//! this.

use std::collections::HashMap;

use crate::accounts::import::{self, Row};
use crate::accounts::{Result, foreign_hash};
use crate::app::App;
use crate::domain::account::{EmailAddress, Status};
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, AffiliationId};
use crate::storage::{accounts, affiliations, ties};

/// The accounts of one page.
const PAGE: u64 = 500;

/// Says what is exported of the passwords: their hashes are what an attacker would want of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashes {
    None,
    /// As they are stored: nobody verifies one without the master key.
    Stored,
    /// Those of the former platform as they came. Some kinds are quick to guess, by whoever has the file.
    Unsealed,
}

/// Records that somebody reads all accounts (security.md LG-1).
pub async fn begin(app: &App, context: &Context, hashes: Hashes) -> Result<()> {
    app.write(context, async |tx| {
        let event = Event::new(Action::AccountsExported, "accounts:all");
        let event = match hashes {
            Hashes::None => event,
            Hashes::Stored => event.because("with password hashes"),
            Hashes::Unsealed => event.because("with password hashes, unsealed"),
        };
        Ok(tx.record(event).await?)
    })
    .await
}

/// One page of the export.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Row>,
    /// The last account that was looked at: the next page comes after it. `None` at the end.
    pub last: Option<String>,
    /// The accounts that are left out.
    pub left_out: Vec<LeftOut>,
}

/// An account that is left out: a file has no state of an account, and an import would make an active one of it.
#[derive(Clone, Debug)]
pub struct LeftOut {
    pub email: EmailAddress,
    /// Its person deletes it, it is suspended, or it is being deleted.
    pub status: Status,
}

/// Returns a page of the export, by the same few queries however many accounts it has: active accounts in the order of
/// their ids, after `after`.
pub async fn page(app: &App, after: &str, hashes: Hashes) -> Result<Page> {
    let db = app.db.read();
    let all = accounts::list_credentials_after(db, after, PAGE).await?;
    let last = all.last().map(|(it, _)| it.id.to_string());
    let (page, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(it, _)| it.is_active());
    let left_out = others.into_iter().map(|(it, _)| LeftOut {
        email: it.email,
        status: it.status,
    });
    let left_out = left_out.collect();
    let ids: Vec<AccountId> = page.iter().map(|(it, _)| it.id.clone()).collect();
    let mut places = HashMap::new();
    for affiliation in affiliations::list_of_accounts(db, &ids).await? {
        let current = places.entry(affiliation.account.clone()).or_insert(None);
        choose(current, affiliation);
    }
    let of_places: Vec<AffiliationId> = places.values().flatten().map(|it| it.id.clone()).collect();
    let mut rights: HashMap<AffiliationId, Vec<String>> = HashMap::new();
    for (affiliation, right) in ties::list_granted_on(db, &of_places).await? {
        rights.entry(affiliation).or_default().push(right);
    }
    let rows = page.iter().map(|(account, stored)| {
        let mut row = import::row(account);
        if let Some(place) = places.get(&account.id).and_then(Option::as_ref) {
            row.organization_id = place.organization.to_string();
            row.affiliation_status = place.status().as_str().to_owned();
            row.ties_rights = rights.get(&place.id).map_or_else(String::new, |it| it.join(";"));
        }
        row.password_hash = match (hashes, stored) {
            (Hashes::None, _) | (_, None) => String::new(),
            (Hashes::Stored, Some(stored)) => stored.clone(),
            (Hashes::Unsealed, Some(stored)) => foreign_hash::open(app, stored)?.into_owned(),
        };
        Ok(row)
    });
    let rows: Result<Vec<Row>> = rows.collect();
    Ok(Page {
        rows: rows?,
        last,
        left_out,
    })
}

/// Keeps the affiliation that is in force, else the newest one. A withdrawn affiliation counts as none (product.md).
fn choose(current: &mut Option<Affiliation>, next: Affiliation) {
    let is_in_force = |it: &Affiliation| it.status().is_in_force();
    let is_better = match current {
        None => next.status() != AffiliationStatus::Withdrawn,
        Some(current) => is_in_force(&next) && !is_in_force(current),
    };
    if is_better {
        *current = Some(next);
    }
}
