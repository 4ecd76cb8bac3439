//! Deletes what the database holds on one person, but for the account itself, which goes last: table by table, in small
//! transactions, the rows that others refer to after those. Each step finds its rows by what the account still says, so
//! a process that ends at any point leaves the rest to the next one.
//!
//! The audit trail stays, under the identifier of the account: nothing leads from it to a person any more. What it has of
//! networks, browsers and requests of the person is emptied, and so are the reasons that others typed about them; the
//! chain of the trail keeps the salted digests of it, without the salts, and a record of what was emptied. A test walks the
//! schema, so that every table and every column of the trail is decided about.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
};

use super::batches::{ROWS, delete};
use super::entities::{
    account_view, account_word, affiliation, assisted_recovery, authentication_request, client_owner,
    code_attempt, consent, data_download, deputy, document_acceptance, email_change, email_code, event,
    event_delivery, focal_point, global_revocation, login_throttle, newsletter_subscription, not_me_link,
    organization, outbox_mail, passkey, passkey_offer, password_reset, recovery_code, refresh_token,
    revocation, scim_resource, second_factor_deadline, service_use, session, session_client, ties_right,
    totp_factor, weekly_digest,
};
use super::event_seals;
use super::personal_data::Person;
use super::revocations::Whose;
use super::{Database, global_revocations, login_throttles, outbox};
use crate::domain::Time;
use crate::domain::audit_trail::{DELETED_ADDRESS, Part};

/// The tables whose rows of the person are deleted, the account itself included.
pub const DELETED: &[&str] = &[
    "account_deletions",
    "account_views",
    "account_words",
    "accounts",
    "affiliation_words",
    "affiliations",
    "assisted_recoveries",
    "authentication_requests",
    "client_owners",
    "code_attempts",
    "consents",
    "data_downloads",
    "deletion_links",
    "deputies",
    "document_acceptances",
    "email_changes",
    "email_codes",
    "event_deliveries",
    "focal_points",
    "former_addresses",
    "global_revocations",
    "login_throttles",
    "newsletter_subscriptions",
    "not_me_links",
    "outbox_mails",
    "passkey_offers",
    "passkeys",
    "password_resets",
    "recovery_codes",
    "refresh_tokens",
    "revocations",
    "scim_resources",
    "second_factor_deadlines",
    "service_uses",
    "session_clients",
    "sessions",
    "ties_rights",
    "totp_factors",
    "weekly_digests",
];

/// What becomes of a column in a row that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It says nothing of the person, or only the identifier of the account, which leads nowhere any more.
    Kept,
    /// It is emptied where it is about the person.
    Emptied,
}

/// The tables whose rows stay, with what becomes of each column. In the tables of `DELETED`, the rows of others name the
/// person by the identifier of the account alone: who decided, who designated.
pub const STAYING: &[(&str, &str, Left)] = &[
    // The publisher goes by the foreign key.
    ("document_versions", "effective_from", Left::Kept),
    ("document_versions", "id", Left::Kept),
    ("document_versions", "kind", Left::Kept),
    ("document_versions", "published_at", Left::Kept),
    ("document_versions", "published_by", Left::Emptied),
    ("document_versions", "version", Left::Kept),
    ("events", "account_id", Left::Kept),
    ("events", "acted_as", Left::Kept),
    ("events", "action", Left::Kept),
    ("events", "actor", Left::Kept),
    ("events", "after", Left::Kept),
    ("events", "at", Left::Kept),
    ("events", "before", Left::Kept),
    ("events", "browser", Left::Emptied),
    ("events", "id", Left::Kept),
    ("events", "network", Left::Emptied),
    ("events", "object", Left::Emptied),
    ("events", "organization_id", Left::Kept),
    ("events", "reason", Left::Emptied),
    ("events", "request_id", Left::Emptied),
    ("events", "sealed", Left::Kept),
    ("events", "success", Left::Kept),
    // A keyed digest, by which an import finds that the person has left; the account goes by its foreign key.
    ("imported_addresses", "account_id", Left::Emptied),
    ("imported_addresses", "digest", Left::Kept),
    ("imported_addresses", "import_id", Left::Kept),
    ("imported_addresses", "imported_at", Left::Kept),
    ("organizations", "acronym", Left::Kept),
    ("organizations", "acronym_key", Left::Kept),
    ("organizations", "category", Left::Kept),
    ("organizations", "city", Left::Kept),
    ("organizations", "claimed_type", Left::Kept),
    ("organizations", "country", Left::Kept),
    ("organizations", "created_at", Left::Kept),
    ("organizations", "email_domains", Left::Kept),
    ("organizations", "id", Left::Kept),
    ("organizations", "membership_type", Left::Kept),
    ("organizations", "merged_into", Left::Kept),
    ("organizations", "name", Left::Kept),
    ("organizations", "name_key", Left::Kept),
    ("organizations", "proposed_by", Left::Emptied),
    ("organizations", "requests_announced_at", Left::Kept),
    ("organizations", "search_fold", Left::Kept),
    ("organizations", "sectors", Left::Kept),
    ("organizations", "status", Left::Kept),
    ("organizations", "updated_at", Left::Kept),
    ("organizations", "valid_from", Left::Kept),
    ("organizations", "valid_until", Left::Kept),
    ("organizations", "version", Left::Kept),
    ("organizations", "website", Left::Kept),
];

