//! Tests the loss of the app: recovery codes, and the operator.

use super::*;
use itu_account::accounts::second_factor;
use itu_account::domain::actor::Context;

#[tokio::test]
async fn a_recovery_code_works_once_and_a_new_list_voids_the_old() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let (_, codes) = sets_up(&op, &mut alice).await;

    let mut phone = alice.elsewhere(&op);
    let url = rp.authorization_url("openid", &[]);
    let login = phone.browser.get(&url).await;
    let step = phone.enters_password(login).await;
    let back = enters(
        &mut phone.browser,
        &step,
        &codes[3].to_lowercase().replace('-', " "),
    )
    .await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    let claims = super::stepping_up::claims(&tokens.id_token);
    assert_eq!(claims["acr"], "https://refeds.org/profile/mfa");
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "mfa"]));
    assert!(heard(&op, &alice, "A recovery code has been used").await);

    let mut other = alice.elsewhere(&op);
    let step = other.logs_in().await;
    assert_eq!(
        enters(&mut other.browser, &step, &codes[3]).await.field_errors(),
        ["otp"]
    );
    let page = phone.browser.get(SETUP).await;
    assert!(page.text_of("#recovery-codes-left").contains('9'));
    let renewed = phone
        .browser
        .send(page.form(&["action=renew_codes"]).press("action", "renew_codes"))
        .await;
    let new = codes_on(&renewed);
    assert!(new.len() == 10 && new.iter().all(|it| !codes.contains(it)));
    assert!(heard(&op, &alice, "New recovery codes").await);
    assert_eq!(
        enters(&mut other.browser, &step, &codes[4]).await.field_errors(),
        ["otp"]
    );
    assert_eq!(
        enters(&mut other.browser, &step, &new[4]).await.url.path(),
        "/account"
    );
}

#[tokio::test]
async fn the_code_of_one_is_nothing_to_another() {
    let op = TestOp::start().await;
    let (mut alice, mut bob) = (
        op.person("alice@example.org").await,
        op.person("bob@example.org").await,
    );
    let (_, codes) = sets_up(&op, &mut alice).await;
    sets_up(&op, &mut bob).await;
    let mut other = bob.elsewhere(&op);
    let step = other.logs_in().await;
    assert_eq!(
        enters(&mut other.browser, &step, &codes[0]).await.field_errors(),
        ["otp"]
    );
}

#[tokio::test]
async fn the_operator_takes_it_away_from_who_has_lost_everything() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    sets_up(&op, &mut alice).await;
    let operator = Context::operator();
    let remove = || second_factor::remove_for(&op.app, &operator, &alice.email);
    assert!(remove().await.expect("removed"));
    assert!(!remove().await.expect("there is none any more"));
    assert!(heard(&op, &alice, "Two-step login has been turned off").await);
    let mut fresh = alice.elsewhere(&op);
    assert_eq!(fresh.logs_in().await.url.path(), "/account");
}
