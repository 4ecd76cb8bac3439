//! Imports organizations from a file (contract.md, "Files that go in and out"): records are upserted by id, an absent
//! column keeps and an empty cell clears. A bad row is reported with its line and reason, and nothing of the file is
//! applied. The reading of cells is in `rows`.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde_json::json;

use super::rows::{LineError, Row, read};
use crate::affiliations::Error;
use crate::affiliations::directory::membership_change::change;
use crate::affiliations::lifecycle::authority;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::organization::{Category, MembershipType, Organization, OrganizationStatus};
use crate::domain::{MembershipTypeId, OrganizationId, Time};
use crate::random;
use crate::storage::batches::pause;
use crate::storage::{membership_types, organizations};

/// Limits one transaction: a new record has some words to be found by, a changed one may have people to settle.
const CREATED_AT_ONCE: usize = 20;
const CHANGED_AT_ONCE: usize = 10;
/// Limits how often the file is judged, when others change its records meanwhile.
const ATTEMPTS: u32 = 5;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{}", lines(.0))]
    Lines(Vec<LineError>),
    #[error(transparent)]
    Room(#[from] Error),
}

/// Describes the first twenty of them.
fn lines(errors: &[LineError]) -> String {
    let mut text: Vec<_> = errors.iter().take(20).map(ToString::to_string).collect();
    if errors.len() > 20 {
        text.push(format!("and {} more", errors.len() - 20));
    }
    text.join("\n")
}

impl From<sea_orm::DbErr> for ImportError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Room(error.into())
    }
}

impl crate::storage::IsBusy for ImportError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Room(error) if error.is_busy())
    }
}

/// Judges the whole file, by reading alone: one bad row refuses it. Then applies it in small transactions, each with its
/// audit record. If the process is ended in between, the rows before are applied, and the same file again applies the
/// others; rows without an id have one that the file gives them, so that they are not made twice.
pub async fn import(app: &App, context: &Context, file: &[u8]) -> Result<Imported, ImportError> {
    authority::require_administrator(app, context).await?;
    let (rows, malformed) = read(file).map_err(ImportError::Lines)?;
    let mut imported = Imported::default();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let plan = Plan::of(
            &rows,
            malformed.clone(),
            organizations::list_every(app.db.read()).await?,
            &membership_types::list(app.db.read()).await?,
            app.clock.now(),
        )
        .map_err(ImportError::Lines)?;
        match apply(app, context, &plan, &mut imported).await {
            // Somebody changed one of the records meanwhile: the file is judged again, what is applied is unchanged.
            Err(ImportError::Room(Error::Conflict)) if attempt < ATTEMPTS => {}
            outcome => {
                imported.unchanged = (plan.unchanged + plan.created.len() + plan.changed.len())
                    .saturating_sub(imported.created + imported.changed);
                return outcome.map(|()| imported);
            }
        }
    }
}

async fn apply(
    app: &App,
    context: &Context,
    plan: &Plan,
    imported: &mut Imported,
) -> Result<(), ImportError> {
    for batch in plan.created.chunks(CREATED_AT_ONCE) {
        let begun = Instant::now();
        app.write(context, async |tx| {
            organizations::insert(tx, batch).await?;
            record(tx, batch.len(), 0).await
        })
        .await?;
        imported.created += batch.len();
        pause(begun).await;
    }
    for batch in plan.changed.chunks(CHANGED_AT_ONCE) {
        let begun = Instant::now();
        app.write(context, async |tx| {
            for (before, after) in batch {
                change(tx, before, after.clone(), Action::OrganizationChanged, None).await?;
            }
            record(tx, 0, batch.len()).await
        })
        .await?;
        imported.changed += batch.len();
        pause(begun).await;
    }
    Ok(())
}

async fn record(tx: &Tx, created: usize, changed: usize) -> Result<(), ImportError> {
    let counted = json!({ "created": created, "changed": changed });
    let event =
        Event::new(Action::OrganizationsImported, "organizations").change(serde_json::Value::Null, counted);
    Ok(tx.record(event).await?)
}

/// The changes that a file makes.
struct Plan {
    created: Vec<Organization>,
    changed: Vec<(Organization, Organization)>,
    unchanged: usize,
}

impl Plan {
    fn of(
        rows: &[Row],
        mut errors: Vec<LineError>,
        existing: Vec<Organization>,
        types: &[MembershipType],
        now: Time,
    ) -> Result<Self, Vec<LineError>> {
        let mut plan = Self {
            created: Vec::new(),
            changed: Vec::new(),
            unchanged: 0,
        };
        let existing: HashMap<_, _> = existing.into_iter().map(|it| (it.id.clone(), it)).collect();
        let named: HashSet<_> = rows.iter().filter_map(|it| it.id.as_ref()).collect();
        let mut seen = HashSet::new();
        for row in rows {
            let mut before = row.id.as_ref().and_then(|id| existing.get(id));
            if let Some(survivor) = before.and_then(|it| it.merged_into.as_ref()) {
                // A merged id goes on resolving to the survivor; its own row, if there is one, is newer.
                if named.contains(survivor) {
                    plan.unchanged += 1;
                    continue;
                }
                before = existing.get(survivor);
            }
            let id = before.map(|it| &it.id).or(row.id.as_ref());
            if let Some(id) = id
                && !seen.insert(id.clone())
            {
                errors.push(row.error("id", "stands twice in the file"));
                continue;
            }
            let applied = match before {
                Some(before) => row.applied_to(before.clone(), false),
                None => row.applied_to(blank(row.id.clone(), now), true),
            };
            let after = match applied.and_then(|it| check(row, before, it, types)) {
                Ok(after) => after,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            match before {
                None => plan.created.push(after),
                Some(before) if *before == after => plan.unchanged += 1,
                Some(before) => plan.changed.push((before.clone(), after)),
            }
        }
        errors.sort_by_key(|it| it.line);
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }
}

/// Refuses a record that no row may make, whatever the row changes.
fn check(
    row: &Row,
    before: Option<&Organization>,
    after: Organization,
    types: &[MembershipType],
) -> Result<Organization, LineError> {
    if after.name.is_empty() {
        return Err(row.error("name", "is needed"));
    }
    if after.membership_type.as_str().is_empty() {
        return Err(row.error("membership_type", "is needed"));
    }
    if !types.iter().any(|it| it.id == after.membership_type) {
        return Err(row.error("membership_type", "is none of those that there are"));
    }
    let proposed = after.status == OrganizationStatus::Proposed;
    if proposed && after.membership_type.as_str() != MembershipType::NON_MEMBER {
        return Err(row.error("membership_type", "of a proposed organization is non_member"));
    }
    if let Some(before) = before
        && before.status != after.status
        && !before.status.may_become(after.status)
    {
        return Err(row.error("status", "cannot follow the one that the record has"));
    }
    if let (Some(from), Some(until)) = (after.valid_from, after.valid_until)
        && until < from
    {
        return Err(row.error("valid_until", "is before valid_from"));
    }
    Ok(after)
}

fn blank(id: Option<OrganizationId>, now: Time) -> Organization {
    Organization {
        id: id.unwrap_or_else(|| OrganizationId::new(random::id())),
        name: String::new(),
        acronym: None,
        membership_type: MembershipTypeId::new(""),
        claimed_type: None,
        category: Category::Other,
        sectors: Vec::new(),
        country: None,
        website: None,
        city: None,
        status: OrganizationStatus::Active,
        valid_from: None,
        valid_until: None,
        email_domains: Vec::new(),
        merged_into: None,
        proposed_by: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}
