//! Tests the file of the directory: what is exported, what an import applies, and which rows refuse it whole.

use super::{context, organization};
use crate::support::TestOp;
use itu_account::affiliations::directory::csv::{ImportError, Imported, export, import};
use itu_account::affiliations::directory::merge;
use itu_account::domain::OrganizationId;
use itu_account::domain::actor::Context;
use itu_account::domain::organization::Organization;
use itu_account::domain::role::Role;
use itu_account::storage::organizations;

fn id(id: &str) -> OrganizationId {
    OrganizationId::new(id)
}

#[tokio::test]
async fn what_is_exported_can_be_imported_as_it_is() {
    let op = TestOp::start_with_directory().await;
    let operator = Context::operator();
    let file = "\u{feff}name,id,sectors,membership_type,category,status,email_domains,member_state,valid_from\r\n\
                \"Télécom, \"\"Société\"\"\",tel.1,R;T,sector_member,ROA,active,bücher.example;x.example,FR,2020-02-29\r\n\
                Nameless,,,academia,ACAD,,,,\r\n";
    let done = import(&op.app, &operator, file.as_bytes()).await.unwrap();
    assert_eq!(
        done,
        Imported {
            created: 2,
            changed: 0,
            unchanged: 0,
            ended: 0
        }
    );

    let exported = export(&op.app, &operator).await.unwrap();
    let text = String::from_utf8(exported.clone()).unwrap();
    assert!(text.starts_with("id,name,acronym,membership_type,category,sectors,member_state,website,status,valid_from,valid_until,email_domains\n"));
    assert!(text.contains("tel.1,\"Télécom, \"\"Société\"\"\",,sector_member,ROA,R;T,FR,,active,2020-02-29,,xn--bcher-kva.example;x.example"));
    let done = import(&op.app, &operator, &exported).await.unwrap();
    assert_eq!(
        done,
        Imported {
            created: 0,
            changed: 0,
            unchanged: 6,
            ended: 0
        }
    );
    assert_eq!(export(&op.app, &operator).await.unwrap(), exported);

    // An absent column keeps the value; an empty cell clears it.
    import(&op.app, &operator, b"id,acronym,sectors\ntel.1,TS,\n")
        .await
        .unwrap();
    let record = organizations::find(op.app.db.read(), &id("tel.1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            record.acronym.as_deref(),
            record.sectors.len(),
            record.email_domains.len()
        ),
        (Some("TS"), 0, 2)
    );
    let filter = organizations::Filter {
        text: "ts".into(),
        ..Default::default()
    };
    let found = organizations::search(op.app.db.read(), &filter, 0, 5);
    assert_eq!(found.await.unwrap().0.len(), 1);
}

#[tokio::test]
async fn a_bad_row_is_reported_by_its_line_and_nothing_is_applied() {
    let op = TestOp::start_with_directory().await;
    let operator = Context::operator();
    let before = export(&op.app, &operator).await.unwrap();
    let lines = async |file: &str| match import(&op.app, &operator, file.as_bytes()).await {
        Err(ImportError::Lines(errors)) => errors.iter().map(|it| it.line).collect::<Vec<_>>(),
        other => panic!("{file}: {other:?}"),
    };
    let head = "id,name,membership_type,status,valid_from,website,member_state\n";
    let good = "good,Good,non_member,active,,,\n";
    for bad in [
        "x,,non_member,active,,,",
        "x,Bad,emperor,active,,,",
        "x,Bad,,active,,,",
        "x,Bad,non_member,merged,,,",
        "x,Bad,non_member,active,2026-1-1,,",
        "x,Bad,non_member,active,2026-02-30,,",
        "x,Bad,non_member,active,,ftp://x.example,",
        "x,Bad,non_member,active,,,XX",
        "x y,Bad,non_member,active,,,",
        "good,Twice,non_member,active,,,",
        "shop,Shop,non_member,proposed,,,",
        "x,Bad,sector_member,proposed,,,",
        "x,Bad,non_member,active",
    ] {
        let file = format!("{head}{good}{bad}\nx2,\"Two\nlines\",non_member,active,,,\n");
        let reported = lines(&file).await;
        assert!(reported.first() == Some(&3), "{bad}: {reported:?}");
    }
    assert_eq!(lines("id,nmae\nx,y\n").await, [1]);
    assert_eq!(lines("id,id\nx,y\n").await, [1]);
    let refused = import(
        &op.app,
        &operator,
        b"id,name,membership_type\nx,\xff,non_member\n",
    )
    .await;
    assert!(refused.unwrap_err().to_string().starts_with("line 2: "));
    assert_eq!(export(&op.app, &operator).await.unwrap(), before);
    let stranger = context("alice", Role::User);
    assert!(import(&op.app, &stranger, head.as_bytes()).await.is_err());
}

#[tokio::test]
async fn a_merged_id_in_a_file_means_the_survivor() {
    let op = TestOp::start_with_directory().await;
    let operator = Context::operator();
    let twin = organization("twin", "Telco Two", "sector_member");
    organizations::insert(&op.app.db, &[twin]).await.unwrap();
    let before = export(&op.app, &operator).await.unwrap();
    merge::merge(&op.app, &operator, &id("twin"), &id("telco"), "")
        .await
        .unwrap();
    let done = import(&op.app, &operator, &before).await.unwrap();
    assert_eq!(
        done,
        Imported {
            created: 0,
            changed: 0,
            unchanged: 5,
            ended: 0
        }
    );
    import(&op.app, &operator, b"id,acronym\ntwin,TT\n")
        .await
        .unwrap();
    let record: Organization = organizations::find(op.app.db.read(), &id("telco"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.acronym.as_deref(), Some("TT"));
}

#[tokio::test]
async fn the_same_file_again_makes_nothing_twice() {
    let op = TestOp::start_with_directory().await;
    let operator = Context::operator();
    let rows: String = (0..120).map(|n| format!("Nameless {n};academia\r\n")).collect();
    let file = format!("Name;Membership Type\r\n{rows}");
    let done = import(&op.app, &operator, file.as_bytes()).await.unwrap();
    assert_eq!((done.created, done.unchanged), (120, 0));
    let done = import(&op.app, &operator, file.as_bytes()).await.unwrap();
    assert_eq!((done.created, done.changed, done.unchanged), (0, 0, 120));
    let bad = file.replace("Nameless 100;academia", "Nameless 100;nothing");
    let Err(ImportError::Lines(lines)) = import(&op.app, &operator, bad.as_bytes()).await else {
        panic!("one bad row refuses the file")
    };
    assert_eq!(lines[0].line, 102);
}
