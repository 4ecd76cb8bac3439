use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scim_resources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub receiver_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    /// The id that the service gave; `None` if a user may have been made, and nobody has read its id.
    pub remote_id: Option<String>,
    /// The digest of what the service has.
    pub digest: String,
    pub updated_at: ChronoDateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
