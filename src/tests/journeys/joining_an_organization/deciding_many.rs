//! Tests that the Focal Point's queue decides several requests together, each on its own: after a page that says what will
//! happen, every decision with a record of its own, what cannot be decided named, and nothing of another organization
//! touched (product.md; security.md AF-2, G-4, G-9, LG-1).

use axum::http::StatusCode;
use chrono::Duration;
use sea_orm::{ConnectionTrait, Statement};

use super::{by_hand, focal_point, member};
use crate::support::{Form, Page, Person, TestOp, rows};
use itu_account::domain::AffiliationId;
use itu_account::domain::affiliation::{Affiliation, Stage};
use itu_account::domain::role::Role;
use itu_account::storage::affiliations;

const LIST: &str = "/focal-point/ofcom/requests";

async fn status(op: &TestOp, id: &AffiliationId) -> &'static str {
    let found = affiliations::find(op.app.db.read(), id).await.unwrap();
    found.expect("an affiliation").status().as_str()
}

/// Returns who decided about it, one entry for each record.
async fn decisions(op: &TestOp, id: &AffiliationId) -> Vec<String> {
    let db = op.app.db.read();
    let query = format!(
        "SELECT actor FROM events WHERE object = 'affiliation:{id}' \
         AND action IN ('affiliation.approved', 'affiliation.rejected')"
    );
    let query = Statement::from_string(db.get_database_backend(), query);
    let rows = db.query_all_raw(query).await.unwrap();
    rows.iter().map(|row| row.try_get("", "actor").unwrap()).collect()
}

fn list_form(page: &Page) -> Form {
    page.form(&["requests", "decision=approve"])
}

/// Ticks requests and presses a button of the list: the page that says what will happen comes.
async fn chooses(person: &mut Person, page: &Page, decision: &str, ids: &[&AffiliationId]) -> Page {
    let form = list_form(page).press("decision", decision);
    let form = ids
        .iter()
        .fold(form, |form, id| form.smuggle("requests", id.as_str()));
    person.browser.send(form).await
}

/// Presses the button of the page that says what will happen.
async fn confirms(person: &mut Person, page: &Page, decision: &str, reason: &str) -> Page {
    let form = page
        .form_to("/focal-point/ofcom/requests/confirm")
        .press("decision", decision);
    let values = [("reason", reason)];
    let values = if decision == "reject" { &values[..] } else { &[] };
    person.browser.submit(form, values).await
}

async fn approves(person: &mut Person, page: &Page, ids: &[&AffiliationId]) -> Page {
    let asked = chooses(person, page, "approve", ids).await;
    confirms(person, &asked, "approve", "").await
}

