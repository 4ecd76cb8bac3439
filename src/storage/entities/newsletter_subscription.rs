use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "newsletter_subscriptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account_id: String,
    pub given_at: ChronoDateTimeUtc,
    pub page: String,
    pub language: String,
    pub words: String,
    pub words_digest: String,
    pub network: String,
    pub stopped_at: Option<ChronoDateTimeUtc>,
    pub stopped_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
