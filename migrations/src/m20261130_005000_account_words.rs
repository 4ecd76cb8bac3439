//! The words by which administrators find an account: each is the beginning of a range of the index. The product, which
//! has the fold, writes those of the accounts that are there (`search_fold` below its version), a batch at a time.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // The order of bytes, so that a prefix is a range on PostgreSQL too. On SQLite the key is the table: of a million
        // accounts there are ten million words.
        let (collation, kind) = match db.get_database_backend() {
            sea_orm::DbBackend::Postgres => ("COLLATE \"C\"", ""),
            _ => ("COLLATE BINARY", "WITHOUT ROWID"),
        };
        db.execute_unprepared(&format!(
            "CREATE TABLE account_words (\
             word varchar {collation} NOT NULL, \
             account_id varchar NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, \
             PRIMARY KEY (word, account_id)) {kind}"
        ))
        .await?;
        db.execute_unprepared("CREATE INDEX account_words_by_account ON account_words (account_id, word)")
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("accounts")
                    .add_column(integer("search_fold").default(0))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("account_words").to_owned())
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("accounts")
                    .drop_column("search_fold")
                    .to_owned(),
            )
            .await
    }
}