#[tokio::test]
async fn what_is_ticked_is_approved_and_the_rest_waits() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, account, _) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, bob) = member(&op, "bob@example.org", "ofcom", false).await;
    let (_, _, carol) = member(&op, "carol@example.org", "ofcom", false).await;

    let page = fp.browser.get(LIST).await;
    // The tab says how many wait.
    assert!(page.text_of("nav.tabs [aria-current]").contains("(3)"));
    let mut offered = list_form(&page).offers("requests");
    offered.sort();
    let mut all = [&alice, &bob, &carol].map(|it| it.as_str().to_owned());
    all.sort();
    assert_eq!(offered, all);
    let none = chooses(&mut fp, &page, "approve", &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.has("#form-notice") && list_form(&none).offers("requests").len() == 3);

    // Nothing happens before it is confirmed. A request that is ticked twice is approved once.
    let asked = chooses(&mut fp, &page, "approve", &[&alice, &bob, &alice]).await;
    assert_eq!(asked.count_of("#chosen > li"), 2);
    assert!(asked.text_of("#consequence").contains("2 people") && !asked.has("#reason"));
    assert_eq!(status(&op, &alice).await, "pending");
    assert!(asked.link_of("#back").starts_with(LIST));
    let done = confirms(&mut fp, &asked, "approve", "").await;
    assert_eq!((done.status, done.url.path()), (StatusCode::OK, LIST));
    assert!(done.text_of("#decided").contains("2 requests") && !done.has("#not-decided"));
    assert_eq!(list_form(&done).offers("requests"), [carol.as_str()]);
    for id in [&alice, &bob] {
        assert_eq!(status(&op, id).await, "approved");
        assert_eq!(decisions(&op, id).await, [format!("account:{account}")]); // LG-1
    }
    assert_eq!(status(&op, &carol).await, "pending");
    for address in ["alice@example.org", "bob@example.org"] {
        let mails = op.outbox().to(address).await;
        let sent = mails
            .iter()
            .filter(|it| it.text.contains("Federal Office of Communications"));
        assert_eq!(sent.count(), 1, "{address}");
    }

    // Another person was faster with one of them: it is named, the other is approved.
    let asked = chooses(&mut fp, &page, "approve", &[&bob, &carol]).await;
    assert!(asked.text_of("#left-out").contains("decided in the meantime")); // G-9
    let page = confirms(&mut fp, &asked, "approve", "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text_of("#decided").contains("1 request"));
    assert!(page.text_of("#not-decided").contains("decided in the meantime"));
    assert_eq!(decisions(&op, &bob).await.len(), 1);
    assert_eq!(status(&op, &carol).await, "approved");
    assert!(page.has("#empty") && page.find_form(&["requests"]).is_none());
    // None of the requests can be approved.
    let again = by_hand(
        &mut fp,
        LIST,
        &[("decision", "approve"), ("requests", carol.as_str())],
    )
    .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.has("#left-out") && !again.has("#confirm-form"));
    let confirm = format!("{LIST}/confirm?decision=approve&requests={carol}");
    let fields = [("decision", "approve"), ("requests", carol.as_str())];
    let again = by_hand(&mut fp, &confirm, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.has("#not-decided") && !again.has("#decided"));
}

#[tokio::test]
async fn several_are_rejected_with_one_reason() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, account, _) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, bob) = member(&op, "bob@example.org", "ofcom", false).await;

    let page = fp.browser.get(LIST).await;
    let asked = chooses(&mut fp, &page, "reject", &[&alice, &bob]).await;
    assert!(asked.has("#reason") && asked.text_of("#consequence").contains("2 requests"));
    // The reason is needed, and what is too long stays as it was typed.
    let none = confirms(&mut fp, &asked, "reject", " ").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.has("#reason-error") && none.count_of("#chosen > li") == 2);
    let long = "x".repeat(1001);
    let long = confirms(&mut fp, &none, "reject", &long).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(long.text_of("#reason").len(), 1001);
    assert_eq!(status(&op, &alice).await, "pending");

    // After a quarter of an hour the password is needed again; the rows and the reason are still there (SE-2).
    op.advance(16 * 60);
    let login = confirms(&mut fp, &long, "reject", "Not one of ours").await;
    assert_eq!(login.url.path(), "/reauthenticate");
    assert_eq!(status(&op, &alice).await, "pending");
    let form = login.form(&["password"]);
    let password = fp.password.clone();
    let asked = fp.browser.submit(form, &[("password", &password)]).await;
    assert_eq!(asked.url.path(), "/focal-point/ofcom/requests/confirm");
    assert_eq!(asked.text_of("#reason"), "Not one of ours");
    assert_eq!(asked.count_of("#chosen > li"), 2);

    let done = confirms(&mut fp, &asked, "reject", "Not one of ours").await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.text_of("#decided").contains("2 requests have been rejected"));
    for (id, address) in [(&alice, "alice@example.org"), (&bob, "bob@example.org")] {
        assert_eq!(status(&op, id).await, "rejected");
        assert_eq!(decisions(&op, id).await, [format!("account:{account}")]);
        let mails = op.outbox().to(address).await;
        assert!(mails.iter().any(|it| it.text.contains("Not one of ours"))); // LG-4
    }
}

