//! Tests which acts a service hears of, in which words (CAEP 1.0, RISC 1.0), and that it hears of nothing that it did not
//! receive.

use serde_json::{Value, json};

use super::{HEAR, Set, account, deliver, heard, heard_at, kinds, provider, service, stream, uses};
use crate::account_deletion::deletes;
use crate::journeys::joining_an_organization::{focal_point, member};
use crate::journeys::second_factor::sets_up_in_session;
use crate::support::{ISSUER, Person, Site, TestOp};
use itu_account::accounts::suspension;
use itu_account::affiliations::directory::csv;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::scope::Scope;
use itu_account::jobs;
use itu_account::oidc::clients;

/// Changes the password on its page, to another one each time.
pub async fn changes_password(person: &mut Person) {
    if person.browser.get("/account").await.url.path() != "/account" {
        person.logs_in().await;
    }
    let next = format!("{}x", person.password);
    let page = person.browser.get("/account/security/password").await;
    let form = page.form(&["current_password", "password_confirmation"]);
    let values = [
        ("current_password", person.password.as_str()),
        ("password", next.as_str()),
        ("password_confirmation", next.as_str()),
    ];
    let page = person.browser.submit(form, &values).await;
    assert!(page.field_errors().is_empty(), "{}", page.text());
    person.password = next;
}

async fn changes_profile(person: &mut Person, fields: &[(&str, &str)]) {
    let form = person.browser.get("/account/profile").await.form(&["first_name"]);
    let page = person.browser.submit(form, fields).await;
    assert!(page.field_errors().is_empty(), "{}", page.text());
}

/// Returns the last event of this kind that came.
async fn last(op: &TestOp, site: &Site, kind: &str) -> Set {
    let sets = heard(op, site).await;
    let found = sets.iter().rev().find(|it| it.kind() == kind);
    found
        .unwrap_or_else(|| panic!("{kind} in {:?}", sets.iter().map(Set::kind).collect::<Vec<_>>()))
        .clone()
}

fn claims_of(set: &Set) -> Value {
    set.event().1["claims"].clone()
}

#[tokio::test]
async fn an_approval_and_a_lost_right_reach_the_service() {
    // EV-1, EV-3
    let (op, site) = provider().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let mut shop = service(&op, "shop", json!({ "subject_type": "pairwise" })).await;
    stream(&op, &shop, &site, HEAR).await;
    let (mut alice, id, request) = member(&op, "alice@example.org", "ofcom", false).await;
    let tokens = uses(&mut alice, &mut shop, "openid itu_membership").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let page = fp
        .browser
        .get(&format!("/focal-point/ofcom/requests/{request}"))
        .await;
    let form = page.form(&["decision=approve"]).press("decision", "approve");
    fp.browser.send(form).await;
    let person = fp.browser.get(&format!("/focal-point/ofcom/people/{id}")).await;
    deliver(&op).await;

    let set = last(&op, &site, "token-claims-change").await;
    // RFC 8417 §2.2, SSF 1.0 §4.1
    assert_eq!(set.header["typ"], "secevent+jwt");
    assert_eq!(
        (&set.claims["iss"], &set.claims["aud"]),
        (&json!(ISSUER), &json!("shop"))
    );
    assert!(set.claims.get("sub").is_none() && set.claims.get("exp").is_none());
    assert_eq!(set.claims["iat"], op.now().timestamp());
    // The subject is the one that the service has, and nobody else.
    assert_eq!(
        set.claims["sub_id"],
        json!({ "format": "iss_sub", "iss": ISSUER, "sub": tokens.claims.subject().as_str() })
    );
    let (_, event) = set.event();
    assert_eq!(event["initiating_entity"], "admin");
    assert_eq!(event["event_timestamp"], op.now().timestamp());
    assert_eq!(event["claims"]["affiliation_status"], "approved");
    assert_eq!(event["claims"]["membership_type"], "member_state");

    let form = person.form(&["right", "action=grant"]).press("action", "grant");
    let person = fp.browser.send(form).await;
    deliver(&op).await;
    let granted = claims_of(&last(&op, &site, "token-claims-change").await);
    assert_eq!(granted["ties_rights"].as_array().map(Vec::len), Some(1));
    fp.browser.confirms(&person, "#remove").await;
    deliver(&op).await;
    let removed = claims_of(&last(&op, &site, "token-claims-change").await);
    assert_eq!(removed["affiliation_status"], "removed");
    assert_eq!(removed["organization"], Value::Null); // it is gone
    assert_eq!(removed["ties_rights"], json!([]));
    alice.browser.get("/account").await;
}

