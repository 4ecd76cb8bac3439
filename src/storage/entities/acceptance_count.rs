use sea_orm::entity::prelude::*;

/// How many people there were, or had accepted a version, when they were counted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "acceptance_counts")]
pub struct Model {
    /// `accounts`, or `<terms|privacy>/<version>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub counted: String,
    pub number: i64,
    pub counted_at: ChronoDateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
