//! Tests the log of refusals at the token endpoint.

use super::*;

#[tokio::test]
async fn refusals_at_the_token_endpoint_of_clients_and_requests() {
    let op = TestOp::start().await;
    let rp = op.client("shop").await;
    let other = op.client("other").await;
    let _closed = disabled(&op).await;
    let post = op
        .client_with(
            "post",
            json!({"token_endpoint_auth_method": "client_secret_post"}),
        )
        .await;
    let key = Signer::new("ES256");
    let keyed = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.public()]}});
    op.client_with("keyed", keyed).await;
    let machine = json!({"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
        "post_logout_redirect_uris": [], "scope": "openid orders"});
    let machine = op.client_with("machine", machine).await;
    let mut watch = Watch::begin();
    let secret = rp.secret.clone().expect("a secret");
    for one in [&rp, &other, &post, &machine] {
        watch.keeps(one.secret.clone().expect("a secret"));
    }

    // These requests fail at the client authentication.
    let grant = "grant_type=client_credentials";
    for (body, headers, client, words) in [
        (grant.to_owned(), vec![], "", &["no credentials"][..]),
        (
            format!("{grant}&client_id=shopp&client_secret=s3cret"),
            vec![],
            "",
            &["an unknown client", "shopp"],
        ),
        (
            format!("{grant}&client_id={secret}&client_secret=shop"),
            vec![],
            "",
            &["[redacted"],
        ),
        (
            format!("{grant}&client_id=closed&client_secret=s3cret"),
            vec![],
            "",
            &["a disabled client", "closed"],
        ),
        (
            format!("{grant}&client_id=shop&client_secret=s3cret"),
            vec![],
            "shop",
            &["a wrong secret"],
        ),
        (
            format!("{grant}&client_id=shop"),
            vec![],
            "shop",
            &["none", "client_secret_basic client_secret_post"],
        ),
        (
            grant.to_owned(),
            vec![("authorization", basic("shop", "s3cret"))],
            "shop",
            &["a wrong secret"],
        ),
        (
            grant.to_owned(),
            vec![("authorization", basic("post", "s3cret"))],
            "post",
            &["another method", "client_secret_basic", "client_secret_post"],
        ),
        (
            format!("{grant}&client_secret=s3cret"),
            vec![("authorization", basic("shop", "s3cret"))],
            "shop",
            &["one client authentication method"],
        ),
        (
            format!("{grant}&client_id=other"),
            vec![("authorization", basic("shop", &secret))],
            "shop",
            &["client_id names another"],
        ),
        (
            grant.to_owned(),
            vec![("authorization", "Basic ???".to_owned())],
            "",
            &["unreadable Authorization"],
        ),
        (
            format!("{grant}&client_assertion=s3cret"),
            vec![],
            "",
            &["client_assertion_type"],
        ),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        watch.keeps("s3cret");
        sends(&op, TOKEN, &body, &headers).await;
        watch.refused(client, words);
    }
    let claims = json!({"iss": "keyed", "sub": "keyed", "aud": "https://elsewhere.example", "jti": "1",
        "exp": op.app.clock.now().timestamp() + 60});
    for (assertion, words) in [
        (key.signs(&claims), &["an audience"][..]),
        (Signer::new("ES256").signs(&claims), &["an assertion not proved"]),
    ] {
        watch.keeps(&assertion);
        let body = format!("{grant}&client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}");
        sends(&op, TOKEN, &body, &[]).await;
        watch.refused("keyed", &words[1..]);
    }

    // These requests fail by their parameters.
    let own = basic("shop", &secret);
    for (query, words) in [
        (
            format!("client_secret={secret}"),
            "client_secret must not be sent in the query",
        ),
        (
            "grant_type=x".to_owned(),
            "the parameter grant_type occurs more than once",
        ),
    ] {
        let path = format!("{TOKEN}?{query}");
        sends(&op, &path, grant, &[("authorization", &own)]).await;
        watch.refused("shop", &[words]); // TK-8, G-2
    }
    for (body, content_type, client, words) in [
        ("{}", "application/json", "shop", "it came as application/json"),
        (
            "grant_type=a&grant_type=b",
            FORM,
            "shop",
            "the parameter grant_type occurs more than once",
        ),
        (
            "code=%E9",
            FORM,
            "shop",
            "the value of the parameter code is not UTF-8",
        ),
        (
            "code=%zz",
            FORM,
            "shop",
            "a % that two hexadecimal digits do not follow",
        ),
        ("", FORM, "shop", "grant_type is missing"),
        ("grant_type=password", FORM, "shop", "unsupported_grant_type"),
        (grant, FORM, "shop", "authorization_code refresh_token"),
        ("grant_type=authorization_code", FORM, "shop", "code is missing"),
        (
            "grant_type=authorization_code&code=s3cret",
            FORM,
            "shop",
            "an unknown or expired code",
        ),
        (
            "grant_type=refresh_token&refresh_token=s3cret",
            FORM,
            "shop",
            "not a refresh token",
        ),
    ] {
        sends(
            &op,
            TOKEN,
            body,
            &[("authorization", &own), ("content-type", content_type)],
        )
        .await;
        watch.refused(client, &[words]);
    }
    let (status, _) = machine
        .posts(
            TOKEN,
            &[("grant_type", "client_credentials"), ("scope", "openid")],
        )
        .await;
    assert_eq!(status, 400);
    watch.refused("machine", &["scope", "openid", "orders"]);
    let proofs = [("dpop", "s3cret")];
    machine
        .posts_with(TOKEN, &[("grant_type", "client_credentials")], &proofs)
        .await;
    watch.refused("machine", &["invalid_dpop_proof"]);
    assert!(watch.refused > 24);
}

