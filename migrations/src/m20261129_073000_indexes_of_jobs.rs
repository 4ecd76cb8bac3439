//! Indexes by which the jobs find their rows without reading whole tables: administrators, rows past their time,
//! requests that wait.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The time at which a family is examined next. Its end moves with each use, and an index of it would cost each
        // use; this moves when the sweep comes by. Rows that the release before writes are examined first.
        let next = timestamp_with_time_zone("look_again_at")
            .default(Expr::cust("'1970-01-01 00:00:00+00:00'"))
            .to_owned();
        let change = Table::alter().table("refresh_tokens").add_column(next).to_owned();
        manager.alter_table(change).await?;
        let db = manager.get_connection();
        db.execute_unprepared("DROP INDEX refresh_tokens_by_end").await?;
        for index in INDEXES {
            db.execute_unprepared(&format!("CREATE INDEX {index}")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for index in INDEXES {
            let name = index.split(' ').next().unwrap_or_default();
            db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        db.execute_unprepared("CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at)")
            .await?;
        let change = Table::alter()
            .table("refresh_tokens")
            .drop_column("look_again_at")
            .to_owned();
        manager.alter_table(change).await
    }
}

const INDEXES: [&str; 10] = [
    "accounts_by_office ON accounts (role) WHERE role <> 'user'",
    "sessions_by_authentication ON sessions (authenticated_at)",
    "refresh_tokens_to_look_at ON refresh_tokens (look_again_at)",
    "email_codes_by_time ON email_codes (created_at)",
    "code_attempts_by_time ON code_attempts (at)",
    "password_resets_by_time ON password_resets (created_at)",
    "login_throttles_by_time ON login_throttles (updated_at)",
    "outbox_mails_by_time ON outbox_mails (created_at)",
    "affiliations_waiting ON affiliations (requested_at) WHERE status = 'pending'",
    "organizations_by_end ON organizations (valid_until) WHERE valid_until IS NOT NULL",
];
