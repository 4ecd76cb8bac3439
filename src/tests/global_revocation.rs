//! Tests global revocation: whose tokens end and whose do not, at once and in every form, and that the removal of what is
//! stored survives whatever happens to it (security.md AD-6).

mod batches;
mod console;
mod program;

use serde_json::json;

use crate::support::protocol::{SignedIn, code_of, refresh_token};
use crate::support::{TestOp, parameters, rows};
use itu_account::accounts::Error;
use itu_account::domain::actor::Context;
use itu_account::domain::client::Client;
use itu_account::domain::global_revocation::{GlobalRevocation, RevocationTarget};
use itu_account::domain::{AccountId, ClientId, OrganizationId};
use itu_account::oidc::Code;
use itu_account::oidc::global_revocation::{self, Order};
use itu_account::oidc::introspection;
use itu_account::oidc::token::TokenResponse;
use itu_account::storage::sessions;

pub fn order(target: RevocationTarget) -> Order {
    Order {
        target,
        until: None,
        ends_sessions: false,
        reason: "A laptop was stolen".into(),
    }
}

pub fn of_client(id: &str) -> RevocationTarget {
    RevocationTarget::Client(ClientId::new(id))
}

async fn revoke(op: &TestOp, order: &Order) -> GlobalRevocation {
    let done = global_revocation::revoke(&op.app, &Context::operator(), order)
        .await
        .expect("revoked");
    assert!(done.completed_at.is_some(), "{done:?}");
    // What is issued afterwards counts in whole seconds.
    op.advance(1);
    done
}

/// Returns `true` if everything of the answer works, and `false` if nothing does.
async fn works(op: &TestOp, client: &Client, tokens: &TokenResponse) -> bool {
    let userinfo = op.read_userinfo(&tokens.access_token).await;
    let introspects = async |token: &str| {
        let answer = introspection::answer(&op.app, client, &parameters([("token", token)])).await;
        answer.expect("an answer")["active"] == json!(true)
    };
    let active = introspects(&tokens.access_token).await;
    assert_eq!(userinfo.is_ok(), active, "userinfo and introspection agree"); // UI-5
    if let Some(refresh) = &tokens.refresh_token {
        assert_eq!(introspects(refresh).await, active);
    }
    if !active {
        assert_eq!(code_of(userinfo), Code::InvalidToken);
        if tokens.refresh_token.is_some() {
            let refused = op.refresh(client, &refresh_token(tokens)).await;
            assert_eq!(code_of(refused), Code::InvalidGrant);
        }
    }
    active
}

async fn is_logged_in(op: &TestOp, person: &SignedIn) -> bool {
    let found = sessions::find(op.app.db.read(), &person.session.id).await;
    found.expect("read").is_some()
}

struct World {
    op: TestOp,
    web: std::sync::Arc<Client>,
    /// Its access tokens are JWTs.
    jwt: std::sync::Arc<Client>,
    alice: SignedIn,
    bob: SignedIn,
}

const OFFLINE: &str = "openid email offline_access";

impl World {
    async fn make() -> Self {
        let op = TestOp::start().await;
        let web = op.insert_web_client().await;
        let jwt = json!({"first_party": true, "client_name": "JWT", "access_token_format": "jwt",
            "grant_types": ["authorization_code", "refresh_token"], "scope": OFFLINE});
        let jwt = op.insert_client("jwt", jwt).await;
        let (alice, bob) = (op.sign_in().await, op.sign_in().await);
        Self {
            op,
            web,
            jwt,
            alice,
            bob,
        }
    }

    /// Everything that a client can hold of a person: with and without a family, opaque and signed.
    async fn tokens(&self, person: &SignedIn) -> Vec<(std::sync::Arc<Client>, TokenResponse)> {
        let mut all = Vec::new();
        for client in [&self.web, &self.jwt] {
            for scope in [OFFLINE, "openid email"] {
                all.push((client.clone(), self.op.issue_tokens(client, person, scope).await));
            }
        }
        all
    }

    /// Returns whether all of these work; it is a mistake if some do.
    async fn all_work(&self, all: &[(std::sync::Arc<Client>, TokenResponse)]) -> bool {
        let mut found = Vec::new();
        for (client, tokens) in all {
            found.push(works(&self.op, client, tokens).await);
        }
        assert!(found.iter().all(|it| *it == found[0]), "{found:?}");
        found[0]
    }
}

#[tokio::test]
async fn of_a_person_every_token_ends_and_nobody_else_notices() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    let (own, others) = (world.tokens(&world.alice).await, world.tokens(&world.bob).await);
    let under_way = op.issue_code(&world.web, &world.alice, OFFLINE).await;
    let target = RevocationTarget::Account(world.alice.account.id.clone());
    let counted = global_revocation::preview(&op.app, &Context::operator(), &target, None).await;
    let counted = counted.expect("counted");
    assert_eq!((counted.sessions, counted.grants), (1, 2));

    let done = revoke(op, &order(target.clone())).await;
    assert_eq!(
        (done.ended.people, done.ended.sessions, done.ended.grants),
        (1, 0, 2)
    );
    assert!(!world.all_work(&own).await && world.all_work(&others).await);
    let refused = op.redeem(&world.web, &under_way).await.map(|_| ());
    assert_eq!(code_of(refused), Code::InvalidGrant);
    // The session goes on, and what is issued now is good.
    assert!(is_logged_in(op, &world.alice).await);
    assert!(world.all_work(&world.tokens(&world.alice).await).await);

    let with_sessions = Order {
        ends_sessions: true,
        ..order(target)
    };
    let done = revoke(op, &with_sessions).await;
    assert_eq!((done.ended.sessions, done.ended.grants), (1, 2));
    assert!(!is_logged_in(op, &world.alice).await && is_logged_in(op, &world.bob).await);
    let mail = op.outbox().latest(world.alice.account.email.as_str()).await;
    assert_eq!(mail.kind, "sessions_ended"); // LG-4
}

