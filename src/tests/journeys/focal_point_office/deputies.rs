//! Tests deputies: the powers of the office over requests and TIES rights, from one day until another, and nothing beside
//! (security.md AF-8).

use axum::http::StatusCode;

use super::super::joining_an_organization::by_hand;
use super::{OFFICE, comes_back, confirms, day, focal_point, mails, member, names_deputy, records};
use crate::support::TestOp;
use crate::support::traces::count;
use itu_account::affiliations::deputies::end_overdue;
use itu_account::domain::role::Role;
use itu_account::storage::{affiliations, deputies};

const QUEUE: &str = "/focal-point/ofcom/requests";
const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn a_deputy_decides_within_the_term_and_about_nobodys_office() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, of_fp, _) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut bob, of_bob, own) = member(&op, "bob@example.org", "ofcom", true).await;
    let (_, of_carol, approved) = member(&op, "carol@example.org", "ofcom", true).await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    assert_eq!(bob.browser.get(QUEUE).await.status, StatusCode::NOT_FOUND);

    let (from, until) = (day(&op, 1), day(&op, 2));
    let asked = names_deputy(&mut fp, "Bob@example.org", &from, &until).await;
    assert!(asked.text_of("#consequence").contains("bob@example.org"));
    assert_eq!(records(&op, "deputy.named").await, 0);
    let page = confirms(&mut fp, &asked).await;
    assert!(page.says("flash.deputy_named") && page.count_of("#deputies > li") == 1);
    assert!(!page.has("#deputies .badge"));
    for to in ["bob@example.org", "fp@ofcom.example"] {
        assert_eq!(mails(&op, to, "deputy_named").await, 1, "{to}");
    }
    assert_eq!(records(&op, "deputy.named").await, 1); // LG-1
    // The first day has not come.
    assert_eq!(bob.browser.get(QUEUE).await.status, StatusCode::NOT_FOUND);
    assert!(bob.browser.get("/account/organization").await.has("#deputy"));

    op.advance(DAY);
    comes_back(&mut bob).await;
    let queue = bob.browser.get(QUEUE).await;
    assert!(queue.text().contains("alice@example.org"), "{}", queue.text());
    let request = format!("{QUEUE}/{alice}");
    let form = bob.browser.get(&request).await.form(&["reason"]);
    let page = bob.browser.send(form.press("decision", "approve")).await;
    assert!(page.says("flash.approved"), "{}", page.text());
    let carol = format!("/focal-point/ofcom/people/{of_carol}");
    let page = bob.browser.get(&carol).await;
    assert!(!page.has("#designate") && !page.has("#remove"), "{}", page.text());
    let form = page.form_with("right", "documents").press("action", "grant");
    let page = bob.browser.send(form).await;
    assert!(page.says("flash.ties_saved"), "{}", page.text());
    // AF-2: nobody decides about themselves.
    let page = by_hand(
        &mut bob,
        &format!("/focal-point/ofcom/people/{of_bob}"),
        &[("action", "grant"), ("right", "documents")],
    )
    .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);

    // Offices and people are for Focal Points.
    let page = bob.browser.get(OFFICE).await;
    assert!(page.has("#deputies .badge.good") && !page.has("#deputy-form, #handover-form, #absence-form"));
    let (of_carol, of_fp) = (of_carol.as_str(), of_fp.as_str());
    let (today, later) = (day(&op, 0), day(&op, 1));
    for (path, fields) in [
        (carol.as_str(), vec![("action", "designate")]),
        (carol.as_str(), vec![("action", "remove")]),
        (
            &*format!("/focal-point/ofcom/people/{of_fp}"),
            vec![("action", "undesignate")],
        ),
        (
            OFFICE,
            vec![
                ("action", "name"),
                ("account_id", of_carol),
                ("from", today.as_str()),
                ("until", later.as_str()),
            ],
        ),
        (OFFICE, vec![("action", "name"), ("email", "carol@example.org")]),
        (OFFICE, vec![("action", "hand_over"), ("account_id", of_carol)]),
        (
            OFFICE,
            vec![("action", "hand_over"), ("colleague", "carol@example.org")],
        ),
    ] {
        let page = by_hand(&mut bob, path, &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{fields:?}: {}", page.text());
        assert!(
            page.notes("focal_point.deputy_may_not"),
            "{fields:?}: {}",
            page.text()
        );
    }
    let found = affiliations::find(op.app.db.read(), &approved).await.unwrap();
    assert_eq!(found.expect("an affiliation").status().as_str(), "approved");

    // The last day is over, and with it what it allowed, before the job comes.
    op.advance(2 * DAY);
    comes_back(&mut bob).await;
    for path in [QUEUE, OFFICE, "/focal-point"] {
        assert_eq!(
            bob.browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    // The job comes twice, as on several nodes.
    let ended = [
        end_overdue(&op.app).await.unwrap(),
        end_overdue(&op.app).await.unwrap(),
    ];
    assert_eq!(ended, [1, 0]);
    assert!(deputies::find(op.app.db.read(), &own).await.unwrap().is_none());
    for to in ["bob@example.org", "fp@ofcom.example"] {
        assert_eq!(mails(&op, to, "deputy_ended").await, 1, "{to}");
    }
    assert_eq!(records(&op, "deputy.ended").await, 1);
}

#[tokio::test]
async fn only_a_colleague_becomes_deputy() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    focal_point(&op, "other@ofcom.example", "ofcom").await;
    member(&op, "pending@example.org", "ofcom", false).await;
    member(&op, "theirs@example.org", "telco", true).await;
    member(&op, "bob@example.org", "ofcom", true).await;
    let (mut stranger, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (from, until) = (day(&op, 0), day(&op, 1));

    // G-4: whose address it is elsewhere is not said.
    let mut answers = Vec::new();
    for email in ["pending@example.org", "theirs@example.org", "nobody@example.org"] {
        let page = names_deputy(&mut fp, email, &from, &until).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        answers.push(page.text_of("#email-error"));
    }
    assert!(
        answers.iter().all(|it| *it == answers[0] && !it.is_empty()),
        "{answers:?}"
    );
    for (email, until, field) in [
        ("other@ofcom.example", &*until, "#email-error"),
        ("bob", &*until, "#email-error"),
        ("bob@example.org", "2020-01-01", "#until-error"),
    ] {
        let page = names_deputy(&mut fp, email, &from, until).await;
        assert!(page.has(field), "{email}: {}", page.text());
    }
    let page = names_deputy(&mut fp, "fp@ofcom.example", &from, &until).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN); // AF-2
    // What is wrong is said of both at once.
    let page = names_deputy(&mut fp, "nobody@example.org", "", &until).await;
    assert!(page.has("#email-error") && page.has("#from-error"));
    let fields = [
        ("action", "name"),
        ("email", "bob@example.org"),
        ("from", &from),
        ("until", &until),
    ];
    let page = by_hand(&mut stranger, OFFICE, &fields).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND); // G-4

    let asked = names_deputy(&mut fp, "bob@example.org", &from, &until).await;
    let form = asked
        .form_to("/focal-point/ofcom/office/confirm")
        .press("action", "name");
    let page = fp.browser.send(form.clone()).await;
    assert!(page.says("flash.deputy_named"), "{}", page.text());
    let page = fp.browser.send(form).await;
    assert!(page.says("flash.deputy_named"), "a second press: {}", page.text());
    assert_eq!(
        (
            records(&op, "deputy.named").await,
            mails(&op, "bob@example.org", "deputy_named").await
        ),
        (1, 1)
    );
    let page = names_deputy(&mut fp, "bob@example.org", &from, &until).await;
    assert!(page.has("#email-error"), "named twice: {}", page.text());
    // SE-4: a login of some time ago names nobody.
    op.advance(6 * 60);
    let page = names_deputy(&mut fp, "bob@example.org", &from, &until).await;
    assert_eq!(page.url.path(), "/reauthenticate");
}

