use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub at: ChronoDateTimeUtc,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub organization_id: Option<String>,
    pub success: bool,
    pub reason: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub network: String,
    pub request_id: String,
    pub account_id: Option<String>,
    pub acted_as: String,
    pub browser: String,
    /// `true` if the chain of the trail has it.
    pub sealed: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
