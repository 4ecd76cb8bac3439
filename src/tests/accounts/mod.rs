//! Tests the room `accounts` on a database of its own: the functions that the pages use (security.md section 8).

mod imports;
mod logins;
mod recovery;
mod signing_up;

use itu_account::accounts::login::{self, Browser, LoggedIn, LoginForm, Second};
use itu_account::accounts::verification::{self, Completed};
use itu_account::accounts::{self, Error, signup};
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::domain::OrganizationId;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::profile::{Language, ProfileInput};
use itu_account::domain::secret::Secret;
use itu_account::domain::signup::{Choice, OrganizationChoice};
use itu_account::storage::outbox;
use itu_account::testing;

pub const PASSWORD: &str = "Tulip-lamp-42";

/// The rooms without a door.
pub struct Rooms {
    pub app: App,
    pub clock: Clock,
}

impl Rooms {
    pub async fn open() -> Self {
        let app = testing::app_with("https://id.example.test", |_| {}).await;
        Self {
            clock: app.clock.clone(),
            app,
        }
    }

    pub fn now_later(&self, by: chrono::Duration) {
        self.clock.advance(by);
    }

    /// Submits screens 2 and 3 of the guide. Returns the handle of the sign-up.
    pub async fn signs_up(&self, email: &str) -> Result<Secret, Error> {
        let handle = signup::begin(&self.app, &visitor(), details(email), None).await?;
        self.submits(&handle).await?;
        Ok(handle)
    }

    pub async fn submits(&self, handle: &Secret) -> Result<(), Error> {
        signup::submit(&self.app, &visitor(), handle.expose(), submission()).await
    }

    /// Submits screen 4, as `affiliations` composes it.
    pub async fn verifies(&self, handle: &Secret, code: &str) -> Result<Completed, Error> {
        let proof = verification::verify(&self.app, &visitor(), handle.expose(), code).await?;
        self.app
            .write(&proof.acting(&visitor()), async |tx| {
                verification::complete(tx, &proof).await
            })
            .await
    }

    pub async fn person(&self, email: &str) -> Completed {
        let handle = self.signs_up(email).await.unwrap();
        let code = self.code(email).await;
        self.verifies(&handle, &code).await.unwrap()
    }

    pub async fn logs_in(&self, email: &str, password: &str) -> Result<LoggedIn, Error> {
        self.logs_in_from(email, password, Browser::default()).await
    }

    pub async fn logs_in_from(
        &self,
        email: &str,
        password: &str,
        browser: Browser<'_>,
    ) -> Result<LoggedIn, Error> {
        login::attempt(
            &self.app,
            &visitor(),
            LoginForm {
                email,
                password,
                second: Second::Later,
            },
            browser,
        )
        .await
    }

    pub async fn is_signed_in(&self, cookie: &Secret) -> bool {
        accounts::sessions::find(&self.app, cookie.expose())
            .await
            .unwrap()
            .is_some()
    }

    pub async fn mails(&self, to: &str) -> Vec<outbox::Entry> {
        outbox::list(self.app.db.read(), Some(to), 0, 100).await.unwrap()
    }

    /// Returns the code that stands alone on a line of the newest mail that has one.
    pub async fn code(&self, to: &str) -> String {
        let mails = self.mails(to).await;
        let newest = mails.iter().find(|it| it.kind == "verification_code").unwrap();
        let line = newest
            .text
            .lines()
            .find(|it| it.len() == 8 && it.bytes().all(|b| b.is_ascii_digit()));
        line.unwrap().to_owned()
    }

    /// Returns the token of the newest reset link.
    pub async fn link(&self, to: &str) -> String {
        let mails = self.mails(to).await;
        let newest = mails.iter().find(|it| it.kind == "password_reset").unwrap();
        let link = newest
            .text
            .split_whitespace()
            .find(|it| it.contains("token="))
            .unwrap();
        link.split_once("token=").unwrap().1.to_owned()
    }

    /// Returns the cost of what has been done: hashes, and rows in the tables that an act writes to.
    pub async fn work(&self) -> Vec<u64> {
        use sea_orm::{ConnectionTrait, Statement};
        let mut work = vec![self.app.passwords.count()];
        let db = self.app.db.read();
        for table in [
            "accounts",
            "sessions",
            "pending_signups",
            "email_codes",
            "code_attempts",
            "password_resets",
            "login_throttles",
            "events",
            "outbox_mails",
        ] {
            let count = format!("SELECT count(*) AS n FROM {table}");
            let statement = Statement::from_string(db.get_database_backend(), count);
            let row = db.query_one_raw(statement).await.unwrap().unwrap();
            work.push(u64::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap());
        }
        work
    }

    /// Returns what was done between two results of `work`.
    pub fn difference(before: &[u64], after: &[u64]) -> Vec<i128> {
        before
            .iter()
            .zip(after)
            .map(|(a, b)| i128::from(*b) - i128::from(*a))
            .collect()
    }
}

pub fn visitor() -> Context {
    Context {
        network: "192.0.2.1".into(),
        ..Context::of(Actor::Visitor)
    }
}

/// Returns a new password, the same in both fields.
pub fn typed_twice(password: &str) -> accounts::NewPassword<'_> {
    accounts::NewPassword {
        password,
        confirmation: password,
    }
}

/// Returns screen 3 with the terms accepted.
pub fn submission() -> signup::Submission {
    signup::Submission {
        choice: choice(),
        newsletter: true,
        accept_terms: true,
    }
}

pub fn details(email: &str) -> signup::Details<'_> {
    signup::Details {
        email,
        password: typed_twice(PASSWORD),
        profile: profile(),
        language: Language::En,
        resume: Some("the request".into()),
    }
}

pub fn profile() -> ProfileInput<'static> {
    ProfileInput {
        first_name: "John",
        last_name: "Doe",
        single_name: false,
        title: "mr",
        gender: "male",
        job_title: "General Manager",
        professional_role: "senior_management",
    }
}

pub fn choice() -> Choice {
    Choice {
        organization: OrganizationChoice::Listed(OrganizationId::new("itu")),
        request_ties: false,
    }
}
