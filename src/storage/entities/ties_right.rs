use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ties_rights")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub affiliation_id: String,
    pub account_id: String,
    pub right_type: String,
    pub status: String,
    pub requested_at: Option<ChronoDateTimeUtc>,
    pub announced_at: Option<ChronoDateTimeUtc>,
    pub reminded_at: Option<ChronoDateTimeUtc>,
    pub escalated_at: Option<ChronoDateTimeUtc>,
    pub decided_at: Option<ChronoDateTimeUtc>,
    pub decided_by: Option<String>,
    pub decided_as: Option<String>,
    pub decision_reason: Option<String>,
    pub ended_at: Option<ChronoDateTimeUtc>,
    pub ended_by: Option<String>,
    pub ended_as: Option<String>,
    pub end_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
