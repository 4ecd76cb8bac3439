//! Counts what depends on a client: people who have logged in there, sessions whose end it is told, and families of
//! refresh tokens that are in force.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use super::entities::{refresh_token, service_use, session_client};
use crate::domain::{ClientId, Time};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dependents {
    pub people: u64,
    pub sessions: u64,
    pub refresh_tokens: u64,
}

pub async fn count(db: &impl ConnectionTrait, client: &ClientId, now: Time) -> Result<Dependents, DbErr> {
    let id = client.as_str();
    Ok(Dependents {
        people: service_use::Entity::find()
            .filter(service_use::Column::ClientId.eq(id))
            .count(db)
            .await?,
        sessions: session_client::Entity::find()
            .filter(session_client::Column::ClientId.eq(id))
            .filter(session_client::Column::DueAt.is_null())
            .count(db)
            .await?,
        refresh_tokens: refresh_token::Entity::find()
            .filter(refresh_token::Column::ClientId.eq(id))
            .filter(refresh_token::Column::IdleUntil.gt(now))
            .filter(refresh_token::Column::ExpiresAt.gt(now))
            .count(db)
            .await?,
    })
}
