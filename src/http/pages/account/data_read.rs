//! Turns the file of a person's data into what the page shows: by subject, with the names of organizations and services,
//! without the columns that only say something to the product itself. Those are in the file.

use serde_json::{Map, Value};

use crate::accounts::data_file::{self, Excerpt};
use crate::domain::browser::browser_in_words;
use crate::domain::event::Action;
use crate::domain::message::Message;
use crate::i18n::Locale;
use crate::templates::pages::{DataField, DataSection};
use crate::{accounts, affiliations};

/// The way in which a value is written.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Time,
    YesNo,
    /// A language, by its own name.
    Language,
    /// What a browser says about itself, in words.
    Browser,
    /// The name of the organization or service with this identifier.
    Organization,
    Service,
    /// A value with a text of this family in the catalog.
    Label(&'static str),
    /// Several of them.
    Labels(&'static str),
    /// What a record of the trail is about, in the words of the history.
    Act,
}

use Form::{Act, Browser, Label, Labels, Language, Organization, Service, Text, Time, YesNo};

/// A column, the key of its name, and its form.
type Column = (&'static str, &'static str, Form);

/// A table and the columns of it that are shown. Its title is `data.section.<table>`.
const SECTIONS: &[(&str, &[Column])] = &[
    (
        "accounts",
        &[
            ("email", "field.email", Text),
            ("email_verified", "data.field.verified", YesNo),
            ("first_name", "field.first_name", Text),
            ("last_name", "field.last_name", Text),
            ("title", "field.title", Label("title")),
            ("gender", "field.gender", Label("gender")),
            ("job_title", "field.job_title", Text),
            (
                "professional_role",
                "field.professional_role",
                Label("professional_role"),
            ),
            ("language", "field.language", Language),
            ("newsletter", "data.field.newsletter", YesNo),
            ("sub", "field.identifier", Text),
            ("created_at", "data.field.created", Time),
            ("terms_version", "data.field.terms", Text),
            ("privacy_version", "data.field.privacy", Text),
            ("terms_accepted_at", "data.field.terms_accepted", Time),
        ],
    ),
    (
        "document_acceptances",
        &[
            ("document", "data.field.document", Label("nav")),
            ("version", "data.field.version", Text),
            ("language", "field.language", Language),
            ("accepted_at", "data.field.accepted", Time),
            ("sha256", "data.field.fingerprint", Text),
        ],
    ),
    (
        "account_deletions",
        &[
            ("requested_at", "field.requested_at", Time),
            ("delete_at", "data.field.delete_at", Time),
        ],
    ),
    (
        "email_changes",
        &[
            ("old_email", "data.field.old_address", Text),
            ("new_email", "data.field.new_address", Text),
            ("requested_at", "field.requested_at", Time),
            ("changed_at", "data.field.changed", Time),
        ],
    ),
    (
        "newsletter_subscriptions",
        &[
            ("given_at", "data.field.since", Time),
            ("words", "data.field.consent_words", Text),
            ("page", "data.field.consent_page", Label("newsletter.page")),
            ("language", "field.language", Language),
            ("network", "data.field.network", Text),
            ("stopped_at", "data.field.ended", Time),
        ],
    ),
    (
        "affiliations",
        &[
            ("organization_id", "field.organization", Organization),
            ("status", "field.status", Label("affiliation_status")),
            ("requested_at", "field.requested_at", Time),
            ("decided_at", "data.field.decided", Time),
            ("decision_reason", "field.reason", Text),
            ("ended_at", "data.field.ended", Time),
            ("end_reason", "field.reason", Text),
        ],
    ),
    (
        "ties_rights",
        &[
            ("right_type", "data.field.right", Label("ties_right")),
            ("status", "field.status", Label("ties_status")),
            ("requested_at", "field.requested_at", Time),
            ("decided_at", "data.field.decided", Time),
            ("decision_reason", "field.reason", Text),
            ("ended_at", "data.field.ended", Time),
            ("end_reason", "field.reason", Text),
        ],
    ),
    (
        "focal_points",
        &[
            ("organization_id", "field.organization", Organization),
            ("designated_at", "data.field.since", Time),
            ("absent_from", "data.field.absent_from", Time),
            ("absent_until", "data.field.absent_until", Time),
        ],
    ),
    (
        "deputies",
        &[
            ("organization_id", "field.organization", Organization),
            ("starts_at", "data.field.since", Time),
            ("ends_at", "data.field.ends", Time),
        ],
    ),
    (
        "organizations",
        &[
            ("name", "field.organization_name", Text),
            ("acronym", "field.organization_acronym", Text),
            ("city", "field.organization_city", Text),
            ("website", "field.organization_website", Text),
            ("created_at", "data.field.created", Time),
        ],
    ),
    (
        "service_uses",
        &[
            ("client_id", "data.field.service", Service),
            ("scope", "data.field.received", Labels("scope")),
            ("claims", "data.field.received", Labels("claim")),
            ("first_used_at", "data.field.first_used", Time),
            ("last_used_at", "data.field.last_used", Time),
        ],
    ),
    (
        "client_owners",
        &[
            ("client_id", "data.field.service", Service),
            ("named_at", "data.field.since", Time),
        ],
    ),
    (
        "consents",
        &[
            ("client_id", "data.field.service", Service),
            ("scope", "data.field.received", Labels("scope")),
            ("claims", "data.field.received", Labels("claim")),
            ("first_given_at", "data.field.first_given", Time),
            ("given_at", "data.field.last_given", Time),
        ],
    ),
    (
        "refresh_tokens",
        &[
            ("client_id", "data.field.service", Service),
            ("issued_at", "data.field.since", Time),
            ("expires_at", "data.field.until", Time),
        ],
    ),
    (
        "authentication_requests",
        &[
            ("client_id", "data.field.service", Service),
            ("requested_at", "field.requested_at", Time),
            ("binding_message", "data.field.message", Text),
            ("decided_at", "data.field.decided", Time),
        ],
    ),
    (
        "sessions",
        &[
            ("user_agent", "data.field.browser", Browser),
            ("network", "data.field.network", Text),
            ("created_at", "data.field.since", Time),
            ("last_used_at", "data.field.last_used", Time),
            ("ended_at", "data.field.ended", Time),
        ],
    ),
    (
        "passkeys",
        &[
            ("name", "passkeys.name", Text),
            ("created_at", "data.field.since", Time),
            ("last_used_at", "data.field.last_used", Time),
        ],
    ),
    ("totp_factors", &[("created_at", "data.field.since", Time)]),
    (
        "outbox_mails",
        &[
            ("subject", "data.field.subject", Text),
            ("recipient", "field.email", Text),
            ("sent_at", "data.field.sent", Time),
        ],
    ),
    (
        "events",
        &[
            ("at", "data.field.at", Time),
            ("action", "data.field.act", Act),
            ("success", "data.field.success", YesNo),
            ("network", "data.field.network", Text),
        ],
    ),
];

/// Returns the subjects of which there is something.
pub(super) fn sections(data: &Excerpt) -> Vec<DataSection> {
    let found = SECTIONS.iter().filter_map(|(table, columns)| {
        let newest = data.tables.get(*table)?;
        (newest.count > 0).then(|| DataSection {
            name: table,
            count: newest.count,
            records: newest
                .rows
                .iter()
                .rev()
                .map(|row| record(data, row, columns))
                .collect(),
        })
    });
    found.collect()
}

fn record(data: &Excerpt, row: &Map<String, Value>, columns: &[Column]) -> Vec<DataField> {
    let fields = columns.iter().filter_map(|(column, label, form)| {
        if matches!(form, Act) {
            return Some(DataField {
                label,
                kind: "message",
                family: None,
                values: Vec::new(),
                message: Some(act(data, row)),
            });
        }
        let values = values(data, row.get(*column)?, *form)?;
        Some(DataField {
            label,
            kind: match form {
                Time => "time",
                YesNo => "yes_no",
                _ => "text",
            },
            family: match form {
                Label(family) | Labels(family) => Some(family),
                _ => None,
            },
            values,
            message: None,
        })
    });
    fields.collect()
}

/// Says what a record is about: as the history does, where that has it; else what kind of thing it is about.
fn act(data: &Excerpt, row: &Map<String, Value>) -> Message {
    let text = |column: &str| row.get(column).and_then(Value::as_str);
    let code = text("action").unwrap_or_default();
    let action = Action::parse(code);
    let worded = action.and_then(|it| {
        accounts::history::wording(it, text("reason")).or_else(|| affiliations::history::wording(it))
    });
    let kind = || match code.split('.').next().unwrap_or_default() {
        "token" | "authorization" => "data.act.service",
        "client" => "data.act.client",
        "organization" => "data.act.organization",
        _ => "data.act.other",
    };
    let client = data_file::client_of(row).unwrap_or_default();
    let service = data.names.services.get(client).map_or(client, String::as_str);
    Message::new(worded.unwrap_or_else(kind)).with("service", service)
}

/// Returns what is to be written, or `None` for a column without a value.
fn values(data: &Excerpt, stored: &Value, form: Form) -> Option<Vec<String>> {
    if let Some(is_so) = stored.as_bool() {
        return Some(vec![if is_so { "yes" } else { "no" }.to_owned()]);
    }
    let text = stored.as_str().filter(|it| !it.trim().is_empty())?;
    let name = |names: &std::collections::BTreeMap<String, String>| {
        names.get(text).cloned().unwrap_or_else(|| text.to_owned())
    };
    Some(match form {
        Labels(_) => text.split_whitespace().map(str::to_owned).collect(),
        Organization => vec![name(&data.names.organizations)],
        Service => vec![name(&data.names.services)],
        Browser => {
            let words = browser_in_words(text);
            vec![if words.is_empty() { text.to_owned() } else { words }]
        }
        Language => vec![Locale::parse(text).map_or(text, |it| it.own_name()).to_owned()],
        Text | Time | YesNo | Label(_) | Act => vec![text.to_owned()],
    })
}
