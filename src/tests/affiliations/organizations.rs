//! Tests the directory's records: proposals, merging, the end of a membership. Its file is in `csv`.

use super::{listed, organization, person};
use crate::support::TestOp;
use itu_account::affiliations::directory::csv::import;
use itu_account::affiliations::directory::proposals::Correction;
use itu_account::affiliations::directory::{merge, proposals, status};
use itu_account::affiliations::lifecycle::{decisions, requests};
use itu_account::affiliations::{ChoiceInput, Error, choose, focal_points, membership_claims, ties};
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::AffiliationClaim;
use itu_account::domain::organization::OrganizationStatus;
use itu_account::domain::signup::OrganizationChoice;
use itu_account::domain::{AccountId, OrganizationId};
use itu_account::storage::organizations;

fn id(id: &str) -> OrganizationId {
    OrganizationId::new(id)
}

fn typed<'a>() -> ChoiceInput<'a> {
    ChoiceInput {
        membership_type: "sector_member",
        member_state: "KR",
        organization_name: "Seoul Radio Lab",
        organization_website: "https://radio.example.org/",
        request_ties: true,
        ..ChoiceInput::default()
    }
}

impl TestOp {
    async fn propose_organization(&self, account: &AccountId) -> OrganizationId {
        let choice = choose(&self.app, &typed()).await.unwrap();
        let (_, organization) = requests::change(&self.app, &person(account), &choice)
            .await
            .unwrap();
        organization.id
    }

    async fn status_and_organization(&self, account: &AccountId) -> (AffiliationClaim, Option<String>) {
        let claims = membership_claims(self.app.db.read(), account).await.unwrap();
        (claims.affiliation_status, claims.organization)
    }
}

#[tokio::test]
async fn a_choice_is_consistent_or_its_wrong_field_is_named() {
    // SU-6
    let op = TestOp::start_with_directory().await;
    let good = ChoiceInput {
        membership_type: "member_state",
        member_state: "CH",
        organization_id: "ofcom",
        request_ties: true,
        ..ChoiceInput::default()
    };
    assert!(choose(&op.app, &good).await.unwrap().request_ties);
    let un = ChoiceInput {
        membership_type: "un_organization",
        organization_id: "unhq",
        ..good.clone()
    };
    assert!(!choose(&op.app, &un).await.unwrap().request_ties); // not entitled
    for (input, field) in [
        (
            ChoiceInput {
                membership_type: "sector_member",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                member_state: "FR",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                member_state: "XX",
                ..good.clone()
            },
            "member_state",
        ),
        (
            ChoiceInput {
                membership_type: "",
                ..good.clone()
            },
            "membership_type",
        ),
        (
            ChoiceInput {
                membership_type: "emperor",
                ..good.clone()
            },
            "membership_type",
        ),
        (
            ChoiceInput {
                organization_id: "",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                organization_id: "nowhere",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                organization_website: "javascript:alert(1)",
                ..typed()
            },
            "organization_website",
        ),
        (
            ChoiceInput {
                organization_name: "<b>",
                ..typed()
            },
            "organization_name",
        ),
    ] {
        match choose(&op.app, &input).await {
            Err(Error::Invalid(errors)) => assert!(errors.contains_key(field), "{field}: {errors:?}"),
            other => panic!("{field}: {other:?}"),
        }
    }
    let choice = choose(&op.app, &typed()).await.unwrap();
    assert!(matches!(choice.organization, OrganizationChoice::Typed(_)) && !choice.request_ties);
}

#[tokio::test]
async fn a_typed_organization_is_no_member_until_it_is_accepted_as_one() {
    // SU-6, AF-1
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person("alice").await;
    let proposed = op.propose_organization(&alice).await;
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(claims.membership_type.unwrap().as_str(), "non_member");
    assert_eq!(
        (claims.affiliation_status, claims.organization),
        (AffiliationClaim::SelfDeclared, None)
    );

    let correction = Correction {
        name: "Seoul Radio Laboratory",
        acronym: "SRL",
        membership_type: "sector_member",
        category: "SIO",
        member_state: "KR",
        website: "",
        sectors: None,
    };
    let stranger = proposals::accept(&op.app, &person(&alice), &proposed, &correction, "").await;
    assert!(matches!(stranger, Err(Error::NotFound)));
    proposals::accept(&op.app, &Context::operator(), &proposed, &correction, "")
        .await
        .unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await,
        (AffiliationClaim::Pending, None)
    ); // closed, with a new request
    let again = proposals::accept(&op.app, &Context::operator(), &proposed, &correction, "").await;
    assert!(matches!(again, Err(Error::Conflict)));
    let mails = op.outbox().to("alice@example.org").await;
    assert!(mails.iter().any(|it| it.kind == "organization_decided"));

    let bob = op.insert_person("bob").await;
    let proposed = op.propose_organization(&bob).await;
    proposals::reject(&op.app, &Context::operator(), &proposed, "no such thing")
        .await
        .unwrap();
    assert_eq!(
        op.status_and_organization(&bob).await,
        (AffiliationClaim::None, None)
    );
}

