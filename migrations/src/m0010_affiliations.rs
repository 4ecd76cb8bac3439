//! Affiliations, Focal Points and TIES rights. The database refuses impossible states here too, whoever writes: moves
//! out of order (security.md AF-1), decisions by their own subject (AF-2), TIES rights without an approved affiliation
//! to an entitled, active member (AF-3), two open requests of one person (AF-5).

use sea_orm_migration::{prelude::*, schema::*};

use super::m0010_affiliations_rules as rules;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(affiliations()).await?;
        let db = manager.get_connection();
        for index in AFFILIATION_INDEXES {
            db.execute_unprepared(index).await?;
        }
        manager.create_table(focal_points()).await?;
        manager.create_table(right_types()).await?;
        for (position, (id, names)) in (1_i32..).zip(RIGHTS) {
            let row = Query::insert()
                .into_table("ties_right_types")
                .columns(["id", "names", "position"])
                .values_panic([id.into(), names.into(), position.into()])
                .to_owned();
            manager.execute(row).await?;
        }
        manager.create_table(rights()).await?;
        for index in OTHER_INDEXES {
            db.execute_unprepared(index).await?;
        }
        for rule in rules::of(manager.get_database_backend()) {
            db.execute_unprepared(&rule).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in rules::without(manager.get_database_backend()) {
            db.execute_unprepared(&statement).await?;
        }
        for table in ["ties_rights", "ties_right_types", "focal_points", "affiliations"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn affiliations() -> TableCreateStatement {
    Table::create()
        .table("affiliations")
        .col(string("id").primary_key())
        .col(string("account_id"))
        .col(string("organization_id"))
        .col(string("status"))
        .col(timestamp_with_time_zone("requested_at"))
        .col(boolean("asked_by_person"))
        .col(timestamp_with_time_zone_null("announced_at"))
        .col(timestamp_with_time_zone_null("reminded_at"))
        .col(timestamp_with_time_zone_null("escalated_at"))
        .col(timestamp_with_time_zone_null("decided_at"))
        // The person who decided: an id without a foreign key, for it outlives the account as a pseudonym.
        .col(string_null("decided_by"))
        .col(string_null("decided_as"))
        .col(text_null("decision_reason"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .col(string_null("ended_by"))
        .col(string_null("ended_as"))
        .col(text_null("end_reason"))
        .foreign_key(
            ForeignKey::create()
                .from("affiliations", "account_id")
                .to("accounts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("affiliations", "organization_id")
                .to("organizations", "id"),
        )
        .check(Expr::cust(
            "status IN ('self_declared', 'pending', 'approved', 'rejected', 'withdrawn', 'removed', 'lapsed')",
        ))
        .check(Expr::cust(
            "status NOT IN ('approved', 'rejected', 'removed', 'lapsed') OR decided_at IS NOT NULL",
        ))
        .check(Expr::cust(
            "(status IN ('withdrawn', 'removed', 'lapsed')) = (ended_at IS NOT NULL)",
        ))
        .check(Expr::cust("decided_by IS NULL OR decided_by <> account_id"))
        .check(Expr::cust("status <> 'removed' OR ended_by IS NULL OR ended_by <> account_id"))
        .to_owned()
}

const AFFILIATION_INDEXES: [&str; 6] = [
    "CREATE UNIQUE INDEX affiliations_one_open ON affiliations (account_id) WHERE status = 'pending'",
    "CREATE UNIQUE INDEX affiliations_one_in_force ON affiliations (account_id) \
     WHERE status IN ('approved', 'self_declared')",
    // The index that focal_points and ties_rights refer to.
    "CREATE UNIQUE INDEX affiliations_by_person_and_organization ON affiliations (id, account_id, organization_id)",
    "CREATE UNIQUE INDEX affiliations_by_person ON affiliations (id, account_id)",
    "CREATE INDEX affiliations_by_account ON affiliations (account_id, requested_at)",
    "CREATE INDEX affiliations_by_organization ON affiliations (organization_id, status, requested_at)",
];

/// The composite key ties a Focal Point to the very affiliation that makes them eligible.
fn focal_points() -> TableCreateStatement {
    Table::create()
        .table("focal_points")
        .col(string("affiliation_id").primary_key())
        .col(string("account_id"))
        .col(string("organization_id"))
        .col(timestamp_with_time_zone("designated_at"))
        .col(string_null("designated_by"))
        .foreign_key(
            ForeignKey::create()
                .from_tbl("focal_points")
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
        .check(Expr::cust("designated_by IS NULL OR designated_by <> account_id"))
        .to_owned()
}

fn right_types() -> TableCreateStatement {
    Table::create()
        .table("ties_right_types")
        .col(string("id").primary_key())
        .col(text("names"))
        .col(integer("position"))
        .to_owned()
}

fn rights() -> TableCreateStatement {
    Table::create()
        .table("ties_rights")
        .col(string("id").primary_key())
        .col(string("affiliation_id"))
        .col(string("account_id"))
        .col(string("right_type"))
        .col(string("status"))
        .col(timestamp_with_time_zone_null("requested_at"))
        .col(timestamp_with_time_zone_null("announced_at"))
        .col(timestamp_with_time_zone_null("reminded_at"))
        .col(timestamp_with_time_zone_null("escalated_at"))
        .col(timestamp_with_time_zone_null("decided_at"))
        .col(string_null("decided_by"))
        .col(string_null("decided_as"))
        .col(text_null("decision_reason"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .col(string_null("ended_by"))
        .col(string_null("ended_as"))
        .col(text_null("end_reason"))
        .foreign_key(
            ForeignKey::create()
                .from_tbl("ties_rights")
                .from_col("affiliation_id")
                .from_col("account_id")
                .to_tbl("affiliations")
                .to_col("id")
                .to_col("account_id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("ties_rights", "right_type")
                .to("ties_right_types", "id"),
        )
        .check(Expr::cust(
            "status IN ('requested', 'granted', 'refused', 'revoked')",
        ))
        .check(Expr::cust("(status = 'requested') = (decided_at IS NULL)"))
        .check(Expr::cust("(status = 'revoked') = (ended_at IS NOT NULL)"))
        .check(Expr::cust("decided_by IS NULL OR decided_by <> account_id"))
        .to_owned()
}

const OTHER_INDEXES: [&str; 5] = [
    "CREATE INDEX focal_points_by_organization ON focal_points (organization_id)",
    "CREATE INDEX focal_points_by_account ON focal_points (account_id)",
    "CREATE UNIQUE INDEX ties_rights_one_live ON ties_rights (affiliation_id, right_type) \
     WHERE status IN ('requested', 'granted')",
    "CREATE INDEX ties_rights_waiting ON ties_rights (requested_at) WHERE status = 'requested'",
    "CREATE INDEX ties_rights_by_affiliation ON ties_rights (affiliation_id, status)",
];

const RIGHTS: [(&str, &str); 3] = [
    (
        "documents",
        r#"{"ar":"الوثائق","en":"Documents","es":"Documentos","fr":"Documents","ru":"Документы","zh":"文件"}"#,
    ),
    (
        "mailing_lists",
        r#"{"ar":"القوائم البريدية","en":"Mailing lists","es":"Listas de correo","fr":"Listes de diffusion","ru":"Списки рассылки","zh":"邮件列表"}"#,
    ),
    (
        "collaboration",
        r#"{"ar":"أدوات التعاون","en":"Collaboration tools","es":"Herramientas de colaboración","fr":"Outils de collaboration","ru":"Средства совместной работы","zh":"协作工具"}"#,
    ),
];
