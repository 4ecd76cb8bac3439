//! Spans of statements and transactions, by the conventions for databases. A statement is named by what it does and to which
//! table; neither its text nor its values are told (security.md TL-4).

use sea_orm::{DbBackend, DbErr, ExecResult, Statement};

use super::busy::IsBusy;
use crate::telemetry::span::Span;

/// Begins the span of a statement that goes to the pool or waits for a transaction of its own.
pub(super) fn statement(of: &Statement) -> Span {
    if Span::would_be_recorded() {
        named(of.db_backend, &of.sql, Span::calling)
    } else {
        Span::default()
    }
}

/// Begins the span of a read of SQLite on the calling thread.
pub(super) fn direct(sql: &str) -> Span {
    if Span::would_be_recorded() {
        named(DbBackend::Sqlite, sql, Span::calling)
    } else {
        Span::default()
    }
}

/// Begins the span of a statement inside of a transaction.
pub(super) fn statement_in(transaction: &Span, of: &Statement) -> Span {
    if transaction.is_recorded() {
        named(of.db_backend, &of.sql, |name| transaction.begin_calling(name))
    } else {
        Span::default()
    }
}

/// Begins the span of a transaction.
pub(super) fn transaction(is_postgres: bool) -> Span {
    let span = Span::calling("transaction");
    span.set(
        "db.system.name",
        if is_postgres { "postgresql" } else { "sqlite" },
    );
    span
}

/// Begins the span of the beginning of a transaction, with the wait for its turn and for a connection, or of its end.
pub(super) fn step(transaction: &Span, operation: &'static str) -> Span {
    let span = transaction.begin_calling(operation);
    span.set("db.operation.name", operation);
    span
}

/// Says what became of a statement that changes something.
pub(super) fn executed(span: &Span, outcome: &Result<ExecResult, DbErr>) {
    match outcome {
        Ok(done) if done.rows_affected() > 0 => span.note_effect(),
        Ok(_) => {}
        Err(error) => failed(span, error),
    }
}

/// Says what became of a query in a transaction, which may have changed what it returns.
pub(super) fn returned<T>(span: &Span, writes: bool, outcome: &Result<T, DbErr>, has_rows: fn(&T) -> bool) {
    match outcome {
        Ok(rows) if writes && has_rows(rows) => span.note_effect(),
        Ok(_) => {}
        Err(error) => failed(span, error),
    }
}

/// Says why a statement failed, by its kind alone.
pub(super) fn failed(span: &Span, error: &DbErr) {
    span.fail(if error.is_busy() { "busy" } else { "_OTHER" });
}

fn named(system: DbBackend, sql: &str, begin: impl FnOnce(String) -> Span) -> Span {
    let (operation, table) = summary(sql);
    let span = begin(match table {
        Some(table) => format!("{operation} {table}"),
        None => operation.to_owned(),
    });
    let system = match system {
        DbBackend::Postgres => "postgresql",
        _ => "sqlite",
    };
    span.set("db.system.name", system);
    span.set("db.operation.name", operation);
    if let Some(table) = table {
        span.set("db.collection.name", table.to_owned());
    }
    span
}

/// Returns what a statement does and the first table that it names.
fn summary(sql: &str) -> (&'static str, Option<&str>) {
    const OPERATIONS: [(&str, &str); 4] = [
        ("SELECT", "FROM "),
        ("INSERT", "INTO "),
        ("UPDATE", "UPDATE "),
        ("DELETE", "FROM "),
    ];
    let sql = sql.trim_start_matches(['(', ' ']);
    let Some((operation, before)) = OPERATIONS.into_iter().find(|(it, _)| sql.starts_with(it)) else {
        return ("OTHER", None);
    };
    let table = sql
        .split_once(before)
        .map(|(_, rest)| rest.trim_start_matches('"'));
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let table = table.and_then(|it| it.split(|c| !is_of_name(c)).next());
    (operation, table.filter(|it| !it.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn a_statement_is_named_by_what_it_does_to_which_table() {
        for (sql, expected) in [
            (
                r#"SELECT "a"."b" FROM "sessions" WHERE x = 'FROM y'"#,
                ("SELECT", Some("sessions")),
            ),
            ("(SELECT 1 FROM accounts)", ("SELECT", Some("accounts"))),
            (
                r#"INSERT INTO "events" ("id") VALUES (?)"#,
                ("INSERT", Some("events")),
            ),
            (r#"UPDATE "clients" SET "a" = ?"#, ("UPDATE", Some("clients"))),
            (
                "DELETE FROM outbox_mails WHERE id = 'secret'",
                ("DELETE", Some("outbox_mails")),
            ),
            ("SELECT COUNT(*) FROM (SELECT 1)", ("SELECT", None)),
            ("PRAGMA secret", ("OTHER", None)),
        ] {
            assert_eq!(summary(sql), expected, "{sql}");
        }
    }
}
