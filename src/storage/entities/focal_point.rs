use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "focal_points")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub affiliation_id: String,
    pub account_id: String,
    pub organization_id: String,
    pub designated_at: ChronoDateTimeUtc,
    pub designated_by: Option<String>,
    pub absent_from: Option<ChronoDateTimeUtc>,
    pub absent_until: Option<ChronoDateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
