//! Registered clients, their secrets, what people granted them, and the counters by which processes
//! learn that something which they keep in memory has changed.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table("clients")
                .col(string("id").primary_key())
                .col(boolean("enabled"))
                .col(string("origin"))
                .col(string("name"))
                .col(text("metadata"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .to_owned(),
            Table::create()
                .table("client_secrets")
                .col(big_pk_auto("id"))
                .col(string("client_id"))
                .col(string("digest"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("expires_at"))
                .foreign_key(&mut to_clients("client_secrets_to_clients", "client_secrets"))
                .to_owned(),
            Table::create()
                .table("consents")
                .col(string("account_id"))
                .col(string("client_id"))
                .col(text("scope"))
                .col(text("claims"))
                .col(timestamp_with_time_zone("first_given_at"))
                .col(timestamp_with_time_zone("given_at"))
                .primary_key(Index::create().col("account_id").col("client_id"))
                .foreign_key(&mut to_clients("consents_to_clients", "consents"))
                .to_owned(),
            Table::create()
                .table("generations")
                .if_not_exists()
                .col(string("name").primary_key())
                .col(big_integer("value"))
                .to_owned(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for (name, table) in INDEXES {
            let index = Index::create()
                .name(name)
                .table(table)
                .col("client_id")
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["generations", "consents", "client_secrets", "clients"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

const INDEXES: [(&str, &str); 2] = [
    ("client_secrets_by_client", "client_secrets"),
    ("consents_by_client", "consents"),
];

fn to_clients(name: &'static str, from: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(from, "client_id")
        .to("clients", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}
