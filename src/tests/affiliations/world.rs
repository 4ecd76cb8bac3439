//! A database with organizations and people, for tests of the room.

use itu_account::app::App;
use itu_account::domain::account::{Account, EmailAddress, Status};
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::affiliation::{Affiliation, Capacity, Decision, FocalPoint, Stage};
use itu_account::domain::organization::{Category, Country, Organization, OrganizationStatus};
use itu_account::domain::profile::{Gender, Language, ProfessionalRole, Profile};
use itu_account::domain::role::Role;
use itu_account::domain::signup::{Choice, OrganizationChoice};
use itu_account::domain::{AccountId, AffiliationId, MembershipTypeId, OrganizationId, Subject, Time};
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
        // Later than any clock of these tests: SE-4 is proved through the front door.
        authenticated_at: Time::from_timestamp(4_000_000_000, 0),
        ..Context::of(actor)
    }
}

pub fn organization(id: &str, name: &str, membership_type: &str) -> Organization {
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
        created_at: now(),
        updated_at: now(),
        version: 1,
    }
}

impl World {
    /// Two members, entitled to TIES or not, and a company that is none.
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
        let account = Account {
            id: AccountId::new(name),
            sub: Subject::new(format!("sub-{name}")),
            email: EmailAddress::parse(&format!("{name}@example.org")).unwrap(),
            email_verified: true,
            profile: Profile {
                first_name: name.into(),
                last_name: "Example".into(),
                title: None,
                gender: Gender::Undisclosed,
                job_title: "Engineer".into(),
                professional_role: ProfessionalRole::Technical,
            },
            role,
            status: Status::Active,
            newsletter: false,
            language: Language::En,
            terms_version: None,
            created_at: now(),
            updated_at: now(),
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

    /// Puts the person into the organization, past the room.
    pub async fn affiliate(&self, account: &AccountId, organization: &str, approved: bool) -> AffiliationId {
        let stage = if approved {
            Stage::Approved(Decision {
                at: now(),
                by: None,
                capacity: Capacity::Administrator,
                reason: None,
            })
        } else {
            Stage::Pending
        };
        let it = Affiliation {
            id: AffiliationId::new(format!("{account}-{organization}")),
            account: account.clone(),
            organization: OrganizationId::new(organization),
            requested_at: now(),
            asked_by_person: true,
            stage,
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

/// Every act can be awaited by a handler, which moves between threads.
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
        &roster::Search::default(),
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
