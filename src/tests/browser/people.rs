//! Types what people type on several journeys, and makes their accounts.

use super::driver::{Browser, Device};
use super::server::Server;
use crate::support::{PASSWORD, TestOp, rows};
use itu_account::domain::document::{Acceptance, DocumentKind};
use itu_account::domain::profile::Language;
use itu_account::storage::accounts;

impl Browser {
    pub async fn logs_in(&self, server: &Server, email: &str) {
        self.goes_to(&server.at("/login")).await;
        self.enters_password(email).await;
        self.arrives_at("/account").await;
    }

    pub async fn enters_password(&self, email: &str) {
        self.fills("email", email).await;
        self.fills("password", PASSWORD).await;
        self.clicks("#login-form #login").await;
    }

    /// Fills the nine fields of the first page, and leaves the button to be pressed.
    pub async fn fills_sign_up(&self, email: &str) {
        self.fills("email", email).await;
        self.fills("first_name", "Hana").await;
        self.fills("last_name", "Choi").await;
        self.fills("password", PASSWORD).await;
        self.fills("password_confirmation", PASSWORD).await;
        self.chooses("title", "dr").await;
        self.chooses("gender", "female").await;
        self.fills("job_title", "Engineer").await;
        self.chooses("professional_role", "technical").await;
    }

    /// Chooses by typing a part of its name, or by the button that searches.
    pub async fn chooses_organization(&self, id: &str, device: Device) {
        self.chooses("membership_type", "member_state").await;
        self.chooses("member_state", "CH").await;
        self.fills("organization_query", "communications").await;
        if !device.javascript {
            self.clicks("#organization-search").await;
        }
        self.clicks(&format!("#organization-{id}")).await;
    }
}

impl TestOp {
    /// Makes an account, and its office as Focal Point of the organization.
    pub async fn insert_focal_point_of(&self, organization: &str, email: &str, language: &str) {
        self.insert_person_reading(email, language).await;
        let account = self.find_account(email).await.id;
        let approved = rows::approved(self.clock.now());
        let affiliation = self.insert_affiliation(&account, organization, approved).await;
        self.insert_focal_point(&affiliation).await;
    }

    /// Makes an account of a person who reads its pages in this language.
    pub async fn insert_person_reading(&self, email: &str, language: &str) {
        self.person(email).await;
        let account = self.find_account(email).await.id;
        let found = accounts::find(self.app.db.read(), &account).await;
        let profile = found.expect("a row").expect("an account").profile;
        let language = Language::parse(language).expect("a language");
        let at = self.clock.now();
        let new = accounts::ProfileUpdate {
            profile: &profile,
            language,
            newsletter: false,
        };
        accounts::update_profile(&self.app.db, &account, new, at)
            .await
            .expect("an account");
    }

    /// Makes an account of a person who accepted other Terms of Use than those of today.
    pub async fn insert_person_who_owes_the_terms(&self, email: &str, language: &str) {
        self.insert_person_reading(email, language).await;
        let account = self.find_account(email).await.id;
        let old = Acceptance {
            document: DocumentKind::Terms,
            version: "1999-01".into(),
            language: Language::En,
            sha256: String::new(),
        };
        accounts::update_accepted(&self.app.db, &account, &[old], self.clock.now())
            .await
            .expect("an account");
    }
}