/// The kinds of records whose reason somebody typed about the person.
const TYPED_REASONS: [&str; 7] = [
    "affiliation.%",
    "ties.%",
    "focal_point.%",
    "deputy.%",
    "account.suspended",
    "account.tokens_revoked",
    "account.view_begun",
];

/// One step: what is deleted or emptied in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    SessionClients,
    RefreshTokens,
    Revocations,
    GlobalRevocations,
    Sessions,
    Consents,
    ServiceUses,
    ClientOwners,
    EventDeliveries,
    ScimResources,
    AuthenticationRequests,
    Passkeys,
    PasskeyOffers,
    TotpFactors,
    RecoveryCodes,
    SecondFactorDeadlines,
    AssistedRecoveries,
    DocumentAcceptances,
    NewsletterSubscriptions,
    NotMeLinks,
    EmailCodes,
    CodeAttempts,
    PasswordResets,
    LoginThrottles,
    DataDownloads,
    Mails,
    /// The former addresses, by which mails are found: after those.
    EmailChanges,
    TiesRights,
    FocalPoints,
    Deputies,
    WeeklyDigests,
    Affiliations,
    Proposals,
    OwnActs,
    RecordsAbout,
    TypedReasons,
    RecordsOfAddress,
    AccountViews,
    AccountWords,
}

impl Step {
    pub const ALL: &[Self] = &[
        Self::SessionClients,
        Self::RefreshTokens,
        Self::Revocations,
        Self::GlobalRevocations,
        Self::Sessions,
        Self::Consents,
        Self::ServiceUses,
        Self::ClientOwners,
        Self::EventDeliveries,
        Self::ScimResources,
        Self::AuthenticationRequests,
        Self::Passkeys,
        Self::PasskeyOffers,
        Self::TotpFactors,
        Self::RecoveryCodes,
        Self::SecondFactorDeadlines,
        Self::AssistedRecoveries,
        Self::DocumentAcceptances,
        Self::NewsletterSubscriptions,
        Self::NotMeLinks,
        Self::EmailCodes,
        Self::CodeAttempts,
        Self::PasswordResets,
        Self::LoginThrottles,
        Self::DataDownloads,
        Self::Mails,
        Self::EmailChanges,
        Self::TiesRights,
        Self::FocalPoints,
        Self::Deputies,
        Self::WeeklyDigests,
        Self::Affiliations,
        Self::Proposals,
        Self::OwnActs,
        Self::RecordsAbout,
        Self::TypedReasons,
        Self::RecordsOfAddress,
        Self::AccountViews,
        Self::AccountWords,
    ];

    /// What nothing but the address or the identifier ties to the account: no foreign key deletes it with the account.
    pub const UNTIED: &[Self] = &[
        Self::Revocations,
        Self::GlobalRevocations,
        Self::Mails,
        Self::OwnActs,
        Self::RecordsAbout,
        Self::TypedReasons,
        Self::RecordsOfAddress,
    ];
}

/// Does a batch of one step, in a transaction of its own, and returns the number of rows.
pub async fn run(db: &Database, now: Time, step: Step, person: &Person<'_>) -> Result<u64, DbErr> {
    db.write(async |tx| run_in(tx, now, step, person).await).await
}

/// Does a batch of one step in a transaction that was begun, and returns the number of rows.
pub async fn run_in(
    tx: &impl ConnectionTrait,
    now: Time,
    step: Step,
    person: &Person<'_>,
) -> Result<u64, DbErr> {
    match step {
        Step::SessionClients => {
            let sessions = session::Entity::find()
                .select_only()
                .column(session::Column::Id)
                .filter(session::Column::AccountId.eq(person.account.as_str()))
                .into_query();
            let of_them = Condition::all().add(session_client::Column::SessionId.in_subquery(sessions));
            delete::<session_client::Entity, String>(tx, session_client::Column::SessionId, of_them).await
        }
        Step::OwnActs | Step::RecordsAbout | Step::TypedReasons | Step::RecordsOfAddress => {
            empty(tx, now, step, person).await
        }
        Step::Proposals => {
            let done = organization::Entity::update_many()
                .col_expr(organization::Column::ProposedBy, Expr::value(None::<String>))
                .filter(organization::Column::ProposedBy.eq(person.account.as_str()))
                .exec(tx)
                .await?;
            // All at once: a person proposes few. A second batch finds none.
            Ok(done.rows_affected)
        }
        _ => delete_rows(tx, step, person).await,
    }
}

