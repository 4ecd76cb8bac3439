//! Stores TIES rights and lists their kinds. `affiliations` calls it. Which transitions a right may make is decided in
//! `domain::ties`, who may make them in `affiliations::ties`.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::affiliations::{decision, decision_columns};
use super::entities::ties_right::{ActiveModel, Column, Entity, Model};
use super::entities::ties_right_type;
use super::{corrupt, is};
use crate::domain::ties::{RightType, TiesRight, TiesStage, TiesStatus};
use crate::domain::{AccountId, AffiliationId, TiesRightId};

/// Returns the kinds of rights, in the order of the form.
pub async fn list_types(db: &impl ConnectionTrait) -> Result<Vec<RightType>, DbErr> {
    let rows = ties_right_type::Entity::find()
        .order_by_asc(ties_right_type::Column::Position)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RightType {
                names: serde_json::from_str(&row.names).map_err(|_| corrupt("ties_right_types", &row.id))?,
                name: row.id,
                position: row.position,
            })
        })
        .collect()
}

pub async fn insert_type(tx: &impl ConnectionTrait, kind: &RightType) -> Result<(), DbErr> {
    ties_right_type::Entity::insert(to_type_row(kind)?)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

pub async fn update_type(tx: &impl ConnectionTrait, kind: &RightType) -> Result<(), DbErr> {
    ties_right_type::Entity::update(to_type_row(kind)?)
        .exec(tx)
        .await
        .map(drop)
}

/// Deletes a kind. The database refuses if there is a right of it.
pub async fn delete_type(tx: &impl ConnectionTrait, name: &str) -> Result<(), DbErr> {
    ties_right_type::Entity::delete_by_id(name)
        .exec(tx)
        .await
        .map(drop)
}

/// Returns `true` if anybody has a right of the kind, or ever had.
pub async fn is_type_in_use(db: &impl ConnectionTrait, name: &str) -> Result<bool, DbErr> {
    let found = Entity::find().filter(Column::RightType.eq(name)).one(db).await?;
    Ok(found.is_some())
}

fn to_type_row(kind: &RightType) -> Result<ties_right_type::ActiveModel, DbErr> {
    Ok(ties_right_type::ActiveModel {
        id: Set(kind.name.clone()),
        names: Set(serde_json::to_string(&kind.names).map_err(|error| DbErr::Json(error.to_string()))?),
        position: Set(kind.position),
    })
}

/// Returns all rights that ever were on one affiliation, newest first.
pub async fn list_of_affiliation(
    db: &impl ConnectionTrait,
    affiliation: &AffiliationId,
) -> Result<Vec<TiesRight>, DbErr> {
    list_of_affiliations(db, [affiliation]).await
}

pub async fn list_of_affiliations(
    db: &impl ConnectionTrait,
    affiliations: impl IntoIterator<Item = &AffiliationId>,
) -> Result<Vec<TiesRight>, DbErr> {
    let affiliations: Vec<_> = affiliations.into_iter().map(AffiliationId::as_str).collect();
    if affiliations.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::AffiliationId.is_in(affiliations))
        .order_by_desc(Column::RequestedAt)
        .order_by_desc(Column::DecidedAt)
        .order_by_asc(Column::RightType)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Returns the names of the granted rights, in order.
pub async fn list_granted(
    db: &impl ConnectionTrait,
    affiliation: &AffiliationId,
) -> Result<Vec<String>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AffiliationId.eq(affiliation.as_str()))
        .filter(is(Column::Status, TiesStatus::Granted.as_str()))
        .order_by_asc(Column::RightType)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|it| it.right_type).collect())
}

/// Returns the names of the rights that are granted on these affiliations, each with its affiliation.
pub async fn list_granted_on(
    db: &impl ConnectionTrait,
    affiliations: &[AffiliationId],
) -> Result<Vec<(AffiliationId, String)>, DbErr> {
    if affiliations.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::AffiliationId, Column::RightType])
        .filter(Column::AffiliationId.is_in(affiliations.iter().map(AffiliationId::as_str)))
        .filter(is(Column::Status, TiesStatus::Granted.as_str()))
        .order_by_asc(Column::RightType)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(affiliation, right)| (AffiliationId::new(affiliation), right))
        .collect())
}

