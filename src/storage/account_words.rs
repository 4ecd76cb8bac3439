//! The words by which accounts are found (`account_search`), written in the transaction that writes the account. A job folds
//! those again that an earlier release wrote, or that were there before there were words.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::Database;
use super::batches::ROWS;
use super::entities::account::{self, Column};
use super::entities::account_word;
use crate::domain::AccountId;
use crate::domain::account::Status;
use crate::domain::account_search::Described;
pub use crate::domain::account_search::VERSION;

/// Writes the words of accounts as their rows are now. An account that is not there has none.
pub async fn write(tx: &impl ConnectionTrait, accounts: &[AccountId]) -> Result<(), DbErr> {
    let ids = || accounts.iter().map(AccountId::as_str);
    if accounts.is_empty() {
        return Ok(());
    }
    let rows = account::Entity::find().filter(Column::Id.is_in(ids()));
    let rows = rows.all(tx).await?;
    account_word::Entity::delete_many()
        .filter(account_word::Column::AccountId.is_in(ids()))
        .exec(tx)
        .await?;
    let words: Vec<_> = rows.iter().flat_map(words).collect();
    for chunk in words.chunks(2000) {
        account_word::Entity::insert_many(chunk.iter().cloned())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Writes a batch of words that an older fold made, or none. Returns how many accounts there were.
pub async fn fold(db: &Database) -> Result<u64, DbErr> {
    let found: Vec<String> = account::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::SearchFold.lt(VERSION))
        .limit(ROWS as u64)
        .into_tuple()
        .all(db.read())
        .await?;
    if found.is_empty() {
        return Ok(0);
    }
    let found = &found;
    db.write(async |tx| {
        // Of several nodes, one waits for the other, and writes the same again. An account that is being deleted gets no
        // words any more.
        account::Entity::update_many()
            .col_expr(Column::SearchFold, Expr::value(VERSION))
            .filter(Column::Id.is_in(found.iter().map(String::as_str)))
            .exec(tx)
            .await?;
        let left: Vec<String> = account::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(found.iter().map(String::as_str)))
            .filter(Column::Status.ne(Status::Deleted.as_str()))
            .into_tuple()
            .all(tx)
            .await?;
        let left: Vec<_> = left.into_iter().map(AccountId::new).collect();
        write(tx, &left).await
    })
    .await?;
    Ok(found.len() as u64)
}

/// Returns `true` if every account has the words of this release.
pub async fn are_folded(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let older: Option<String> = account::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::SearchFold.lt(VERSION))
        .into_tuple()
        .one(db)
        .await?;
    Ok(older.is_none())
}

fn words(row: &account::Model) -> Vec<account_word::ActiveModel> {
    let described = Described {
        first_name: &row.first_name,
        last_name: &row.last_name,
        email: &row.email,
        identifiers: [&row.id, &row.sub],
    };
    let of_account = |word| account_word::ActiveModel {
        word: Set(word),
        account_id: Set(row.id.clone()),
    };
    described.words().into_iter().map(of_account).collect()
}
