//! Accounts. A query returns the hash of the password only if its name says so.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::direct::{Query, Reads};
use super::entities::account::{ActiveModel, Column, Entity, Model};
use super::{account_words, constant};
use crate::domain::account::{Account, EmailAddress, EmailKey, Status, UniqueKey};
use crate::domain::document::{Acceptance, DocumentKind};
use crate::domain::profile::{Gender, Language, ProfessionalRole, Profile, Title};
use crate::domain::role::Role;
use crate::domain::{AccountId, Subject, Time};

pub async fn find(db: &impl Reads, id: &AccountId) -> Result<Option<Account>, DbErr> {
    static QUERY: Query = Query::new();
    find_by(&QUERY, db, Column::Id, id.as_str()).await
}

pub async fn find_by_subject(db: &impl Reads, sub: &Subject) -> Result<Option<Account>, DbErr> {
    static QUERY: Query = Query::new();
    find_by(&QUERY, db, Column::Sub, sub.as_str()).await
}

async fn find_by(query: &Query, db: &impl Reads, key: Column, value: &str) -> Result<Option<Account>, DbErr> {
    let select = |values: &[&str]| Entity::find().filter(key.eq(values[0])).into_query();
    one(query.one(db, &[value], select).await?)
}

pub async fn find_by_email(db: &impl ConnectionTrait, key: &EmailKey) -> Result<Option<Account>, DbErr> {
    one(Entity::find()
        .filter(Column::EmailKey.eq(key.as_str()))
        .one(db)
        .await?)
}

/// The holder of an address under another spelling, or this one: enough to write to them. An account is found by
/// `EmailKey` alone, so that nothing done to `a+x@` happens to `a@` (security.md SU-2).
#[derive(Clone)]
pub struct Holder {
    pub id: AccountId,
    pub email: EmailAddress,
    pub name: String,
    pub language: Language,
}

/// Returns the holder of the address, whatever its tag, so that nobody else gets it.
pub async fn find_holder(db: &impl ConnectionTrait, key: &UniqueKey) -> Result<Option<Holder>, DbErr> {
    let found = Entity::find().filter(Column::EmailUnique.eq(key.as_str()));
    let found = one(found.one(db).await?)?;
    Ok(found.map(|account| Holder {
        name: account.profile.full_name(),
        id: account.id,
        email: account.email,
        language: account.language,
    }))
}

/// Returns the account and its password's hash, if it has one, for a login.
pub async fn find_credentials(
    db: &impl ConnectionTrait,
    key: &EmailKey,
) -> Result<Option<(Account, Option<String>)>, DbErr> {
    let found = Entity::find().filter(Column::EmailKey.eq(key.as_str()));
    found.one(db).await?.map(credentials).transpose()
}

/// Does what `find_credentials` does, and holds the account until the transaction ends.
pub async fn find_credentials_locked(
    db: &impl ConnectionTrait,
    key: &EmailKey,
) -> Result<Option<(Account, Option<String>)>, DbErr> {
    let found = Entity::find().filter(Column::EmailKey.eq(key.as_str()));
    found.lock_exclusive().one(db).await?.map(credentials).transpose()
}

/// Holds the account until the transaction ends, for counts by account and for changes of its credentials. SQLite has
/// one writer anyway.
pub async fn lock(db: &impl ConnectionTrait, id: &AccountId) -> Result<(), DbErr> {
    let found = Entity::find_by_id(id.as_str()).select_only().column(Column::Id);
    let _: Option<String> = found.lock_exclusive().into_tuple().one(db).await?;
    Ok(())
}

fn credentials(mut row: Model) -> Result<(Account, Option<String>), DbErr> {
    let hash = row.password_hash.take();
    Ok((account(row)?, hash))
}

pub async fn find_password_hash(db: &impl ConnectionTrait, id: &AccountId) -> Result<Option<String>, DbErr> {
    let found: Option<Option<String>> = Entity::find_by_id(id.as_str())
        .select_only()
        .column(Column::PasswordHash)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.flatten())
}

/// Lists the accounts with these ids, in no order.
pub async fn list_by_ids(db: &impl ConnectionTrait, ids: &[AccountId]) -> Result<Vec<Account>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::Id.is_in(ids.iter().map(AccountId::as_str)))
        .all(db)
        .await?;
    rows.into_iter().map(account).collect()
}

/// Lists accounts after `after` in the order of ids, each with its password's hash: a page of all of them.
pub async fn list_credentials_after(
    db: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<(Account, Option<String>)>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(credentials).collect()
}

/// Lists the hashes of passwords after `after` in the order of the accounts' ids.
pub async fn list_hashes_after(
    db: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<(AccountId, String)>, DbErr> {
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::PasswordHash])
        .filter(Column::Id.gt(after))
        .filter(Column::PasswordHash.is_not_null())
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, hash)| (AccountId::new(id), hash))
        .collect())
}

