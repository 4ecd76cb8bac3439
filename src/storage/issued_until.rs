//! What was issued until a moment, for `oidc::global_revocation`: its numbers, and its removal a batch at a time. Families of
//! refresh tokens are found by their account or their client, sessions by their account.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, Func, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
};

use super::batches::ROWS;
use super::entities::{account, affiliation, refresh_token, session};
use super::revocations;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::global_revocation::{Ended, RevocationTarget};
use crate::domain::token::LONGEST_ACCESS_TOKEN;
use crate::domain::{AccountId, AuthorizationId, ClientId, OrganizationId, Time};

/// The statuses of people who belong to an organization.
const BELONGING: [AffiliationStatus; 2] = [AffiliationStatus::Approved, AffiliationStatus::SelfDeclared];

/// Counts what a revocation would end, each number up to `most`: behind it nobody needs to know how many more.
pub async fn count(
    db: &impl ConnectionTrait,
    target: &RevocationTarget,
    until: Time,
    most: u64,
) -> Result<Ended, DbErr> {
    let mut families = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::Id)
        .filter(refresh_token::Column::IssuedAt.lte(until));
    let mut sessions = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::CreatedAt.lte(until));
    let mut people = 0;
    match target {
        RevocationTarget::Everything => {}
        RevocationTarget::Account(id) => {
            families = families.filter(refresh_token::Column::AccountId.eq(id.as_str()));
            sessions = sessions.filter(session::Column::AccountId.eq(id.as_str()));
            people = 1;
        }
        RevocationTarget::Client(id) => {
            families = families.filter(refresh_token::Column::ClientId.eq(id.as_str()));
        }
        RevocationTarget::Organization(id) => {
            let members = members(id).into_query();
            people = number(db, members.clone(), most).await?;
            families = families.filter(refresh_token::Column::AccountId.in_subquery(members.clone()));
            sessions = sessions.filter(session::Column::AccountId.in_subquery(members));
        }
    }
    Ok(Ended {
        people,
        sessions: if target.has_sessions() {
            number(db, sessions.into_query(), most).await?
        } else {
            0
        },
        grants: number(db, families.into_query(), most).await?,
    })
}

/// Counts the rows of a query, up to `most`.
async fn number(db: &impl ConnectionTrait, mut rows: SelectStatement, most: u64) -> Result<u64, DbErr> {
    let count = Query::select()
        .expr_as(Func::count(Expr::cust("*")), "n")
        .from_subquery(rows.limit(most).take(), "found")
        .take();
    let Some(row) = db.query_one(&count).await? else {
        return Ok(0);
    };
    Ok(row.try_get::<i64>("", "n")?.unsigned_abs())
}

fn members(organization: &OrganizationId) -> Select<affiliation::Entity> {
    affiliation::Entity::find()
        .select_only()
        .column(affiliation::Column::AccountId)
        .filter(affiliation::Column::OrganizationId.eq(organization.as_str()))
        .filter(affiliation::Column::Status.is_in(BELONGING.map(AffiliationStatus::as_str)))
}

/// Lists a batch of the people who belong to an organization, in the order of the accounts, from behind `reached`.
pub async fn list_members(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    reached: &str,
) -> Result<Vec<AccountId>, DbErr> {
    let ids: Vec<String> = members(organization)
        .filter(affiliation::Column::AccountId.gt(reached))
        .order_by_asc(affiliation::Column::AccountId)
        .limit(ROWS as u64)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// Lists a batch of all accounts, in their order, from behind `reached`.
pub async fn list_accounts(db: &impl ConnectionTrait, reached: &str) -> Result<Vec<AccountId>, DbErr> {
    let ids: Vec<String> = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::Id.gt(reached))
        .order_by_asc(account::Column::Id)
        .limit(ROWS as u64)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// Lists those of the accounts that have a session which began until then.
pub async fn list_with_sessions(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
    until: Time,
) -> Result<Vec<AccountId>, DbErr> {
    let ids: Vec<String> = session::Entity::find()
        .select_only()
        .column(session::Column::AccountId)
        .distinct()
        .filter(session::Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::CreatedAt.lte(until))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// What a removal keeps in the list of revocations.
#[derive(Clone, Copy, Debug)]
pub struct Removal {
    /// The latest time at which what is removed was issued.
    pub until: Time,
    pub now: Time,
    /// `true` if access tokens of the families may have been issued later: each authorization is then listed.
    pub lists_authorizations: bool,
}

/// Removes the families of these accounts. Returns how many each had.
pub async fn end_families_of_accounts(
    tx: &impl ConnectionTrait,
    accounts: &[AccountId],
    removal: Removal,
) -> Result<BTreeMap<AccountId, u64>, DbErr> {
    let which = Condition::all()
        .add(refresh_token::Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
        .add(refresh_token::Column::IssuedAt.lte(removal.until));
    let found: Vec<(String, String, String)> = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::Id)
        .column(refresh_token::Column::AuthorizationId)
        .column(refresh_token::Column::AccountId)
        .filter(which)
        .into_tuple()
        .all(tx)
        .await?;
    let mut ended = BTreeMap::new();
    for (_, _, account) in &found {
        *ended.entry(AccountId::new(account.as_str())).or_default() += 1;
    }
    let families = found
        .into_iter()
        .map(|(id, authorization, _)| (id, authorization));
    remove(tx, families.collect(), removal).await?;
    Ok(ended)
}

/// Removes a batch of the families of a client, and returns how many there were.
pub async fn end_families_of_client(
    tx: &impl ConnectionTrait,
    client: &ClientId,
    removal: Removal,
) -> Result<u64, DbErr> {
    let found: Vec<(String, String)> = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::Id)
        .column(refresh_token::Column::AuthorizationId)
        .filter(refresh_token::Column::ClientId.eq(client.as_str()))
        .filter(refresh_token::Column::IssuedAt.lte(removal.until))
        .limit(ROWS as u64)
        .into_tuple()
        .all(tx)
        .await?;
    let number = found.len() as u64;
    remove(tx, found, removal).await?;
    Ok(number)
}

/// Removes families, given as their identifiers and those of their authorizations.
async fn remove(
    tx: &impl ConnectionTrait,
    families: Vec<(String, String)>,
    removal: Removal,
) -> Result<(), DbErr> {
    for some in families.chunks(ROWS) {
        if removal.lists_authorizations {
            let ids: Vec<_> = some
                .iter()
                .map(|(_, it)| AuthorizationId::new(it.as_str()))
                .collect();
            let until = removal.now + LONGEST_ACCESS_TOKEN;
            revocations::insert_authorizations(tx, &ids, removal.now, until).await?;
        }
        refresh_token::Entity::delete_many()
            .filter(refresh_token::Column::Id.is_in(some.iter().map(|(id, _)| id.as_str())))
            .exec(tx)
            .await?;
    }
    Ok(())
}
