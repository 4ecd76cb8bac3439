use sea_orm::entity::prelude::*;

use crate::storage::direct::read_in_order;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub sid: String,
    #[sea_orm(unique)]
    pub cookie_digest: String,
    pub account_id: String,
    pub created_at: ChronoDateTimeUtc,
    pub authenticated_at: ChronoDateTimeUtc,
    pub acr: String,
    pub second_factor: Option<String>,
    pub second_factor_at: Option<ChronoDateTimeUtc>,
    pub last_used_at: ChronoDateTimeUtc,
    pub rested_at: Option<ChronoDateTimeUtc>,
    pub terms_due: bool,
    pub cookie_due: bool,
    pub user_agent: String,
    pub network: String,
    pub ended_at: Option<ChronoDateTimeUtc>,
}

read_in_order!(Model {
    id,
    sid,
    cookie_digest,
    account_id,
    created_at,
    authenticated_at,
    acr,
    second_factor,
    second_factor_at,
    last_used_at,
    rested_at,
    terms_due,
    cookie_due,
    user_agent,
    network,
    ended_at,
});

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::AccountId",
        to = "super::account::Column::Id"
    )]
    Account,
}

impl Related<super::account::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Account.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
