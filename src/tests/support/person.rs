//! A person with a browser: signs up, logs in at services, logs out, as the pages let them.

use super::{Browser, Page, RelyingParty, TestOp, rows};
use itu_account::domain::account::Account;
use itu_account::domain::profile::Language;
use itu_account::domain::role::Role;

pub const PASSWORD: &str = "Tulip-lamp-42";

pub struct Person {
    pub browser: Browser,
    pub email: String,
    pub password: String,
}

impl TestOp {
    /// Returns a person who has an account already.
    pub async fn person(&self, email: &str) -> Person {
        self.person_with(email, Role::User).await
    }

    pub async fn person_with(&self, email: &str, role: Role) -> Person {
        let password = itu_account::domain::password::Password::typed(PASSWORD).expect("short enough");
        let offer = itu_account::accounts::terms::offer(&self.app, Language::En);
        let account = Account {
            role,
            terms_version: Some(offer.terms.version.clone()),
            privacy_version: Some(offer.privacy.version.clone()),
            ..rows::account(email, self.now())
        };
        let hash = self.app.passwords.hash(&password).await.expect("a hash");
        self.insert_account(account, Some(hash)).await;
        self.visitor(email)
    }

    /// Returns a person who has a browser, and no account yet.
    pub fn visitor(&self, email: &str) -> Person {
        Person {
            browser: self.browser(),
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }
}

impl Person {
    /// Returns the same person in another browser.
    pub fn elsewhere(&self, op: &TestOp) -> Self {
        Self {
            browser: op.browser(),
            email: self.email.clone(),
            password: self.password.clone(),
        }
    }

    /// Logs in at our own login page.
    pub async fn logs_in(&mut self) -> Page {
        let page = self.browser.get("/login").await;
        self.enters_password(page).await
    }

    pub async fn enters_password(&mut self, login: Page) -> Page {
        let form = login.form(&["email", "password"]);
        let (email, password) = (self.email.clone(), self.password.clone());
        self.browser
            .submit(form, &[("email", &email), ("password", &password)])
            .await
    }

    /// Comes from a service, logs in if asked, allows what it asks for. Returns the page, which is the way back to the
    /// service.
    pub async fn goes_through(&mut self, url: &str) -> Page {
        let mut page = self.browser.get(url).await;
        for _ in 0..5 {
            if page.find_form(&["email", "password"]).is_some() {
                page = self.enters_password(page).await;
            } else if let Some(form) = page.find_form(&["decision=allow"]) {
                page = self.browser.send(form.press("decision", "allow")).await;
            } else {
                return page;
            }
        }
        page
    }

    /// Logs in at a service. Returns the code that it gets.
    pub async fn logs_in_at(&mut self, rp: &mut RelyingParty, scopes: &str) -> String {
        let url = rp.authorization_url(scopes, &[]);
        let back = self.goes_through(&url).await;
        rp.takes(&back)
    }
}
