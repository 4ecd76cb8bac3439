//! Tests of a service that more people use than are looked at one by one: each list walks one index, a page at a time,
//! and a filter that no index answers is refused.

use sea_orm::DbBackend;
use serde_json::json;

use super::{OWN, Service};
use crate::jobs::scans;
use crate::support::{TestOp, rows};
use itu_account::domain::ClientId;
use itu_account::domain::account::Account;
use itu_account::domain::authorization::ServiceUse;
use itu_account::storage::accounts::NewAccount;
use itu_account::storage::visible_accounts::{self, From, Place, Selection, Sorting, Visible};
use itu_account::storage::{accounts, service_uses};

const NUMBER: usize = 1010;

/// Inserts people, a second apart, who all logged in to a service.
async fn many(op: &TestOp) -> (Service<'_>, Vec<Account>) {
    let service = op.scim_service("events", json!({})).await;
    let start = op.now();
    let all: Vec<Account> = (0..NUMBER)
        .map(|number| {
            let at = start + chrono::Duration::seconds(number as i64);
            rows::account(&format!("p{number:04}@example.org"), at)
        })
        .collect();
    for part in all.chunks(200) {
        let written = op.app.db.write(async |tx| {
            for account in part {
                let new = NewAccount {
                    account: account.clone(),
                    password_hash: None,
                    terms_accepted_at: None,
                    imported_at: None,
                };
                accounts::insert(tx, new).await?;
                let service_use = ServiceUse {
                    account: account.id.clone(),
                    client_id: ClientId::new("events"),
                    scope: "openid".split(' ').collect(),
                    claims: Vec::new(),
                    first_used_at: start,
                    last_used_at: start,
                };
                service_uses::put(tx, &service_use).await?;
            }
            Ok::<_, sea_orm::DbErr>(())
        });
        written.await.expect("people");
    }
    (service, all)
}

