//! The addresses that came with a file of the former platform, so that the same file again makes no second account for a
//! person whose address has changed, and none for a person who deleted the account. A row outlives its account: then it is
//! a keyed digest that names nobody.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("imported_addresses")
                    // Of the unique key of the address, under a key that is not in the database.
                    .col(string("digest").primary_key())
                    // Absent once the account is deleted.
                    .col(string_null("account_id"))
                    // The import that made the account; absent where the file found one.
                    .col(string_null("import_id"))
                    .col(timestamp_with_time_zone("imported_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("imported_addresses_account")
                            .from("imported_addresses", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .to_owned(),
            )
            .await?;
        let index = "CREATE INDEX imported_addresses_by_account ON imported_addresses (account_id)";
        manager.get_connection().execute_unprepared(index).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("imported_addresses").to_owned();
        manager.drop_table(table).await
    }
}