#[tokio::test]
async fn refusals_at_the_token_endpoint_of_grants() {
    let op = TestOp::start().await;
    let mut rp = op.client("shop").await;
    let other = op.client("other").await;
    let mut alice = op.person("alice@example.org").await;
    let mut watch = Watch::begin();
    for one in [&rp, &other] {
        watch.keeps(one.secret.clone().expect("a secret"));
    }
    let code = alice.logs_in_at(&mut rp, "openid email offline_access").await;
    watch.keeps(&code);
    let fields: Vec<_> = rp
        .redemption(&code)
        .into_iter()
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect();
    let change = |name: &str, value: &str| -> Vec<(String, String)> {
        let kept = fields.iter().filter(|it| it.0 != name).cloned();
        kept.chain((!value.is_empty()).then(|| (name.to_owned(), value.to_owned())))
            .collect()
    };
    watch.keeps(
        &fields
            .iter()
            .find(|it| it.0 == "code_verifier")
            .expect("a verifier")
            .1,
    );
    watch.log.take();
    for (name, value, words) in [
        (
            "redirect_uri",
            "https://shop.example.test/other",
            &["another redirect_uri", "test/other", "test/callback"][..],
        ),
        ("code_verifier", "", &["code_verifier is missing"]),
    ] {
        let code = alice.logs_in_at(&mut rp, "openid email").await;
        watch.keeps(&code);
        watch.log.take();
        let mut changed = change(name, value);
        changed
            .iter_mut()
            .filter(|it| it.0 == "code")
            .for_each(|it| it.1.clone_from(&code));
        let changed: Vec<_> = changed.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        rp.posts(TOKEN, &changed).await;
        watch.refused("shop", words);
    }
    let code = alice.logs_in_at(&mut rp, "openid email offline_access").await;
    watch.keeps(&code);
    let mine: Vec<_> = rp
        .redemption(&code)
        .into_iter()
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect();
    let mine: Vec<_> = mine.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let (status, tokens) = rp.posts(TOKEN, &mine).await;
    assert_eq!(status, 200, "{tokens}");
    for name in ["access_token", "refresh_token", "id_token"] {
        watch.keeps(tokens[name].as_str().expect("a token"));
    }
    watch.log.take();
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let refreshes = |more: &'static [(&'static str, &'static str)]| {
        [
            &[("grant_type", "refresh_token"), ("refresh_token", refresh)],
            more,
        ]
        .concat()
    };
    other.posts(TOKEN, &refreshes(&[])).await;
    watch.refused("other", &["another client's refresh token"]);
    rp.posts(TOKEN, &refreshes(&[("scope", "openid profile")])).await;
    watch.refused("shop", &["openid profile", "openid email"]);
    rp.posts(TOKEN, &mine).await;
    watch.refused("shop", &["a code that was used before"]);
    assert_eq!(watch.refused, 5);
}
