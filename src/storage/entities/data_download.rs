use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_downloads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    pub id: String,
    pub requested_at: ChronoDateTimeUtc,
    pub attempts: i32,
    /// The time at which the job builds it next; empty once it is built or given up.
    pub due_at: Option<ChronoDateTimeUtc>,
    pub ready_at: Option<ChronoDateTimeUtc>,
    pub failed_at: Option<ChronoDateTimeUtc>,
    pub expires_at: Option<ChronoDateTimeUtc>,
    /// The file, sealed; empty before it is built and after it has expired.
    pub content: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
