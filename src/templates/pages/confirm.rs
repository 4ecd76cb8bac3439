//! The page before an act that cannot be taken back: it says what will happen, and its button sends the form.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// `…/confirm` beside the page that offers the act.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Confirm {
    /// The name of the texts `confirm.{act}.title` and `.text`.
    pub act: &'static str,
    /// The value in the text: whom or what the act concerns, in which organization, and which TIES right.
    pub object: String,
    pub organization: String,
    pub right: String,
    /// The first and the last day in the text.
    pub term: Option<(Time, Time)>,
    /// The text on the button.
    pub button: &'static str,
    /// The page that offers the act; the form goes to `confirm` below it, with these hidden fields.
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
    /// The name and the value of the button.
    pub parameter: &'static str,
    pub action: &'static str,
    /// `true` if a reason can be given. The person concerned gets it.
    pub takes_reason: bool,
    /// The text beside the reason, if it says more than that the person gets it.
    pub reason_hint: Option<&'static str>,
    pub form: FormState,
    /// The path that *Cancel* leads to.
    pub back: String,
}

impl Confirm {
    /// Builds the page for an act that `path` offers. *Cancel* leads back there.
    pub fn new(act: &'static str, path: &str, action: &'static str, button: &'static str) -> Self {
        Self {
            act,
            button,
            path: path.to_owned(),
            parameter: "action",
            action,
            back: path.to_owned(),
            ..Self::default()
        }
    }

    /// Shows what was typed, after the form was refused.
    pub fn again(mut self, form: FormState) -> Self {
        self.form = form;
        self
    }

    /// Names the button `decision`, as the form of a decision does.
    pub fn decides(mut self) -> Self {
        self.parameter = "decision";
        self
    }

    pub fn of(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }

    pub fn within(mut self, organization: &str) -> Self {
        organization.clone_into(&mut self.organization);
        self
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }
}

impl Page for Confirm {
    const TEMPLATE: &'static str = "confirm";

    fn samples() -> Vec<Self> {
        let acts = [
            ("session", "account.sessions.end"),
            ("other_sessions", "account.sessions.end_others"),
            ("everywhere", "account.sessions.end_everywhere"),
            ("deletion", "delete.action"),
            ("access", "account.services.withdraw"),
            ("request", "account.organization.withdraw_request"),
            ("affiliation", "account.organization.end"),
            ("two_step", "totp.remove"),
            ("app", "passkeys.remove"),
            ("passkey", "passkeys.remove"),
            ("refuse", "focal_point.refuse"),
            ("revoke", "focal_point.revoke"),
            ("designate", "focal_point.designate"),
            ("appoint", "focal_point.designate"),
            ("undesignate", "focal_point.undesignate"),
            ("remove", "focal_point.remove"),
            ("reject", "focal_point.reject"),
            ("unlock", "admin.account.unlock"),
            ("send_reset", "admin.account.reset"),
            ("end_sessions", "admin.account.end_sessions"),
            ("suspend", "admin.account.suspend"),
            ("reinstate", "admin.account.lift"),
            ("give_role", "confirm.give_role.button"),
            ("name_owner", "admin.client_owners.name_button"),
            ("remove_owner", "admin.client_owners.remove"),
            ("newsletter", "admin.newsletter.stop"),
            ("name_deputy", "office.name"),
            ("end_deputy", "office.end"),
            ("hand_over", "office.hand_over"),
            ("give_up", "office.give_up"),
        ];
        let sample = |(act, button)| Self {
            right: "Documents".into(),
            term: (act == "name_deputy").then(|| (samples::at(), samples::at())),
            takes_reason: matches!(act, "remove" | "reject" | "suspend"),
            reason_hint: (act == "suspend").then_some("admin.account.reason"),
            ..Self::new(act, "/account/sessions", "end", button)
                .of("Dr. <b>Anne</b> Exemplaire")
                .within("Bundesamt & Söhne")
                .with("session_id", "s\"1")
        };
        acts.map(sample).to_vec()
    }
}
