use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_signups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub handle_digest: String,
    pub email: String,
    pub email_unique: String,
    pub profile: String,
    pub password_hash: String,
    pub language: String,
    pub newsletter: bool,
    pub newsletter_consent: Option<String>,
    pub choice: Option<String>,
    pub terms_version: Option<String>,
    pub terms_accepted_at: Option<ChronoDateTimeUtc>,
    pub accepted: Option<String>,
    pub taken: bool,
    pub resume: Option<String>,
    pub created_at: ChronoDateTimeUtc,
    pub mail_delay_seconds: i32,
    pub is_decoy: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
