//! The passage through which all statements go: the pool, which only reads, or a transaction of it.
//!
//! SQLite plans a statement by the value of its `LIMIT` and plans it again each time that value is bound again. The
//! plan costs several times as much as the statement. So the number is written into the text, here and nowhere else.
//!
//! PostgreSQL keeps the plan of a prepared statement for whatever values come later, and for a list that is a wrong one as
//! soon as they differ: how many rows begin with a word, and how far the list has been read. So a list is planned each time,
//! by its values.

use std::sync::Arc;

use sea_orm::prelude::async_trait;
use sea_orm::sea_query::{Value, Values};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, RuntimeErr, Statement, sqlx,
};
use sea_query_sqlx::SqlxValues;

use super::direct::{Direct, Reads};
#[cfg(feature = "testing")]
use super::statements::Statements;
use super::traced;
use crate::telemetry::span::Span;

/// The pool, for reading. It refuses a statement that changes something: on SQLite such a statement would go past the
/// writers that wait for their turn, and nobody would repeat it if it met one of them.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) inner: DatabaseConnection,
    pub(super) direct: Option<Direct>,
    #[cfg(feature = "testing")]
    pub(super) statements: Statements,
}

/// A transaction that `Database::write` began, and ends.
#[derive(Debug)]
pub struct Transaction {
    pub(super) inner: DatabaseTransaction,
    #[cfg(feature = "testing")]
    pub(super) statements: Statements,
    pub(super) span: Span,
}

impl Connection {
    fn refuse<T>(&self, statement: &str) -> Result<T, DbErr> {
        Err(DbErr::Custom(format!("the pool is for reading: {statement}")))
    }

    fn prepare(&self, statement: Statement) -> Result<Statement, DbErr> {
        let statement = with_its_limit(statement);
        #[cfg(feature = "testing")]
        self.statements.see(&statement);
        if is_query(&statement.sql) {
            Ok(statement)
        } else {
            self.refuse(&statement.sql)
        }
    }

    /// Runs a statement of PostgreSQL that is planned for its values and not kept.
    async fn query_by_its_values(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let values = SqlxValues(statement.values.unwrap_or_else(|| Values(Vec::new())));
        let pool = self.inner.get_postgres_connection_pool();
        let mut connection = pool.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
        })?;
        let rows = sqlx::query_with(sqlx::AssertSqlSafe(statement.sql), values)
            .persistent(false)
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

fn is_list(statement: &Statement) -> bool {
    statement.db_backend == DbBackend::Postgres && statement.sql.contains(" LIMIT $")
}

fn is_count(statement: &Statement) -> bool {
    statement.db_backend == DbBackend::Postgres && statement.sql.contains("COUNT(")
}

/// Returns `true` if the statement only reads. A common table expression may write, and is not used.
fn is_query(sql: &str) -> bool {
    sql.trim_start_matches(['(', ' ']).starts_with("SELECT") || sql.starts_with("EXPLAIN ")
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.refuse(&statement.sql)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.refuse(sql)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let statement = self.prepare(statement)?;
        let span = traced::statement(&statement);
        let outcome = if is_count(&statement) {
            let rows = self.query_by_its_values(statement).await;
            rows.map(|mut it| it.pop())
        } else {
            self.inner.query_one_raw(statement).await
        };
        outcome.inspect_err(|it| traced::failed(&span, it))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.prepare(statement)?;
        let span = traced::statement(&statement);
        let outcome = if is_list(&statement) {
            self.query_by_its_values(statement).await
        } else {
            self.inner.query_all_raw(statement).await
        };
        outcome.inspect_err(|it| traced::failed(&span, it))
    }
}

impl Reads for Connection {
    fn direct(&self) -> Option<&Direct> {
        self.direct.as_ref()
    }
}

impl Reads for Transaction {}

impl Transaction {
    fn prepare(&self, statement: Statement) -> Statement {
        let statement = with_its_limit(statement);
        #[cfg(feature = "testing")]
        self.statements.see(&statement);
        statement
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let statement = self.prepare(statement);
        let span = traced::statement_in(&self.span, &statement);
        let outcome = self.inner.execute_raw(statement).await;
        traced::executed(&span, &outcome);
        outcome
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let statement = self.prepare(statement);
        let span = traced::statement_in(&self.span, &statement);
        let writes = !is_query(&statement.sql);
        let outcome = self.inner.query_one_raw(statement).await;
        traced::returned(&span, writes, &outcome, Option::is_some);
        outcome
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.prepare(statement);
        let span = traced::statement_in(&self.span, &statement);
        let writes = !is_query(&statement.sql);
        let outcome = self.inner.query_all_raw(statement).await;
        traced::returned(&span, writes, &outcome, |it| !it.is_empty());
        outcome
    }
}

