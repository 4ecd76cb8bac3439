//! Tests the room `accounts` on a database of its own: the functions that the pages use (security.md section 8).

mod imports;
mod imports_ended;
mod imports_in_parallel;
mod logins;
mod migration;
mod recovery;
mod signing_up;

use crate::support::{PASSWORD, TestOp, visitor};
use itu_account::accounts::login::{self, Browser, LoggedIn, LoginForm, Second};
use itu_account::accounts::verification::{self, Completed};
use itu_account::accounts::{self, Error, signup, terms};
use itu_account::domain::OrganizationId;
use itu_account::domain::actor::Context;
use itu_account::domain::profile::{Language, ProfileInput};
use itu_account::domain::secret::Secret;
use itu_account::domain::signup::{Choice, OrganizationChoice};
use itu_account::paths;
use itu_account::proof_of_work::Effort;

impl TestOp {
    /// Submits steps 2 and 3 of the sign-up (product.md). Returns the handle of the sign-up.
    pub async fn sign_up(&self, email: &str) -> Result<Secret, Error> {
        let handle = signup::begin(&self.app, &visitor(), details(email), None).await?;
        self.submit_signup(&handle, submission(self)).await?;
        Ok(handle)
    }

    pub async fn submit_signup(&self, handle: &Secret, submission: signup::Submission) -> Result<(), Error> {
        signup::submit(&self.app, &visitor(), handle.expose(), submission).await
    }

    /// Submits step 4 (product.md), as `affiliations` composes it.
    pub async fn verify_signup(&self, handle: &Secret, code: &str) -> Result<Completed, Error> {
        let proof = verification::verify(&self.app, &visitor(), handle.expose(), code).await?;
        self.app
            .write(&proof.acting(&visitor()), async |tx| {
                verification::complete(tx, &proof).await
            })
            .await
    }

    /// Signs up and enters the code, without an affiliation.
    pub async fn sign_up_and_verify(&self, email: &str) -> Completed {
        let handle = self.sign_up(email).await.unwrap();
        let code = self.outbox().code(email).await;
        self.verify_signup(&handle, &code).await.unwrap()
    }

    pub async fn attempt_login(&self, email: &str, password: &str) -> Result<LoggedIn, Error> {
        self.attempt_login_from(email, password, Browser::default()).await
    }

    pub async fn attempt_login_from(
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
                effort: Effort::NotRequired,
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

    /// Returns the token of the newest reset link.
    pub async fn reset_token(&self, to: &str) -> String {
        let link = self.outbox().link(to, paths::RESET_PASSWORD).await;
        link.split_once("token=").expect("a token").1.to_owned()
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
}

/// Returns what was done between two results of `work`.
pub fn difference(before: &[u64], after: &[u64]) -> Vec<i128> {
    before
        .iter()
        .zip(after)
        .map(|(a, b)| i128::from(*b) - i128::from(*a))
        .collect()
}

/// Returns a new password, the same in both fields.
pub fn typed_twice(password: &str) -> accounts::NewPassword<'_> {
    accounts::NewPassword {
        password,
        confirmation: password,
    }
}

/// Returns step 3 (product.md) with the terms accepted.
pub fn submission(op: &TestOp) -> signup::Submission {
    signup::Submission {
        choice: choice(),
        newsletter: true,
        accept_terms: true,
        shown: terms::offer(&op.app, Language::En).label(),
    }
}

pub fn details(email: &str) -> signup::Details<'_> {
    signup::Details {
        email,
        password: typed_twice(PASSWORD),
        profile: profile(),
        language: Language::En,
        resume: Some("the request".into()),
        effort: Effort::NotRequired,
        is_decoy: false,
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