pub async fn find_live(
    db: &impl ConnectionTrait,
    affiliation: &AffiliationId,
    right: &str,
) -> Result<Option<TiesRight>, DbErr> {
    Entity::find()
        .filter(Column::AffiliationId.eq(affiliation.as_str()))
        .filter(Column::RightType.eq(right))
        .filter(Column::Status.is_in([TiesStatus::Requested.as_str(), TiesStatus::Granted.as_str()]))
        .one(db)
        .await?
        .map(from_row)
        .transpose()
}

pub async fn insert(tx: &impl ConnectionTrait, right: &TiesRight) -> Result<(), DbErr> {
    Entity::insert(to_row(right))
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Inserts all of them in one statement; the caller keeps it below what a database takes at once.
pub async fn insert_many(tx: &impl ConnectionTrait, them: &[TiesRight]) -> Result<(), DbErr> {
    if them.is_empty() {
        return Ok(());
    }
    Entity::insert_many(them.iter().map(to_row))
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Writes the stage of `after`, if the row is still as it was when that was decided (security.md G-9).
pub async fn update(tx: &impl ConnectionTrait, before: &TiesRight, after: &TiesRight) -> Result<bool, DbErr> {
    let row = to_row(after);
    let change = Entity::update_many()
        .set(ActiveModel {
            status: row.status,
            decided_at: row.decided_at,
            decided_by: row.decided_by,
            decided_as: row.decided_as,
            decision_reason: row.decision_reason,
            ended_at: row.ended_at,
            ended_by: row.ended_by,
            ended_as: row.ended_as,
            end_reason: row.end_reason,
            ..Default::default()
        })
        .filter(Column::Id.eq(before.id.as_str()))
        .filter(is(Column::Status, before.status().as_str()))
        .exec(tx)
        .await?;
    Ok(change.rows_affected == 1)
}

fn to_row(right: &TiesRight) -> ActiveModel {
    let (decided, ended) = match &right.stage {
        TiesStage::Requested => (None, None),
        TiesStage::Granted(decision) | TiesStage::Refused(decision) => (Some(decision), None),
        TiesStage::Revoked { grant, end } => (Some(grant), Some(end)),
    };
    let (decided_at, decided_by, decided_as, decision_reason) = decision_columns(decided);
    let (ended_at, ended_by, ended_as, end_reason) = decision_columns(ended);
    ActiveModel {
        id: Set(right.id.to_string()),
        affiliation_id: Set(right.affiliation.to_string()),
        account_id: Set(right.account.to_string()),
        right_type: Set(right.right.clone()),
        status: Set(right.status().as_str().to_owned()),
        requested_at: Set(right.requested_at),
        decided_at: Set(decided_at),
        decided_by: Set(decided_by),
        decided_as: Set(decided_as),
        decision_reason: Set(decision_reason),
        ended_at: Set(ended_at),
        ended_by: Set(ended_by),
        ended_as: Set(ended_as),
        end_reason: Set(end_reason),
        ..Default::default()
    }
}

fn from_row(row: Model) -> Result<TiesRight, DbErr> {
    let corrupt = || corrupt("ties_rights", &row.id);
    let decided = decision((
        row.decided_at,
        row.decided_by,
        row.decided_as,
        row.decision_reason,
    ));
    let ended = decision((row.ended_at, row.ended_by, row.ended_as, row.end_reason));
    let stage = match TiesStatus::parse(&row.status).ok_or_else(corrupt)? {
        TiesStatus::Requested => TiesStage::Requested,
        TiesStatus::Granted => TiesStage::Granted(decided.ok_or_else(corrupt)?),
        TiesStatus::Refused => TiesStage::Refused(decided.ok_or_else(corrupt)?),
        TiesStatus::Revoked => TiesStage::Revoked {
            grant: decided.ok_or_else(corrupt)?,
            end: ended.ok_or_else(corrupt)?,
        },
    };
    Ok(TiesRight {
        id: TiesRightId::new(row.id),
        affiliation: AffiliationId::new(row.affiliation_id),
        account: AccountId::new(row.account_id),
        right: row.right_type,
        requested_at: row.requested_at,
        stage,
    })
}
