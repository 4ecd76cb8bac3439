//! A database with organizations and people, for the tests of the room.

use crate::support::rows;
use itu_account::app::App;
use itu_account::domain::account::Account;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::affiliation::{Affiliation, FocalPoint, Stage};
use itu_account::domain::organization::Organization;
use itu_account::domain::profile::Profile;
use itu_account::domain::role::Role;
use itu_account::domain::signup::{Choice, OrganizationChoice};
use itu_account::domain::{AccountId, AffiliationId, OrganizationId, Subject, Time};
use itu_account::storage::accounts::NewAccount;
use itu_account::storage::{Database, accounts, affiliations, focal_points, organizations};
use itu_account::testing;

pub struct World {
    pub app: App,
    pub db: Database,
}

pub fn now() -> Time {
    Time::from_timestamp(1_770_000_000, 0).unwrap()
}

pub fn context(account: &str, role: Role) -> Context {
    let actor = Actor::Person {
        account: AccountId::new(account),
        role,
    };
    Context {
        // The time is later than any clock of these tests: SE-4 is tested through the front door.
        authenticated_at: Time::from_timestamp(4_000_000_000, 0),
        ..Context::of(actor)
    }
}

pub fn organization(id: &str, name: &str, membership_type: &str) -> Organization {
    rows::organization(id, name, membership_type, now())
}

impl World {
    /// Opens a database with members, entitled to TIES or not, and a company that is no member.
    pub async fn new() -> Self {
        let app = testing::app().await;
        let db = app.db.clone();
        let organizations = [
            organization("ofcom", "Federal Office of Communications", "member_state"),
            organization("telco", "Telco", "sector_member"),
            organization("unhq", "United Nations", "un_organization"),
            organization("shop", "Corner Shop", "non_member"),
        ];
        organizations::insert(db.read(), &organizations).await.unwrap();
        Self { app, db }
    }

    pub async fn person(&self, name: &str) -> AccountId {
        self.person_with(name, Role::User).await
    }

    pub async fn person_with(&self, name: &str, role: Role) -> AccountId {
        let usual = rows::account(&format!("{name}@example.org"), now());
        let account = Account {
            id: AccountId::new(name),
            sub: Subject::new(format!("sub-{name}")),
            profile: Profile {
                first_name: name.into(),
                ..usual.profile
            },
            role,
            ..usual
        };
        let id = account.id.clone();
        let new = NewAccount {
            account,
            password_hash: None,
            terms_accepted_at: None,
        };
        accounts::insert(self.db.read(), new).await.unwrap();
        id
    }

    /// Writes an affiliation of the person with the organization, past the room.
    pub async fn affiliate(&self, account: &AccountId, organization: &str, approved: bool) -> AffiliationId {
        let stage = if approved {
            rows::approved(now())
        } else {
            Stage::Pending
        };
        let it = Affiliation {
            id: AffiliationId::new(format!("{account}-{organization}")),
            ..rows::affiliation(account, organization, stage, now())
        };
        affiliations::insert(self.db.read(), &it).await.unwrap();
        it.id
    }

    pub async fn focal_point(&self, name: &str, organization: &str) -> AccountId {
        let account = self.person(name).await;
        let affiliation = self.affiliate(&account, organization, true).await;
        let it = FocalPoint {
            affiliation,
            account: account.clone(),
            organization: OrganizationId::new(organization),
            designated_at: now(),
            designated_by: None,
        };
        focal_points::insert(self.db.read(), &it).await.unwrap();
        account
    }
}

/// Requires that every act can be awaited by a handler, which moves between threads.
#[expect(dead_code, reason = "checked by the compiler")]
fn acts_are_send(
    app: &itu_account::app::App,
    context: &Context,
    proof: &itu_account::accounts::verification::Proof,
) {
    use itu_account::affiliations::directory::merge;
    use itu_account::affiliations::lifecycle::{decisions, requests};
    use itu_account::affiliations::{focal_points, roster, ties};
    fn is_send(_: impl Send) {}
    let id = AffiliationId::new("");
    let organization = OrganizationId::new("");
    is_send(requests::complete_signup(app, context, proof));
    is_send(decisions::approve(app, context, &id, ""));
    is_send(decisions::remove(app, context, &id, ""));
    is_send(focal_points::undesignate(app, context, &id, ""));
    is_send(merge::merge(app, context, &organization, &organization, ""));
    is_send(roster::list(
        app,
        context,
        &organization,
        &roster::RosterSearch::default(),
    ));
    is_send(ties::grant(app, context, &id, &[]));
    is_send(itu_account::affiliations::notifications::send_digests(app));
}

pub fn person(account: &AccountId) -> Context {
    context(account.as_str(), Role::User)
}

pub fn listed(organization: &str, request_ties: bool) -> Choice {
    Choice {
        organization: OrganizationChoice::Listed(OrganizationId::new(organization)),
        request_ties,
    }
}

pub async fn rights_of(world: &World, account: &AccountId) -> Vec<String> {
    itu_account::affiliations::membership_claims(world.db.read(), account)
        .await
        .unwrap()
        .ties_rights
}
