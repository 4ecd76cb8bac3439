//! Tests what an import finds that others do meanwhile, or have done since the file was imported before: sign-ups, changes
//! of an address, deletions, the end of a membership, another import. Each case makes them meet.

use super::*;
use crate::support::imports::Imported;
use crate::support::rows;
use itu_account::accounts::import::{self, AccountsFile, Format};
use itu_account::affiliations::accounts_import::Mode;
use itu_account::domain::account::EmailAddress;
use itu_account::domain::organization::OrganizationStatus;
use itu_account::storage::accounts::{self, NewAccount};
use itu_account::storage::{invitations as rows_of_invitations, organizations};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use tokio::sync::Notify;

const FILE: &str = "email,last_name\nann@example.org,Doe\n";

impl TestOp {
    async fn count(&self, what: &str) -> usize {
        let db = self.app.db.read();
        let sql = format!("SELECT count(*) AS n FROM {what}");
        let row = db
            .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
            .await
            .unwrap();
        usize::try_from(row.unwrap().try_get::<i64>("", "n").unwrap()).unwrap()
    }

    async fn change_address(&self, from: &str, to: &str) {
        let account = self.find_account(from).await.id;
        let to = EmailAddress::parse(to).unwrap();
        let person = visitor();
        let changed = self.app.write(&person, async |tx| {
            accounts::update_email(tx, &account, &to, tx.now()).await
        });
        assert!(changed.await.unwrap());
    }

