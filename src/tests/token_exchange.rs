//! Tests token exchange (RFC 8693): a service acts for a person at another service, says that it does, and never beyond
//! what the person granted.

use serde_json::{Value, json};

use crate::support::{Person, RelyingParty, TestOp};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const EVENTS: &str = "https://events.example/api";
const BADGES: &str = "https://badges.example/api";
const PRINTS: &str = "https://prints.example.test";

/// A portal gives the events service a token; the events service asks the badge printer for the person.
struct House {
    op: TestOp,
    portal: RelyingParty,
    events: RelyingParty,
    alice: Person,
}

impl House {
    async fn start() -> Self {
        let op = TestOp::start().await;
        let portal = json!({"first_party": false, "resources": [EVENTS], "scope": "openid email badges events",
            "grant_types": ["authorization_code", "refresh_token", EXCHANGE]});
        let portal = op.client_with("portal", portal).await;
        let events = json!({"protected_resources": [EVENTS], "resources": [BADGES], "scope": "openid email badges",
            "grant_types": [EXCHANGE, "client_credentials"], "response_types": [], "redirect_uris": []});
        let events = op.client_with("events", events).await;
        let alice = op.person("alice@example.org").await;
        Self {
            op,
            portal,
            events,
            alice,
        }
    }

    /// Returns a token of the portal's for the events service.
    async fn token(&mut self) -> String {
        let url = self
            .portal
            .authorization_url("openid email badges events", &[("resource", EVENTS)]);
        let back = self.alice.goes_through(&url).await;
        let code = self.portal.takes(&back);
        let (status, answer) = self.portal.posts("/token", &self.portal.redemption(&code)).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    fn claims(&self, answer: &Value) -> Value {
        let token = answer["access_token"].as_str().expect("a token");
        self.op.app.keys.verify_own(token, "at+jwt").expect("a JWT")
    }
}

async fn exchanges(by: &RelyingParty, token: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let mut fields = vec![
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    fields.retain(|it| more.iter().all(|one| one.0 != it.0));
    fields.extend(more.iter().filter(|it| !it.1.is_empty()));
    by.posts("/token", &fields).await
}

#[tokio::test]
async fn a_service_acts_for_a_person_elsewhere_and_says_so() {
    let mut house = House::start().await;
    let token = house.token().await;
    let before = house.op.app.keys.verify_own(&token, "at+jwt").expect("a JWT");
    house.op.advance(60);
    let (status, answer) = exchanges(&house.events, &token, &[("resource", BADGES)]).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN); // RFC 8693 §2.2.1
    assert_eq!(answer["scope"], "openid email badges"); // both clients have these scopes
    assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null());
    let returned = house.claims(&answer);
    assert_eq!(returned["sub"], before["sub"]);
    assert_eq!(returned["act"], json!({"sub": "events"})); // §4.1
    assert_eq!(
        (&returned["aud"], &returned["client_id"]),
        (&BADGES.into(), &"events".into())
    );
    assert_eq!(returned["exp"], before["exp"]); // it expires no later than its subject token

    // The scope is narrower by its own wish; an actor token names the service that acts.
    let own = [("grant_type", "client_credentials"), ("scope", "badges")];
    let (_, own) = house.events.posts("/token", &own).await;
    let actor = own["access_token"].as_str().expect("a token");
    let more = [
        ("audience", BADGES),
        ("scope", "badges"),
        ("requested_token_type", JWT),
        ("actor_token", actor),
        ("actor_token_type", ACCESS_TOKEN),
    ];
    let (_, answer) = exchanges(&house.events, &token, &more).await;
    assert_eq!(
        (&answer["issued_token_type"], &answer["scope"]),
        (&JWT.into(), &"badges".into())
    );
    let (status, returned) = exchanges(
        &house.events,
        answer["access_token"].as_str().expect("a token"),
        &[("resource", BADGES)],
    )
    .await;
    assert_eq!(status, 200, "{returned}");
    let returned = house
        .events
        .introspects(returned["access_token"].as_str().expect("a token"))
        .await;
    assert_eq!(returned["act"], json!({"sub": "events"})); // its own token is narrowed; the actor stays
}