#[tokio::test]
async fn another_organizations_request_in_the_list_is_as_unknown_as_any() {
    // G-4
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, own) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, theirs) = member(&op, "theirs@example.org", "telco", false).await;
    let never = AffiliationId::new("never-was");

    let confirm = |id: &AffiliationId| format!("{LIST}/confirm?decision=approve&requests={id}");
    let mut answers = Vec::new();
    for id in [&theirs, &never] {
        let asked = fp.browser.get(&confirm(id)).await;
        assert_eq!(asked.status, StatusCode::CONFLICT);
        let fields = [("decision", "approve"), ("requests", id.as_str())];
        let page = by_hand(&mut fp, &confirm(id), &fields).await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        answers.push((asked.text(), page.text()));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!answers[0].0.contains("theirs@example.org"));
    let page = fp.browser.get(LIST).await;
    let page = approves(&mut fp, &page, &[&theirs, &own]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        (status(&op, &own).await, status(&op, &theirs).await),
        ("approved", "pending")
    );
    assert!(decisions(&op, &theirs).await.is_empty());

    // Under the other organization's path there is nothing for this Focal Point, not even the own.
    let fields = [("decision", "approve"), ("requests", theirs.as_str())];
    for path in [
        "/focal-point/telco/requests",
        "/focal-point/telco/requests/confirm",
    ] {
        let page = by_hand(&mut fp, path, &fields).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    // An administrator may decide about both, and the path still selects the organization of the list.
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let page = by_hand(&mut admin, &confirm(&theirs), &fields).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert_eq!(status(&op, &theirs).await, "pending");
}

#[tokio::test]
async fn the_own_request_is_left_to_others() {
    // AF-2
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let values = [
        ("membership_type", "member_state"),
        ("member_state", "CH"),
        ("organization_id", "ofcom"),
        ("request_ties", "on"),
    ];
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for person in [&mut admin, &mut alice] {
        let sent = by_hand(person, "/account/organization/change", &values).await;
        assert_eq!(sent.url.path(), "/account/organization", "{}", sent.text());
    }
    let request = async |person: &Person| {
        let account = op.find_account(&person.email).await.id;
        let open = affiliations::find_open(op.app.db.read(), &account).await.unwrap();
        open.expect("a request").id
    };
    let (own, other) = (request(&admin).await, request(&alice).await);

    let page = admin.browser.get(LIST).await;
    assert_eq!(list_form(&page).offers("requests"), [other.as_str()]); // no box for the own
    let page = approves(&mut admin, &page, &[&own, &other]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text_of("#not-decided")
            .contains("Nobody decides about themselves")
    );
    assert_eq!(
        (status(&op, &own).await, status(&op, &other).await),
        ("pending", "approved")
    );
    assert!(decisions(&op, &own).await.is_empty());
    // TIES rights wait for a decision of their own (AF-3).
    let next = page.link_of("#decided a");
    assert!(
        admin
            .browser
            .get(&next)
            .await
            .text()
            .contains("alice@example.org")
    );
}

