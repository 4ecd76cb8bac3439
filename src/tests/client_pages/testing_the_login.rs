//! Tests the test login of a client (security.md AD-11): its steps for clients of many kinds, what it leaves behind, and that
//! nobody gets anything by it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::administrator;
use super::owners::owner;
use crate::support::traces::count;
use crate::support::{Form, ISSUER, PASSWORD, Page, Person, Recipient, Signer, TestOp};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::client::ResponseType;
use itu_account::domain::role::Role;
use itu_account::oidc::clients;

const RESULT: &str = "/admin/clients/shop/test/result";

/// Returns the form of the test page.
async fn form_of(person: &mut Person, client: &str) -> Form {
    let page = person.browser.get(&format!("/admin/clients/{client}")).await;
    let page = person.browser.get(&page.link_of("#test-login")).await;
    page.form(&["scope"])
}

/// Tests the login, and allows what is asked. Returns the page with the result.
async fn tests(person: &mut Person, client: &str, chosen: &[(&str, &str)]) -> Page {
    let form = form_of(person, client).await;
    let mut page = person.browser.submit(form, chosen).await;
    while let Some(form) = page.find_form(&["decision=allow"]) {
        page = person.browser.send(form.press("decision", "allow")).await;
    }
    assert_eq!(
        page.url.path(),
        format!("/admin/clients/{client}/test/result"),
        "{}",
        page.text()
    );
    // AD-11: the browser carries neither code nor token, only the name of the result.
    let names: Vec<String> = page.url.query_pairs().map(|it| it.0.into_owned()).collect();
    assert_eq!(names, ["test"]);
    assert_eq!(page.url.fragment(), None);
    page
}

fn steps(page: &Page) -> Vec<&'static str> {
    let all = ["push", "authorization", "response", "token", "userinfo", "end"];
    let is_there = |it: &&str| page.has(&format!("[data-step={it}]"));
    all.into_iter().filter(is_there).collect()
}

fn claims(page: &Page, step: &str, token: &str) -> Value {
    let css = format!("[data-step={step}] [data-token={token}] pre.claims");
    serde_json::from_str(&page.text_of(&css)).expect("JSON")
}

fn is_good(page: &Page) -> bool {
    let wrong = page.count_of("[data-holds=no]") + page.count_of("[data-good=no]");
    assert_eq!(page.has("#good"), wrong == 0, "{}", page.text());
    page.has("#good")
}

/// Nothing that could be used is on the page: no code, no token with its signature, no reference, no secret.
fn shows_nothing_usable(page: &Page) {
    for start in ["ac_", "at_ey", "rt_", "urn:ietf:params:oauth:request_uri:", "eyJ"] {
        assert!(!page.body.contains(start), "{start} in {}", page.body);
    }
}

