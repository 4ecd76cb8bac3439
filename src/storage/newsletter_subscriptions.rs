//! Subscriptions to the newsletter with their proof of consent: one of an account is in force, stopped ones stay.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::corrupt;
use super::entities::newsletter_subscription::{ActiveModel, Column, Entity, Model};
use crate::domain::newsletter::{Consent, ConsentPage, StoppedBy, Subscription};
use crate::domain::profile::Language;
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};
use crate::random;

pub async fn insert(db: &impl ConnectionTrait, account: &AccountId, consent: &Consent) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(random::id()),
        account_id: Set(account.to_string()),
        given_at: Set(consent.given_at),
        page: Set(consent.page.as_str().to_owned()),
        language: Set(consent.language.as_str().to_owned()),
        words: Set(consent.words.clone()),
        words_digest: Set(Digest::of(consent.words.as_bytes()).as_str().to_owned()),
        network: Set(consent.network.clone()),
        stopped_at: Set(None),
        stopped_by: Set(None),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Returns the latest subscription of the account, in force or stopped.
pub async fn find_latest(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Option<Subscription>, DbErr> {
    let found = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .all(db)
        .await?;
    // The one in force, or the one that was stopped last.
    let stopped = |it: &Model| it.stopped_at.map_or(i64::MAX, |at| at.timestamp_micros());
    found
        .into_iter()
        .max_by_key(stopped)
        .map(subscription)
        .transpose()
}

/// Ends the subscription in force.
pub async fn stop(
    db: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
    by: StoppedBy,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::StoppedAt, Expr::value(now))
        .col_expr(Column::StoppedBy, Expr::value(by.as_str()))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::StoppedAt.is_null())
        .exec(db)
        .await
        .map(drop)
}

fn subscription(row: Model) -> Result<Subscription, DbErr> {
    let corrupt = || corrupt("newsletter_subscriptions", &row.id);
    let by = row.stopped_by.as_deref().map(StoppedBy::parse);
    let stopped = match (row.stopped_at, by) {
        (None, _) => None,
        (Some(at), Some(Some(by))) => Some((at, by)),
        (Some(_), _) => return Err(corrupt()),
    };
    Ok(Subscription {
        consent: Consent {
            given_at: row.given_at,
            page: ConsentPage::parse(&row.page).ok_or_else(corrupt)?,
            language: Language::parse(&row.language).ok_or_else(corrupt)?,
            words: row.words.clone(),
            network: row.network.clone(),
        },
        stopped,
    })
}
