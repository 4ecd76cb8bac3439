//! Forgets the claims that were remembered as granted one by one. The page that asked for them listed the
//! scopes alone, so nobody saw these claims: the next request asks again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let forget = Query::update()
            .table("consents")
            .value("claims", "")
            .and_where(Expr::col("claims").ne(""))
            .to_owned();
        manager.execute(forget).await
    }

    /// Restores nothing: the forgotten claims do not come back, and the rows are as the release before writes them.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
