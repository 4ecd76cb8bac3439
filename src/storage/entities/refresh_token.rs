use sea_orm::entity::prelude::*;

use crate::storage::direct::read_in_order;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub authorization_id: String,
    pub account_id: String,
    pub client_id: String,
    pub session_id: String,
    pub content: String,
    pub digest: String,
    pub previous: Option<String>,
    pub issued_at: ChronoDateTimeUtc,
    pub rotated_at: Option<ChronoDateTimeUtc>,
    pub idle_until: ChronoDateTimeUtc,
    pub expires_at: ChronoDateTimeUtc,
    /// The time at which the sweep comes by next; a use does not move it.
    pub look_again_at: ChronoDateTimeUtc,
}

read_in_order!(Model {
    id,
    authorization_id,
    account_id,
    client_id,
    session_id,
    content,
    digest,
    previous,
    issued_at,
    rotated_at,
    idle_until,
    expires_at,
    look_again_at,
});

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
