//! The shape of a table whose rows belong to an account, for the migrations that make one. It is history, too: what a
//! released migration makes by it does not change.

use sea_orm_migration::prelude::*;

/// Returns the foreign key by which the rows of the table go with their account.
pub fn of_account(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_account"))
        .from(table, "account_id")
        .to("accounts", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

/// Drops the table.
pub async fn drop(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(table).to_owned()).await
}
