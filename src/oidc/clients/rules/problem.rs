//! The problem of a member, and the list to which each rule adds the problems that it finds.

use std::fmt;

/// A member of the metadata and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub member: String,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.reason)
    }
}

#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, member: &str, reason: impl Into<String>) {
        self.0.push(Problem {
            member: member.to_owned(),
            reason: reason.into(),
        });
    }

    pub(super) fn unless(&mut self, holds: bool, member: &str, reason: &str) {
        if !holds {
            self.add(member, reason);
        }
    }
    pub(super) fn into_result(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
