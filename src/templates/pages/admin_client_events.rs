//! `/admin/clients/{id}/events` and below: the stream, the webhooks and the SCIM targets of a service, how the delivery goes, and what could not
//! be delivered.

use serde::Serialize;

use super::admin_clients::NewSecret;
use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// A stream, a webhook or a SCIM target.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiverRow {
    pub id: String,
    /// `push`, `poll`, `webhook` or `scim`.
    pub kind: &'static str,
    /// `enabled`, `paused` or `disabled`.
    pub status: &'static str,
    pub status_reason: Option<String>,
    pub endpoint: Option<String>,
    pub description: String,
    /// The kinds of events, by the last part of their types.
    pub events: Vec<&'static str>,
    pub created_at: Time,
    pub waiting: u64,
    pub oldest: Option<Time>,
    pub dead: u64,
    pub delivered: u64,
    pub failing: bool,
    pub last_success_at: Option<Time>,
    pub last_failure_at: Option<Time>,
    pub last_failure: Option<String>,
    /// The end of the secret before the present one.
    pub former_secret_until: Option<Time>,
    /// Whom a SCIM target is provisioned with: `used` or `policy`.
    pub people: Option<&'static str>,
    /// The time at which everybody was last looked at for a SCIM target.
    pub everybody_at: Option<Time>,
}

impl ReceiverRow {
    fn samples() -> Vec<Self> {
        let webhook = Self {
            id: "q3Zt0yB1kGf7bWcV9sXdPA".into(),
            kind: "webhook",
            status: "paused",
            status_reason: Some("The endpoint answered 410".into()),
            endpoint: Some(format!("https://events.example.org/{}", "hear/".repeat(12))),
            description: "Membership of <ITU Events>".into(),
            events: vec!["session-revoked", "token-claims-change", "account-purged"],
            created_at: samples::at(),
            waiting: 12,
            oldest: Some(samples::at()),
            dead: 3,
            delivered: 48_211,
            failing: true,
            last_success_at: Some(samples::at()),
            last_failure_at: Some(samples::at()),
            last_failure: Some("it answered 410, where 200 is expected".into()),
            former_secret_until: Some(samples::at()),
            people: None,
            everybody_at: None,
        };
        let stream = Self {
            kind: "poll",
            status: "enabled",
            status_reason: None,
            endpoint: None,
            description: String::new(),
            waiting: 0,
            oldest: None,
            dead: 0,
            delivered: 0,
            failing: false,
            last_success_at: None,
            last_failure_at: None,
            last_failure: None,
            former_secret_until: None,
            ..webhook.clone()
        };
        vec![
            Self {
                kind: "push",
                status: "disabled",
                ..stream.clone()
            },
            stream.clone(),
            webhook,
            Self {
                kind: "scim",
                endpoint: Some("https://events.example.org/scim/v2".into()),
                events: vec![],
                people: Some("policy"),
                everybody_at: Some(samples::at()),
                ..stream
            },
        ]
    }
}

/// `/admin/clients/{id}/events`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClientEvents {
    pub id: String,
    pub name: String,
    pub rows: Vec<ReceiverRow>,
    /// The kinds that a webhook may hear of.
    pub kinds: Vec<&'static str>,
    pub form: FormState,
}

impl Page for AdminClientEvents {
    const TEMPLATE: &'static str = "admin_client_events";

    fn samples() -> Vec<Self> {
        let page = |rows, form| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            rows,
            kinds: vec!["session-revoked", "credential-change", "account-purged"],
            form,
        };
        let wrong = FormState::new([("endpoint", "http://<&>"), ("session-revoked", "on")])
            .error("endpoint", "error.invalid");
        vec![
            page(vec![], FormState::default()),
            page(ReceiverRow::samples(), wrong),
        ]
    }
}

/// An event that could not be delivered.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    pub id: String,
    pub kind: &'static str,
    pub caused_at: Time,
    pub attempts: u64,
    pub failure: Option<String>,
}

/// `/admin/clients/{id}/events/{receiver}`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClientReceiver {
    pub id: String,
    pub name: String,
    pub row: ReceiverRow,
    pub letters: Vec<DeadLetter>,
    pub form: FormState,
    pub kinds: Vec<&'static str>,
    pub paging: Paging,
}

impl Page for AdminClientReceiver {
    const TEMPLATE: &'static str = "admin_client_receiver";