#[tokio::test]
async fn the_list_takes_its_own_fields_only_and_keeps_its_filters() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let long = "x".repeat(5000);
    for (fields, wanted) in [
        (vec![("decision", ""), ("requests", alice.as_str())], 422),
        (vec![("decision", &*long), ("requests", alice.as_str())], 422),
        (vec![("decision", "approve")], 422),
        (vec![("decision", "approve"), ("requests", "")], 422),
        (vec![("decision", "approve"), ("requests", &long)], 409),
        (vec![("decision", "approve"), ("requests", "' OR 1=1 --")], 409),
        (vec![("decision", "approve"), ("decision", "approve")], 400), // G-2
        (vec![("decision", "approve"), ("requests[]", alice.as_str())], 400),
        (vec![("decision", "approve"), ("rights", "documents")], 400), // G-3
        (vec![("decision", "approve"), ("requests", "a\0b")], 400),    // G-1
    ] {
        let page = by_hand(&mut fp, LIST, &fields).await;
        assert_eq!(page.status.as_u16(), wanted, "{fields:?}");
        assert!(page.has("#form-notice, #left-out, #problem"), "{fields:?}");
    }
    let confirm = format!("{LIST}/confirm?decision=approve&requests={alice}");
    for (fields, wanted) in [
        (vec![("decision", ""), ("requests", alice.as_str())], 422),
        (vec![("decision", "approve"), ("requests", "")], 409),
        (vec![("decision", "approve"), ("action", "approve")], 400), // G-3
        (
            vec![
                ("decision", "approve"),
                ("requests", alice.as_str()),
                ("requests", alice.as_str()),
            ],
            400, // G-2
        ),
    ] {
        let page = by_hand(&mut fp, &confirm, &fields).await;
        assert_eq!(page.status.as_u16(), wanted, "{fields:?}");
    }
    assert_eq!(status(&op, &alice).await, "pending");
    // What no list offers is not there.
    for query in ["status=lapsed", "order=email", "only=all", "page=x"] {
        let page = fp.browser.get(&format!("{LIST}?{query}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{query}"); // AD-4
    }

    let page = fp
        .browser
        .get(&format!("{LIST}?q=alice&status=&order=name"))
        .await;
    let done = approves(&mut fp, &page, &[&alice]).await;
    let kept = ["q", "status", "order"].map(|it| done.query(it).unwrap_or_default());
    assert_eq!(kept, ["alice", "", "name"]);
    assert!(
        done.text().contains("alice@example.org"),
        "the same list, with who is approved"
    );
}

#[tokio::test]
async fn what_is_ticked_stays_ticked() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, bob) = member(&op, "bob@example.org", "ofcom", false).await;
    let (_, _, carol) = member(&op, "carol@example.org", "ofcom", false).await;
    let still = |page: &Page| {
        let mut ids: Vec<_> = list_form(page)
            .fields
            .into_iter()
            .filter(|(name, _)| name == "requests")
            .map(|(_, id)| id)
            .collect();
        ids.sort();
        ids
    };
    let mut two = [alice.as_str(), bob.as_str()];
    two.sort_unstable();
    for ids in [&two[..], &[carol.as_str()]] {
        let form = |page: &Page| {
            let form = list_form(page);
            ids.iter().fold(form, |form, id| form.smuggle("requests", id))
        };
        // The language is changed in between.
        let page = fp.browser.get(LIST).await;
        assert!(still(&page).is_empty());
        let french = fp.browser.send(form(&page).smuggle("ui_locales", "fr")).await;
        assert!(french.has("html[lang=fr]") && still(&french) == ids, "{ids:?}");

        // The session ends in between.
        op.advance(9 * 3600); // SE-2
        let page = fp.browser.send(form(&page).smuggle("decision", "approve")).await;
        assert_eq!(page.url.path(), "/login");
        let page = fp.enters_password(page).await;
        assert_eq!(
            (page.url.path(), still(&page)),
            (LIST, ids.iter().map(|it| (*it).to_owned()).collect())
        );
        assert_eq!(status(&op, &alice).await, "pending");
    }
    let page = fp.browser.get(LIST).await;
    let done = approves(&mut fp, &page, &[&alice, &bob]).await;
    assert!(done.has("#decided") && still(&done).is_empty());
}

/// Inserts a request of somebody who asked so many days ago.
async fn asked_ago(op: &TestOp, email: &str, days: i64) -> Affiliation {
    op.person(email).await;
    let account = op.find_account(email).await.id;
    let at = op.now() - Duration::days(days);
    let request = rows::affiliation(&account, "ofcom", Stage::Pending, at);
    affiliations::insert(&op.app.db, &request).await.unwrap();
    request
}

