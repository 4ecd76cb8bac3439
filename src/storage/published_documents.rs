//! The versions of documents that were published while the service ran, with their texts. Each change raises the counter by which
//! every process sees it. A version whose day has come is neither changed nor deleted.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::entities::{document_text, document_version};
use super::{cache_versions, corrupt};
use crate::domain::document::{DocumentKind, Publication, PublishedVersion, Texts};
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};

fn id(kind: DocumentKind, version: &str) -> String {
    format!("{}/{version}", kind.as_str())
}

/// Lists all of them, those that take effect first before the others.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<PublishedVersion>, DbErr> {
    let versions = document_version::Entity::find()
        .order_by_asc(document_version::Column::EffectiveFrom)
        .all(db)
        .await?;
    let mut texts: HashMap<String, Texts> = HashMap::new();
    for row in document_text::Entity::find().all(db).await? {
        if Digest::of(row.text.as_bytes()).as_str() != row.sha256 {
            return Err(corrupt("document_texts", &row.version_id));
        }
        let files = texts.entry(row.version_id).or_default();
        files.insert(format!("{}.md", row.language), row.text);
    }
    let version = |row: document_version::Model| {
        let kind = DocumentKind::parse(&row.kind).ok_or_else(|| corrupt("document_versions", &row.id))?;
        Ok(PublishedVersion {
            kind,
            files: texts.remove(&row.id).unwrap_or_default(),
            version: row.version,
            publication: Publication {
                by: row.published_by.map(AccountId::new),
                at: row.published_at,
            },
        })
    };
    versions.into_iter().map(version).collect()
}

/// Stores a version with its texts; returns `false` if one of this name was published already.
pub async fn insert(
    tx: &impl ConnectionTrait,
    new: &PublishedVersion,
    effective_from: Time,
) -> Result<bool, DbErr> {
    let id = id(new.kind, &new.version);
    let row = document_version::ActiveModel {
        id: Set(id.clone()),
        kind: Set(new.kind.as_str().to_owned()),
        version: Set(new.version.clone()),
        effective_from: Set(effective_from),
        published_at: Set(new.publication.at),
        published_by: Set(new.publication.by.as_ref().map(ToString::to_string)),
    };
    let once = OnConflict::column(document_version::Column::Id)
        .do_nothing()
        .to_owned();
    let rows = document_version::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(tx)
        .await?;
    if rows == 0 {
        return Ok(false);
    }
    insert_texts(tx, &id, &new.files).await?;
    Ok(true)
}

async fn insert_texts(tx: &impl ConnectionTrait, id: &str, files: &Texts) -> Result<(), DbErr> {
    let rows = files.iter().map(|(name, text)| document_text::ActiveModel {
        version_id: Set(id.to_owned()),
        language: Set(name.trim_end_matches(".md").to_owned()),
        text: Set(text.clone()),
        sha256: Set(Digest::of(text.as_bytes()).as_str().to_owned()),
    });
    document_text::Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Gives a version another day, with the texts that name it; returns `false` if there is none whose day is to come.
pub async fn reschedule(
    tx: &impl ConnectionTrait,
    (kind, version): (DocumentKind, &str),
    effective_from: Time,
    files: &Texts,
    now: Time,
) -> Result<bool, DbErr> {
    let id = id(kind, version);
    let done = document_version::Entity::update_many()
        .col_expr(
            document_version::Column::EffectiveFrom,
            Expr::value(effective_from),
        )
        .filter(document_version::Column::Id.eq(id.as_str()))
        .filter(document_version::Column::EffectiveFrom.gt(now))
        .exec(tx)
        .await?;
    if done.rows_affected != 1 {
        return Ok(false);
    }
    document_text::Entity::delete_many()
        .filter(document_text::Column::VersionId.eq(id.as_str()))
        .exec(tx)
        .await?;
    insert_texts(tx, &id, files).await?;
    Ok(true)
}

/// Deletes a version with its texts; returns `false` if there is none whose day is to come.
pub async fn delete_scheduled(
    tx: &impl ConnectionTrait,
    (kind, version): (DocumentKind, &str),
    now: Time,
) -> Result<bool, DbErr> {
    let done = document_version::Entity::delete_many()
        .filter(document_version::Column::Id.eq(id(kind, version)))
        .filter(document_version::Column::EffectiveFrom.gt(now))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Raises the counter, unless somebody else has since `seen`; returns `false` then. Whoever raises it holds it until the
/// transaction ends, so that what is published is judged one after another.
pub async fn begin_change(tx: &impl ConnectionTrait, seen: Option<i64>) -> Result<bool, DbErr> {
    match seen {
        Some(seen) => cache_versions::raise_from(tx, cache_versions::DOCUMENTS, seen).await,
        None => cache_versions::raise(tx, cache_versions::DOCUMENTS)
            .await
            .map(|()| true),
    }
}
