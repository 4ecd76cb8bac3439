//! Tests the rules that the database enforces, on SQLite and on PostgreSQL, whichever program writes.

use migrations::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;

use crate::support::{TestOp, rows};
use itu_account::affiliations::membership_claims;
use itu_account::domain::affiliation::{Affiliation, AffiliationClaim, Stage};
use itu_account::domain::{AccountId, AffiliationId};
use itu_account::storage::{focal_points, ties};

impl TestOp {
    pub async fn execute_sql(&self, statement: &str) -> Result<u64, String> {
        let done = self.app.db.execute_unprepared(statement).await;
        done.map(|it| it.rows_affected()).map_err(|e| e.to_string())
    }

    async fn insert_right_by_sql(
        &self,
        id: &str,
        affiliation: &str,
        account: &str,
        status: &str,
    ) -> Result<u64, String> {
        let decided = if status == "requested" {
            "NULL"
        } else {
            "'2026-01-01 00:00:00+00:00'"
        };
        self.execute_sql(&format!(
            "INSERT INTO ties_rights (id, affiliation_id, account_id, right_type, status, decided_at) \
             VALUES ('{id}', '{affiliation}', '{account}', 'documents', '{status}', {decided})"
        ))
        .await
    }

    async fn update_status_by_sql(&self, id: &str, to: &str) -> Result<u64, String> {
        let when = "'2026-01-02 00:00:00+00:00'";
        let ended = match to {
            "withdrawn" | "removed" | "lapsed" => format!(", ended_at = {when}"),
            _ => format!(", decided_at = {when}"),
        };
        self.execute_sql(&format!(
            "UPDATE affiliations SET status = '{to}' {ended} WHERE id = '{id}'"
        ))
        .await
    }
}

const STATUSES: [&str; 7] = [
    "self_declared",
    "pending",
    "approved",
    "rejected",
    "withdrawn",
    "removed",
    "lapsed",
];

#[tokio::test]
async fn migrations_go_down_and_up_again() {
    let op = TestOp::start_with_directory().await;
    let db = op.app.db.for_migrations();
    Migrator::down(db, None).await.unwrap();
    Migrator::up(db, None).await.unwrap();
}

