//! Indexes of tables that may be large already. PostgreSQL builds them beside those who write, so a migration that uses
//! them returns `Some(false)` from `use_transaction`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates an index on `of`: the table, its columns and a condition. A build that was ended leaves an index that is not
/// used, and is begun anew.
pub async fn create(manager: &SchemaManager<'_>, name: &str, of: &str) -> Result<(), DbErr> {
    drop(manager, name).await?;
    let db = manager.get_connection();
    let beside = match db.get_database_backend() {
        DbBackend::Postgres => "CONCURRENTLY",
        _ => "",
    };
    db.execute_unprepared(&format!("CREATE INDEX {beside} {name} ON {of}"))
        .await
        .map(std::mem::drop)
}

pub async fn drop(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let sql = format!("DROP INDEX IF EXISTS {name}");
    manager
        .get_connection()
        .execute_unprepared(&sql)
        .await
        .map(std::mem::drop)
}
