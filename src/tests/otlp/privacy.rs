//! Tests that traces hold nothing personal and no secret, by the main flows.

use std::collections::BTreeSet;

use itu_account::jobs;

use super::collector::{Collector, sends, traceparent};
use crate::support::PASSWORD;

#[tokio::test]
async fn nothing_personal_and_no_secret_reaches_the_collector() {
    // TL-4
    let (collector, op) = Collector::observed().await;
    let mut rp = op.client("web").await;
    op.insert_organization("shop", "Corner Shop", "non_member").await;
    let mut secrets: Vec<String> = [
        "zoe.unmistakable",
        "alice.unmistakable",
        "Unmistakable",
        "192.0.2.77",
    ]
    .map(str::to_owned)
    .into();

    let mut zoe = op.visitor("zoe.unmistakable@example.org");
    zoe.browser.peer = [192, 0, 2, 77].into();
    let page = zoe
        .browser
        .get("/signup?login_hint=zoe.unmistakable@example.org")
        .await;
    let page = zoe.enters_details(page).await;
    let page = zoe.chooses(page, "non_member", "corner", false).await;
    let mailed = op.outbox().code(&zoe.email).await;
    zoe.enters_code(page, &mailed).await;
    let mut alice = op.person("alice.unmistakable@example.org").await;
    alice.browser.peer = [192, 0, 2, 77].into();
    alice.password = "Wrong-Unmistakable-1".into();
    alice.logs_in().await;
    alice.password = PASSWORD.into();
    let url = rp.authorization_url("openid email offline_access", &[("login_hint", &alice.email)]);
    let back = alice.goes_through(&url).await;
    let code = rp.takes(&back);
    let redemption = rp.redemption(&code);
    let junk = [
        ("traceparent", "Unmistakable"),
        ("tracestate", "a=Unmistakable"),
        ("user-agent", "Unmistakable"),
    ];
    let answer = rp.posts_with("/token", &redemption, &junk).await;
    let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
    let token = |name: &str| answer[name].as_str().expect("a token").to_owned();
    let access = token("access_token");
    rp.claims(&access).await;
    rp.introspects(&access).await;
    let refreshed = rp.refreshes(&token("refresh_token")).await.expect("refreshed");
    rp.posts("/revoke", &[("token", &access)]).await;
    let named = [
        ("traceparent", traceparent("01")),
        ("tracestate", "a=Unmistakable".to_owned()),
    ];
    let named = named
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect::<Vec<_>>();
    sends(&op, "/nowhere/Unmistakable?q=Unmistakable", &[], &named).await;
    let mut forgetful = op.browser();
    let form = forgetful.get("/forgot-password").await.form(&["email"]);
    forgetful.submit(form, &[("email", &alice.email)]).await;
    let link = op.outbox().link(&alice.email, "/reset-password").await;
    forgetful.get(&link).await;
    jobs::deliver_mail(&op.app).await.expect("sent");
    alice.browser.get("/account/security").await;

    secrets.extend(["access_token", "refresh_token", "id_token"].map(token));
    secrets.extend(refreshed.refresh_token.clone());
    secrets.push(refreshed.access_token.clone());
    secrets.push(code.clone());
    secrets.push(PASSWORD.to_owned());
    secrets.push(mailed);
    secrets.push(link.rsplit(['=', '/', '#']).next().expect("a secret").to_owned());
    secrets.push(
        alice
            .browser
            .cookie_header()
            .rsplit('=')
            .next()
            .expect("a cookie")
            .to_owned(),
    );
    secrets.push(op.find_account(&alice.email).await.id.as_str().to_owned());

    let spans = collector.spans(&op).await;
    assert!(spans.len() > 100, "{}", spans.len());
    let everything = collector.everything();
    assert!(everything.contains("POST /login") && everything.contains("GET /reset-password"));
    for secret in secrets {
        assert!(secret.len() > 7, "{secret}");
        assert!(!everything.contains(&secret), "{secret} reached the collector");
    }
    // The names are of a list that does not grow with what callers write.
    let names: BTreeSet<&str> = spans
        .iter()
        .flat_map(|it| it.attributes.iter().map(|it| it.key.as_str()))
        .collect();
    let known = [
        "db.collection.name",
        "db.operation.name",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "itu_account.request_id",
        "itu_account.signature.alg",
        "network.protocol.version",
        "url.scheme",
    ];
    assert!(names.is_subset(&BTreeSet::from(known)), "{names:?}");
}
