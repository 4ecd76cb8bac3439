//! Reads all that the database holds on one person, table by table, for the download of their data. Every column of an
//! entity is given, but those of `WITHHELD`; a table is read here or stands in `WITHOUT_PEOPLE`. A test walks the schema
//! of the database, so that a new table or column is in one of the three.

use std::collections::BTreeSet;

use chrono::SecondsFormat;
use sea_orm::sea_query::IntoCondition;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityName, EntityTrait, IdenStatic, Iterable, ModelTrait,
    QueryFilter, QueryOrder, QuerySelect, Value as Stored,
};
use serde_json::{Map, Value};

use super::entities::{
    account, account_deletion, account_view, account_word, affiliation, affiliation_word, assisted_recovery,
    authentication_request, client_owner, code_attempt, consent, data_download, deletion_link, deputy,
    document_acceptance, document_version, email_change, email_code, event, event_delivery, focal_point,
    former_address, global_revocation, imported_address, login_throttle, newsletter_subscription,
    not_me_link, organization, outbox_mail, passkey, passkey_offer, password_reset, recovery_code,
    refresh_token, revocation, scim_resource, second_factor_deadline, service_use, session, session_client,
    ties_right, totp_factor, weekly_digest,
};
use super::revocations::Whose;
use super::{global_revocations, login_throttles, outbox};
use crate::domain::AccountId;

/// The longest list of one `IN`, and the records of the trail that are in memory at once.
const LISTED: usize = 400;

/// The keys by which rows are a person's.
#[derive(Debug)]
pub struct Person<'a> {
    pub account: &'a AccountId,
    /// The address as mails are sent to it.
    pub email: &'a str,
    /// The keyed digests by which limits know the address, and those that the account had.
    pub addresses: &'a [String],
    /// What counters of failures are about, in whatever browser.
    pub throttles: &'a [String],
}

/// The rows of one table that are about the person, or a part of them.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// The columns that are given.
    pub columns: Vec<&'static str>,
    pub rows: Vec<Map<String, Value>>,
}

/// The reason for which a column is named and not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Whoever has it can log in, or could try to find out the password.
    Secret,
    /// It names somebody else.
    AnotherPerson,
    /// It is the download itself.
    ThisFile,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::AnotherPerson => "another_person",
            Self::ThisFile => "this_file",
        }
    }
}

pub const WITHHELD: &[(&str, &str, Reason)] = &[
    // The session and the language of whoever looked.
    ("account_views", "language", Reason::AnotherPerson),
    ("account_views", "session_id", Reason::AnotherPerson),
    ("accounts", "password_hash", Reason::Secret),
    ("affiliations", "decided_by", Reason::AnotherPerson),
    ("affiliations", "ended_by", Reason::AnotherPerson),
    ("assisted_recoveries", "asked_by", Reason::AnotherPerson),
    ("assisted_recoveries", "confirmed_by", Reason::AnotherPerson),
    ("assisted_recoveries", "stop_digest", Reason::Secret),
    ("authentication_requests", "digest", Reason::Secret),
    ("authentication_requests", "ping", Reason::Secret),
    ("client_owners", "named_by", Reason::AnotherPerson),
    ("data_downloads", "content", Reason::ThisFile),
    ("deletion_links", "digest", Reason::Secret),
    ("deputies", "named_by", Reason::AnotherPerson),
    ("email_changes", "undo_digest", Reason::Secret),
    ("email_codes", "hmac", Reason::Secret),
    ("event_deliveries", "sealed_signal", Reason::Secret),
    ("focal_points", "designated_by", Reason::AnotherPerson),
    ("not_me_links", "digest", Reason::Secret),
    ("outbox_mails", "html", Reason::Secret),
    ("outbox_mails", "text", Reason::Secret),
    ("outbox_mails", "unsubscribe", Reason::Secret),
    ("password_resets", "resume", Reason::Secret),
    ("password_resets", "token_digest", Reason::Secret),
    ("recovery_codes", "digest", Reason::Secret),
    ("refresh_tokens", "digest", Reason::Secret),
    ("refresh_tokens", "previous", Reason::Secret),
    ("sessions", "cookie_digest", Reason::Secret),
    ("ties_rights", "decided_by", Reason::AnotherPerson),
    ("ties_rights", "ended_by", Reason::AnotherPerson),
    ("totp_factors", "sealed_secret", Reason::Secret),
];

