//! Says who registers a client: some rules are wider for administrators.

use crate::domain::client::Definition;

/// The party that registers a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Registrar<'a> {
    Administrator,
    /// The client itself, which leaves what administrators have decided about it as it is.
    Client {
        decided: &'a Definition,
    },
}

impl Registrar<'_> {
    pub(super) fn is_administrator(self) -> bool {
        matches!(self, Self::Administrator)
    }
}