    /// Waits until the other cannot go on: on PostgreSQL it has sent `statement`, on SQLite it has read what there is,
    /// if it reads before it writes, and the writer is not free.
    async fn until_other_waits(&self, begun: &Notify, statement: &str, read: Option<&str>) {
        let statements = self.app.db.statements();
        statements.take();
        begun.notify_one();
        let awaited = if self.app.db.is_postgres() {
            Some(statement)
        } else {
            read
        };
        let Some(awaited) = awaited else { return };
        while !statements.take().iter().any(|it| it.sql.contains(awaited)) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

const LOOKS_FOR_ADDRESSES: Option<&str> = Some(r#"FROM "imported_addresses""#);

#[tokio::test]
async fn a_record_makes_one_account_whatever_becomes_of_it() {
    // SU-2
    let op = TestOp::start().await;
    let exists = |report: Imported| {
        assert_eq!((report.imported, report.exists), (0, vec![2]));
    };
    assert_eq!(op.import_csv(FILE, Mode::All).await.imported, 1);
    op.change_address("ann@example.org", "new@example.org").await;
    exists(op.import_csv(FILE, Mode::All).await);
    exists(op.import_csv(FILE, Mode::DryRun).await);
    // The account is deleted, and the digest of the address is left.
    op.execute_sql("DELETE FROM accounts").await.unwrap();
    exists(op.import_csv(FILE, Mode::All).await);
    assert_eq!(op.count("accounts").await, 0);
    assert_eq!(
        op.count("imported_addresses WHERE account_id IS NULL AND digest NOT LIKE '%ann%'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_record_of_somebody_who_was_here_makes_no_account_later() {
    let op = TestOp::start().await;
    op.person("ann@example.org").await;
    for _ in 0..2 {
        let report = op.import_csv(FILE, Mode::All).await;
        assert_eq!((report.imported, report.exists), (0, vec![2]));
        assert_eq!(
            op.count("imported_addresses WHERE account_id IS NOT NULL").await,
            1
        );
        op.change_address("ann@example.org", "new@example.org").await;
        assert_eq!(op.import_csv(FILE, Mode::All).await.imported, 0);
        op.change_address("new@example.org", "ann@example.org").await;
    }
}

#[tokio::test]
async fn an_account_that_another_import_made_and_that_has_moved_on_is_not_made_again() {
    let op = TestOp::start().await;
    let file = AccountsFile::of_bytes(Format::Csv, FILE.as_bytes());
    let record = file.records(&op.app).unwrap().next().unwrap().unwrap();
    assert_eq!(op.import(&file, Mode::All).await.imported, 1);
    op.change_address("ann@example.org", "new@example.org").await;
    // This import had looked for the address before.
    let operator = Context::operator();
    let made = op.app.write(&operator, async |tx| {
        import::register(tx, "another", &[&record], &[]).await
    });
    assert!(made.await.unwrap().is_empty());
    assert_eq!(
        (op.count("accounts").await, op.count("imported_addresses").await),
        (1, 1)
    );
}

#[tokio::test]
async fn who_signs_up_while_the_file_is_imported_keeps_the_account() {
    // SU-2
    let op = TestOp::start().await;
    let file = "email,last_name\nbob@example.org,Bob\nann@example.org,Doe\n";
    let account = rows::account("ann+here@example.org", op.now());
    let (system, begun) = (Context::system(), Notify::new());
    let sign_up = op.app.write(&system, async |tx| {
        let new = NewAccount {
            account: account.clone(),
            password_hash: None,
            terms_accepted_at: None,
            imported_at: None,
        };
        accounts::insert(tx, new).await?;
        op.until_other_waits(&begun, r#"INSERT INTO "accounts""#, LOOKS_FOR_ADDRESSES)
            .await;
        Ok::<_, DbErr>(())
    });
    let import = async {
        begun.notified().await;
        op.import_csv(file, Mode::ValidOnly).await
    };
    let (signed_up, report) = tokio::join!(sign_up, import);
    signed_up.unwrap();
    assert_eq!((report.imported, report.exists), (1, vec![3]));
    assert_eq!(op.count("accounts").await, 2);
    assert_eq!(op.find_account("ann+here@example.org").await.id, account.id);
}

#[tokio::test]
async fn nobody_is_placed_in_an_organization_that_ends_meanwhile() {
    // AF-1
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let id = OrganizationId::new("telco");
    let file = "email,last_name,organization_id,affiliation_status,ties_rights\n\
                ann@example.org,Doe,telco,approved,documents\nbob@example.org,Bob,,,\n";
    let (system, begun) = (Context::system(), Notify::new());
    let end = op.app.write(&system, async |tx| {
        let mut telco = organizations::find_to_change(tx, &id).await?.expect("telco");
        telco.status = OrganizationStatus::Ended;
        telco.version += 1;
        assert!(organizations::update(tx, &telco).await?);
        op.until_other_waits(&begun, "FOR SHARE", LOOKS_FOR_ADDRESSES)
            .await;
        Ok::<_, DbErr>(())
    });
    let import = async {
        begun.notified().await;
        op.import_csv(file, Mode::ValidOnly).await
    };
    let (ended, report) = tokio::join!(end, import);
    ended.unwrap();
    assert_eq!(report.imported, 1);
    let reasons: Vec<_> = report.problems.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["affiliation_status: the membership of telco has ended"]);
    assert_eq!(op.count("affiliations").await, 0);
    assert_eq!(op.count("ties_rights").await, 0);
}

#[tokio::test]
async fn two_imports_of_one_file_make_each_account_once() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let people: String = (0..300)
        .map(|n| match n % 2 {
            0 => format!("p{n}@example.org,N{n},telco,approved,documents\n"),
            _ => format!("p{n}@example.org,N{n},,,\n"),
        })
        .collect();
    let file = format!("email,last_name,organization_id,affiliation_status,ties_rights\n{people}");
    let import = || op.import_csv(&file, Mode::ValidOnly);
    let reports: [Imported; 2] = tokio::join!(import(), import()).into();
    assert!(reports.iter().all(|it| it.problems.is_empty()), "{reports:?}");
    assert_eq!(reports.iter().map(|it| it.imported).sum::<u64>(), 300);
    assert_eq!(reports.iter().map(|it| it.exists.len()).sum::<usize>(), 300);
    for (what, number) in [
        ("accounts", 300),
        ("imported_addresses", 300),
        ("affiliations", 150),
        ("ties_rights", 150),
    ] {
        assert_eq!(op.count(what).await, number, "{what}");
    }
}

#[tokio::test]
async fn a_wave_of_invitations_passes_people_whom_another_wave_mails() {
    use itu_account::accounts::invitations::{self, Mailed};
    let op = TestOp::start().await;
    let people: String = (0..30).map(|n| format!("p{n}@example.org,N{n}\n")).collect();
    op.import_csv(&format!("email,last_name\n{people}"), Mode::All)
        .await;
    let (operator, begun) = (Context::operator(), Notify::new());
    let another = op.app.write(&operator, async |tx| {
        for it in rows_of_invitations::list(tx, 20).await? {
            assert!(rows_of_invitations::mark(tx, &it.account.id, tx.now()).await?);
        }
        op.until_other_waits(&begun, r#"UPDATE "accounts""#, None).await;
        Ok::<_, DbErr>(())
    });
    let wave = async || invitations::mail_next(&op.app, &operator, 20).await.unwrap();
    let first = async {
        begun.notified().await;
        wave().await
    };
    let (another, first) = tokio::join!(another, first);
    another.unwrap();
    // On PostgreSQL it had found those whom the other mails: there are more, so that it is not over.
    let expected = if op.app.db.is_postgres() {
        Mailed { found: 20, mailed: 0 }
    } else {
        Mailed {
            found: 10,
            mailed: 10,
        }
    };
    assert_eq!(first, expected);
    let mut mailed = first.mailed;
    loop {
        let next = wave().await;
        mailed += next.mailed;
        if next.found == 0 {
            break;
        }
    }
    assert_eq!((mailed, op.count("outbox_mails").await), (10, 10));
}