#[tokio::test]
async fn each_step_is_shown_and_nothing_is_left_behind() {
    // AD-11
    let op = TestOp::start().await;
    let metadata =
        json!({"first_party": false, "backchannel_logout_uri": "https://shop.example.test/logout"});
    let mut shop = op.client_with("shop", metadata).await;
    let mut admin = administrator(&op, "admin").await;
    let page = tests(
        &mut admin,
        "shop",
        &[("scope", "openid profile email offline_access")],
    )
    .await;
    assert!(is_good(&page), "{}", page.text());
    assert_eq!(
        steps(&page),
        ["authorization", "response", "token", "userinfo", "end"]
    );
    shows_nothing_usable(&page);
    let request = page.text_of("[data-step=authorization] [data-parameter=redirect_uri]");
    assert!(request.contains(&format!("{ISSUER}{RESULT}")), "{request}");
    let id_token = claims(&page, "token", "id_token");
    assert_eq!(
        (&id_token["iss"], &id_token["aud"]),
        (&json!(ISSUER), &json!("shop"))
    );
    let nonce = page.text_of("[data-step=authorization] [data-parameter=nonce] code");
    assert_eq!(id_token["nonce"], json!(nonce));
    for check in ["signature", "iss", "aud", "nonce", "exp", "at_hash"] {
        let css = format!("[data-token=id_token] [data-check={check}][data-holds=yes]");
        assert!(page.has(&css), "{check}");
    }
    let userinfo: Value = serde_json::from_str(&page.text_of("[data-step=userinfo] pre.body")).expect("JSON");
    assert_eq!(userinfo["sub"], id_token["sub"]);
    assert_eq!(userinfo["email"], "admin@itu.example");
    assert!(page.has("[data-token=access_token][data-form=opaque]"));
    assert!(page.has("[data-step=end] [data-check=revoked][data-holds=yes]"));
    for left_out in ["redirect_uri", "use", "authentication"] {
        assert!(page.has(&format!("[data-left-out={left_out}]")), "{left_out}");
    }
    assert!(!page.has("[data-left-out=dpop]"));

    // It is recorded, ended, and no use of the service.
    let account = op.find_account("admin@itu.example").await.id;
    for (sql, expected) in [
        (
            "events WHERE action = 'client.login_tested' AND object = 'client:shop' AND success",
            1,
        ),
        ("events WHERE action = 'consent.given'", 1),
        ("revocations", 1),
        ("refresh_tokens", 0),
        ("service_uses", 0),
        ("session_clients", 0),
    ] {
        assert_eq!(
            count(&op, &format!("SELECT COUNT(*) AS n FROM {sql}")).await,
            expected,
            "{sql}"
        );
    }
    let recorded = format!(
        "SELECT COUNT(*) AS n FROM events WHERE action = 'client.login_tested' AND account_id = '{account}'"
    );
    assert_eq!(count(&op, &recorded).await, 1);
    let overview = admin.browser.get("/admin/clients/shop").await;
    assert_eq!(
        overview.attribute_of("#logins", "data-count").as_deref(),
        Some("0")
    );

    // The client goes on as ever, with the consent that was given.
    let code = admin.logs_in_at(&mut shop, "openid profile").await;
    assert!(shop.redeems(&code).await.is_ok());

    // The result can be read again for ten minutes, in this session alone.
    let address = page.url.to_string();
    assert!(admin.browser.get(&address).await.has("#good"));
    let mut elsewhere = admin.elsewhere(&op);
    elsewhere.logs_in().await;
    let mut other = administrator(&op, "other").await;
    for person in [&mut elsewhere, &mut other] {
        let seen = person.browser.get(&address).await;
        assert_eq!((seen.status, seen.has("#gone")), (StatusCode::GONE, true));
    }
    op.client("bookshop").await;
    let foreign = admin.browser.get(&address.replace("/shop/", "/bookshop/")).await;
    assert_eq!(foreign.status, StatusCode::GONE);
    op.advance(601);
    assert!(admin.browser.get(&address).await.has("#gone"));
}

