//! Membership types and TIES rights as files (contract.md, `membership-types.json`, `rights.json`). They are data: a
//! deployment adds its own. `deployment` calls this; what a type demands of an organization is decided in
//! `domain::organization`.

mod plan;

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ConnectionTrait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use super::lifecycle::authority;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::difference::{Difference, Unnamed};
use crate::domain::event::{Action, Event};
use crate::domain::organization::MembershipType;
use crate::domain::profile::Language;
use crate::domain::ties::RightType;
use crate::domain::{MembershipTypeId, text};
use crate::storage::{affiliations, membership_types, organizations, ties};
use crate::tables::json::{Element, elements};
use crate::tables::{Problem, text as text_of};
use plan::Kind;
pub use plan::KindsPlan;

/// The longest name of a kind, in characters.
const LONGEST_NAME: usize = 100;

/// The kinds that a file lists, each with the line where it begins.
#[derive(Clone, Debug)]
pub struct Listed<T>(Vec<(u64, T)>);

impl<T: Clone> Listed<T> {
    fn kinds(&self) -> Vec<T> {
        self.0.iter().map(|(_, it)| it.clone()).collect()
    }
}

impl Kind for MembershipType {
    const NAME: &'static str = "membership_type";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn position(&self) -> i32 {
        self.position
    }

    fn at(self, position: i32) -> Self {
        Self { position, ..self }
    }

    fn describe(&self) -> Value {
        json!({
            "id": self.id,
            "names": self.names,
            "needs_approval": self.needs_approval,
            "ties_entitled": self.ties_entitled,
        })
    }
}

impl Kind for RightType {
    const NAME: &'static str = "right";

    fn id(&self) -> &str {
        &self.name
    }

    fn position(&self) -> i32 {
        self.position
    }

    fn at(self, position: i32) -> Self {
        Self { position, ..self }
    }

    fn describe(&self) -> Value {
        json!({ "name": self.name, "names": self.names })
    }
}

/// Writes all membership types as `read_types` reads them.
pub async fn export_types(app: &App, context: &Context) -> Result<Value, Error> {
    authority::require_administrator(app, context).await?;
    let all = membership_types::list(app.db.read()).await?;
    let described: Vec<Value> = all.iter().map(Kind::describe).collect();
    Ok(json!({ "membership_types": described }))
}

