//! Compares the kinds that a file lists with those that there are, and puts them in order: that of the file, with each kind
//! that it does not name after the one that it came after.

use serde_json::Value;

use crate::domain::difference::{Difference, Effect, Unnamed};

/// A membership type or a TIES right.
pub trait Kind: Clone + PartialEq {
    const NAME: &'static str;

    fn id(&self) -> &str;
    fn position(&self) -> i32;
    fn at(self, position: i32) -> Self;
    /// Describes the kind, but for its place.
    fn describe(&self) -> Value;
}

/// What becomes of the kinds.
#[derive(Clone, Debug)]
pub struct KindsPlan<T> {
    /// All that there are afterwards, in their order.
    pub after: Vec<T>,
    pub(super) added: Vec<T>,
    /// Before and after.
    pub(super) changed: Vec<(T, T)>,
    pub(super) removed: Vec<T>,
}

impl<T: Kind> KindsPlan<T> {
    /// Plans for kinds as they are, in their order, and those of the file, in its order.
    pub(super) fn of(existing: &[T], listed: &[T], unnamed: Unnamed) -> Self {
        let find = |of: &[T], id: &str| of.iter().find(|it| it.id() == id).cloned();
        let mut order: Vec<&str> = listed.iter().map(Kind::id).collect();
        let mut removed = Vec::new();
        let mut last = None;
        for kind in existing {
            if !order.contains(&kind.id()) {
                if unnamed.is_pruned() {
                    removed.push(kind.clone());
                    continue;
                }
                let after = last.and_then(|it| order.iter().position(|id| *id == it));
                order.insert(after.map_or(0, |it| it + 1), kind.id());
            }
            last = Some(kind.id());
        }
        let stays = |it: &&T| !removed.iter().any(|gone| gone.id() == it.id());
        let in_order = existing
            .iter()
            .filter(stays)
            .map(Kind::id)
            .eq(order.iter().copied());
        let mut plan = Self {
            after: Vec::new(),
            added: Vec::new(),
            changed: Vec::new(),
            removed,
        };
        for (position, id) in (1..).zip(&order) {
            let before = find(existing, id);
            let position = match &before {
                Some(before) if in_order => before.position(),
                _ => position,
            };
            let Some(after) = find(listed, id).or_else(|| before.clone()) else {
                continue;
            };
            let after = after.at(position);
            plan.after.push(after.clone());
            match before {
                None => plan.added.push(after),
                Some(before) if before != after => plan.changed.push((before, after)),
                Some(_) => {}
            }
        }
        plan
    }

    pub(super) fn differences_of(&self) -> Vec<Difference> {
        let one = |effect, before: Option<&T>, after: Option<&T>| {
            let kind = after.or(before)?;
            let place = |it: Option<&T>| it.map_or(Value::Null, |it| with_place(it, before, after));
            Difference::between((T::NAME, kind.id()), effect, &place(before), &place(after))
        };
        let added = self
            .added
            .iter()
            .filter_map(|it| one(Effect::Added, None, Some(it)));
        let changed = self.changed.iter();
        let changed = changed.filter_map(|(before, after)| one(Effect::Changed, Some(before), Some(after)));
        let removed = self
            .removed
            .iter()
            .filter_map(|it| one(Effect::Pruned, Some(it), None));
        added.chain(changed).chain(removed).collect()
    }
}

/// Describes a kind, with its place if that changes.
fn with_place<T: Kind>(kind: &T, before: Option<&T>, after: Option<&T>) -> Value {
    let mut described = kind.describe();
    if let (Some(before), Some(after)) = (before, after)
        && before.position() != after.position()
    {
        described["position"] = Value::from(kind.position());
    }
    described
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Letter(String, i32);

    impl Kind for Letter {
        const NAME: &'static str = "letter";

        fn id(&self) -> &str {
            &self.0
        }

        fn position(&self) -> i32 {
            self.1
        }

        fn at(self, position: i32) -> Self {
            Self(self.0, position)
        }

        fn describe(&self) -> Value {
            Value::from(&*self.0)
        }
    }

    fn letters(text: &str) -> Vec<Letter> {
        let places = (3..).step_by(4);
        let letters = text.chars().zip(places);
        letters.map(|(c, place)| Letter(c.to_string(), place)).collect()
    }

    fn applied(existing: &str, listed: &str, unnamed: Unnamed) -> String {
        let plan = KindsPlan::of(&letters(existing), &letters(listed), unnamed);
        plan.after.iter().map(|it| it.0.as_str()).collect()
    }

    #[test]
    fn a_kind_that_the_file_does_not_name_keeps_its_place() {
        assert_eq!(applied("abc", "ac", Unnamed::Kept), "abc");
        assert_eq!(applied("abc", "ca", Unnamed::Kept), "cab");
        assert_eq!(applied("abc", "xc", Unnamed::Kept), "abxc");
        assert_eq!(applied("abc", "ca", Unnamed::Pruned), "ca");
        assert_eq!(applied("", "ba", Unnamed::Kept), "ba");
    }

    proptest! {
        #[test]
        fn a_file_changes_nothing_the_second_time(existing in "[a-h]{0,8}", listed in "[a-h]{0,8}", prunes in any::<bool>()) {
            let once = |text: &str| {
                let mut seen = String::new();
                for c in text.chars().filter(|c| !text[..text.find(*c).unwrap_or(0)].contains(*c)) {
                    if !seen.contains(c) {
                        seen.push(c);
                    }
                }
                seen
            };
            let (existing, listed) = (letters(&once(&existing)), letters(&once(&listed)));
            let unnamed = Unnamed::pruned_if(prunes);
            let mut first = KindsPlan::of(&existing, &listed, unnamed).after;
            first.sort_by_key(|it| it.1);
            let second = KindsPlan::of(&first, &listed, unnamed);
            prop_assert_eq!(&second.after, &first);
            prop_assert!(second.added.is_empty() && second.changed.is_empty() && second.removed.is_empty());
        }
    }
}
