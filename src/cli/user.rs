//! `itu-account user`: the first administrator, taking accounts over, answering the telephone.

pub(super) mod errors;
mod help;
mod import;
mod import_report;
mod invite;
mod lookup;

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use errors::in_words;
use lookup::{held_as, named};

use super::console::{Console, Format};
use crate::accounts::administrators::{self, Found, NewAdministrator};
use crate::accounts::import::COLUMNS;
use crate::accounts::{deletion, password, recovery, roles, second_factor, suspension};
use crate::affiliations::accounts_export::{self, Hashes, Page};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::account::Status;
use crate::domain::actor::Context;
use crate::domain::role::Role;

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Help(help::Command),
    /// Make an administrator; for a new account the password comes on standard input
    CreateAdmin(CreateAdmin),
    /// Take accounts over from a CSV or JSON Lines file; `-` is standard input. All is verified before anything is
    /// written; should it be ended while it writes, the same file again goes on where it was
    Import(import::Arguments),
    /// Mail people who were taken over how they log in here: those who were not here yet, each once
    Invite(invite::Arguments),
    /// Forget the failed logins of an account, so that its password works again
    Unlock { email: String },
    /// Take an account's second factor away, when its owner has lost app and recovery codes
    RemoveSecondFactor { email: String },
    /// Mail a link by which the person sets a new password
    ResetPassword { email: String },
    /// Suspend an account: nobody can log in with it, services get nothing; the person is told why by mail
    Suspend {
        email: String,
        /// Why; the person reads it
        #[arg(long, required_unless_present = "lift", conflicts_with = "lift")]
        reason: Option<String>,
        /// Lift the suspension
        #[arg(long)]
        lift: bool,
    },
    /// Give an account a role: user, support, auditor or administrator; the person is told by mail
    Role { email: String, role: String },
    /// Delete an account in 14 days, as its person would; they are told by mail, and can stop it until then
    Delete {
        email: String,
        /// Stop a deletion that is under way
        #[arg(long)]
        cancel: bool,
    },
    /// Write all active accounts to standard output, as `import` reads them: CSV, or JSON Lines with --format json. Those
    /// that are suspended or to be deleted are left out, and named on standard error
    Export {
        /// Also the passwords' hashes, as they are stored: this service's master key is needed to verify them
        #[arg(long)]
        with_password_hashes: bool,
        /// Open the seal of hashes that came from another platform: whoever has the file can try passwords, of some
        /// kinds thousands of millions a second
        #[arg(long, requires = "with_password_hashes")]
        unsealed: bool,
    },
}

#[derive(Debug, Args)]
pub struct CreateAdmin {
    email: String,
    #[arg(long, default_value = "Service")]
    first_name: String,
    #[arg(long, default_value = "Administrator")]
    last_name: String,
}

pub async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::Help(command) => help::run(console, &app, &context, command).await,
        Command::CreateAdmin(named) => create_admin(console, &app, &context, &named).await,
        Command::Import(arguments) => import::run(console, &app, &context, arguments).await,
        Command::Invite(arguments) => invite::run(console, &app, &context, arguments).await,
        Command::Unlock { email } => {
            if !password::unlock(&app, &context, &email).await.map_err(in_words)? {
                bail!("there is no account with this address");
            }
            console.print(&json!({ "unlocked": true }), "unlocked");
            Ok(())
        }
        Command::RemoveSecondFactor { email } => {
            if !second_factor::remove_for(&app, &context, &email)
                .await
                .map_err(in_words)?
            {
                bail!("there is no account with this address, or it has no second factor");
            }
            console.print(
                &json!({ "removed": true }),
                "removed; the person was told by mail",
            );
            Ok(())
        }
        Command::ResetPassword { email } => {
            named(&app, &email).await?;
            recovery::request(&app, &context, recovery::Request::of(&email))
                .await
                .map_err(in_words)?;
            console.print(
                &json!({ "mailed": true }),
                "a link is on its way; it works for a short time, once",
            );
            Ok(())
        }
        Command::Suspend { email, reason, lift } => {
            let id = &named(&app, &email).await?.id;
            if lift {
                suspension::lift(&app, &context, id).await.map_err(in_words)?;
                console.print(&json!({ "suspended": false }), "the suspension is lifted");
            } else {
                suspension::suspend(&app, &context, id, &reason.unwrap_or_default())
                    .await
                    .map_err(in_words)?;
                console.print(
                    &json!({ "suspended": true }),
                    "suspended; the person was told by mail",
                );
            }
            Ok(())
        }
        Command::Role { email, role } => {
            let Some(role) = Role::parse(&role) else {
                bail!("the roles are user, support, auditor and administrator");
            };
            let account = named(&app, &email).await?;
            roles::give(&app, &context, &account.id, role)
                .await
                .map_err(in_words)?;
            console.print(
                &json!({ "role": role.as_str() }),
                "the role is changed; the person was told by mail",
            );
            Ok(())
        }
        Command::Delete { email, cancel } => delete(console, &app, &context, &email, cancel).await,
        Command::Export {
            with_password_hashes,
            unsealed,
        } => {
            let hashes = match (with_password_hashes, unsealed) {
                (false, _) => Hashes::None,
                (true, false) => Hashes::Stored,
                (true, true) => Hashes::Unsealed,
            };
            accounts_export::begin(&app, &context, hashes)
                .await
                .map_err(in_words)?;
            export(console, &app, hashes).await
        }
    }
}

