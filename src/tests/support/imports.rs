//! Imports of accounts as `user import` does, with what became of each line.

use itu_account::accounts::import::{AccountsFile, Format, Problem};
use itu_account::affiliations::accounts_import::{self, LineOutcome, Mode, Outcome, Run};
use itu_account::domain::actor::Context;

use super::TestOp;

/// What an import came to.
#[derive(Debug, Default)]
pub struct Imported {
    pub imported: u64,
    /// The lines of accounts that exist.
    pub exists: Vec<u64>,
    /// The lines that were refused.
    pub problems: Vec<Problem>,
}

impl TestOp {
    pub async fn import_csv(&self, text: &str, mode: Mode) -> Imported {
        let file = AccountsFile::of_bytes(Format::Csv, text.as_bytes());
        self.import(&file, mode).await
    }

    pub async fn import(&self, file: &AccountsFile, mode: Mode) -> Imported {
        self.run_import(file, &Run::new(mode)).await
    }

    pub async fn run_import(&self, file: &AccountsFile, run: &Run) -> Imported {
        let mut all: Vec<LineOutcome> = Vec::new();
        let operator = Context::operator();
        let mut reporter = |outcomes: &[LineOutcome]| {
            all.extend_from_slice(outcomes);
            Ok(())
        };
        let report = accounts_import::import(&self.app, &operator, file, run, &mut reporter).await;
        let report = report.expect("an import");
        assert!(all.windows(2).all(|it| it[0].line < it[1].line), "{all:?}");
        let mut imported = Imported {
            imported: report.imported,
            ..Imported::default()
        };
        for LineOutcome { line, outcome } in all {
            match outcome {
                Outcome::Imported => {}
                Outcome::Exists => imported.exists.push(line),
                Outcome::Refused(reason) => imported.problems.push(Problem { line, reason }),
            }
        }
        assert_eq!(report.refused, imported.problems.len() as u64);
        imported
    }
}