/// Lists the accounts with an office, which few hold: people without one are not looked for here.
pub async fn list_by_office(db: &impl ConnectionTrait, office: Role) -> Result<Vec<Account>, DbErr> {
    let rows = Entity::find()
        // The index has this condition of its own.
        .filter(Column::Role.into_expr().ne(constant(Role::User.as_str())))
        .filter(Column::Role.eq(office.as_str()))
        .filter(Column::Status.eq(Status::Active.as_str()))
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(account).collect()
}

/// Lists the active accounts with an office, and holds them until the transaction ends: of two that leave it at once, one
/// waits and sees that the other has left.
pub async fn list_by_office_locked(tx: &impl ConnectionTrait, office: Role) -> Result<Vec<AccountId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Role.into_expr().ne(constant(Role::User.as_str())))
        .filter(Column::Role.eq(office.as_str()))
        .filter(Column::Status.eq(Status::Active.as_str()))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// A new account with its password's hash, the time when it accepted its version of the terms, and the time when it was
/// taken over from the former platform, if it was.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub account: Account,
    pub password_hash: Option<String>,
    pub terms_accepted_at: Option<Time>,
    pub imported_at: Option<Time>,
}

pub async fn insert(tx: &impl ConnectionTrait, new: NewAccount) -> Result<(), DbErr> {
    let id = new.account.id.clone();
    Entity::insert(row(new)).exec_without_returning(tx).await?;
    account_words::write(tx, std::slice::from_ref(&id)).await
}

/// The values that the person may change about the account.
#[derive(Clone, Copy, Debug)]
pub struct ProfileUpdate<'a> {
    pub profile: &'a Profile,
    pub language: Language,
    pub newsletter: bool,
}

pub async fn update_profile(
    tx: &impl ConnectionTrait,
    id: &AccountId,
    new: ProfileUpdate<'_>,
    now: Time,
) -> Result<bool, DbErr> {
    let profile = new.profile;
    let changes = ActiveModel {
        first_name: Set(profile.first_name.clone()),
        last_name: Set(profile.last_name.clone()),
        title: Set(profile.title.map(|it| it.as_str().to_owned())),
        gender: Set(profile.gender.as_str().to_owned()),
        job_title: Set(profile.job_title.clone()),
        professional_role: Set(profile.professional_role.as_str().to_owned()),
        language: Set(new.language.as_str().to_owned()),
        newsletter: Set(new.newsletter),
        updated_at: Set(now),
        ..Default::default()
    };
    update_found(tx, id, changes).await
}

/// Writes whether the newsletter is wanted. Returns `false` if it is as it was.
pub async fn update_newsletter(
    db: &impl ConnectionTrait,
    id: &AccountId,
    wanted: bool,
    now: Time,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Newsletter, Expr::value(wanted))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Newsletter.ne(wanted))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn update_password(db: &impl ConnectionTrait, id: &AccountId, hash: &str) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        password_hash: Set(Some(hash.to_owned())),
        ..Default::default()
    };
    update(db, id, changes).await
}

/// Takes the password away: no password logs in until a new one is set.
pub async fn delete_password(db: &impl ConnectionTrait, id: &AccountId) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        password_hash: Set(None),
        ..Default::default()
    };
    update(db, id, changes).await
}

/// Changes the address to one that a code or a link has verified. Fails if another account has it (SU-2).
pub async fn update_email(
    tx: &impl ConnectionTrait,
    id: &AccountId,
    email: &EmailAddress,
    now: Time,
) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        email: Set(email.as_str().to_owned()),
        email_key: Set(email.key().as_str().to_owned()),
        email_unique: Set(email.unique_key().as_str().to_owned()),
        email_verified: Set(true),
        updated_at: Set(now),
        ..Default::default()
    };
    update_found(tx, id, changes).await
}

/// Stores the same password under better parameters, unless it was changed meanwhile.
pub async fn replace_hash(
    db: &impl ConnectionTrait,
    id: &AccountId,
    old: &str,
    new: &str,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(new))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::PasswordHash.eq(old))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn update_email_verified(
    db: &impl ConnectionTrait,
    id: &AccountId,
    now: Time,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::EmailVerified, Expr::value(true))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::EmailVerified.eq(false))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Writes the versions that were accepted; one that was not stays as it is.
pub async fn update_accepted(
    db: &impl ConnectionTrait,
    id: &AccountId,
    accepted: &[Acceptance],
    now: Time,
) -> Result<bool, DbErr> {
    let version_of = |kind| Acceptance::version_of(kind, accepted);
    let changes = ActiveModel {
        terms_version: version_of(DocumentKind::Terms).map_or(NotSet, |it| Set(Some(it))),
        privacy_version: version_of(DocumentKind::Privacy).map_or(NotSet, |it| Set(Some(it))),
        terms_accepted_at: Set(Some(now)),
        ..Default::default()
    };
    update(db, id, changes).await
}

