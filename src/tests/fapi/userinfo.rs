//! Tests userinfo as the protected resource (FAPI 2.0 §5.3.4, RFC 9449 §7).

use super::*;

impl Service<'_> {
    pub(super) async fn userinfo(&self, scheme: &str, access_token: &str) -> HttpResponse {
        let proof = self.proofs.proves("GET", USERINFO, Some(access_token));
        let authorization = format!("{scheme} {access_token}");
        let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
        self.rp.gets(USERINFO, &headers).await
    }
}

#[tokio::test]
async fn a_token_comes_in_the_header_with_its_proof() {
    let op = TestOp::start().await;
    let (bank, other) = (
        op.service("bank", "fapi2").await,
        op.service("other", "fapi2").await,
    );
    let mut alice = op.somebody().await;
    let tokens = bank.tokens(&mut alice).await;
    let access = tokens["access_token"].as_str().expect("an access token");
    for scheme in ["DPoP", "dPOP", "dpop"] {
        assert_eq!(bank.userinfo(scheme, access).await.status(), 200, "{scheme}"); // RFC 9110 §11.1
    }
    assert_eq!(bank.userinfo("Bearer", access).await.status(), 401);
    assert_eq!(other.userinfo("DPoP", access).await.status(), 401);
    let in_query = bank
        .rp
        .gets(&format!("{USERINFO}?access_token={access}"), &[])
        .await;
    assert_eq!(error_of(&in_query), refused(400, "invalid_request")); // FAPI 2.0 §5.3.4

    op.advance(60); // proofs from before the start would be refused: ST-1
    let now = bank.now();
    for (name, value) in [
        ("nbf", now),
        ("exp", now + 60),
        ("iat", now - 10),
        ("iat", now + 8),
    ] {
        let mut claims = bank.proofs.claims("GET", USERINFO, Some(access));
        claims[name] = value.into();
        let proof = bank.proofs.signer.signs_as(&bank.proofs.header(), &claims);
        let authorization = format!("DPoP {access}");
        let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
        assert_eq!(bank.rp.gets(USERINFO, &headers).await.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn an_interaction_is_found_again_by_its_id() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let ask = async |id: &str| {
        let answer = bank.rp.gets(USERINFO, &[("x-fapi-interaction-id", id)]).await;
        let returned = answer.headers().get("x-fapi-interaction-id");
        returned.map(|it| it.to_str().expect("ASCII").to_owned())
    };
    let uuid = "c770aef3-6784-41f7-8e0e-ff5f97bddb3a";
    assert_eq!(ask(uuid).await.as_deref(), Some(uuid)); // also with an error
    for other in [
        "",
        "1",
        "c770aef3-6784-41f7-8e0e-ff5f97bddb3g",
        "c770aef3678441f78e0eff5f97bddb3a",
    ] {
        // FAPI 1.0 Baseline §6.2.1: the answer has an id of ours instead.
        let returned = ask(other).await.expect("an id");
        assert!(returned.len() == 36 && returned != other, "{other}: {returned}");
    }
}