/// The tables that hold nothing on a person with an account, each with the reason.
pub const WITHOUT_PEOPLE: &[(&str, &str)] = &[
    (
        "acceptance_counts",
        "how many people accepted each version of the documents",
    ),
    ("client_counts", "numbers of logins and refusals of services"),
    ("client_secrets", "secrets of services"),
    ("clients", "services"),
    ("daily_counts", "how often things happened, by day"),
    (
        "document_texts",
        "the texts of published versions of the documents",
    ),
    ("event_chain_ends", "the ends of the chain of the audit trail"),
    (
        "event_exclusions",
        "keyed digests of what services wrote of whom they do not want to hear",
    ),
    ("event_receivers", "where services hear of what happens"),
    (
        "event_seals",
        "salted digests of the audit trail, which the events have in the clear",
    ),
    ("generations", "counters of changes"),
    ("initial_access_tokens", "tokens for the registration of services"),
    ("membership_types", "the types of membership"),
    ("organization_words", "words of the names of organizations"),
    (
        "pending_signups",
        "typed by somebody who has not shown that the address is theirs; deleted when the account is made or after a day",
    ),
    ("registrations", "services that registered themselves"),
    ("scim_targets", "services that people are provisioned to"),
    ("seaql_migrations", "the history of the schema"),
    ("signing_keys", "our own keys"),
    (
        "terms_versions",
        "the versions of the Terms of Use, for the release before this one",
    ),
    ("ties_right_types", "the kinds of TIES rights"),
];

