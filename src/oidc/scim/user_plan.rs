//! The way to the users that a filter is for: the part of it that an index answers. Whatever the way leads to is judged by
//! the whole filter, unless the way says all of it.

use super::group_id;
use super::reader::Reader;
use crate::domain::account::{EmailAddress, EmailKey};
use crate::domain::scim::{ACCOUNT_USER, Condition, Operand, Operator, Test};
use crate::domain::{Subject, Time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Subjects(Vec<Subject>),
    Addresses(Vec<EmailKey>),
    Organization(String),
    Right(String),
    /// A part of the list of all, or all.
    Range(Range),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The beginning of the address, in lower case.
    pub prefix: Option<String>,
    pub changed_from: Option<(Time, bool)>,
    pub changed_to: Option<(Time, bool)>,
    /// `true` if everybody in it meets the whole filter.
    pub is_exact: bool,
}

impl Way {
    pub fn of(reader: &Reader, condition: Option<&Condition>) -> Self {
        let conjuncts = condition.map(Condition::conjuncts).unwrap_or_default();
        let ways = conjuncts.iter().filter_map(|it| keyed(reader, it));
        // One person, or a few: fewer than any group.
        let best = ways.min_by_key(|it| match it {
            Self::Subjects(_) | Self::Addresses(_) => 0,
            Self::Organization(_) => 1,
            Self::Right(_) | Self::Range(_) => 2,
        });
        best.unwrap_or_else(|| {
            let mut range = Range {
                is_exact: true,
                ..Range::default()
            };
            for conjunct in conjuncts {
                range.narrow(reader, conjunct);
            }
            Self::Range(range)
        })
    }
}

impl Range {
    /// Takes a condition into the range, as far as it is one about it.
    fn narrow(&mut self, reader: &Reader, condition: &Condition) {
        let taken = match condition {
            Condition::Test(test) => self.take(reader, test),
            _ => false,
        };
        self.is_exact &= taken;
    }

    fn take(&mut self, reader: &Reader, test: &Test) -> bool {
        match (test.keys.as_slice(), &test.operand) {
            (["userName"] | ["emails", "value"], Operand::Text(Operator::StartsWith, begin))
                if reader.gets_addresses() && self.prefix.is_none() =>
            {
                self.prefix = Some(begin.to_lowercase());
                true
            }
            (["meta", "lastModified"], Operand::Time(operator, time)) => {
                let (from, to) = match operator {
                    Operator::Greater => (Some((*time, false)), None),
                    Operator::GreaterOrEqual => (Some((*time, true)), None),
                    Operator::Less => (None, Some((*time, false))),
                    Operator::LessOrEqual => (None, Some((*time, true))),
                    Operator::Equal => (Some((*time, true)), Some((*time, true))),
                    _ => return false,
                };
                let is_free = (from.is_none() || self.changed_from.is_none())
                    && (to.is_none() || self.changed_to.is_none());
                if is_free {
                    self.changed_from = self.changed_from.or(from);
                    self.changed_to = self.changed_to.or(to);
                }
                is_free
            }
            _ => false,
        }
    }
}

/// Returns the way of a condition that names people or a group of them.
fn keyed(reader: &Reader, condition: &Condition) -> Option<Way> {
    match condition {
        Condition::Test(test) => of_test(reader, test),
        Condition::Values { keys, each } => {
            let inner = each.conjuncts().into_iter().find_map(|it| match it {
                Condition::Test(test) => Some(test),
                _ => None,
            })?;
            let keys = keys.iter().chain(&inner.keys).copied().collect();
            of_test(
                reader,
                &Test {
                    keys,
                    ..inner.clone()
                },
            )
        }
        Condition::Any(any) => {
            let ways: Option<Vec<Way>> = any.iter().map(|it| keyed(reader, it)).collect();
            joined(ways?)
        }
        Condition::All(_) => {
            let mut ways = condition
                .conjuncts()
                .into_iter()
                .filter_map(|it| keyed(reader, it));
            ways.next()
        }
        _ => None,
    }
}

/// Joins the ways of alternatives, if all of them name people in the same way.
fn joined(ways: Vec<Way>) -> Option<Way> {
    ways.into_iter()
        .map(Some)
        .reduce(|one, other| match (one?, other?) {
            (Way::Subjects(one), Way::Subjects(other)) => Some(Way::Subjects([one, other].concat())),
            (Way::Addresses(one), Way::Addresses(other)) => Some(Way::Addresses([one, other].concat())),
            _ => None,
        })?
}

fn of_test(reader: &Reader, test: &Test) -> Option<Way> {
    let Operand::Text(Operator::Equal, text) = &test.operand else {
        return None;
    };
    let subjects = || {
        let is_found = reader.has_public_ids();
        is_found.then(|| Way::Subjects(vec![Subject::new(text.as_str())]))
    };
    let addresses = || {
        let keys = EmailAddress::parse(text).map(|it| it.key());
        Way::Addresses(keys.into_iter().collect())
    };
    match test.keys.as_slice() {
        ["id" | "externalId"] => subjects(),
        ["emails", "value"] => Some(addresses()),
        ["userName"] if reader.gets_addresses() => Some(addresses()),
        ["groups", "value"] => Some(match group_id::right_of(text) {
            Some(right) => Way::Right(right.to_owned()),
            None => Way::Organization(text.clone()),
        }),
        [extension, "organizationId"] if *extension == ACCOUNT_USER.id => {
            Some(Way::Organization(text.clone()))
        }
        [extension, "tiesRights"] if *extension == ACCOUNT_USER.id => Some(Way::Right(text.clone())),
        _ => None,
    }
}
