//! Tests the move of people from the former platform: hashes of every kind, files with wrong lines, invitations.

use std::collections::BTreeSet;

use super::imports::HEADER;
use super::*;
use crate::foreign_hashes::one_of_each;
use crate::support::{Log, rows as rows_of_tests};
use itu_account::accounts::import::{AccountsFile, Format};
use itu_account::accounts::{invitations, recovery, terms};
use itu_account::affiliations::accounts_export::{self, Hashes};
use itu_account::affiliations::accounts_import::Mode;
use itu_account::domain::account::{Account, EmailAddress, Status};
use itu_account::storage::accounts as rows;

impl TestOp {
    async fn stored_hash(&self, email: &str) -> String {
        let key = EmailAddress::parse(email).unwrap().key();
        let found = rows::find_credentials(self.app.db.read(), &key).await.unwrap();
        found.expect("an account").1.expect("a hash")
    }

    async fn exported_hashes(&self, hashes: Hashes) -> BTreeSet<String> {
        let page = accounts_export::page(&self.app, "", hashes).await.unwrap();
        page.rows.into_iter().map(|row| row.password_hash).collect()
    }

    async fn invite(&self, most: u64) -> u64 {
        invitations::mail_next(&self.app, &Context::operator(), most)
            .await
            .unwrap()
            .mailed
    }
}

