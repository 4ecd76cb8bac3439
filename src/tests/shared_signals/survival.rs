//! Tests that nothing is lost, and nothing of one person comes in another order, wherever a process ends that sends (EV-4):
//! by senders that are cut off at any point, and by `kill -9`.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{HEAR, provider, service, stream, until};
use crate::support::product::program;
use crate::support::{Site, rows};
use itu_account::accounts::suspension;
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::domain::actor::Context;
use itu_account::domain::authorization::ServiceUse;
use itu_account::domain::scope::Scope;
use itu_account::domain::{AccountId, ClientId};
use itu_account::oidc::shared_signals::{self as signals, NewWebhook};
use itu_account::storage::accounts::{self, NewAccount};
use itu_account::storage::service_uses;
use itu_account::testing;

const ROUNDS: usize = 6;

/// Inserts people who used these services.
pub async fn people_of(app: &App, number: usize, clients: &[&str]) -> Vec<AccountId> {
    let now = app.clock.now();
    let mut ids = Vec::new();
    for one in 0..number {
        let account = rows::account(&format!("p{one}@example.org"), now);
        let id = account.id.clone();
        let new = NewAccount {
            terms_accepted_at: None,
            imported_at: None,
            account,
            password_hash: None,
        };
        accounts::insert(&app.db, new).await.expect("an account");
        for client in clients {
            let used = ServiceUse {
                account: id.clone(),
                client_id: ClientId::new(*client),
                scope: Scope::parse("openid itu_membership").expect("a scope"),
                claims: vec![],
                first_used_at: now,
                last_used_at: now,
            };
            service_uses::put(&app.db, &used).await.expect("a use");
        }
        ids.push(id);
    }
    ids
}

/// Suspends everybody and lifts it, in turn.
async fn acts(app: &App, people: &[AccountId], round: usize) {
    let context = Context::operator();
    for person in people {
        if round.is_multiple_of(2) {
            suspension::suspend(app, &context, person, "a test")
                .await
                .expect("suspended");
        } else {
            suspension::lift(app, &context, person).await.expect("lifted");
        }
    }
}

/// Returns what came of each subject, in the order in which each event came first.
fn first_heard(site: &Site) -> BTreeMap<String, Vec<String>> {
    let mut seen = Vec::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (headers, body) in site.headers(HEAR).iter().zip(site.received(HEAR)) {
        let (id, subject, kind) = read(headers, &body);
        if !seen.contains(&id) {
            seen.push(id);
            all.entry(subject).or_default().push(kind);
        }
    }
    all
}

/// Reads identifier, subject and kind of a token, or of a webhook's message.
fn read(headers: &HeaderMap, body: &str) -> (String, String, String) {
    if body.starts_with('{') {
        let said: Value = serde_json::from_str(body).expect("JSON");
        let subject = said["data"]["subject"]["sub"].as_str().expect("a subject");
        let kind = said["type"].as_str().expect("a type").replace('.', "-");
        let id = headers["webhook-id"].to_str().expect("text");
        return (id.to_owned(), subject.to_owned(), kind);
    }
    let claims = body.split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let uri = claims["events"]
        .as_object()
        .expect("events")
        .keys()
        .next()
        .expect("one");
    (
        claims["jti"].as_str().expect("a jti").to_owned(),
        claims["sub_id"]["sub"].as_str().expect("a subject").to_owned(),
        uri.rsplit('/').next().expect("a kind").to_owned(),
    )
}

fn is_whole(heard: &BTreeMap<String, Vec<String>>, people: usize, rounds: usize) -> bool {
    heard.len() == people && heard.values().all(|it| it.len() == rounds)
}

fn is_in_order(heard: &BTreeMap<String, Vec<String>>) {
    for (subject, kinds) in heard {
        for (at, kind) in kinds.iter().enumerate() {
            let expected = ["account-disabled", "account-enabled"][at % 2];
            assert_eq!(kind, expected, "{subject}: {kinds:?}");
        }
    }
}

