use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_exclusions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub receiver_id: String,
    /// A keyed digest of the subject, as the receiver named it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