#[tokio::test]
async fn each_kind_of_hash_is_replaced_at_the_first_login() {
    // PW-2
    let op = TestOp::start().await;
    let people: Vec<_> = one_of_each()
        .into_iter()
        .map(|vector| (format!("{}@example.org", vector.format), vector))
        .collect();
    let rows = people.iter().map(|(email, vector)| {
        let hash = vector.hash.replace('"', "\"\"");
        format!("{email},Old,Person,,\"{hash}\",\n")
    });
    let file = format!("{HEADER}\n{}", rows.collect::<String>());
    let report = op.import_csv(&file, Mode::All).await;
    assert_eq!((report.imported, report.problems.len()), (people.len() as u64, 0));

    for (email, vector) in &people {
        // A copy of the database does not give the hash away.
        let sealed = op.stored_hash(email).await;
        assert!(!sealed.contains(&vector.hash), "{vector:?}");
        let wrong = op.attempt_login(email, "x-wrong-password").await;
        assert!(matches!(wrong, Err(Error::WrongCredentials)), "{vector:?}");
        assert_eq!(op.stored_hash(email).await, sealed, "{vector:?}");
    }
    // Nor does an export, which is imported again as it is, unless the operator has the seals opened.
    let exported = op.exported_hashes(Hashes::Stored).await;
    assert!(
        exported.iter().all(|it| it.starts_with("sealed:v1:")),
        "{exported:?}"
    );
    let came: BTreeSet<_> = people.iter().map(|(_, it)| it.hash.clone()).collect();
    assert_eq!(op.exported_hashes(Hashes::Unsealed).await, came);
    assert_eq!(
        op.exported_hashes(Hashes::None).await,
        BTreeSet::from([String::new()])
    );
    let sealed = exported.first().unwrap();
    let elsewhere = TestOp::start().await;
    for (op, imported, problem) in [(&op, 1, ""), (&elsewhere, 1, ""), (&op, 0, "another master key")] {
        let sealed = if problem.is_empty() {
            sealed.clone()
        } else {
            sealed.replace("v1:", "v1:A")
        };
        let file = format!("email,last_name,password_hash\nagain{imported}@example.org,Again,{sealed}\n");
        let report = op.import_csv(&file, Mode::All).await;
        assert_eq!(report.imported, imported, "{:?}", report.problems);
        assert!(
            report.problems.iter().all(|it| it.reason.contains(problem)),
            "{:?}",
            report.problems
        );
    }

    for (email, vector) in &people {
        let first = op.attempt_login(email, &vector.password).await;
        assert!(first.is_ok(), "{vector:?}: {:?}", first.err());
        let upgraded = op.stored_hash(email).await;
        let ours = &op.app.config.passwords;
        let parameters = format!(
            "$argon2id$v=19$m={},t={},p=1,keyid=",
            ours.memory_kib, ours.passes
        );
        assert!(upgraded.starts_with(&parameters), "{upgraded}");
        let hashes = op.app.passwords.count();
        assert!(
            op.attempt_login(email, &vector.password).await.is_ok(),
            "{vector:?}"
        );
        assert_eq!(op.app.passwords.count(), hashes + 1, "{vector:?}");
        assert_eq!(op.stored_hash(email).await, upgraded, "{vector:?}");
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_verified_is_a_wrong_password_and_a_line_of_the_log() {
    // PW-3, G-11
    let op = TestOp::start().await;
    let log = Log::read();
    for (email, stored) in [("a@example.org", "sealed:v1:AAAA"), ("b@example.org", "$2y$99$x")] {
        let account = rows_of_tests::account(email, op.now());
        let id = account.id.clone();
        op.insert_account(account, Some(stored.to_owned())).await;
        for _ in 0..2 {
            let hashes = op.app.passwords.count();
            let refused = op.attempt_login(email, PASSWORD).await;
            assert!(
                matches!(refused, Err(Error::WrongCredentials)),
                "{:?}",
                refused.err()
            );
            assert_eq!(op.app.passwords.count(), hashes + 1);
        }
        let lines: Vec<String> = log.take().iter().map(ToString::to_string).collect();
        let about: Vec<_> = lines
            .iter()
            .filter(|it| it.contains("cannot be verified"))
            .collect();
        assert!(about.len() == 1 && about[0].contains(id.as_str()), "{lines:?}");
        assert!(!lines.iter().any(|it| it.contains(stored)), "LG-3: {lines:?}");
    }
}

#[tokio::test]
async fn a_dry_run_reports_what_would_come_and_writes_nothing() {
    let op = TestOp::start().await;
    let before = op.work().await;
    let file = format!("{HEADER}\ngood@example.org,A,B,,,\nnobody,A,B,,,\n");
    let report = op.import_csv(&file, Mode::DryRun).await;
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!((report.imported, lines), (1, vec![3]));
    assert_eq!(difference(&before, &op.work().await), vec![0; before.len()]);
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let op = TestOp::start().await;
    let file = format!("{HEADER}\na@example.org,A,B,,,\nb@example.org,A,B,,,\nnobody,A,B,,,\n");
    assert_eq!(op.import_csv(&file, Mode::ValidOnly).await.imported, 2);
    let before = op.work().await;
    let report = op.import_csv(&file, Mode::ValidOnly).await;
    assert_eq!(
        (report.imported, report.exists, report.problems.len()),
        (0, vec![2, 3], 1)
    );
    assert_eq!(difference(&before, &op.work().await), vec![0; before.len()]);
}

#[tokio::test]
async fn who_leaves_or_is_suspended_is_exported_to_nowhere() {
    // ST-4: an import would make an active account of them, which nobody deletes.
    let op = TestOp::start().await;
    for (name, status) in [
        ("active", Status::Active),
        ("deleted", Status::Deleted),
        ("leaving", Status::Leaving),
        ("suspended", Status::Suspended),
    ] {
        let account = Account {
            status,
            ..rows_of_tests::account(&format!("{name}@example.org"), op.now())
        };
        op.insert_account(account, None).await;
    }
    let page = accounts_export::page(&op.app, "", Hashes::None).await.unwrap();
    let exported: Vec<_> = page.rows.iter().map(|it| it.email.as_str()).collect();
    assert_eq!(exported, ["active@example.org"]);
    let mut left_out: Vec<_> = page
        .left_out
        .iter()
        .map(|it| (it.email.as_str(), it.status.as_str()))
        .collect();
    left_out.sort_unstable();
    let all = ["deleted", "leaving", "suspended"];
    let emails = all.map(|it| format!("{it}@example.org"));
    let expected: Vec<_> = emails.iter().map(String::as_str).zip(all).collect();
    assert_eq!(left_out, expected);
    // A page of them alone is not the end.
    assert!(page.last.is_some());
}

#[tokio::test]
async fn people_are_invited_once_each_in_their_language_unless_they_were_here() {
    let op = TestOp::start().await;
    let hash = &one_of_each()[0];
    let file = format!(
        "email,last_name,language,password_hash\n\
         kept@example.org,Dupont,fr,{}\nnone@example.org,Иванов,ru,\nhere@example.org,Doe,en,\n\
         last@example.org,Last,es,\n",
        hash.hash
    );
    assert_eq!(op.import_csv(&file, Mode::All).await.imported, 4);
    op.sign_up_and_verify("other@example.org").await; // not taken over
    recovery::request(&op.app, &visitor(), recovery::Request::of("here@example.org"))
        .await
        .unwrap();
    let token = op.reset_token("here@example.org").await;
    recovery::complete(&op.app, &visitor(), &token, typed_twice(PASSWORD))
        .await
        .unwrap();
    let here = op.attempt_login("here@example.org", PASSWORD).await.unwrap();
    let label = terms::offer(&op.app, Language::En).label();
    terms::accept(&op.app, &visitor(), &here.started.session, &label)
        .await
        .unwrap();

    assert_eq!(invitations::count_waiting(&op.app).await.unwrap(), 3);
    // A wave that ends goes on where it was: nobody is mailed twice, and nobody is left out.
    assert_eq!(
        (op.invite(2).await, op.invite(5).await, op.invite(5).await),
        (2, 1, 0)
    );
    assert_eq!(invitations::count_waiting(&op.app).await.unwrap(), 0);
    for to in ["here@example.org", "other@example.org"] {
        let mails = op.outbox().to(to).await;
        assert!(mails.iter().all(|it| it.kind != "account_taken_over"), "{to}");
    }
    for (to, path, words) in [
        ("kept@example.org", "/login", "reste valable"),
        ("none@example.org", "/forgot-password", "Забыли пароль?"),
        (
            "last@example.org",
            "/forgot-password",
            "¿Ha olvidado su contraseña?",
        ),
    ] {
        let mails = op.outbox().to(to).await;
        let [mail] = &mails[..] else {
            panic!("{to}: {mails:?}")
        };
        assert!(
            mail.text.contains(words) && mail.text.contains(path),
            "{}",
            mail.text
        );
    }
}

#[tokio::test]
async fn a_file_of_lines_is_read_whatever_is_wrong_with_some() {
    let op = TestOp::start().await;
    let mut bytes = "\u{feff}{\"email\":\"a@example.org\",\"last_name\":\"A\"}\r\n"
        .as_bytes()
        .to_vec();
    bytes.extend(b"{\"email\":\"\xff\"}\n");
    bytes.extend(format!("{{\"email\":\"{}\"}}\n", "x".repeat(200_000)).as_bytes());
    bytes.extend(b"{\"email\":\"b@example.org\",\"last_name\":\"B\"}");
    let file = AccountsFile::of_bytes(Format::JsonLines, &bytes);
    let report = op.import(&file, Mode::ValidOnly).await;
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!((report.imported, lines), (2, vec![2, 3]));
}
