use sea_orm::entity::prelude::*;

use crate::storage::direct::read_in_order;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub sub: String,
    pub email: String,
    #[sea_orm(unique)]
    pub email_key: String,
    #[sea_orm(unique)]
    pub email_unique: String,
    pub email_verified: bool,
    pub first_name: String,
    pub last_name: String,
    pub title: Option<String>,
    pub gender: String,
    pub job_title: String,
    pub professional_role: String,
    pub role: String,
    pub status: String,
    pub newsletter: bool,
    pub language: String,
    pub password_hash: Option<String>,
    pub terms_version: Option<String>,
    pub privacy_version: Option<String>,
    pub terms_accepted_at: Option<ChronoDateTimeUtc>,
    pub new_browser_told_at: Option<ChronoDateTimeUtc>,
    pub imported_at: Option<ChronoDateTimeUtc>,
    pub invited_at: Option<ChronoDateTimeUtc>,
    pub created_at: ChronoDateTimeUtc,
    pub updated_at: ChronoDateTimeUtc,
    pub search_fold: i32,
    pub suspended_at: Option<ChronoDateTimeUtc>,
    pub suspension_reason: Option<String>,
}

read_in_order!(Model {
    id,
    sub,
    email,
    email_key,
    email_unique,
    email_verified,
    first_name,
    last_name,
    title,
    gender,
    job_title,
    professional_role,
    role,
    status,
    newsletter,
    language,
    password_hash,
    terms_version,
    privacy_version,
    terms_accepted_at,
    new_browser_told_at,
    imported_at,
    invited_at,
    created_at,
    updated_at,
    search_fold,
    suspended_at,
    suspension_reason,
});

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
