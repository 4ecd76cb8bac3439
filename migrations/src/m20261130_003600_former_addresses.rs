//! The keyed digests of the addresses that an account had, by which records and codes of those addresses are found when
//! the data is taken along or deleted. The change itself is deleted after 72 hours, and the addresses with it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut of_account = ForeignKey::create()
            .name("former_addresses_account")
            .from("former_addresses", "account_id")
            .to("accounts", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let table = Table::create()
            .table("former_addresses")
            .col(string("account_id"))
            .col(string("label"))
            .primary_key(Index::create().col("account_id").col("label"))
            .foreign_key(&mut of_account)
            .to_owned();
        manager.create_table(table).await?;
        // An address that becomes another account's is looked for by its label.
        manager
            .get_connection()
            .execute_unprepared("CREATE INDEX former_addresses_by_label ON former_addresses (label)")
            .await
            .map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("former_addresses").to_owned())
            .await
    }
}
