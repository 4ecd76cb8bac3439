//! Examines the database: its clock, its migrations, its indexes. That it can be reached at all is asked elsewhere.

use migrations::MigratorTrait;

use super::finding::Finding;
use super::skew;
use crate::clock::Clock;
use crate::config::{Config, Migrate};
use crate::storage::schema::{self, Index};
use crate::storage::{Database, Look, migrations as applied};

/// The most indexes that are named one by one.
const MOST_NAMED: usize = 20;

pub(super) async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    match Database::look(config.database.url()).await {
        Ok(Look::There(db)) => look(&db, config, clock).await.unwrap_or_else(|error| {
            vec![Finding::hint(
                format!("the database was not examined: {error}"),
                "Give the role of [database] url the right to read the catalogue, and check again",
            )]
        }),
        // The first start makes it; or the reason why it cannot be opened has been said.
        Ok(Look::Absent) | Err(_) => Vec::new(),
    }
}

async fn look(db: &Database, config: &Config, clock: &Clock) -> Result<Vec<Finding>, sea_orm::DbErr> {
    let mut found = Vec::new();
    let before = clock.now();
    if let Some(theirs) = schema::now(db.read()).await? {
        found.extend(skew::judge("the database", theirs, (before, clock.now())));
    }
    if schema::is_standby(db.read()).await? {
        found.push(Finding::problem(
            "the database is a standby: it takes no writes, and nobody can log in",
            "Name the primary in [database] url, or promote this one",
        ));
    }
    let done = applied::list_applied(db.read()).await?;
    let files = migrations::Migrator::get_migration_files();
    let pending = files
        .iter()
        .filter(|it| !done.iter().any(|done| done == it.name()))
        .count();
    let unknown = done
        .iter()
        .filter(|it| !files.iter().any(|file| file.name() == *it))
        .count();
    if unknown > 0 {
        found.push(Finding::hint(
            format!(
                "a newer release has changed the database: this one does not know {unknown} of its migrations"
            ),
            "Go on with the newer release, unless it is being taken back",
        ));
    }
    if done.is_empty() {
        return Ok(found);
    }
    if pending > 0 {
        // Set to "manual", it is a problem already: serve does not start.
        if config.database.migrate == Migrate::Start {
            found.push(Finding::hint(
                format!("{pending} migrations are pending; the next start of serve applies them"),
                "Back the database up first; to choose the time, set [database] migrate = \"manual\" and run: itu-account migrate up",
            ));
        }
        return Ok(found);
    }
    if unknown == 0 {
        let there = schema::indexes(db.read()).await?;
        found.extend(compare(
            &there,
            &schema::expected_indexes().await?,
            db.is_postgres(),
        ));
    }
    Ok(found)
}

fn compare(there: &[Index], expected: &[Index], is_postgres: bool) -> Vec<Finding> {
    let beside = if is_postgres { "CONCURRENTLY " } else { "" };
    let judged = expected.iter().filter_map(|index| {
        let Index { name, statement, .. } = index;
        match there.iter().find(|it| it.name == *name) {
            None => {
                let begin = if statement.starts_with("CREATE UNIQUE") { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " };
                let rest = statement.strip_prefix(begin).unwrap_or(statement).trim_start();
                Some(Finding::problem(
                    format!("the index {name} is missing: what it is for reads a whole table"),
                    format!("Run in the database: {begin}{beside}{rest}"),
                ))
            }
            Some(index) if !index.is_valid => Some(Finding::problem(
                format!("the index {name} is not valid: its making was ended, and what it is for reads a whole table"),
                format!("Run in the database: REINDEX INDEX {beside}{name}"),
            )),
            Some(_) => None,
        }
    });
    let mut found: Vec<Finding> = judged.collect();
    if found.len() > MOST_NAMED {
        let more = found.len() - MOST_NAMED;
        found.truncate(MOST_NAMED);
        found.push(Finding::problem(
            format!("{more} indexes more are missing or not valid"),
            "Restore the database from a backup that has its indexes",
        ));
    }
    found
}
