use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assisted_recoveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account_id: String,
    pub reason: String,
    pub asked_by: String,
    pub asked_at: ChronoDateTimeUtc,
    pub confirmed_by: Option<String>,
    pub confirmed_at: Option<ChronoDateTimeUtc>,
    /// The time at which the job looks at it next; empty once it has ended.
    pub due_at: Option<ChronoDateTimeUtc>,
    #[sea_orm(unique)]
    pub stop_digest: Option<String>,
    pub ended_at: Option<ChronoDateTimeUtc>,
    pub outcome: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
