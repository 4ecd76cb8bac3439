//! Organizations, and the words they are found by: each word of a name is a row, so that a search for
//! the beginnings of words walks an index, with 20,000 organizations as with ten.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::batches::ROWS;
use super::corrupt;
use super::entities::organization::{ActiveModel, Column, Entity, Model};
use super::entities::{membership_type, organization_word};
use crate::domain::organization::search::{VERSION, alternatives};
use crate::domain::organization::{
    Category, Country, Organization, OrganizationStatus, Sector, key_of, words_of,
};
use crate::domain::{AccountId, MembershipTypeId, OrganizationId, Time};

/// The conditions of a search; each is optional.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The beginnings of words of name or acronym, in any order.
    pub text: String,
    pub membership_type: Option<MembershipTypeId>,
    /// `true` for only those whose membership type needs an approval: the members of the Union.
    pub members_only: bool,
    /// The Member State. Organizations without one appear under every country.
    pub country: Option<Country>,
    pub category: Option<Category>,
    /// The statuses; if empty, active ones only.
    pub statuses: Vec<OrganizationStatus>,
}

pub async fn find(db: &impl ConnectionTrait, id: &OrganizationId) -> Result<Option<Organization>, DbErr> {
    Entity::find_by_id(id.as_str())
        .one(db)
        .await?
        .map(from_row)
        .transpose()
}

/// Returns those of the ids that exist, merged ones as they are.
pub async fn list_by_ids(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = &OrganizationId>,
) -> Result<Vec<Organization>, DbErr> {
    let ids: Vec<_> = ids.into_iter().map(OrganizationId::as_str).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find().filter(Column::Id.is_in(ids)).all(db).await?;
    rows.into_iter().map(from_row).collect()
}

/// Keeps the record as it is read until the transaction ends. On SQLite there is one writer anyway.
pub async fn find_to_rely_on(
    tx: &impl ConnectionTrait,
    id: &OrganizationId,
) -> Result<Option<Organization>, DbErr> {
    let found = Entity::find_by_id(id.as_str()).lock_shared().one(tx).await?;
    found.map(from_row).transpose()
}

/// Keeps everybody else from relying on the record or changing it until the transaction ends.
pub async fn find_to_change(
    tx: &impl ConnectionTrait,
    id: &OrganizationId,
) -> Result<Option<Organization>, DbErr> {
    let found = Entity::find_by_id(id.as_str()).lock_exclusive().one(tx).await?;
    found.map(from_row).transpose()
}

/// Returns the organization with the id; a merged id resolves to the survivor (contract.md).
pub async fn resolve(db: &impl ConnectionTrait, id: &OrganizationId) -> Result<Option<Organization>, DbErr> {
    let Some(found) = find(db, id).await? else {
        return Ok(None);
    };
    match &found.merged_into {
        // Merging keeps the pointers one step long.
        Some(survivor) => find(db, survivor).await,
        None => Ok(Some(found)),
    }
}

/// Returns one page of what matches, best first, and whether there is more.
pub async fn search(
    db: &impl ConnectionTrait,
    filter: &Filter,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Organization>, bool), DbErr> {
    let mut rows = ranked(filter).offset(offset).limit(limit + 1).all(db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((rows.into_iter().map(from_row).collect::<Result<_, _>>()?, more))
}

pub async fn count(db: &impl ConnectionTrait, filter: &Filter) -> Result<u64, DbErr> {
    matching(filter).count(db).await
}

/// Returns all that are not merged away, by id, for the export.
pub async fn list_all(db: &impl ConnectionTrait) -> Result<Vec<Organization>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Status.is_not_in([
            OrganizationStatus::Merged.as_str(),
            OrganizationStatus::Rejected.as_str(),
        ]))
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Returns every record, whatever its status: an import is compared with them.
pub async fn list_every(db: &impl ConnectionTrait) -> Result<Vec<Organization>, DbErr> {
    let rows = Entity::find().all(db).await?;
    rows.into_iter().map(from_row).collect()
}

/// Keeps everybody else from relying on the organizations of a type or changing them until the transaction ends.
pub async fn lock_those_of_type(tx: &impl ConnectionTrait, id: &MembershipTypeId) -> Result<(), DbErr> {
    let locked: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::MembershipType.eq(id.as_str()))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    drop(locked);
    Ok(())
}

/// Returns the membership types that records have, whatever their status.
pub async fn types_in_use(db: &impl ConnectionTrait) -> Result<BTreeSet<MembershipTypeId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::MembershipType)
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(MembershipTypeId::new).collect())
}

/// Returns those whose membership should have ended before `today`.
pub async fn list_overdue(
    db: &impl ConnectionTrait,
    today: chrono::NaiveDate,
) -> Result<Vec<OrganizationId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ValidUntil.lt(today))
        .filter(Column::Status.is_in([
            OrganizationStatus::Active.as_str(),
            OrganizationStatus::Suspended.as_str(),
        ]))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(OrganizationId::new).collect())
}