#[tokio::test]
async fn merging_moves_the_people_along() {
    let op = TestOp::start_with_directory().await;
    let app = &op.app;
    let operator = Context::operator();
    // A merge into a non-member moves the declaration. A merge into a member makes a request of it.
    let [alice, bob] = [op.insert_person("alice").await, op.insert_person("bob").await];
    let [first, second] = [
        op.propose_organization(&alice).await,
        op.propose_organization(&bob).await,
    ];
    merge::merge(app, &operator, &first, &id("shop"), "")
        .await
        .unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await,
        (AffiliationClaim::SelfDeclared, Some("Corner Shop".into()))
    );
    merge::merge(app, &operator, &second, &id("telco"), "")
        .await
        .unwrap();
    assert_eq!(
        op.status_and_organization(&bob).await,
        (AffiliationClaim::Pending, None)
    );
    let again = merge::merge(app, &operator, &second, &id("telco"), "").await;
    assert!(matches!(again, Err(Error::Conflict)));

    // A merge of a member into a member keeps affiliations, rights and Focal Points.
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let carol = op.insert_person("carol").await;
    let request = requests::change(app, &person(&carol), &listed("telco", true))
        .await
        .unwrap()
        .0
        .id;
    decisions::approve(app, &person(&mina), &request, "")
        .await
        .unwrap();
    ties::grant(app, &person(&mina), &request, &["documents".into()])
        .await
        .unwrap();
    let twin = organization("twin", "Telco International", "sector_member");
    organizations::insert(&op.app.db, &[twin]).await.unwrap();
    let refused = merge::merge(app, &operator, &id("telco"), &id("shop"), "").await;
    assert!(matches!(refused, Err(Error::Refused(_))));
    merge::merge(app, &operator, &id("telco"), &id("twin"), "")
        .await
        .unwrap();
    assert_eq!(
        op.status_and_organization(&carol).await,
        (AffiliationClaim::Approved, Some("Telco International".into()))
    );
    assert_eq!(op.ties_rights(&carol).await, ["documents"]);
    assert_eq!(
        op.status_and_organization(&bob).await,
        (AffiliationClaim::Pending, None)
    );
    focal_points::designate(app, &person(&mina), &request)
        .await
        .unwrap(); // mina's office moved along
    for old in [&second, &id("telco")] {
        let found = organizations::resolve(op.app.db.read(), old)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.id, id("twin")); // contract.md
    }
}

#[tokio::test]
async fn an_ended_membership_ends_what_came_of_it() {
    // AF-1
    let op = TestOp::start_with_directory().await;
    let app = &op.app;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let [alice, bob] = [op.insert_person("alice").await, op.insert_person("bob").await];
    let request = requests::change(app, &person(&alice), &listed("telco", true))
        .await
        .unwrap()
        .0
        .id;
    decisions::approve(app, &person(&mina), &request, "")
        .await
        .unwrap();
    ties::grant(app, &person(&mina), &request, &["documents".into()])
        .await
        .unwrap();
    requests::change(app, &person(&bob), &listed("telco", true))
        .await
        .unwrap();
    let operator = Context::operator();
    let set = async |status: OrganizationStatus| {
        let file = format!("id,status\ntelco,{status}\n");
        import(app, &operator, file.as_bytes()).await
    };

    set(OrganizationStatus::Suspended).await.unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await,
        (AffiliationClaim::Approved, None)
    );
    let granted = ties::grant(app, &person(&mina), &request, &["mailing_lists".into()]).await;
    assert!(matches!(granted, Err(Error::NotEntitled)));
    set(OrganizationStatus::Active).await.unwrap();
    assert_eq!(op.ties_rights(&alice).await, ["documents"]);

    set(OrganizationStatus::Ended).await.unwrap();
    set(OrganizationStatus::Active).await.unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await,
        (AffiliationClaim::Lapsed, None)
    ); // reinstatement needs a new request
    assert_eq!(
        op.status_and_organization(&mina).await,
        (AffiliationClaim::Lapsed, None)
    );
    assert_eq!(
        op.status_and_organization(&bob).await,
        (AffiliationClaim::Rejected, None)
    );
    let decided = decisions::remove(app, &person(&mina), &request, "").await;
    assert!(matches!(decided, Err(Error::NotFound))); // no Focal Point any more
}

#[tokio::test]
async fn a_membership_ends_after_its_last_day() {
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person_as_focal_point("alice", "telco").await;
    let today = op.app.clock.now().date_naive();
    let file = format!("id,valid_until\ntelco,{today}\n");
    import(&op.app, &Context::operator(), file.as_bytes())
        .await
        .unwrap();
    status::end_overdue(&op.app).await.unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await.0,
        AffiliationClaim::Approved
    );
    op.app.clock.advance(chrono::Duration::days(1));
    status::end_overdue(&op.app).await.unwrap();
    status::end_overdue(&op.app).await.unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await.0,
        AffiliationClaim::Lapsed
    );
}

#[tokio::test]
async fn a_membership_that_was_prolonged_meanwhile_goes_on() {
    // G-9
    let op = TestOp::start_with_directory().await;
    let (app, operator) = (&op.app, Context::operator());
    let alice = op.insert_person_as_focal_point("alice", "telco").await;
    let today = app.clock.now().date_naive();
    let until = async |last: chrono::NaiveDate| {
        let file = format!("id,valid_until\ntelco,{last}\n");
        import(app, &operator, file.as_bytes()).await.unwrap();
    };
    let yesterday = today - chrono::Days::new(1);
    until(yesterday).await;
    let overdue = itu_account::storage::organizations::list_overdue(op.app.db.read(), today).await;
    let overdue = overdue.unwrap();
    assert_eq!(overdue.len(), 1);
    until(today).await;
    status::end_all(app, today, &overdue).await.unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await.0,
        AffiliationClaim::Approved
    );
    until(yesterday).await;
    status::end_all(app, today, &overdue).await.unwrap();
    assert_eq!(
        op.status_and_organization(&alice).await.0,
        AffiliationClaim::Lapsed
    );
}
