//! Says in words what a room refused, for the operator.

use crate::accounts::{self, Error};
use crate::i18n::{self, Locale};

/// Names the fields and says what is wrong with each.
pub(in crate::cli) fn in_words(error: Error) -> anyhow::Error {
    match error {
        accounts::Error::Fields(fields) => {
            let named: Vec<String> = fields
                .iter()
                .map(|(name, message)| format!("{name}: {}", i18n::plain(Locale::En, message)))
                .collect();
            anyhow::anyhow!("refused: {}", named.join(" "))
        }
        other => other.into(),
    }
}