/// Changes the role from the one that the change was decided on (security.md G-9). Returns `false` if it is another by
/// now.
pub async fn update_role(
    db: &impl ConnectionTrait,
    id: &AccountId,
    from: Role,
    to: Role,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Role, Expr::value(to.as_str()))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Role.eq(from.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Changes the status from the one that the change was decided on (security.md G-9). Returns `false` if it is another by
/// now.
pub async fn update_status(
    db: &impl ConnectionTrait,
    id: &AccountId,
    from: Status,
    to: Status,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Status, Expr::value(to.as_str()))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Status.eq(from.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes the row of an account, once nothing else of it is left. Of any number of nodes, one gets `true`.
pub async fn delete(db: &impl ConnectionTrait, id: &AccountId) -> Result<bool, DbErr> {
    let done = Entity::delete_by_id(id.as_str()).exec(db).await?;
    Ok(done.rows_affected == 1)
}

/// Marks that the person is mailed about a new browser, unless that was done after `since`.
pub async fn update_new_browser_mailed(
    db: &impl ConnectionTrait,
    id: &AccountId,
    since: Time,
    now: Time,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::NewBrowserToldAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(
            Column::NewBrowserToldAt
                .is_null()
                .or(Column::NewBrowserToldAt.lte(since)),
        )
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Changes what the account is found by.
async fn update_found(
    tx: &impl ConnectionTrait,
    id: &AccountId,
    changes: ActiveModel,
) -> Result<bool, DbErr> {
    let done = update(tx, id, changes).await?;
    account_words::write(tx, std::slice::from_ref(id)).await?;
    Ok(done)
}

async fn update(db: &impl ConnectionTrait, id: &AccountId, changes: ActiveModel) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(id.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

fn one(row: Option<Model>) -> Result<Option<Account>, DbErr> {
    row.map(account).transpose()
}

pub(super) fn account(row: Model) -> Result<Account, DbErr> {
    let wrong = |column: &str| DbErr::Custom(format!("account {}: {column} cannot be read", row.id));
    Ok(Account {
        email: EmailAddress::parse(&row.email).map_err(|_| wrong("email"))?,
        email_verified: row.email_verified,
        profile: Profile {
            title: match row.title.as_deref() {
                None => None,
                Some(title) => Some(Title::parse(title).ok_or_else(|| wrong("title"))?),
            },
            gender: Gender::parse(&row.gender).ok_or_else(|| wrong("gender"))?,
            professional_role: ProfessionalRole::parse(&row.professional_role)
                .ok_or_else(|| wrong("professional_role"))?,
            first_name: row.first_name,
            last_name: row.last_name,
            job_title: row.job_title,
        },
        role: Role::parse(&row.role).ok_or_else(|| DbErr::Custom("account: role cannot be read".into()))?,
        status: Status::parse(&row.status),
        newsletter: row.newsletter,
        language: Language::parse(&row.language).unwrap_or(Language::En),
        terms_version: row.terms_version,
        privacy_version: row.privacy_version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        id: AccountId::new(row.id),
        sub: Subject::new(row.sub),
    })
}

pub(super) fn row(
    NewAccount {
        account,
        password_hash,
        terms_accepted_at,
        imported_at,
    }: NewAccount,
) -> ActiveModel {
    ActiveModel {
        email: Set(account.email.as_str().to_owned()),
        email_key: Set(account.email.key().as_str().to_owned()),
        email_unique: Set(account.email.unique_key().as_str().to_owned()),
        email_verified: Set(account.email_verified),
        first_name: Set(account.profile.first_name),
        last_name: Set(account.profile.last_name),
        title: Set(account.profile.title.map(|it| it.as_str().to_owned())),
        gender: Set(account.profile.gender.as_str().to_owned()),
        job_title: Set(account.profile.job_title),
        professional_role: Set(account.profile.professional_role.as_str().to_owned()),
        role: Set(account.role.as_str().to_owned()),
        status: Set(account.status.as_str().to_owned()),
        newsletter: Set(account.newsletter),
        language: Set(account.language.as_str().to_owned()),
        password_hash: Set(password_hash),
        terms_version: Set(account.terms_version),
        privacy_version: Set(account.privacy_version),
        terms_accepted_at: Set(terms_accepted_at),
        new_browser_told_at: Set(None),
        imported_at: Set(imported_at),
        invited_at: Set(None),
        created_at: Set(account.created_at),
        updated_at: Set(account.updated_at),
        search_fold: Set(account_words::VERSION),
        suspended_at: Set(None),
        suspension_reason: Set(None),
        id: Set(account.id.into_string()),
        sub: Set(account.sub.into_string()),
    }
}
