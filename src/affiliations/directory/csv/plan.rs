//! Judges a file of organizations against the directory: which records it makes, which it changes, and what that means for
//! the people of each. `import` and `deployment` write a plan, a preview shows it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::rows::{LineError, Row};
use crate::affiliations::Error;
use crate::affiliations::directory::audit;
use crate::affiliations::directory::membership_change::change;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::difference::{Difference, Effect, Unnamed};
use crate::domain::event::{Action, Event};
use crate::domain::organization::{Category, MembershipType, Organization, OrganizationStatus};
use crate::domain::{MembershipTypeId, OrganizationId, Time};
use crate::random;
use crate::storage::batches::pause;
use crate::storage::{affiliations, organizations};

/// Limits one transaction: a new record has some words to be found by, a changed one may have people to settle.
const CREATED_AT_ONCE: usize = 20;
const CHANGED_AT_ONCE: usize = 10;
/// The number of organizations of which the people are counted by one query.
const COUNTED_AT_ONCE: usize = 500;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// The memberships that end because the file does not name them.
    pub ended: usize,
}

/// A record before and after a change.
type Changed = (Organization, Organization);

/// The changes that a file makes.
#[derive(Debug, Default)]
pub struct Plan {
    pub(super) created: Vec<Organization>,
    pub(super) changed: Vec<Changed>,
    /// The records that the file does not name, if their membership is to end.
    pub(super) ended: Vec<Changed>,
    pub(super) unchanged: usize,
    /// The membership types that records have afterwards, whatever their status.
    types_in_use: BTreeSet<MembershipTypeId>,
}

impl Plan {
    /// Judges rows, beside those that cannot be read. `types` are the membership types that there are when it is written.
    pub(super) fn of(
        (rows, mut errors): (&[Row], Vec<LineError>),
        existing: Vec<Organization>,
        types: &[MembershipType],
        now: Time,
        unnamed: Unnamed,
    ) -> Result<Self, Vec<LineError>> {
        let mut plan = Self::default();
        if unnamed.is_pruned() && rows.is_empty() && errors.is_empty() {
            let reason = "there is no row; every membership would end".to_owned();
            return Err(vec![LineError { line: 1, reason }]);
        }
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
        if !errors.is_empty() {
            return Err(errors);
        }
        let afterwards = plan
            .created
            .iter()
            .chain(plan.changed.iter().map(|(_, after)| after));
        let afterwards: HashMap<_, _> = afterwards.map(|it| (&it.id, &it.membership_type)).collect();
        let stay = existing.values().filter(|it| !afterwards.contains_key(&it.id));
        let types = stay
            .map(|it| &it.membership_type)
            .chain(afterwards.values().copied());
        let types: BTreeSet<_> = types.cloned().collect();
        plan.types_in_use = types;
        if unnamed.is_pruned() {
            plan.ended = not_named(existing, &seen);
        }
        Ok(plan)
    }

    /// Writes the plan in small transactions, each with its audit record, and counts what is done.
    pub(super) async fn write(
        &self,
        app: &App,
        context: &Context,
        imported: &mut Imported,
    ) -> Result<(), Error> {
        for batch in self.created.chunks(CREATED_AT_ONCE) {
            let begun = Instant::now();
            app.write(context, async |tx| create(tx, batch).await).await?;
            imported.created += batch.len();
            pause(begun).await;
        }
        for batch in self.changed.chunks(CHANGED_AT_ONCE) {
            let begun = Instant::now();
            app.write(context, async |tx| change_all(tx, batch).await).await?;
            imported.changed += batch.len();
            pause(begun).await;
        }
        for batch in self.ended.chunks(CHANGED_AT_ONCE) {
            let begun = Instant::now();
            app.write(context, async |tx| change_all(tx, batch).await).await?;
            imported.ended += batch.len();
            pause(begun).await;
        }
        Ok(())
    }

    /// Writes the whole plan within a transaction of the caller.
    pub(crate) async fn write_in(&self, tx: &Tx) -> Result<(), Error> {
        if !self.created.is_empty() {
            create(tx, &self.created).await?;
        }
        let changed: Vec<Changed> = self.changed.iter().chain(&self.ended).cloned().collect();
        if !changed.is_empty() {
            change_all(tx, &changed).await?;
        }
        Ok(())
    }

    pub fn types_in_use(&self) -> &BTreeSet<MembershipTypeId> {
        &self.types_in_use
    }

