//! The pool, and the one way to write: a transaction that is retried when the database is busy.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions, Connection as _};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqliteTransactionMode, SqlxPostgresConnector,
    SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, oneshot};

use super::connection::{Connection, Transaction};
use super::writer::{Changed, Waiting, Writer};

/// After this a connection is tried before it is used.
const RESTED: Duration = Duration::from_secs(30);

/// SQLite or PostgreSQL, by the scheme of its URL.
#[derive(Clone, Debug)]
pub struct Database {
    connection: Connection,
    is_postgres: bool,
    writer: Writer,
}

#[derive(Debug, thiserror::Error)]
#[error("the database {url} cannot be opened: {source}")]
pub struct OpenError {
    url: String,
    source: DbErr,
}

/// A database as it is found.
#[derive(Debug)]
pub enum Look {
    /// A file that is not there yet.
    Absent,
    /// To be read; what writes fails.
    There(Database),
}

impl Database {
    /// Whether the database is a file that is not there.
    pub fn is_absent(url: &str) -> bool {
        file_of(url).is_some_and(|it| !std::path::Path::new(it).exists())
    }

    /// Opens the database without changing it, or making it.
    pub async fn look(url: &str) -> Result<Look, OpenError> {
        if Self::is_absent(url) {
            return Ok(Look::Absent);
        }
        let opened = match file_of(url) {
            Some(path) => {
                // Without a writer's log beside it nobody has it open, and none is to be made.
                let is_quiet = !std::path::Path::new(&format!("{path}-wal")).exists();
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .read_only(true)
                    .immutable(is_quiet)
                    .disable_statement_logging();
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .connect_with(options)
                    .await;
                pool.map(SqlxSqliteConnector::from_sqlx_sqlite_pool)
            }
            None => {
                async {
                    let options = PgConnectOptions::from_str(url)?
                        .options([("default_transaction_read_only", "on")])
                        .disable_statement_logging();
                    let pool = PgPoolOptions::new()
                        .max_connections(1)
                        .acquire_timeout(Duration::from_secs(5))
                        .connect_with(options)
                        .await;
                    pool.map(SqlxPostgresConnector::from_sqlx_postgres_pool)
                }
                .await
            }
        };
        Self::of(url, opened.map_err(open_failed)).map(Look::There)
    }

