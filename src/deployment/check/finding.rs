//! What an examination found.

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something does not work, or is unsafe.
    Problem,
    /// Something is to be known or will be a problem.
    Hint,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// What is so.
    pub what: String,
    /// What would mend it, as an order.
    pub mend: String,
}

impl Finding {
    pub(super) fn problem(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            severity: Severity::Problem,
            what: what.into(),
            mend: mend.into(),
        }
    }

    pub(super) fn hint(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            severity: Severity::Hint,
            what: what.into(),
            mend: mend.into(),
        }
    }
}