async fn create_admin(
    console: &Console,
    app: &App,
    context: &Context,
    named: &CreateAdmin,
) -> anyhow::Result<()> {
    let made = match administrators::find(app, &named.email).await.map_err(in_words)? {
        Found::Account(account) => administrators::promote(app, context, &account).await,
        Found::HeldAs(held) => return Err(held_as(&held)),
        Found::Nobody => {
            let mut typed = String::new();
            std::io::stdin()
                .read_line(&mut typed)
                .context("the password on standard input")?;
            let new = NewAdministrator {
                email: &named.email,
                first_name: &named.first_name,
                last_name: &named.last_name,
                password: typed.trim_end_matches(['\r', '\n']),
            };
            administrators::create(app, context, new).await
        }
    };
    let (word, text) = match made.map_err(in_words)? {
        administrators::Made::New => ("created", "created; the Terms of Use come at the first login"),
        administrators::Made::Promoted => ("promoted", "the account was there and is an administrator's now"),
        administrators::Made::NotActive { delete_at: None } => bail!("the account is suspended"),
        administrators::Made::NotActive {
            delete_at: Some(time),
        } => bail!(
            "the account will be deleted on {time}; its person keeps it by a login, or you by `user delete --cancel`"
        ),
    };
    console.print(&json!({ "administrator": word }), text);
    Ok(())
}

async fn delete(
    console: &Console,
    app: &App,
    context: &Context,
    email: &str,
    cancel: bool,
) -> anyhow::Result<()> {
    if cancel {
        if !deletion::stop_for(app, context, email).await.map_err(in_words)? {
            bail!("there is no account with this address, or it is not to be deleted");
        }
        console.print(
            &json!({ "kept": true }),
            "the account is kept; the person was told by mail",
        );
        return Ok(());
    }
    let until = deletion::begin_for(app, context, email).await.map_err(in_words)?;
    let Some(until) = until else {
        bail!("there is no account with this address");
    };
    let text = format!("the account will be deleted on {until}; the person was told by mail");
    console.print(&json!({ "delete_at": until }), &text);
    Ok(())
}

