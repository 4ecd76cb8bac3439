//! Looks at the database itself: its clock, whether it takes writes, and the indexes that it has beside those that the
//! migrations make. `deployment::check` calls it.

use migrations::MigratorTrait;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, SqlxSqliteConnector, Statement};

use crate::domain::Time;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    /// `false` if the server did not finish it: it is not used.
    pub is_valid: bool,
    /// The statement that makes it, of those that the migrations make.
    pub statement: String,
}

/// Returns the time of the server, if it has a clock of its own.
pub async fn now(db: &impl ConnectionTrait) -> Result<Option<Time>, DbErr> {
    one(db, "SELECT clock_timestamp() AS it").await
}

/// Returns `true` if the server only repeats another one, and takes no writes.
pub async fn is_standby(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(one(db, "SELECT pg_is_in_recovery() AS it")
        .await?
        .unwrap_or(false))
}

/// Asks a PostgreSQL for one value, `it`.
async fn one<T: sea_orm::TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<Option<T>, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = db.query_one_raw(statement).await?;
    row.map(|it| it.try_get("", "it")).transpose()
}

/// Returns the indexes that the database has.
pub async fn indexes(db: &impl ConnectionTrait) -> Result<Vec<Index>, DbErr> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT c.relname::text AS name, i.indisvalid AND i.indisready AS is_valid, '' AS statement \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"
        }
        // An index without a statement is that of a key, and belongs to its table.
        _ => {
            "SELECT name, 1 AS is_valid, sql AS statement FROM sqlite_master \
             WHERE type = 'index' AND sql IS NOT NULL"
        }
    };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await?;
    let index = |row: &sea_orm::QueryResult| {
        Ok(Index {
            name: row.try_get("", "name")?,
            is_valid: row.try_get("", "is_valid")?,
            statement: row.try_get("", "statement")?,
        })
    };
    rows.iter().map(index).collect()
}

/// Returns the indexes that the migrations of this release make, by making them in memory.
pub async fn expected_indexes() -> Result<Vec<Index>, DbErr> {
    let options = SqliteConnectOptions::new().in_memory(true);
    // A second connection would be a second database.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await;
    let pool = pool.map_err(|it| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(it.into())))?;
    let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    migrations::Migrator::up(&db, None).await?;
    let found = indexes(&db).await?;
    db.close().await?;
    Ok(found)
}
