//! Tests that data is kept for as long as the Privacy Notice says, and no table is forgotten in it (security.md LG-2, ST-4).

use std::collections::BTreeSet;

use chrono::Duration;
use sea_orm::{ConnectionTrait, Statement};

use crate::support::TestOp;
use itu_account::accounts::retention;
use itu_account::domain::document::{Block, DocumentKind};
use itu_account::domain::profile::Language;
use itu_account::domain::token::LONGEST_REFRESH_TOKEN;
use itu_account::domain::{
    account_deletion, assisted_recovery, data_download, email_change, event, not_me, signup,
};
use itu_account::oidc::global_revocation;
use itu_account::oidc::shared_signals;
use itu_account::storage::erasure;
use itu_account::{jobs, mail};

/// For how long the rows of a table are kept: the periods, and a phrase of the sentence that names them.
struct Kept {
    tables: &'static [&'static str],
    phrase: &'static str,
    periods: Vec<Duration>,
}

/// Decides about every table that has something of a person.
fn kept() -> Vec<Kept> {
    let of = |tables, phrase, periods: &[Duration]| Kept {
        tables,
        phrase,
        periods: periods.to_vec(),
    };
    vec![
        of(
            &[
                "account_words",
                "accounts",
                "affiliation_words",
                "affiliations",
                "client_owners",
                "consents",
                "deputies",
                "document_acceptances",
                "document_versions",
                "focal_points",
                "newsletter_subscriptions",
                "organizations",
                "passkey_offers",
                "passkeys",
                "recovery_codes",
                "scim_resources",
                "second_factor_deadlines",
                "service_uses",
                "ties_rights",
                "totp_factors",
                "weekly_digests",
            ],
            "until the account is deleted",
            &[],
        ),
        of(
            &["former_addresses"],
            "a fingerprint of each former email address: until the account is deleted",
            &[],
        ),
        of(&["imported_addresses"], "from the former platform", &[]),
        of(
            &[
                "account_views",
                "authentication_requests",
                "session_clients",
                "sessions",
            ],
            "36 hours after the login",
            &[retention::SESSIONS_KEPT + Duration::hours(12)],
        ),
        of(
            &["global_revocations", "refresh_tokens", "revocations"],
            "at most 90 days",
            &[LONGEST_REFRESH_TOKEN, global_revocation::KEPT],
        ),
        of(
            &["code_attempts", "email_codes", "password_resets"],
            "about one day",
            &[retention::PROOFS_KEPT],
        ),
        of(
            &["email_changes"],
            "undoes a change of your email address: 72 hours",
            &[email_change::UNDO],
        ),
        of(
            &["account_deletions", "deletion_links"],
            "keeps an account that is to be deleted: 14 days",
            &[account_deletion::GRACE],
        ),
        of(
            &["not_me_links"],
            "it works for 7 days, and a note of it is kept for 90 days",
            &[not_me::VALID, not_me::KEPT],
        ),
        of(
            &["assisted_recoveries"],
            "one year after it has ended",
            &[assisted_recovery::KEPT],
        ),
        of(
            &["pending_signups"],
            "is not completed: 24 hours",
            &[signup::KEPT],
        ),
        of(
            &["outbox_mails"],
            "Emails sent to you: 7 days",
            &[mail::outbox::KEPT],
        ),
        of(
            &["event_deliveries"],
            "on its way to a service",
            &[shared_signals::TRIED, shared_signals::DEAD_KEPT],
        ),
        of(
            &["data_downloads"],
            "A file with your data: 7 days",
            &[data_download::KEPT],
        ),
        of(
            &["login_throttles"],
            "30 days after the last attempt",
            &[retention::THROTTLES_KEPT],
        ),
        of(&["events"], "The log: one year", &[event::KEPT]),
    ]
}