/// Writes all TIES rights as `read_rights` reads them.
pub async fn export_rights(app: &App, context: &Context) -> Result<Value, Error> {
    authority::require_administrator(app, context).await?;
    let all = ties::list_types(app.db.read()).await?;
    let described: Vec<Value> = all.iter().map(Kind::describe).collect();
    Ok(json!({ "rights": described }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeMembers {
    id: String,
    names: BTreeMap<String, String>,
    needs_approval: bool,
    ties_entitled: bool,
}

/// Reads `{"membership_types": [ … ]}`.
pub fn read_types(file: &[u8]) -> Result<Listed<MembershipType>, Vec<Problem>> {
    read(file, "membership_types", |element, it: TypeMembers| {
        let is_flagged = it.needs_approval || it.ties_entitled;
        if it.id == MembershipType::NON_MEMBER && is_flagged {
            // SU-6: whatever a visitor types in is of this type.
            let reason = "of non_member is false, and so is ties_entitled";
            return Err(element.problem("needs_approval", reason));
        }
        Ok(MembershipType {
            names: names(element, it.names)?,
            id: MembershipTypeId::new(identifier(element, "id", it.id)?),
            needs_approval: it.needs_approval,
            ties_entitled: it.ties_entitled,
            position: 0,
        })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RightMembers {
    name: String,
    names: BTreeMap<String, String>,
}

/// Reads `{"rights": [ … ]}`.
pub fn read_rights(file: &[u8]) -> Result<Listed<RightType>, Vec<Problem>> {
    read(file, "rights", |element, it: RightMembers| {
        Ok(RightType {
            names: names(element, it.names)?,
            name: identifier(element, "name", it.name)?,
            position: 0,
        })
    })
}

fn read<M: for<'a> Deserialize<'a>, T: Kind>(
    file: &[u8],
    name: &str,
    kind: impl Fn(&Element<'_>, M) -> Result<T, Problem>,
) -> Result<Listed<T>, Vec<Problem>> {
    let file = text_of(file).map_err(|it| vec![it])?;
    let listed = elements(file, name).map_err(|it| vec![it])?;
    let mut kinds: Vec<(u64, T)> = Vec::new();
    let mut problems = Vec::new();
    for element in &listed {
        let line = element.line();
        let read = serde_json::from_str(element.text()).map_err(|error| {
            let text = error.to_string();
            let reason = text.split(" at line ").next().unwrap_or_default().to_owned();
            Problem { line, reason }
        });
        match read.and_then(|members| kind(element, members)) {
            Ok(kind) if kinds.iter().any(|(_, other)| other.id() == kind.id()) => problems.push(Problem {
                line,
                reason: format!("{} is listed twice", kind.id()),
            }),
            Ok(kind) => kinds.push((line, kind)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(Listed(kinds))
    } else {
        Err(problems)
    }
}

fn identifier(element: &Element<'_>, name: &str, value: String) -> Result<String, Problem> {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let begins = value.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if begins && value.len() <= 64 && value.bytes().all(is_word) {
        Ok(value)
    } else {
        Err(element.problem(name, "is 1 to 64 of a-z 0-9 _, a letter first"))
    }
}

fn names(
    element: &Element<'_>,
    names: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Problem> {
    for (language, name) in &names {
        if Language::parse(language).is_none() {
            return Err(element.problem(
                "names",
                format!("has {language}, which is no language of this program"),
            ));
        }
        if text::line(name, LONGEST_NAME).ok().as_ref() != Some(name) {
            let reason = format!("has a name in {language} that is empty, too long or not one line");
            return Err(element.problem("names", reason));
        }
    }
    if !names.contains_key(Language::En.as_str()) {
        return Err(element.problem("names", "has no English one (en)"));
    }
    Ok(names)
}

impl KindsPlan<MembershipType> {
    /// Judges the types of a file. Refuses to change what a type demands while people are in organizations of it: each of
    /// them would have to be asked about, or leave.
    pub async fn judge(
        db: &impl ConnectionTrait,
        listed: &Listed<MembershipType>,
        unnamed: Unnamed,
    ) -> Result<Result<Self, Vec<Problem>>, Error> {
        let existing = membership_types::list(db).await?;
        let plan = Self::of(&existing, &listed.kinds(), unnamed);
        let mut problems = Vec::new();
        for (_, after) in plan.changed.iter().filter(|it| demands_differ(it)) {
            let people = affiliations::count_not_final_of_type(db, &after.id).await?;
            let line = listed.0.iter().find(|(_, it)| it.id == after.id);
            if people > 0 {
                problems.push(Problem {
                    line: line.map_or(1, |(line, _)| *line),
                    reason: format!(
                        "{people} people are in organizations of the type {}: needs_approval and ties_entitled stay; \
                         add a type, and move the organizations to it",
                        after.id
                    ),
                });
            }
        }
        Ok(if problems.is_empty() {
            Ok(plan)
        } else {
            Err(problems)
        })
    }

    /// Refuses to remove a type that an organization will have, and the one that visitors' records have.
    pub fn check_removal(&self, in_use: &BTreeSet<MembershipTypeId>) -> Vec<Problem> {
        let stays =
            |it: &&MembershipType| in_use.contains(&it.id) || it.id.as_str() == MembershipType::NON_MEMBER;
        let used = self.removed.iter().filter(stays).map(|it| Problem {
            line: 1,
            reason: format!(
                "{} is missing, and cannot be removed: organizations are of this type",
                it.id
            ),
        });
        used.collect()
    }

    pub fn differences(&self) -> Vec<Difference> {
        self.differences_of()
    }

    /// Writes what is added and changed. What is removed goes last, by `remove`.
    pub async fn write(&self, tx: &Tx) -> Result<(), Error> {
        for after in &self.added {
            membership_types::insert(tx, after).await?;
            record(tx, Action::MembershipTypeChanged, None, Some(after)).await?;
        }
        for change in &self.changed {
            let (before, after) = change;
            if demands_differ(change) {
                // Nobody joins an organization of the type until this is committed (security.md G-9).
                organizations::lock_those_of_type(tx, &after.id).await?;
                if affiliations::count_not_final_of_type(tx, &after.id).await? > 0 {
                    return Err(Error::Conflict);
                }
            }
            membership_types::update(tx, after).await?;
            record(tx, Action::MembershipTypeChanged, Some(before), Some(after)).await?;
        }
        Ok(())
    }

    pub async fn remove(&self, tx: &Tx) -> Result<(), Error> {
        for before in &self.removed {
            membership_types::delete(tx, &before.id).await?;
            record(tx, Action::MembershipTypeChanged, Some(before), None).await?;
        }
        Ok(())
    }
}

impl KindsPlan<RightType> {
    /// Judges the rights of a file. Refuses to remove one that somebody has or had.
    pub async fn judge(
        db: &impl ConnectionTrait,
        listed: &Listed<RightType>,
        unnamed: Unnamed,
    ) -> Result<Result<Self, Vec<Problem>>, Error> {
        let existing = ties::list_types(db).await?;
        let plan = Self::of(&existing, &listed.kinds(), unnamed);
        let mut problems = Vec::new();
        for right in &plan.removed {
            if ties::is_type_in_use(db, &right.name).await? {
                problems.push(Problem {
                    line: 1,
                    reason: format!(
                        "{} is missing, and cannot be removed: people have it, or had it",
                        right.name
                    ),
                });
            }
        }
        Ok(if problems.is_empty() {
            Ok(plan)
        } else {
            Err(problems)
        })
    }

    pub fn differences(&self) -> Vec<Difference> {
        self.differences_of()
    }

    pub async fn write(&self, tx: &Tx) -> Result<(), Error> {
        for after in &self.added {
            ties::insert_type(tx, after).await?;
            record(tx, Action::RightTypeChanged, None, Some(after)).await?;
        }
        for (before, after) in &self.changed {
            ties::update_type(tx, after).await?;
            record(tx, Action::RightTypeChanged, Some(before), Some(after)).await?;
        }
        for before in &self.removed {
            ties::delete_type(tx, &before.name).await?;
            record(tx, Action::RightTypeChanged, Some(before), None).await?;
        }
        Ok(())
    }
}

fn demands_differ((before, after): &(MembershipType, MembershipType)) -> bool {
    (before.needs_approval, before.ties_entitled) != (after.needs_approval, after.ties_entitled)
}

async fn record<T: Kind>(
    tx: &Tx,
    action: Action,
    before: Option<&T>,
    after: Option<&T>,
) -> Result<(), Error> {
    let id = after.or(before).map(Kind::id).unwrap_or_default();
    let state = |it: Option<&T>| {
        it.map_or(Value::Null, |it| {
            let mut described = it.describe();
            described["position"] = Value::from(it.position());
            described
        })
    };
    let event = Event::new(action, format!("{}:{id}", T::NAME)).change(state(before), state(after));
    Ok(tx.record(event).await?)
}
