//! Walks the schema of the database, so that no table and no column is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{EMAIL, FILE, builds, requests};
use crate::journeys::second_factor::sets_up;
use crate::support::traces::{execute, query, schema};
use crate::support::{Person, TestOp, rows};
use itu_account::domain::role::Role;
use itu_account::storage::personal_data::{self, WITHHELD, WITHOUT_PEOPLE};

/// Returns a person of whom there is something in nearly every table.
async fn known(op: &TestOp) -> Person {
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut alice = op.person_with(EMAIL, Role::User).await;
    sets_up(op, &mut alice).await;
    alice.browser.forget_cookies();
    execute(op, "DELETE FROM totp_factors").await;
    let out = "https://shop.example.test/out";
    let shop = json!({"first_party": false, "frontchannel_logout_uri": out});
    let mut shop = op.client_with("shop", shop).await;
    alice.logs_in().await;
    let code = alice.logs_in_at(&mut shop, "openid email offline_access").await;
    shop.redeems(&code).await.unwrap();
    let account = op.find_account(EMAIL).await.id;
    let stage = rows::approved(op.now());
    let affiliation = op.insert_affiliation(&account, "telco", stage).await;
    op.insert_focal_point(&affiliation).await;
    let mut wrong = alice.elsewhere(op);
    wrong.password = "Not-the-one-42".to_owned();
    wrong.logs_in().await;
    let form = wrong.browser.get("/forgot-password").await.form(&["email"]);
    wrong.browser.submit(form, &[("email", EMAIL)]).await;
    alice
}

#[tokio::test]
async fn no_table_and_no_column_is_forgotten() {
    let op = TestOp::start().await;
    let mut alice = known(&op).await;
    requests(&mut alice).await;
    builds(&op).await;
    let file = alice.browser.get(FILE).await;
    let data: Value = serde_json::from_str(&file.body).unwrap();
    let account = op.find_account(EMAIL).await;
    let none = ["none".to_owned()];
    let nobody = personal_data::Person {
        account: &account.id,
        email: EMAIL,
        addresses: &none,
        throttles: &none,
    };
    let mut read = BTreeMap::new();
    personal_data::read(op.app.db.read(), &nobody, |part| {
        read.insert(part.name, part.columns);
        Ok::<_, sea_orm::DbErr>(())
    })
    .await
    .unwrap();
    let schema = schema(&op).await;
    assert!(schema.len() > 30, "{schema:?}");

    // Each table is read, or is said to have nothing of people.
    let mut walked: BTreeSet<&str> = read.keys().copied().collect();
    for (table, reason) in WITHOUT_PEOPLE {
        assert!(walked.insert(table) && !reason.is_empty(), "{table} is read, too");
    }
    let all: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
    assert_eq!(walked, all);
    // Each column of those that are read is given, or named.
    for (table, given) in &read {
        let mut columns: BTreeSet<String> = given.iter().map(|it| (*it).to_owned()).collect();
        let withheld = WITHHELD.iter().filter(|(of, ..)| of == table);
        columns.extend(withheld.map(|(_, column, _)| (*column).to_owned()));
        assert_eq!(columns, schema[*table], "{table}");
    }
    let withheld = data["withheld"].as_array().unwrap().len();
    assert_eq!(withheld, WITHHELD.len());

    // Each row that names the person is in the file.
    let rows = |table: &str| data["tables"][table].as_array().map_or(0, Vec::len);
    let mut found = BTreeSet::new();
    for (table, columns) in &schema {
        let names = |column: &String| {
            let about = [account.id.as_str(), account.sub.as_str(), EMAIL];
            about
                .map(|it| format!("CAST(\"{column}\" AS TEXT) LIKE '%{it}%'"))
                .join(" OR ")
        };
        let about = columns.iter().map(names).collect::<Vec<_>>().join(" OR ");
        let sql = format!("SELECT COUNT(*) AS n FROM \"{table}\" WHERE {about}");
        let count: i64 = query(&op, &sql).await[0].try_get("", "n").unwrap();
        // What says that the file is ready and was opened comes after it: two entries, a mail, and the mail's link.
        let later = match table.as_str() {
            "events" => 2,
            "not_me_links" | "outbox_mails" => 1,
            _ => 0,
        };
        assert!(
            rows(table) + later >= count as usize,
            "{table}: {count} rows name the person, {} are given",
            rows(table)
        );
        if count > 0 {
            found.insert(table.as_str());
        }
    }
    // The walk is worth something only if there was something to find.
    for table in [
        "accounts",
        "affiliations",
        "consents",
        "data_downloads",
        "events",
        "focal_points",
    ] {
        assert!(found.contains(table), "{table} has no row of the person");
    }
    for table in [
        "password_resets",
        "recovery_codes",
        "refresh_tokens",
        "service_uses",
        "session_clients",
        "sessions",
        "login_throttles",
        "outbox_mails",
    ] {
        assert!(rows(table) > 0, "{table} has no row in the file");
    }
    let names = &data["names"];
    assert_eq!(names["organizations"]["telco"], "Telco");
    assert_eq!(names["services"].as_object().map(|it| it.len()), Some(1));
}
