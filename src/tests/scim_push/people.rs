//! Tests whom a service is provisioned with, what it gets of them, and that it loses them at once (PV-1, PV-2).

use serde_json::json;

use super::{ENTERPRISE, OWN, ProvisionedPeople, USER, deliver, member, provider, service, show, target};
use crate::account_deletion::deletes;
use crate::support::rows;
use itu_account::accounts::suspension;
use itu_account::affiliations::lifecycle::decisions;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::Stage;
use itu_account::jobs;
use itu_account::oidc::clients::{self, Update};
use itu_account::oidc::consent;
use itu_account::storage::{affiliations, scim_resources};

#[tokio::test]
async fn a_user_is_made_changed_closed_and_deleted() {
    let (op, server) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    let receiver = target(&op, &server, "shop", ProvisionedPeople::Used).await;
    let mut alice = op.person("alice@example.org").await;
    op.person("bob@example.org").await;
    deliver(&op).await;
    assert_eq!(server.users().len(), 0, "nobody has used it");

    // By the first login.
    let code = alice.logs_in_at(&mut shop, "openid email").await;
    let tokens = shop.redeems(&code).await.expect("tokens");
    deliver(&op).await;
    let user = server.user("alice@example.org");
    assert_eq!(server.users().len(), 1);
    assert_eq!(user["externalId"], tokens.claims.subject().as_str());
    assert_eq!(
        (&user["active"], &user["schemas"]),
        (&json!(true), &json!([USER, OWN]))
    );
    assert_eq!(user["name"]["givenName"], "Alice");
    assert_eq!(user[OWN]["affiliationStatus"], "none");
    server.calls();
    let code = alice.logs_in_at(&mut shop, "openid email").await;
    shop.redeems(&code).await.expect("tokens");
    deliver(&op).await;
    assert_eq!(server.calls(), Vec::<String>::new(), "it has all of it");

    // By the profile, and by an approval.
    let form = alice.browser.get("/account/profile").await.form(&["first_name"]);
    alice.browser.submit(form, &[("first_name", "Alicia")]).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let account = op.find_account("alice@example.org").await;
    let pending = op.insert_affiliation(&account.id, "telco", Stage::Pending).await;
    decisions::approve(&op.app, &Context::operator(), &pending.id, "")
        .await
        .expect("approved");
    deliver(&op).await;
    let user = server.user("alice@example.org");
    assert_eq!(user["name"]["givenName"], "Alicia");
    assert_eq!(user[ENTERPRISE]["organization"], "Telco");
    assert_eq!(user[OWN]["affiliationStatus"], "approved");
    let calls = server.calls();
    assert!(calls.iter().all(|it| it.starts_with("PUT ")), "{calls:?}");

    // By a suspension, which is lifted.
    for (is_suspended, active) in [(true, false), (false, true)] {
        let context = Context::operator();
        if is_suspended {
            suspension::suspend(&op.app, &context, &account.id, "lost")
                .await
                .expect("suspended");
        } else {
            suspension::lift(&op.app, &context, &account.id)
                .await
                .expect("lifted");
        }
        deliver(&op).await;
        assert_eq!(server.user("alice@example.org")["active"], active);
    }

    // By the end of the account: closed while it can be kept, then deleted.
    alice.logs_in().await;
    deletes(&mut alice).await;
    deliver(&op).await;
    assert_eq!(server.user("alice@example.org")["active"], false);
    op.advance(15 * 24 * 3600);
    jobs::delete_accounts(&op.app).await.expect("deleted");
    deliver(&op).await;
    assert_eq!(server.users().len(), 0);
    let left = scim_resources::list_of_receiver(op.app.db.read(), &receiver.id, None, 10).await;
    assert_eq!(left.expect("read"), []);
    assert_eq!(show(&op, &receiver.id).await.queue.waiting, 0);
}

