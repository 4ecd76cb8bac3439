//! Opens the database and runs transactions: `write` repeats one that met a busy database. A storage function that gets
//! the database itself runs each of its statements as a transaction of its own. `read` is for queries outside of a
//! transaction.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sea_orm::prelude::async_trait;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions, Connection as _};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{Mutex, oneshot};

use super::busy::IsBusy;
use super::connection::{Connection, Transaction, with_its_limit};
use super::direct::{Direct, Reads};
use super::traced;
use super::writer::{Executed, Waiting, Writer};
use crate::telemetry::metrics::Times;

/// The time for which a connection may be idle before it is tested.
const RESTED: Duration = Duration::from_secs(30);

/// A database of SQLite or PostgreSQL, by the scheme of its URL.
#[derive(Clone, Debug)]
pub struct Database {
    connection: Connection,
    is_postgres: bool,
    writer: Writer,
    waits: Times,
}

#[derive(Debug, thiserror::Error)]
#[error("the database {url} cannot be opened: {source}")]
pub struct OpenError {
    url: String,
    source: DbErr,
}

/// A database that was opened without changing it.
#[derive(Debug)]
pub enum Look {
    /// The file does not exist yet.
    Absent,
    /// The database can be read. Writes fail.
    There(Database),
}

impl Database {
    /// Returns `true` if the database is a file that does not exist.
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
                // If no write-ahead log is beside it, nobody has the file open, and none may be created.
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
        // Nothing goes past the pool here: a connection that is not told that the file is quiet may make files beside it.
        let mut looking = Self::of(url, opened.map_err(open_failed))?;
        looking.connection.direct = None;
        Ok(Look::There(looking))
    }

    /// Opens the database. A SQLite file that does not exist is created with mode 0600 (security.md ST-4).
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let connection = match file_of(url) {
            Some(path) => Self::open_sqlite(path).await,
            None => Self::open_postgres(url).await,
        };
        Self::of(url, connection)
    }

    fn of(url: &str, connection: Result<DatabaseConnection, DbErr>) -> Result<Self, OpenError> {
        let is_postgres = file_of(url).is_none();
        // The URL may hold a password, so the error has only the part after the credentials.
        let named = url.rsplit_once('@').map_or(url, |(_, tail)| tail).to_owned();
        #[cfg(feature = "testing")]
        let statements = super::statements::Statements::default();
        Ok(Self {
            connection: Connection {
                inner: connection.map_err(|source| OpenError { url: named, source })?,
                direct: file_of(url).map(|path| {
                    Direct::new(
                        path.as_ref(),
                        #[cfg(feature = "testing")]
                        statements.clone(),
                    )
                }),
                #[cfg(feature = "testing")]
                statements,
            },
            is_postgres,
            writer: Writer::default(),
            waits: Times::default(),
        })
    }

    async fn open_postgres(url: &str) -> Result<DatabaseConnection, DbErr> {
        let options = PgConnectOptions::from_str(url)
            .map_err(open_failed)?
            // A request of ours is short, and many come at once: to start workers for one costs more than they save, and
            // so does compiling its plan.
            .options([("max_parallel_workers_per_gather", "0"), ("jit", "off")])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(5))
            // A ping before each statement would be a second round trip. Only a connection that was idle for
            // a while may have been cut off.
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
            // FULL: a committed change survives the loss of power, not only the end of the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            // The connection to a file cannot be cut off.
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(open_failed)?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }

    /// Returns the pool, for reading; it refuses statements that change something. A value may be old by the time it is
    /// used: conditional writes decide.
    pub fn read(&self) -> &Connection {
        &self.connection
    }

    /// Returns the bare connection, for the migrations.
    pub fn for_migrations(&self) -> &DatabaseConnection {
        &self.connection.inner
    }

    /// Returns the statements that were sent to this database, by reads and in transactions.
    #[cfg(feature = "testing")]
    pub fn statements(&self) -> &super::statements::Statements {
        &self.connection.statements
    }

    pub const fn is_postgres(&self) -> bool {
        self.is_postgres
    }

    /// Returns how long transactions waited to begin: for their turn, and for a connection.
    pub const fn waits(&self) -> &Times {
        &self.waits
    }

    /// Returns the open connections of the pool, and those of them that are idle.
    pub fn connections(&self) -> (u32, usize) {
        let inner = &self.connection.inner;
        if self.is_postgres {
            let pool = inner.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = inner.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    }

    /// Runs `work` in one transaction and commits it if `work` returns `Ok`. If the database was busy or could not
    /// serialize, it runs `work` again, three times at most (security.md ST-3).
    ///
    /// `work` may run several times, so it must touch nothing but the transaction.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&Transaction) -> Result<T, E> + Clone,
        E: From<DbErr> + IsBusy,
    {
        self.write_as(|transaction| transaction, work).await
    }

    /// Does what `write` does. `enter` makes what `work` gets from the transaction, again at each repetition.
    pub async fn write_as<S, T, E, F>(&self, enter: impl Fn(Transaction) -> S, work: F) -> Result<T, E>
    where
        // `AsyncFnOnce + Clone` in place of `AsyncFn`: the compiler never finds the future of a lending closure
        // that borrows to be `Send`, so a handler could not await it.
        F: AsyncFnOnce(&S) -> Result<T, E> + Clone,
        S: Into<Transaction>,
        E: From<DbErr> + IsBusy,
    {
        let mut attempt: u64 = 0;
        loop {
            attempt += 1;
            let outcome = async {
                let asked = Instant::now();
                let span = traced::transaction(self.is_postgres);
                let beginning = traced::step(&span, "BEGIN");
                let _turn = if self.is_postgres {
                    None
                } else {
                    Some(self.writer.turn().await)
                };
                let options = TransactionOptions {
                    // A deferred transaction that upgrades fails with BUSY at once.
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                let inner = self.connection.inner.begin_with_options(options).await?;
                drop(beginning);
                self.waits.took(asked.elapsed());
                let tx = enter(Transaction {
                    inner,
                    #[cfg(feature = "testing")]
                    statements: self.connection.statements.clone(),
                    span,
                });
                let outcome = work.clone()(&tx).await;
                let Transaction { inner, span, .. } = tx.into();
                match outcome {
                    Ok(value) => {
                        let _commit = traced::step(&span, "COMMIT");
                        inner.commit().await.map(|()| value).map_err(E::from)
                    }
                    Err(error) => {
                        if error.is_busy() {
                            span.fail("busy");
                        }
                        let _rollback = traced::step(&span, "ROLLBACK");
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

    /// Runs one statement as a transaction of its own, and answers once its change is stored. On SQLite it waits for its
    /// turn, with the others that wait.
    async fn execute_in_turn(&self, statement: Statement) -> Executed {
        let statement = with_its_limit(statement);
        let span = traced::statement(&statement);
        let outcome = self.execute_in_its_turn(statement).await;
        traced::executed(&span, &outcome);
        outcome
    }

    async fn execute_in_its_turn(&self, statement: Statement) -> Executed {
        if self.is_postgres {
            #[cfg(feature = "testing")]
            self.connection.statements.see(&statement);
            return self.connection.inner.execute_raw(statement).await;
        }
        let (answer, stored) = oneshot::channel();
        if self.writer.join(Waiting { statement, answer }) {
            // A task of its own runs it: the request may be dropped while others wait for their statements.
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
            self.write(async |tx: &Transaction| -> Result<Vec<ExecResult>, DbErr> {
                // This runs with the turn in hand. A repetition takes those along that came meanwhile.
                let mut taken = taken.lock().await;
                taken.extend(self.writer.take());
                let mut executed = Vec::with_capacity(taken.len());
                for waiting in taken.iter() {
                    executed.push(tx.execute_raw(waiting.statement.clone()).await?);
                }
                Ok(executed)
            })
            .await
        };
        match all {
            Ok(executed) => {
                for (caller, executed) in waiting.into_iter().zip(executed) {
                    // The change is stored even if its caller no longer waits.
                    let _ = caller.answer.send(Ok(executed));
                }
            }
            Err(error) => {
                // Statements that came while the transaction failed to begin are answered, too.
                waiting.extend(self.writer.take());
                self.execute_alone(waiting, error).await;
            }
        }
    }

    /// Runs each statement alone after they failed together, so that one failure takes no other along.
    async fn execute_alone(&self, mut waiting: Vec<Waiting>, error: DbErr) {
        if waiting.len() == 1 {
            let _ = waiting.remove(0).answer.send(Err(error));
            return;
        }
        for Waiting { statement, answer } in waiting {
            let alone = self
                .write(async |tx: &Transaction| -> Executed { tx.execute_raw(statement.clone()).await })
                .await;
            let _ = answer.send(alone);
        }
    }

    pub async fn ping(&self) -> Result<(), DbErr> {
        self.connection.inner.ping().await
    }
}

/// Makes each statement that changes something a transaction of its own; it is for a conditional write that nothing else
/// is written with. It must not be used inside of `write`, which has the turn that this waits for. Queries go to the
/// pool.
#[async_trait::async_trait]
impl ConnectionTrait for Database {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.execute_in_turn(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.get_database_backend(), sql);
        self.execute_in_turn(statement).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.query_all_raw(statement).await
    }
}

impl Reads for Database {
    fn direct(&self) -> Option<&Direct> {
        self.connection.direct()
    }
}

/// Returns the path of a SQLite file, or `None` for another database.
pub(super) fn file_of(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    path.split('?').next()
}

fn open_failed(error: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
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
