//! The answer to an act of `affiliations` that was refused: the status, and the same form with what is wrong in it. The
//! pages of Focal Points, of administrators and of the own affiliation use it; every other error is a page of `errors`.

use axum::http::StatusCode;

use super::{PageError, refused};
use crate::affiliations;
use crate::templates::FormState;

/// Returns the form to show again, or the error if the form cannot say it.
pub fn refusal(error: affiliations::Error, typed: FormState) -> Result<(StatusCode, FormState), PageError> {
    use affiliations::Error;
    Ok(match error {
        Error::Invalid(wrong) => {
            // A button's value is not typed: there is no field to mark.
            let of_button = |name: &&str| matches!(*name, "action" | "decision" | "right");
            let notice = if wrong.keys().all(of_button) {
                "error.try_again"
            } else {
                "error.form"
            };
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                refused(typed, wrong).notice(notice),
            )
        }
        Error::OwnRequest => (StatusCode::FORBIDDEN, typed.notice("focal_point.own")),
        Error::DeputyMayNot => (StatusCode::FORBIDDEN, typed.notice("focal_point.deputy_may_not")),
        Error::LastFocalPoint => (StatusCode::CONFLICT, typed.notice("focal_point.last")),
        Error::Conflict | Error::NotEntitled | Error::Refused(_) => {
            (StatusCode::CONFLICT, typed.notice("error.try_again"))
        }
        other => return Err(other.into()),
    })
}

/// Turns absence into a conflict: after a refusal the object may be out of sight, as somebody else has decided.
pub fn conflict_if_gone<T>(found: Result<T, PageError>) -> Result<T, PageError> {
    found.map_err(|error| match error {
        PageError::NotFound => PageError::Conflict,
        other => other,
    })
}
