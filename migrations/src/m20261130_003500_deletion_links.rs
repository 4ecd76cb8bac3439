//! The links that stop a deletion, each with the address that its mail went to: a former address gets a link of its own,
//! which ends earlier and shows no other address. Until now one link of each mail served every address.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

const FORWARD: [&str; 7] = [
    "CREATE INDEX deletion_links_by_account ON deletion_links (account_id)",
    "INSERT INTO deletion_links (digest, account_id, email, expires_at) \
     SELECT d.stop_digest, d.account_id, a.email, d.delete_at \
     FROM account_deletions d JOIN accounts a ON a.id = d.account_id",
    "INSERT INTO deletion_links (digest, account_id, email, expires_at) \
     SELECT d.reminder_digest, d.account_id, a.email, d.delete_at \
     FROM account_deletions d JOIN accounts a ON a.id = d.account_id WHERE d.reminder_digest IS NOT NULL",
    "DROP INDEX account_deletions_by_stop",
    "DROP INDEX account_deletions_by_reminder",
    "ALTER TABLE account_deletions DROP COLUMN stop_digest",
    "ALTER TABLE account_deletions DROP COLUMN reminder_digest",
];

const BACK: [&str; 6] = [
    "ALTER TABLE account_deletions ADD COLUMN stop_digest varchar NOT NULL DEFAULT ''",
    "ALTER TABLE account_deletions ADD COLUMN reminder_digest varchar",
    // One link of each deletion stays; a deletion without one gets what nobody has the token of.
    "UPDATE account_deletions SET stop_digest = COALESCE((SELECT MAX(l.digest) FROM deletion_links l \
     WHERE l.account_id = account_deletions.account_id), account_id)",
    "CREATE UNIQUE INDEX account_deletions_by_stop ON account_deletions (stop_digest)",
    "CREATE UNIQUE INDEX account_deletions_by_reminder ON account_deletions (reminder_digest)",
    "DROP TABLE deletion_links",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No link outlives the deletion that it stops.
        let mut of_deletion = ForeignKey::create()
            .name("deletion_links_deletion")
            .from("deletion_links", "account_id")
            .to("account_deletions", "account_id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let table = Table::create()
            .table("deletion_links")
            .col(string("digest").primary_key())
            .col(string("account_id"))
            .col(string("email"))
            .col(timestamp_with_time_zone("expires_at"))
            .foreign_key(&mut of_deletion)
            .to_owned();
        manager.create_table(table).await?;
        run(manager, &FORWARD).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &BACK).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
