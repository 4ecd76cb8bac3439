use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub name_key: String,
    pub acronym: Option<String>,
    pub acronym_key: Option<String>,
    pub membership_type: String,
    pub claimed_type: Option<String>,
    pub category: String,
    pub sectors: String,
    pub country: Option<String>,
    pub website: Option<String>,
    pub city: Option<String>,
    pub status: String,
    pub valid_from: Option<ChronoDate>,
    pub valid_until: Option<ChronoDate>,
    pub email_domains: String,
    pub merged_into: Option<String>,
    pub proposed_by: Option<String>,
    pub requests_announced_at: Option<ChronoDateTimeUtc>,
    pub created_at: ChronoDateTimeUtc,
    pub updated_at: ChronoDateTimeUtc,
    pub version: i32,
    /// The fold by which its words were made (`domain::organization::search`).
    pub search_fold: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
