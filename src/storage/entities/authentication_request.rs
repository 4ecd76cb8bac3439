use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authentication_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The digest of the client and its `auth_req_id`.
    pub digest: String,
    pub client_id: String,
    /// The account; empty if the hint named nobody.
    pub account_id: Option<String>,
    pub scope: String,
    /// The resources, joined by spaces, as `acr_values`.
    pub resources: String,
    /// The details as JSON.
    pub details: String,
    pub acr_values: String,
    pub binding_message: Option<String>,
    pub requested_at: ChronoDateTimeUtc,
    pub expires_at: ChronoDateTimeUtc,
    /// The state: `waiting`, `allowed`, `denied`, `spent`.
    pub state: String,
    pub decided_at: Option<ChronoDateTimeUtc>,
    /// The grant, as JSON, once it is allowed.
    pub granted: Option<String>,
    /// The data that the client is to be pinged with, sealed.
    pub ping: Option<String>,
    pub ping_attempts: i32,
    pub ping_due_at: Option<ChronoDateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
