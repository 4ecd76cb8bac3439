//! Counts what waits, and what has failed, for the overview of administrators: proposed organizations, mails, events to
//! services. Each is found by an index that holds little else. `deployment::overview` calls it; requests for affiliations
//! are counted in `roster`.

use chrono::DateTime;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::entities::{event_delivery, event_receiver, organization, outbox_mail};
use super::is;
use crate::domain::organization::OrganizationStatus;
use crate::domain::{ClientId, ReceiverId, Time};

/// How much waits, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub number: u64,
    pub oldest: Option<Time>,
}

/// Counts the records that people proposed.
pub async fn proposals(db: &impl ConnectionTrait) -> Result<Backlog, DbErr> {
    use organization::{Column, Entity};
    let proposed = || {
        Entity::find()
            .filter(is(Column::Status, OrganizationStatus::Proposed.as_str()))
            // The index has no active ones, and is used if the statement says so.
            .filter(Column::Status.into_expr().ne(Expr::Constant("active".into())))
    };
    oldest(db, proposed(), Column::CreatedAt).await
}

/// Counts the mails that are on their way.
pub async fn mails(db: &impl ConnectionTrait) -> Result<Backlog, DbErr> {
    let waiting = Condition::all()
        .add(outbox_mail::Column::SentAt.is_null())
        .add(outbox_mail::Column::FailedAt.is_null())
        // The index is read from here: a statement without a bound would read it as a table.
        .add(outbox_mail::Column::CreatedAt.gte(DateTime::UNIX_EPOCH));
    let waiting = outbox_mail::Entity::find().filter(waiting);
    oldest(db, waiting, outbox_mail::Column::CreatedAt).await
}

async fn oldest<E: EntityTrait<Model: FromQueryResult + Sized + Send + Sync>>(
    db: &impl ConnectionTrait,
    waiting: Select<E>,
    since: E::Column,
) -> Result<Backlog, DbErr> {
    let oldest: Option<Time> = waiting
        .clone()
        .select_only()
        .column(since)
        .order_by_asc(since)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(Backlog {
        number: waiting.count(db).await?,
        oldest,
    })
}

/// Returns since when the mail that is due longest could have been sent.
pub async fn mail_due_since(db: &impl ConnectionTrait) -> Result<Option<Time>, DbErr> {
    use outbox_mail::{Column, Entity};
    let due: Option<Option<Time>> = Entity::find()
        .select_only()
        .column(Column::NextAttemptAt)
        .filter(Column::SentAt.is_null())
        .filter(Column::FailedAt.is_null())
        .filter(Column::NextAttemptAt.gte(DateTime::UNIX_EPOCH))
        .order_by_asc(Column::NextAttemptAt)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(due.flatten())
}

/// Counts the mails that were given up, as long as they are kept.
pub async fn mails_given_up(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    outbox_mail::Entity::find()
        .filter(outbox_mail::Column::FailedAt.is_not_null())
        .filter(outbox_mail::Column::CreatedAt.gte(DateTime::UNIX_EPOCH))
        .count(db)
        .await
}

/// A stream or a webhook that does not get what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingReceiver {
    pub id: ReceiverId,
    pub client: ClientId,
    pub status: String,
    /// The failures since the last success.
    pub failures: i32,
    /// The events that were given up.
    pub dead: u64,
}

#[derive(FromQueryResult)]
struct Dead {
    receiver_id: String,
    number: i64,
}

/// Lists the streams and webhooks that fail, are stopped, or have events that were given up, by their clients: `most` at
/// most of each.
pub async fn failing_receivers(db: &impl ConnectionTrait, most: u64) -> Result<Vec<FailingReceiver>, DbErr> {
    use event_receiver::Column as R;
    let dead = dead_letters(db, most).await?;
    let failing = R::Failures.into_expr().gt(Expr::Constant(0.into()));
    let stopped = R::Status.into_expr().ne(Expr::Constant("enabled".into()));
    let some = || event_receiver::Entity::find().limit(most);
    let mut rows = some()
        .filter(failing)
        .order_by_desc(R::Failures)
        .order_by_desc(R::Id)
        .all(db)
        .await?;
    rows.extend(
        some()
            .filter(stopped)
            // As with mails: a bound for the index.
            .filter(R::Status.gte(""))
            .order_by_asc(R::Status)
            .order_by_asc(R::Id)
            .all(db)
            .await?,
    );
    if !dead.is_empty() {
        let ids = dead.iter().map(|it| it.receiver_id.as_str());
        rows.extend(some().filter(R::Id.is_in(ids)).all(db).await?);
    }
    rows.sort_by(|one, other| (&one.client_id, &one.id).cmp(&(&other.client_id, &other.id)));
    rows.dedup_by(|one, other| one.id == other.id);
    let found = rows.into_iter().map(|row| FailingReceiver {
        dead: dead
            .iter()
            .find(|it| it.receiver_id == row.id)
            .map_or(0, |it| it.number.unsigned_abs()),
        id: ReceiverId::new(row.id),
        client: ClientId::new(row.client_id),
        status: row.status,
        failures: row.failures,
    });
    Ok(found.collect())
}

/// Counts the events that were given up by their receivers, those with the most first.
async fn dead_letters(db: &impl ConnectionTrait, most: u64) -> Result<Vec<Dead>, DbErr> {
    use event_delivery::{Column, Entity};
    let mut select = Query::select();
    select
        .column(Column::ReceiverId)
        .expr_as(Func::count(Expr::cust("*")), "number")
        .from(Entity)
        .and_where(Column::DeadAt.is_not_null())
        .and_where(Column::DeadAt.gte(DateTime::UNIX_EPOCH))
        .group_by_col(Column::ReceiverId)
        .order_by_expr(Func::count(Expr::cust("*")).into(), Order::Desc)
        .limit(most);
    Dead::find_by_statement(db.get_database_backend().build(&select))
        .all(db)
        .await
}

/// Counts all events that were given up.
pub async fn dead_events(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    event_delivery::Entity::find()
        .filter(event_delivery::Column::DeadAt.is_not_null())
        .filter(event_delivery::Column::DeadAt.gte(DateTime::UNIX_EPOCH))
        .count(db)
        .await
}
