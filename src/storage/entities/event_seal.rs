use sea_orm::entity::prelude::*;

/// The place of an event in the chain of the audit trail. It is a row of its own, so that a removed event leaves it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_seals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    #[sea_orm(unique)]
    pub event_id: i64,
    pub sealed_at: ChronoDateTimeUtc,
    pub digest: String,
    pub traces: Option<String>,
    pub traces_salt: Option<String>,
    pub traces_emptied_by: Option<i64>,
    pub reason: Option<String>,
    pub reason_salt: Option<String>,
    pub reason_emptied_by: Option<i64>,
    pub object: Option<String>,
    pub object_salt: Option<String>,
    pub object_emptied_by: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::event::Entity",
        from = "Column::EventId",
        to = "super::event::Column::Id"
    )]
    Event,
}

impl Related<super::event::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Event.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
