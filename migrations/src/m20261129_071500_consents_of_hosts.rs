//! The hosts of redirect URIs to which a person was sent after agreeing: a client that registered itself is
//! not given a redirect to any other (empty in older rows: the next request asks again).

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table("consents")
            .add_column(text("redirect_hosts").default(""))
            .to_owned();
        manager.alter_table(add).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = Table::alter()
            .table("consents")
            .drop_column("redirect_hosts")
            .to_owned();
        manager.alter_table(drop).await
    }
}
