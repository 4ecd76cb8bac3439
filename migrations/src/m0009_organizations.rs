//! Membership types and organizations, with the index of words that the directory is searched by.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("membership_types")
                    .col(string("id").primary_key())
                    .col(text("names"))
                    .col(boolean("needs_approval"))
                    .col(boolean("ties_entitled"))
                    .col(integer("position"))
                    .to_owned(),
            )
            .await?;
        for (position, (id, needs_approval, ties_entitled, names)) in (1_i32..).zip(TYPES) {
            let row = Query::insert()
                .into_table("membership_types")
                .columns(["id", "names", "needs_approval", "ties_entitled", "position"])
                .values_panic([
                    id.into(),
                    names.into(),
                    needs_approval.into(),
                    ties_entitled.into(),
                    position.into(),
                ])
                .to_owned();
            manager.execute(row).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("organizations")
                    .col(string("id").primary_key())
                    .col(string("name"))
                    .col(string("name_key"))
                    .col(string_null("acronym"))
                    .col(string_null("acronym_key"))
                    .col(string("membership_type"))
                    .col(string_null("claimed_type"))
                    .col(string("category"))
                    .col(string("sectors"))
                    .col(string_null("country"))
                    .col(string_null("website"))
                    .col(string_null("city"))
                    .col(string("status"))
                    .col(date_null("valid_from"))
                    .col(date_null("valid_until"))
                    .col(text("email_domains"))
                    .col(string_null("merged_into"))
                    .col(string_null("proposed_by"))
                    .col(timestamp_with_time_zone_null("requests_announced_at"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .col(integer("version"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("organizations", "membership_type")
                            .to("membership_types", "id"),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .from("organizations", "merged_into")
                            .to("organizations", "id"),
                    )
                    .check(Expr::cust(
                        "status IN ('proposed', 'active', 'suspended', 'ended', 'rejected', 'merged')",
                    ))
                    .check(Expr::cust("(status = 'merged') = (merged_into IS NOT NULL)"))
                    .check(Expr::cust("merged_into IS NULL OR merged_into <> id"))
                    // SU-6: a typed-in organization is a non-member until an administrator says otherwise.
                    .check(Expr::cust(
                        "status NOT IN ('proposed', 'rejected') OR membership_type = 'non_member'",
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("organization_words")
                    // The order of bytes, so that a prefix is a range on PostgreSQL too.
                    .col(string("word").extra(match manager.get_database_backend() {
                        sea_orm::DbBackend::Postgres => "COLLATE \"C\"",
                        _ => "COLLATE BINARY",
                    }))
                    .col(string("organization_id"))
                    .primary_key(Index::create().col("word").col("organization_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("organization_words", "organization_id")
                            .to("organizations", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["organization_words", "organizations", "membership_types"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

const INDEXES: [&str; 5] = [
    "CREATE INDEX organization_words_by_organization ON organization_words (organization_id)",
    "CREATE INDEX organizations_by_name ON organizations (name_key, id)",
    "CREATE INDEX organizations_by_type ON organizations (membership_type, name_key, id)",
    "CREATE INDEX organizations_by_country ON organizations (country, name_key, id)",
    "CREATE INDEX organizations_by_status ON organizations (status, created_at) WHERE status <> 'active'",
];

/// Id, needs approval, entitled to TIES (product.md), names in six languages.
const TYPES: [(&str, bool, bool, &str); 7] = [
    (
        "member_state",
        true,
        true,
        r#"{"ar":"دولة عضو","en":"Member State","es":"Estado Miembro","fr":"État Membre","ru":"Государство-Член","zh":"成员国"}"#,
    ),
    (
        "sector_member",
        true,
        true,
        r#"{"ar":"عضو قطاع","en":"Sector Member","es":"Miembro de Sector","fr":"Membre de Secteur","ru":"Член Сектора","zh":"部门成员"}"#,
    ),
    (
        "associate",
        true,
        true,
        r#"{"ar":"منتسب","en":"Associate","es":"Asociado","fr":"Associé","ru":"Ассоциированный член","zh":"部门准成员"}"#,
    ),
    (
        "academia",
        true,
        true,
        r#"{"ar":"هيئة أكاديمية","en":"Academia","es":"Institución académica","fr":"Établissement universitaire","ru":"Академическая организация","zh":"学术成员"}"#,
    ),
    (
        "regional_international_organization",
        true,
        true,
        r#"{"ar":"منظمة إقليمية أو دولية","en":"Regional or international organization","es":"Organización regional o internacional","fr":"Organisation régionale ou internationale","ru":"Региональная или международная организация","zh":"区域性或国际组织"}"#,
    ),
    (
        "un_organization",
        true,
        false,
        r#"{"ar":"منظمة تابعة للأمم المتحدة","en":"United Nations organization","es":"Organización de las Naciones Unidas","fr":"Organisation des Nations Unies","ru":"Организация системы ООН","zh":"联合国组织"}"#,
    ),
    (
        "non_member",
        false,
        false,
        r#"{"ar":"غير عضو","en":"Non-member","es":"No miembro","fr":"Non-membre","ru":"Не является членом","zh":"非成员"}"#,
    ),
];
