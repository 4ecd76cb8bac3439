//! Stores mails on their way out: due, claimed, sent or given up. `mail::outbox` calls it, which decides when a mail is
//! tried again; the demo lists them. Bodies arrive sealed.

use sea_orm::sea_query::{Expr, ExprTrait, Query, UnionType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::batches;
use super::entities::outbox_mail::{ActiveModel, Column, Entity, Model};
use crate::domain::{AccountId, Time};

/// A mail that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub id: String,
    pub recipient: String,
}

/// A claimed mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The address by which the reader stops mails of this kind.
    pub unsubscribe: Option<String>,
    /// The attempts, this one included.
    pub attempts: i32,
}

/// A mail as the outbox page shows it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Entry {
    pub id: String,
    pub created_at: Time,
    pub kind: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub unsubscribe: Option<String>,
}

/// A mail that was not tried yet.
#[derive(Debug)]
pub struct NewMail<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub recipient: &'a str,
    /// The account that it is mailed for, whatever address it goes to.
    pub account: Option<&'a str>,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    pub due_at: Time,
    /// The time from which the code or the link in it opens nothing.
    pub void_at: Option<Time>,
    pub unsubscribe: Option<&'a str>,
}

/// Returns the condition of the mails for an account, whatever address they went to. Those that name no account are found
/// by the address: the release before wrote them, or there was none. Each half has an index of its own.
pub fn of_person(account: &AccountId, addresses: &[String]) -> Condition {
    let ids = || Query::select().column(Column::Id).from(Entity).to_owned();
    let to_address = ids()
        .and_where(Column::AccountId.is_null())
        .and_where(Column::Recipient.is_in(addresses))
        .to_owned();
    let of_person = ids()
        .and_where(Column::AccountId.eq(account.as_str()))
        .union(UnionType::All, to_address)
        .to_owned();
    Condition::all().add(Column::Id.in_subquery(of_person))
}

pub async fn insert(tx: &impl ConnectionTrait, now: Time, mail: NewMail<'_>) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(mail.id.to_owned()),
        created_at: Set(now),
        kind: Set(mail.kind.to_owned()),
        recipient: Set(mail.recipient.to_owned()),
        account_id: Set(mail.account.map(str::to_owned)),
        subject: Set(mail.subject.to_owned()),
        text: Set(mail.text.to_owned()),
        html: Set(mail.html.to_owned()),
        unsubscribe: Set(mail.unsubscribe.map(str::to_owned)),
        attempts: Set(0),
        next_attempt_at: Set(Some(mail.due_at)),
        claimed_until: Set(None),
        sent_at: Set(None),
        failed_at: Set(None),
        last_error: Set(None),
        void_at: Set(mail.void_at),
        queued_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await.map(drop)
}

fn due(now: Time) -> Condition {
    Condition::all()
        .add(Column::SentAt.is_null())
        .add(Column::FailedAt.is_null())
        .add(Column::NextAttemptAt.lte(now))
        .add(
            Condition::any()
                .add(Column::ClaimedUntil.is_null())
                .add(Column::ClaimedUntil.lte(now)),
        )
}

/// Lists the mails that may be sent now, oldest first.
pub async fn list_due(db: &impl ConnectionTrait, now: Time, most: u64) -> Result<Vec<Waiting>, DbErr> {
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Recipient])
        .filter(due(now))
        .order_by_asc(Column::NextAttemptAt)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    let waiting = rows.into_iter().map(|(id, recipient)| Waiting { id, recipient });
    Ok(waiting.collect())
}

/// Takes a mail for a while. Returns `None` if another sender has it, or has another one to the same recipient.
pub async fn claim(
    db: &impl ConnectionTrait,
    waiting: &Waiting,
    now: Time,
    until: Time,
) -> Result<Option<Due>, DbErr> {
    let other = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, "other")
        .and_where(Expr::col(("other", Column::Recipient)).eq(&*waiting.recipient))
        .and_where(Expr::col(("other", Column::ClaimedUntil)).gt(now))
        .to_owned();
    let claimed = Entity::update_many()
        .col_expr(Column::ClaimedUntil, Expr::value(until))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.eq(&*waiting.id))
        .filter(due(now))
        .filter(Expr::exists(other).not())
        .exec(db)
        .await?;
    if claimed.rows_affected != 1 {
        return Ok(None);
    }
    let row = Entity::find_by_id(&*waiting.id).one(db).await?;
    Ok(row.map(|row| Due {
        id: row.id,
        recipient: row.recipient,
        subject: row.subject,
        text: row.text,
        html: row.html,
        unsubscribe: row.unsubscribe,
        attempts: row.attempts,
    }))
}