#[tokio::test]
async fn the_queue_is_searched_filtered_and_ordered() {
    let op = TestOp::start().await;
    let mut ofcom = rows::organization("ofcom", "OFCOM", "member_state", op.now());
    ofcom.email_domains = vec!["ofcom.example".into()];
    op.insert_organizations(&[ofcom]).await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    for (email, days) in [
        ("zoe@ofcom.example", 2),
        ("bob@mail.ofcom.example", 9),
        ("carol@notofcom.example", 0),
    ] {
        asked_ago(&op, email, days).await;
    }
    let emails = |page: &Page| -> Vec<String> {
        let rows = ["zoe@", "bob@", "carol@"];
        let text = page.text_of("#requests");
        let mut found: Vec<_> = rows
            .iter()
            .filter_map(|it| Some((text.find(it)?, (*it).to_owned())))
            .collect();
        found.sort();
        found.into_iter().map(|(_, it)| it).collect()
    };
    for (query, expected) in [
        ("", vec!["bob@", "zoe@", "carol@"]),
        ("?order=newest", vec!["carol@", "zoe@", "bob@"]),
        ("?only=overdue", vec!["bob@"]),
        ("?only=outside", vec!["carol@"]),
        ("?only=ties", vec![]),
        ("?q=ZOE", vec!["zoe@"]),
        ("?q=mail.ofcom", vec!["bob@"]),
        ("?q=nobody", vec![]),
    ] {
        let page = fp.browser.get(&format!("{LIST}{query}")).await;
        if expected.is_empty() {
            assert!(page.has("#empty"), "{query}");
        } else {
            assert_eq!(emails(&page), expected, "{query}");
        }
    }
    // The rows say how long they wait, and whose address is a foreign one.
    let page = fp.browser.get(LIST).await;
    assert!(
        page.text_of("#requests > li:first-child .badge.warn")
            .contains("9 days")
    );
    assert_eq!(page.text().matches("Address of another domain").count(), 1);
}

#[tokio::test]
async fn the_page_of_a_request_says_what_helps_to_decide() {
    let op = TestOp::start().await;
    let mut ofcom = rows::organization("ofcom", "OFCOM", "member_state", op.now());
    ofcom.email_domains = vec!["ofcom.example".into()];
    let telco = rows::organization("telco", "Telco", "sector_member", op.now());
    op.insert_organizations(&[ofcom, telco]).await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let request = asked_ago(&op, "zoe@elsewhere.example", 3).await;
    let other = asked_ago(&op, "bob@ofcom.example", 5).await;
    // Rejected here before, and approved elsewhere, which is nobody's business here.
    let before = op.now() - Duration::days(40);
    let decision = |at| match rows::approved(at) {
        Stage::Approved(it) => it,
        _ => unreachable!("approved"),
    };
    let mut rejection = decision(before);
    rejection.reason = Some("Not on our list".into());
    let mut earlier = rows::affiliation(&request.account, "ofcom", Stage::Rejected(rejection), before);
    earlier.id = AffiliationId::new("earlier");
    let elsewhere = rows::affiliation(&request.account, "telco", rows::approved(before), before);
    for it in [&earlier, &elsewhere] {
        affiliations::insert(&op.app.db, it).await.unwrap();
    }

    let page = fp.browser.get(&format!("{LIST}/{}", request.id)).await;
    assert_eq!(
        page.attribute_of("#address-domain", "data-address").as_deref(),
        Some("foreign")
    );
    assert!(page.text_of("#days").contains("3 days"));
    assert!(page.text_of("#before").contains("was not affiliated"));
    assert!(page.text_of("#before").contains("Not on our list"));
    assert!(page.text_of("#others").contains("1 request"));
    assert!(!page.text().contains("Telco")); // G-4
    let next = page.link_of("#next-request");
    assert_eq!(next, format!("{LIST}/{}", other.id));
    let page = fp.browser.get(&next).await;
    assert_eq!(
        page.attribute_of("#address-domain", "data-address").as_deref(),
        Some("own")
    );
    assert!(page.text_of("#before").contains("first request"));
}
