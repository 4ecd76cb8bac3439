//! Stores streams and webhooks, and the subjects that their receivers do not want to hear of. `oidc::shared_signals`
//! decides; `signals` reads who hears of a person.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::event_receiver::{ActiveModel, Column, Entity, Model};
use super::entities::{affiliation, event_delivery, event_exclusion, service_use};
use super::{corrupt, is};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::event_receiver::{Progress, Receiver, ReceiverKind};
use crate::domain::scope::Scope;
use crate::domain::signal::{ReceiverStatus, SignalKind};
use crate::domain::{AccountId, ClientId, OrganizationId, ReceiverId, Time};

/// A receiver whose service a person used, and what the service received.
#[derive(Clone, Debug)]
pub struct Listener {
    pub account: AccountId,
    pub receiver: Receiver,
    pub scope: Scope,
    pub claims: Vec<String>,
}

pub async fn insert(tx: &impl ConnectionTrait, receiver: &Receiver, now: Time) -> Result<(), DbErr> {
    Entity::insert(ActiveModel {
        id: Set(receiver.id.to_string()),
        client_id: Set(receiver.client.to_string()),
        kind: Set(receiver.kind.as_str().to_owned()),
        created_at: Set(receiver.created_at),
        next_at: Set(receiver.progress.next_at),
        failures: Set(0),
        delivered: Set(0),
        ..decided(receiver, now)
    })
    .exec_without_returning(tx)
    .await
    .map(drop)
}

