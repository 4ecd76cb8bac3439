//! Focal Points who are away for some days, and deputies for some days. As with Focal Points, the database itself ends a
//! deputy with the affiliation, whoever writes.

use sea_orm_migration::{prelude::*, schema::*};

use crate::m0010_affiliations_rules::{Does, Rule};

#[derive(DeriveMigrationName)]
pub struct Migration;

const RULES: [Rule; 2] = [
    Rule {
        name: "affiliations_end_deputies",
        moment: "AFTER UPDATE",
        table: "affiliations",
        when: "NEW.status <> OLD.status AND NEW.status NOT IN ('pending', 'approved')",
        does: Does::Run(&["DELETE FROM deputies WHERE affiliation_id = NEW.id"]),
    },
    Rule {
        name: "deputies_are_approved",
        moment: "BEFORE INSERT",
        table: "deputies",
        when: "NOT EXISTS (SELECT 1 FROM affiliations \
               WHERE id = NEW.affiliation_id AND status = 'approved')",
        does: Does::Refuse("a deputy needs an approved affiliation"),
    },
];

const INDEXES: [&str; 3] = [
    "CREATE INDEX deputies_by_organization ON deputies (organization_id)",
    "CREATE INDEX deputies_by_account ON deputies (account_id)",
    "CREATE INDEX deputies_by_end ON deputies (ends_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column in a statement.
        for column in ["absent_from", "absent_until"] {
            let change = Table::alter()
                .table("focal_points")
                .add_column(timestamp_with_time_zone_null(column))
                .to_owned();
            manager.alter_table(change).await?;
        }
        manager.create_table(deputies()).await?;
        let db = manager.get_connection();
        for index in INDEXES {
            db.execute_unprepared(index).await?;
        }
        for rule in RULES
            .iter()
            .flat_map(|it| it.create(manager.get_database_backend()))
        {
            db.execute_unprepared(&rule).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for rule in RULES
            .iter()
            .flat_map(|it| it.remove(manager.get_database_backend()))
        {
            db.execute_unprepared(&rule).await?;
        }
        manager
            .drop_table(Table::drop().table("deputies").to_owned())
            .await?;
        for column in ["absent_from", "absent_until"] {
            let change = Table::alter()
                .table("focal_points")
                .drop_column(column)
                .to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}

fn deputies() -> TableCreateStatement {
    Table::create()
        .table("deputies")
        .col(string("affiliation_id").primary_key())
        .col(string("account_id"))
        .col(string("organization_id"))
        .col(timestamp_with_time_zone("starts_at"))
        .col(timestamp_with_time_zone("ends_at"))
        .col(timestamp_with_time_zone("named_at"))
        // An id without a foreign key, for it outlives the account as a pseudonym.
        .col(string_null("named_by"))
        .foreign_key(
            ForeignKey::create()
                .from_tbl("deputies")
                .from_col("affiliation_id")
                .from_col("account_id")
                .from_col("organization_id")
                .to_tbl("affiliations")
                .to_col("id")
                .to_col("account_id")
                .to_col("organization_id")
                .on_delete(ForeignKeyAction::Cascade)
                .on_update(ForeignKeyAction::Cascade),
        )
        .check(Expr::cust("ends_at > starts_at"))
        .check(Expr::cust("named_by IS NULL OR named_by <> account_id"))
        .to_owned()
}
