//! The fold by which the words of an organization were made. The product, which has the fold, folds older rows again.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("organizations")
                    .add_column(integer("search_fold").default(0))
                    .to_owned(),
            )
            .await?;
        let index = "CREATE INDEX organizations_by_fold ON organizations (search_fold)";
        manager.get_connection().execute_unprepared(index).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP INDEX organizations_by_fold")
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("organizations")
                    .drop_column("search_fold")
                    .to_owned(),
            )
            .await
    }
}
