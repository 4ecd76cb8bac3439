//! The pages of a view of somebody's account by the staff: the one that begins it, and the one about the view that goes on.

use serde::Serialize;

use crate::templates::{FormState, Page};

/// `/admin/accounts/{id}/view`: `reason`, `ticket`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminAccountView {
    pub id: String,
    pub name: String,
    pub email: String,
    /// The longest time of a view, in minutes.
    pub minutes: u64,
    pub form: FormState,
}

impl Page for AdminAccountView {
    const TEMPLATE: &'static str = "admin_account_view";

    fn samples() -> Vec<Self> {
        let page = |form| Self {
            id: "0123".into(),
            name: "John <i>Doe</i>".into(),
            email: "john.doe@company.com".into(),
            minutes: 15,
            form,
        };
        vec![
            page(FormState::default()),
            page(
                FormState::new([("reason", "Asked <b>why</b>"), ("ticket", "John Doe")])
                    .error("reason", "error.required")
                    .error("ticket", "error.ticket"),
            ),
            page(FormState::default().notice("error.try_again")),
        ]
    }
}

/// `/viewing`, in each of its states.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Viewing {
    Running { person: String },
    Over,
}

impl Page for Viewing {
    const TEMPLATE: &'static str = "viewing";

    fn samples() -> Vec<Self> {
        let person = "John <i>Doe</i>".into();
        vec![Self::Running { person }, Self::Over]
    }
}
