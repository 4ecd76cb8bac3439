//! Revocations, by token or by authorization, and for all that was issued until a moment: for an account, to a client, or to
//! anybody. A row is kept until the latest moment at which the tokens that it ends could still be presented (security.md
//! ST-1, UI-5).

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QuerySelect, QueryTrait,
};

use super::batches;
use super::direct::{Query, Reads, read_in_order};
use super::entities::revocation::{ActiveModel, Column, Entity};
use crate::domain::{AccountId, AuthorizationId, ClientId, Time, TokenId};

/// Returns the later of the value that is stored and the one that is to be.
macro_rules! later_of {
    ($column:literal) => {
        concat!(
            "CASE WHEN excluded.",
            $column,
            " > revocations.",
            $column,
            " THEN excluded.",
            $column,
            " ELSE revocations.",
            $column,
            " END"
        )
    };
}

/// Ends everything that descends from these authorizations.
pub async fn insert_authorizations(
    db: &impl ConnectionTrait,
    ids: &[AuthorizationId],
    now: Time,
    until: Time,
) -> Result<(), DbErr> {
    insert(db, ids.iter().map(of_authorization).collect(), now, until).await
}

/// Ends one access token.
pub async fn insert_token(
    db: &impl ConnectionTrait,
    id: &TokenId,
    now: Time,
    until: Time,
) -> Result<(), DbErr> {
    insert(db, vec![of_token(id)], now, until).await
}

/// Whose tokens end together.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    Account(&'a AccountId),
    Client(&'a ClientId),
    Everybody,
}

impl Whose<'_> {
    /// Returns the key of its row.
    pub(super) fn key(self) -> String {
        match self {
            Self::Account(id) => format!("account:{id}"),
            Self::Client(id) => format!("client:{id}"),
            Self::Everybody => "everything".to_owned(),
        }
    }
}

/// Ends everything of theirs that was issued until `issued`, in whatever form.
pub async fn insert_until(
    db: &impl ConnectionTrait,
    whose: impl Iterator<Item = Whose<'_>>,
    issued: Time,
    until: Time,
) -> Result<(), DbErr> {
    insert(db, whose.map(Whose::key).collect(), issued, until).await
}

/// All by which a token, or a grant, can be revoked.
#[derive(Clone, Copy, Debug)]
pub struct Descent<'a> {
    pub token: Option<&'a TokenId>,
    pub authorization: Option<&'a AuthorizationId>,
    pub account: Option<&'a AccountId>,
    /// Its client, and the one to which the person granted what it came of.
    pub clients: [&'a ClientId; 2],
    pub issued_at: Time,
}

/// A revocation, as far as it decides.
#[derive(FromQueryResult)]
struct Row {
    id: String,
    revoked_at: Time,
}

read_in_order!(Row { id, revoked_at });

/// Returns `true` if the token, or what it descends from, was revoked.
pub async fn revoked(db: &impl Reads, of: &Descent<'_>) -> Result<bool, DbErr> {
    static QUERY: Query = Query::new();
    let exactly = [of.token.map(of_token), of.authorization.map(of_authorization)];
    let [client, granted_to] = of.clients.map(|it| Whose::Client(it).key());
    let everybody = Whose::Everybody.key();
    let account = of.account.map(|it| Whose::Account(it).key());
    // A key that there is not has its place all the same: the statement stays the same.
    let of_one = |key: &Option<String>| key.clone().unwrap_or_default();
    let keys = [
        of_one(&exactly[0]),
        of_one(&exactly[1]),
        of_one(&account),
        client,
        granted_to,
        everybody,
    ];
    let found: Vec<Row> = QUERY
        .all(db, &keys.each_ref().map(String::as_str), |keys| {
            Entity::find()
                .select_only()
                .column(Column::Id)
                .column(Column::RevokedAt)
                .filter(Column::Id.is_in(keys.iter().copied()))
                .into_query()
        })
        .await?;
    Ok(found
        .iter()
        .any(|it| exactly.iter().flatten().any(|id| *id == it.id) || of.issued_at <= it.revoked_at))
}

/// Forgets what nobody can present any more.
pub async fn delete_expired(db: &impl ConnectionTrait, now: Time) -> Result<u64, DbErr> {
    let over = Condition::all().add(Column::ExpiresAt.lt(now));
    batches::delete::<Entity, String>(db, Column::Id, over).await
}

fn of_token(id: &TokenId) -> String {
    format!("token:{id}")
}

fn of_authorization(id: &AuthorizationId) -> String {
    format!("authorization:{id}")
}

async fn insert(db: &impl ConnectionTrait, ids: Vec<String>, now: Time, until: Time) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = ids.into_iter().map(|id| ActiveModel {
        id: Set(id),
        revoked_at: Set(now),
        expires_at: Set(until),
    });
    // What is revoked again stays revoked until the later of both ends, and up to the later of both moments.
    let longer = OnConflict::column(Column::Id)
        .value(Column::ExpiresAt, Expr::cust(later_of!("expires_at")))
        .value(Column::RevokedAt, Expr::cust(later_of!("revoked_at")))
        .to_owned();
    Entity::insert_many(rows)
        .on_conflict(longer)
        .exec_without_returning(db)
        .await
        .map(drop)
}
