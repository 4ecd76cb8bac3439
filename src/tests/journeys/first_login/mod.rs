//! Tests the first login of a person taken over with a password: a code verifies the address, and nothing of the
//! account opens before (product.md, "Beside the sign-up"; security.md UI-2, SU-3 to SU-5).

mod codes;
mod elsewhere;
mod ways_in;

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use crate::support::{Page, Person, RelyingParty, TestOp};
use itu_account::accounts::import::{AccountsFile, Format};
use itu_account::affiliations::accounts_import::Mode;
use itu_account::domain::account::EmailAddress;
use itu_account::domain::actor::Context;

const PAGE: &str = "/login/verify-email";
const ADDRESS: &str = "old@example.org";
/// The hash of "password", as another platform wrote it with argon2id.
const HASH: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn file() -> AccountsFile {
    let text =
        format!("email,first_name,last_name,language,password_hash\n{ADDRESS},Old,Person,en,\"{HASH}\"\n");
    AccountsFile::of_bytes(Format::Csv, text.as_bytes())
}

async fn imports(op: &TestOp, file: AccountsFile) -> Person {
    assert_eq!(op.import(&file, Mode::All).await.imported, 1);
    let mut person = op.visitor(ADDRESS);
    person.password = "password".into();
    person
}

/// Imports an account as `user import` does, with an address that is not verified.
async fn taken_over(op: &TestOp) -> Person {
    imports(op, file()).await
}

async fn is_verified(op: &TestOp) -> bool {
    op.find_account(ADDRESS).await.email_verified
}

/// Restores the row as it was before the release that introduced the code.
pub async fn unverify(op: &TestOp, address: &str) {
    let id = op.find_account(address).await.id;
    let db = &op.app.db;
    let text = format!("UPDATE accounts SET email_verified = false WHERE id = '{id}'");
    db.execute_raw(Statement::from_string(db.get_database_backend(), text))
        .await
        .expect("updated");
}

async fn count(op: &TestOp, action: &str) -> i64 {
    let db = op.app.db.read();
    let text = format!("SELECT count(*) AS n FROM events WHERE action = '{action}'");
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), text));
    let row = row.await.expect("a database").expect("a row");
    row.try_get("", "n").expect("a number")
}

/// Returns how many mails with a code went to the address.
async fn codes(op: &TestOp) -> usize {
    let mails = op.outbox().to(ADDRESS).await;
    mails.iter().filter(|it| it.kind == "first_login_code").count()
}

/// Returns the code alone on a line of the newest mail that has one (contract.md).
pub async fn mailed(op: &TestOp, address: &str) -> String {
    let mails = op.outbox().to(address).await;
    let mail = mails.iter().find(|it| it.kind == "first_login_code");
    let mail = mail.expect("a mail with a code");
    let is_code = |it: &&str| it.len() == 8 && it.bytes().all(|b| b.is_ascii_digit());
    mail.text.lines().find(is_code).expect("a code").to_owned()
}

async fn enters(person: &mut Person, page: &Page, code: &str) -> Page {
    let form = page.form(&["code"]).with("code", code);
    person.browser.send(form).await
}

/// Returns a code that is not the one in the mail.
fn other_than(code: &str) -> &'static str {
    if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    }
}

async fn accepts_terms(person: &mut Person, page: Page) -> Page {
    assert_eq!(page.url.path(), "/terms/accept", "{}", page.text());
    let form = page.form(&["version"]).press("accept_terms", "yes");
    person.browser.send(form).await
}

/// Comes from the service and enters the password.
async fn comes_from(rp: &mut RelyingParty, person: &mut Person, more: &[(&str, &str)]) -> Page {
    let url = rp.authorization_url("openid email", more);
    let login = person.browser.get(&url).await;
    person.enters_password(login).await
}

fn asks(page: &Page) {
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::OK, PAGE),
        "{}",
        page.text()
    );
}
