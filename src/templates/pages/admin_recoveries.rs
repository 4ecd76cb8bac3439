//! `/admin/recoveries` and below, and the page of the link that stops a recovery (security.md PW-10).

use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// `/admin/recoveries?email=&page=`; POST: `account_id`, `email`, `reason`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminRecoveries {
    pub form: FormState,
    pub search: RecoverySearch,
    pub rows: Vec<RecoveryRow>,
    pub paging: Paging,
}

/// What the search for a person found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoverySearch {
    /// Nobody was looked for.
    None,
    Nobody,
    Found(CandidateView),
}

#[derive(Clone, Debug, Serialize)]
pub struct CandidateView {
    pub account_id: String,
    pub name: String,
    pub email: String,
    pub has_second_factor: bool,
    pub is_own: bool,
    /// The recovery that is open already.
    pub open_id: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RecoveryRow {
    pub id: String,
    pub person: String,
    /// `asked`, `confirmed`, `done`, `stopped`, `cancelled`, `expired`.
    pub state: String,
    pub asked_at: Time,
}

const STATES: [&str; 6] = ["asked", "confirmed", "done", "stopped", "cancelled", "expired"];

impl Page for AdminRecoveries {
    const TEMPLATE: &'static str = "admin_recoveries";

    fn samples() -> Vec<Self> {
        let candidate = CandidateView {
            account_id: "0123".into(),
            name: "John <i>Doe</i>".into(),
            email: "john.doe@company.com".into(),
            has_second_factor: true,
            is_own: false,
            open_id: None,
        };
        let page = |search, form| Self {
            form,
            search,
            rows: Vec::new(),
            paging: Paging::new(1, 25, 0, "/admin/recoveries", &[]),
        };
        let found = |candidate| {
            let form = FormState::new([("email", "john.doe@company.com")]);
            page(RecoverySearch::Found(candidate), form)
        };
        let rows = STATES.map(|state| RecoveryRow {
            id: state.into(),
            person: "john.doe@company.com".into(),
            state: state.into(),
            asked_at: samples::at(),
        });
        vec![
            page(RecoverySearch::None, FormState::default()),
            page(
                RecoverySearch::Nobody,
                FormState::new([("email", "jane@company.com")]),
            ),
            page(
                RecoverySearch::None,
                FormState::new([("email", "jane")]).error("email", "error.email"),
            ),
            found(candidate.clone()),
            found(CandidateView {
                has_second_factor: false,
                ..candidate.clone()
            }),
            found(CandidateView {
                is_own: true,
                ..candidate.clone()
            }),
            found(CandidateView {
                open_id: Some("4567".into()),
                ..candidate.clone()
            }),
            Self {
                form: FormState::new([("email", "john.doe@company.com")]).error("reason", "error.required"),
                search: RecoverySearch::Found(candidate),
                rows: rows.to_vec(),
                paging: Paging::new(1, 25, 60, "/admin/recoveries", &[]),
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct RecoveryFacts {
    pub id: String,
    /// As in `RecoveryRow`.
    pub state: String,
    pub name: String,
    pub email: String,
    pub reason: String,
    /// The names of the administrators; `None` if there is no such account any more.
    pub asked_by: Option<String>,
    pub asked_at: Time,
    pub confirmed_by: Option<String>,
    pub confirmed_at: Option<Time>,
    pub due_at: Option<Time>,
    pub ended_at: Option<Time>,
}

/// `/admin/recoveries/{id}`: `decision=confirm|cancel`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminRecovery {
    pub form: FormState,
    pub facts: RecoveryFacts,
    pub may_confirm: bool,
    pub may_cancel: bool,
    /// `true` if this administrator asked for it, so that another confirms.
    pub needs_another: bool,
}

impl Page for AdminRecovery {
    const TEMPLATE: &'static str = "admin_recovery";

    fn samples() -> Vec<Self> {
        let facts = |state: &str| RecoveryFacts {
            id: "0123".into(),
            state: state.into(),
            name: "John <i>Doe</i>".into(),
            email: "john.doe@company.com".into(),
            reason: "Called from the number that is known here.".into(),
            asked_by: Some("Ada Admin".into()),
            asked_at: samples::at(),
            confirmed_by: (state != "asked").then(|| "Bob Admin".into()),
            confirmed_at: (state != "asked").then(samples::at),
            due_at: matches!(state, "asked" | "confirmed").then(samples::at),
            ended_at: (!matches!(state, "asked" | "confirmed")).then(samples::at),
        };
        let page = |state: &str| Self {
            form: FormState::default(),
            facts: facts(state),
            may_confirm: false,
            may_cancel: false,
            needs_another: false,
        };
        let mut all: Vec<Self> = STATES.map(page).to_vec();
        all.push(Self {
            may_confirm: true,
            may_cancel: true,
            ..page("asked")
        });
        all.push(Self {
            needs_another: true,
            may_cancel: true,
            ..page("asked")
        });
        all.push(Self {
            form: FormState::default().notice("error.try_again"),
            may_cancel: true,
            ..page("confirmed")
        });
        all
    }
}

/// `/recovery/stop`, in each of its states.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecoveryStop {
    /// The link is valid: its button stops the recovery, which would be done then.
    Open {
        at: Time,
    },
    Done,
    /// The recovery was stopped, cancelled or done.
    Void,
}

impl Page for RecoveryStop {
    const TEMPLATE: &'static str = "recovery_stop";

    fn samples() -> Vec<Self> {
        vec![Self::Open { at: samples::at() }, Self::Done, Self::Void]
    }
}
