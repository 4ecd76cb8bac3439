//! Versions of the Terms of Use and Privacy Policy: an account keeps which one its person accepted, and when.

use super::Time;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The name of the version on the pages, which an account keeps.
    pub version: String,
    pub effective_from: Time,
}

impl Terms {
    /// Returns `true` if someone who accepted `accepted` is asked again (product.md, step 3 d).
    pub fn are_due(&self, accepted: Option<&str>) -> bool {
        accepted != Some(self.version.as_str())
    }
}
