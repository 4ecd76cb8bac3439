//! Stores the tokens that let somebody register a client, and those by which a client that registered itself manages its
//! registration (RFC 7591 §3, RFC 7592 §2; security.md DR-1). It keeps digests only.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::batches;
use super::entities::{initial_access_token, registration};
use crate::domain::secret::Digest;
use crate::domain::{ClientId, Time};

pub async fn insert(
    tx: &impl ConnectionTrait,
    client: &ClientId,
    token: &Digest,
    now: Time,
) -> Result<(), DbErr> {
    let row = registration::ActiveModel {
        client_id: Set(client.to_string()),
        digest: Set(token.as_str().to_owned()),
        created_at: Set(now),
    };
    registration::Entity::insert(row)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Finds the client whose registration the token manages.
pub async fn find_client(db: &impl ConnectionTrait, token: &Digest) -> Result<Option<ClientId>, DbErr> {
    let row = registration::Entity::find()
        .filter(registration::Column::Digest.eq(token.as_str()))
        .one(db)
        .await?;
    Ok(row.map(|it| ClientId::new(it.client_id)))
}

/// A token with which `remaining` clients may register until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAccessToken {
    pub id: String,
    pub digest: Digest,
    pub remaining: u32,
    pub created_at: Time,
    pub expires_at: Time,
}

pub async fn insert_initial(tx: &impl ConnectionTrait, token: &InitialAccessToken) -> Result<(), DbErr> {
    let row = initial_access_token::ActiveModel {
        id: Set(token.id.clone()),
        digest: Set(token.digest.as_str().to_owned()),
        remaining: Set(token.remaining.into()),
        created_at: Set(token.created_at),
        expires_at: Set(token.expires_at),
    };
    initial_access_token::Entity::insert(row)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Finds the id of a token that still allows a client.
pub async fn find_initial(
    db: &impl ConnectionTrait,
    token: &Digest,
    now: Time,
) -> Result<Option<String>, DbErr> {
    let row = initial_access_token::Entity::find()
        .filter(initial_access_token::Column::Digest.eq(token.as_str()))
        .filter(initial_access_token::Column::Remaining.gt(0))
        .filter(initial_access_token::Column::ExpiresAt.gt(now))
        .one(db)
        .await?;
    Ok(row.map(|it| it.id))
}

/// Takes one client from the number in one step, so that none registers beyond it (security.md G-8). Returns `false` if
/// none is left.
pub async fn spend_initial(tx: &impl ConnectionTrait, id: &str, now: Time) -> Result<bool, DbErr> {
    let remaining = initial_access_token::Column::Remaining;
    let done = initial_access_token::Entity::update_many()
        .col_expr(remaining, Expr::col(remaining).sub(1))
        .filter(initial_access_token::Column::Id.eq(id))
        .filter(remaining.gt(0))
        .filter(initial_access_token::Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn delete_expired(db: &impl ConnectionTrait, now: Time) -> Result<u64, DbErr> {
    use initial_access_token::{Column, Entity};
    let over = Condition::all().add(Column::ExpiresAt.lt(now));
    batches::delete::<Entity, String>(db, Column::Id, over).await
}
