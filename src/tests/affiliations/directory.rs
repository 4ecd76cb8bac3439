//! Tests the search of the directory with 20,000 organizations: its results, and that it reads an index.

use sea_orm::ConnectionTrait;

use super::organization;
use crate::support::TestOp;
use itu_account::affiliations::{directory, ties};
use itu_account::domain::organization::{Country, Organization, OrganizationStatus};
use itu_account::domain::{MembershipTypeId, OrganizationId};
use itu_account::i18n::{self, Locale};
use itu_account::storage::organizations::{self, Filter};

async fn names(op: &TestOp, filter: &Filter) -> Vec<String> {
    let (found, _) = organizations::search(op.app.db.read(), filter, 0, 20)
        .await
        .unwrap();
    found.into_iter().map(|it| it.name).collect()
}

fn text(text: &str) -> Filter {
    Filter {
        text: text.into(),
        ..Filter::default()
    }
}

#[tokio::test]
async fn organizations_are_found_by_the_beginnings_of_words() {
    let op = TestOp::start_with_directory().await;
    let itu = Organization {
        acronym: Some("UIT".into()),
        country: None,
        ..organization(
            "itu",
            "Union Internationale des Télécommunications",
            "un_organization",
        )
    };
    let proposed = Organization {
        status: OrganizationStatus::Proposed,
        ..organization("new", "Telco Startup", "non_member")
    };
    let other = Organization {
        country: Country::parse("FR"),
        ..organization("uitx", "Uitgeverij", "non_member")
    };
    organizations::insert(&op.app.db, &[itu, proposed, other])
        .await
        .unwrap();

    assert_eq!(names(&op, &text("telecom UNION")).await.len(), 1);
    assert_eq!(names(&op, &text("télé")).await.len(), 1);
    assert_eq!(
        names(&op, &text("communications")).await,
        ["Federal Office of Communications"]
    );
    // The acronym comes first if it equals the text that was typed.
    assert_eq!(
        names(&op, &text("uit")).await,
        ["Union Internationale des Télécommunications", "Uitgeverij"]
    );
    assert_eq!(names(&op, &text("telco")).await, ["Telco"]); // proposed ones are not offered
    assert_eq!(names(&op, &text("100%_")).await, [""; 0]);
    // Organizations without a Member State appear under every country.
    let french = Filter {
        country: Country::parse("FR"),
        ..Filter::default()
    };
    assert_eq!(names(&op, &french).await.len(), 2);
    assert_eq!(organizations::count(op.app.db.read(), &french).await.unwrap(), 2);
    let members = Filter {
        membership_type: Some(MembershipTypeId::new("sector_member")),
        ..Filter::default()
    };
    assert_eq!(names(&op, &members).await, ["Telco"]);
    let (page, more) = organizations::search(op.app.db.read(), &Filter::default(), 0, 2)
        .await
        .unwrap();
    assert!(page.len() == 2 && more);
}

#[tokio::test]
async fn a_merged_id_resolves_to_the_survivor() {
    let op = TestOp::start_with_directory().await;
    let merged = Organization {
        status: OrganizationStatus::Merged,
        merged_into: Some(OrganizationId::new("shop")),
        ..organization("old", "Old Shop", "non_member")
    };
    organizations::insert(&op.app.db, &[merged]).await.unwrap();
    let found = organizations::resolve(op.app.db.read(), &OrganizationId::new("old"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id.as_str(), "shop");
    assert!(names(&op, &text("old")).await.is_empty());
}

#[tokio::test]
async fn a_search_walks_an_index() {
    let op = TestOp::start_with_directory().await;
    let many: Vec<_> = (0..20_000)
        .map(|i| {
            organization(
                &format!("o{i}"),
                &format!("Organization {i:05} of Sector {}", i % 97),
                "sector_member",
            )
        })
        .collect();
    op.app
        .db
        .write(async |tx| organizations::insert(tx, &many).await)
        .await
        .unwrap();
    assert_eq!(names(&op, &text("1234 org")).await.len(), 10);
    op.app.db.statements().take();
    assert_eq!(
        names(&op, &text("01234 org")).await,
        ["Organization 01234 of Sector 70"]
    );
    let sent = op.app.db.statements().take();

    let db = &op.app.db;
    let explain = if op.app.db.is_postgres() {
        db.execute_unprepared("ANALYZE").await.unwrap();
        "EXPLAIN"
    } else {
        "EXPLAIN QUERY PLAN"
    };
    let search = sent.into_iter().find(|it| it.sql.contains("organization_words"));
    let mut query = search.expect("the search");
    query.sql = format!("{explain} {}", query.sql);
    let plan: Vec<String> = db
        .query_all_raw(query)
        .await
        .unwrap()
        .iter()
        .map(|row| {
            row.try_get::<String>(
                "",
                if op.app.db.is_postgres() {
                    "QUERY PLAN"
                } else {
                    "detail"
                },
            )
            .unwrap()
        })
        .collect();
    let plan = plan.join("\n");
    if op.app.db.is_postgres() {
        assert!(!plan.contains("Seq Scan on organization_words"), "{plan}");
        assert!(plan.contains("organization_words"), "{plan}");
    } else {
        assert!(plan.contains("SEARCH organization_words USING"), "{plan}");
        assert!(!plan.contains("SCAN organizations"), "{plan}");
    }
}

#[tokio::test]
async fn rights_have_one_name_and_types_a_sentence() {
    let op = TestOp::start().await;
    let rights = ties::kinds(&op.app).await.unwrap();
    let types = directory::membership_types::list(&op.app).await.unwrap();
    assert!(!rights.is_empty() && types.len() == 7);
    for locale in Locale::ALL {
        for right in &rights {
            // Pages take the row's name, mails the catalog's.
            let text = i18n::text(locale, &format!("ties_right.{}", right.name), &());
            assert_eq!(text.as_deref(), Some(right.label(locale.as_str())), "{locale}");
        }
        for it in &types {
            let hint = format!("membership_hint.{}", it.id);
            assert!(i18n::exists(&hint), "{hint}");
        }
    }
}