fn of<C: ColumnTrait>(column: C, value: &str) -> Condition {
    Condition::all().add(column.eq(value))
}

fn any_of<C: ColumnTrait>(column: C, values: &[String]) -> Condition {
    Condition::all().add(column.is_in(values))
}

async fn delete_rows(tx: &impl ConnectionTrait, step: Step, person: &Person<'_>) -> Result<u64, DbErr> {
    let id = person.account.as_str();
    macro_rules! delete {
        ($table:ident, $key:ident: $type:ty, $which:expr) => {
            delete::<$table::Entity, $type>(tx, $table::Column::$key, $which).await
        };
    }
    match step {
        Step::RefreshTokens => {
            delete!(refresh_token, Id: String, of(refresh_token::Column::AccountId, id))
        }
        Step::Revocations => {
            let key = Whose::Account(person.account).key();
            delete!(revocation, Id: String, of(revocation::Column::Id, &key))
        }
        Step::GlobalRevocations => {
            delete!(global_revocation, Id: String, global_revocations::of_account(person.account))
        }
        Step::Sessions => delete!(session, Id: String, of(session::Column::AccountId, id)),
        Step::Consents => delete!(consent, ClientId: String, of(consent::Column::AccountId, id)),
        Step::ServiceUses => delete!(service_use, ClientId: String, of(service_use::Column::AccountId, id)),
        Step::ClientOwners => {
            delete!(client_owner, ClientId: String, of(client_owner::Column::AccountId, id))
        }
        Step::EventDeliveries => {
            delete!(event_delivery, Id: String, of(event_delivery::Column::AccountId, id))
        }
        // Which user a service has for the person is in what tells it to delete that one.
        Step::ScimResources => {
            delete!(scim_resource, ReceiverId: String, of(scim_resource::Column::AccountId, id))
        }
        Step::AuthenticationRequests => delete!(
            authentication_request,
            Id: String,
            of(authentication_request::Column::AccountId, id)
        ),
        Step::Passkeys => delete!(passkey, Id: String, of(passkey::Column::AccountId, id)),
        Step::TotpFactors => delete!(totp_factor, AccountId: String, of(totp_factor::Column::AccountId, id)),
        Step::RecoveryCodes => {
            delete!(recovery_code, Digest: String, of(recovery_code::Column::AccountId, id))
        }
        Step::SecondFactorDeadlines => delete!(
            second_factor_deadline,
            AccountId: String,
            of(second_factor_deadline::Column::AccountId, id)
        ),
        Step::AssistedRecoveries => delete!(
            assisted_recovery,
            Id: String,
            of(assisted_recovery::Column::AccountId, id)
        ),
        Step::PasskeyOffers => {
            delete!(passkey_offer, AccountId: String, of(passkey_offer::Column::AccountId, id))
        }
        Step::DocumentAcceptances => delete!(
            document_acceptance,
            Version: String,
            of(document_acceptance::Column::AccountId, id)
        ),
        Step::NewsletterSubscriptions => delete!(
            newsletter_subscription,
            Id: String,
            of(newsletter_subscription::Column::AccountId, id)
        ),
        Step::NotMeLinks => delete!(not_me_link, Digest: String, of(not_me_link::Column::AccountId, id)),
        Step::EmailCodes => {
            delete!(email_code, Id: String, any_of(email_code::Column::Address, person.addresses))
        }
        Step::CodeAttempts => {
            delete!(code_attempt, Id: i64, any_of(code_attempt::Column::Address, person.addresses))
        }
        Step::PasswordResets => {
            let own = of(password_reset::Column::AccountId, id);
            let of_address = any_of(password_reset::Column::Address, person.addresses);
            let rows: Result<_, DbErr> = delete!(password_reset, TokenDigest: String, own);
            let more: Result<_, DbErr> = delete!(password_reset, TokenDigest: String, of_address);
            Ok(rows? + more?)
        }
        Step::LoginThrottles => {
            let counters = login_throttles::of_subjects(person.throttles.iter().map(String::as_str));
            delete!(login_throttle, Key: String, counters)
        }
        Step::DataDownloads => {
            delete!(data_download, AccountId: String, of(data_download::Column::AccountId, id))
        }
        Step::Mails => {
            let addresses = addresses(tx, person).await?;
            delete!(outbox_mail, Id: String, outbox::of_person(person.account, &addresses))
        }
        Step::EmailChanges => delete!(email_change, Id: String, of(email_change::Column::AccountId, id)),
        Step::TiesRights => {
            let affiliations = affiliation::Entity::find()
                .select_only()
                .column(affiliation::Column::Id)
                .filter(affiliation::Column::AccountId.eq(id))
                .into_query();
            let on_them = Condition::all().add(ties_right::Column::AffiliationId.in_subquery(affiliations));
            delete!(ties_right, Id: String, on_them)
        }
        Step::FocalPoints => {
            delete!(focal_point, AffiliationId: String, of(focal_point::Column::AccountId, id))
        }
        Step::Deputies => delete!(deputy, AffiliationId: String, of(deputy::Column::AccountId, id)),
        Step::WeeklyDigests => {
            delete!(weekly_digest, AccountId: String, of(weekly_digest::Column::AccountId, id))
        }
        Step::AccountViews => delete!(account_view, Id: String, of(account_view::Column::AccountId, id)),
        Step::AccountWords => delete!(account_word, Word: String, of(account_word::Column::AccountId, id)),
        Step::Affiliations => delete!(affiliation, Id: String, of(affiliation::Column::AccountId, id)),
        _ => Ok(0),
    }
}

