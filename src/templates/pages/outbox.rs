//! `/demo/outbox`: the mails of the demo, in place of a mail server.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct OutboxRow {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    pub at: Time,
}

#[derive(Clone, Debug, Serialize)]
pub struct Outbox {
    pub mails: Vec<OutboxRow>,
}

impl Page for Outbox {
    const TEMPLATE: &'static str = "outbox";

    fn samples() -> Vec<Self> {
        let row = OutboxRow {
            id: "m1".into(),
            recipient: "john.doe@company.com".into(),
            subject: "Your validation code".into(),
            at: samples::at(),
        };
        vec![Self { mails: vec![] }, Self { mails: vec![row; 3] }]
    }
}

/// `/demo/outbox/{id}`: the text part, with its links to follow.
#[derive(Clone, Debug, Serialize)]
pub struct OutboxMail {
    pub mail: OutboxRow,
    pub text: String,
    /// The addresses in the text.
    pub links: Vec<String>,
}

impl OutboxMail {
    pub fn new(mail: OutboxRow, text: String) -> Self {
        let links = text
            .split_ascii_whitespace()
            .filter(|it| it.starts_with("http://") || it.starts_with("https://"))
            .map(str::to_owned)
            .collect();
        Self { mail, text, links }
    }
}

impl Page for OutboxMail {
    const TEMPLATE: &'static str = "outbox_mail";

    fn samples() -> Vec<Self> {
        let row = OutboxRow {
            id: "m1".into(),
            recipient: "john.doe@company.com".into(),
            subject: "Set a <new> password".into(),
            at: samples::at(),
        };
        vec![
            Self::new(row.clone(), "Code:\n\n01234567\n".into()),
            Self::new(
                row,
                "Link:\n\nhttp://localhost:8080/reset-password?token=pr_1&x=<\n".into(),
            ),
        ]
    }
}

/// One kind of mail in the list of previews.
#[derive(Clone, Debug, Serialize)]
pub struct MailKind {
    pub name: &'static str,
    /// The subject in the page's language.
    pub subject: String,
}

impl MailKind {
    /// Returns one for the samples of pages.
    pub fn sample() -> Self {
        Self {
            name: "password_reset",
            subject: "Set a <new> password".into(),
        }
    }
}

/// `/demo/mails`: `q`.
#[derive(Clone, Debug, Serialize)]
pub struct DemoMails {
    pub form: FormState,
    pub kinds: Vec<MailKind>,
}

impl Page for DemoMails {
    const TEMPLATE: &'static str = "demo_mails";

    fn samples() -> Vec<Self> {
        let page = |q, kinds| Self {
            form: FormState::new([("q", q)]),
            kinds,
        };
        vec![page("", vec![MailKind::sample(); 3]), page("nothing", vec![])]
    }
}

/// `/demo/mails/{kind}/{language}`: `number`.
#[derive(Clone, Debug, Serialize)]
pub struct DemoMail {
    pub kind: &'static str,
    pub language: String,
    /// The sample, from 1, and how many there are.
    pub number: usize,
    pub of: usize,
    pub subject: String,
    pub text: String,
}

impl Page for DemoMail {
    const TEMPLATE: &'static str = "demo_mail";

    fn samples() -> Vec<Self> {
        vec![Self {
            kind: "password_reset",
            language: "ar".into(),
            number: 1,
            of: 2,
            subject: "Set a <new> password".into(),
            text: "Link:\n\nhttp://localhost:8080/reset-password?token=pr_1&x=<\n".into(),
        }]
    }
}
