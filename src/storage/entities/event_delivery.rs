use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_deliveries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    #[sea_orm(unique)]
    pub id: String,
    pub receiver_id: String,
    /// The person; `None` if it is about the stream, or the account is gone.
    pub account_id: Option<String>,
    pub kind: String,
    pub sealed_signal: String,
    pub caused_at: ChronoDateTimeUtc,
    /// The time since which it is tried: that of the cause, or of a replay.
    pub tried_since: ChronoDateTimeUtc,
    pub due_at: ChronoDateTimeUtc,
    pub attempts: i32,
    /// The attempts at which the receiver refused this one.
    pub refusals: i32,
    pub dead_at: Option<ChronoDateTimeUtc>,
    pub failure: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