#[tokio::test]
async fn the_registration_is_respected() {
    // AD-11
    let op = TestOp::with(|config| {
        config.authorization.response_types = ResponseType::ALL.to_vec();
        config.tokens.dpop_nonces = true;
    })
    .await;
    let mut admin = administrator(&op, "admin").await;
    let key = Signer::new("PS256");
    let fapi = json!({"profile": "fapi2_message_signing", "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.public()]}, "dpop_bound_access_tokens": true, "access_token_format": "jwt",
        "userinfo_signed_response_alg": "PS256", "id_token_signed_response_alg": "PS256"});
    op.client_with("bank", fapi).await;
    let page = tests(&mut admin, "bank", &[]).await;
    assert!(is_good(&page), "{}", page.text());
    assert_eq!(
        steps(&page),
        ["push", "authorization", "response", "token", "userinfo", "end"]
    );
    shows_nothing_usable(&page);
    assert_eq!(page.count_of("[data-step=authorization] [data-parameter]"), 2);
    // JARM: one signed answer, whose code is not shown.
    let answer = claims(&page, "response", "response");
    assert_eq!((&answer["aud"], &answer["code"]), (&json!("bank"), &json!("…")));
    let access_token = claims(&page, "token", "access_token");
    assert!(access_token["cnf"]["jkt"].is_string());
    assert!(page.has("[data-step=token] [data-parameter=DPoP]"));
    assert_eq!(claims(&page, "userinfo", "response")["aud"], "bank");
    for left_out in ["authentication", "signed_request", "dpop"] {
        assert!(page.has(&format!("[data-left-out={left_out}]")), "{left_out}");
    }

    let recipient = Recipient::new("RSA-OAEP-256", "for-us");
    let encrypted = json!({"jwks": {"keys": [recipient.public()]}, "token_endpoint_auth_method": "none",
        "id_token_encrypted_response_alg": "RSA-OAEP-256", "userinfo_encrypted_response_alg": "RSA-OAEP-256",
        "authorization_encrypted_response_alg": "RSA-OAEP-256"});
    op.client_with("safe", encrypted).await;
    let page = tests(&mut admin, "safe", &[]).await;
    assert!(is_good(&page), "{}", page.text());
    for (step, token) in [
        ("response", "response"),
        ("token", "id_token"),
        ("userinfo", "response"),
    ] {
        let css = format!("[data-step={step}] [data-token={token}][data-form=encrypted]");
        assert!(
            page.has(&css) && !page.has(&format!("{css} pre.claims")),
            "{step}"
        );
        let header = page.text_of(&format!("{css} pre.header"));
        assert!(header.contains("RSA-OAEP-256"), "{header}");
    }
    assert!(page.has("[data-left-out=encrypted_id_token]") && !page.has("[data-left-out=authentication]"));
    shows_nothing_usable(&page);

    let hybrid = json!({"response_types": ["code id_token token", "id_token"], "grant_types": ["authorization_code", "implicit", "refresh_token"]});
    op.client_with("old", hybrid).await;
    let page = tests(&mut admin, "old", &[("response_type", "code id_token token")]).await;
    assert!(is_good(&page), "{}", page.text());
    assert!(page.has("[data-step=response] [data-check=c_hash][data-holds=yes]"));
    shows_nothing_usable(&page);
    let page = tests(&mut admin, "old", &[("response_type", "id_token")]).await;
    assert!(is_good(&page), "{}", page.text());
    assert_eq!(steps(&page), ["authorization", "response"]);
}

#[tokio::test]
async fn tokens_are_bound_to_a_certificate_of_the_test() {
    // AD-11, RFC 8705 §3
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let metadata = json!({"tls_client_certificate_bound_access_tokens": true, "access_token_format": "jwt"});
    op.client_with("shop", metadata).await;
    let page = tests(&mut admin, "shop", &[]).await;
    assert!(is_good(&page), "{}", page.text());
    assert!(claims(&page, "token", "access_token")["cnf"]["x5t#S256"].is_string());
    assert!(page.has("[data-left-out=certificate]"));
}

#[tokio::test]
async fn a_refusal_is_shown_as_a_step() {
    // AD-11
    let op = TestOp::start().await;
    let policy = json!({"access_policy": {"affiliation": "approved"}, "first_party": false});
    op.client_with("shop", policy).await;
    let mut admin = administrator(&op, "admin").await;
    let form = form_of(&mut admin, "shop").await;
    let page = admin.browser.send(form).await;
    assert_eq!(page.url.path(), "/access-refused");
    let page = admin
        .browser
        .send(page.form(&["decision=back"]).press("decision", "back"))
        .await;
    assert!(!is_good(&page));
    assert!(
        page.has("[data-step=response] [data-refused=access_denied] li"),
        "{}",
        page.text()
    );
    assert!(page.has("a[href='/developers/errors#access_denied']"));

    // A request that is refused at once has its result without any page between.
    for (chosen, code) in [
        (("scope", "unheard_of"), "invalid_scope"),
        (("prompt", "none"), "access_denied"),
    ] {
        let page = tests(&mut admin, "shop", &[chosen]).await;
        assert!(!is_good(&page));
        assert!(
            page.has(&format!("[data-refused={code}]")),
            "{code}: {}",
            page.text()
        );
    }
    let failed = "SELECT COUNT(*) AS n FROM events WHERE action = 'client.login_tested' AND NOT success";
    assert_eq!(count(&op, failed).await, 3);
    // The mistakes of tests are not the client's.
    let page = admin.browser.get("/admin/clients/shop").await;
    assert_eq!(
        page.count_of("#refused [data-count='0']"),
        page.count_of("#refused li")
    );
}