#[tokio::test]
async fn an_affiliation_moves_along_the_listed_ways_only() {
    // AF-1
    let op = TestOp::start_with_directory().await;
    for (i, from) in STATUSES.iter().enumerate() {
        for (j, to) in STATUSES.iter().enumerate() {
            let account = op.insert_person(&format!("p{i}-{j}")).await;
            let id = op.insert_affiliation(&account, "ofcom", Stage::Pending).await.id;
            match *from {
                "pending" => {}
                "self_declared" => {
                    op.execute_sql(&format!("DELETE FROM affiliations WHERE id = '{id}'"))
                        .await
                        .unwrap();
                    op.execute_sql(&format!(
                        "INSERT INTO affiliations (id, account_id, organization_id, status, requested_at, \
                             asked_by_person) VALUES ('{id}', '{account}', 'shop', 'self_declared', \
                             '2026-01-01 00:00:00+00:00', true)"
                    ))
                    .await
                    .unwrap();
                }
                "removed" | "lapsed" => {
                    op.update_status_by_sql(id.as_str(), "approved").await.unwrap();
                    op.update_status_by_sql(id.as_str(), from).await.unwrap();
                }
                from => drop(op.update_status_by_sql(id.as_str(), from).await.unwrap()),
            }
            let listed = matches!(
                (*from, *to),
                ("pending", "approved" | "rejected" | "withdrawn")
                    | ("approved", "removed" | "lapsed" | "withdrawn")
                    | ("self_declared", "withdrawn")
            );
            let moved = op.update_status_by_sql(id.as_str(), to).await;
            // A row that stays in its stage, while it is open, makes no transition.
            let stays = from == to && matches!(*from, "pending" | "approved" | "self_declared");
            assert_eq!(moved.is_ok(), listed || stays, "{from} to {to}: {moved:?}");
            op.execute_sql(&format!("DELETE FROM accounts WHERE id = '{account}'"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    // AF-2
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person("alice").await;
    let id = op.insert_affiliation(&alice, "ofcom", Stage::Pending).await.id;
    let when = "'2026-01-02 00:00:00+00:00'";
    for (status, by) in [
        ("approved", "decided_by"),
        ("rejected", "decided_by"),
        ("approved", "decided_by"),
    ] {
        op
            .execute_sql(&format!(
                "UPDATE affiliations SET status = '{status}', decided_at = {when}, {by} = 'alice' WHERE id = '{id}'"
            ))
            .await
            .unwrap_err();
    }
    op.update_status_by_sql(id.as_str(), "approved").await.unwrap();
    op.execute_sql(&format!(
        "UPDATE affiliations SET status = 'removed', ended_at = {when}, ended_by = 'alice' WHERE id = '{id}'"
    ))
    .await
    .unwrap_err();
    op
        .execute_sql(&format!(
            "INSERT INTO focal_points (affiliation_id, account_id, organization_id, designated_at, designated_by) \
             VALUES ('{id}', 'alice', 'ofcom', {when}, 'alice')"
        ))
        .await
        .unwrap_err();
    op
        .execute_sql(&format!(
            "INSERT INTO ties_rights (id, affiliation_id, account_id, right_type, status, decided_at, decided_by) \
             VALUES ('r', '{id}', 'alice', 'documents', 'granted', {when}, 'alice')"
        ))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn one_request_waits_and_one_affiliation_is_in_force() {
    // AF-5
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person("alice").await;
    op.insert_affiliation(&alice, "ofcom", rows::approved(op.now()))
        .await;
    op.insert_affiliation(&alice, "telco", Stage::Pending).await;
    for (organization, approved) in [("unhq", false), ("unhq", true)] {
        let affiliation = Affiliation {
            id: AffiliationId::new("another"),
            account: AccountId::new("alice"),
            organization: itu_account::domain::OrganizationId::new(organization),
            requested_at: op.now(),
            asked_by_person: true,
            stage: if approved {
                Stage::SelfDeclared
            } else {
                Stage::Pending
            },
        };
        itu_account::storage::affiliations::insert(&op.app.db, &affiliation)
            .await
            .unwrap_err();
    }
}

#[tokio::test]
async fn ties_rights_need_an_approved_affiliation_to_an_entitled_active_member() {
    // AF-3
    let op = TestOp::start_with_directory().await;
    let [alice, bob, carol] = [
        op.insert_person("alice").await,
        op.insert_person("bob").await,
        op.insert_person("carol").await,
    ];
    op.insert_affiliation(&alice, "ofcom", Stage::Pending).await;
    op.insert_affiliation(&bob, "unhq", rows::approved(op.now()))
        .await;
    op.insert_affiliation(&carol, "telco", rows::approved(op.now()))
        .await;
    op.insert_right_by_sql("r1", "alice-ofcom", "alice", "granted")
        .await
        .unwrap_err();
    op.insert_right_by_sql("r2", "bob-unhq", "bob", "granted")
        .await
        .unwrap_err();
    op.insert_right_by_sql("r3", "carol-telco", "bob", "granted")
        .await
        .unwrap_err(); // not that person's
    op.insert_right_by_sql("r4", "alice-ofcom", "alice", "requested")
        .await
        .unwrap();
    op.execute_sql(
        "UPDATE ties_rights SET status = 'granted', decided_at = '2026-01-01 00:00:00+00:00' WHERE id = 'r4'",
    )
    .await
    .unwrap_err();
    op.insert_right_by_sql("r5", "carol-telco", "carol", "granted")
        .await
        .unwrap();
    op.insert_right_by_sql("r6", "carol-telco", "carol", "requested")
        .await
        .unwrap_err(); // one lives
    op.execute_sql("UPDATE ties_rights SET status = 'requested' WHERE id = 'r5'")
        .await
        .unwrap_err();
    op.execute_sql("UPDATE organizations SET status = 'suspended' WHERE id = 'telco'")
        .await
        .unwrap();
    op.execute_sql("UPDATE ties_rights SET status = 'revoked', ended_at = decided_at WHERE id = 'r5'")
        .await
        .unwrap();
    op.insert_right_by_sql("r7", "carol-telco", "carol", "granted")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn nothing_outlives_the_affiliation() {
    // AF-3: a right ends with its affiliation, whoever ends that, and however.
    let op = TestOp::start_with_directory().await;
    for (i, end) in ["removed", "lapsed", "withdrawn"].into_iter().enumerate() {
        let name = format!("p{i}");
        let account = op.insert_person_as_focal_point(&name, "ofcom").await;
        let affiliation = AffiliationId::new(format!("{name}-ofcom"));
        op.insert_right_by_sql(&format!("r{i}"), affiliation.as_str(), &name, "granted")
            .await
            .unwrap();
        assert_eq!(
            ties::list_granted(op.app.db.read(), &affiliation).await.unwrap(),
            ["documents"]
        );
        let claims = membership_claims(op.app.db.read(), &account).await.unwrap();
        assert_eq!((claims.ties_rights.len(), claims.focal_point), (1, true));

        op.update_status_by_sql(affiliation.as_str(), end).await.unwrap();

        assert!(
            ties::list_granted(op.app.db.read(), &affiliation)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            focal_points::find_of_account(op.app.db.read(), &account)
                .await
                .unwrap(),
            None
        );
        let claims = membership_claims(op.app.db.read(), &account).await.unwrap();
        assert_eq!((claims.membership_type, claims.focal_point), (None, false));
    }
}

#[tokio::test]
async fn affiliations_end_with_the_membership() {
    // AF-1: the end of a membership makes its affiliations lapse.
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person_as_focal_point("alice", "telco").await;
    let bob = op.insert_person("bob").await;
    op.insert_affiliation(&bob, "telco", Stage::Pending).await;
    op.insert_right_by_sql("r", "alice-telco", "alice", "granted")
        .await
        .unwrap();

    op.execute_sql("UPDATE organizations SET status = 'suspended' WHERE id = 'telco'")
        .await
        .unwrap();
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(
        (
            claims.affiliation_status,
            claims.organization,
            claims.ties_rights.len()
        ),
        (AffiliationClaim::Approved, None, 0)
    );

    op.execute_sql("UPDATE organizations SET status = 'ended' WHERE id = 'telco'")
        .await
        .unwrap();
    let claims = membership_claims(op.app.db.read(), &alice).await.unwrap();
    assert_eq!(claims.affiliation_status, AffiliationClaim::Lapsed);
    assert_eq!(
        membership_claims(op.app.db.read(), &bob)
            .await
            .unwrap()
            .affiliation_status,
        AffiliationClaim::Rejected
    );
    assert!(
        ties::list_granted(op.app.db.read(), &AffiliationId::new("alice-telco"))
            .await
            .unwrap()
            .is_empty()
    );
}
