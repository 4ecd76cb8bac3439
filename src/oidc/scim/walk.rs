//! Walks over all whom a service is provisioned with: when it is registered, and when an act changes whom it may see or what
//! of them. Whoever differs from what the service has is noted for the sender, in small transactions, and no faster than the
//! service takes them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::Duration;
use sea_orm::DbErr;

use super::error::Result;
use super::listing::MOST_LOOKED_AT;
use super::person::show_each;
use super::push::{differs, sent, to_close, visible};
use super::reader::Reader;
use crate::app::App;
use crate::domain::client::Client;
use crate::domain::scim_target::{ScimTarget, Walk};
use crate::domain::signal::ReceiverStatus;
use crate::domain::{AccountId, Subject};
use crate::signals::Outbox;
use crate::storage::visible_accounts::{self, From, Place, Selection, Sorting};
use crate::storage::{accounts, event_deliveries, event_receivers, scim_resources, scim_targets};

/// The people of one step.
const BATCH: u64 = 100;
/// The most that waits for one service before the walk waits.
const MOST_WAITING: usize = 400;
/// The targets that are walked for in one round.
const MOST_TARGETS: u64 = 64;
const NEXT_LOOK: Duration = Duration::seconds(2);
/// The wait of a walk for a service that is disabled.
const DISABLED: Duration = Duration::minutes(1);

/// Goes on with the walks that are due. Returns how many people were noted.
pub async fn go_on(app: &App) -> Result<usize> {
    let mut noted = 0;
    for target in scim_targets::list_due(app.db.read(), app.clock.now(), MOST_TARGETS).await? {
        noted += walk(app, target).await?;
    }
    Ok(noted)
}

async fn walk(app: &App, mut target: ScimTarget) -> Result<usize> {
    let mut noted = 0;
    while !app.stopping.is_cancelled() {
        let db = app.db.read();
        let receiver = event_receivers::find(db, &target.receiver).await?;
        let is_disabled = receiver.is_none_or(|it| it.status == ReceiverStatus::Disabled);
        let Some(client) = app.registry.find(target.client.as_str()).filter(|_| !is_disabled) else {
            rest(app, &target, DISABLED).await?;
            break;
        };
        if event_deliveries::exceeds(db, &target.receiver, MOST_WAITING).await? {
            rest(app, &target, NEXT_LOOK).await?;
            break;
        }
        let (people, next) = step(app, &client, &target).await?;
        let (due_at, walked_at) = match next {
            Some(_) => (target.walk_due_at, target.walked_at),
            None => (None, Some(app.clock.now())),
        };
        let (at, found) = (next.clone().unwrap_or_default(), &people);
        let seen = &target;
        let is_ours = app
            .db
            .write(async |tx| {
                if !scim_targets::move_walk(tx, seen, &at, due_at, walked_at).await? {
                    return Ok::<_, DbErr>(false);
                }
                let outbox = Outbox {
                    tx,
                    keys: &app.keys,
                    now: app.clock.now(),
                };
                outbox.provision_these(&seen.receiver, found).await?;
                Ok(true)
            })
            .await?;
        // Another node walks, or it began again.
        let (true, Some(walk)) = (is_ours, next) else {
            break;
        };
        noted += people.len();
        target.walk = walk;
    }
    Ok(noted)
}

async fn rest(app: &App, target: &ScimTarget, time: Duration) -> Result<()> {
    let due_at = Some(app.clock.now() + time);
    scim_targets::move_walk(&app.db, target, &target.walk, due_at, target.walked_at).await?;
    Ok(())
}

/// Returns whom the next step finds, and the place after it; `None` if it was the last one.
async fn step(
    app: &App,
    client: &Arc<Client>,
    target: &ScimTarget,
) -> Result<(Vec<AccountId>, Option<Walk>)> {
    match &target.walk {
        Walk::Begin => among_visible(app, client, target, None).await,
        Walk::Visible(after) => among_visible(app, client, target, Some(after)).await,
        Walk::Provisioned(after) => among_provisioned(app, client, target, after.as_ref()).await,
    }
}

async fn among_visible(
    app: &App,
    client: &Arc<Client>,
    target: &ScimTarget,
    after: Option<&String>,
) -> Result<(Vec<AccountId>, Option<Walk>)> {
    let db = app.db.read();
    let reader = Reader::provisioned(client);
    let visible = visible(&reader, target.people);
    let selection = Selection {
        is_narrow: visible_accounts::count_visible(db, &visible, MOST_LOOKED_AT).await? <= MOST_LOOKED_AT,
        visible,
        sorting: Sorting::Subject,
        descending: false,
        prefix: None,
        changed_from: None,
        changed_to: None,
    };
    let from = match after {
        None => From::Offset(0),
        Some(subject) => From::After(Place {
            name: Some(subject.clone()),
            time: None,
            id: String::new(),
        }),
    };
    let found = visible_accounts::list(db, &selection, &from, BATCH).await?;
    let ids: Vec<AccountId> = found.iter().map(|it| it.id.clone()).collect();
    let stored = scim_resources::list(db, &target.receiver, &ids).await?;
    let stored: HashMap<AccountId, _> = stored.into_iter().map(|it| (it.account.clone(), it)).collect();
    let shown = show_each(app, &reader, &found).await?;
    let differing = shown
        .into_iter()
        .filter(|(account, _)| !account.is_deleted())
        .map(|(account, user)| (account.id.clone(), sent(user)))
        .filter(|(id, user)| differs(stored.get(id), user));
    let next = match found.last() {
        Some(last) if found.len() as u64 == BATCH => Walk::Visible(last.sub.to_string()),
        _ => Walk::Provisioned(None),
    };
    Ok((differing.map(|it| it.0).collect(), Some(next)))
}

async fn among_provisioned(
    app: &App,
    client: &Arc<Client>,
    target: &ScimTarget,
    after: Option<&AccountId>,
) -> Result<(Vec<AccountId>, Option<Walk>)> {
    let db = app.db.read();
    let stored = scim_resources::list_of_receiver(db, &target.receiver, after, BATCH).await?;
    let next = match stored.last() {
        Some(last) if stored.len() as u64 == BATCH => Some(Walk::Provisioned(Some(last.account.clone()))),
        _ => None,
    };
    let ids: Vec<AccountId> = stored.iter().map(|it| it.account.clone()).collect();
    let subjects: Vec<Subject> = accounts::list_by_ids(db, &ids)
        .await?
        .into_iter()
        .map(|it| it.sub)
        .collect();
    let visible = visible(&Reader::provisioned(client), target.people);
    let seen = visible_accounts::list_by_subjects(db, &visible, &subjects).await?;
    let seen: HashSet<AccountId> = seen.into_iter().map(|it| it.id).collect();
    Ok((to_close(stored, &seen), next))
}