async fn export(console: &Console, app: &App, hashes: Hashes) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut after = String::new();
    if console.format == Format::Text {
        writeln!(out, "{}", COLUMNS.join(","))?;
    }
    loop {
        let page = accounts_export::page(app, &after, hashes)
            .await
            .map_err(in_words)?;
        let Page { rows, last, left_out } = page;
        for account in left_out {
            let why = match account.status {
                Status::Suspended => "is suspended",
                _ => "is to be deleted",
            };
            eprintln!("left out: {} {why}", account.email.as_str());
        }
        match console.format {
            Format::Text => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(&mut out);
                for row in rows {
                    csv.serialize(row)?;
                }
                csv.flush()?;
            }
            Format::Json => {
                for row in rows {
                    writeln!(out, "{}", serde_json::to_string(&row)?)?;
                }
            }
        }
        match last {
            Some(last) => after = last,
            None => return Ok(out.flush()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Error;
    use crate::accounts::import::{AccountsFile, Format as FileFormat};
    use crate::affiliations::accounts_import::{self, Mode, Run};
    use crate::domain::account::EmailAddress;
    use crate::storage::accounts;

    async fn open(folder: &std::path::Path) -> (Console, App) {
        let file = folder.join("itu-account.toml");
        let at = |name: &str| folder.join(name).display().to_string();
        let text = format!(
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"sqlite://{}\"\n[keys]\ndirectory = \"{}\"\n\
             [mail]\ndirectory = \"{}\"\n",
            at("it.db"),
            at("keys"),
            at("outbox")
        );
        std::fs::write(&file, text).expect("written");
        let console = Console {
            file: Some(file),
            format: Format::Text,
        };
        let app = App::open(console.config().expect("a configuration"), Clock::System);
        let app = app.await.expect("the app opens");
        (console, app)
    }

    async fn role(app: &App, email: &str) -> Option<Role> {
        let key = EmailAddress::parse(email).expect("an address").key();
        let found = accounts::find_by_email(app.db.read(), &key).await;
        found.expect("a row").map(|it| it.role)
    }

    /// Imports people, one a line, and returns how many there were.
    async fn imports(app: &App, people: &str) -> u64 {
        let csv = format!("email,first_name,last_name\n{people}");
        let file = AccountsFile::of_bytes(FileFormat::Csv, csv.as_bytes());
        let (operator, run) = (Context::operator(), Run::new(Mode::All));
        let report = accounts_import::import(app, &operator, &file, &run, &mut |_| Ok(())).await;
        report.expect("imported").imported
    }

    #[tokio::test]
    async fn an_address_with_another_tag_names_no_account() {
        // SU-2
        let folder = tempfile::tempdir().expect("a folder");
        let (console, app) = open(folder.path()).await;
        let operator = Context::operator();
        let people = "a@example.org,Ann,Doe\nb+x@example.org,Bob,Doe\n";
        assert_eq!(imports(&app, people).await, 2);

        let make = async |email: &str| {
            let named = CreateAdmin {
                email: email.to_owned(),
                first_name: "A".to_owned(),
                last_name: "B".to_owned(),
            };
            create_admin(&console, &app, &operator, &named).await
        };
        for (typed, held) in [
            ("a+x@example.org", "a@example.org"),
            ("B@example.org", "b+x@example.org"),
        ] {
            let refused = make(typed).await.expect_err(typed).to_string();
            assert!(refused.contains(held), "{refused}");
            assert_eq!(
                (role(&app, typed).await, role(&app, held).await),
                (None, Some(Role::User))
            );
            let command = Command::ResetPassword {
                email: typed.to_owned(),
            };
            assert!(run(&console, command).await.is_err(), "{typed}");
        }
        make("A@Example.org").await.expect("the account as it is written");
        assert_eq!(role(&app, "a@example.org").await, Some(Role::Administrator));
    }

    #[tokio::test]
    async fn whoever_leaves_becomes_no_administrator() {
        // AD-1: nobody counts on an administrator whose account is about to go.
        let folder = tempfile::tempdir().expect("a folder");
        let (console, app) = open(folder.path()).await;
        let operator = Context::operator();
        assert_eq!(imports(&app, "a@example.org,Ann,Doe\n").await, 1);
        let until = deletion::begin_for(&app, &operator, "a@example.org").await;
        let until = until.expect("begun").expect("an account").to_string();
        let named = CreateAdmin {
            email: "a@example.org".to_owned(),
            first_name: "A".to_owned(),
            last_name: "B".to_owned(),
        };
        let refused = create_admin(&console, &app, &operator, &named).await;
        let refused = refused.expect_err("refused").to_string();
        assert!(refused.contains(&until), "{refused}");
        assert_eq!(role(&app, "a@example.org").await, Some(Role::User));
        deletion::stop_for(&app, &operator, "a@example.org")
            .await
            .expect("stopped");
        create_admin(&console, &app, &operator, &named)
            .await
            .expect("promoted");
        assert_eq!(role(&app, "a@example.org").await, Some(Role::Administrator));
    }

    #[tokio::test]
    async fn an_office_that_changed_meanwhile_is_not_given_again() {
        // G-9
        let folder = tempfile::tempdir().expect("a folder");
        let (_, app) = open(folder.path()).await;
        let operator = Context::operator();
        assert_eq!(imports(&app, "a@example.org,Ann,Doe\n").await, 1);
        let Ok(Found::Account(seen)) = administrators::find(&app, "a@example.org").await else {
            panic!("imported");
        };
        let first = administrators::promote(&app, &operator, &seen).await;
        assert!(matches!(first, Ok(administrators::Made::Promoted)));
        let second = administrators::promote(&app, &operator, &seen).await;
        assert!(matches!(second, Err(Error::Conflict)));
    }
}
