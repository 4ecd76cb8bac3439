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

/// What the key of the row of an account begins with.
pub(super) const OF_ACCOUNT: &str = "account:";
/// The key of the row of everybody.
pub(super) const OF_EVERYBODY: &str = "everything";

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
            Self::Account(id) => format!("{OF_ACCOUNT}{id}"),
            Self::Client(id) => format!("client:{id}"),
            Self::Everybody => OF_EVERYBODY.to_owned(),
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

/// All by which a token, or a grant, can be revoked, but for its person.
#[derive(Clone, Copy, Debug)]
pub struct Descent<'a> {
    pub token: Option<&'a TokenId>,
    pub authorization: Option<&'a AuthorizationId>,
    /// Its client, and the one to which the person granted what it came of.
    pub clients: [&'a ClientId; 2],
    pub issued_at: Time,
}

/// The number of keys by which [`Descent::keys`] finds revocations.
pub(super) const KEYS: usize = 4;

impl Descent<'_> {
    /// Returns the keys of the rows that revoke it, beside those of its person and of everybody. A key that there is not
    /// has its place all the same: the statement stays the same.
    pub(super) fn keys(&self) -> [String; KEYS] {
        [
            self.token.map(of_token).unwrap_or_default(),
            self.authorization.map(of_authorization).unwrap_or_default(),
            Whose::Client(self.clients[0]).key(),
            Whose::Client(self.clients[1]).key(),
        ]
    }

    /// Returns `true` if it is revoked by what was found: at the first two keys by any row, at all others by one up to a
    /// moment that it is not after.
    pub(super) fn is_revoked_by(
        &self,
        exactly: [Option<Time>; 2],
        until: impl IntoIterator<Item = Option<Time>>,
    ) -> bool {
        exactly.iter().any(Option::is_some) || until.into_iter().flatten().any(|it| self.issued_at <= it)
    }
}

/// A revocation, as far as it decides.
#[derive(FromQueryResult)]
struct Row {
    id: String,
    revoked_at: Time,
}

read_in_order!(Row { id, revoked_at });

/// Returns `true` if a token about a client itself was revoked. Where there is a person, `standings` finds out.
pub async fn revoked(db: &impl Reads, of: &Descent<'_>) -> Result<bool, DbErr> {
    static QUERY: Query = Query::new();
    let [token, authorization, client, granted_to] = of.keys();
    let everybody = Whose::Everybody.key();
    let keys = [&token, &authorization, &client, &granted_to, &everybody].map(String::as_str);
    let found: Vec<Row> = QUERY
        .all(db, &keys, |keys| {
            Entity::find()
                .select_only()
                .column(Column::Id)
                .column(Column::RevokedAt)
                .filter(Column::Id.is_in(keys.iter().copied()))
                .into_query()
        })
        .await?;
    let at = |key: &str| found.iter().find(|it| it.id == key).map(|it| it.revoked_at);
    Ok(of.is_revoked_by(
        [at(&token), at(&authorization)],
        keys[2..].iter().map(|it| at(it)),
    ))
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
