//! The texts of Terms of Use and Privacy Notice that people were shown and accepted: written once each, never changed.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::entities::document_acceptance::{ActiveModel, Column, Entity};
use crate::domain::document::{Acceptance, DocumentKind};
use crate::domain::{AccountId, Time};

/// Keeps the first acceptance of each version.
pub async fn insert(
    db: &impl ConnectionTrait,
    account: &AccountId,
    accepted: &[Acceptance],
    now: Time,
) -> Result<(), DbErr> {
    if accepted.is_empty() {
        return Ok(());
    }
    let rows = accepted.iter().map(|it| ActiveModel {
        account_id: Set(account.to_string()),
        document: Set(it.document.as_str().to_owned()),
        version: Set(it.version.clone()),
        language: Set(it.language.as_str().to_owned()),
        sha256: Set(it.sha256.clone()),
        accepted_at: Set(now),
    });
    let once = OnConflict::columns([Column::AccountId, Column::Document, Column::Version])
        .do_nothing()
        .to_owned();
    Entity::insert_many(rows)
        .on_conflict(once)
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Returns `true` if the account has accepted this version at any time.
pub async fn exists(
    db: &impl ConnectionTrait,
    account: &AccountId,
    document: DocumentKind,
    version: &str,
) -> Result<bool, DbErr> {
    let key = (
        account.to_string(),
        document.as_str().to_owned(),
        version.to_owned(),
    );
    let found: Option<String> = Entity::find_by_id(key)
        .select_only()
        .column(Column::Version)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Returns `true` if anybody has accepted this version.
pub async fn exist(db: &impl ConnectionTrait, document: DocumentKind, version: &str) -> Result<bool, DbErr> {
    let found: Option<String> = Entity::find()
        .filter(Column::Document.eq(document.as_str()))
        .filter(Column::Version.eq(version))
        .select_only()
        .column(Column::AccountId)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}
