//! `/admin/mail`: the outgoing mails, the acts on those that were given up, and the previews of all kinds.

use serde::Serialize;

use super::outbox::MailKind;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct MailRow {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    /// The name of its template.
    pub kind: String,
    /// `queued`, `being_sent`, `sent`, `given_up`.
    pub state: &'static str,
    pub at: Time,
}

impl MailRow {
    fn sample(state: &'static str) -> Self {
        Self {
            id: "0123".into(),
            recipient: format!("{}@company.com", "john.doe".repeat(4)),
            subject: "Set a <new> password".into(),
            kind: "password_reset".into(),
            state,
            at: samples::at(),
        }
    }
}

/// `/admin/mail?q=&kind=&state=&after=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminMails {
    pub form: FormState,
    /// The names of all templates, and of all states.
    pub kinds: Vec<&'static str>,
    pub states: Vec<&'static str>,
    pub waiting: u64,
    pub given_up: u64,
    pub rows: Vec<MailRow>,
    pub older: Option<String>,
    pub newest: Option<String>,
    pub is_filtered: bool,
    /// Where all that match and were given up go once more; `None` if none is shown.
    pub resend_all: Option<String>,
    /// Where all that match and were given up are discarded; `None` if none is shown.
    pub discard_all: Option<String>,
}

impl Page for AdminMails {
    const TEMPLATE: &'static str = "admin_mails";

    fn samples() -> Vec<Self> {
        let states = vec!["queued", "being_sent", "sent", "given_up"];
        let page = |rows: Vec<MailRow>| Self {
            form: FormState::new([
                ("q", "john@<&>"),
                ("kind", "password_reset"),
                ("state", "given_up"),
            ]),
            kinds: vec!["password_reset", "new_sign_in"],
            states: states.clone(),
            waiting: rows.len() as u64,
            given_up: rows.len() as u64 * 1000,
            older: (!rows.is_empty()).then(|| "/admin/mail?after=1.2".into()),
            newest: (!rows.is_empty()).then(|| "/admin/mail".into()),
            is_filtered: true,
            resend_all: (!rows.is_empty()).then(|| "/admin/mail/confirm?q=".into()),
            discard_all: (!rows.is_empty()).then(|| "/admin/mail/confirm?action=discard".into()),
            rows,
        };
        let wrong = Self {
            form: FormState::new([("kind", "none"), ("state", "none")])
                .error("kind", "error.choose")
                .error("state", "error.choose"),
            ..page(vec![])
        };
        let rows = states.iter().copied().map(MailRow::sample).collect();
        vec![page(rows), page(vec![]), wrong]
    }
}

/// `/admin/mail/{id}`: never with the text of the mail.
#[derive(Clone, Debug, Serialize)]
pub struct AdminMail {
    pub row: MailRow,
    pub account: Option<String>,
    pub attempts: u64,
    pub next_attempt_at: Option<Time>,
    pub sent_at: Option<Time>,
    pub failed_at: Option<Time>,
    pub last_error: Option<String>,
    /// The time from which the code or the link in it opens nothing.
    pub void_at: Option<Time>,
    pub can_be_resent: bool,
    pub can_be_discarded: bool,
}

impl Page for AdminMail {
    const TEMPLATE: &'static str = "admin_mail";

    fn samples() -> Vec<Self> {
        let page = |state| Self {
            row: MailRow::sample(state),
            account: Some("0123".into()),
            attempts: 3,
            next_attempt_at: Some(samples::at()),
            sent_at: None,
            failed_at: None,
            last_error: Some("refused: <550> 5.1.1 no such user".into()),
            void_at: None,
            can_be_resent: false,
            can_be_discarded: false,
        };
        let given_up = Self {
            next_attempt_at: None,
            failed_at: Some(samples::at()),
            can_be_discarded: true,
            ..page("given_up")
        };
        vec![
            page("queued"),
            page("being_sent"),
            Self {
                sent_at: Some(samples::at()),
                next_attempt_at: None,
                last_error: None,
                account: None,
                ..page("sent")
            },
            Self {
                can_be_resent: true,
                ..given_up.clone()
            },
            Self {
                void_at: Some(samples::at()),
                ..given_up
            },
        ]
    }
}

/// `/admin/mail/{id}/confirm` and `/admin/mail/confirm`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminMailConfirm {
    /// `resend`, `discard`.
    pub action: &'static str,
    /// The mail that it is about; `None` for all that match.
    pub row: Option<MailRow>,
    pub number: u64,
    /// `true` if there may be more than `number`.
    pub is_cut: bool,
    pub recipient: String,
    pub kind: String,
    /// The time of this page: what is given up after it is not discarded with the others.
    pub until: String,
    pub back: String,
    pub form: FormState,
}

impl Page for AdminMailConfirm {
    const TEMPLATE: &'static str = "admin_mail_confirm";

    fn samples() -> Vec<Self> {
        let page = |action, row| Self {
            action,
            row,
            number: 12,
            is_cut: false,
            recipient: String::new(),
            kind: String::new(),
            until: "2026-11-30T12:00:00Z".into(),
            back: "/admin/mail".into(),
            form: FormState::default(),
        };
        vec![
            page("resend", Some(MailRow::sample("given_up"))),
            page("discard", Some(MailRow::sample("given_up"))),
            page("resend", None),
            Self {
                number: 10_000,
                is_cut: true,
                recipient: "john@<&>".into(),
                kind: "password_reset".into(),
                ..page("resend", None)
            },
            page("discard", None),
            Self {
                number: 10_000,
                is_cut: true,
                form: FormState::default().error("reason", "error.required"),
                ..page("discard", None)
            },
        ]
    }
}

/// `/admin/mail/templates?q=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminMailTemplates {
    pub form: FormState,
    pub kinds: Vec<MailKind>,
}

impl Page for AdminMailTemplates {
    const TEMPLATE: &'static str = "admin_mail_templates";

    fn samples() -> Vec<Self> {
        let page = |q, kinds| Self {
            form: FormState::new([("q", q)]),
            kinds,
        };
        vec![page("", vec![MailKind::sample(); 3]), page("nothing", vec![])]
    }
}

/// `/admin/mail/templates/{kind}/{language}?number=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminMailTemplate {
    pub kind: &'static str,
    pub language: String,
    /// The sample, from 1, and how many there are.
    pub number: usize,
    pub of: usize,
    pub subject: String,
    pub text: String,
}

impl Page for AdminMailTemplate {
    const TEMPLATE: &'static str = "admin_mail_template";

    fn samples() -> Vec<Self> {
        let page = |language: &str, of| Self {
            kind: "password_reset",
            language: language.into(),
            number: 1,
            of,
            subject: "Set a <new> password".into(),
            text: "Link:\n\nhttp://localhost:8080/reset-password?token=pr_1&x=<\n".into(),
        };
        vec![page("ar", 2), page("fr", 1)]
    }
}
