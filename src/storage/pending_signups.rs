//! Unfinished sign-ups, found by the digest of the handle that their browser carries.

use chrono::Duration;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::batches;
use super::entities::pending_signup::{ActiveModel, Column, Entity, Model};
use crate::domain::Time;
use crate::domain::account::{EmailAddress, UniqueKey};
use crate::domain::profile::Language;
use crate::domain::secret::Digest;
use crate::domain::signup::{Choice, PendingSignup, PendingSignupId};

/// The values that only the completion reads.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub password_hash: String,
    /// The address had an account when the code was asked for: this sign-up never ends in one.
    pub taken: bool,
    pub terms_accepted_at: Option<Time>,
}

pub async fn insert(
    db: &impl ConnectionTrait,
    signup: &PendingSignup,
    password_hash: &str,
    handle: &Digest,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(signup.id.to_string()),
        handle_digest: Set(handle.as_str().to_owned()),
        email: Set(signup.email.as_str().to_owned()),
        email_unique: Set(signup.email.unique_key().as_str().to_owned()),
        profile: Set(to_text(&signup.profile)?),
        password_hash: Set(password_hash.to_owned()),
        language: Set(signup.language.as_str().to_owned()),
        newsletter: Set(signup.newsletter.is_some()),
        newsletter_consent: Set(signup.newsletter.as_ref().map(to_text).transpose()?),
        choice: Set(signup.choice.as_ref().map(to_text).transpose()?),
        terms_version: Set(signup.terms_version()),
        terms_accepted_at: Set(None),
        accepted: Set(signup.accepted.as_ref().map(to_text).transpose()?),
        taken: Set(false),
        resume: Set(signup.resume.clone()),
        created_at: Set(signup.created_at),
        mail_delay_seconds: Set(i32::try_from(signup.mail_delay.num_seconds()).unwrap_or(i32::MAX)),
        is_decoy: Set(signup.is_decoy),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub async fn find(
    db: &impl ConnectionTrait,
    handle: &Digest,
) -> Result<Option<(PendingSignup, Secrets)>, DbErr> {
    Entity::find()
        .filter(Column::HandleDigest.eq(handle.as_str()))
        .one(db)
        .await?
        .map(pending)
        .transpose()
}

/// Writes step 3 (product.md): what was chosen, and whether the address has an account.
pub async fn update_choice(
    db: &impl ConnectionTrait,
    signup: &PendingSignup,
    taken: bool,
    now: Time,
) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        newsletter: Set(signup.newsletter.is_some()),
        newsletter_consent: Set(signup.newsletter.as_ref().map(to_text).transpose()?),
        choice: Set(signup.choice.as_ref().map(to_text).transpose()?),
        terms_version: Set(signup.terms_version()),
        terms_accepted_at: Set(Some(now)),
        accepted: Set(signup.accepted.as_ref().map(to_text).transpose()?),
        taken: Set(taken),
        ..Default::default()
    };
    let done = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(signup.id.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn update_taken(db: &impl ConnectionTrait, address: &UniqueKey) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Taken, Expr::value(true))
        .filter(Column::EmailUnique.eq(address.as_str()))
        .exec(db)
        .await
        .map(drop)
}

/// Takes the row away; of any number of parallel completions, one gets `true`.
pub async fn delete(db: &impl ConnectionTrait, id: &PendingSignupId) -> Result<bool, DbErr> {
    let done = Entity::delete_by_id(id.as_str()).exec(db).await?;
    Ok(done.rows_affected == 1)
}

/// Deletes the sign-ups of an address but the newest `keep`.
pub async fn delete_all_but(db: &impl ConnectionTrait, address: &UniqueKey, keep: u64) -> Result<(), DbErr> {
    let surplus: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::EmailUnique.eq(address.as_str()))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .offset(keep)
        .limit(100)
        .into_tuple()
        .all(db)
        .await?;
    if surplus.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(Column::Id.is_in(surplus))
        .exec(db)
        .await
        .map(drop)
}

pub async fn delete_made_before(db: &impl ConnectionTrait, time: Time) -> Result<u64, DbErr> {
    let old = Condition::all().add(Column::CreatedAt.lt(time));
    batches::delete::<Entity, String>(db, Column::Id, old).await
}

fn pending(row: Model) -> Result<(PendingSignup, Secrets), DbErr> {
    let unreadable = |_| DbErr::Custom("a pending sign-up cannot be read".to_owned());
    let signup = PendingSignup {
        id: PendingSignupId::new(row.id),
        email: EmailAddress::parse(&row.email)
            .map_err(|_| DbErr::Custom("a pending address cannot be read".into()))?,
        profile: serde_json::from_str(&row.profile).map_err(unreadable)?,
        language: Language::parse(&row.language).unwrap_or(Language::En),
        // Without a proof of consent there is none.
        newsletter: row
            .newsletter_consent
            .map(|it| serde_json::from_str(&it).map_err(unreadable))
            .transpose()?,
        choice: row
            .choice
            .map(|it| serde_json::from_str::<Choice>(&it).map_err(unreadable))
            .transpose()?,
        accepted: row
            .accepted
            .map(|it| serde_json::from_str(&it).map_err(unreadable))
            .transpose()?,
        resume: row.resume,
        created_at: row.created_at,
        mail_delay: Duration::seconds(row.mail_delay_seconds.into()),
        is_decoy: row.is_decoy,
    };
    let secrets = Secrets {
        password_hash: row.password_hash,
        taken: row.taken,
        terms_accepted_at: row.terms_accepted_at,
    };
    Ok((signup, secrets))
}

fn to_text(value: &impl serde::Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|it| DbErr::Json(it.to_string()))
}
