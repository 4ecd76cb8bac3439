use sea_orm::entity::prelude::*;

use crate::storage::direct::read_in_order;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: String,
    pub scope: String,
    pub claims: String,
    pub redirect_hosts: String,
    pub grant_id: Option<String>,
    pub first_given_at: ChronoDateTimeUtc,
    pub given_at: ChronoDateTimeUtc,
}

read_in_order!(Model {
    account_id,
    client_id,
    scope,
    claims,
    redirect_hosts,
    grant_id,
    first_given_at,
    given_at,
});

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
