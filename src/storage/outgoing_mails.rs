//! Mails of the outbox as those who operate the platform see them: searched by address, kind and state, the newest first,
//! and, of those that were given up, sent once more or deleted. No text is read here; `outbox` has the way of a mail.

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::entities::outbox_mail::{Column, Entity};
use crate::domain::outgoing_mail::{MailState, OutgoingMail};
use crate::domain::{AccountId, Time};

/// The mails that are sought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A whole address, in whatever case.
    pub recipient: Option<String>,
    /// The name of a template.
    pub kind: Option<String>,
    pub state: Option<MailState>,
}

/// The place of a mail in the order of time: a search goes on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Time,
    pub id: String,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    created_at: Time,
    kind: String,
    recipient: String,
    account_id: Option<String>,
    subject: String,
    attempts: i32,
    next_attempt_at: Option<Time>,
    claimed_until: Option<Time>,
    sent_at: Option<Time>,
    failed_at: Option<Time>,
    last_error: Option<String>,
    void_at: Option<Time>,
    has_text: bool,
}

impl From<Row> for OutgoingMail {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            kind: row.kind,
            recipient: row.recipient,
            account: row.account_id.map(AccountId::new),
            subject: row.subject,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            claimed_until: row.claimed_until,
            sent_at: row.sent_at,
            failed_at: row.failed_at,
            last_error: row.last_error,
            void_at: row.void_at,
            has_text: row.has_text,
        }
    }
}

fn without_text() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::CreatedAt,
            Column::Kind,
            Column::Recipient,
            Column::AccountId,
            Column::Subject,
            Column::Attempts,
            Column::NextAttemptAt,
            Column::ClaimedUntil,
            Column::SentAt,
            Column::FailedAt,
            Column::LastError,
            Column::VoidAt,
        ])
        .column_as(Column::Text.ne(""), "has_text")
}

fn matching(filter: &Filter, now: Time) -> Condition {
    let mut all = Condition::all();
    if let Some(recipient) = &filter.recipient {
        let lower = |it: Expr| Expr::from(Func::lower(it));
        all = all.add(lower(Expr::col(Column::Recipient)).eq(lower(Expr::val(recipient.as_str()))));
    }
    if let Some(kind) = &filter.kind {
        all = all.add(Column::Kind.eq(kind));
    }
    match filter.state {
        None => all,
        Some(MailState::Sent) => all.add(Column::SentAt.is_not_null()),
        Some(MailState::GivenUp) => all.add(Column::FailedAt.is_not_null()),
        Some(MailState::BeingSent) => all.add(waiting()).add(Column::ClaimedUntil.gt(now)),
        Some(MailState::Queued) => all.add(waiting()).add(
            Condition::any()
                .add(Column::ClaimedUntil.is_null())
                .add(Column::ClaimedUntil.lte(now)),
        ),
    }
}

fn waiting() -> Condition {
    Condition::all()
        .add(Column::SentAt.is_null())
        .add(Column::FailedAt.is_null())
}

/// Searches mails, the newest first, after the cursor.
pub async fn search(
    db: &impl ConnectionTrait,
    filter: &Filter,
    now: Time,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<OutgoingMail>, DbErr> {
    let mut found = without_text().filter(matching(filter, now));
    // The first condition bounds the walk of the index, the second drops what has the same time and was given.
    if let Some(Cursor { at, id }) = after {
        found = found
            .filter(Column::CreatedAt.lte(*at))
            .filter(Column::CreatedAt.lt(*at).or(Column::Id.lt(id.as_str())));
    }
    let rows = found
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .into_model::<Row>()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(OutgoingMail::from).collect())
}

pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<OutgoingMail>, DbErr> {
    let found = without_text().filter(Column::Id.eq(id)).into_model::<Row>();
    Ok(found.one(db).await?.map(OutgoingMail::from))
}

/// Counts the mails that wait, a sender's among them, and those that were given up.
pub async fn counts(db: &impl ConnectionTrait) -> Result<(u64, u64), DbErr> {
    let waiting = Entity::find().filter(waiting()).count(db).await?;
    let given_up = Entity::find()
        .filter(Column::FailedAt.is_not_null())
        .count(db)
        .await?;
    Ok((waiting, given_up))
}