#[tokio::test]
async fn a_sender_that_is_cut_off_anywhere_loses_nothing_and_turns_nothing_round() {
    let (op, site) = provider().await;
    let shop = service(&op, "shop", serde_json::json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    let people = people_of(&op.app, 4, &["shop"]).await;
    for round in 0..ROUNDS {
        acts(&op.app, &people, round).await;
    }
    let mut cut = 0;
    for point in 0..400_u64 {
        let mut senders = signals::begin_round(&op.app).await.expect("begun");
        // At another depth each time; the last rounds end by themselves.
        let depth = Duration::from_micros(300 * (point % 40));
        if point < 200 {
            tokio::time::sleep(depth).await;
            cut += senders.len();
            senders.abort_all();
        }
        while senders.join_next().await.is_some() {}
        op.advance(10);
        let heard = first_heard(&site);
        is_in_order(&heard);
        if is_whole(&heard, people.len(), ROUNDS) {
            break;
        }
    }
    assert!(cut > 0, "no sender was cut off");
    let heard = first_heard(&site);
    assert!(is_whole(&heard, people.len(), ROUNDS), "{heard:?}");
}

struct Node(Child);

impl Node {
    fn starts(settings: &std::path::Path) -> Self {
        let process = Command::new(program())
            .arg("--config")
            .arg(settings)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(process.expect("the program starts"))
    }

    fn is_killed(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until that many requests have come.
async fn comes(site: &Site, number: usize) {
    until("the requests come", async || site.asked(HEAR) >= number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_goes_on_where_it_was() {
    let site = Site::start().await;
    site.answers(HEAR, 202, &[], "");
    let mut config = testing::empty_config().await;
    site.is_allowed(&mut config);
    let folder = tempfile::tempdir().expect("a folder");
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("one")
        .port();
    let settings = format!(
        "issuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n[database]\nurl = \"{}\"\n\
         [keys]\ndirectory = \"{}\"\n[mail]\ntransport = \"file\"\ndirectory = \"{}\"\nfrom = \"ITU <a@example.org>\"\n\
         [fetch]\nallow = [\"{}\"]\nextra_ca = \"{}\"\n",
        config.database.url(),
        config.keys.directory.display(),
        folder.path().join("mail").display(),
        site.authority(),
        site.certificate().display(),
    );
    let file = folder.path().join("it.toml");
    std::fs::write(&file, settings).expect("written");
    let app = App::open(config, Clock::System).await.expect("it starts");
    let shop = serde_json::from_value(serde_json::json!({
        "client_name": "shop", "redirect_uris": ["https://shop.example.test/cb"], "scope": "openid",
    }));
    let new = itu_account::oidc::clients::NewClient {
        id: Some(ClientId::new("shop")),
        registration: itu_account::oidc::clients::Registration::ByAdministrator(shop.expect("a definition")),
        secret: None,
    };
    itu_account::oidc::clients::add(&app, &Context::operator(), new)
        .await
        .expect("a client");
    let webhook = NewWebhook {
        client: ClientId::new("shop"),
        endpoint: site.at(HEAR),
        kinds: vec![],
        description: String::new(),
    };
    signals::add_webhook(&app, &Context::operator(), webhook)
        .await
        .expect("a webhook");
    let people = people_of(&app, 10, &["shop"]).await;

    let mut node = Node::starts(&file);
    acts(&app, &people, 0).await;
    comes(&site, 4).await;
    node.is_killed();
    let mut node = Node::starts(&file);
    acts(&app, &people, 1).await;
    comes(&site, 15).await;
    node.is_killed();
    acts(&app, &people, 2).await;
    let _node = Node::starts(&file);
    // Three acts of each; the claim of a sender that was killed runs out first.
    until("all is heard", async || {
        is_whole(&first_heard(&site), people.len(), 3)
    })
    .await;
    is_in_order(&first_heard(&site));
}
