//! Decides whose turn it is to write on SQLite, which has one writer. Whole transactions take turns. Single statements
//! that wait for the same turn share one transaction, so that all of them wait for the disk once.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::Statement;
use tokio::sync::{MutexGuard, oneshot};

/// What a statement did, once that is stored.
pub(super) type Executed = Result<sea_orm::ExecResult, sea_orm::DbErr>;

/// A statement, and the channel on which its caller waits for the outcome.
#[derive(Debug)]
pub(super) struct Waiting {
    pub statement: Statement,
    pub answer: oneshot::Sender<Executed>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    /// The turn, for which transactions wait in order and hold no connection. Inside of SQLite they would ask again in
    /// growing intervals, and others would slip in.
    turn: Arc<tokio::sync::Mutex<()>>,
    waiting: Arc<Mutex<Vec<Waiting>>>,
}

impl Writer {
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Adds a statement to those that wait. Returns `true` to the first of them, which runs them all.
    pub fn join(&self, statement: Waiting) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(statement);
        waiting.len() == 1
    }

    /// Takes all statements that wait.
    pub fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

    use crate::storage::{Database, Transaction};

    async fn counters() -> Database {
        let url = crate::testing::database_url().await;
        let db = Database::open(&url).await.expect("opens");
        let table = "CREATE TABLE counters (id INTEGER PRIMARY KEY, at INTEGER NOT NULL CHECK (at < 8))";
        db.execute_unprepared(table).await.expect("a table");
        for id in 0..4 {
            let row = format!("INSERT INTO counters VALUES ({id}, 0)");
            db.execute_unprepared(&row).await.expect("a row");
        }
        db
    }

    fn statement(db: &Database, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(db.read().get_database_backend(), sql, values)
    }

    async fn sum(db: &Database) -> i64 {
        let all = statement(db, "SELECT CAST(SUM(at) AS BIGINT) AS n FROM counters", vec![]);
        let row = db.read().query_one_raw(all).await.expect("a sum").expect("a row");
        row.try_get("", "n").expect("a number")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn statements_side_by_side_each_get_their_own_outcome() {
        let db = counters().await;
        // Each step is taken by one of three who try it; a fourth asks for what the table refuses.
        let tries = (0..4 * 5 * 4).map(|n: i32| {
            let (row, at, whose) = (n % 4, n / 16, n / 4 % 4);
            let (db, sql) = match whose {
                3 => (&db, "UPDATE counters SET at = 9 WHERE id = $1 AND at > $2"),
                _ => (&db, "UPDATE counters SET at = at + 1 WHERE id = $1 AND at = $2"),
            };
            let at = if whose == 3 { -1 } else { at };
            async move {
                let outcome = db
                    .execute_raw(statement(db, sql, vec![row.into(), at.into()]))
                    .await;
                (whose, outcome.map(|it| it.rows_affected()))
            }
        });
        let outcomes = join_all(tries).await;
        let changed: u64 = outcomes.iter().filter_map(|(_, it)| it.as_ref().ok()).sum();
        let refused = outcomes.iter().filter(|(_, it)| it.is_err()).count();
        assert!(
            outcomes.iter().all(|(whose, it)| it.is_err() == (*whose == 3)),
            "{outcomes:?}"
        );
        assert_eq!(refused, 4 * 5);
        assert_eq!(sum(&db).await, i64::try_from(changed).expect("few"));
        assert!(changed >= 4, "each row took its first step"); // security.md G-8
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_goes_away_takes_nobody_along() {
        let db = counters().await;
        let step = |row: i32| {
            statement(
                &db,
                "UPDATE counters SET at = at + 1 WHERE id = $1",
                vec![row.into()],
            )
        };
        // Somebody has the turn; the first who waits for it, and sees to all, gives up.
        let (held, waiting) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let holder = db.write(async |_: &Transaction| -> Result<(), DbErr> {
            held.notify_one();
            waiting.notified().await;
            Ok(())
        });
        let others = async {
            held.notified().await;
            let first = tokio::time::timeout(std::time::Duration::ZERO, db.execute_raw(step(0)));
            let _ = first.await;
            // The second waits, too, before the turn is given up.
            let (second, ()) = tokio::join!(db.execute_raw(step(1)), async { waiting.notify_one() });
            second
        };
        let (held, second) = tokio::join!(holder, others);
        held.expect("committed");
        assert_eq!(second.expect("told").rows_affected(), 1);
        // On PostgreSQL each goes alone, and who goes away may have taken its statement back.
        let least = if db.is_postgres() { 1 } else { 2 };
        assert!((least..=2).contains(&sum(&db).await));
    }
}
