//! Verifies the chain (security.md LG-5): finds each entry that was changed, removed or exchanged with another, a removed
//! end, ends that were moved by somebody without the master key, and a chain that was made again, by what the log says.
//! It reads a page at a time and reports each finding as it finds it, so its memory does not grow with the trail.

use std::collections::BTreeSet;

use sea_orm::DbErr;
use serde_json::Value;

use super::heads::{HeadError, LoggedHead};
use super::sealing::mac;
use crate::domain::actor::Context;
use crate::domain::audit_trail::{End, Entry, Part, PartState, Place, Seal};
use crate::domain::event::Action;
use crate::domain::organization::words;
use crate::keys::Keyring;
use crate::storage::{Database, event_seals, events};

/// The seals that are read at once.
const PAGE: u64 = 500;
/// The largest number of changed entries of a page that are compared with each other.
const COMPARED: usize = 50;

words! {
    FindingKind {
        /// An entry says something else than when it was sealed.
        Altered = "altered",
        /// The seals of two entries fit when they change places.
        Swapped = "swapped",
        /// An entry is gone; its seal is there.
        Deleted = "deleted",
        /// Seals are gone from the middle of the chain or from its beginning.
        SealsMissing = "seals_missing",
        /// Seals are there that retention has removed.
        SealsLeft = "seals_left",
        /// The end of the chain is gone.
        CutOff = "cut_off",
        /// A part was emptied, and no entry of the trail says so.
        Emptied = "emptied",
        /// An entry is marked as sealed and has no seal.
        Unsealed = "unsealed",
        /// An end of the chain was moved by somebody without the master key.
        EndForged = "end_forged",
        /// The log has another digest at this position: the chain was made again.
        Contradicted = "contradicted",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    pub position: Option<i64>,
    /// The id of the entry.
    pub entry: Option<i64>,
    pub detail: String,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The first and the last position, and the digest of the last.
    pub from: i64,
    pub to: i64,
    pub head: String,
    /// The seals that were compared with their entries.
    pub seals: u64,
    /// The parts of entries that the deletion of accounts has emptied.
    pub emptied: u64,
    /// The entries that wait for their seal.
    pub pending: u64,
    /// The heads of the log that were compared, and those from before the beginning of the chain.
    pub heads: u64,
    pub heads_before: u64,
    pub findings: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Heads(#[from] HeadError),
}

/// Verifies the whole chain, and compares it with the heads of a log.
pub async fn verify(
    db: &Database,
    keys: &Keyring,
    heads: impl Iterator<Item = Result<LoggedHead, HeadError>>,
    report: impl FnMut(&Finding),
) -> Result<Verified, VerifyError> {
    let mut verification = Verification {
        db,
        keys,
        report,
        done: Verified::default(),
    };
    let head = verification.read_end(End::Head).await?;
    let start = verification.read_end(End::Start).await?;
    verification.check_start(&start).await?;
    let last = verification.walk(start, &head).await?;
    if last.position < head.position {
        let detail = format!(
            "the chain ends at {}, its head is {}",
            last.position, head.position
        );
        verification.find(FindingKind::CutOff, Some(last.position), None, detail);
    } else if last.digest != head.digest {
        let detail = "the last seal is not the head of the chain".to_owned();
        verification.find(FindingKind::EndForged, Some(last.position), None, detail);
    }
    verification.count_what_waits().await?;
    verification.find_unsealed().await?;
    for logged in heads {
        verification.compare(&logged?).await?;
    }
    let mut done = verification.done;
    done.to = last.position;
    done.head = last.digest;
    Ok(done)
}

struct Verification<'a, R> {
    db: &'a Database,
    keys: &'a Keyring,
    report: R,
    done: Verified,
}

impl<R: FnMut(&Finding)> Verification<'_, R> {
    fn find(
        &mut self,
        kind: FindingKind,
        position: Option<i64>,
        entry: Option<i64>,
        detail: impl Into<String>,
    ) {
        self.done.findings += 1;
        (self.report)(&Finding {
            kind,
            position,
            entry,
            detail: detail.into(),
        });
    }

    async fn read_end(&mut self, end: End) -> Result<Place, DbErr> {
        let Some((place, written)) = event_seals::find_end(self.db.read(), end).await? else {
            return Ok(Place::origin());
        };
        if written != mac(self.keys, end, &place) {
            let detail = format!("the {end} of the chain was not written by this service");
            self.find(FindingKind::EndForged, Some(place.position), None, detail);
        }
        Ok(place)
    }

    /// Requires that nothing is left of what retention has removed.
    async fn check_start(&mut self, start: &Place) -> Result<(), DbErr> {
        if start.position > 0 && event_seals::is_any_until(self.db.read(), start.position).await? {
            let detail = "seals are left that were removed";
            self.find(FindingKind::SealsLeft, Some(start.position), None, detail);
        }
        Ok(())
    }

    /// Walks from the start to the head. Returns the last place that is there.
    async fn walk(&mut self, start: Place, head: &Place) -> Result<Place, DbErr> {
        self.done.from = start.position + 1;
        let mut last = start;
        while last.position < head.position {
            let mut page = event_seals::list_after(self.db.read(), last.position, PAGE).await?;
            page.retain(|(seal, _)| seal.position <= head.position);
            let Some((first, _)) = page.first() else {
                break;
            };
            if first.position != last.position + 1 {
                // Retention may have gone on since the start was read.
                let now = event_seals::find_end(self.db.read(), End::Start).await?;
                if let Some((start, _)) = now.filter(|(it, _)| it.position + 1 == first.position) {
                    self.done.from = first.position;
                    last = start;
                }
            }
            let mut changed = Vec::new();
            for (seal, entry) in &page {
                let expected = last.position + 1;
                let follows = seal.position == expected;
                if !follows {
                    let detail = format!("seals {expected} to {} are gone", seal.position - 1);
                    self.find(FindingKind::SealsMissing, Some(expected), None, detail);
                }
                self.done.seals += 1;
                match entry {
                    None => {
                        let detail = "the entry of this seal is gone";
                        self.find(
                            FindingKind::Deleted,
                            Some(seal.position),
                            Some(seal.entry),
                            detail,
                        );
                    }
                    // After a gap nothing says what came before.
                    Some(entry) if follows && seal.digest_after(&last.digest, entry) != seal.digest => {
                        changed.push((seal, entry, last.digest.clone()));
                    }
                    Some(entry) => self.check_parts(seal, entry).await?,
                }
                last = Place::from(seal);
            }
            self.tell_changed(&changed);
        }
        Ok(last)
    }

    async fn check_parts(&mut self, seal: &Seal, entry: &Entry) -> Result<(), DbErr> {
        for part in Part::ALL {
            match seal.verify_part(*part, entry) {
                PartState::Intact => {}
                PartState::Changed => {
                    let detail = format!("its {part} are not what was sealed");
                    self.find(FindingKind::Altered, Some(seal.position), Some(entry.id), detail);
                }
                PartState::Emptied { by } => {
                    self.done.emptied += 1;
                    if !self.is_recorded(seal, *part, by).await? {
                        let detail = format!("its {part} were emptied, and no entry of the trail says so");
                        self.find(FindingKind::Emptied, Some(seal.position), Some(entry.id), detail);
                    }
                }
            }
        }
        Ok(())
    }

    async fn is_recorded(&self, seal: &Seal, part: Part, by: Option<i64>) -> Result<bool, DbErr> {
        let Some(by) = by else {
            return Ok(false);
        };
        let Some(record) = events::find(self.db.read(), by).await? else {
            return Ok(false);
        };
        let said = record.after().unwrap_or_default();
        let names_it = |positions: &Vec<Value>| positions.iter().any(|it| *it == seal.position);
        Ok(record.action == Action::AuditEmptied.as_str()
            && record.actor == Context::system().actor.label()
            && said["part"] == part.as_str()
            && said["positions"].as_array().is_some_and(names_it))
    }

    /// Tells entries that were exchanged with each other from those that were changed alone.
    fn tell_changed(&mut self, changed: &[(&Seal, &Entry, String)]) {
        let mut swapped = BTreeSet::new();
        for (seal, entry, previous) in changed.iter().take(COMPARED) {
            for (_, other, _) in changed
                .iter()
                .take(COMPARED)
                .filter(|(_, it, _)| it.id != entry.id)
            {
                // Either the contents of the entries were exchanged, or their ids in the seals.
                let moved = Entry {
                    id: entry.id,
                    ..(*other).clone()
                };
                if [*other, &moved]
                    .iter()
                    .any(|it| seal.digest_after(previous, it) == seal.digest)
                {
                    swapped.insert(seal.position);
                    let detail = format!("it was exchanged with the entry {}", other.id);
                    self.find(FindingKind::Swapped, Some(seal.position), Some(entry.id), detail);
                    break;
                }
            }
        }
        for (seal, entry, _) in changed {
            if !swapped.contains(&seal.position) {
                let detail = "it is not what was sealed";
                self.find(FindingKind::Altered, Some(seal.position), Some(entry.id), detail);
            }
        }
    }

    async fn count_what_waits(&mut self) -> Result<(), DbErr> {
        let mut after = 0;
        loop {
            let page = event_seals::list_unsealed(self.db.read(), after, PAGE).await?;
            self.done.pending += page.len() as u64;
            match page.last() {
                Some(last) => after = last.id,
                None => return Ok(()),
            }
        }
    }

    async fn find_unsealed(&mut self) -> Result<(), DbErr> {
        let mut after = 0;
        loop {
            let page = event_seals::list_marked_without_seal(self.db.read(), after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = *last;
            for entry in page {
                let detail = "it is marked as sealed and has no seal";
                self.find(FindingKind::Unsealed, None, Some(entry), detail);
            }
        }
    }

    /// Compares the chain with a head of the log.
    async fn compare(&mut self, logged: &LoggedHead) -> Result<(), DbErr> {
        let db = self.db.read();
        let found = event_seals::find(db, logged.position)
            .await?
            .map(|it| Place::from(&it));
        let found = match found {
            Some(place) => Some(place),
            None => {
                let start = event_seals::find_end(db, End::Start)
                    .await?
                    .map(|(place, _)| place);
                let start = start.unwrap_or_else(Place::origin);
                if logged.position < start.position {
                    self.done.heads_before += 1;
                    return Ok(());
                }
                Some(start).filter(|it| it.position == logged.position)
            }
        };
        self.done.heads += 1;
        let at = format!("line {} of the log has the head {}", logged.line, logged.position);
        match found {
            Some(place) if place.digest == logged.digest => {}
            Some(_) => {
                let detail = format!("{at} with another digest");
                self.find(FindingKind::Contradicted, Some(logged.position), None, detail);
            }
            None => {
                let detail = format!("{at}, which is not in the chain");
                self.find(FindingKind::CutOff, Some(logged.position), None, detail);
            }
        }
        Ok(())
    }
}