#[tokio::test]
async fn a_term_ends_early_by_either_of_them_or_with_the_affiliation() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut bob, of_bob, _) = member(&op, "bob@example.org", "ofcom", true).await;
    let (from, until) = (day(&op, 0), day(&op, 9));
    let end = format!("#end-{of_bob}");

    let asked = names_deputy(&mut fp, "bob@example.org", &from, &until).await;
    confirms(&mut fp, &asked).await;
    // The deputy says no, and reads that it was done, although the pages are closed now.
    let page = bob.browser.get(OFFICE).await;
    let asked = bob.browser.get(&page.link_of(&end)).await;
    let page = confirms(&mut bob, &asked).await;
    assert_eq!(page.url.path(), "/account/organization");
    assert!(page.says("flash.own_term_ended"), "{}", page.text());
    assert_eq!(bob.browser.get(OFFICE).await.status, StatusCode::NOT_FOUND);

    let asked = names_deputy(&mut fp, "bob@example.org", &from, &until).await;
    let page = confirms(&mut fp, &asked).await;
    let asked = fp.browser.get(&page.link_of(&end)).await;
    let page = confirms(&mut fp, &asked).await;
    assert!(page.says("flash.deputy_ended") && page.has("#no-deputies"));
    assert_eq!(bob.browser.get(QUEUE).await.status, StatusCode::NOT_FOUND);

    let asked = names_deputy(&mut fp, "bob@example.org", &from, &until).await;
    confirms(&mut fp, &asked).await;
    let page = bob.browser.get("/account/organization").await;
    let link = page.link("/account/organization/confirm");
    let form = bob.browser.get(&link).await.form(&["affiliation_id"]);
    bob.browser.send(form.press("action", "withdraw")).await;
    assert_eq!(count(&op, "SELECT COUNT(*) AS n FROM deputies").await, 0);
    assert_eq!(records(&op, "deputy.ended").await, 3);
}

#[tokio::test]
async fn a_deputy_who_becomes_focal_point_needs_no_term() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (_, of_bob, _) = member(&op, "bob@example.org", "ofcom", true).await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let asked = names_deputy(&mut admin, "bob@example.org", &day(&op, 0), &day(&op, 1)).await;
    let page = confirms(&mut admin, &asked).await;
    assert!(page.says("flash.deputy_named"), "{}", page.text());
    let page = admin.browser.get("/admin/organizations/ofcom").await;
    assert_eq!(page.count_of("#deputies > li"), 1);
    let form = page.form(&["email"]).press("action", "designate");
    let asked = admin.browser.submit(form, &[("email", "bob@example.org")]).await;
    let form = asked.form_to("/admin/organizations/ofcom/confirm");
    admin.browser.send(form.press("action", "designate")).await;
    let page = admin.browser.get(OFFICE).await;
    assert!(
        page.has("#no-deputies") && page.has("#focal-points"),
        "{}",
        page.text()
    );
    // An administrator says when the Focal Point is away.
    let form = page.form(&["away_from"]).press("action", "away");
    let (first, last) = (day(&op, 0), day(&op, 0));
    let values = [
        ("account_id", of_bob.as_str()),
        ("away_from", &first),
        ("away_until", &last),
    ];
    let page = admin.browser.submit(form, &values).await;
    assert!(page.has("#nobody"), "{}", page.text());
}