/// Returns a period as the notice writes it.
fn in_words(period: Duration) -> String {
    match (period.num_hours(), period.num_days()) {
        (_, 365) => "one year".to_owned(),
        (25, _) => "about one day".to_owned(),
        (hours, days) if hours > 72 => format!("{days} days"),
        (hours, _) => format!("{hours} hours"),
    }
}

/// Returns the section on how long data is kept, which has the same place in all languages.
fn section(op: &TestOp, language: Language) -> Vec<String> {
    const PLACE: usize = 6;
    let documents = op.app.documents.current();
    let notice = documents.in_force(DocumentKind::Privacy, language, op.now());
    let is_heading = |it: &Block| matches!(it, Block::Heading(_));
    let mut sections = notice.blocks.split(is_heading);
    let blocks = sections.nth(PLACE).expect("a section");
    let lines = blocks.iter().flat_map(|it| match it {
        Block::Items(items) => items.clone(),
        Block::Paragraph(text) | Block::Heading(text) => vec![text.clone()],
    });
    lines.collect()
}

#[tokio::test]
async fn it_says_how_long_every_table_is_kept() {
    let op = TestOp::start().await;
    let english = section(&op, Language::En);
    let kept = kept();
    for Kept {
        tables,
        phrase,
        periods,
    } in &kept
    {
        let line = english.iter().find(|it| it.contains(phrase));
        let line = line.unwrap_or_else(|| panic!("{tables:?}: {phrase}"));
        for period in periods {
            assert!(line.contains(&in_words(*period)), "{tables:?}: {line}");
        }
    }
    let named: BTreeSet<&str> = kept.iter().flat_map(|it| it.tables).copied().collect();
    let staying = erasure::STAYING.iter().map(|(table, ..)| *table);
    let all: BTreeSet<&str> = erasure::DELETED.iter().copied().chain(staying).collect();
    let mut all: Vec<&str> = all.into_iter().filter(|it| !named.contains(it)).collect();
    all.sort_unstable();
    assert!(all.is_empty(), "no sentence is about {all:?}");

    // The other languages name the same numbers, line by line.
    let numbers = |line: &str| -> Vec<String> {
        let digits = line
            .split(|it: char| !it.is_ascii_digit())
            .filter(|it| !it.is_empty());
        digits.map(str::to_owned).collect()
    };
    for language in Language::ALL {
        let translated = section(&op, *language);
        assert_eq!(translated.len(), english.len());
        for (line, original) in translated.iter().zip(&english) {
            assert_eq!(numbers(line), numbers(original), "{line}");
        }
    }
}

#[tokio::test]
async fn the_audit_trail_is_kept_for_a_year() {
    // LG-2
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let count = async || -> i64 {
        let db = op.app.db.read();
        let query = Statement::from_string(db.get_database_backend(), "SELECT COUNT(*) AS n FROM events");
        let row = db.query_one_raw(query).await.expect("the trail").expect("a row");
        row.try_get("", "n").expect("a number")
    };
    let sweep = jobs::ALL.iter().find(|it| it.name == "sweep").expect("the job");
    let seal = jobs::ALL.iter().find(|it| it.name == "audit").expect("the job");
    // More than one transaction deletes.
    while count().await < 250 {
        let again = "INSERT INTO events (at, actor, action, object, success, network, request_id) \
                     SELECT at, actor, action, object, success, network, request_id FROM events";
        op.app.db.execute_unprepared(again).await.expect("rows");
    }
    (seal.run)(op.app.clone()).await.expect("sealed");
    let old = count().await;
    op.advance(event::KEPT.num_seconds());
    (sweep.run)(op.app.clone()).await.expect("swept");
    assert_eq!(count().await, old);
    op.advance(1);
    alice.logs_in().await;
    let all = count().await;
    (sweep.run)(op.app.clone()).await.expect("swept");
    assert_eq!(count().await, all - old);
    // What the trail alone knew is not made up.
    let page = alice.browser.get("/account/security").await;
    assert!(
        page.text().contains("unchanged for more than a year"),
        "{}",
        page.text()
    );
}