#[tokio::test]
async fn a_list_of_many_is_walked_by_an_index() {
    let op = TestOp::start().await;
    let (service, all) = many(&op).await;
    let at = |number: usize| all[number].updated_at.to_rfc3339();
    op.app.db.statements().take();

    let first = service.gets("/Users?sortBy=userName&count=100").await;
    assert_eq!(first.json["totalResults"], NUMBER);
    assert_eq!(first.names().first(), Some(&"p0000@example.org"));
    let next = service
        .gets("/Users?sortBy=userName&count=100&startIndex=101")
        .await;
    assert_eq!(next.names().first(), Some(&"p0100@example.org"));
    let far = service
        .gets("/Users?sortBy=userName&count=100&startIndex=1001")
        .await;
    assert_eq!(far.names().len(), 10);
    for sorting in ["userName", "meta.created", "meta.lastModified", "id", ""] {
        for order in ["ascending", "descending"] {
            let sorted = if sorting.is_empty() {
                String::new()
            } else {
                format!("sortBy={sorting}&")
            };
            let (mut names, mut cursor) = (Vec::new(), String::new());
            loop {
                let path =
                    format!("/Users?{sorted}sortOrder={order}&count=100&attributes=userName&cursor={cursor}");
                let page = service.gets(&path).await;
                names.extend(page.names().iter().map(|it| (*it).to_owned()));
                match page.json["nextCursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(names.len(), NUMBER, "{sorting} {order}");
            if sorting.starts_with(['u', 'm']) {
                let is_sorted = if order == "ascending" {
                    names.is_sorted()
                } else {
                    names.is_sorted_by(|a, b| a >= b)
                };
                assert!(is_sorted, "{sorting} {order}");
            }
            names.sort();
            names.dedup();
            assert_eq!(names.len(), NUMBER, "{sorting} {order}");
        }
    }
    for (filter, number) in [
        (r#"userName eq "p0500@example.org""#.to_owned(), 1),
        (r#"userName sw "P05""#.to_owned(), 100),
        (
            r#"userName sw "p05" and name.givenName eq "alice" and not (userName co "7")"#.to_owned(),
            81,
        ),
        (format!(r#"id eq "{}" or id eq "{}""#, all[3].sub, all[4].sub), 2),
        (format!(r#"meta.lastModified gt "{}""#, at(999)), 10),
        (
            format!(
                r#"meta.lastModified ge "{}" and meta.lastModified lt "{}""#,
                at(100),
                at(300)
            ),
            200,
        ),
        (
            format!(r#"meta.lastModified ge "{}" and active eq true"#, at(900)),
            110,
        ),
        (format!(r#"{OWN}:organizationId eq "telco""#), 0),
        (r#"groups.value eq "ties:documents""#.to_owned(), 0),
    ] {
        let found = service.filters("/Users", &filter).await;
        assert_eq!(
            found.json["totalResults"], number,
            "{filter}: {}",
            found.json["detail"]
        );
    }
    for filter in [
        r#"name.familyName co "x""#,
        "title pr",
        r#"userName co "x""#,
        "active eq true",
    ] {
        let refused = service.filters("/Users", filter).await;
        assert_eq!(refused.error(), (400, "tooMany"), "{filter}");
    }
    let refused = service.gets("/Users?sortBy=name.familyName").await;
    assert_eq!(refused.error(), (400, "tooMany"));

    // Of very many, the index of the sorting is walked; of these it gives the same.
    let client = ClientId::new("events");
    for sorting in [
        Sorting::Subject,
        Sorting::UserName,
        Sorting::Created,
        Sorting::LastModified,
    ] {
        for descending in [false, true] {
            let selection = |is_narrow| Selection {
                visible: Visible::UsersOf(client.clone(), None),
                is_narrow,
                sorting,
                descending,
                prefix: None,
                changed_from: None,
                changed_to: None,
            };
            let db = op.app.db.read();
            let few = visible_accounts::list(db, &selection(true), &From::Offset(5), 20)
                .await
                .unwrap();
            let walked = visible_accounts::list(db, &selection(false), &From::Offset(5), 20)
                .await
                .unwrap();
            assert_eq!(few, walked, "{sorting:?}");
            let after = From::After(Place::of(&walked[3], sorting));
            let next = visible_accounts::list(db, &selection(false), &after, 16)
                .await
                .unwrap();
            assert_eq!(next, walked[4..], "{sorting:?}");
            assert_eq!(
                visible_accounts::count(db, &selection(false), 50).await.unwrap(),
                51
            );
        }
    }
    let far = service.gets("/Users?startIndex=10002").await;
    assert_eq!(far.error(), (400, "tooMany"));

    // No statement reads a table whole, but for the walk in the order of an index, which ends with the page, and the
    // count, which ends at its bound.
    let statements = op.app.db.statements().take();
    assert!(statements.iter().any(|it| it.sql.contains("service_uses")));
    for statement in statements.iter().filter(|it| it.sql.starts_with("SELECT")) {
        // Nobody here has an affiliation: PostgreSQL reads an index that is empty sooner than it looks for a hundred people.
        let of_page = r#""affiliations"."account_id" IN "#;
        if statement.db_backend == DbBackend::Postgres && statement.sql.contains(of_page) {
            continue;
        }
        let is_walk = statement.sql.contains("ORDER BY") && statement.sql.contains("LIMIT");
        let is_count = statement.sql.contains("COUNT(");
        let mut found = scans(&op.app, statement).await;
        if is_walk || is_count {
            let walked = [
                "accounts_by_",
                "accounts_email_key",
                "accounts_sub",
                "autoindex_accounts",
            ];
            found.retain(|it| !walked.iter().any(|index| it.contains(index)));
        }
        if is_count {
            found.retain(|it| !it.contains("accounts") && it != "SCAN found");
        }
        assert!(found.is_empty(), "{found:?} in {}", statement.sql);
    }
}
