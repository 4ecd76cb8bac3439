//! Tests joining an organization, from the request to the rights, and which people are refused.

use super::{context, listed, person};
use crate::support::TestOp;
use itu_account::affiliations::lifecycle::{decisions, requests, withdrawal};
use itu_account::affiliations::{Error, focal_points, membership_claims, roster, ties};
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::{AffiliationClaim, AffiliationStatus};
use itu_account::domain::role::Role;
use itu_account::domain::{AccountId, AffiliationId, OrganizationId};

fn documents() -> Vec<String> {
    vec!["documents".into()]
}

impl TestOp {
    async fn affiliation_status(&self, account: &AccountId) -> AffiliationClaim {
        membership_claims(self.app.db.read(), account)
            .await
            .unwrap()
            .affiliation_status
    }

    async fn mail_kinds(&self, account: &AccountId) -> Vec<String> {
        let mails = self.outbox().to(&format!("{account}@example.org")).await;
        mails.into_iter().map(|it| it.kind).collect()
    }
}

#[tokio::test]
async fn a_focal_point_lets_a_person_in() {
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;

    let id = op.request_affiliation(&alice, "telco").await;
    assert_eq!(op.affiliation_status(&alice).await, AffiliationClaim::Pending);
    assert_eq!(op.mail_kinds(&alice).await, ["affiliation_changed"]);
    assert_eq!(op.mail_kinds(&mina).await, ["affiliation_requested"]);
    let link = op.outbox().link("mina@example.org", "/").await;
    assert!(link.ends_with(&format!("/focal-point/telco/requests/{id}"))); // AF-2

    decisions::approve(&op.app, &person(&mina), &id, "")
        .await
        .unwrap();
    ties::grant(&op.app, &person(&mina), &id, &documents())
        .await
        .unwrap();

    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(claims.affiliation_status, AffiliationClaim::Approved);
    assert_eq!(claims.organization.as_deref(), Some("Telco"));
    assert_eq!(claims.ties_rights, ["documents"]);
    assert_eq!(op.mail_kinds(&alice).await.len(), 3); // requested, approved, TIES granted: LG-4
    // A right that was requested and not granted is still pending.
    let page = roster::list(
        &op.app,
        &person(&mina),
        &OrganizationId::new("telco"),
        &roster::RosterSearch {
            text: "ALICE exam",
            show: roster::Show::TiesRequests,
            ..Default::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (page.total, page.entries.len(), page.entries[0].rights.len()),
        (1, 1, 3)
    );

    ties::refuse(&op.app, &person(&mina), &id, &["collaboration".into()], "no")
        .await
        .unwrap();
    ties::revoke(&op.app, &person(&mina), &id, &documents(), "")
        .await
        .unwrap();
    assert!(op.ties_rights(&alice).await.is_empty());
    ties::grant(&op.app, &person(&mina), &id, &documents())
        .await
        .unwrap(); // anew
    assert_eq!(op.ties_rights(&alice).await, ["documents"]);

    decisions::remove(&op.app, &person(&mina), &id, "left")
        .await
        .unwrap();
    assert_eq!(op.affiliation_status(&alice).await, AffiliationClaim::Removed);
    assert!(op.ties_rights(&alice).await.is_empty()); // AF-3
    let again = decisions::remove(&op.app, &person(&mina), &id, "").await;
    assert!(matches!(again, Err(Error::Conflict))); // G-9
}

#[tokio::test]
async fn what_is_another_organizations_does_not_exist() {
    // G-4, issue: a Focal Point of one organization gets 404 for every page and action of another
    let op = TestOp::start_with_directory().await;
    op.insert_person_as_focal_point("mina", "telco").await;
    let rival = op.insert_person_as_focal_point("rival", "ofcom").await;
    let outsider = op.insert_person("outsider").await;
    let alice = op.insert_person("alice").await;
    let id = op.request_affiliation(&alice, "telco").await;
    let approved = AffiliationId::new("mina-telco");
    let telco = OrganizationId::new("telco");
    let app = &op.app;
    let mut actors = vec![person(&rival), person(&outsider), person(&alice)];
    actors.push(Context::of(itu_account::domain::actor::Actor::Visitor));
    actors.push(context("support", Role::Support));
    for context in &actors {
        let outcomes = [
            decisions::approve(app, context, &id, "").await,
            ties::grant(app, context, &id, &documents()).await,
            decisions::reject(app, context, &id, "no").await,
            decisions::remove(app, context, &approved, "").await,
            focal_points::designate(app, context, &approved).await,
            focal_points::undesignate(app, context, &approved, "").await,
            ties::grant(app, context, &approved, &documents()).await,
            ties::refuse(app, context, &id, &documents(), "").await,
            ties::revoke(app, context, &approved, &documents(), "").await,
            roster::find(app, context, &id).await.map(drop),
            roster::find(app, context, &approved).await.map(drop),
            roster::list(app, context, &telco, &Default::default())
                .await
                .map(drop),
            roster::affiliation_of(app, context, &telco, &AccountId::new("mina"))
                .await
                .map(drop),
            roster::list_without_focal_point(app, context, &Default::default())
                .await
                .map(drop),
            withdrawal::withdraw(app, context, &approved).await,
        ];
        for (i, outcome) in outcomes.into_iter().enumerate() {
            assert!(matches!(outcome, Err(Error::NotFound)), "{i}: {outcome:?}");
        }
    }
    assert_eq!(op.affiliation_status(&alice).await, AffiliationClaim::Pending);
}

#[tokio::test]
async fn nobody_decides_about_themselves_whatever_office_they_hold() {
    // AF-2
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let app = &op.app;
    let own = AffiliationId::new("mina-telco");
    let outcomes = [
        ties::grant(app, &person(&mina), &own, &documents()).await,
        decisions::remove(app, &person(&mina), &own, "").await,
        focal_points::designate(app, &person(&mina), &own).await,
    ];
    assert!(outcomes.iter().all(|it| matches!(it, Err(Error::OwnRequest))));

    let admin = op.insert_person_with("admin", Role::Administrator).await;
    let id = op.request_affiliation(&admin, "ofcom").await;
    let as_admin = context("admin", Role::Administrator);
    let outcomes = [
        decisions::approve(app, &as_admin, &id, "").await,
        decisions::reject(app, &as_admin, &id, "no").await,
    ];
    assert!(outcomes.iter().all(|it| matches!(it, Err(Error::OwnRequest))));
    let email = itu_account::domain::account::EmailAddress::parse("admin@example.org").unwrap();
    let appointed = focal_points::appoint(
        app,
        &as_admin,
        &OrganizationId::new("ofcom"),
        &focal_points::Whom::Email(&email),
    )
    .await;
    assert!(matches!(appointed, Err(Error::OwnRequest)));
    assert_eq!(op.affiliation_status(&admin).await, AffiliationClaim::Pending);

    // The only Focal Point's request for rights goes to the administrators.
    ties::request(app, &person(&mina), &documents()).await.unwrap();
    let page = roster::list_without_focal_point(app, &as_admin, &Default::default())
        .await
        .unwrap();
    let ids: Vec<_> = page
        .entries
        .iter()
        .map(|it| it.person.affiliation.id.as_str())
        .collect();
    assert!(ids.contains(&"mina-telco") && page.entries.len() == 2);
    assert!(page.entries.iter().any(|it| it.own));
    ties::grant(app, &as_admin, &own, &documents()).await.unwrap();
    assert_eq!(op.ties_rights(&mina).await, ["documents"]);
}

#[tokio::test]
async fn the_old_affiliation_stands_until_the_new_one_is_approved() {
    // AF-7
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let office = op.insert_person_as_focal_point("office", "ofcom").await;
    let alice = op.insert_person("alice").await;
    let first = op.request_affiliation(&alice, "ofcom").await;
    decisions::approve(&op.app, &person(&office), &first, "")
        .await
        .unwrap();
    ties::grant(&op.app, &person(&office), &first, &documents())
        .await
        .unwrap();

    let second = op.request_affiliation(&alice, "telco").await;
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(claims.organization_id.unwrap().as_str(), "ofcom");
    let third = requests::change(&op.app, &person(&alice), &listed("shop", false)).await;
    assert!(matches!(third, Err(Error::OpenRequest))); // AF-5

    decisions::approve(&op.app, &person(&mina), &second, "")
        .await
        .unwrap();
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(claims.organization_id.unwrap().as_str(), "telco");
    assert!(claims.ties_rights.is_empty()); // AF-3: changing ends TIES
    let old = itu_account::storage::affiliations::find(op.app.db.read(), &first)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(old.status(), AffiliationStatus::Withdrawn);

    // A non-member needs nobody's approval.
    requests::change(&op.app, &person(&alice), &listed("shop", true))
        .await
        .unwrap();
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(
        (claims.affiliation_status, claims.organization.as_deref()),
        (AffiliationClaim::SelfDeclared, Some("Corner Shop"))
    );
    let fourth = requests::change(&op.app, &person(&alice), &listed("telco", false)).await;
    assert!(matches!(fourth, Err(Error::TooManyRequests))); // AF-5: 3 a day
}

#[tokio::test]
async fn one_of_many_parallel_decisions_wins() {
    // G-9
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;
    let id = op.request_affiliation(&alice, "telco").await;
    let context = person(&mina);
    let decide = |i: usize| {
        let (app, context, id) = (op.app.clone(), context.clone(), id.clone());
        tokio::spawn(async move {
            if i.is_multiple_of(2) {
                decisions::approve(&app, &context, &id, "").await
            } else {
                decisions::reject(&app, &context, &id, "no").await
            }
        })
    };
    let mut won = 0;
    for decision in (0..20).map(decide).collect::<Vec<_>>() {
        match decision.await.unwrap() {
            Ok(()) => won += 1,
            Err(Error::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(op.mail_kinds(&alice).await.len(), 2); // requested, decided
}

#[tokio::test]
async fn the_last_focal_point_is_removed_by_an_administrator_only() {
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;
    let app = &op.app;
    let own = AffiliationId::new("mina-telco");
    let refused = focal_points::undesignate(app, &person(&mina), &own, "").await;
    assert!(matches!(refused, Err(Error::LastFocalPoint)));

    let id = op.request_affiliation(&alice, "telco").await;
    let early = focal_points::designate(app, &person(&mina), &id).await;
    assert!(matches!(early, Err(Error::Conflict))); // AF-6: an approved affiliation
    decisions::approve(app, &person(&mina), &id, "").await.unwrap();
    focal_points::designate(app, &person(&mina), &id).await.unwrap();
    assert!(
        membership_claims(op.app.db.read(), &alice)
            .await
            .unwrap()
            .focal_point
    );
    assert!(
        op.mail_kinds(&alice)
            .await
            .contains(&"focal_point_designated".to_owned())
    );

    // Each removes the other at the same moment: one of them remains.
    let (ours, theirs) = (person(&mina), person(&alice));
    let (one, other) = tokio::join!(
        focal_points::undesignate(app, &ours, &id, ""),
        focal_points::undesignate(app, &theirs, &own, ""),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");

    let admin = context("root", Role::Administrator);
    let (last, person_of_last) = if one.is_ok() { (&own, &mina) } else { (&id, &alice) };
    focal_points::undesignate(app, &admin, last, "").await.unwrap();
    assert!(
        !membership_claims(op.app.db.read(), person_of_last)
            .await
            .unwrap()
            .focal_point
    );
}

#[tokio::test]
async fn requests_within_the_hour_are_one_digest() {
    // AF-5
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    for name in ["a", "b", "c"] {
        let account = op.insert_person(name).await;
        op.request_affiliation(&account, "telco").await;
    }
    assert_eq!(op.mail_kinds(&mina).await, ["affiliation_requested"]);
    assert_eq!(
        itu_account::affiliations::notifications::send_digests(&op.app)
            .await
            .unwrap(),
        0
    );
    op.app.clock.advance(chrono::Duration::minutes(61));
    assert_eq!(
        itu_account::affiliations::notifications::send_digests(&op.app)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        itu_account::affiliations::notifications::send_digests(&op.app)
            .await
            .unwrap(),
        0
    );
    let mail = op.outbox().latest("mina@example.org").await;
    assert_eq!(mail.kind, "requests_digest");
    assert_eq!(mail.text.matches("/focal-point/telco/requests/").count(), 2);

    let admin = op.insert_person_with("admin", Role::Administrator).await;
    for (days, minas, admins) in [(6, 2, 0), (2, 3, 0), (14, 3, 1), (30, 3, 1)] {
        op.app.clock.advance(chrono::Duration::days(days));
        itu_account::affiliations::notifications::remind(&op.app)
            .await
            .unwrap();
        itu_account::affiliations::notifications::remind(&op.app)
            .await
            .unwrap();
        assert_eq!(
            (
                op.mail_kinds(&mina).await.len(),
                op.mail_kinds(&admin).await.len()
            ),
            (minas, admins)
        );
    }
}

#[tokio::test]
async fn an_organization_without_a_focal_point_asks_the_administrators() {
    let op = TestOp::start_with_directory().await;
    op.insert_person_with("admin", Role::Administrator).await;
    let alice = op.insert_person("alice").await;
    let id = op.request_affiliation(&alice, "unhq").await;
    let link = op.outbox().link("admin@example.org", "/").await;
    assert!(link.ends_with(&format!("/admin/requests/{id}")));
    assert!(op.ties_rights(&alice).await.is_empty());

    let admin = context("admin", Role::Administrator);
    let (entry, _, _) = roster::find(&op.app, &admin, &id).await.unwrap();
    assert!(entry.rights.is_empty()); // not entitled: AF-3
    let granted = ties::grant(&op.app, &admin, &id, &documents()).await;
    assert!(matches!(granted, Err(Error::NotEntitled))); // not approved: AF-3
    assert_eq!(op.affiliation_status(&alice).await, AffiliationClaim::Pending);

    let email = itu_account::domain::account::EmailAddress::parse("alice@example.org").unwrap();
    let unhq = OrganizationId::new("unhq");
    focal_points::appoint(
        &op.app,
        &Context::operator(),
        &unhq,
        &focal_points::Whom::Email(&email),
    )
    .await
    .unwrap();
    focal_points::appoint(
        &op.app,
        &Context::operator(),
        &unhq,
        &focal_points::Whom::Email(&email),
    )
    .await
    .unwrap(); // idempotent
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(
        (claims.affiliation_status, claims.focal_point),
        (AffiliationClaim::Approved, true)
    );
    let granted = ties::grant(&op.app, &admin, &id, &documents()).await;
    assert!(matches!(granted, Err(Error::NotEntitled))); // approved, but the organization is not entitled: AF-3
    assert!(op.ties_rights(&alice).await.is_empty());
}