pub async fn mark_sent(db: &impl ConnectionTrait, id: &str, now: Time, keep_text: bool) -> Result<(), DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::SentAt, Expr::value(now))
        .col_expr(Column::ClaimedUntil, Expr::value(Option::<Time>::None));
    if !keep_text {
        update = update
            .col_expr(Column::Text, Expr::value(""))
            .col_expr(Column::Html, Expr::value(""))
            .col_expr(Column::Unsubscribe, Expr::value(Option::<String>::None));
    }
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

/// The ages at which a mail is not tried again.
#[derive(Clone, Copy, Debug)]
pub struct TooOld {
    /// Queued before, for the first time or once more.
    pub queued: Time,
    /// Written before.
    pub created: Time,
}

/// Schedules the next try at `next`, or gives up: when there is none, or the mail is too old. Its sealed text stays, so that
/// it can be sent once more; `outgoing_mails::empty_void` empties it when the code or the link in it opens nothing any more.
pub async fn mark_failed(
    db: &impl ConnectionTrait,
    id: &str,
    now: Time,
    next: Option<Time>,
    too_old: TooOld,
    error: &str,
) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::ClaimedUntil, Expr::value(Option::<Time>::None))
        .filter(Column::Id.eq(id));
    let given_up = || update.clone().col_expr(Column::FailedAt, Expr::value(now));
    let Some(next) = next else {
        return given_up().exec(db).await.map(drop);
    };
    let queued = Condition::any()
        .add(Column::QueuedAt.lt(too_old.queued))
        .add(
            Column::QueuedAt
                .is_null()
                .and(Column::CreatedAt.lt(too_old.queued)),
        )
        .add(Column::CreatedAt.lt(too_old.created));
    let old = given_up().filter(queued).exec(db).await?;
    if old.rows_affected == 0 {
        let next = update.col_expr(Column::NextAttemptAt, Expr::value(next));
        next.exec(db).await?;
    }
    Ok(())
}

/// Lists the newest mails, a page at a time, to one address or to all.
pub async fn list(
    db: &impl ConnectionTrait,
    recipient: Option<&str>,
    page: u64,
    size: u64,
) -> Result<Vec<Entry>, DbErr> {
    let mut query = Entity::find()
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id);
    if let Some(recipient) = recipient {
        query = query.filter(Column::Recipient.eq(recipient));
    }
    Ok(query
        .offset(page * size)
        .limit(size)
        .all(db)
        .await?
        .into_iter()
        .map(entry)
        .collect())
}

pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<Entry>, DbErr> {
    Ok(Entity::find_by_id(id).one(db).await?.map(entry))
}

pub async fn count(db: &impl ConnectionTrait, recipient: Option<&str>) -> Result<u64, DbErr> {
    let mut query = Entity::find();
    if let Some(recipient) = recipient {
        query = query.filter(Column::Recipient.eq(recipient));
    }
    query.count(db).await
}

/// Forgets mails that were sent or given up before `before`.
pub async fn delete_done(db: &impl ConnectionTrait, before: Time) -> Result<u64, DbErr> {
    let done = Condition::any()
        .add(Column::SentAt.is_not_null())
        .add(Column::FailedAt.is_not_null());
    let done = Condition::all().add(done).add(Column::CreatedAt.lt(before));
    batches::delete::<Entity, String>(db, Column::Id, done).await
}

fn entry(row: Model) -> Entry {
    Entry {
        id: row.id,
        created_at: row.created_at,
        kind: row.kind,
        recipient: row.recipient,
        subject: row.subject,
        text: row.text,
        html: row.html,
        unsubscribe: row.unsubscribe,
    }
}
