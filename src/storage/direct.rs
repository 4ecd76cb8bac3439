//! Reads of SQLite on the calling thread, for what nearly every request asks. Such a read takes microseconds by a statement
//! that is prepared; to hand it to the thread of a pool and back takes several times as long. A statement that may take
//! longer goes to the pool, where nobody waits for it. PostgreSQL is asked over the network anyway.
//!
//! A connection only reads, and has no transaction: each read sees everything that was committed before it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{ErrorCode, OpenFlags};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};

use super::traced;
use crate::domain::Time;

/// The statements that a connection keeps prepared; there are fewer.
const PREPARED: usize = 32;

/// What a query goes through: the pool, which may know a shorter way, or a transaction.
pub trait Reads: ConnectionTrait {
    /// Returns the way past the pool, where there is one.
    fn direct(&self) -> Option<&Direct> {
        None
    }
}

/// A query whose text never changes, with values that are text. It is written once for each kind of database: to write it
/// takes longer than SQLite needs to answer it.
#[derive(Debug, Default)]
pub(super) struct Query {
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Query {
    pub const fn new() -> Self {
        Self {
            sqlite: OnceLock::new(),
            postgres: OnceLock::new(),
        }
    }

    /// Returns the rows that `select` finds. Its text must be the same for all values.
    pub async fn all<M: FromQueryResult + FromRow>(
        &self,
        db: &impl Reads,
        values: &[&str],
        select: impl Fn(&[&str]) -> SelectStatement,
    ) -> Result<Vec<M>, DbErr> {
        let backend = db.get_database_backend();
        let of_backend = match backend {
            DbBackend::Sqlite => &self.sqlite,
            _ => &self.postgres,
        };
        let text = of_backend.get_or_init(|| backend.build(&select(values)).sql);
        if let Some(direct) = db.direct()
            && let Some(found) = direct.all(text, values)?
        {
            return Ok(found);
        }
        let values = values.iter().map(|it| (*it).into());
        let statement = Statement::from_sql_and_values(backend, text, values);
        M::find_by_statement(statement).all(db).await
    }

    /// Returns the row that `select` finds by a unique key.
    pub async fn one<M: FromQueryResult + FromRow>(
        &self,
        db: &impl Reads,
        values: &[&str],
        select: impl Fn(&[&str]) -> SelectStatement,
    ) -> Result<Option<M>, DbErr> {
        Ok(self.all(db, values, select).await?.pop())
    }
}

/// A row whose columns are those of the type, in its order.
pub(super) trait FromRow: Sized {
    fn from_row(cells: &mut Cells<'_>) -> Result<Self, FromSqlError>;
}

/// The cells of a row, which are read one after another.
pub(super) struct Cells<'a> {
    row: &'a rusqlite::Row<'a>,
    next: usize,
}

impl Cells<'_> {
    pub fn read<T: Cell>(&mut self) -> Result<T, FromSqlError> {
        let cell = self
            .row
            .get_ref(self.next)
            .map_err(|_| FromSqlError::InvalidType)?;
        self.next += 1;
        T::of(cell)
    }
}

/// What a cell holds, as the pool stores it.
pub(super) trait Cell: Sized {
    fn of(value: ValueRef<'_>) -> Result<Self, FromSqlError>;
}

impl Cell for String {
    fn of(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        value.as_str().map(str::to_owned)
    }
}

impl Cell for bool {
    fn of(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        value.as_i64().map(|it| it != 0)
    }
}

impl Cell for i32 {
    fn of(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        let number = value.as_i64()?;
        Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl Cell for Time {
    fn of(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        let text = value.as_str()?;
        chrono::DateTime::parse_from_rfc3339(text)
            .map(Into::into)
            .map_err(FromSqlError::other)
    }
}

impl<T: Cell> Cell for Option<T> {
    fn of(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        match value {
            ValueRef::Null => Ok(None),
            some => T::of(some).map(Some),
        }
    }
}

/// The members that [`read_in_order`] reads.
#[cfg(test)]
pub(super) trait Members {
    const MEMBERS: &'static [&'static str];
}

/// Reads the named members of a type in this order, which is that of its columns.
macro_rules! read_in_order {
    ($type:ty { $($member:ident),+ $(,)? }) => {
        impl $crate::storage::direct::FromRow for $type {
            fn from_row(
                cells: &mut $crate::storage::direct::Cells<'_>,
            ) -> Result<Self, rusqlite::types::FromSqlError> {
                Ok(Self { $($member: cells.read()?),+ })
            }
        }

        #[cfg(test)]
        impl $crate::storage::direct::Members for $type {
            const MEMBERS: &'static [&'static str] = &[$(stringify!($member)),+];
        }
    };
}
pub(super) use read_in_order;

/// The connections to one file that are not in use. There are never more than threads that read.
#[derive(Clone)]
pub struct Direct(Arc<Idle>);

struct Idle {
    path: PathBuf,
    connections: Mutex<Vec<rusqlite::Connection>>,
    #[cfg(feature = "testing")]
    statements: super::statements::Statements,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Direct").field(&self.0.path).finish()
    }
}

impl Direct {
    pub(super) fn new(
        path: &Path,
        #[cfg(feature = "testing")] statements: super::statements::Statements,
    ) -> Self {
        Self(Arc::new(Idle {
            path: path.to_owned(),
            connections: Mutex::default(),
            #[cfg(feature = "testing")]
            statements,
        }))
    }

    /// Returns the rows. `None`: the file is shut to readers for a moment, which the pool waits for.
    fn all<M: FromRow>(&self, text: &str, values: &[&str]) -> Result<Option<Vec<M>>, DbErr> {
        #[cfg(feature = "testing")]
        self.0.statements.see(&Statement::from_sql_and_values(
            DbBackend::Sqlite,
            text,
            values.iter().map(|it| (*it).into()),
        ));
        let span = traced::direct(text);
        let found = self.connection().and_then(|connection| {
            let found = query(&connection, text, values);
            // Whatever failed, the statement is reset by now.
            self.idle().push(connection);
            found
        });
        match found {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if is_busy(&error) => Ok(None),
            Err(error) => {
                span.fail("_OTHER");
                Err(DbErr::Custom(format!("a read of SQLite: {error}")))
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<rusqlite::Connection>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> rusqlite::Result<rusqlite::Connection> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.0.path, flags)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.busy_timeout(std::time::Duration::ZERO)?;
        Ok(connection)
    }
}

fn query<M: FromRow>(
    connection: &rusqlite::Connection,
    text: &str,
    values: &[&str],
) -> rusqlite::Result<Vec<M>> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(M::from_row(&mut Cells { row, next: 0 })?);
    }
    Ok(found)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen)
    )
}

#[cfg(test)]
mod tests {
    use sea_orm::{EntityTrait, IdenStatic, Iterable};

    use super::*;
    use crate::storage::entities::{account, consent, refresh_token, session};

    fn assert_in_order<E: EntityTrait<Model: Members>>() {
        let columns: Vec<_> = E::Column::iter().map(|it| it.as_str()).collect();
        assert_eq!(<E::Model as Members>::MEMBERS, columns);
    }

    #[test]
    fn members_are_read_in_the_order_of_their_columns() {
        assert_in_order::<account::Entity>();
        assert_in_order::<consent::Entity>();
        assert_in_order::<refresh_token::Entity>();
        assert_in_order::<session::Entity>();
    }
}
