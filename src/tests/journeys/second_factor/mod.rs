//! Tests two-step login: an authenticator app, passkeys and recovery codes, from the page where they are set up to the
//! claims of services (product.md, "Beside the sign-up"; RFC 6238, RFC 9470).

mod autofill;
mod logging_in;
mod losing_it;
pub(crate) mod offering;
pub(crate) mod passkeys;
mod setting_up;
mod sign_count;
mod stepping_up;

pub use stepping_up::claims;

use crate::support::{Browser, Page, Person, TestOp};
use itu_account::domain::second_factor::{TotpSecret, step_of};
use itu_account::domain::{AccountId, Time};

const SETUP: &str = "/account/security/totp";
const SESSION: &str = "__Host-itu_sid";

/// The app on a person's phone, with the secret that its owner typed.
pub struct Authenticator(TotpSecret);

impl Authenticator {
    pub fn typed(secret: &str) -> Self {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut bits = 0_u128;
        let mut bytes = Vec::new();
        for (at, letter) in secret.chars().filter(|it| !it.is_whitespace()).enumerate() {
            bits = bits << 5 | letters.find(letter).expect("base32") as u128;
            if (at + 1) % 8 == 0 {
                bytes.extend(&(bits as u64).to_be_bytes()[3..]);
                bits = 0;
            }
        }
        Self(TotpSecret::from_slice(&bytes).expect("160 bits"))
    }

    pub fn shows_at(&self, time: Time) -> String {
        self.0.code_of(step_of(time))
    }

    pub fn shows(&self, op: &TestOp) -> String {
        self.shows_at(op.clock.now())
    }

    /// Returns a code of no step near by.
    fn never_shows(&self, op: &TestOp) -> String {
        let now = step_of(op.clock.now());
        let near: Vec<String> = (now - 3..now + 100).map(|it| self.0.code_of(it)).collect();
        let mut all = (0..1_000_000).map(|it| format!("{it:06}"));
        all.find(|it| !near.contains(it)).expect("most of them")
    }
}

/// Logs in, sets an app up and keeps the codes; a minute later the code of the set-up is old.
pub async fn sets_up(op: &TestOp, person: &mut Person) -> (Authenticator, Vec<String>) {
    person.logs_in().await;
    let (app, codes) = sets_up_in_session(op, person).await;
    op.advance(60);
    (app, codes)
}

/// Does what `sets_up` does, for somebody who has just logged in; the code of the set-up has been used.
pub async fn sets_up_in_session(op: &TestOp, person: &mut Person) -> (Authenticator, Vec<String>) {
    let page = person.browser.get(SETUP).await;
    let begin = page.form(&["action=begin"]).press("action", "begin");
    let page = person.browser.send(begin).await;
    let app = Authenticator::typed(&page.text_of("#totp-secret"));
    let page = confirms(person, &page, &app.shows(op)).await;
    assert!(page.has("#recovery-codes"), "{}", page.text());
    (app, codes_on(&page))
}

async fn confirms(person: &mut Person, page: &Page, code: &str) -> Page {
    let form = page.form(&["otp", "action=confirm"]).with("otp", code);
    person.browser.send(form.press("action", "confirm")).await
}

fn codes_on(page: &Page) -> Vec<String> {
    let text = page.text();
    let words = text.split_whitespace();
    let codes = words.filter(|it| it.len() == 19 && it.matches('-').count() == 3);
    codes.map(str::to_owned).collect()
}

/// Submits the second step of a login, or of a service's later request.
pub async fn enters(browser: &mut Browser, page: &Page, code: &str) -> Page {
    assert_eq!(page.url.path(), "/login/second-factor", "{}", page.text());
    let form = page.form(&["otp"]).with("otp", code);
    browser.send(form).await
}

async fn account_id(op: &TestOp, email: &str) -> AccountId {
    op.find_account(email).await.id
}

/// Returns `true` if a mail with this subject went to the person.
async fn heard(op: &TestOp, person: &Person, subject: &str) -> bool {
    op.outbox()
        .to(&person.email)
        .await
        .iter()
        .any(|it| it.subject == subject)
}
