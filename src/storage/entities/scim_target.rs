use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scim_targets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub receiver_id: String,
    pub client_id: String,
    pub people: String,
    /// The place of the walk over all people, as JSON.
    pub walk: String,
    /// The time at which somebody may go on with the walk; `None` if it is over.
    pub walk_due_at: Option<ChronoDateTimeUtc>,
    /// The end of the last whole walk.
    pub walked_at: Option<ChronoDateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
