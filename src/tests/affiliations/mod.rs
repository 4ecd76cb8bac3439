//! Tests the affiliations of people with organizations: the functions of the room, and the rules of the database.

mod atomicity;
mod audit;
mod csv;
mod database_rules;
mod directory;
mod joining;
mod organizations;
mod signing_up;

use crate::support::{TestOp, rows};
use itu_account::affiliations::lifecycle::requests;
use itu_account::domain::account::Account;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::organization::Organization;
use itu_account::domain::profile::Profile;
use itu_account::domain::role::Role;
use itu_account::domain::signup::{Choice, OrganizationChoice};
use itu_account::domain::{AccountId, AffiliationId, OrganizationId, Subject, Time};
use itu_account::testing::start_of_time;

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

fn person(account: &AccountId) -> Context {
    context(account.as_str(), Role::User)
}

pub fn organization(id: &str, name: &str, membership_type: &str) -> Organization {
    rows::organization(id, name, membership_type, start_of_time())
}

fn listed(organization: &str, request_ties: bool) -> Choice {
    Choice {
        organization: OrganizationChoice::Listed(OrganizationId::new(organization)),
        request_ties,
    }
}

impl TestOp {
    /// Starts with members in the directory, entitled to TIES or not, and a company that is no member.
    pub async fn start_with_directory() -> Self {
        let op = Self::start().await;
        op.insert_organizations(&[
            organization("ofcom", "Federal Office of Communications", "member_state"),
            organization("telco", "Telco", "sector_member"),
            organization("unhq", "United Nations", "un_organization"),
            organization("shop", "Corner Shop", "non_member"),
        ])
        .await;
        op
    }

    /// Inserts a person whose account has the name as its id.
    pub async fn insert_person(&self, name: &str) -> AccountId {
        self.insert_person_with(name, Role::User).await
    }

    pub async fn insert_person_with(&self, name: &str, role: Role) -> AccountId {
        let usual = rows::account(&format!("{name}@example.org"), self.now());
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
        self.insert_account(account, None).await;
        AccountId::new(name)
    }

    /// Inserts such a person with an approved affiliation and the office of a Focal Point.
    pub async fn insert_person_as_focal_point(&self, name: &str, organization: &str) -> AccountId {
        let account = self.insert_person(name).await;
        let approved = rows::approved(self.now());
        let affiliation = self.insert_affiliation(&account, organization, approved).await;
        self.insert_focal_point(&affiliation).await;
        account
    }

    /// Requests an affiliation, with every TIES right if the organization is entitled.
    async fn request_affiliation(&self, account: &AccountId, organization: &str) -> AffiliationId {
        let choice = listed(organization, true);
        let (affiliation, _) = requests::change(&self.app, &person(account), &choice)
            .await
            .unwrap();
        affiliation.id
    }

    async fn ties_rights(&self, account: &AccountId) -> Vec<String> {
        itu_account::affiliations::membership_claims(self.app.db.read(), account)
            .await
            .unwrap()
            .ties_rights
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
