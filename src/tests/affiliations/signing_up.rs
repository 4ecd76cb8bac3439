//! Tests the end of a sign-up: account, session and request are written in one transaction.

use super::listed;
use crate::accounts::details;
use crate::support::{TestOp, visitor};
use itu_account::accounts::{signup, terms, verification};
use itu_account::affiliations::directory::csv;
use itu_account::affiliations::lifecycle::requests::{Joined, SignupError, complete_signup};
use itu_account::affiliations::membership_claims;
use itu_account::domain::AccountId;
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::AffiliationClaim;
use itu_account::domain::profile::Language;
use itu_account::domain::secret::Secret;
use itu_account::storage::{accounts, affiliations, ties};

const EMAIL: &str = "new@example.org";

impl TestOp {
    async fn sign_up_at_telco(&self) -> Secret {
        let handle = signup::begin(&self.app, &visitor(), details(EMAIL), None)
            .await
            .unwrap();
        let submission = signup::Submission {
            choice: listed("telco", true),
            newsletter: true,
            accept_terms: true,
            shown: terms::offer(&self.app, Language::En).label(),
        };
        signup::submit(&self.app, &visitor(), handle.expose(), submission)
            .await
            .unwrap();
        handle
    }

    async fn complete_signup(&self, handle: &Secret) -> Result<Joined, SignupError> {
        let code = self.outbox().code(EMAIL).await;
        let proof = verification::verify(&self.app, &visitor(), handle.expose(), &code).await?;
        complete_signup(&self.app, &visitor(), &proof).await
    }
}

#[tokio::test]
async fn a_completed_sign_up_asks_the_focal_points() {
    let op = TestOp::start_with_directory().await;
    op.insert_person_as_focal_point("mina", "telco").await;
    let handle = op.sign_up_at_telco().await;
    assert_eq!(op.outbox().to("mina@example.org").await.len(), 0); // SU-5: nothing before the code

    let joined = op.complete_signup(&handle).await.unwrap();

    let (affiliation, organization) = joined.affiliation.unwrap();
    assert_eq!(organization.name, "Telco");
    let claims = membership_claims(op.app.db.read(), &joined.completed.account.id)
        .await
        .unwrap();
    assert_eq!(
        (claims.affiliation_status, claims.organization),
        (AffiliationClaim::Pending, None)
    );
    let rights = ties::list_of_affiliation(op.app.db.read(), &affiliation.id)
        .await
        .unwrap();
    assert_eq!(rights.len(), 3); // asked for, each to be decided: AF-3
    assert!(claims.ties_rights.is_empty());
    let mail = op.outbox().latest("mina@example.org").await;
    assert_eq!(mail.kind, "affiliation_requested");
    assert!(mail.text.contains(EMAIL));
}

#[tokio::test]
async fn a_sign_up_is_not_lost_with_the_organization_it_chose() {
    let op = TestOp::start_with_directory().await;
    let handle = op.sign_up_at_telco().await;
    csv::import(&op.app, &Context::operator(), b"id,status\ntelco,ended\n")
        .await
        .unwrap();

    let joined = op.complete_signup(&handle).await.unwrap();

    assert!(joined.affiliation.is_none());
    let claims = membership_claims(op.app.db.read(), &joined.completed.account.id)
        .await
        .unwrap();
    assert_eq!(claims.affiliation_status, AffiliationClaim::None);
}

#[tokio::test]
async fn one_of_many_parallel_completions_makes_one_account_and_one_request() {
    // G-8
    let op = TestOp::start_with_directory().await;
    op.insert_person_as_focal_point("mina", "telco").await;
    let handle = op.sign_up_at_telco().await;
    let code = op.outbox().code(EMAIL).await;
    let attempt = |_| {
        let (app, handle, code) = (op.app.clone(), handle.clone(), code.clone());
        tokio::spawn(async move {
            let proof = verification::verify(&app, &visitor(), handle.expose(), &code).await?;
            complete_signup(&app, &visitor(), &proof).await
        })
    };
    let mut joined = Vec::new();
    for completion in (0..50).map(attempt).collect::<Vec<_>>() {
        joined.extend(completion.await.unwrap());
    }
    assert_eq!(joined.len(), 1);
    let account: &AccountId = &joined[0].completed.account.id;
    assert_eq!(
        affiliations::list_of_account(op.app.db.read(), account)
            .await
            .unwrap()
            .len(),
        1
    );
    let made = accounts::list_credentials_after(op.app.db.read(), "", 10)
        .await
        .unwrap();
    assert_eq!(made.len(), 2);
    assert_eq!(op.outbox().to("mina@example.org").await.len(), 1);
}
