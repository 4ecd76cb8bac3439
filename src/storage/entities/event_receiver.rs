use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_receivers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub client_id: String,
    pub kind: String,
    pub status: String,
    pub status_reason: Option<String>,
    pub endpoint: Option<String>,
    pub sealed_authorization: Option<String>,
    pub sealed_secret: Option<String>,
    pub sealed_former_secret: Option<String>,
    pub former_secret_until: Option<ChronoDateTimeUtc>,
    /// The event types that it asked for, separated by spaces.
    pub events: String,
    pub description: String,
    pub version: i64,
    pub created_at: ChronoDateTimeUtc,
    pub updated_at: ChronoDateTimeUtc,
    /// The time at which somebody may send to it: a sender at work, or a failure, moves it.
    pub next_at: ChronoDateTimeUtc,
    /// The failures since the last success.
    pub failures: i32,
    pub delivered: i64,
    pub last_success_at: Option<ChronoDateTimeUtc>,
    pub last_failure_at: Option<ChronoDateTimeUtc>,
    pub last_failure: Option<String>,
    pub verification_at: Option<ChronoDateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
