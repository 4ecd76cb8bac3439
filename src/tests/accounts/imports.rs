use super::*;
use itu_account::accounts::import::{AccountsFile, Format};
use itu_account::accounts::recovery;
use itu_account::affiliations::accounts_export::{self, Hashes};
use itu_account::affiliations::accounts_import::Mode;

pub(super) const HEADER: &str = "email,first_name,last_name,gender,password_hash,created_at";
/// The argon2id hash of "password", as another platform wrote it.
const HASH: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

#[tokio::test]
async fn an_imported_person_logs_in_with_the_old_hash_or_after_a_reset() {
    let op = TestOp::start().await;
    let file = format!(
        "\u{feff}{HEADER}\nold@example.org,Old,Person,female,\"{HASH}\",2019-05-01\nnew@example.org,New,Person,,,\n"
    );
    let report = op.import_csv(&file, Mode::All).await;
    assert_eq!((report.imported, report.problems.len()), (2, 0));

    let old = op.attempt_login("old@example.org", "password").await.unwrap();
    assert!(old.account.terms_version.is_none() && !old.account.email_verified);
    // PW-2: the password is hashed again with our parameters and pepper; it still logs in.
    assert!(op.attempt_login("old@example.org", "password").await.is_ok());

    assert!(matches!(
        op.attempt_login("new@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    recovery::request(&op.app, &visitor(), recovery::Request::of("new@example.org"))
        .await
        .unwrap();
    let token = op.reset_token("new@example.org").await;
    recovery::complete(&op.app, &visitor(), &token, typed_twice(PASSWORD))
        .await
        .unwrap();
    let new = op.attempt_login("new@example.org", PASSWORD).await.unwrap();
    assert!(new.account.email_verified); // PW-5
}

#[tokio::test]
async fn a_file_with_a_bad_line_is_refused_whole() {
    let op = TestOp::start().await;
    let bcrypt = "$2b$20$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    let file = format!(
        "{HEADER}\n\
         good@example.org,A,B,,,\n\
         nobody,A,B,,,\n\
         hash@example.org,A,B,,{bcrypt},\n\
         gender@example.org,A,B,x,,2020-13-01\n\
         GOOD+tag@example.org,A,B,,,\n\
         cells@example.org,A\n"
    );
    let report = op.import_csv(&file, Mode::All).await;
    assert_eq!(report.imported, 0);
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7]);
    assert!(report.problems[1].reason.contains("at most a cost of 14"));
    assert_eq!(
        op.import_csv("email,name\na@example.org,x\n", Mode::All)
            .await
            .problems[0]
            .line,
        1
    );

    let report = op.import_csv(&file, Mode::ValidOnly).await;
    assert_eq!((report.imported, report.problems.len()), (1, 5));
    let report = op
        .import_csv(&format!("{HEADER}\ngood@example.org,A,B,,,\n"), Mode::All)
        .await;
    assert_eq!((report.imported, report.exists), (0, vec![2]));
}

#[tokio::test]
async fn a_placement_needs_its_organization() {
    let op = TestOp::start().await;
    let lines = concat!(
        r#"{"email":"a@example.org","first_name":"A","last_name":"B","organization_id":"nowhere","ties_rights":["documents"]}"#,
        "\n\n",
        r#"{"email":"b@example.org","first_name":"A","last_name":"B","affiliation_status":"approved"}"#,
        "\n",
        r#"{"email":"c@example.org","first_name":"A","last_name":null,"surname":"x"}"#,
    );
    let report = op
        .import(
            &AccountsFile::of_bytes(Format::JsonLines, lines.as_bytes()),
            Mode::ValidOnly,
        )
        .await;
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!((report.imported, lines), (0, vec![1, 3, 4]));
}

#[tokio::test]
async fn many_accounts_come_in_a_few_statements_and_go_out_again() {
    let op = TestOp::start().await;
    let mut file = format!("{HEADER}\n");
    for n in 0..2_000 {
        file.push_str(&format!("person{n}@example.org,Person,Number,,,2020-01-02\n"));
    }
    assert_eq!(op.import_csv(&file, Mode::All).await.imported, 2_000);
    let (mut after, mut seen) = (String::new(), 0);
    op.app.db.statements().take();
    while let accounts_export::Page {
        rows,
        last: Some(last),
        ..
    } = accounts_export::page(&op.app, &after, Hashes::None)
        .await
        .unwrap()
    {
        let queries = op.app.db.statements().sent();
        assert!(queries <= 3, "{queries} for one page");
        op.app.db.statements().take();
        assert!(
            rows.iter()
                .all(|it| it.created_at == "2020-01-02" && it.password_hash.is_empty())
        );
        seen += rows.len();
        after = last;
    }
    assert_eq!(seen, 2_000);
}

#[tokio::test]
async fn a_table_is_taken_as_a_spreadsheet_leaves_it() {
    let op = TestOp::start().await;
    let file = "\u{feff}E-mail,x\r\n".replace("E-mail,x", "Email;First Name;Last_Name;;")
        + "good@example.org;Ana;B;;\r\n;;;;\r\nnobody;A;B;;\r\nshort@example.org;A\r\n";
    let report = op.import_csv(&file, Mode::All).await;
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!((report.imported, lines), (0, vec![4, 5])); // IO-13
    let report = op.import_csv(&file, Mode::ValidOnly).await;
    assert_eq!((report.imported, report.problems.len()), (1, 2));
}

#[tokio::test]
async fn an_import_lets_others_pass_and_goes_on_where_it_was_ended() {
    use sea_orm::{ConnectionTrait, Statement};
    let op = TestOp::start().await;
    let file = |people: usize| {
        let rows: String = (0..people)
            .map(|n| format!("p{n}@example.org,P,N,,,\n"))
            .collect();
        format!("{HEADER}\n{rows}")
    };
    // The first file has the rows that an import had written before it was ended.
    assert_eq!(op.import_csv(&file(120), Mode::All).await.imported, 120);
    let report = op.import_csv(&file(200), Mode::All).await;
    assert_eq!((report.imported, report.exists.len()), (80, 120));
    // Each transaction has its record (ST-2), and none has many rows.
    let db = op.app.db.read();
    let query = "SELECT after FROM events WHERE action = 'account.imported'";
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), query))
        .await
        .unwrap();
    let counted: Vec<u64> = rows
        .iter()
        .map(|row| {
            let after: String = row.try_get("", "after").unwrap();
            serde_json::from_str::<serde_json::Value>(&after).unwrap()["accounts"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(counted.iter().sum::<u64>(), 200);
    assert!(counted.iter().all(|it| *it <= 50), "{counted:?}");
}
