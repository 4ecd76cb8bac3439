//! Imports accounts with their affiliations (contract.md, "Accounts, CSV or JSON Lines"). The file speaks for the former
//! platform: its decisions were made there. `itu-account user` and the demo call this. Reading the file and writing
//! accounts is in `accounts::import`, the way back in `accounts_export`.

mod placements;

use std::io;
use std::time::Instant;

use serde_json::json;

use placements::{Directory, Placed};

use crate::accounts::import::{self, AccountsFile, Record, Records, State};
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::random;
use crate::storage::batches::pause;
use crate::storage::{affiliations, ties};

/// The most records that one transaction writes: a dozen milliseconds of the one writer that SQLite has. With fifty, one in a
/// hundred refreshes beside an import waited for 37 ms.
const BATCH: usize = 20;
/// The records that are looked at together, by reading alone.
const READ: usize = 500;

/// Says what becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One record that is refused refuses the whole file.
    All,
    /// The valid records are taken, the others are reported.
    ValidOnly,
    /// Nothing is written.
    DryRun,
}

/// One way through a file.
#[derive(Clone, Debug)]
pub struct Run {
    pub mode: Mode,
    /// Names the import in the audit trail and beside the addresses that it brought.
    pub id: String,
    /// The last line of which was reported what became of it, before the import was ended.
    pub after: u64,
}

impl Run {
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            id: random::id(),
            after: 0,
        }
    }
}

/// What became of a line, or would become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineOutcome {
    pub line: u64,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account was made.
    Imported,
    /// The address has an account, which stays as it is, or a file brought it before.
    Exists,
    /// For this reason.
    Refused(String),
}

/// Counts the lines by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub imported: u64,
    pub exists: u64,
    pub refused: u64,
}

impl Report {
    pub const fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Imported => &mut self.imported,
            Outcome::Exists => &mut self.exists,
            Outcome::Refused(_) => &mut self.refused,
        };
        *counter += 1;
    }
}

/// Takes what became of some lines, once that is committed; all lines come in their order.
pub type Reporter<'a> = dyn FnMut(&[LineOutcome]) -> io::Result<()> + Send + 'a;

fn report_to(reporter: &mut Reporter<'_>, outcomes: &[LineOutcome]) -> Result<()> {
    reporter(outcomes).map_err(|why| Error::Failed(format!("the report cannot be written: {why}")))
}

/// Validates the whole file, by reading alone, unless its valid records are taken anyhow: what is refused is reported.
/// Then applies it in small transactions: each whole, with its audit record. If the process is ended in between, the
/// records before are there with all that belongs to them; the same file again finds that they exist and goes on, and a
/// run of the same id finds what it made. However long the file is, a few hundred records of it are in memory.
pub async fn import(
    app: &App,
    context: &Context,
    file: &AccountsFile,
    run: &Run,
    reporter: &mut Reporter<'_>,
) -> Result<Report> {
    if run.mode != Mode::ValidOnly {
        let validated = validate(app, file, run, reporter).await?;
        if run.mode == Mode::DryRun {
            return Ok(validated);
        }
        if validated.refused > 0 {
            return Ok(Report {
                imported: 0,
                ..validated
            });
        }
    }
    let mut report = Report::default();
    let mut records = file.records(app)?;
    while let Some(lines) = read(app, run, &mut records).await? {
        for batch in batches(&lines) {
            let begun = Instant::now();
            let is_written = batch.iter().any(Line::is_written);
            let outcomes = if is_written {
                app.write(context, async |tx| apply(tx, &run.id, batch).await)
                    .await?
            } else {
                batch.iter().map(|it| it.outcome(None)).collect()
            };
            outcomes.iter().for_each(|it| report.count(&it.outcome));
            report_to(reporter, &outcomes)?;
            if is_written {
                pause(begun).await;
            }
        }
    }
    Ok(report)
}

/// Reports what would come of the file, without writing; of a file that is taken whole or not at all, what is refused.
async fn validate(app: &App, file: &AccountsFile, run: &Run, reporter: &mut Reporter<'_>) -> Result<Report> {
    let db = app.db.read();
    let now = app.clock.now();
    let mut directory = Directory::load(db).await?;
    let mut report = Report::default();
    let mut records = file.records(app)?;
    while let Some(lines) = read(app, run, &mut records).await? {
        let new = || lines.iter().filter_map(Line::new_record);
        directory.extend(db, new()).await?;
        let refused = |it: &Line| directory.place(now, it.new_record()?).err();
        let mut outcomes: Vec<_> = lines.iter().map(|it| it.outcome(refused(it))).collect();
        outcomes.iter().for_each(|it| report.count(&it.outcome));
        if run.mode == Mode::All {
            outcomes.retain(|it| matches!(it.outcome, Outcome::Refused(_)));
        }
        report_to(reporter, &outcomes)?;
    }
    Ok(report)
}

/// A line as it is found.
struct Line {
    line: u64,
    found: Found,
}

enum Found {
    Refused(String),
    Record(Box<Record>, State),
}

impl Line {
    fn new_record(&self) -> Option<&Record> {
        self.record_that_is(State::New)
    }