pub async fn insert(tx: &impl ConnectionTrait, organizations: &[Organization]) -> Result<(), DbErr> {
    // SQLite takes 32,766 values in a statement, and a row has 22 columns.
    for chunk in organizations.chunks(500) {
        Entity::insert_many(chunk.iter().map(to_row))
            .exec_without_returning(tx)
            .await?;
    }
    insert_words(tx, organizations).await
}

/// Writes `after` if the record still has the version before it.
pub async fn update(tx: &impl ConnectionTrait, after: &Organization) -> Result<bool, DbErr> {
    let row = to_row(after);
    let mut change = Entity::update_many()
        .filter(Column::Id.eq(after.id.as_str()))
        .filter(Column::Version.eq(after.version - 1));
    for (column, value) in columns(row) {
        change = change.col_expr(column, Expr::value(value));
    }
    if change.exec(tx).await?.rows_affected != 1 {
        return Ok(false);
    }
    organization_word::Entity::delete_many()
        .filter(organization_word::Column::OrganizationId.eq(after.id.as_str()))
        .exec(tx)
        .await?;
    insert_words(tx, std::slice::from_ref(after)).await?;
    Ok(true)
}

/// Makes the records that were merged into `from` before now resolve to `to`.
pub async fn follow_merge(
    tx: &impl ConnectionTrait,
    from: &OrganizationId,
    to: &OrganizationId,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::MergedInto, Expr::value(to.as_str()))
        .filter(Column::MergedInto.eq(from.as_str()))
        .exec(tx)
        .await
        .map(drop)
}