#[tokio::test]
async fn people_whom_a_policy_names_are_there_ahead_of_their_login() {
    const PEOPLE: usize = 230;
    let (op, server) = provider().await;
    let policy = json!({"affiliation": "approved", "membership_types": ["sector_member"]});
    service(&op, "library", json!({"access_policy": policy})).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    op.insert_organization("school", "School", "academia").await;
    for number in 0..PEOPLE {
        member(&op, &format!("p{number}"), "telco").await;
    }
    member(&op, "carol", "school").await;
    let receiver = target(&op, &server, "library", ProvisionedPeople::Policy).await;
    assert_eq!(show(&op, &receiver.id).await.target.expect("one").walked_at, None);
    deliver(&op).await;
    assert_eq!((server.users().len(), server.count("POST")), (PEOPLE, PEOPLE));
    assert!(
        show(&op, &receiver.id)
            .await
            .target
            .expect("one")
            .walked_at
            .is_some()
    );
    server.calls();

    // Somebody is approved, somebody else is removed.
    let bob = rows::account("bob@example.org", op.now());
    op.insert_account(bob.clone(), None).await;
    let pending = op.insert_affiliation(&bob.id, "telco", Stage::Pending).await;
    let operator = Context::operator();
    decisions::approve(&op.app, &operator, &pending.id, "")
        .await
        .expect("approved");
    let first = op.find_account("p0@example.org").await;
    let of_first = affiliations::find_in_force(op.app.db.read(), &first.id).await;
    let of_first = of_first.expect("read").expect("an affiliation");
    decisions::remove(&op.app, &operator, &of_first.id, "left")
        .await
        .expect("removed");
    deliver(&op).await;
    assert_eq!(server.user("bob@example.org")["active"], true);
    assert_eq!(server.user("p0@example.org")["active"], false);
    let calls = server.calls();
    // PV-2: the service may know nothing more of who has left, so it is told nothing but that.
    assert_eq!(
        (
            calls.len(),
            calls.iter().filter(|it| it.starts_with("PATCH ")).count()
        ),
        (2, 1),
        "{calls:?}"
    );

    // The organization is suspended: all of its people go.
    let file = b"id,name,membership_type,status\ntelco,Telco,sector_member,suspended\n";
    itu_account::affiliations::directory::csv::import(&op.app, &operator, file)
        .await
        .expect("imported");
    deliver(&op).await;
    assert!(server.users().iter().all(|it| it["active"] == false));
}

#[tokio::test]
async fn another_policy_is_another_list_of_users() {
    let (op, server) = provider().await;
    let policy = |kind: &str| json!({"affiliation": "approved", "membership_types": [kind]});
    service(&op, "library", json!({"access_policy": policy("sector_member")})).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    op.insert_organization("school", "School", "academia").await;
    member(&op, "alice", "telco").await;
    member(&op, "carol", "school").await;
    target(&op, &server, "library", ProvisionedPeople::Policy).await;
    deliver(&op).await;
    assert_eq!(server.users().len(), 1);
    let operator = Context::operator();
    let id = ClientId::new("library");
    let before = clients::find(&op.app, &id).await.expect("a client");
    let mut update = Update::of(&before);
    let policy = serde_json::from_value(policy("academia")).expect("a policy");
    update.definition.settings.access_policy = policy;
    clients::update(&op.app, &operator, update)
        .await
        .expect("changed");
    deliver(&op).await;
    assert_eq!(server.user("alice@example.org")["active"], false);
    assert_eq!(server.user("carol@example.org")["active"], true);
}

#[tokio::test]
async fn a_service_gets_no_more_than_its_client_may_see() {
    // PV-2
    let (op, server) = provider().await;
    let more = json!({"scope": "openid", "subject_type": "pairwise"});
    let mut bare = service(&op, "bare", more).await;
    target(&op, &server, "bare", ProvisionedPeople::Used).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut alice = op.person("alice@example.org").await;
    let account = op.find_account("alice@example.org").await;
    op.insert_affiliation(&account.id, "telco", rows::approved(op.now()))
        .await;
    let code = alice.logs_in_at(&mut bare, "openid").await;
    let tokens = bare.redeems(&code).await.expect("tokens");
    deliver(&op).await;
    let users = server.users();
    let sub = tokens.claims.subject().as_str();
    assert_ne!(sub, account.sub.as_str());
    let expected =
        json!({"schemas": [USER], "id": users[0]["id"], "externalId": sub, "userName": sub, "active": true});
    assert_eq!(users, [expected]);
}

#[tokio::test]
async fn whoever_withdraws_access_is_closed() {
    let (op, server) = provider().await;
    let mut guest = service(&op, "guest", json!({"first_party": false})).await;
    target(&op, &server, "guest", ProvisionedPeople::Used).await;
    let mut alice = op.person("alice@example.org").await;
    let url = guest.authorization_url("openid profile", &[]);
    let login = alice.browser.get(&url).await;
    let page = alice.enters_password(login).await;
    let allow = page.form(&["decision=allow"]).press("decision", "allow");
    let back = alice.browser.send(allow).await;
    guest.redeems(&guest.takes(&back)).await.expect("tokens");
    deliver(&op).await;
    let users = server.users();
    assert_eq!(
        (users.len(), &users[0]["displayName"]),
        (1, &json!("Alice Example"))
    );
    // What they agreed to, and no more.
    assert_eq!((users[0].get("emails"), users[0].get(ENTERPRISE)), (None, None));
    server.has_no_patch();
    let account = op.find_account("alice@example.org").await;
    let context = Context::operator();
    let withdrawn = consent::withdraw(&op.app, &context, &account.id, &ClientId::new("guest")).await;
    assert!(withdrawn.expect("withdrawn"));
    deliver(&op).await;
    let users = server.users();
    assert_eq!(
        (&users[0]["active"], users[0].get("displayName")),
        (&json!(false), None)
    );
}
