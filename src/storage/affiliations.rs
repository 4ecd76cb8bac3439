//! Affiliations: one row for each request, moved by updates that name the status they were decided on.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::batches::ROWS;
use super::entities::affiliation::{ActiveModel, Column, Entity, Model};
use super::entities::organization;
use super::{corrupt, is};
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, Decision, Stage};
use crate::domain::{AccountId, AffiliationId, MembershipTypeId, OrganizationId, Time};

pub async fn find(db: &impl ConnectionTrait, id: &AffiliationId) -> Result<Option<Affiliation>, DbErr> {
    Entity::find_by_id(id.as_str())
        .one(db)
        .await?
        .map(from_row)
        .transpose()
}

/// Returns the affiliation that counts for the person: approved or self-declared.
pub async fn find_in_force(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Option<Affiliation>, DbErr> {
    find_in(
        db,
        account,
        &[AffiliationStatus::Approved, AffiliationStatus::SelfDeclared],
    )
    .await
}

/// Returns the request that is pending.
pub async fn find_open(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<Affiliation>, DbErr> {
    find_in(db, account, &[AffiliationStatus::Pending]).await
}

async fn find_in(
    db: &impl ConnectionTrait,
    account: &AccountId,
    statuses: &[AffiliationStatus],
) -> Result<Option<Affiliation>, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::Status.is_in(statuses.iter().map(|it| it.as_str())))
        .one(db)
        .await?
        .map(from_row)
        .transpose()
}

/// Returns a person's own history, newest first.
pub async fn list_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Vec<Affiliation>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_desc(Column::RequestedAt)
        .order_by_desc(Column::Id)
        .limit(100)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Returns all that these people asked for or belonged to, the newest first.
pub async fn list_of_accounts(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
) -> Result<Vec<Affiliation>, DbErr> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
        .order_by_desc(Column::RequestedAt)
        .order_by_desc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Returns a part of a person's own history, newest first.
pub async fn list_part_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
    offset: u64,
    limit: u64,
) -> Result<Vec<Affiliation>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_desc(Column::RequestedAt)
        .order_by_desc(Column::Id)
        .offset(offset)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Counts all that a person ever asked for or belonged to.
pub async fn count_of_account(db: &impl ConnectionTrait, account: &AccountId) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .count(db)
        .await
}

pub async fn list_of_organization(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    statuses: &[AffiliationStatus],
) -> Result<Vec<Affiliation>, DbErr> {
    let rows = Entity::find()
        .filter(Column::OrganizationId.eq(organization.as_str()))
        .filter(Column::Status.is_in(statuses.iter().map(|it| it.as_str())))
        .order_by_asc(Column::RequestedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Returns at most a batch of what is pending or approved there.
/// Returns those of the accounts that have a pending or approved affiliation with the organization.
pub async fn list_present(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, DbErr> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<String> =
        Entity::find()
            .select_only()
            .column(Column::AccountId)
            .filter(Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
            .filter(Column::OrganizationId.eq(organization.as_str()))
            .filter(Column::Status.is_in(
                [AffiliationStatus::Pending, AffiliationStatus::Approved].map(AffiliationStatus::as_str),
            ))
            .into_tuple()
            .all(db)
            .await?;
    Ok(found.into_iter().map(AccountId::new).collect())
}

pub async fn list_to_end(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Affiliation>, DbErr> {
    let statuses = [AffiliationStatus::Pending, AffiliationStatus::Approved];
    let rows = Entity::find()
        .filter(Column::OrganizationId.eq(organization.as_str()))
        .filter(Column::Status.is_in(statuses.map(AffiliationStatus::as_str)))
        .limit(ROWS as u64)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Counts how often the person asked since then (security.md AF-5).
pub async fn count_asked_since(
    db: &impl ConnectionTrait,
    account: &AccountId,
    since: Time,
) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::AskedByPerson.eq(true))
        .filter(Column::RequestedAt.gt(since))
        .count(db)
        .await
}

/// Returns those of the ids that exist, the oldest request first.
pub async fn list_by_ids(
    db: &impl ConnectionTrait,
    ids: &[AffiliationId],
) -> Result<Vec<Affiliation>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::Id.is_in(ids.iter().map(AffiliationId::as_str)))
        .order_by_asc(Column::RequestedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Counts what is pending, approved or self-declared in all organizations of a membership type.
pub async fn count_not_final_of_type(
    db: &impl ConnectionTrait,
    membership_type: &MembershipTypeId,
) -> Result<u64, DbErr> {
    let not_final = AffiliationStatus::ALL.iter().filter(|it| !it.is_final());
    let of_type = Query::select()
        .column(organization::Column::Id)
        .from(organization::Entity)
        .and_where(organization::Column::MembershipType.eq(membership_type.as_str()))
        .to_owned();
    Entity::find()
        .filter(Column::OrganizationId.in_subquery(of_type))
        .filter(Column::Status.is_in(not_final.map(|it| it.as_str())))
        .count(db)
        .await
}

/// Counts what is pending, approved or self-declared, for each organization that has any.
pub async fn count_not_final(
    db: &impl ConnectionTrait,
    organizations: impl IntoIterator<Item = &OrganizationId>,
) -> Result<HashMap<OrganizationId, u64>, DbErr> {
    let not_final = AffiliationStatus::ALL.iter().filter(|it| !it.is_final());
    let organizations: Vec<_> = organizations.into_iter().map(OrganizationId::as_str).collect();
    if organizations.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::OrganizationId)
        .column_as(Column::Id.count(), "n")
        .filter(Column::OrganizationId.is_in(organizations))
        .filter(Column::Status.is_in(not_final.map(|it| it.as_str())))
        .group_by(Column::OrganizationId)
        .into_tuple()
        .all(db)
        .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(id, n)| (OrganizationId::new(id), u64::try_from(n).unwrap_or(0)))
        .collect())
}