    fn samples() -> Vec<Self> {
        let letter = DeadLetter {
            id: "Jm4n1oVt3rS8xYqLwEaUzg".into(),
            kind: "token-claims-change",
            caused_at: samples::at(),
            attempts: 8,
            failure: Some("it answered 400 <&>, where 200 is expected".into()),
        };
        let bare = DeadLetter {
            failure: None,
            attempts: 0,
            ..letter.clone()
        };
        let page = |row, letters: Vec<DeadLetter>, total| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            row,
            letters,
            form: FormState::default(),
            kinds: vec!["session-revoked", "token-claims-change"],
            paging: Paging::new(1, 25, total, "/admin/clients/events/events/x", &[]),
        };
        let rows = ReceiverRow::samples();
        let mut pages: Vec<Self> = rows.iter().map(|it| page(it.clone(), vec![], 0)).collect();
        pages.push(page(rows[2].clone(), vec![letter, bare], 60));
        pages
    }
}

/// `/admin/clients/{id}/events/{receiver}/confirm?action=…`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminReceiverConfirm {
    pub id: String,
    pub name: String,
    pub row: ReceiverRow,
    /// The texts are `admin.event_act.<action>.…`.
    pub action: &'static str,
    /// One dead letter, or all.
    pub letter: Option<String>,
    pub takes_reason: bool,
    /// The time until which the present secret signs as well.
    pub works_until: Time,
    pub form: FormState,
}

impl AdminReceiverConfirm {
    pub const ACTIONS: [&str; 8] = [
        "test",
        "pause",
        "resume",
        "disable",
        "replay",
        "discard",
        "rotate_secret",
        "delete",
    ];
}

impl Page for AdminReceiverConfirm {
    const TEMPLATE: &'static str = "admin_receiver_confirm";

    fn samples() -> Vec<Self> {
        let rows = ReceiverRow::samples();
        let page = |action: &'static str, row: &ReceiverRow| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            row: row.clone(),
            action,
            letter: (action == "replay").then(|| "Jm4n1oVt3rS8xYqLwEaUzg".into()),
            takes_reason: ["pause", "disable"].contains(&action),
            works_until: samples::at(),
            form: FormState::new([("reason", "<&>")]),
        };
        let of_users = Self::ACTIONS.into_iter().filter(|it| *it != "rotate_secret");
        let of_users = of_users.map(|it| page(it, &rows[3]));
        let all = Self::ACTIONS.into_iter().map(|it| page(it, &rows[2]));
        all.chain(of_users).collect()
    }
}

/// `/admin/clients/{id}/events/{receiver}/secret`, for the account that made the secret.
#[derive(Clone, Debug, Serialize)]
pub struct AdminWebhookSecret {
    pub id: String,
    pub name: String,
    pub row: ReceiverRow,
    pub new_secret: NewSecret,
}

impl Page for AdminWebhookSecret {
    const TEMPLATE: &'static str = "admin_webhook_secret";
    const HAS_LASTING_SECRET: bool = true;

    fn samples() -> Vec<Self> {
        vec![Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            row: ReceiverRow::samples().remove(2),
            new_secret: NewSecret {
                secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDSrsVJJb1FDc=".into(),
                done: "flash.webhook_added".into(),
            },
        }]
    }
}

/// `/admin/clients/{id}/scim-target`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminScimTargetNew {
    pub id: String,
    pub name: String,
    pub form: FormState,
}

impl Page for AdminScimTargetNew {
    const TEMPLATE: &'static str = "admin_scim_target_new";

    fn samples() -> Vec<Self> {
        let page = |form| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            form,
        };
        let wrong = FormState::new([("endpoint", "http://<&>"), ("people", "policy")])
            .error("endpoint", "error.invalid")
            .error("people", "admin.scim_target.no_policy");
        vec![
            page(FormState::new([("people", "used")])),
            page(wrong),
            page(FormState::default().notice("admin.scim_target.too_many")),
        ]
    }
}

/// `/admin/clients/{id}/events/{receiver}/token`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminScimTargetToken {
    pub id: String,
    pub name: String,
    pub row: ReceiverRow,
    pub form: FormState,
}

impl Page for AdminScimTargetToken {
    const TEMPLATE: &'static str = "admin_scim_target_token";

    fn samples() -> Vec<Self> {
        let page = |form| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            row: ReceiverRow::samples().remove(3),
            form,
        };
        let wrong = FormState::default().error("token", "admin.scim_target.no_token");
        vec![page(FormState::default()), page(wrong)]
    }
}
