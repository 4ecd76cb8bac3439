//! Links that stop a deletion, found by the digest of their token. They go with the deletion.

use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

use super::corrupt;
use super::entities::deletion_link::{ActiveModel, Entity};
use crate::domain::AccountId;
use crate::domain::account::EmailAddress;
use crate::domain::account_deletion::DeletionLink;
use crate::domain::secret::Digest;

pub async fn insert(db: &impl ConnectionTrait, digest: &Digest, link: &DeletionLink) -> Result<(), DbErr> {
    let row = ActiveModel {
        digest: Set(digest.as_str().to_owned()),
        account_id: Set(link.account.to_string()),
        email: Set(link.email.as_str().to_owned()),
        expires_at: Set(link.expires_at),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub async fn find(db: &impl ConnectionTrait, digest: &Digest) -> Result<Option<DeletionLink>, DbErr> {
    let Some(row) = Entity::find_by_id(digest.as_str()).one(db).await? else {
        return Ok(None);
    };
    let email = EmailAddress::parse(&row.email).map_err(|_| corrupt("deletion_links", &row.digest))?;
    Ok(Some(DeletionLink {
        account: AccountId::new(row.account_id),
        email,
        expires_at: row.expires_at,
    }))
}
