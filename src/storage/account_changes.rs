//! Notes on an account that what services read about its person changed: those who ask for what changed since find it.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::entities::account::{Column, Entity};
use crate::domain::{AccountId, Time};

pub async fn touch(tx: &impl ConnectionTrait, id: &AccountId, now: Time) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .exec(tx)
        .await
        .map(drop)
}