    fn record_that_is(&self, wanted: State) -> Option<&Record> {
        match &self.found {
            Found::Record(record, state) if *state == wanted => Some(record),
            _ => None,
        }
    }

    /// Returns `true` if something has to be written about the line.
    fn is_written(&self) -> bool {
        matches!(self.found, Found::Record(_, State::New | State::HasAccount))
    }

    /// Returns what becomes of the line, unless it is refused for what only the directory says.
    fn outcome(&self, refused: Option<String>) -> LineOutcome {
        let outcome = match (&self.found, refused) {
            (Found::Refused(reason), _) => Outcome::Refused(reason.clone()),
            (_, Some(reason)) => Outcome::Refused(reason),
            (Found::Record(_, State::New | State::Imported), _) => Outcome::Imported,
            (Found::Record(_, State::HasAccount | State::Exists), _) => Outcome::Exists,
        };
        LineOutcome {
            line: self.line,
            outcome,
        }
    }
}

/// Reads the next lines that were not reported before, and finds what there is of their records. `None` at the end.
async fn read(app: &App, run: &Run, records: &mut Records<'_>) -> Result<Option<Vec<Line>>> {
    let mut lines = Vec::new();
    for next in records.by_ref() {
        let line = match next {
            // The state is looked for below.
            Ok(record) => Line {
                line: record.line,
                found: Found::Record(Box::new(record), State::Exists),
            },
            Err(problem) => Line {
                line: problem.line,
                found: Found::Refused(problem.reason),
            },
        };
        if line.line > run.after {
            lines.push(line);
        }
        if lines.len() == READ {
            break;
        }
    }
    let valid: Vec<&Record> = lines
        .iter()
        .filter_map(|it| it.record_that_is(State::Exists))
        .collect();
    let states = import::find_states(app, app.db.read(), &run.id, &valid).await?;
    let mut states = states.into_iter();
    for line in &mut lines {
        if let Found::Record(_, state) = &mut line.found
            && let Some(its) = states.next()
        {
            *state = its;
        }
    }
    Ok((!lines.is_empty()).then_some(lines))
}

/// Parts the lines, in their order, so that no part has more to write than one transaction should.
fn batches(lines: &[Line]) -> impl Iterator<Item = &[Line]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let mut written = 0;
        let fits = |it: &&Line| {
            written += usize::from(it.is_written());
            written <= BATCH
        };
        let (batch, others) = rest.split_at(rest.iter().take_while(fits).count());
        rest = others;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Applies a batch. A person who signed up since the lines were read keeps their account; an affiliation that the
/// organization cannot take is refused.
async fn apply(tx: &Tx, import: &str, batch: &[Line]) -> Result<Vec<LineOutcome>> {
    let mut directory = Directory::load(tx).await?;
    directory
        .hold(tx, batch.iter().filter_map(Line::new_record))
        .await?;
    let mut placed: Vec<(&Record, Placed)> = Vec::new();
    let mut outcomes = Vec::new();
    for line in batch {
        let place = line.new_record().map(|it| (it, directory.place(tx.now(), it)));
        let mut refused = None;
        match place {
            Some((record, Ok(place))) => placed.push((record, place)),
            Some((_, Err(reason))) => refused = Some(reason),
            None => {}
        }
        outcomes.push((line, refused));
    }
    let new: Vec<&Record> = placed.iter().map(|(record, _)| *record).collect();
    let with_account: Vec<&Record> = batch
        .iter()
        .filter_map(|it| it.record_that_is(State::HasAccount))
        .collect();
    let made = import::register(tx, import, &new, &with_account).await?;
    placed.retain(|(record, _)| made.contains(&record.account.id));
    record(tx, import, &placed, with_account.len()).await?;
    let outcomes = outcomes.into_iter().map(|(line, refused)| {
        let mut outcome = line.outcome(refused);
        let new = line.new_record();
        if outcome.outcome == Outcome::Imported && new.is_some_and(|it| !made.contains(&it.account.id)) {
            outcome.outcome = Outcome::Exists;
        }
        outcome
    });
    Ok(outcomes.collect())
}

/// Writes affiliations and rights of the accounts that were made, and what the batch has done.
async fn record(tx: &Tx, import: &str, placed: &[(&Record, Placed)], with_account: usize) -> Result<()> {
    let places = || placed.iter().filter_map(|(_, place)| place.as_ref());
    let people: Vec<_> = places().map(|(affiliation, _)| affiliation.clone()).collect();
    let rights: Vec<_> = places().flat_map(|(_, rights)| rights.clone()).collect();
    affiliations::insert_taken_over(tx, &people, tx.now()).await?;
    ties::insert_many(tx, &rights).await?;
    // One entry for the batch, under one name for the file: it is one act, and names nobody.
    let verified = placed.iter().filter(|(it, _)| it.account.email_verified).count();
    let counted = json!({
        "accounts": placed.len(),
        "addresses_verified": verified,
        "addresses_with_account": with_account,
        "affiliations": people.len(),
        "rights": rights.len(),
    });
    let event = Event::new(Action::AccountImported, format!("import:{import}"));
    Ok(tx.record(event.change(json!(null), counted)).await?)
}
