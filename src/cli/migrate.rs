//! `migrate up|down|status`: moves the database through its history. `serve` runs `up` itself unless it is set not to.

use clap::Subcommand as ClapSubcommand;
use migrations::{Migrator, MigratorTrait};
use serde_json::json;

use super::console::Console;
use crate::storage::Database;

#[derive(Clone, Copy, Debug, ClapSubcommand)]
pub(super) enum Command {
    /// Apply what is missing
    Up,
    /// Take the newest one back
    Down,
    /// List what is applied and what is missing
    Status,
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let config = console.config()?;
    let db = Database::open(config.database.url()).await?;
    match command {
        Command::Up => Migrator::up(db.for_migrations(), None).await?,
        Command::Down => Migrator::down(db.for_migrations(), Some(1)).await?,
        Command::Status => {}
    }
    let missing = Migrator::get_pending_migrations(db.for_migrations()).await?;
    let missing: Vec<&str> = missing.iter().map(|it| it.name()).collect();
    for migration in Migrator::get_migration_files() {
        let name = migration.name();
        let applied = !missing.contains(&name);
        let word = if applied { "applied" } else { "missing" };
        console.print(
            &json!({ "migration": name, "applied": applied }),
            format!("{word}  {name}"),
        );
    }
    Ok(())
}
