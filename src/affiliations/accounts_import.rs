//! Imports accounts with their affiliations (contract.md, "Accounts, CSV or JSON Lines"), and returns the rows of the
//! export. The file speaks for the former platform: its decisions were made there. `itu-account user` and the demo call
//! this. Reading the file and writing accounts is in `accounts::import`.

mod placements;

use std::time::Instant;

use serde_json::json;

use placements::{Directory, Judged};

use crate::accounts::import::{self, AccountsFile, Problem, Record, Records, Row};
use crate::accounts::{Result, foreign_hash};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::event::{Action, Event};
use crate::random;
use crate::storage::batches::pause;
use crate::storage::{affiliations, ties};

/// The most records of one transaction.
const BATCH: usize = 50;
/// The records that are looked at together, by reading alone.
const READ: usize = 500;

/// Says what becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One bad record refuses the whole file.
    All,
    /// The good records are taken, the others are reported.
    Good,
    /// Nothing is written.
    DryRun,
}

/// The outcome of an import.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// The accounts that were made, or would be.
    pub imported: usize,
    /// The lines of these accounts.
    #[serde(skip)]
    pub lines: Vec<u64>,
    /// The lines whose address has an account already, which stays as it is.
    pub known: Vec<u64>,
    /// The lines that were refused.
    pub problems: Vec<Problem>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.imported += other.imported;
        self.lines.extend(other.lines);
        self.known.extend(other.known);
        self.problems.extend(other.problems);
    }

    fn sorted(mut self) -> Self {
        self.lines.sort_unstable();
        self.known.sort_unstable();
        self.problems.sort_by_key(|it| it.line);
        self
    }
}

/// Judges the whole file, by reading alone, unless its good records are taken anyhow. Then applies it in small
/// transactions: each whole, with its audit record. If the process is ended in between, the records before are there
/// with all that belongs to them; the same file again finds that they exist and goes on. However long the file is, a few
/// hundred records of it are in memory.
pub async fn import(app: &App, context: &Context, file: &AccountsFile, mode: Mode) -> Result<Report> {
    if mode != Mode::Good {
        let judged = judge(app, file).await?;
        if mode == Mode::DryRun {
            return Ok(judged.sorted());
        }
        if !judged.problems.is_empty() || judged.imported == 0 {
            let nothing = Report {
                imported: 0,
                lines: Vec::new(),
                ..judged
            };
            return Ok(nothing.sorted());
        }
    }
    let id = random::id();
    let mut report = Report::default();
    let mut records = file.records(app)?;
    while let Some(good) = next_good(app, &mut records, &mut report).await? {
        for batch in good.chunks(BATCH) {
            let begun = Instant::now();
            report.add(app.write(context, async |tx| apply(tx, &id, batch).await).await?);
            pause(begun).await;
        }
    }
    Ok(report.sorted())
}

/// Returns what would come of the file, without writing.
async fn judge(app: &App, file: &AccountsFile) -> Result<Report> {
    let db = app.db.read();
    let now = app.clock.now();
    let mut directory = Directory::load(db).await?;
    let mut report = Report::default();
    let mut records = file.records(app)?;
    while let Some(new) = next_good(app, &mut records, &mut report).await? {
        directory.extend(db, &new).await?;
        let (good, refused) = directory.judge(now, new);
        report.imported += good.len();
        report.lines.extend(good.iter().map(|(record, _)| record.line));
        report.problems.extend(refused);
    }
    Ok(report)
}

/// Reads the next lines, and returns their good records whose address has no account yet; the others are reported.
async fn next_good(app: &App, records: &mut Records<'_>, report: &mut Report) -> Result<Option<Vec<Record>>> {
    let lines: Vec<_> = records.by_ref().take(READ).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let mut good = Vec::new();
    for line in lines {
        match line {
            Ok(record) => good.push(record),
            Err(problem) => report.problems.push(problem),
        }
    }
    let (new, existing) = import::split_existing(app.db.read(), good).await?;
    report.known.extend(existing);
    Ok(Some(new))
}

/// Applies a batch. A person who signed up since the file was read keeps their account; an affiliation that the
/// organization cannot take is refused.
async fn apply(tx: &Tx, id: &str, batch: &[Record]) -> Result<Report> {
    let (records, existing) = import::split_existing(tx, batch.to_vec()).await?;
    let mut directory = Directory::load(tx).await?;
    directory.extend(tx, &records).await?;
    let (good, problems) = directory.judge(tx.now(), records);
    let lines: Vec<u64> = good.iter().map(|(record, _)| record.line).collect();
    if !good.is_empty() {
        insert(tx, id, good).await?;
    }
    Ok(Report {
        imported: lines.len(),
        lines,
        known: existing,
        problems,
    })
}

async fn insert(tx: &Tx, id: &str, good: Vec<Judged>) -> Result<()> {
    let (people, affiliations): (Vec<_>, Vec<_>) = good.into_iter().unzip();
    let (affiliations, rights): (Vec<_>, Vec<_>) = affiliations.into_iter().flatten().unzip();
    let rights = rights.concat();
    import::insert(tx, &people).await?;
    affiliations::insert_many(tx, &affiliations).await?;
    ties::insert_many(tx, &rights).await?;
    // One entry for the batch, under one name for the file: it is one act, and names nobody.
    let verified = people.iter().filter(|it| it.account.email_verified).count();
    let counted = json!({
        "accounts": people.len(),
        "addresses_verified": verified,
        "affiliations": affiliations.len(),
        "rights": rights.len(),
    });
    let event = Event::new(Action::AccountImported, format!("import:{id}"));
    Ok(tx.record(event.change(json!(null), counted)).await?)
}

/// Records that somebody reads all accounts (security.md LG-1).
pub async fn begin_export(app: &App, context: &Context, with_hashes: bool) -> Result<()> {
    app.write(context, async |tx| {
        let event = Event::new(Action::AccountsExported, "accounts:all");
        let event = if with_hashes {
            event.because("with password hashes")
        } else {
            event
        };
        Ok(tx.record(event).await?)
    })
    .await
}

/// Returns a page of the export: accounts in the order of their ids, after `after`. The hash stays here unless
/// it is asked for: it is what an attacker would want of the file.
pub async fn export(app: &App, after: &str, with_hashes: bool) -> Result<(Vec<Row>, Option<String>)> {
    let db = app.db.read();
    let page = crate::storage::accounts::list_after(db, after, 500).await?;
    let last = page.last().map(|it| it.id.to_string());
    let mut rows = Vec::new();
    for account in page {
        let mut row = import::row(&account);
        let affiliation = match affiliations::find_in_force(db, &account.id).await? {
            Some(affiliation) => Some(affiliation),
            // A withdrawn affiliation counts as none (product.md).
            None => affiliations::list_of_account(db, &account.id)
                .await?
                .into_iter()
                .find(|it| it.status() != AffiliationStatus::Withdrawn),
        };
        if let Some(affiliation) = affiliation {
            row.organization_id = affiliation.organization.to_string();
            row.affiliation_status = affiliation.status().as_str().to_owned();
            row.ties_rights = ties::list_granted(db, &affiliation.id).await?.join(";");
        }
        if with_hashes {
            let stored = crate::storage::accounts::find_password_hash(db, &account.id).await?;
            let hash = stored.map(|it| foreign_hash::open(app, &it)).transpose()?;
            row.password_hash = hash.unwrap_or_default();
        }
        rows.push(row);
    }
    Ok((rows, last))
}