#[tokio::test]
async fn what_becomes_of_an_organization_is_told_of_its_people() {
    let (op, site) = provider().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let mut shop = service(&op, "shop", json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    let (mut alice, ..) = member(&op, "alice@example.org", "ofcom", true).await;
    let tokens = uses(&mut alice, &mut shop, "openid itu_membership").await;
    let mut bob = op.person("bob@example.org").await;
    uses(&mut bob, &mut shop, "openid itu_membership").await;
    let file = b"id,name,membership_type,status\nofcom,OFCOM,member_state,suspended\n";
    let imported = csv::import(&op.app, &Context::operator(), file).await;
    imported.expect("imported");
    deliver(&op).await;
    let sets = heard(&op, &site).await;
    assert_eq!(sets.len(), 1, "{sets:?}");
    assert_eq!(sets[0].claims["sub_id"]["sub"], tokens.claims.subject().as_str());
    // AF-1: a suspended organization yields no claim.
    assert_eq!(claims_of(&sets[0])["organization"], Value::Null);
}

#[tokio::test]
async fn a_service_hears_of_nothing_that_it_did_not_receive() {
    // EV-2
    let (op, site) = provider().await;
    site.answers("/other", 202, &[], "");
    site.answers("/never", 202, &[], "");
    let mut shop = service(&op, "shop", json!({ "subject_type": "pairwise" })).await;
    let mut other = service(&op, "other", json!({ "subject_type": "pairwise" })).await;
    let never = service(&op, "never", json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    stream(&op, &other, &site, "/other").await;
    stream(&op, &never, &site, "/never").await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid itu_professional").await;
    uses(&mut alice, &mut other, "openid").await;
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;

    changes_profile(&mut alice, &[("first_name", "Alicia"), ("job_title", "Director")]).await;
    changes_profile(&mut bob, &[("job_title", "Director")]).await;
    changes_password(&mut bob).await;
    deliver(&op).await;
    let sets = heard(&op, &site).await;
    assert_eq!(sets.len(), 1, "{sets:?}");
    assert_eq!(claims_of(&sets[0]), json!({ "job_title": "Director" }));
    assert_eq!(kinds(&op, &site, "/other").await.len(), 0);

    changes_password(&mut alice).await;
    deliver(&op).await;
    let here = last(&op, &site, "credential-change").await;
    let there = heard_at(&op, &site, "/other").await;
    let there = there
        .iter()
        .find(|it| it.kind() == "credential-change")
        .expect("one");
    assert_ne!(here.claims["sub_id"]["sub"], there.claims["sub_id"]["sub"]); // OpenID Connect Core §8.1
    assert_ne!(here.id(), there.id());
    assert_eq!(site.asked("/never"), 0);
}

#[tokio::test]
async fn a_service_hears_no_more_than_a_token_would_say_now() {
    // EV-2, G-10
    let (op, site) = provider().await;
    let third = json!({ "first_party": false });
    let (mut shop, mut poor) = (
        service(&op, "shop", third.clone()).await,
        service(&op, "poor", third).await,
    );
    site.answers("/poor", 202, &[], "");
    stream(&op, &shop, &site, HEAR).await;
    stream(&op, &poor, &site, "/poor").await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid email itu_professional").await;
    uses(&mut alice, &mut poor, "openid itu_professional").await;
    changes_profile(&mut alice, &[("job_title", "Director")]).await;
    deliver(&op).await;
    assert_eq!(heard(&op, &site).await.len(), 1);
    assert_eq!(heard_at(&op, &site, "/poor").await.len(), 1);

    // A change that is under way when the consent is withdrawn, or the scope is narrowed, and one after it.
    changes_profile(&mut alice, &[("job_title", "Chair")]).await;
    let services = alice.browser.get("/account/services").await;
    alice
        .browser
        .confirms(&services, "[href*='client_id=shop']")
        .await;
    let (context, id) = (Context::operator(), ClientId::new("poor"));
    let registered = clients::read(&op.app, &context, &id).await.expect("a client");
    let mut update = clients::Update::of(&registered);
    update.definition.metadata.scope = Scope::parse("openid ssf.manage").expect("a scope");
    clients::update(&op.app, &context, update)
        .await
        .expect("narrowed");
    changes_profile(&mut alice, &[("job_title", "Engineer")]).await;
    deliver(&op).await;
    assert_eq!(heard(&op, &site).await.len(), 1);
    assert_eq!(heard_at(&op, &site, "/poor").await.len(), 1);
    for client in ["shop", "poor"] {
        assert_eq!(super::overview(&op, client).await.queue.waiting, 0);
    }
}

#[tokio::test]
async fn a_service_that_does_not_admit_a_person_any_more_hears_that_the_membership_is_gone() {
    // EV-2
    let (op, site) = provider().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let policy = json!({ "access_policy": { "affiliation": "approved" } });
    let mut shop = service(&op, "shop", policy).await;
    stream(&op, &shop, &site, HEAR).await;
    let (mut alice, id, _) = member(&op, "alice@example.org", "ofcom", true).await;
    uses(&mut alice, &mut shop, "openid itu_membership itu_professional").await;
    changes_profile(&mut alice, &[("job_title", "Director")]).await;
    deliver(&op).await;
    let told = claims_of(&last(&op, &site, "token-claims-change").await);
    assert_eq!(told, json!({ "job_title": "Director" }));
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let person = fp.browser.get(&format!("/focal-point/ofcom/people/{id}")).await;
    fp.browser.confirms(&person, "#remove").await;
    changes_profile(&mut alice, &[("job_title", "Retired")]).await;
    deliver(&op).await;
    let sets = heard(&op, &site).await;
    assert_eq!(sets.len(), 2, "{sets:?}");
    let told = claims_of(&sets[1]);
    let values = told.as_object().expect("claims");
    assert!(values.len() > 1 && values.values().all(Value::is_null), "{told}");
    assert!(values.contains_key("organization") && values.contains_key("affiliation_status"));
}

#[tokio::test]
async fn the_security_of_the_account_is_told() {
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    let tokens = uses(&mut alice, &mut shop, "openid").await;
    let sid = {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let claims = tokens.id_token.split('.').nth(1).expect("claims");
        let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
        serde_json::from_slice::<Value>(&claims).expect("JSON")["sid"].clone()
    };
    // From another browser the person ends the first session.
    let mut elsewhere = alice.elsewhere(&op);
    elsewhere.logs_in().await;
    changes_password(&mut elsewhere).await;
    deliver(&op).await;
    let changed = last(&op, &site, "credential-change").await.event().1;
    assert_eq!(
        (
            &changed["credential_type"],
            &changed["change_type"],
            &changed["initiating_entity"]
        ),
        (&json!("password"), &json!("update"), &json!("user"))
    );
    let revoked = last(&op, &site, "session-revoked").await;
    assert_eq!(
        revoked.claims["sub_id"],
        json!({
            "format": "complex",
            "user": { "format": "iss_sub", "iss": ISSUER, "sub": tokens.claims.subject().as_str() },
            "session": { "format": "opaque", "id": sid },
        })
    );

    sets_up_in_session(&op, &mut elsewhere).await;
    deliver(&op).await;
    let added = last(&op, &site, "credential-change").await.event().1;
    assert_eq!(
        (&added["credential_type"], &added["change_type"]),
        (&json!("app"), &json!("create"))
    );
    let level = last(&op, &site, "assurance-level-change").await.event().1;
    assert_eq!(
        (
            &level["namespace"],
            &level["current_level"],
            &level["change_direction"]
        ),
        (&json!("NIST-AAL"), &json!("nist-aal2"), &json!("increase"))
    );
    let email = "alice@example.org";
    let context = Context::operator();
    let removed = itu_account::accounts::second_factor::remove_for(&op.app, &context, email).await;
    assert!(removed.expect("removed"));
    deliver(&op).await;
    let removed = last(&op, &site, "credential-change").await.event().1;
    assert_eq!(
        (
            &removed["credential_type"],
            &removed["change_type"],
            &removed["initiating_entity"]
        ),
        (&json!("app"), &json!("delete"), &json!("admin"))
    );
    let level = last(&op, &site, "assurance-level-change").await.event().1;
    assert_eq!(level["change_direction"], "decrease");
}

#[tokio::test]
async fn a_suspension_a_new_address_and_the_end_of_an_account_are_told() {
    let (op, site) = provider().await;
    site.answers("/without", 202, &[], "");
    let mut shop = service(&op, "shop", json!({})).await;
    let mut without = service(&op, "without", json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    stream(&op, &without, &site, "/without").await;
    let email = "alice@example.org";
    let mut alice = op.person(email).await;
    let tokens = uses(&mut alice, &mut shop, "openid email").await;
    uses(&mut alice, &mut without, "openid profile").await;
    let id = account(&op, email).await;

    let context = Context::operator();
    suspension::suspend(&op.app, &context, &id, "lost device")
        .await
        .expect("suspended");
    deliver(&op).await;
    let disabled = last(&op, &site, "account-disabled").await;
    assert_eq!(disabled.claims["sub_id"]["sub"], tokens.claims.subject().as_str());
    assert!(!disabled.claims.to_string().contains("lost device"));
    suspension::lift(&op.app, &context, &id).await.expect("lifted");
    deliver(&op).await;
    last(&op, &site, "account-enabled").await;

    alice.logs_in().await;
    let page = alice.browser.get("/account/email").await;
    let form = page.form(&["email"]).press("action", "request");
    alice.browser.submit(form, &[("email", "new@example.org")]).await;
    let code = op.outbox().code("new@example.org").await;
    let form = alice.browser.get("/account/email").await.form(&["code"]);
    alice
        .browser
        .submit(form.press("action", "confirm"), &[("code", &code)])
        .await;
    alice.email = "new@example.org".into();
    deliver(&op).await;
    let moved = last(&op, &site, "identifier-changed").await;
    // RISC 1.0 §2.6
    assert_eq!(
        moved.claims["sub_id"],
        json!({ "format": "email", "email": email })
    );
    assert_eq!(moved.event().1, json!({ "new-value": "new@example.org" }));
    let sets = heard_at(&op, &site, "/without").await;
    let told = sets
        .iter()
        .any(|it| it.claims.to_string().contains("example.org\""));
    assert!(!told, "{sets:?}"); // EV-2: it never received the address

    if alice.browser.get("/account").await.url.path() != "/account" {
        alice.logs_in().await;
    }
    deletes(&mut alice).await;
    deliver(&op).await;
    last(&op, &site, "account-disabled").await;
    op.advance(15 * 24 * 3600);
    jobs::delete_accounts(&op.app).await.expect("deleted");
    deliver(&op).await;
    let purged = last(&op, &site, "account-purged").await;
    assert_eq!(purged.claims["sub_id"]["sub"], tokens.claims.subject().as_str());
    // Nothing waits that is about nobody.
    for client in ["shop", "without"] {
        assert_eq!(super::overview(&op, client).await.queue.waiting, 0);
    }
}

#[tokio::test]
async fn an_act_that_is_refused_or_about_nobody_is_told_to_nobody() {
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid profile email").await;
    let mut wrong = alice.elsewhere(&op);
    wrong.password = "Not-the-one-42".into();
    wrong.logs_in().await;
    deliver(&op).await;
    let told = kinds(&op, &site, HEAR).await;
    assert!(told.is_empty(), "{told:?}");
}
