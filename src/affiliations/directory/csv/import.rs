//! Imports organizations from a file (contract.md, "Files that go in and out"): records are upserted by id, an absent
//! column keeps and an empty cell clears. A bad row is reported with its line and reason, and nothing of the file is
//! applied. The reading of cells is in `rows`, what the rows change in `plan`.

use sea_orm::ConnectionTrait;

use super::plan::{Imported, Plan};
use super::rows::{LineError, Row, read};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::app::App;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::difference::{Difference, Unnamed};
use crate::domain::organization::MembershipType;
use crate::domain::secret::Digest;
use crate::storage::{membership_types, organizations};

/// Limits how often the file is judged, when others change its records meanwhile.
const ATTEMPTS: u32 = 5;

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{}", lines(.0))]
    Lines(Vec<LineError>),
    #[error(transparent)]
    Room(#[from] Error),
}

/// Describes the first twenty of them.
fn lines(errors: &[LineError]) -> String {
    let mut text: Vec<_> = errors.iter().take(20).map(ToString::to_string).collect();
    if errors.len() > 20 {
        text.push(format!("and {} more", errors.len() - 20));
    }
    text.join("\n")
}

impl From<sea_orm::DbErr> for ImportError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Room(error.into())
    }
}

impl crate::storage::IsBusy for ImportError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Room(error) if error.is_busy())
    }
}

/// The rows of a file, and what is wrong with the form of others.
#[derive(Debug)]
pub struct Table(Vec<Row>, Vec<LineError>);

impl Table {
    /// Reads the file; refuses one without a usable header.
    pub fn read(file: &[u8]) -> Result<Self, ImportError> {
        let (rows, malformed) = read(file).map_err(ImportError::Lines)?;
        Ok(Self(rows, malformed))
    }

    /// Judges the rows against the directory as it is, with the membership types that there are to be.
    pub async fn judge(
        &self,
        db: &impl ConnectionTrait,
        types: &[MembershipType],
        now: Time,
        unnamed: Unnamed,
    ) -> Result<Plan, ImportError> {
        let existing = organizations::list_every(db).await?;
        Plan::of((&self.0, self.1.clone()), existing, types, now, unnamed).map_err(ImportError::Lines)
    }
}

/// What an import would do.
#[derive(Debug)]
pub struct Preview {
    pub counts: Imported,
    pub differences: Vec<Difference>,
    /// Names what is described, for `import_as_seen`.
    pub seen: String,
}

/// The most existing records that one transaction of a page changes: while it lasts, others wait on SQLite.
pub const MOST_CHANGES: usize = 2_000;

/// Judges the whole file, by reading alone, and describes what `import` would do.
pub async fn preview(
    app: &App,
    context: &Context,
    file: &[u8],
    unnamed: Unnamed,
) -> Result<Preview, ImportError> {
    authority::require_administrator(app, context).await?;
    let db = app.db.read();
    let types = membership_types::list(db).await?;
    let plan = Table::read(file)?
        .judge(db, &types, app.clock.now(), unnamed)
        .await?;
    let differences = plan.differences(db, &types).await?;
    Ok(Preview {
        counts: plan.counts(),
        seen: name_of(&differences)?,
        differences,
    })
}

/// Returns a digest of what a plan does.
fn name_of(differences: &[Difference]) -> Result<String, Error> {
    let text =
        serde_json::to_vec(differences).map_err(|_| Error::Refused("the differences cannot be written"))?;
    Ok(Digest::of(&text).as_str().to_owned())
}

/// Imports the file in one transaction, if it still does what was seen: a conflict otherwise (security.md G-9).
pub async fn import_as_seen(
    app: &App,
    context: &Context,
    (file, unnamed): (&[u8], Unnamed),
    seen: &str,
) -> Result<Imported, ImportError> {
    authority::require_administrator(app, context).await?;
    let table = Table::read(file)?;
    app.write(context, async |tx| {
        let types = membership_types::list(tx).await?;
        let plan = table.judge(tx, &types, tx.now(), unnamed).await?;
        let counts = plan.counts();
        let is_seen = name_of(&plan.differences(tx, &types).await?)? == seen;
        if !is_seen || counts.changed + counts.ended > MOST_CHANGES {
            return Err(Error::Conflict.into());
        }
        plan.write_in(tx).await?;
        Ok(counts)
    })
    .await
}

/// Judges the whole file, by reading alone: one bad row refuses it. Then applies it in small transactions, each with its
/// audit record. If the process is ended in between, the rows before are applied, and the same file again applies the
/// others; rows without an id have one that the file gives them, so that they are not made twice.
pub async fn import(app: &App, context: &Context, file: &[u8]) -> Result<Imported, ImportError> {
    import_with(app, context, file, Unnamed::Kept).await
}

/// Imports the file, and says what becomes of the records that it does not name.
pub async fn import_with(
    app: &App,
    context: &Context,
    file: &[u8],
    unnamed: Unnamed,
) -> Result<Imported, ImportError> {
    authority::require_administrator(app, context).await?;
    let table = Table::read(file)?;
    let mut imported = Imported::default();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let types = membership_types::list(app.db.read()).await?;
        let plan = table
            .judge(app.db.read(), &types, app.clock.now(), unnamed)
            .await?;
        match plan.write(app, context, &mut imported).await {
            // Somebody changed one of the records meanwhile: the file is judged again, what is applied is unchanged.
            Err(Error::Conflict) if attempt < ATTEMPTS => {}
            outcome => {
                imported.unchanged = (plan.unchanged + plan.created.len() + plan.changed.len())
                    .saturating_sub(imported.created + imported.changed);
                return outcome.map(|()| imported).map_err(ImportError::Room);
            }
        }
    }
}
