//! Tests that a service with a SCIM server of its own (RFC 7643, RFC 7644) has the users that it is to have: made ahead of
//! their login, changed with the person, closed and deleted at once. The server is a small one on a real socket, which
//! refuses what the standard forbids.

mod doors;
mod people;
mod server;
mod trouble;

use serde_json::{Value, json};

use self::server::{BASE, Server, TOKEN};
use crate::support::{RelyingParty, TestOp};
use itu_account::config::Config;
use itu_account::domain::account::Account;
use itu_account::domain::actor::Context;
use itu_account::domain::event_receiver::Receiver;
use itu_account::domain::scim_target::ProvisionedPeople;
use itu_account::domain::secret::Secret;
use itu_account::domain::{ClientId, ReceiverId};
use itu_account::jobs;
use itu_account::oidc::shared_signals::{self as signals, NewScimTarget, Overview};

const OWN: &str = "urn:itu:params:scim:schemas:extension:account:1.0:User";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const SCOPE: &str = "openid profile email itu_membership";

/// Starts a provider that may call the SCIM server of a service.
async fn provider() -> (TestOp, Server) {
    let server = Server::start().await;
    let op = TestOp::with(|config: &mut Config| server.site.is_allowed(config)).await;
    (op, server)
}

/// Registers a service that people log in to.
async fn service(op: &TestOp, name: &str, more: Value) -> RelyingParty {
    let mut members = json!({"scope": SCOPE});
    if let (Some(members), Some(more)) = (members.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    op.client_with(name, members).await
}

fn target_of(client: &str, endpoint: &str, people: ProvisionedPeople) -> NewScimTarget {
    NewScimTarget {
        client: ClientId::new(client),
        endpoint: endpoint.to_owned(),
        token: Secret::new(TOKEN),
        people,
        description: "the users".into(),
    }
}

async fn target(op: &TestOp, server: &Server, client: &str, people: ProvisionedPeople) -> Receiver {
    let new = target_of(client, &server.site.at(BASE), people);
    let made = signals::add_scim_target(&op.app, &Context::operator(), new).await;
    made.expect("a target")
}

async fn show(op: &TestOp, id: &ReceiverId) -> Overview {
    let found = signals::show(&op.app, &Context::operator(), id).await;
    found.expect("a target")
}

/// Walks and sends until there is nothing to do.
async fn deliver(op: &TestOp) {
    for _ in 0..12 {
        jobs::find_people_to_provision(&op.app).await.expect("walked");
        jobs::deliver_events(&op.app).await.expect("delivered");
    }
}

/// Inserts a person who belongs to an organization.
async fn member(op: &TestOp, name: &str, organization: &str) -> Account {
    let account = crate::support::rows::account(&format!("{name}@example.org"), op.now());
    op.insert_account(account.clone(), None).await;
    let approved = crate::support::rows::approved(op.now());
    op.insert_affiliation(&account.id, organization, approved).await;
    account
}