#[tokio::test]
async fn whoever_may_edit_a_client_may_test_it_and_nobody_else() {
    // AD-8, AD-11
    let op = TestOp::start().await;
    op.client("shop").await;
    op.client("other").await;
    let mut owner = owner(&op, "shop").await;
    assert!(is_good(&tests(&mut owner, "shop", &[]).await));
    let form = form_of(&mut owner, "shop").await;
    for path in ["/admin/clients/other/test", "/admin/clients/other/test/result"] {
        assert_eq!(
            owner.browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let mut foreign = form.clone();
    foreign.action.set_path("/admin/clients/other/test");
    assert_eq!(owner.browser.send(foreign).await.status, StatusCode::NOT_FOUND);
    let mut support = op.person_with("support@itu.example", Role::Support).await;
    support.logs_in().await;
    let seen = support.browser.get("/admin/clients/shop/test").await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);

    // A disabled client says so, and what is sent to it all the same begins nothing.
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    admin.browser.confirms(&page, "#disable").await;
    let page = owner.browser.send(form).await;
    assert_eq!(page.url.path(), "/admin/clients/shop/test");
    assert_eq!(
        page.attribute_of("#unfit", "data-reason").as_deref(),
        Some("disabled")
    );
    let machine = json!({"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [],
        "scope": "openid"});
    op.client_with("machine", machine).await;
    let page = admin.browser.get("/admin/clients/machine/test").await;
    assert_eq!(
        page.attribute_of("#unfit", "data-reason").as_deref(),
        Some("no_login")
    );
}

#[tokio::test]
async fn no_request_from_outside_names_the_address_of_a_test() {
    // AD-11, AZ-1
    let op = TestOp::start().await;
    let mut shop = op.client("shop").await;
    let mut admin = administrator(&op, "admin").await;
    let address = format!("{ISSUER}{RESULT}");
    let own = form_urlencoded::byte_serialize(shop.redirect_uri.as_bytes()).collect::<String>();
    let named = form_urlencoded::byte_serialize(address.as_bytes()).collect::<String>();
    let url = shop.authorization_url("openid", &[]).replace(&own, &named);
    assert!(url.contains(&named));
    for url in [url.clone(), format!("{url}&test_login=x&test=x")] {
        let page = admin.browser.get(&url).await;
        assert_eq!(
            (page.status, page.url.path()),
            (StatusCode::BAD_REQUEST, "/authorize")
        );
        let (_, query) = url.split_once('?').expect("a query");
        let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
        let page = admin.browser.post("/authorize", &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        let pushed: Vec<_> = fields.iter().copied().filter(|it| it.0 != "client_id").collect();
        let (status, answer) = shop.posts("/par", &pushed).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_request")));
    }
    // What somebody brings to the address is not read.
    let page = admin
        .browser
        .get(&format!("{RESULT}?code=ac_x&state=y&test=z"))
        .await;
    assert_eq!(page.status, StatusCode::GONE);
}

/// Begins a test up to the page for the consent.
async fn begins(op: &TestOp, admin: &mut Person) -> Page {
    op.client_with("shop", json!({"first_party": false})).await;
    let form = form_of(admin, "shop").await;
    let page = admin.browser.send(form).await;
    assert!(page.find_form(&["decision=allow"]).is_some(), "{}", page.text());
    page
}

async fn ended(op: &TestOp) -> i64 {
    count(
        op,
        "SELECT COUNT(*) AS n FROM events WHERE action = 'client.login_tested'",
    )
    .await
}

#[tokio::test]
async fn an_answer_counts_once_and_in_its_own_browser() {
    // AD-11
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let consent = begins(&op, &mut admin).await;
    let handle = consent.query("request").expect("a request");

    // Whoever is sent the address cannot go on with it: not the same person elsewhere, nor another.
    let mut victim = op.person("victim@example.org").await;
    victim.logs_in().await;
    let mut elsewhere = admin.elsewhere(&op);
    elsewhere.logs_in().await;
    for person in [&mut victim, &mut elsewhere] {
        for path in ["/authorize/continue", "/consent"] {
            let page = person.browser.get(&format!("{path}?request={handle}")).await;
            assert!(page.find_form(&["decision=allow"]).is_none(), "{}", page.text());
            assert!(
                page.find_form(&["email", "password"]).is_none(),
                "{}",
                page.text()
            );
        }
    }
    assert_eq!(ended(&op).await, 0);
    let allow = consent.form(&["decision=allow"]).press("decision", "allow");
    let page = admin.browser.send(allow).await;
    assert!(is_good(&page));
    let again = admin
        .browser
        .get(&format!("/authorize/continue?request={handle}"))
        .await;
    assert_ne!(again.url.path(), RESULT);
    assert_eq!(ended(&op).await, 1);
}

#[tokio::test]
async fn an_answer_of_another_person_is_dropped() {
    // AD-11
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let consent = begins(&op, &mut admin).await;
    let handle = consent.query("request").expect("a request");
    let victim = op.person("victim@example.org").await;
    let login = format!("/login?account=other&request={handle}");
    let page = admin.browser.get(&login).await;
    let form = page.form(&["email", "password"]);
    let typed = [("email", victim.email.as_str()), ("password", PASSWORD)];
    let page = admin.browser.submit(form, &typed).await;
    let page = admin
        .browser
        .send(page.form(&["decision=allow"]).press("decision", "allow"))
        .await;
    assert!(
        page.says("flash.test_login_dropped"),
        "{} {}",
        page.url,
        page.text()
    );
    assert_eq!(ended(&op).await, 0);
    for table in ["refresh_tokens", "service_uses"] {
        assert_eq!(count(&op, &format!("SELECT COUNT(*) AS n FROM {table}")).await, 0);
    }
}

#[tokio::test]
async fn an_answer_comes_in_time_and_to_whoever_may_still_test() {
    // AD-11
    let op =
        TestOp::with(|config| config.authorization.interaction = std::time::Duration::from_mins(30)).await;
    let mut admin = administrator(&op, "admin").await;
    let consent = begins(&op, &mut admin).await;
    op.advance(601);
    let allow = consent.form(&["decision=allow"]).press("decision", "allow");
    let page = admin.browser.send(allow).await;
    assert!(
        page.says("flash.test_login_dropped"),
        "{} {}",
        page.url,
        page.text()
    );
    assert_eq!(ended(&op).await, 0);

    // An owner who is removed meanwhile gets nothing.
    let mut owner = owner(&op, "shop").await;
    let form = form_of(&mut owner, "shop").await;
    let consent = owner.browser.send(form).await;
    let account = op.find_account(&owner.email).await.id;
    let removed =
        clients::remove_owner(&op.app, &Context::operator(), &ClientId::new("shop"), &account).await;
    removed.expect("removed");
    let allow = consent.form(&["decision=allow"]).press("decision", "allow");
    let page = owner.browser.send(allow).await;
    assert!(
        page.says("flash.test_login_dropped"),
        "{} {}",
        page.url,
        page.text()
    );
    assert_eq!(ended(&op).await, 0);
}
