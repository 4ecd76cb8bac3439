//! How many people accepted each version of a document, and how many accounts there are: counted part by part along an index, so
//! that no statement reads all of a table, and kept for whoever shows it. `accounts::terms_versions` decides when.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use super::entities::acceptance_count::{ActiveModel, Column, Entity};
use super::entities::{account, document_acceptance};
use crate::domain::Time;
use crate::domain::document::DocumentKind;

/// The rows that one statement counts.
const PART: u64 = 5_000;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    Accounts,
    Acceptances(DocumentKind, String),
}

impl Counted {
    pub fn label(&self) -> String {
        match self {
            Self::Accounts => "accounts".to_owned(),
            Self::Acceptances(kind, version) => format!("{}/{version}", kind.as_str()),
        }
    }
}

/// A number, and when it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub number: u64,
    pub at: Time,
}

/// Counts the next part, after the account `after`. Returns how many there were, and the account after which the next part
/// begins; `None` after the last.
pub async fn count_part(
    db: &impl ConnectionTrait,
    counted: &Counted,
    after: &str,
) -> Result<(u64, Option<String>), DbErr> {
    match counted {
        Counted::Accounts => {
            let rest = account::Entity::find().filter(account::Column::Id.gt(after));
            part(db, rest, account::Column::Id).await
        }
        Counted::Acceptances(kind, version) => {
            use document_acceptance::Column as D;
            let rest = document_acceptance::Entity::find()
                .filter(D::Document.eq(kind.as_str()))
                .filter(D::Version.eq(version.as_str()))
                .filter(D::AccountId.gt(after));
            part(db, rest, D::AccountId).await
        }
    }
}

async fn part<E: EntityTrait>(
    db: &impl ConnectionTrait,
    rest: Select<E>,
    id: E::Column,
) -> Result<(u64, Option<String>), DbErr>
where
    E::Model: Sync,
{
    let rest = rest.select_only().column(id);
    let last: Option<String> = rest
        .clone()
        .order_by_asc(id)
        .offset(PART - 1)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    match last {
        Some(last) => Ok((PART, Some(last))),
        None => Ok((rest.count(db).await?, None)),
    }
}

/// Keeps a number, in place of the one before.
pub async fn upsert(db: &impl ConnectionTrait, counted: &Counted, count: Count) -> Result<(), DbErr> {
    let row = ActiveModel {
        counted: Set(counted.label()),
        number: Set(count.number.cast_signed()),
        counted_at: Set(count.at),
    };
    let newest = OnConflict::column(Column::Counted)
        .update_columns([Column::Number, Column::CountedAt])
        .to_owned();
    Entity::insert(row)
        .on_conflict(newest)
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Returns the numbers that are kept of these, by their labels.
pub async fn list(db: &impl ConnectionTrait, labels: &[String]) -> Result<HashMap<String, Count>, DbErr> {
    if labels.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Entity::find()
        .filter(Column::Counted.is_in(labels))
        .all(db)
        .await?;
    let counts = rows.into_iter().map(|it| {
        let count = Count {
            number: it.number.unsigned_abs(),
            at: it.counted_at,
        };
        (it.counted, count)
    });
    Ok(counts.collect())
}