/// Writes what the receiver and administrators decide, if it is still the version that was read.
pub async fn update(tx: &impl ConnectionTrait, receiver: &Receiver, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .set(ActiveModel {
            kind: Set(receiver.kind.as_str().to_owned()),
            version: Set(receiver.version + 1),
            // A new address is tried at once.
            next_at: Set(now),
            ..decided(receiver, now)
        })
        .filter(Column::Id.eq(receiver.id.as_str()))
        .filter(Column::Version.eq(receiver.version))
        .exec(tx)
        .await?;
    // Nor does what failed at the one before wait any longer.
    event_delivery::Entity::update_many()
        .col_expr(event_delivery::Column::DueAt, Expr::value(now))
        .filter(event_delivery::Column::ReceiverId.eq(receiver.id.as_str()))
        .filter(event_delivery::Column::DeadAt.is_null())
        .filter(event_delivery::Column::DueAt.gt(now))
        .filter(event_delivery::Column::Refusals.eq(0))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

fn decided(receiver: &Receiver, now: Time) -> ActiveModel {
    ActiveModel {
        status: Set(receiver.status.as_str().to_owned()),
        status_reason: Set(receiver.status_reason.clone()),
        endpoint: Set(receiver.endpoint.clone()),
        sealed_authorization: Set(receiver.sealed_authorization.clone()),
        sealed_secret: Set(receiver.sealed_secret.clone()),
        sealed_former_secret: Set(receiver.sealed_former_secret.clone()),
        former_secret_until: Set(receiver.former_secret_until),
        events: Set(receiver.events.join(" ")),
        description: Set(receiver.description.clone()),
        version: Set(receiver.version),
        updated_at: Set(now),
        ..Default::default()
    }
}

pub async fn delete(tx: &impl ConnectionTrait, id: &ReceiverId) -> Result<bool, DbErr> {
    let done = Entity::delete_by_id(id.as_str()).exec(tx).await?;
    Ok(done.rows_affected == 1)
}

pub async fn find(db: &impl ConnectionTrait, id: &ReceiverId) -> Result<Option<Receiver>, DbErr> {
    Entity::find_by_id(id.as_str())
        .one(db)
        .await?
        .map(from_row)
        .transpose()
}

pub async fn list_of_client(db: &impl ConnectionTrait, client: &ClientId) -> Result<Vec<Receiver>, DbErr> {
    let rows = Entity::find()
        .filter(Column::ClientId.eq(client.as_str()))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Lists receivers in the order of their clients, after one of them.
pub async fn list(
    db: &impl ConnectionTrait,
    after: Option<(&ClientId, &ReceiverId)>,
    most: u64,
) -> Result<Vec<Receiver>, DbErr> {
    let mut found = Entity::find()
        .order_by_asc(Column::ClientId)
        .order_by_asc(Column::Id)
        .limit(most);
    if let Some((client, id)) = after {
        let same = Column::ClientId
            .eq(client.as_str())
            .and(Column::Id.gt(id.as_str()));
        found = found.filter(Column::ClientId.gt(client.as_str()).or(same));
    }
    let rows = found.all(db).await?;
    rows.into_iter().map(from_row).collect()
}

/// Lists the receivers of the services that a person used, but for those that are disabled.
pub async fn list_listening(tx: &impl ConnectionTrait, account: &AccountId) -> Result<Vec<Listener>, DbErr> {
    listening(tx, service_use::Column::AccountId.eq(account.as_str())).await
}

/// Does the same for all who belong to an organization, or asked to.
pub async fn list_listening_to_members(
    tx: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Listener>, DbErr> {
    let open = [
        AffiliationStatus::Pending,
        AffiliationStatus::Approved,
        AffiliationStatus::SelfDeclared,
    ];
    let members = Query::select()
        .column(affiliation::Column::AccountId)
        .from(affiliation::Entity)
        .and_where(affiliation::Column::OrganizationId.eq(organization.as_str()))
        .and_where(affiliation::Column::Status.is_in(open.map(|it| it.as_str())))
        .to_owned();
    listening(tx, service_use::Column::AccountId.in_subquery(members)).await
}

async fn listening(tx: &impl ConnectionTrait, whose: Expr) -> Result<Vec<Listener>, DbErr> {
    let receivers = Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(
            Expr::col((Entity, Column::ClientId))
                .equals((service_use::Entity, service_use::Column::ClientId)),
        )
        .to_owned();
    let used = service_use::Entity::find()
        .filter(whose)
        .filter(Expr::exists(receivers))
        .all(tx)
        .await?;
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let clients: BTreeSet<&str> = used.iter().map(|it| it.client_id.as_str()).collect();
    let rows = Entity::find()
        .filter(Column::ClientId.is_in(clients))
        // What these are told is not what happened, but what came of it (`scim_targets`).
        .filter(Column::Kind.ne(ReceiverKind::Scim.as_str()))
        .filter(Column::Status.ne(ReceiverStatus::Disabled.as_str()))
        .order_by_asc(Column::Id)
        .all(tx)
        .await?;
    let receivers: Vec<Receiver> = rows.into_iter().map(from_row).collect::<Result<_, _>>()?;
    let mut listening = Vec::new();
    for used in used {
        for receiver in receivers.iter().filter(|it| it.client.as_str() == used.client_id) {
            listening.push(Listener {
                account: AccountId::new(&used.account_id),
                scope: Scope::parse(&used.scope).map_err(|_| corrupt("service_uses", &used.client_id))?,
                claims: used.claims.split_whitespace().map(str::to_owned).collect(),
                receiver: receiver.clone(),
            });
        }
    }
    Ok(listening)
}

/// Lists the receivers to whom somebody can send now, the longest waiting first. A paused one is sent only what is about
/// the stream itself.
pub async fn list_due(db: &impl ConnectionTrait, now: Time, most: u64) -> Result<Vec<Receiver>, DbErr> {
    let waiting = || {
        Query::select()
            .expr(Expr::val(1))
            .from(event_delivery::Entity)
            .and_where(
                Expr::col((event_delivery::Entity, event_delivery::Column::ReceiverId))
                    .equals((Entity, Column::Id)),
            )
            .and_where(event_delivery::Column::DeadAt.is_null())
            .and_where(event_delivery::Column::DueAt.lte(now))
            .to_owned()
    };
    let of_stream = |kind: SignalKind| -> SelectStatement {
        let mut select = waiting();
        select.and_where(event_delivery::Column::Kind.eq(kind.as_str()));
        select
    };
    let sendable = Condition::any()
        .add(
            Condition::all()
                .add(is(Column::Status, ReceiverStatus::Enabled.as_str()))
                .add(Expr::exists(waiting())),
        )
        .add(Expr::exists(of_stream(SignalKind::Verification)))
        .add(Expr::exists(of_stream(SignalKind::StreamUpdated)));
    let rows = Entity::find()
        .filter(Column::NextAt.lte(now))
        .filter(Column::Kind.ne(ReceiverKind::Poll.as_str()))
        .filter(sendable)
        .order_by_asc(Column::NextAt)
        .limit(most)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Takes a receiver until that time. Returns `false` if another sender has it, or an administrator changed it.
pub async fn claim(db: &impl ConnectionTrait, receiver: &Receiver, until: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(until))
        .filter(Column::Id.eq(receiver.id.as_str()))
        .filter(Column::NextAt.eq(receiver.progress.next_at))
        .filter(Column::Version.eq(receiver.version))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// What came of a part of the work of a sender.
#[derive(Debug, Default)]
pub struct Outcome {
    pub delivered: u64,
    pub failure: Option<String>,
    /// `true` if the receiver itself seems to be away: nothing reached it, new events neither.
    pub is_away: bool,
}

/// Notes what came of a sender's work, and until when the receiver is taken, or rests. Returns `false` if the sender lost
/// it meanwhile.
pub async fn note(
    db: &impl ConnectionTrait,
    receiver: &Receiver,
    held_until: Time,
    (now, next_at): (Time, Time),
    outcome: &Outcome,
) -> Result<bool, DbErr> {
    let mut update = Entity::update_many().col_expr(Column::NextAt, Expr::value(next_at));
    if outcome.delivered > 0 {
        let delivered = i64::try_from(outcome.delivered).unwrap_or(i64::MAX);
        update = update
            .col_expr(Column::Delivered, Expr::col(Column::Delivered).add(delivered))
            .col_expr(Column::LastSuccessAt, Expr::value(now))
            .col_expr(Column::Failures, Expr::value(0));
    }
    if let Some(failure) = &outcome.failure {
        update = update
            .col_expr(Column::LastFailureAt, Expr::value(now))
            .col_expr(Column::LastFailure, Expr::value(failure.as_str()));
    }
    if outcome.is_away {
        update = update.col_expr(Column::Failures, Expr::col(Column::Failures).add(1));
    }
    let done = update
        .filter(Column::Id.eq(receiver.id.as_str()))
        .filter(Column::NextAt.eq(held_until))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Counts what a poll receiver acknowledged.
pub async fn count_delivered(
    tx: &impl ConnectionTrait,
    id: &ReceiverId,
    number: u64,
    now: Time,
) -> Result<(), DbErr> {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    Entity::update_many()
        .col_expr(Column::Delivered, Expr::col(Column::Delivered).add(number))
        .col_expr(Column::LastSuccessAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .exec(tx)
        .await
        .map(drop)
}

/// Notes that a verification was asked for. Returns `false` if another was since `before`.
pub async fn note_verification(
    tx: &impl ConnectionTrait,
    id: &ReceiverId,
    before: Time,
    now: Time,
) -> Result<bool, DbErr> {
    let long_ago = Column::VerificationAt
        .is_null()
        .or(Column::VerificationAt.lte(before));
    let done = Entity::update_many()
        .col_expr(Column::VerificationAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(long_ago)
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Leaves a subject out, as the receiver named it, by its keyed digest.
pub async fn exclude(tx: &impl ConnectionTrait, id: &ReceiverId, subject: &str) -> Result<(), DbErr> {
    let once = OnConflict::columns([
        event_exclusion::Column::ReceiverId,
        event_exclusion::Column::Subject,
    ])
    .do_nothing()
    .to_owned();
    event_exclusion::Entity::insert(event_exclusion::ActiveModel {
        receiver_id: Set(id.to_string()),
        subject: Set(subject.to_owned()),
    })
    .on_conflict(once)
    .exec_without_returning(tx)
    .await
    .map(drop)
}

pub async fn include(tx: &impl ConnectionTrait, id: &ReceiverId, subject: &str) -> Result<(), DbErr> {
    event_exclusion::Entity::delete_by_id((id.to_string(), subject.to_owned()))
        .exec(tx)
        .await
        .map(drop)
}

pub async fn count_excluded(db: &impl ConnectionTrait, id: &ReceiverId) -> Result<u64, DbErr> {
    event_exclusion::Entity::find()
        .filter(event_exclusion::Column::ReceiverId.eq(id.as_str()))
        .count(db)
        .await
}

/// Returns `true` if one of these is left out.
pub async fn excludes(
    db: &impl ConnectionTrait,
    id: &ReceiverId,
    subjects: &[String],
) -> Result<bool, DbErr> {
    let found = event_exclusion::Entity::find()
        .filter(event_exclusion::Column::ReceiverId.eq(id.as_str()))
        .filter(event_exclusion::Column::Subject.is_in(subjects))
        .one(db)
        .await?;
    Ok(found.is_some())
}

fn from_row(row: Model) -> Result<Receiver, DbErr> {
    let known = |it: &str| (ReceiverKind::parse(it), ReceiverStatus::parse(&row.status));
    let (Some(kind), Some(status)) = known(&row.kind) else {
        return Err(corrupt("event_receivers", &row.id));
    };
    Ok(Receiver {
        id: ReceiverId::new(row.id),
        client: ClientId::new(row.client_id),
        kind,
        status,
        status_reason: row.status_reason,
        endpoint: row.endpoint,
        sealed_authorization: row.sealed_authorization,
        sealed_secret: row.sealed_secret,
        sealed_former_secret: row.sealed_former_secret,
        former_secret_until: row.former_secret_until,
        events: row.events.split_whitespace().map(str::to_owned).collect(),
        description: row.description,
        version: row.version,
        created_at: row.created_at,
        progress: Progress {
            next_at: row.next_at,
            failures: row.failures,
            delivered: row.delivered,
            last_success_at: row.last_success_at,
            last_failure_at: row.last_failure_at,
            last_failure: row.last_failure,
            verification_at: row.verification_at,
        },
    })
}