pub async fn insert(tx: &impl ConnectionTrait, affiliation: &Affiliation) -> Result<(), DbErr> {
    Entity::insert(to_row(affiliation))
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Inserts what was taken over from the former platform in one statement; the caller keeps it below what a database takes
/// at once. The announcement of these requests is their first reminder, too: nobody here has let them wait.
pub async fn insert_taken_over(
    tx: &impl ConnectionTrait,
    them: &[Affiliation],
    now: Time,
) -> Result<(), DbErr> {
    if them.is_empty() {
        return Ok(());
    }
    let rows = them.iter().map(|it| {
        let mut row = to_row(it);
        row.reminded_at = Set(Some(now));
        row
    });
    Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Writes the stage of `after`, if the row is still as it was when that was decided: of any number of
/// parallel decisions, one gets `true` (security.md G-9).
pub async fn update(
    tx: &impl ConnectionTrait,
    before: &Affiliation,
    after: &Affiliation,
) -> Result<bool, DbErr> {
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
        .filter(Column::OrganizationId.eq(before.organization.as_str()))
        .filter(is(Column::Status, before.status().as_str()))
        .exec(tx)
        .await?;
    Ok(change.rows_affected == 1)
}

/// Moves an affiliation that has not ended along with its organization's merge.
pub async fn move_to(
    tx: &impl ConnectionTrait,
    before: &Affiliation,
    organization: &OrganizationId,
) -> Result<bool, DbErr> {
    let change = Entity::update_many()
        .col_expr(Column::OrganizationId, Expr::value(organization.as_str()))
        .filter(Column::Id.eq(before.id.as_str()))
        .filter(Column::OrganizationId.eq(before.organization.as_str()))
        .filter(is(Column::Status, before.status().as_str()))
        .exec(tx)
        .await?;
    Ok(change.rows_affected == 1)
}

fn to_row(affiliation: &Affiliation) -> ActiveModel {
    let (decision, end) = match &affiliation.stage {
        Stage::SelfDeclared | Stage::Pending => (None, None),
        Stage::Approved(decision) | Stage::Rejected(decision) => (Some(decision), None),
        Stage::Withdrawn { approval, end } => (approval.as_ref(), Some(end)),
        Stage::Removed { approval, end } | Stage::Lapsed { approval, end } => (Some(approval), Some(end)),
    };
    let (decided_at, decided_by, decided_as, decision_reason) = decision_columns(decision);
    let (ended_at, ended_by, ended_as, end_reason) = decision_columns(end);
    ActiveModel {
        id: Set(affiliation.id.to_string()),
        account_id: Set(affiliation.account.to_string()),
        organization_id: Set(affiliation.organization.to_string()),
        status: Set(affiliation.status().as_str().to_owned()),
        requested_at: Set(affiliation.requested_at),
        asked_by_person: Set(affiliation.asked_by_person),
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

pub(super) type DecisionColumns = (Option<Time>, Option<String>, Option<String>, Option<String>);

pub(super) fn decision_columns(decision: Option<&Decision>) -> DecisionColumns {
    (
        decision.map(|it| it.at),
        decision.and_then(|it| it.by.as_ref()).map(ToString::to_string),
        decision.map(|it| it.capacity.as_str().to_owned()),
        decision.and_then(|it| it.reason.clone()),
    )
}

pub(super) fn decision((at, by, capacity, reason): DecisionColumns) -> Option<Decision> {
    let capacity = capacity
        .as_deref()
        .and_then(Capacity::parse)
        .unwrap_or(Capacity::System);
    Some(Decision {
        at: at?,
        by: by.map(AccountId::new),
        capacity,
        // An earlier release wrote this for an affiliation from a file. Nobody gave it as a reason, and a row that has
        // come to its end is never changed (security.md AF-1): so it is left out here, where every decision is read.
        reason: reason.filter(|it| capacity != Capacity::System || it != "import"),
    })
}

pub(super) fn from_row(row: Model) -> Result<Affiliation, DbErr> {
    let corrupt = || corrupt("affiliations", &row.id);
    let decided = decision((
        row.decided_at,
        row.decided_by,
        row.decided_as,
        row.decision_reason,
    ));
    let ended = decision((row.ended_at, row.ended_by, row.ended_as, row.end_reason));
    let stage = match AffiliationStatus::parse(&row.status).ok_or_else(corrupt)? {
        AffiliationStatus::SelfDeclared => Stage::SelfDeclared,
        AffiliationStatus::Pending => Stage::Pending,
        AffiliationStatus::Approved => Stage::Approved(decided.ok_or_else(corrupt)?),
        AffiliationStatus::Rejected => Stage::Rejected(decided.ok_or_else(corrupt)?),
        AffiliationStatus::Withdrawn => Stage::Withdrawn {
            approval: decided,
            end: ended.ok_or_else(corrupt)?,
        },
        AffiliationStatus::Removed => Stage::Removed {
            approval: decided.ok_or_else(corrupt)?,
            end: ended.ok_or_else(corrupt)?,
        },
        AffiliationStatus::Lapsed => Stage::Lapsed {
            approval: decided.ok_or_else(corrupt)?,
            end: ended.ok_or_else(corrupt)?,
        },
    };
    Ok(Affiliation {
        id: AffiliationId::new(row.id),
        account: AccountId::new(row.account_id),
        organization: OrganizationId::new(row.organization_id),
        requested_at: row.requested_at,
        asked_by_person: row.asked_by_person,
        stage,
    })
}