    /// Opens the database; a SQLite file is made, mode 0600, when it is not there (security.md ST-4).
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let connection = match file_of(url) {
            Some(path) => Self::open_sqlite(path).await,
            None => Self::open_postgres(url).await,
        };
        Self::of(url, connection)
    }

    fn of(url: &str, connection: Result<DatabaseConnection, DbErr>) -> Result<Self, OpenError> {
        let is_postgres = file_of(url).is_none();
        // The URL may hold a password: only its part after the credentials is told.
        let url = url.rsplit_once('@').map_or(url, |(_, tail)| tail).to_owned();
        Ok(Self {
            connection: Connection {
                inner: connection.map_err(|source| OpenError { url, source })?,
                #[cfg(feature = "testing")]
                statements: super::statements::Statements::default(),
            },
            is_postgres,
            writer: Writer::default(),
        })
    }

    async fn open_postgres(url: &str) -> Result<DatabaseConnection, DbErr> {
        let options = PgConnectOptions::from_str(url)
            .map_err(open_failed)?
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(5))
            // A connection that was just in use is asked nothing: that would cost every statement a second
            // way to the server. One that rested may have been cut off meanwhile.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
            .map_err(open_failed)?;
        Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
    }

    async fn open_sqlite(path: &str) -> Result<DatabaseConnection, DbErr> {
        make_private(std::path::Path::new(path)).map_err(|e| DbErr::Custom(e.to_string()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: what was acknowledged survives the loss of power, not only of the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            // A file is not cut off.
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(open_failed)?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }

    /// For reading. What is read here may be old by the time it is used: conditional writes decide.
    pub fn read(&self) -> &Connection {
        &self.connection
    }

    /// For the migrations, which bring the statements of their time along.
    pub fn for_migrations(&self) -> &DatabaseConnection {
        &self.connection.inner
    }

    /// What was sent to this database, by reads and in transactions.
    #[cfg(feature = "testing")]
    pub fn statements(&self) -> &super::statements::Statements {
        &self.connection.statements
    }

    pub const fn is_postgres(&self) -> bool {
        self.is_postgres
    }

    /// Runs `work` in one transaction; commits when it is `Ok`, and runs it again, three times at
    /// most, when the database was busy or could not serialize (security.md ST-3).
    ///
    /// `work` may run several times: it touches nothing but the transaction.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&Transaction) -> Result<T, E> + Clone,
        E: From<DbErr> + IsBusy,
    {
        self.write_as(|transaction| transaction, work).await
    }

    /// Does what `write` does, and gives `work` more than the transaction: `enter` says what, at each repetition.
    pub async fn write_as<S, T, E, F>(&self, enter: impl Fn(Transaction) -> S, work: F) -> Result<T, E>
    where
        // `AsyncFnOnce + Clone` where one would say `AsyncFn`: the future of a lending closure that
        // borrows is never `Send` to the compiler, and could not be awaited by a handler.
        F: AsyncFnOnce(&S) -> Result<T, E> + Clone,
        S: Into<Transaction>,
        E: From<DbErr> + IsBusy,
    {
        let mut attempt: u64 = 0;
        loop {
            attempt += 1;
            let outcome = async {
                let _turn = match self.is_postgres {
                    false => Some(self.writer.turn().await),
                    true => None,
                };
                let options = TransactionOptions {
                    // A deferred transaction that upgrades fails with BUSY at once.
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                let tx = enter(Transaction {
                    inner: self.connection.inner.begin_with_options(options).await?,
                    #[cfg(feature = "testing")]
                    statements: self.connection.statements.clone(),
                });
                let outcome = work.clone()(&tx).await;
                let Transaction { inner, .. } = tx.into();
                match outcome {
                    Ok(value) => inner.commit().await.map(|()| value).map_err(E::from),
                    Err(error) => {
                        inner.rollback().await?;
                        Err(error)
                    }
                }
            }
            .await;
            match outcome {
                Err(error) if attempt <= 3 && error.is_busy() => {
                    tokio::time::sleep(Duration::from_millis(5 * attempt * attempt)).await;
                }
                other => return other,
            }
        }
    }

    /// Runs one statement that is a transaction of its own, and returns how many rows it changed once they are stored.
    /// For where one conditional write decides and nothing else is written with it; never from inside of `write`, which
    /// has the turn that this waits for.
    pub async fn execute(&self, statement: Statement) -> Changed {
        if self.is_postgres {
            return Ok(self.connection.execute_raw(statement).await?.rows_affected());
        }
        let (answer, stored) = oneshot::channel();
        if self.writer.join(Waiting { statement, answer }) {
            // Apart from the request: it may be dropped, and others wait for theirs.
            let database = self.clone();
            tokio::spawn(async move { database.execute_waiting().await });
        }
        stored
            .await
            .unwrap_or_else(|_| Err(DbErr::Custom("the writer has stopped".into())))
    }

    async fn execute_waiting(&self) {
        let mut waiting = Vec::new();
        let all = {
            let taken = Mutex::new(&mut waiting);
            self.write(async |tx: &Transaction| -> Result<Vec<u64>, DbErr> {
                // With the turn in hand. When this runs again, it takes those along that came meanwhile.
                let mut taken = taken.lock().await;
                taken.extend(self.writer.take());
                let mut changed = Vec::with_capacity(taken.len());
                for it in taken.iter() {
                    changed.push(tx.execute_raw(it.statement.clone()).await?.rows_affected());
                }
                Ok(changed)
            })
            .await
        };
        match all {
            Ok(changed) => {
                for (it, changed) in waiting.into_iter().zip(changed) {
                    // Who does not wait any more has what it asked for all the same.
                    let _ = it.answer.send(Ok(changed));
                }
            }
            Err(error) => {
                // Those too that came when the transaction did not even begin.
                waiting.extend(self.writer.take());
                self.execute_alone(waiting, error).await;
            }
        }
    }

    /// After a failure together: one of them failed, and the others are not to suffer from it.
    async fn execute_alone(&self, mut waiting: Vec<Waiting>, error: DbErr) {
        if waiting.len() == 1 {
            let _ = waiting.remove(0).answer.send(Err(error));
            return;
        }
        for Waiting { statement, answer } in waiting {
            let alone = self
                .write(async |tx: &Transaction| -> Changed {
                    Ok(tx.execute_raw(statement.clone()).await?.rows_affected())
                })
                .await;
            let _ = answer.send(alone);
        }
    }

    pub async fn ping(&self) -> Result<(), DbErr> {
        self.connection.inner.ping().await
    }
}

/// The path of a SQLite file.
fn file_of(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    path.split('?').next()
}

fn open_failed(error: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// Tells a passing conflict from a failure.
pub trait IsBusy {
    fn is_busy(&self) -> bool;
}

impl IsBusy for DbErr {
    fn is_busy(&self) -> bool {
        let text = self.to_string();
        // SQLite: BUSY, LOCKED; PostgreSQL: 40001 serialization, 40P01 deadlock.
        text.contains("database is locked")
            || text.contains("database table is locked")
            || text.contains("could not serialize")
            || text.contains("deadlock detected")
    }
}

#[cfg(unix)]
fn make_private(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(parent) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}