    pub fn counts(&self) -> Imported {
        Imported {
            created: self.created.len(),
            changed: self.changed.len(),
            unchanged: self.unchanged,
            ended: self.ended.len(),
        }
    }

    /// Describes the plan, with the number of people whom each change concerns.
    pub(crate) async fn differences(
        &self,
        db: &impl ConnectionTrait,
        types: &[MembershipType],
    ) -> Result<Vec<Difference>, Error> {
        let settles = |(before, after): &&Changed| settles_people(before, after, types);
        let settled: Vec<&Changed> = self.changed.iter().chain(&self.ended).filter(settles).collect();
        let mut people = HashMap::new();
        for some in settled.chunks(COUNTED_AT_ONCE) {
            people.extend(affiliations::count_not_final(db, some.iter().map(|(it, _)| &it.id)).await?);
        }
        let described = |effect, before: Option<&Organization>, after: &Organization| {
            let before = before.map_or(Value::Null, audit::state);
            let object = ("organization", after.id.as_str());
            let difference = Difference::between(object, effect, &before, &audit::state(after))?;
            Some(Difference {
                name: after.name.clone(),
                people: people.get(&after.id).copied().unwrap_or(0),
                ..difference
            })
        };
        let changes = |effect, (before, after): &Changed| described(effect, Some(before), after);
        let created = self
            .created
            .iter()
            .filter_map(|it| described(Effect::Added, None, it));
        let changed = self.changed.iter().filter_map(|it| changes(Effect::Changed, it));
        let ended = self.ended.iter().filter_map(|it| changes(Effect::Pruned, it));
        Ok(created.chain(changed).chain(ended).collect())
    }
}

/// Returns `true` if the change ends affiliations, asks about them again or takes TIES rights away (`membership_change`).
pub(in crate::affiliations::directory) fn settles_people(
    before: &Organization,
    after: &Organization,
    types: &[MembershipType],
) -> bool {
    let its_type = |of: &Organization| types.iter().find(|it| it.id == of.membership_type);
    let (Some(old), Some(new)) = (its_type(before), its_type(after)) else {
        return false;
    };
    let ends = after.status == OrganizationStatus::Ended && before.status != OrganizationStatus::Ended;
    let loses_ties = old.ties_entitled && !new.ties_entitled;
    ends || before.is_member(old) != after.is_member(new) || loses_ties
}

/// Ends the memberships that go on and are not among the `named`. What a visitor proposed is in no file.
fn not_named(
    existing: HashMap<OrganizationId, Organization>,
    named: &HashSet<OrganizationId>,
) -> Vec<Changed> {
    let goes_on = |it: &Organization| {
        it.status.is_accepted() && it.status.may_become(OrganizationStatus::Ended) && !named.contains(&it.id)
    };
    let mut ended: Vec<Changed> = existing
        .into_values()
        .filter(goes_on)
        .map(|before| {
            let after = Organization {
                status: OrganizationStatus::Ended,
                ..before.clone()
            };
            (before, after)
        })
        .collect();
    ended.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    ended
}

async fn create(tx: &Tx, batch: &[Organization]) -> Result<(), Error> {
    organizations::insert(tx, batch).await?;
    record(tx, batch.len(), 0).await
}

async fn change_all(tx: &Tx, batch: &[Changed]) -> Result<(), Error> {
    for (before, after) in batch {
        change(tx, before, after.clone(), Action::OrganizationChanged, None).await?;
    }
    record(tx, 0, batch.len()).await
}

async fn record(tx: &Tx, created: usize, changed: usize) -> Result<(), Error> {
    let counted = json!({ "created": created, "changed": changed });
    let event = Event::new(Action::OrganizationsImported, "organizations").change(Value::Null, counted);
    Ok(tx.record(event).await?)
}

/// The values of one record, under the rules of a row.
pub(in crate::affiliations::directory) struct Cells(Row);

impl Cells {
    pub(in crate::affiliations::directory) fn new(cells: &[(&'static str, String)]) -> Self {
        Self(Row::of_cells(cells))
    }

    /// Returns the record with the values, if it may be so.
    pub(in crate::affiliations::directory) fn applied_to(
        &self,
        before: &Organization,
        types: &[MembershipType],
    ) -> Result<Organization, LineError> {
        let after = self.0.applied_to(before.clone(), false)?;
        check(&self.0, Some(before), after, types)
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
