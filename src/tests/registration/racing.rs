//! Tests two changes that were decided on the same version of a client: one is made, the other is refused as a conflict
//! (G-9). The provider fetches the list of the client's sector after it has read the client and before it writes; the
//! list comes when both have asked for it.

use super::*;
use crate::support::Site;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::client::Client;
use itu_account::oidc::clients::{self, ClientError, Update};

const LIST: &str = "/sector.json";
const FIRST: &str = "https://one.example/cb";
const SECOND: &str = "https://two.example/cb";

struct Race {
    op: TestOp,
    site: Site,
    registered: Answer,
}

impl Race {
    /// Registers a client with both addresses.
    async fn start() -> Self {
        let site = Site::start().await;
        let op = TestOp::with(|config| {
            open(config);
            site.is_allowed(config);
        })
        .await;
        site.shows(LIST, &json!([FIRST, SECOND]));
        let mut asked = with("sector_identifier_uri", json!(site.at(LIST)));
        asked["redirect_uris"] = json!([FIRST, SECOND]);
        let registered = op.registers(&asked).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{}", registered.body);
        site.has_meet(LIST, 2);
        Self { op, site, registered }
    }

    async fn client(&self) -> Client {
        let id = ClientId::new(self.registered.text("client_id"));
        clients::find(&self.op.app, &id).await.expect("a client")
    }

    /// Sends the client's own change, which keeps one of its addresses (RFC 7592 §2.2).
    async fn keeps(&self, uri: &str) -> Answer {
        let mut asked = with("sector_identifier_uri", json!(self.site.at(LIST)));
        asked["redirect_uris"] = json!([uri]);
        asked["client_id"] = self.registered.body["client_id"].clone();
        self.op.manages(Method::PUT, &self.registered, Some(&asked)).await
    }

    /// Sends the change of an administrator who has read `seen` and leaves the client one of its addresses.
    async fn is_left(&self, seen: &Client, uri: &str) -> Result<Client, ClientError> {
        let mut update = Update::of(seen);
        update.definition.metadata.redirect_uris = vec![uri.to_owned()];
        clients::update(&self.op.app, &Context::operator(), update).await
    }
}

#[tokio::test]
async fn of_two_changes_by_administrators_one_is_refused() {
    let race = Race::start().await;
    let seen = race.client().await;
    let (one, other) = tokio::join!(race.is_left(&seen, FIRST), race.is_left(&seen, SECOND));
    let (made, refused) = match (one, other) {
        (Ok(made), Err(refused)) | (Err(refused), Ok(made)) => (made, refused),
        both => panic!("one of the two: {both:?}"),
    };
    assert!(matches!(refused, ClientError::Conflict(_)), "{refused}"); // G-9
    let now = race.client().await;
    assert_eq!(now.metadata.redirect_uris, made.metadata.redirect_uris);
    assert_ne!(now.version(), seen.version());
}

#[tokio::test]
async fn of_two_changes_by_the_client_one_is_refused() {
    let race = Race::start().await;
    let (one, other) = tokio::join!(race.keeps(FIRST), race.keeps(SECOND));
    let (made, refused) = match one.status {
        StatusCode::OK => (one, other),
        _ => (other, one),
    };
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(refused.error(), (409, "invalid_request".into())); // G-9
    assert!(refused.text("error_description").contains("changed meanwhile"));
    let now = race.client().await;
    assert_eq!(json!(now.metadata.redirect_uris), made.body["redirect_uris"]);
}

#[tokio::test]
async fn of_a_change_by_the_client_and_one_by_an_administrator_one_is_refused() {
    let race = Race::start().await;
    let seen = race.client().await;
    let (by_client, by_administrator) = tokio::join!(race.keeps(FIRST), race.is_left(&seen, SECOND));
    let uris = race.client().await.metadata.redirect_uris;
    match by_administrator {
        Ok(_) => {
            assert_eq!(by_client.error(), (409, "invalid_request".into())); // G-9
            assert_eq!(uris, [SECOND]);
        }
        Err(refused) => {
            assert!(matches!(refused, ClientError::Conflict(_)), "{refused}"); // G-9
            assert_eq!(by_client.status, StatusCode::OK, "{}", by_client.body);
            assert_eq!(uris, [FIRST]);
        }
    }
}
