//! The people who were taken over from the former platform and were not invited yet. Which of them is next is in the rows
//! themselves, so that a wave that was ended goes on where it was.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::accounts::account;
use super::constant;
use super::entities::account::{Column, Entity};
use crate::domain::account::{Account, Status};
use crate::domain::{AccountId, Time};

/// A person to invite.
#[derive(Clone, Debug)]
pub struct Uninvited {
    pub account: Account,
    pub has_password: bool,
}

/// Returns the condition of the index `accounts_to_invite`: who accepted the terms was here already.
fn waiting() -> Condition {
    Condition::all()
        .add(Column::ImportedAt.is_not_null())
        .add(Column::InvitedAt.is_null())
        .add(Column::TermsVersion.is_null())
        .add(Column::Status.into_expr().eq(constant(Status::Active.as_str())))
}

/// Lists the next of them in the order of their ids.
pub async fn list(db: &impl ConnectionTrait, most: u64) -> Result<Vec<Uninvited>, DbErr> {
    let rows = Entity::find()
        .filter(waiting())
        .order_by_asc(Column::Id)
        .limit(most)
        .all(db)
        .await?;
    let people = rows.into_iter().map(|row| {
        let has_password = row.password_hash.is_some();
        account(row).map(|account| Uninvited {
            account,
            has_password,
        })
    });
    people.collect()
}

pub async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().filter(waiting()).count(db).await
}

/// Marks a person as invited. Of any number of parallel waves, one gets `true`.
pub async fn mark(db: &impl ConnectionTrait, id: &AccountId, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::InvitedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(waiting())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}
