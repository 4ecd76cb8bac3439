//! A flag that says whether a new cookie is due in a session, because its person gained or lost an office.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean("cookie_due").default(false).to_owned();
        manager
            .alter_table(Table::alter().table("sessions").add_column(column).to_owned())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("sessions")
                    .drop_column("cookie_due")
                    .to_owned(),
            )
            .await
    }
}