/// Reads every table that has rows of people, in the order of the alphabet, and gives each to `take`. The audit trail,
/// which is the longest, comes in parts.
pub async fn read<E: From<DbErr>>(
    db: &impl ConnectionTrait,
    person: &Person<'_>,
    mut take: impl FnMut(Table) -> Result<(), E>,
) -> Result<(), E> {
    let id = person.account.as_str();
    let affiliations = rows::<affiliation::Entity>(db, affiliation::Column::AccountId.eq(id)).await?;
    let sessions = rows::<session::Entity>(db, session::Column::AccountId.eq(id)).await?;
    let passkeys = rows::<passkey::Entity>(db, passkey::Column::AccountId.eq(id)).await?;
    let email_changes = rows::<email_change::Entity>(db, email_change::Column::AccountId.eq(id)).await?;
    let mut addresses = vec![person.email.to_owned()];
    addresses.extend(former_addresses(&email_changes));
    let mails = outbox::of_person(person.account, &addresses);
    let of_affiliations = ids(&affiliations);
    let of_sessions = ids(&sessions);
    let mut objects = vec![format!("account:{id}")];
    objects.extend(person.addresses.iter().map(|it| format!("address:{it}")));
    for (kind, table) in [
        ("affiliation", &affiliations),
        ("session", &sessions),
        ("passkey", &passkeys),
    ] {
        objects.extend(ids(table).iter().map(|it| format!("{kind}:{it}")));
    }
    take(rows::<account::Entity>(db, account::Column::Id.eq(id)).await?)?;
    take(rows::<account_deletion::Entity>(db, account_deletion::Column::AccountId.eq(id)).await?)?;
    take(rows::<account_view::Entity>(db, account_view::Column::AccountId.eq(id)).await?)?;
    take(rows::<account_word::Entity>(db, account_word::Column::AccountId.eq(id)).await?)?;
    take(rows::<affiliation_word::Entity>(db, affiliation_word::Column::AccountId.eq(id)).await?)?;
    take(affiliations)?;
    take(rows::<assisted_recovery::Entity>(db, assisted_recovery::Column::AccountId.eq(id)).await?)?;
    take(
        rows::<authentication_request::Entity>(db, authentication_request::Column::AccountId.eq(id)).await?,
    )?;
    take(rows::<client_owner::Entity>(db, client_owner::Column::AccountId.eq(id)).await?)?;
    take(rows::<code_attempt::Entity>(db, code_attempt::Column::Address.is_in(person.addresses)).await?)?;
    take(rows::<consent::Entity>(db, consent::Column::AccountId.eq(id)).await?)?;
    take(rows::<data_download::Entity>(db, data_download::Column::AccountId.eq(id)).await?)?;
    take(rows::<deletion_link::Entity>(db, deletion_link::Column::AccountId.eq(id)).await?)?;
    take(rows::<deputy::Entity>(db, deputy::Column::AccountId.eq(id)).await?)?;
    take(rows::<document_acceptance::Entity>(db, document_acceptance::Column::AccountId.eq(id)).await?)?;
    take(rows::<document_version::Entity>(db, document_version::Column::PublishedBy.eq(id)).await?)?;
    take(email_changes)?;
    take(rows::<email_code::Entity>(db, email_code::Column::Address.is_in(person.addresses)).await?)?;
    take(rows::<event_delivery::Entity>(db, event_delivery::Column::AccountId.eq(id)).await?)?;
    take(table::<event::Entity>(Vec::new()))?;
    let records: Vec<i64> = find_records(db, id, &objects).await?.into_iter().collect();
    for some in records.chunks(LISTED) {
        take(events(db, id, some).await?)?;
    }
    take(rows::<focal_point::Entity>(db, focal_point::Column::AccountId.eq(id)).await?)?;
    take(rows::<former_address::Entity>(db, former_address::Column::AccountId.eq(id)).await?)?;
    take(rows::<global_revocation::Entity>(db, global_revocations::of_account(person.account)).await?)?;
    take(rows::<imported_address::Entity>(db, imported_address::Column::AccountId.eq(id)).await?)?;
    let counters = login_throttles::of_subjects(person.throttles.iter().map(String::as_str));
    take(rows::<login_throttle::Entity>(db, counters).await?)?;
    take(
        rows::<newsletter_subscription::Entity>(db, newsletter_subscription::Column::AccountId.eq(id))
            .await?,
    )?;
    take(rows::<not_me_link::Entity>(db, not_me_link::Column::AccountId.eq(id)).await?)?;
    take(rows::<organization::Entity>(db, organization::Column::ProposedBy.eq(id)).await?)?;
    take(rows::<outbox_mail::Entity>(db, mails).await?)?;
    take(passkeys)?;
    take(rows::<passkey_offer::Entity>(db, passkey_offer::Column::AccountId.eq(id)).await?)?;
    take(rows::<password_reset::Entity>(db, password_reset::Column::AccountId.eq(id)).await?)?;
    take(rows::<recovery_code::Entity>(db, recovery_code::Column::AccountId.eq(id)).await?)?;
    take(rows::<refresh_token::Entity>(db, refresh_token::Column::AccountId.eq(id)).await?)?;
    let of_account = revocation::Column::Id.eq(Whose::Account(person.account).key());
    take(rows::<revocation::Entity>(db, of_account).await?)?;
    take(rows::<scim_resource::Entity>(db, scim_resource::Column::AccountId.eq(id)).await?)?;
    take(
        rows::<second_factor_deadline::Entity>(db, second_factor_deadline::Column::AccountId.eq(id)).await?,
    )?;
    take(rows::<service_use::Entity>(db, service_use::Column::AccountId.eq(id)).await?)?;
    take(rows_in::<session_client::Entity>(db, session_client::Column::SessionId, &of_sessions).await?)?;
    take(sessions)?;
    take(rows_in::<ties_right::Entity>(db, ties_right::Column::AffiliationId, &of_affiliations).await?)?;
    take(rows::<totp_factor::Entity>(db, totp_factor::Column::AccountId.eq(id)).await?)?;
    take(rows::<weekly_digest::Entity>(db, weekly_digest::Column::AccountId.eq(id)).await?)
}

async fn rows<E: EntityTrait>(db: &impl ConnectionTrait, whose: impl IntoCondition) -> Result<Table, DbErr>
where
    E::Model: ModelTrait<Entity = E>,
{
    let found = E::find().filter(whose.into_condition()).all(db).await?;
    let rows: Result<_, DbErr> = found.iter().map(row).collect();
    Ok(table::<E>(rows?))
}

/// Reads the rows with one of these values. An empty list asks for nothing: a database would read the whole table.
async fn rows_in<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    values: &[String],
) -> Result<Table, DbErr>
where
    E::Model: ModelTrait<Entity = E>,
{
    let mut all = table::<E>(Vec::new());
    for some in values.chunks(LISTED) {
        all.rows.extend(rows::<E>(db, column.is_in(some)).await?.rows);
    }
    Ok(all)
}

