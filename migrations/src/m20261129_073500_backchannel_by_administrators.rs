//! Clients that registered themselves lose the grant of backchannel authentication, which only administrators
//! give from now on. An administrator who approves such a client gives it again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const GRANT: &str = "\"urn:openid:params:grant-type:ciba\"";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The metadata is JSON without spaces; the grant is in a list, with a comma before or behind it, or alone.
        for (from, to) in [
            (format!(",{GRANT}"), ""),
            (format!("{GRANT},"), ""),
            (format!("[{GRANT}]"), "[]"),
        ] {
            let replaced = Func::cust("REPLACE").arg(Expr::col("metadata")).arg(from).arg(to);
            let update = Query::update()
                .table("clients")
                .value("metadata", replaced)
                .and_where(Expr::col("origin").eq("registration"))
                .and_where(Expr::col("metadata").like(format!("%{GRANT}%")))
                .to_owned();
            manager.execute(update).await?;
        }
        Ok(())
    }

    /// Restores nothing: an administrator gives the grant again, not a step back.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
