//! Accounts, organizations and affiliations as rows, for tests that begin where the pages have been passed. Each
//! function returns the usual row; a test changes the fields that it is about by `..`.

use std::sync::LazyLock;

use itu_account::documents::Documents;
use itu_account::domain::account::{Account, EmailAddress, Status};
use itu_account::domain::affiliation::{Affiliation, Capacity, Decision, FocalPoint, Stage};
use itu_account::domain::document::DocumentKind;
use itu_account::domain::organization::{Category, Country, Organization, OrganizationStatus};
use itu_account::domain::profile::{Gender, Language, ProfessionalRole, Profile};
use itu_account::domain::role::Role;
use itu_account::domain::{AccountId, AffiliationId, MembershipTypeId, OrganizationId, Subject, Time};
use itu_account::random;
use itu_account::storage::accounts::{self, NewAccount};
use itu_account::storage::{affiliations, focal_points, organizations};
use itu_account::testing::start_of_time;

use super::TestOp;

/// Returns a verified account that accepted no Terms of Use.
pub fn account(email: &str, at: Time) -> Account {
    Account {
        id: AccountId::new(random::id()),
        sub: Subject::new(random::id()),
        email: EmailAddress::parse(email).expect("an address"),
        email_verified: true,
        profile: Profile {
            first_name: "Alice".into(),
            last_name: "Example".into(),
            title: None,
            gender: Gender::Undisclosed,
            job_title: "Engineer".into(),
            professional_role: ProfessionalRole::Technical,
        },
        role: Role::User,
        status: Status::Active,
        newsletter: false,
        language: Language::En,
        terms_version: accepted(DocumentKind::Terms),
        privacy_version: accepted(DocumentKind::Privacy),
        created_at: at,
        updated_at: at,
    }
}

/// Returns the version that comes with the program and is in force.
fn accepted(kind: DocumentKind) -> Option<String> {
    static DOCUMENTS: LazyLock<Documents> =
        LazyLock::new(|| Documents::load(None, start_of_time()).expect("documents"));
    let in_force = DOCUMENTS.in_force(kind, Language::En, start_of_time());
    Some(in_force.version.clone())
}

/// Returns an active record of the directory.
pub fn organization(id: &str, name: &str, membership_type: &str, at: Time) -> Organization {
    Organization {
        id: OrganizationId::new(id),
        name: name.into(),
        acronym: None,
        membership_type: MembershipTypeId::new(membership_type),
        claimed_type: None,
        category: Category::Other,
        sectors: Vec::new(),
        country: Country::parse("CH"),
        website: None,
        city: None,
        status: OrganizationStatus::Active,
        valid_from: None,
        valid_until: None,
        email_domains: Vec::new(),
        merged_into: None,
        proposed_by: None,
        created_at: at,
        updated_at: at,
        version: 1,
    }
}

/// Returns what the person asked for; [`Stage::Pending`] until somebody decides. Its id is `<account>-<organization>`.
pub fn affiliation(account: &AccountId, organization: &str, stage: Stage, at: Time) -> Affiliation {
    Affiliation {
        id: AffiliationId::new(format!("{account}-{organization}")),
        account: account.clone(),
        organization: OrganizationId::new(organization),
        requested_at: at,
        asked_by_person: true,
        stage,
    }
}

/// Returns the stage after an administrator approved.
pub const fn approved(at: Time) -> Stage {
    Stage::Approved(Decision {
        at,
        by: None,
        capacity: Capacity::Administrator,
        reason: None,
    })
}

/// Returns the office of whoever has this affiliation.
pub fn focal_point(affiliation: &Affiliation, at: Time) -> FocalPoint {
    FocalPoint {
        affiliation: affiliation.id.clone(),
        account: affiliation.account.clone(),
        organization: affiliation.organization.clone(),
        designated_at: at,
        designated_by: None,
        absence: None,
    }
}

impl TestOp {
    /// Inserts an account. Nobody logs in to it without the hash of a password.
    pub async fn insert_account(&self, account: Account, password_hash: Option<String>) {
        let new = NewAccount {
            terms_accepted_at: account.terms_version.as_ref().map(|_| account.created_at),
            imported_at: None,
            account,
            password_hash,
        };
        accounts::insert(&self.app.db, new).await.expect("an account");
    }

    /// Returns the account with this address.
    pub async fn find_account(&self, email: &str) -> Account {
        let key = EmailAddress::parse(email).expect("an address").key();
        let found = accounts::find_by_email(self.app.db.read(), &key).await;
        found.expect("a row").expect("an account")
    }

    /// Inserts a record of the directory.
    pub async fn insert_organization(&self, id: &str, name: &str, membership_type: &str) {
        let record = organization(id, name, membership_type, self.now());
        self.insert_organizations(&[record]).await;
    }

    pub async fn insert_organizations(&self, records: &[Organization]) {
        let inserted = organizations::insert(&self.app.db, records).await;
        inserted.expect("records");
    }

    pub async fn insert_affiliation(
        &self,
        account: &AccountId,
        organization: &str,
        stage: Stage,
    ) -> Affiliation {
        let affiliation = affiliation(account, organization, stage, self.now());
        let inserted = affiliations::insert(&self.app.db, &affiliation).await;
        inserted.expect("an affiliation");
        affiliation
    }

    /// Makes the person of an affiliation a Focal Point.
    pub async fn insert_focal_point(&self, affiliation: &Affiliation) {
        let office = focal_point(affiliation, self.now());
        let inserted = focal_points::insert(&self.app.db, &office).await;
        inserted.expect("a Focal Point");
    }
}