fn table<E: EntityTrait>(rows: Vec<Map<String, Value>>) -> Table {
    let name = E::default().table_name();
    Table {
        name,
        columns: given(name, E::Column::iter().map(|it| it.as_str())).collect(),
        rows,
    }
}

fn given(table: &str, columns: impl Iterator<Item = &'static str>) -> impl Iterator<Item = &'static str> {
    columns.filter(move |column| !WITHHELD.iter().any(|(of, it, _)| *of == table && it == column))
}

fn row<M: ModelTrait>(model: &M) -> Result<Map<String, Value>, DbErr> {
    let table = M::Entity::default().table_name();
    let columns = <M::Entity as EntityTrait>::Column::iter();
    columns
        .filter(|it| given(table, std::iter::once(it.as_str())).next().is_some())
        .map(|it| Ok((it.as_str().to_owned(), json(model.get(it))?)))
        .collect()
}

fn json(stored: Stored) -> Result<Value, DbErr> {
    Ok(match stored {
        Stored::Bool(it) => it.into(),
        Stored::Int(it) => it.into(),
        Stored::BigInt(it) => it.into(),
        Stored::String(it) => it.into(),
        Stored::ChronoDate(it) => it.map(|it| it.to_string()).into(),
        Stored::ChronoDateTimeUtc(it) => it
            .map(|it| it.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            .into(),
        other => return Err(DbErr::Type(format!("no JSON for {other:?}"))),
    })
}

/// Returns the addresses that the account had before a change.
fn former_addresses(changes: &Table) -> Vec<String> {
    let changed = changes.rows.iter().filter(|row| row["changed_at"].is_string());
    let former = changed.filter_map(|row| row.get("old_email")?.as_str());
    former.map(str::to_owned).collect()
}

fn ids(table: &Table) -> Vec<String> {
    let ids = table.rows.iter().filter_map(|row| row.get("id")?.as_str());
    ids.map(str::to_owned).collect()
}

/// Stands for a person whom the file does not name.
const ANOTHER_PERSON: &str = "another_person";

/// Finds the records of the audit trail: what the person did, and what was done to what is theirs. Each condition has an
/// index of its own.
async fn find_records(
    db: &impl ConnectionTrait,
    account: &str,
    objects: &[String],
) -> Result<BTreeSet<i64>, DbErr> {
    use event::Column as C;
    let mut conditions = vec![
        C::Actor.eq(format!("account:{account}")),
        C::AccountId.eq(account),
    ];
    conditions.extend(objects.chunks(LISTED).map(|it| C::Object.is_in(it)));
    let mut found = BTreeSet::new();
    for condition in conditions {
        let query = event::Entity::find()
            .select_only()
            .column(C::Id)
            .filter(condition);
        let ids: Vec<i64> = query.into_tuple().all(db).await?;
        found.extend(ids);
    }
    Ok(found)
}

/// Reads records of the audit trail. Of other people's acts it leaves out who they were and where from; of what the person
/// decided about others, whom and what it was.
async fn events(db: &impl ConnectionTrait, account: &str, records: &[i64]) -> Result<Table, DbErr> {
    let own = format!("account:{account}");
    let mut found = event::Entity::find()
        .filter(event::Column::Id.is_in(records.iter().copied()))
        .order_by_asc(event::Column::Id)
        .all(db)
        .await?;
    for event in &mut found {
        hide_others(event, &own, account);
    }
    let rows: Result<_, DbErr> = found.iter().map(row).collect();
    Ok(table::<event::Entity>(rows?))
}

fn hide_others(event: &mut event::Model, own: &str, account: &str) {
    let office = match event.actor.split(':').next() {
        Some("account") if event.actor != own => Some(ANOTHER_PERSON),
        Some("operator") => Some("operator"),
        _ => None,
    };
    if let Some(office) = office {
        office.clone_into(&mut event.actor);
        event.network.clear();
        event.browser.clear();
        event.request_id.clear();
    }
    let is_about_another = match &event.account_id {
        Some(concerned) => concerned != account,
        None => event.object.starts_with("account:") && event.object != own,
    };
    if is_about_another {
        ANOTHER_PERSON.clone_into(&mut event.object);
        event.account_id = None;
        event.before = None;
        event.after = None;
        event.reason = None;
    }
}
