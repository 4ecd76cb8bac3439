//! When an account was taken over from the former platform, and when its holder was invited. The index has those who are
//! still to be invited, for `user invite`. Accounts from before have no such time and are not invited.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMNS: [&str; 2] = ["imported_at", "invited_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            let column = timestamp_with_time_zone_null(column);
            let change = Table::alter().table("accounts").add_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        let index = "CREATE INDEX accounts_to_invite ON accounts (id) \
                     WHERE imported_at IS NOT NULL AND invited_at IS NULL AND terms_version IS NULL";
        manager.get_connection().execute_unprepared(index).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP INDEX accounts_to_invite")
            .await?;
        for column in COLUMNS {
            let change = Table::alter().table("accounts").drop_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}