/// Returns the condition of the mails that were given up and can go once more.
fn resendable(now: Time) -> Condition {
    Condition::all()
        .add(Column::FailedAt.is_not_null())
        .add(Column::Text.ne(""))
        .add(
            Condition::any()
                .add(Column::VoidAt.is_null())
                .add(Column::VoidAt.gt(now)),
        )
}

/// Counts the mails that can go once more, up to `most`.
pub async fn count_resendable(
    db: &impl ConnectionTrait,
    filter: &Filter,
    now: Time,
    most: u64,
) -> Result<u64, DbErr> {
    count_of(db, matching(filter, now).add(resendable(now)), most).await
}

/// Counts the mails that were given up until a time, up to `most`.
pub async fn count_given_up(
    db: &impl ConnectionTrait,
    filter: &Filter,
    until: Time,
    most: u64,
) -> Result<u64, DbErr> {
    count_of(db, given_up(filter, until), most).await
}

async fn count_of(db: &impl ConnectionTrait, which: Condition, most: u64) -> Result<u64, DbErr> {
    let rows: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(which)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.len() as u64)
}

/// Returns the condition of the mails that match and were given up until a time.
fn given_up(filter: &Filter, until: Time) -> Condition {
    matching(filter, until)
        .add(Column::FailedAt.is_not_null())
        .add(Column::FailedAt.lte(until))
}

/// Queues mails that were given up once more, `most` of those that match. Returns how many.
pub async fn resend_matching(
    db: &impl ConnectionTrait,
    filter: &Filter,
    now: Time,
    most: u64,
) -> Result<u64, DbErr> {
    let chosen = Query::select()
        .column(Column::Id)
        .from(Entity)
        .cond_where(matching(filter, now))
        .cond_where(resendable(now))
        .limit(most)
        .to_owned();
    let chosen = Condition::all().add(Column::Id.in_subquery(chosen));
    resend(db, chosen, now).await
}

/// Queues a mail that was given up once more. Returns `false` if it cannot be.
pub async fn resend_one(db: &impl ConnectionTrait, id: &str, now: Time) -> Result<bool, DbErr> {
    let one = Condition::all().add(Column::Id.eq(id));
    Ok(resend(db, one, now).await? == 1)
}

async fn resend(db: &impl ConnectionTrait, chosen: Condition, now: Time) -> Result<u64, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::FailedAt, Expr::value(Option::<Time>::None))
        .col_expr(Column::NextAttemptAt, Expr::value(now))
        .col_expr(Column::QueuedAt, Expr::value(now))
        .col_expr(Column::Attempts, Expr::value(0))
        .filter(chosen)
        .filter(resendable(now))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Deletes a mail that was given up. Returns `false` if there is none.
pub async fn discard(db: &impl ConnectionTrait, id: &str) -> Result<bool, DbErr> {
    let done = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::FailedAt.is_not_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes mails that were given up until a time, `most` of those that match. Returns how many.
pub async fn discard_matching(
    db: &impl ConnectionTrait,
    filter: &Filter,
    until: Time,
    most: u64,
) -> Result<u64, DbErr> {
    let chosen = Query::select()
        .column(Column::Id)
        .from(Entity)
        .cond_where(given_up(filter, until))
        .limit(most)
        .to_owned();
    let done = Entity::delete_many()
        .filter(Column::Id.in_subquery(chosen))
        // One that was queued once more meanwhile stays.
        .filter(Column::FailedAt.is_not_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Empties the texts of mails that were given up and hold a code or a link that opens nothing any more, `most` at a time.
pub async fn empty_void(db: &impl ConnectionTrait, now: Time, most: u64) -> Result<u64, DbErr> {
    let void = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::FailedAt.is_not_null())
        .and_where(Column::VoidAt.lte(now))
        .and_where(Column::Text.ne(""))
        .limit(most)
        .to_owned();
    let done = Entity::update_many()
        .col_expr(Column::Text, Expr::value(""))
        .col_expr(Column::Html, Expr::value(""))
        .col_expr(Column::Unsubscribe, Expr::value(Option::<String>::None))
        .filter(Column::Id.in_subquery(void))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}
