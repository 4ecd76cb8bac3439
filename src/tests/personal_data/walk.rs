//! Walks the schema of the database, so that no table and no column is forgotten, and no row of a person.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{EMAIL, FILE, builds, in_words};
use crate::support::TestOp;
use crate::support::traces::{execute, person_in_every_table, query, schema};
use itu_account::storage::data_downloads;
use itu_account::storage::personal_data::{self, Reason, WITHHELD, WITHOUT_PEOPLE};

/// Returns the values of a column of the rows that name the person. Who decided about another is no row of theirs.
async fn of_person(
    op: &TestOp,
    (table, columns): (&str, &BTreeSet<String>),
    column: &str,
    identifying: &[String],
) -> BTreeSet<String> {
    let is_other = |name: &str| {
        let mut others = WITHHELD.iter().filter(|(.., why)| *why == Reason::AnotherPerson);
        others.any(|(of, it, _)| *of == table && *it == name)
    };
    let mut about = Vec::new();
    for name in columns.iter().filter(|it| !is_other(it)) {
        about.extend(
            identifying
                .iter()
                .map(|it| format!("CAST(\"{name}\" AS TEXT) LIKE '%{it}%'")),
        );
    }
    let sql = format!(
        "SELECT CAST(\"{column}\" AS TEXT) AS t FROM \"{table}\" WHERE {}",
        about.join(" OR ")
    );
    let rows = query(op, &sql).await;
    rows.iter().map(|it| it.try_get("", "t").unwrap()).collect()
}

#[tokio::test]
async fn no_table_and_no_column_is_forgotten() {
    let op = TestOp::start().await;
    let known = person_in_every_table(&op, EMAIL).await;
    let (mut alice, account) = (known.person, known.account);
    let leaving = [
        format!(
            "INSERT INTO account_deletions (account_id, requested_at, delete_at) \
             VALUES ('{}', '{}', '2099-01-01T00:00:00+00:00')",
            account.id,
            op.now().to_rfc3339()
        ),
        format!(
            "INSERT INTO deletion_links (digest, account_id, email, expires_at) \
             VALUES ('l', '{}', '{EMAIL}', '2099-01-01T00:00:00+00:00')",
            account.id
        ),
    ];
    for sql in leaving {
        execute(&op, &sql).await;
    }
    data_downloads::put(&op.app.db, &account.id, "again", op.now())
        .await
        .unwrap();
    builds(&op).await;
    let file = alice.browser.get(FILE).await;
    let data: Value = serde_json::from_str(&file.body).unwrap();
    let mut read = BTreeMap::new();
    let none = ["none".to_owned()];
    let nobody = personal_data::Person {
        account: &account.id,
        email: EMAIL,
        addresses: &none,
        throttles: &none,
    };
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

    // Each row that names the person is in the file. The walk is worth something only if each table has one.
    for (table, columns) in &schema {
        let key = ["id", "key", "account_id", "session_id", "digest"]
            .into_iter()
            .find(|it| columns.contains(*it));
        let Some(given) = read.get(table.as_str()) else {
            let key = columns.iter().next().unwrap();
            let found = of_person(&op, (table, columns), key, &known.identifying).await;
            assert!(found.is_empty(), "{table} has something of the person");
            continue;
        };
        let key = key.filter(|it| given.contains(it)).unwrap_or("account_id");
        let found = of_person(&op, (table, columns), key, &known.identifying).await;
        assert!(!found.is_empty(), "{table} has no row of the person");
        let rows = data["tables"][table].as_array().unwrap();
        let rows: BTreeSet<String> = rows.iter().map(|it| in_words(&it[key])).collect();
        let missing: Vec<_> = found.difference(&rows).collect();
        // What says that the file is ready and was opened comes after it: two entries, a mail, and the mail's link.
        let later = match table.as_str() {
            "events" => 2,
            "not_me_links" | "outbox_mails" => 1,
            _ => 0,
        };
        assert!(missing.len() <= later, "{table}: {missing:?} of {found:?}");
    }
    let names = &data["names"];
    assert_eq!(names["organizations"]["telco"], "Telco");
    assert_eq!(names["services"].as_object().map(|it| it.len()), Some(1));
}
