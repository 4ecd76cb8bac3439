//! Statements to the database of a test, and its schema.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::TestOp;

pub async fn query(op: &TestOp, sql: &str) -> Vec<sea_orm::QueryResult> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement)
        .await
        .unwrap_or_else(|it| panic!("{it}: {sql}"))
}

pub async fn count(op: &TestOp, sql: &str) -> i64 {
    query(op, sql).await[0].try_get("", "n").unwrap()
}

pub async fn execute(op: &TestOp, sql: &str) {
    let done = op.app.db.execute_unprepared(sql).await;
    done.unwrap_or_else(|it| panic!("{it}: {sql}"));
}

/// Returns the columns of every table of the database.
pub async fn schema(op: &TestOp) -> BTreeMap<String, BTreeSet<String>> {
    let sql = match op.app.db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        _ => {
            "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
    };
    let mut tables = BTreeMap::<String, BTreeSet<String>>::new();
    for row in query(op, sql).await {
        let (table, column): (String, String) =
            (row.try_get("", "t").unwrap(), row.try_get("", "c").unwrap());
        tables.entry(table).or_default().insert(column);
    }
    tables
}