/// Writes the number of each `LIMIT ?` into the text. PostgreSQL keeps the plan of a prepared statement.
pub(super) fn with_its_limit(mut statement: Statement) -> Statement {
    const BOUND: &str = " LIMIT ?";
    if statement.db_backend != DbBackend::Sqlite || !statement.sql.contains(BOUND) {
        return statement;
    }
    let Some(Values(values)) = statement.values.take() else {
        return statement;
    };
    let mut sql = String::with_capacity(statement.sql.len() + 8);
    let mut bound = Vec::with_capacity(values.len());
    let mut values = values.into_iter();
    // A question mark inside of quotes is itself; a doubled quote ends and begins again.
    let mut quote = None;
    for c in statement.sql.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '?') => match values.next() {
                Some(value) if sql.ends_with(&BOUND[..BOUND.len() - 1]) => match whole_number(&value) {
                    Some(number) => {
                        sql.push_str(&number.to_string());
                        continue;
                    }
                    None => bound.push(value),
                },
                Some(value) => bound.push(value),
                None => {}
            },
            (None, _) => {}
        }
        sql.push(c);
    }
    bound.extend(values);
    Statement {
        sql,
        values: Some(Values(bound)),
        db_backend: statement.db_backend,
    }
}

fn whole_number(value: &Value) -> Option<i128> {
    match value {
        Value::BigUnsigned(number) => number.map(i128::from),
        Value::BigInt(number) => number.map(i128::from),
        Value::Unsigned(number) => number.map(i128::from),
        Value::Int(number) => number.map(i128::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(backend: DbBackend, sql: &str, values: Vec<Value>) -> (String, Vec<Value>) {
        let statement = Statement {
            sql: sql.into(),
            values: Some(Values(values)),
            db_backend: backend,
        };
        let Statement { sql, values, .. } = with_its_limit(statement);
        (sql, values.map(|it| it.0).unwrap_or_default())
    }

    #[test]
    fn the_number_of_rows_is_written_not_bound() {
        let (sql, values) = written(
            DbBackend::Sqlite,
            r#"SELECT "a?" FROM t WHERE x IN (SELECT y FROM u WHERE z = ? LIMIT ?) AND n <> 'LIMIT ?''' AND m = ? LIMIT ? OFFSET ?"#,
            vec!["z".into(), 3_u64.into(), "m".into(), 1_u64.into(), 40_u64.into()],
        );
        assert_eq!(
            sql,
            r#"SELECT "a?" FROM t WHERE x IN (SELECT y FROM u WHERE z = ? LIMIT 3) AND n <> 'LIMIT ?''' AND m = ? LIMIT 1 OFFSET ?"#
        );
        assert_eq!(values, ["z".into(), "m".into(), 40_u64.into()]);
    }

    #[test]
    fn where_nothing_is_bound_to_a_limit_nothing_changes() {
        for (backend, sql) in [
            (DbBackend::Postgres, "SELECT 1 LIMIT $1"),
            (DbBackend::Sqlite, "SELECT ?"),
        ] {
            assert_eq!(
                written(backend, sql, vec![1_u64.into()]),
                (sql.to_owned(), vec![1_u64.into()])
            );
        }
    }

    #[tokio::test]
    async fn the_pool_for_reading_refuses_what_writes() {
        let url = crate::testing::database_url().await;
        let db = crate::storage::Database::open(&url).await.expect("opens");
        db.execute_unprepared("CREATE TABLE seen (id INTEGER PRIMARY KEY)")
            .await
            .expect("the database itself writes");
        let statement = |sql: &str| Statement::from_string(db.get_database_backend(), sql);
        let insert = "INSERT INTO seen VALUES (1)";
        db.read()
            .execute_raw(statement(insert))
            .await
            .expect_err("refused");
        db.read().execute_unprepared(insert).await.expect_err("refused");
        for writing in [
            "INSERT INTO seen VALUES (1) RETURNING id",
            "WITH it AS (SELECT 1) DELETE FROM seen RETURNING id",
        ] {
            db.read()
                .query_one_raw(statement(writing))
                .await
                .expect_err(writing);
            db.read()
                .query_all_raw(statement(writing))
                .await
                .expect_err(writing);
        }
        let rows = db.read().query_all_raw(statement("SELECT id FROM seen")).await;
        assert!(rows.expect("read").is_empty());
    }
}