#[tokio::test]
async fn each_actor_is_stated_in_turn() {
    let mut house = House::start().await;
    let token = house.token().await;
    let printer = json!({"protected_resources": [BADGES], "scope": "badges", "grant_types": [EXCHANGE],
        "resources": [PRINTS], "response_types": [], "redirect_uris": []});
    let printer = house.op.client_with("printer", printer).await;
    let (_, answer) = exchanges(&house.events, &token, &[("resource", BADGES)]).await;
    let token = answer["access_token"].as_str().expect("a token");
    let more = [("requested_token_type", JWT), ("resource", PRINTS)];
    let (status, answer) = exchanges(&printer, token, &more).await;
    assert_eq!(status, 200, "{answer}");
    let returned = house.claims(&answer);
    assert_eq!(
        returned["act"],
        json!({"sub": "printer", "act": {"sub": "events"}})
    );
}

#[tokio::test]
async fn what_a_service_was_not_presented_it_cannot_exchange() {
    let mut house = House::start().await;
    let token = house.token().await;
    let stranger = json!({"scope": "email badges", "grant_types": [EXCHANGE], "resources": [BADGES],
        "response_types": [], "redirect_uris": []});
    let stranger = house.op.client_with("stranger", stranger).await;
    let (status, refusal) = exchanges(&stranger, &token, &[]).await;
    assert_eq!((status, &refusal["error"]), (400, &"invalid_request".into())); // RFC 8693 §2.2.2
    let other = house.op.client("other").await;
    let (status, refusal) = exchanges(&other, &token, &[]).await;
    assert_eq!((status, &refusal["error"]), (400, &"unauthorized_client".into())); // TK-9
    for (more, error) in [
        ([("resource", "https://other.example")], "invalid_target"),
        ([("resource", EVENTS)], "invalid_target"), // its own, but not one that it may go to
        ([("resource", "")], "invalid_target"),     // nor does it become a token for us by silence
        ([("scope", "profile")], "invalid_scope"),
        ([("scope", "events")], "invalid_scope"),
        ([("subject_token", "at_x")], "invalid_request"),
        ([("subject_token", "")], "invalid_request"),
        ([("subject_token_type", "")], "invalid_request"),
        (
            [("subject_token_type", "urn:ietf:params:oauth:token-type:saml2")],
            "invalid_request",
        ),
        (
            [(
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:refresh_token",
            )],
            "invalid_request",
        ),
        ([("actor_token_type", ACCESS_TOKEN)], "invalid_request"),
        ([("actor_token", "at_x")], "invalid_request"),
    ] {
        let (status, refusal) = exchanges(&house.events, &token, &more).await;
        assert_eq!((status, &refusal["error"]), (400, &error.into()), "{more:?}");
    }
    let more = [
        ("actor_token", token.as_str()),
        ("actor_token_type", ACCESS_TOKEN),
    ];
    let (status, refusal) = exchanges(&house.events, &token, &more).await;
    assert_eq!((status, &refusal["error"]), (400, &"invalid_request".into())); // issued to another
    let own = [("grant_type", "client_credentials")];
    let (_, own) = house.events.posts("/token", &own).await;
    let own = own["access_token"].as_str().expect("a token");
    let (status, _) = exchanges(&house.events, own, &[]).await;
    assert_eq!(status, 400); // a client cannot be the subject
}

#[tokio::test]
async fn an_exchanged_token_ends_with_what_it_came_of() {
    let mut house = House::start().await;
    let token = house.token().await;
    let (_, answer) = exchanges(&house.events, &token, &[("resource", BADGES)]).await;
    let exchanged = answer["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(house.events.introspects(&exchanged).await["active"], true);
    assert_eq!(house.events.get("/userinfo", &exchanged).await.status(), 401); // for others
    let page = house.alice.browser.get("/account/services").await;
    house.alice.browser.confirms(&page, "#withdraw-portal").await;
    assert_eq!(
        house.events.introspects(&exchanged).await,
        json!({"active": false})
    );
    let (status, _) = exchanges(&house.events, &token, &[("resource", BADGES)]).await;
    assert_eq!(status, 400);
}