#[tokio::test]
async fn of_a_client_its_own_tokens_end_too() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    let mut all = world.tokens(&world.alice).await;
    all.extend(world.tokens(&world.bob).await);
    let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(client, _)| client.id == world.web.id);
    let machine = op
        .exchange(&world.web, parameters([("grant_type", "client_credentials")]))
        .await
        .expect("a token");
    let done = revoke(op, &order(of_client("web"))).await;
    assert_eq!(done.ended.grants, 2);
    assert!(!world.all_work(&own).await && world.all_work(&others).await);
    let answer = introspection::answer(
        &op.app,
        &world.web,
        &parameters([("token", machine.access_token.as_str())]),
    )
    .await;
    assert_eq!(answer.expect("an answer"), json!({"active": false}));
}

#[tokio::test]
async fn of_an_organization_those_who_belong_to_it_lose_theirs() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let carol = op.sign_in().await;
    let pending = itu_account::domain::affiliation::Stage::Pending;
    for (person, stage) in [(&world.alice, rows::approved(op.now())), (&carol, pending)] {
        op.insert_affiliation(&person.account.id, "telco", stage).await;
    }
    let (own, others) = (world.tokens(&world.alice).await, world.tokens(&world.bob).await);
    let asking = world.tokens(&carol).await;
    let target = RevocationTarget::Organization(OrganizationId::new("telco"));
    let counted = global_revocation::preview(&op.app, &Context::operator(), &target, None).await;
    let counted = counted.expect("counted");
    assert_eq!((counted.people, counted.sessions, counted.grants), (1, 1, 2));
    let done = revoke(
        op,
        &Order {
            ends_sessions: true,
            ..order(target)
        },
    )
    .await;
    assert_eq!(done.ended, counted);
    assert!(!world.all_work(&own).await && world.all_work(&others).await);
    assert!(world.all_work(&asking).await);
    assert!(!is_logged_in(op, &world.alice).await && is_logged_in(op, &carol).await);
}

#[tokio::test]
async fn until_a_moment_what_came_later_stays() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    let early = world.tokens(&world.alice).await;
    // One family from before is used afterwards: what it yields descends from then.
    let descended = op.issue_tokens(&world.web, &world.bob, OFFLINE).await;
    op.advance(60);
    let until = op.now();
    op.advance(60);
    let late = world.tokens(&world.alice).await;
    let used = op
        .refresh(&world.web, &refresh_token(&descended))
        .await
        .expect("tokens");
    let done = revoke(
        op,
        &Order {
            until: Some(until),
            ..order(RevocationTarget::Everything)
        },
    )
    .await;
    assert_eq!((done.ended.people, done.ended.grants), (2, 3));
    assert!(!world.all_work(&early).await && world.all_work(&late).await);
    assert!(!works(op, &world.web, &used).await);
}

#[tokio::test]
async fn everything_ends_for_everybody() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    let mut all = world.tokens(&world.alice).await;
    all.extend(world.tokens(&world.bob).await);
    let done = revoke(
        op,
        &Order {
            ends_sessions: true,
            ..order(RevocationTarget::Everything)
        },
    )
    .await;
    assert_eq!(
        (done.ended.people, done.ended.sessions, done.ended.grants),
        (2, 2, 4)
    );
    assert!(!world.all_work(&all).await);
    assert!(!is_logged_in(op, &world.alice).await && !is_logged_in(op, &world.bob).await);
}

#[tokio::test]
async fn what_is_no_order_ends_nothing() {
    let world = World::make().await;
    let op = &world.op;
    let tokens = world.tokens(&world.alice).await;
    let everything = order(RevocationTarget::Everything);
    let (operator, client) = (
        Context::operator(),
        Context::of(itu_account::domain::actor::Actor::Client(ClientId::new("web"))),
    );
    for (context, order, field) in [
        (
            &operator,
            Order {
                reason: " ".into(),
                ..everything.clone()
            },
            Some("reason"),
        ),
        (
            &operator,
            Order {
                reason: "\u{1}".into(),
                ..everything.clone()
            },
            Some("reason"),
        ),
        (
            &operator,
            Order {
                until: Some(op.now() + chrono::Duration::seconds(1)),
                ..everything.clone()
            },
            Some("until"),
        ),
        (&client, everything.clone(), None),
    ] {
        match (global_revocation::revoke(&op.app, context, &order).await, field) {
            (Err(Error::Fields(wrong)), Some(field)) => {
                assert!(wrong.keys().any(|it| *it == field), "{wrong:?}");
            }
            (Err(Error::NotFound), None) => {} // G-4
            (other, _) => panic!("{order:?}: {other:?}"),
        }
    }
    for (kind, name) in [
        ("account", "nobody@example.org"),
        ("account", "x"),
        ("client", "x"),
        ("organization", "x"),
        ("nobody", ""),
    ] {
        let found = global_revocation::find_target(&op.app, &operator, kind, name).await;
        assert!(matches!(found, Err(Error::Fields(_))), "{kind} {name}: {found:?}");
    }
    let email = world.alice.account.email.as_str();
    let id = AccountId::new(world.alice.account.id.as_str());
    for name in [email, id.as_str()] {
        let found = global_revocation::find_target(&op.app, &operator, "account", name).await;
        assert_eq!(found.expect("found"), RevocationTarget::Account(id.clone()));
    }
    assert!(world.all_work(&tokens).await);
}
