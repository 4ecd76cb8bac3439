use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "global_revocations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub target_kind: String,
    pub target_id: String,
    pub issued_until: ChronoDateTimeUtc,
    pub ends_sessions: bool,
    pub requested_at: ChronoDateTimeUtc,
    pub people: i64,
    pub sessions: i64,
    pub grants: i64,
    pub reached: String,
    pub version: i64,
    pub completed_at: Option<ChronoDateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
