//! The difference between what a file says and what there is: object by object, and member by member. Whoever applies a
//! file shows it first. What the members are is the matter of the room that has the object.

use serde_json::{Map, Value};

/// What becomes of the objects that a file does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unnamed {
    /// They stay as they are.
    #[default]
    Kept,
    /// Each goes as far as an object of its kind can: a client is disabled, a membership ends.
    Pruned,
}

impl Unnamed {
    pub const fn pruned_if(pruned: bool) -> Self {
        if pruned { Self::Pruned } else { Self::Kept }
    }

    pub const fn is_pruned(self) -> bool {
        matches!(self, Self::Pruned)
    }
}

/// What applying a file does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Added,
    Changed,
    /// The file does not name it.
    Pruned,
}

/// The difference of one object.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Difference {
    /// The kind of the object, as its file calls it: `client`, `organization`, …
    pub kind: &'static str,
    pub id: String,
    /// What people call it, where that is not the identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub effect: Effect,
    pub members: Vec<Member>,
    /// The number of people whose affiliation it ends or asks about again.
    #[serde(skip_serializing_if = "is_zero")]
    pub people: u64,
}

/// A member that differs; `None`: that side does not have it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Member {
    pub member: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it asks about by reference"
)]
const fn is_zero(people: &u64) -> bool {
    *people == 0
}

impl Effect {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Pruned => "pruned",
        }
    }
}

impl Difference {
    /// Returns the difference between two descriptions of an object; `None` if they say the same.
    pub fn between(
        (kind, id): (&'static str, &str),
        effect: Effect,
        before: &Value,
        after: &Value,
    ) -> Option<Self> {
        let members = members(before, after);
        let is_none = effect == Effect::Changed && members.is_empty();
        (!is_none).then(|| Self {
            kind,
            id: id.to_owned(),
            name: String::new(),
            effect,
            members,
            people: 0,
        })
    }
}

/// Returns the members that differ, by name. One that is null is as one that is not there, and so is an empty list.
pub fn members(before: &Value, after: &Value) -> Vec<Member> {
    let nothing = Map::new();
    let of = |side: &'_ Value| -> Vec<String> {
        let object = side.as_object().unwrap_or(&nothing);
        object.keys().cloned().collect()
    };
    let mut names = of(before);
    names.extend(of(after));
    names.sort_unstable();
    names.dedup();
    let value = |side: &Value, name: &str| side.get(name).filter(|it| !is_empty(it)).cloned();
    let both = names.into_iter().map(|name| Member {
        before: value(before, &name),
        after: value(after, &name),
        member: name,
    });
    both.filter(|it| it.before != it.after).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

impl Member {
    /// Returns what a list loses and gains, if both sides are lists and it is more than their order.
    pub fn of_lists(&self) -> Option<(Vec<&Value>, Vec<&Value>)> {
        let (before, after) = (list(self.before.as_ref())?, list(self.after.as_ref())?);
        let lost: Vec<&Value> = before.iter().filter(|it| !after.contains(it)).collect();
        let gained: Vec<&Value> = after.iter().filter(|it| !before.contains(it)).collect();
        (!lost.is_empty() || !gained.is_empty()).then_some((lost, gained))
    }
}

fn list(side: Option<&Value>) -> Option<&[Value]> {
    match side {
        None => Some(&[]),
        Some(Value::Array(values)) => Some(values),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_compared_by_name_and_lists_by_value() {
        let before = json!({"name": "A", "uris": ["x", "y"], "gone": true, "empty": []});
        let after = json!({"name": "A", "uris": ["y", "z"], "new": 1, "none": null});
        let found = members(&before, &after);
        let names: Vec<&str> = found.iter().map(|it| it.member.as_str()).collect();
        assert_eq!(names, ["gone", "new", "uris"]);
        assert_eq!(found[2].of_lists(), Some((vec![&json!("x")], vec![&json!("z")])));
        assert_eq!(found[1].of_lists(), None);
        // The order is a difference, but nothing is lost or gained.
        let turned = members(&json!({"uris": ["x", "y"]}), &json!({"uris": ["y", "x"]}));
        assert_eq!(turned[0].of_lists(), None);
        let same = Difference::between(("client", "a"), Effect::Changed, &before, &before);
        assert_eq!(same, None);
    }
}
