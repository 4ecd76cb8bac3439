use sea_orm::entity::prelude::*;

/// A version of a document that was published while the service ran.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_versions")]
pub struct Model {
    /// `<terms|privacy>/<version>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub version: String,
    pub effective_from: ChronoDateTimeUtc,
    pub published_at: ChronoDateTimeUtc,
    pub published_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
