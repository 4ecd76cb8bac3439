//! What a session can open while its person, a member of the staff, sees the account pages of somebody else (security.md
//! AD-12): the one place that decides it. `extract::session` asks here before anybody learns who is signed in, so a URL that is
//! not named below is refused, whatever its handler does.

use axum::http::Method;

use crate::paths;

/// The account pages that only show. What has a secret or begins something is not among them: second factors, the copy of the
/// data, the deletion, every page that confirms an act.
pub const SHOWN: [&str; 11] = [
    paths::ACCOUNT,
    paths::ACCOUNT_PROFILE,
    paths::ACCOUNT_EMAIL,
    paths::ACCOUNT_ORGANIZATION,
    paths::ACCOUNT_SECURITY,
    paths::ACCOUNT_PASSWORD,
    paths::ACCOUNT_SESSIONS,
    paths::ACCOUNT_SERVICES,
    paths::ACCOUNT_HISTORY,
    paths::ACCOUNT_HISTORY_ORGANIZATION,
    paths::ACCOUNT_REQUESTS,
];

/// Pages that are the same for everybody: help, and what the account's pages link to.
pub const HELP: [&str; 5] = [
    paths::START,
    paths::FAQ,
    paths::ACCESSIBILITY,
    paths::TERMS,
    paths::PRIVACY,
];

/// What becomes of a request in a session with a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The page is shown as the person sees it.
    AsPerson,
    /// It is about the view itself, for whoever looks.
    AsViewer,
    Refused,
}

/// Decides about a request while the view goes on, by the pattern of its route.
pub fn admit(method: &Method, route: Option<&str>) -> Admission {
    match (method, route) {
        (&Method::GET | &Method::POST, Some(paths::VIEWING)) => Admission::AsViewer,
        (&Method::GET, Some(route)) if SHOWN.contains(&route) || HELP.contains(&route) => Admission::AsPerson,
        _ => Admission::Refused,
    }
}

/// Returns `true` for the pages that wait, once a view is over, until whoever looked has read that it is: they would take the
/// own account for that of the person.
pub fn waits_for_end(route: Option<&str>) -> bool {
    route.is_some_and(|it| it == paths::ACCOUNT || it.starts_with("/account/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_shown() {
        // AD-12
        for route in SHOWN.iter().chain(&HELP) {
            assert_eq!(admit(&Method::GET, Some(route)), Admission::AsPerson, "{route}");
            for method in [
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
                Method::HEAD,
            ] {
                assert_eq!(
                    admit(&method, Some(route)),
                    Admission::Refused,
                    "{method} {route}"
                );
            }
        }
        for route in [
            None,
            Some("/account/data"),
            Some("/account/"),
            Some("/authorize"),
            Some("/logout"),
        ] {
            assert_eq!(admit(&Method::GET, route), Admission::Refused, "{route:?}");
        }
        assert_eq!(admit(&Method::POST, Some(paths::VIEWING)), Admission::AsViewer);
        assert_eq!(admit(&Method::DELETE, Some(paths::VIEWING)), Admission::Refused);
    }
}
