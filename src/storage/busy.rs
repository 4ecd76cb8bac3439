//! Distinguishes a conflict that passes, and a database that is away, from a failure that stays, by the codes of the database. `Database::write`
//! calls it, and runs again what was busy; the errors of rooms keep the `DbErr` so that it can be judged there, too.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

pub trait IsBusy {
    /// Returns `true` if the transaction may succeed when it is run again.
    fn is_busy(&self) -> bool;
}

/// The SQLSTATEs (PostgreSQL, appendix A): serialization_failure, deadlock_detected, lock_not_available.
const POSTGRES: [&str; 3] = ["40001", "40P01", "55P03"];

/// The primary result codes of SQLite: SQLITE_BUSY, SQLITE_LOCKED. An extended code, such as SQLITE_BUSY_SNAPSHOT, has
/// the primary one in its lowest eight bits.
const SQLITE: [i32; 2] = [5, 6];

impl IsBusy for DbErr {
    fn is_busy(&self) -> bool {
        let Some(error) = database_error(self) else {
            return false;
        };
        let Some(code) = error.code() else {
            return false;
        };
        if error.try_downcast_ref::<SqliteError>().is_some() {
            code.parse()
                .is_ok_and(|code: i32| SQLITE.contains(&(code & 0xff)))
        } else {
            POSTGRES.contains(&code.as_ref())
        }
    }
}

/// The SQLSTATEs of a server that leaves, is not there yet, or is a standby: admin_shutdown, crash_shutdown,
/// cannot_connect_now, read_only_sql_transaction.
const AWAY: [&str; 4] = ["57P01", "57P02", "57P03", "25006"];

/// Returns `true` if the database was away, or left while it was asked, as it does when another takes over. Whether a write
/// was carried out is not known, so only whoever asked for it may ask again.
pub fn is_away(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(source))
        | DbErr::Exec(RuntimeErr::SqlxError(source))
        | DbErr::Query(RuntimeErr::SqlxError(source)) => match source.as_ref() {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
            sqlx::Error::Database(answer) => answer.code().is_some_and(|it| AWAY.contains(&it.as_ref())),
            _ => false,
        },
        _ => false,
    }
}

/// Returns what the database itself answered; `None` if the failure arose on this side.
fn database_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(source))
        | DbErr::Exec(RuntimeErr::SqlxError(source))
        | DbErr::Query(RuntimeErr::SqlxError(source)) => source.as_database_error(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
    use sea_orm::{
        ConnectionTrait, DatabaseConnection, DatabaseTransaction, IsolationLevel, SqlxSqliteConnector,
        TransactionTrait,
    };

    use super::*;
    use crate::storage::Database;
    use crate::testing;

    async fn two_rows() -> (String, Database) {
        let url = testing::database_url().await;
        let db = Database::open(&url).await.expect("opens");
        for sql in [
            "CREATE TABLE counters (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)",
            "INSERT INTO counters VALUES (1, 0), (2, 0)",
        ] {
            db.execute_unprepared(sql).await.expect(sql);
        }
        (url, db)
    }

    /// Opens the file as another process that does not wait.
    async fn impatient(url: &str) -> DatabaseConnection {
        let options = SqliteConnectOptions::new()
            .filename(url.trim_start_matches("sqlite://"))
            .busy_timeout(Duration::ZERO);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await;
        SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.expect("opens"))
    }

    fn code(error: &DbErr) -> String {
        let code = database_error(error).and_then(DatabaseError::code);
        code.map(String::from)
            .unwrap_or_else(|| panic!("no code in {error:?}"))
    }

    async fn step(at: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
        let sql = format!("UPDATE counters SET at = at + 1 WHERE id = {id}");
        at.execute_unprepared(&sql).await.map(drop)
    }

    async fn look(at: &impl ConnectionTrait) {
        at.execute_unprepared("SELECT at FROM counters")
            .await
            .expect("read");
    }

    #[tokio::test]
    async fn writers_that_meet_on_sqlite_are_busy() {
        let (url, db) = two_rows().await;
        if db.is_postgres() {
            return;
        }
        let (one, two) = (impatient(&url).await, impatient(&url).await);
        let first = one.begin().await.expect("begun");
        step(&first, 1).await.expect("first");
        let busy = step(&two, 2).await.expect_err("the file is being written");
        assert_eq!(code(&busy), "5"); // SQLITE_BUSY
        assert!(busy.is_busy());
        first.commit().await.expect("committed");

        // A transaction that has read an older state may not write any more: an extended code.
        let reader = two.begin().await.expect("begun");
        look(&reader).await;
        step(&one, 1).await.expect("written meanwhile");
        let stale = step(&reader, 2).await.expect_err("its state is old");
        assert_eq!(code(&stale), "517"); // SQLITE_BUSY_SNAPSHOT
        assert!(stale.is_busy());
    }

    async fn repeatable(db: &Database) -> DatabaseTransaction {
        let connection = db.for_migrations();
        let begun = connection.begin_with_config(Some(IsolationLevel::RepeatableRead), None);
        begun.await.expect("begun")
    }

    #[tokio::test]
    async fn transactions_that_meet_on_postgresql_are_busy() {
        let (_, db) = two_rows().await;
        if !db.is_postgres() {
            return;
        }
        let (first, second) = (repeatable(&db).await, repeatable(&db).await);
        look(&second).await;
        step(&first, 1).await.expect("first");
        first.commit().await.expect("committed");
        let stale = step(&second, 1).await.expect_err("its state is old");
        assert_eq!(code(&stale), "40001"); // serialization_failure
        assert!(stale.is_busy());
        second.rollback().await.expect("rolled back");

        let (first, second) = (repeatable(&db).await, repeatable(&db).await);
        step(&first, 1).await.expect("first");
        step(&second, 2).await.expect("second");
        let crossed = async |tx: DatabaseTransaction, id| {
            let outcome = step(&tx, id).await;
            tx.rollback().await.expect("rolled back");
            outcome
        };
        let (one, two) = tokio::join!(crossed(first, 2), crossed(second, 1));
        let dead = one.and(two).expect_err("each waits for the other");
        assert_eq!(code(&dead), "40P01"); // deadlock_detected
        assert!(dead.is_busy());

        let holder = repeatable(&db).await;
        step(&holder, 1).await.expect("held");
        let lock = "SELECT at FROM counters WHERE id = 1 FOR UPDATE NOWAIT";
        let held = db
            .for_migrations()
            .execute_unprepared(lock)
            .await
            .expect_err("held");
        assert_eq!(code(&held), "55P03"); // lock_not_available
        assert!(held.is_busy());
    }

    #[tokio::test]
    async fn a_failure_that_stays_is_not_busy_whatever_its_text_says() {
        let (_, db) = two_rows().await;
        let twice = db.execute_unprepared("INSERT INTO counters VALUES (1, 0)");
        assert!(!twice.await.expect_err("it exists").is_busy());
        let text = r#"SELECT "database is locked, could not serialize, deadlock detected" FROM nowhere"#;
        let unknown = db.execute_unprepared(text).await.expect_err("no table");
        assert!(!unknown.is_busy(), "{unknown}");
        assert!(!DbErr::Custom("database is locked".into()).is_busy());
    }
}
