//! Tests the rules that the database enforces, on SQLite and on PostgreSQL, whichever program writes.

use migrations::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;

use super::World;
use itu_account::affiliations::membership_claims;
use itu_account::domain::affiliation::AffiliationClaim;
use itu_account::domain::{AccountId, AffiliationId};
use itu_account::storage::{focal_points, ties};

impl World {
    async fn sql(&self, statement: &str) -> Result<u64, String> {
        let done = self.db.read().execute_unprepared(statement).await;
        done.map(|it| it.rows_affected()).map_err(|e| e.to_string())
    }

    async fn right(&self, id: &str, affiliation: &str, account: &str, status: &str) -> Result<u64, String> {
        let decided = if status == "requested" {
            "NULL"
        } else {
            "'2026-01-01 00:00:00+00:00'"
        };
        self.sql(&format!(
            "INSERT INTO ties_rights (id, affiliation_id, account_id, right_type, status, decided_at) \
             VALUES ('{id}', '{affiliation}', '{account}', 'documents', '{status}', {decided})"
        ))
        .await
    }

    async fn moves(&self, id: &str, to: &str) -> Result<u64, String> {
        let when = "'2026-01-02 00:00:00+00:00'";
        let ended = match to {
            "withdrawn" | "removed" | "lapsed" => format!(", ended_at = {when}"),
            _ => format!(", decided_at = {when}"),
        };
        self.sql(&format!(
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
    let world = World::new().await;
    let db = world.db.for_migrations();
    Migrator::down(db, None).await.unwrap();
    Migrator::up(db, None).await.unwrap();
}

#[tokio::test]
async fn an_affiliation_moves_along_the_listed_ways_only() {
    // AF-1
    let world = World::new().await;
    for (i, from) in STATUSES.iter().enumerate() {
        for (j, to) in STATUSES.iter().enumerate() {
            let account = world.person(&format!("p{i}-{j}")).await;
            let id = world.affiliate(&account, "ofcom", false).await;
            match *from {
                "pending" => {}
                "self_declared" => {
                    world
                        .sql(&format!("DELETE FROM affiliations WHERE id = '{id}'"))
                        .await
                        .unwrap();
                    world
                        .sql(&format!(
                            "INSERT INTO affiliations (id, account_id, organization_id, status, requested_at, \
                             asked_by_person) VALUES ('{id}', '{account}', 'shop', 'self_declared', \
                             '2026-01-01 00:00:00+00:00', true)"
                        ))
                        .await
                        .unwrap();
                }
                "removed" | "lapsed" => {
                    world.moves(id.as_str(), "approved").await.unwrap();
                    world.moves(id.as_str(), from).await.unwrap();
                }
                from => drop(world.moves(id.as_str(), from).await.unwrap()),
            }
            let listed = matches!(
                (*from, *to),
                ("pending", "approved" | "rejected" | "withdrawn")
                    | ("approved", "removed" | "lapsed" | "withdrawn")
                    | ("self_declared", "withdrawn")
            );
            let moved = world.moves(id.as_str(), to).await;
            // A row that stays in its stage, while it is open, makes no transition.
            let stays = from == to && matches!(*from, "pending" | "approved" | "self_declared");
            assert_eq!(moved.is_ok(), listed || stays, "{from} to {to}: {moved:?}");
            world
                .sql(&format!("DELETE FROM accounts WHERE id = '{account}'"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    // AF-2
    let world = World::new().await;
    let alice = world.person("alice").await;
    let id = world.affiliate(&alice, "ofcom", false).await;
    let when = "'2026-01-02 00:00:00+00:00'";
    for (status, by) in [
        ("approved", "decided_by"),
        ("rejected", "decided_by"),
        ("approved", "decided_by"),
    ] {
        world
            .sql(&format!(
                "UPDATE affiliations SET status = '{status}', decided_at = {when}, {by} = 'alice' WHERE id = '{id}'"
            ))
            .await
            .unwrap_err();
    }
    world.moves(id.as_str(), "approved").await.unwrap();
    world
        .sql(&format!(
            "UPDATE affiliations SET status = 'removed', ended_at = {when}, ended_by = 'alice' WHERE id = '{id}'"
        ))
        .await
        .unwrap_err();
    world
        .sql(&format!(
            "INSERT INTO focal_points (affiliation_id, account_id, organization_id, designated_at, designated_by) \
             VALUES ('{id}', 'alice', 'ofcom', {when}, 'alice')"
        ))
        .await
        .unwrap_err();
    world
        .sql(&format!(
            "INSERT INTO ties_rights (id, affiliation_id, account_id, right_type, status, decided_at, decided_by) \
             VALUES ('r', '{id}', 'alice', 'documents', 'granted', {when}, 'alice')"
        ))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn one_request_waits_and_one_affiliation_is_in_force() {
    // AF-5
    let world = World::new().await;
    let alice = world.person("alice").await;
    world.affiliate(&alice, "ofcom", true).await;
    world.affiliate(&alice, "telco", false).await;
    for (organization, approved) in [("unhq", false), ("unhq", true)] {
        let it = itu_account::domain::affiliation::Affiliation {
            id: AffiliationId::new("another"),
            account: AccountId::new("alice"),
            organization: itu_account::domain::OrganizationId::new(organization),
            requested_at: super::world::now(),
            asked_by_person: true,
            stage: if approved {
                itu_account::domain::affiliation::Stage::SelfDeclared
            } else {
                itu_account::domain::affiliation::Stage::Pending
            },
        };
        itu_account::storage::affiliations::insert(world.db.read(), &it)
            .await
            .unwrap_err();
    }
}

#[tokio::test]
async fn ties_rights_need_an_approved_affiliation_to_an_entitled_active_member() {
    // AF-3
    let world = World::new().await;
    let [alice, bob, carol] = [
        world.person("alice").await,
        world.person("bob").await,
        world.person("carol").await,
    ];
    world.affiliate(&alice, "ofcom", false).await;
    world.affiliate(&bob, "unhq", true).await;
    world.affiliate(&carol, "telco", true).await;
    world
        .right("r1", "alice-ofcom", "alice", "granted")
        .await
        .unwrap_err();
    world.right("r2", "bob-unhq", "bob", "granted").await.unwrap_err();
    world
        .right("r3", "carol-telco", "bob", "granted")
        .await
        .unwrap_err(); // not that person's
    world
        .right("r4", "alice-ofcom", "alice", "requested")
        .await
        .unwrap();
    world
        .sql("UPDATE ties_rights SET status = 'granted', decided_at = '2026-01-01 00:00:00+00:00' WHERE id = 'r4'")
        .await
        .unwrap_err();
    world
        .right("r5", "carol-telco", "carol", "granted")
        .await
        .unwrap();
    world
        .right("r6", "carol-telco", "carol", "requested")
        .await
        .unwrap_err(); // one lives
    world
        .sql("UPDATE ties_rights SET status = 'requested' WHERE id = 'r5'")
        .await
        .unwrap_err();
    world
        .sql("UPDATE organizations SET status = 'suspended' WHERE id = 'telco'")
        .await
        .unwrap();
    world
        .sql("UPDATE ties_rights SET status = 'revoked', ended_at = decided_at WHERE id = 'r5'")
        .await
        .unwrap();
    world
        .right("r7", "carol-telco", "carol", "granted")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn nothing_outlives_the_affiliation() {
    // AF-3: a right ends with its affiliation, whoever ends that, and however.
    let world = World::new().await;
    for (i, end) in ["removed", "lapsed", "withdrawn"].into_iter().enumerate() {
        let name = format!("p{i}");
        let account = world.focal_point(&name, "ofcom").await;
        let affiliation = AffiliationId::new(format!("{name}-ofcom"));
        world
            .right(&format!("r{i}"), affiliation.as_str(), &name, "granted")
            .await
            .unwrap();
        assert_eq!(
            ties::list_granted(world.db.read(), &affiliation).await.unwrap(),
            ["documents"]
        );
        let told = membership_claims(world.db.read(), &account).await.unwrap();
        assert_eq!((told.ties_rights.len(), told.focal_point), (1, true));

        world.moves(affiliation.as_str(), end).await.unwrap();

        assert!(
            ties::list_granted(world.db.read(), &affiliation)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            focal_points::find_of_account(world.db.read(), &account)
                .await
                .unwrap(),
            None
        );
        let told = membership_claims(world.db.read(), &account).await.unwrap();
        assert_eq!((told.membership_type, told.focal_point), (None, false));
    }
}

#[tokio::test]
async fn affiliations_end_with_the_membership() {
    // AF-1: the end of a membership makes its affiliations lapse.
    let world = World::new().await;
    let alice = world.focal_point("alice", "telco").await;
    let bob = world.person("bob").await;
    world.affiliate(&bob, "telco", false).await;
    world.right("r", "alice-telco", "alice", "granted").await.unwrap();

    world
        .sql("UPDATE organizations SET status = 'suspended' WHERE id = 'telco'")
        .await
        .unwrap();
    let told = membership_claims(world.db.read(), &alice).await.unwrap();
    assert_eq!(
        (told.affiliation_status, told.organization, told.ties_rights.len()),
        (AffiliationClaim::Approved, None, 0)
    );

    world
        .sql("UPDATE organizations SET status = 'ended' WHERE id = 'telco'")
        .await
        .unwrap();
    let told = membership_claims(world.db.read(), &alice).await.unwrap();
    assert_eq!(told.affiliation_status, AffiliationClaim::Lapsed);
    assert_eq!(
        membership_claims(world.db.read(), &bob)
            .await
            .unwrap()
            .affiliation_status,
        AffiliationClaim::Rejected
    );
    assert!(
        ties::list_granted(world.db.read(), &AffiliationId::new("alice-telco"))
            .await
            .unwrap()
            .is_empty()
    );
}
