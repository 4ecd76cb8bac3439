//! Fills a text of the catalog with a `domain::message::Message`.

use super::{Arguments, Locale, text};
use crate::domain::message::Message;

impl Arguments for Message {
    fn fill(&self, hole: &str, out: &mut String) -> bool {
        if let Some(value) = self.holes.get(hole) {
            out.push_str(value);
            return true;
        }
        if let ("count", Some(count)) = (hole, self.count) {
            out.push_str(&count.to_string());
            return true;
        }
        false
    }

    fn count(&self) -> Option<u64> {
        self.count
    }
}

/// Returns a message as plain text, for the console.
pub fn plain(locale: Locale, message: &Message) -> String {
    text(locale, &message.key, message).unwrap_or_else(|| message.key.to_string())
}