/// Returns the address of the account, and those of the changes that can still be undone or were.
async fn addresses(tx: &impl ConnectionTrait, person: &Person<'_>) -> Result<Vec<String>, DbErr> {
    let changes = email_change::Entity::find()
        .filter(email_change::Column::AccountId.eq(person.account.as_str()))
        .filter(email_change::Column::ChangedAt.is_not_null())
        .all(tx)
        .await?;
    let mut addresses = vec![person.email.to_owned()];
    addresses.extend(changes.into_iter().flat_map(|it| [it.old_email, it.new_email]));
    Ok(addresses)
}

async fn list_ids(tx: &impl ConnectionTrait, which: Condition) -> Result<Vec<i64>, DbErr> {
    event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(which)
        .limit(ROWS as u64)
        .into_tuple()
        .all(tx)
        .await
}

/// Empties columns of the trail, a batch at most. A row that is done fulfils the condition no more.
async fn empty(tx: &impl ConnectionTrait, now: Time, step: Step, person: &Person<'_>) -> Result<u64, DbErr> {
    use event::Column as E;

    let id = person.account.as_str();
    let traces = || {
        Condition::any()
            .add(E::Network.ne(""))
            .add(E::Browser.ne(""))
            .add(E::RequestId.ne(""))
    };
    // Nearly every act has a request: those that are done are behind the index, and only the rest is read through.
    let acts = || of(E::Actor, &format!("account:{id}"));
    let with_request = match step {
        Step::OwnActs => list_ids(tx, acts().add(E::RequestId.gt(""))).await?,
        _ => Vec::new(),
    };
    let which = match step {
        Step::OwnActs => acts().add(traces()),
        // What others did keeps the traces of those.
        Step::RecordsAbout => of(E::AccountId, id)
            .add(E::Actor.not_like("account:%"))
            .add(traces()),
        Step::TypedReasons => {
            let kinds = TYPED_REASONS
                .iter()
                .fold(Condition::any(), |any, it| any.add(E::Action.like(*it)));
            of(E::AccountId, id).add(E::Reason.is_not_null()).add(kinds)
        }
        _ => {
            let objects: Vec<_> = person
                .addresses
                .iter()
                .map(|it| format!("address:{it}"))
                .collect();
            any_of(E::Object, &objects)
        }
    };
    let ids = if with_request.len() == ROWS {
        with_request
    } else {
        list_ids(tx, which).await?
    };
    if ids.is_empty() {
        return Ok(0);
    }
    let mut change = event::Entity::update_many();
    change = match step {
        Step::TypedReasons => change.col_expr(E::Reason, Expr::value(None::<String>)),
        _ => [E::Network, E::Browser, E::RequestId]
            .into_iter()
            .fold(change, |change, column| change.col_expr(column, Expr::value(""))),
    };
    if step == Step::RecordsOfAddress {
        change = change.col_expr(E::Object, Expr::value(DELETED_ADDRESS));
    }
    let done = change.filter(E::Id.is_in(ids.iter().copied())).exec(tx).await?;
    let parts: &[Part] = match step {
        Step::TypedReasons => &[Part::Reason],
        Step::RecordsOfAddress => &[Part::Traces, Part::Object],
        _ => &[Part::Traces],
    };
    for part in parts {
        event_seals::empty(tx, now, id, *part, &ids).await?;
    }
    Ok(done.rows_affected)
}