/// Takes the organization's turn to send a mail about new requests, if none was sent since `before`:
/// of any number of parallel requests, one gets `true` (security.md AF-5).
pub async fn take_announcement(
    tx: &impl ConnectionTrait,
    id: &OrganizationId,
    now: Time,
    before: Time,
) -> Result<bool, DbErr> {
    let taken = Entity::update_many()
        .col_expr(Column::RequestsAnnouncedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(
            Condition::any()
                .add(Column::RequestsAnnouncedAt.is_null())
                .add(Column::RequestsAnnouncedAt.lte(before)),
        )
        .exec(tx)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Returns `true` if its turn was taken since.
pub async fn is_announced_since(
    db: &impl ConnectionTrait,
    id: &OrganizationId,
    since: Time,
) -> Result<bool, DbErr> {
    let found: Option<String> = Entity::find_by_id(id.as_str())
        .select_only()
        .column(Column::Id)
        .filter(Column::RequestsAnnouncedAt.gt(since))
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Folds again what an older fold made, at most a batch of rows. Returns how many it found.
pub async fn refold(tx: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let rows = Entity::find()
        .filter(Column::SearchFold.lt(VERSION))
        .limit(ROWS as u64)
        .all(tx)
        .await?;
    let found = rows.len() as u64;
    for row in rows {
        let organization = from_row(row)?;
        let acronym = organization
            .acronym
            .as_ref()
            .map(|it| key_of(it).replace(' ', ""));
        // Several nodes may do this at once: one of them folds a row.
        let taken = Entity::update_many()
            .col_expr(Column::NameKey, Expr::value(key_of(&organization.name)))
            .col_expr(Column::AcronymKey, Expr::value(acronym))
            .col_expr(Column::SearchFold, Expr::value(VERSION))
            .filter(Column::Id.eq(organization.id.as_str()))
            .filter(Column::SearchFold.lt(VERSION))
            .exec(tx)
            .await?;
        if taken.rows_affected == 1 {
            organization_word::Entity::delete_many()
                .filter(organization_word::Column::OrganizationId.eq(organization.id.as_str()))
                .exec(tx)
                .await?;
            insert_words(tx, std::slice::from_ref(&organization)).await?;
        }
    }
    Ok(found)
}

/// Selects what `filter` lets through. The words drive it: each is a range of the index of words.
fn matching(filter: &Filter) -> Select<Entity> {
    let statuses = match &*filter.statuses {
        [] => vec![OrganizationStatus::Active.as_str()],
        some => some.iter().map(|it| it.as_str()).collect(),
    };
    let mut select = Entity::find().filter(Column::Status.is_in(statuses));
    for word in words_of(&filter.text).into_iter().take(8) {
        select = select.filter(Column::Id.in_subquery(having_word(&word)));
    }
    if let Some(membership_type) = &filter.membership_type {
        select = select.filter(Column::MembershipType.eq(membership_type.as_str()));
    }
    if filter.members_only {
        let types = Query::select()
            .column(membership_type::Column::Id)
            .from(membership_type::Entity)
            .and_where(membership_type::Column::NeedsApproval.eq(true))
            .to_owned();
        select = select.filter(Column::MembershipType.in_subquery(types));
    }
    if let Some(country) = &filter.country {
        select = select.filter(
            Condition::any()
                .add(Column::Country.eq(country.as_str()))
                .add(Column::Country.is_null()),
        );
    }
    if let Some(category) = filter.category {
        select = select.filter(Column::Category.eq(category.as_str()));
    }
    select
}

/// Orders the acronym as typed first, then names that begin so, then the rest; each by name.
fn ranked(filter: &Filter) -> Select<Entity> {
    let key = key_of(&filter.text);
    let select = matching(filter);
    if key.is_empty() {
        return select.order_by_asc(Column::NameKey).order_by_asc(Column::Id);
    }
    let rank: Expr = Expr::case(Column::AcronymKey.eq(key.replace(' ', "")), 0)
        .case(
            Column::NameKey
                .gte(&*key)
                .and(Column::NameKey.lt(after_prefix(&key))),
            1,
        )
        .finally(2)
        .into();
    select
        .order_by(rank, Order::Asc)
        .order_by_asc(Column::NameKey)
        .order_by_asc(Column::Id)
}

fn having_word(word: &str) -> SelectStatement {
    use organization_word::Column as Word;
    let mut any = Condition::any();
    for begin in alternatives(word) {
        any = any.add(Word::Word.gte(&*begin).and(Word::Word.lt(after_prefix(&begin))));
    }
    Query::select()
        .column(Word::OrganizationId)
        .from(organization_word::Entity)
        .cond_where(any)
        .to_owned()
}

/// Returns a text above everything that begins with `prefix`.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

async fn insert_words(tx: &impl ConnectionTrait, organizations: &[Organization]) -> Result<(), DbErr> {
    let rows: Vec<_> = organizations
        .iter()
        .filter(|organization| {
            !matches!(
                organization.status,
                OrganizationStatus::Merged | OrganizationStatus::Rejected
            )
        })
        .flat_map(|organization| {
            organization
                .search_words()
                .into_iter()
                .map(|word| organization_word::ActiveModel {
                    word: Set(word),
                    organization_id: Set(organization.id.to_string()),
                })
        })
        .collect();
    for chunk in rows.chunks(2000) {
        organization_word::Entity::insert_many(chunk.iter().cloned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

fn to_row(organization: &Organization) -> ActiveModel {
    let sectors: Vec<_> = organization.sectors.iter().map(|it| it.as_str()).collect();
    ActiveModel {
        id: Set(organization.id.to_string()),
        name: Set(organization.name.clone()),
        name_key: Set(key_of(&organization.name)),
        acronym: Set(organization.acronym.clone()),
        acronym_key: Set(organization
            .acronym
            .as_ref()
            .map(|it| key_of(it).replace(' ', ""))),
        membership_type: Set(organization.membership_type.to_string()),
        claimed_type: Set(organization.claimed_type.as_ref().map(ToString::to_string)),
        category: Set(organization.category.as_str().to_owned()),
        sectors: Set(sectors.join(";")),
        country: Set(organization.country.as_ref().map(|it| it.as_str().to_owned())),
        website: Set(organization.website.clone()),
        city: Set(organization.city.clone()),
        status: Set(organization.status.as_str().to_owned()),
        valid_from: Set(organization.valid_from),
        valid_until: Set(organization.valid_until),
        email_domains: Set(organization.email_domains.join(";")),
        merged_into: Set(organization.merged_into.as_ref().map(ToString::to_string)),
        proposed_by: Set(organization.proposed_by.as_ref().map(ToString::to_string)),
        requests_announced_at: sea_orm::ActiveValue::NotSet,
        created_at: Set(organization.created_at),
        updated_at: Set(organization.updated_at),
        version: Set(organization.version),
        search_fold: Set(VERSION),
    }
}

/// Returns the columns that `row` sets, but the key.
fn columns(row: ActiveModel) -> Vec<(Column, sea_orm::Value)> {
    use sea_orm::{ActiveModelTrait, Iterable};
    Column::iter()
        .filter(|it| !matches!(it, Column::Id))
        .filter_map(|it| row.get(it).into_value().map(|value| (it, value)))
        .collect()
}

fn from_row(row: Model) -> Result<Organization, DbErr> {
    let corrupt = || corrupt("organizations", &row.id);
    let list = |text: &str| -> Vec<String> {
        text.split(';')
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Ok(Organization {
        category: Category::parse(&row.category).ok_or_else(corrupt)?,
        sectors: list(&row.sectors)
            .iter()
            .map(|it| Sector::parse(it).ok_or_else(corrupt))
            .collect::<Result<_, _>>()?,
        country: row
            .country
            .as_deref()
            .map(|it| Country::parse(it).ok_or_else(corrupt))
            .transpose()?,
        status: OrganizationStatus::parse(&row.status).ok_or_else(corrupt)?,
        email_domains: list(&row.email_domains),
        id: OrganizationId::new(row.id),
        name: row.name,
        acronym: row.acronym,
        membership_type: MembershipTypeId::new(row.membership_type),
        claimed_type: row.claimed_type.map(MembershipTypeId::new),
        website: row.website,
        city: row.city,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        merged_into: row.merged_into.map(OrganizationId::new),
        proposed_by: row.proposed_by.map(AccountId::new),
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    })
}
