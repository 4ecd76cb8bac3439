//! Lists the migrations that were applied, without creating their table.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

const TABLE: &str = "seaql_migrations";

/// Returns their names, and none if nothing has been migrated yet.
pub async fn list_applied(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let (tables, name) = match db.get_database_backend() {
        DbBackend::Sqlite => ("sqlite_master", "name"),
        _ => ("pg_tables", "tablename"),
    };
    let there = Query::select()
        .expr(Expr::val(1))
        .from(tables)
        .and_where(Expr::col(name).eq(TABLE))
        .to_owned();
    if db.query_one(&there).await?.is_none() {
        return Ok(Vec::new());
    }
    let versions = Query::select().column("version").from(TABLE).to_owned();
    let rows = db.query_all(&versions).await?;
    rows.iter().map(|it| it.try_get("", "version")).collect()
}
