//! Tests a service that asks for more than the session has (OpenID Connect Core §3.1.2.1, §5.5.1.1; RFC 9470).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;

const MFA: &str = "https://refeds.org/profile/mfa";
pub const UNMET: &str = "unmet_authentication_requirements";

pub fn claims(jwt: &str) -> Value {
    let content = jwt.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(content).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_session_of_a_password_is_raised_by_a_code() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let mut other = alice.elsewhere(&op);
    let code = other.logs_in_at(&mut rp, "openid").await;
    let first = claims(&rp.redeems(&code).await.expect("tokens").id_token);
    assert_eq!(first["acr"], "https://refeds.org/profile/sfa");
    let (app, _) = sets_up(&op, &mut alice).await;

    // No page may be shown.
    let silent = rp.authorization_url("openid", &[("acr_values", MFA), ("prompt", "none")]);
    let back = other.browser.get(&silent).await;
    assert_eq!(back.query("error").as_deref(), Some("login_required"));
    // Without `acr_values` the session is as good as it was.
    let url = rp.authorization_url("openid", &[]);
    rp.takes(&other.browser.get(&url).await);

    let url = rp.authorization_url("openid", &[("acr_values", MFA)]);
    let step = other.browser.get(&url).await;
    let refused = enters(&mut other.browser, &step, &app.never_shows(&op)).await;
    assert_eq!(refused.field_errors(), ["otp"]);
    let before = other.browser.cookie(SESSION).map(str::to_owned);
    let back = enters(&mut other.browser, &refused, &app.shows(&op)).await;
    assert_ne!(other.browser.cookie(SESSION).map(str::to_owned), before); // SE-2
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    let returned = claims(&tokens.id_token);
    assert_eq!((&returned["acr"], &returned["sid"]), (&json!(MFA), &first["sid"]));
    assert_eq!(returned["auth_time"], first["auth_time"]); // the password was not entered again
    let seen = rp.introspects(&tokens.access_token).await;
    assert_eq!(
        (&seen["acr"], &seen["auth_time"]),
        (&returned["acr"], &returned["auth_time"])
    ); // RFC 9470 §6

    // A session that was raised stays so.
    let essential = json!({"id_token": {"acr": {"essential": true, "values": [MFA]}}}).to_string();
    let url = rp.authorization_url("openid", &[("claims", &essential)]);
    let back = other.browser.get(&url).await;
    let returned = claims(&rp.redeems(&rp.takes(&back)).await.expect("tokens").id_token);
    assert_eq!(returned["acr"], MFA);
}

#[tokio::test]
async fn max_age_with_a_class_asks_for_both_anew() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    op.advance(120);
    // RFC 9470 §4: a resource's challenge leads to such a request.
    let url = rp.authorization_url("openid", &[("acr_values", MFA), ("max_age", "60")]);
    let login = alice.browser.get(&url).await;
    op.advance(1);
    let step = alice.enters_password(login).await;
    let back = enters(&mut alice.browser, &step, &app.shows(&op)).await;
    let returned = claims(&rp.redeems(&rp.takes(&back)).await.expect("tokens").id_token);
    assert_eq!(
        (&returned["acr"], &returned["auth_time"]),
        (&json!(MFA), &json!(op.clock.now().timestamp()))
    );
}

#[tokio::test]
async fn who_has_no_second_factor_is_let_in_or_refused_as_the_service_says() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid", &[("acr_values", MFA)]);
    let back = alice.goes_through(&url).await;
    let returned = claims(&rp.redeems(&rp.takes(&back)).await.expect("tokens").id_token);
    assert_eq!(returned["acr"], "https://refeds.org/profile/sfa"); // Core §3.1.2.1: acr_values is voluntary

    let essential = json!({"id_token": {"acr": {"essential": true, "values": [MFA]}}}).to_string();
    let silent = rp.authorization_url("openid", &[("claims", &essential), ("prompt", "none")]);
    let back = alice.browser.get(&silent).await;
    assert_eq!(back.query("error").as_deref(), Some(UNMET));
    // A person who has no second factor sees how to set one up, and may go back without.
    let url = rp.authorization_url("openid", &[("claims", &essential)]);
    let page = alice.browser.get(&url).await;
    assert!(
        page.has("#setup-totp") && page.has("#setup-passkey"),
        "{}",
        page.text()
    );
    let back = page.form(&["decision=back"]).press("decision", "back");
    let back = alice.browser.send(back).await;
    assert_eq!(back.query("error").as_deref(), Some(UNMET));

    let page = alice.browser.get(&url).await;
    let go_on = page.link_of("#continue");
    let still = alice.browser.get(&go_on).await;
    assert_eq!(still.url.path(), "/second-factor-needed");
    sets_up_in_session(&op, &mut alice).await;
    let back = alice.browser.get(&go_on).await;
    let returned = claims(&rp.redeems(&rp.takes(&back)).await.expect("tokens").id_token);
    assert_eq!(returned["acr"], MFA);
}
