//! The versions of the Terms of Use and of the Privacy Notice that are published while the service runs, with their texts, beside
//! those of files. A version that is or was in force stays: people may have accepted it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let versions = Table::create()
            .table("document_versions")
            // `<terms|privacy>/<version>`
            .col(string("id").primary_key())
            .col(string("kind"))
            .col(string("version"))
            .col(timestamp_with_time_zone("effective_from"))
            .col(timestamp_with_time_zone("published_at"))
            .col(string_null("published_by"))
            .foreign_key(
                ForeignKey::create()
                    .name("document_versions_publisher")
                    .from("document_versions", "published_by")
                    .to("accounts", "id")
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .to_owned();
        manager.create_table(versions).await?;
        let by_publisher = Index::create()
            .name("document_versions_by_publisher")
            .table("document_versions")
            .col("published_by")
            .to_owned();
        manager.create_index(by_publisher).await?;
        let texts = Table::create()
            .table("document_texts")
            .col(string("version_id"))
            .col(string("language"))
            .col(text("text"))
            .col(string("sha256"))
            .primary_key(Index::create().col("version_id").col("language"))
            .foreign_key(
                ForeignKey::create()
                    .name("document_texts_version")
                    .from("document_texts", "version_id")
                    .to("document_versions", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(texts).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["document_texts", "document_versions"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
