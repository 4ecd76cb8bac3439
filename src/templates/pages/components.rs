//! `/demo/components`: every component of `templates/components` in each of its states. The states are those of the
//! samples of the pages that use them.

use serde::Serialize;

use super::account::{AffiliationView, RightView, sample_affiliation, sample_rights};
use super::admin::AdminOrganizations;
use super::admin_client_events::AdminClientEvents;
use super::admin_client_test::AdminClientTestResult;
use super::admin_clients::AdminClients;
use super::authorization::{AccessRefused, Consent};
use super::focal_point::AffiliationRequest;
use super::focal_point_requests::FocalPointRequests;
use super::login::Login;
use super::signup::{SignupDetails, SignupOrganization};
use crate::templates::Page;

/// The files of components that are shown together; those that others include are shown with them.
pub const GROUPS: [&str; 7] = [
    "form",
    "signup",
    "organization",
    "account",
    "focal_point",
    "admin",
    "test_login",
];

const STATUSES: [&str; 8] = [
    "none",
    "pending",
    "approved",
    "rejected",
    "withdrawn",
    "removed",
    "lapsed",
    "self_declared",
];

/// `/demo/components?group=&state=`.
#[derive(Clone, Debug, Serialize)]
pub struct Components {
    pub groups: [&'static str; 7],
    pub group: &'static str,
    /// The state that is shown, from 1.
    pub state: usize,
    pub states: usize,
    pub details: SignupDetails,
    pub login: Login,
    pub signup: SignupOrganization,
    pub consent: Consent,
    pub refused: AccessRefused,
    pub affiliation: AffiliationView,
    pub rights: Vec<RightView>,
    pub requests: FocalPointRequests,
    pub request: AffiliationRequest,
    pub organizations: AdminOrganizations,
    pub clients: AdminClients,
    pub events: AdminClientEvents,
    pub test: AdminClientTestResult,
}

/// Returns one of the samples: those of a page with fewer states come again.
fn sample<P: Page>(state: usize) -> P {
    let mut samples = P::samples();
    samples.swap_remove(state % samples.len())
}

impl Components {
    /// Returns the components of a group in a state, counted from 1. What there is not is the first.
    pub fn at(group: &str, state: usize) -> Self {
        let group = GROUPS.into_iter().find(|it| *it == group).unwrap_or(GROUPS[0]);
        let states = [
            SignupDetails::samples().len(),
            Login::samples().len(),
            SignupOrganization::samples().len(),
            Consent::samples().len(),
            AccessRefused::samples().len(),
            FocalPointRequests::samples().len(),
            AffiliationRequest::samples().len(),
            AdminOrganizations::samples().len(),
            AdminClients::samples().len(),
            AdminClientEvents::samples().len(),
            AdminClientTestResult::samples().len(),
            STATUSES.len(),
        ];
        let states = states.into_iter().max().unwrap_or(1);
        let state = if (1..=states).contains(&state) { state } else { 1 };
        let number = state - 1;
        Self {
            groups: GROUPS,
            group,
            state,
            states,
            details: sample(number),
            login: sample(number),
            signup: sample(number),
            consent: sample(number),
            refused: sample(number),
            affiliation: sample_affiliation(STATUSES[number % STATUSES.len()]),
            rights: sample_rights(),
            requests: sample(number),
            request: sample(number),
            organizations: sample(number),
            clients: sample(number),
            events: sample(number),
            test: sample(number),
        }
    }
}

impl Page for Components {
    const TEMPLATE: &'static str = "components";

    fn samples() -> Vec<Self> {
        let states = Self::at(GROUPS[0], 1).states;
        let all = GROUPS
            .iter()
            .flat_map(|group| (1..=states).map(|it| (*group, it)));
        all.map(|(group, state)| Self::at(group, state)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../templates/pages/components.html");

    /// The files that are shown elsewhere: the frame of every page, and mails, which have previews of their own.
    const ELSEWHERE: [&str; 4] = ["base.html", "mail.html", "mail.txt", "mail_button.html"];

    /// Fields that nobody sees.
    const UNSEEN: [&str; 2] = ["guard", "can_make_passkeys"];

    #[test]
    fn every_component_is_shown() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/components");
        let mut shown = String::from(PAGE);
        let mut names = Vec::new();
        for file in std::fs::read_dir(directory).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            if ELSEWHERE.contains(&&*name) {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).unwrap();
            for part in text.split("{% macro ").skip(1) {
                names.push(part.split('(').next().unwrap().to_owned());
            }
            // A component that another one uses is shown with it.
            shown.push_str(&text.replace("{% macro ", ""));
        }
        assert!(names.len() > 40, "{names:?}");
        for name in names.iter().filter(|it| !UNSEEN.contains(&it.as_str())) {
            let uses = shown.matches(&format!("{name}(")).count();
            assert!(uses > 1, "{name} is not on the page of components");
        }
    }

    #[test]
    fn what_there_is_not_is_the_first() {
        let first = Components::at("form", 1);
        for (group, state) in [("", 0), ("no-such", 99)] {
            let it = Components::at(group, state);
            assert_eq!((it.group, it.state), (first.group, first.state));
        }
    }
}
