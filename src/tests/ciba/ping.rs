//! Tests clients that are pinged when their person has decided (CIBA §10.2), at a site of their own.

use super::*;
use crate::support::Site;
use itu_account::jobs;

const THERE: &str = "/ciba-notification-endpoint";
const BEARER: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

struct PingSetup {
    op: TestOp,
    site: Site,
    bank: RelyingParty,
    alice: Person,
}

impl PingSetup {
    async fn start() -> Self {
        let site = Site::start().await;
        site.answers(THERE, 204, &[], "");
        let op = TestOp::with(|config| site.is_allowed(config)).await;
        let metadata = json!({"backchannel_token_delivery_mode": "ping",
            "backchannel_client_notification_endpoint": site.at(THERE)});
        let bank = bank_with(&op, "bank", metadata).await;
        let alice = somebody(&op).await;
        Self {
            op,
            site,
            bank,
            alice,
        }
    }

    async fn asks(&self, bearer: &str) -> Given {
        let more = [("client_notification_token", bearer)];
        self.bank.is_given(ALICE, &more).await
    }

    async fn delivers(&self) {
        jobs::deliver_pings(&self.op.app).await.expect("a round");
    }
}

#[tokio::test]
async fn a_client_is_pinged_once_whatever_was_decided() {
    let mut setup = PingSetup::start().await;
    let long = "a".repeat(1024); // CIBA §7.1
    for (decision, bearer) in [("allow", BEARER), ("deny", &long)] {
        let before = setup.site.asked(THERE);
        let given = setup.asks(bearer).await;
        setup.delivers().await;
        assert_eq!(setup.site.asked(THERE), before); // nothing is decided
        setup.alice.answers(decision).await;
        setup.delivers().await;
        setup.delivers().await;
        setup.op.advance(60);
        setup.delivers().await;
        assert_eq!(setup.site.asked(THERE), before + 1);
        let body = setup.site.received(THERE).pop().expect("a ping");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body, json!({"auth_req_id": given.id()})); // CIBA §10.2: nothing else
        let headers = setup.site.headers(THERE).pop().expect("a ping");
        assert_eq!(headers["authorization"], format!("Bearer {bearer}"));
        assert_eq!(headers["content-type"], "application/json");
        let answer = setup.bank.comes_with(&given).await;
        assert_eq!(
            answer.0,
            if decision == "allow" { 200 } else { 400 },
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn whatever_the_client_answers_is_an_answer_and_nothing_is_followed() {
    let mut setup = PingSetup::start().await;
    setup.site.answers("/elsewhere", 200, &[], "");
    let elsewhere = setup.site.at("/elsewhere");
    for (status, headers) in [
        (200, vec![]),
        (401, vec![]),
        (403, vec![]),
        (404, vec![]),
        (301, vec![("location", elsewhere.as_str())]),
        (307, vec![("location", elsewhere.as_str())]),
    ] {
        setup.site.answers(THERE, status, &headers, "a body");
        let before = setup.site.asked(THERE);
        let given = setup.asks(BEARER).await;
        setup.alice.answers("allow").await;
        for _ in 0..4 {
            setup.delivers().await;
            setup.op.advance(60);
        }
        assert_eq!(setup.site.asked(THERE), before + 1, "{status}"); // not again
        assert_eq!(setup.bank.comes_with(&given).await.0, 200, "{status}");
    }
    assert_eq!(setup.site.asked("/elsewhere"), 0); // CIBA §10.2, DR-3
}

#[tokio::test]
async fn a_client_that_is_down_is_pinged_again_while_it_can_come() {
    let mut setup = PingSetup::start().await;
    setup.site.answers(THERE, 503, &[], "");
    setup.asks(BEARER).await;
    setup.alice.answers("allow").await;
    setup.delivers().await;
    setup.delivers().await;
    assert_eq!(setup.site.asked(THERE), 1); // not at once
    for _ in 0..5 {
        setup.op.advance(30);
        setup.delivers().await;
    }
    assert_eq!(setup.site.asked(THERE), 3);
    // A client whose request has expired by then is not pinged.
    let more = [("client_notification_token", BEARER), ("requested_expiry", "10")];
    setup.bank.is_given(ALICE, &more).await;
    setup.alice.answers("allow").await;
    setup.op.advance(10);
    setup.delivers().await;
    assert_eq!(setup.site.asked(THERE), 3);
}

#[tokio::test]
async fn who_polls_is_never_pinged_and_who_is_pinged_brings_a_token() {
    let mut setup = PingSetup::start().await;
    let poller = bank_with(&setup.op, "shop", json!({})).await;
    poller
        .is_given(ALICE, &[("client_notification_token", BEARER)])
        .await;
    setup.alice.answers("allow").await;
    setup.delivers().await;
    assert_eq!(setup.site.asked(THERE), 0); // CIBA §5
    let long = "a".repeat(1025);
    for bad in ["", "two words", "caf\u{e9}", &long] {
        let more = [("client_notification_token", bad)];
        assert_eq!(
            setup.bank.is_refused(ALICE, &more).await,
            "invalid_request",
            "{bad}"
        ); // CIBA §7.1
    }
    // G-13: a copy of the database reveals no notification token.
    let given = setup.asks(BEARER).await;
    let db = setup.op.app.db.read();
    let query = "SELECT ping, digest FROM authentication_requests";
    let query = Statement::from_string(db.get_database_backend(), query);
    for row in db.query_all_raw(query).await.expect("rows") {
        let ping: Option<String> = row.try_get("", "ping").expect("text");
        let digest: String = row.try_get("", "digest").expect("text");
        let kept = format!("{} {digest}", ping.unwrap_or_default());
        assert!(!kept.contains(BEARER) && !kept.contains(given.id()), "{kept}");
    }
}
