//! Lists the modules of FAPI 2.0 Security Profile and Message Signing. Most are one mutation of a sound flow and where
//! it may end.

use super::error_codes::{
    ANY_OF_THE_REQUEST, CLIENT, CLIENT_OR_REQUEST, GRANT, NAMELESS, OBJECT, REQUEST, REQUEST_OR_OBJECT,
    REQUEST_URI, RESPONSE_TYPE, SENDER_CONSTRAINT,
};
use super::{discovery, happy, proofs, refresh, repeated, transport};
use crate::client::random_text;
use crate::fapi::{Expect, Flow, Key, row};
use crate::module::{Module, module};

/// Declares a module that is more than a row: a function of a file beside this one.
macro_rules! fapi2 {
    ($name:literal, [$($only:ident),*], $check:path) => {
        Module {
            only: &[$($crate::fapi::Restriction::$only),*],
            ..module!($name, Fapi, $check, &["code"])
        }
    };
}

const MINUTE: i64 = 60;

/// Expects that the request object is refused.
const NO_OBJECT: Expect = Expect::par(OBJECT).or_callback(OBJECT).or_page();

#[rustfmt::skip]
pub const MODULES: &[Module] = &[
    fapi2!("fapi2-security-profile-final-discovery-end-point-verification", [], discovery::check),
    fapi2!("fapi2-security-profile-final-happy-flow", [], happy::flow),
    fapi2!("fapi2-security-profile-final-user-rejects-authentication", [User], happy::rejected),
    row!("ensure-authorization-request-without-state-success", [User],
        |it| it.drop("state"), Expect::SUCCESS),
    row!("ensure-authorization-request-without-nonce-success", [Openid, User],
        |it| it.drop("nonce"), Expect::SUCCESS),
    row!("ensure-authorization-request-with-64-char-nonce-success", [Openid, User],
        |it| it.ask("nonce", random_text(64)), Expect::SUCCESS),
    row!("ensure-other-scope-order-succeeds", [Openid, User], other_order, Expect::SUCCESS),
    fapi2!("fapi2-security-profile-final-test-claims-parameter-identity-claims", [Openid, User], happy::claims),
    row!("access-token-type-header-case-sensitivity", [],
        |it| it.scheme = inverted, Expect::SUCCESS),
    row!("check-dpop-proof-nbf-exp", [Dpop],
        |it| it.mutate_proofs(|proof, context| { proof.set("nbf", context.now); proof.set("exp", context.now + 5 * MINUTE); }),
        Expect::SUCCESS),
    row!("ensure-dpopproof-with-iat-10seconds-before-succeeds", [Dpop],
        |it| { it.prove_at_par(); it.mutate_proofs(|proof, context| proof.set("iat", context.now - 10)); },
        Expect::SUCCESS),
    row!("ensure-dpopproof-with-iat-10seconds-after-succeeds", [Dpop],
        |it| { it.prove_at_par(); it.mutate_proofs(|proof, context| proof.set("iat", context.now + 8)); },
        Expect::SUCCESS),
    row!("ensure-mismatched-dpop-jkt-fails", [Dpop, User],
        |it| { it.prove_at_par(); foreign_thumbprint(it); },
        Expect::par(&["invalid_request", "invalid_dpop_proof"])),
    row!("ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", [Dpop, User],
        |it| { it.prove_at_par(); it.token.proof_key = Key::generate().ok(); }, Expect::token(SENDER_CONSTRAINT)),
    row!("ensure-token-endpoint-fails-with-mismatched-dpop-jkt", [Dpop, User],
        foreign_thumbprint, Expect::token(SENDER_CONSTRAINT)),
    row!("ensure-dpopproof-at-par-endpoint-binding-success", [Dpop, User],
        Flow::prove_at_par, Expect::SUCCESS),
    row!("ensure-dpop-auth-code-binding-success", [Dpop, User],
        |it| { it.prove_at_par(); let own = it.own.proofs.thumbprint(); it.ask("dpop_jkt", own); },
        Expect::SUCCESS),
    row!("ensure-different-nonce-inside-and-outside-request-object", [Openid, User],
        |it| it.open_with("nonce", random_text(10)),
        Expect::callback(REQUEST).or_page().or_success()),
    row!("ensure-different-state-inside-and-outside-request-object", [User],
        |it| it.open_with("state", random_text(10)),
        Expect::callback(REQUEST).or_page().or_success()),
    row!("ensure-authorization-request-with-long-nonce", [Openid, User],
        |it| it.ask("nonce", random_text(384)),
        Expect::par(REQUEST).or_callback(REQUEST).or_page().or_success()),
    row!("ensure-authorization-request-with-long-state", [User],
        |it| it.ask("state", random_text(1000)),
        Expect::par(REQUEST).or_callback(REQUEST).or_odd_refusal_at_callback().or_page().or_success()),
    row!("state-only-outside-request-object-not-used", [User],
        |it| { it.drop("state"); it.opened.set("state", random_text(10)); },
        Expect::callback(&["invalid_request", "invalid_request_object", "invalid_request_uri", "access_denied"])
            .or_page().or_success()),
    row!("ensure-request-object-without-redirect-uri-fails", [User],
        |it| it.request.params.retain(|(name, _)| name != "redirect_uri"),
        Expect::par(REQUEST_OR_OBJECT).or_callback(REQUEST_OR_OBJECT).or_page()),
    row!("plain-fapi-tolerate-unregistered-redirect-uri", [User],
        unregistered, Expect::par(REQUEST_OR_OBJECT).or_page().or_success()),
    row!("ensure-unsigned-authorization-request-without-using-par-fails", [User],
        |it| { it.pushes = false; it.forgotten = true; }, Expect::callback(REQUEST).or_page()),
    row!("ensure-redirect-uri-in-authorization-request", [User],
        |it| it.drop("redirect_uri"), Expect::par(REQUEST_OR_OBJECT).or_page().or_success()),
    row!("ensure-response-type-code-idtoken-fails", [User],
        |it| it.ask("response_type", "code id_token"),
        Expect::par(RESPONSE_TYPE).or_any_at_par().or_callback(RESPONSE_TYPE).or_page()),
    row!("ensure-response-type-token-fails", [User],
        |it| it.ask("response_type", "token"),
        Expect::par(RESPONSE_TYPE).or_any_at_par().or_callback(RESPONSE_TYPE).or_page()),
    row!("ensure-client-id-in-token-endpoint", [],
        |it| it.token.claims_to_be_other = true, Expect::token(&["invalid_client", "invalid_grant"])),
    fapi2!("fapi2-security-profile-final-ensure-holder-of-key-required", [], transport::holder_of_key),
    row!("ensure-authorization-code-is-bound-to-client", [User],
        |it| it.redeemed_by_other = true, Expect::token(GRANT)),
    fapi2!("fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second", [User], repeated::code),
    fapi2!("fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code", [User], repeated::expired_code),
    row!("ensure-signed-client-assertion-with-RS256-fails", [PrivateKeyJwt],
        |it| it.token.assertion = |jwt, _| jwt.sign_with("RS256"), Expect::token(CLIENT)),
    row!("ensure-client-assertion-in-token-endpoint", [PrivateKeyJwt],
        |it| { it.token.authenticates = false; let id = it.own.id.clone(); it.redemption.set("client_id", id); },
        Expect::token(CLIENT_OR_REQUEST)),
    row!("ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", [PrivateKeyJwt],
        |it| it.token.assertion = |jwt, context| jwt.set("exp", context.now - 5 * MINUTE),
        Expect::token(CLIENT_OR_REQUEST)),
    row!("ensure-client-assertion-with-wrong-aud-fails", [PrivateKeyJwt],
        |it| it.token.assertion = |jwt, _| jwt.set("aud", "https://elsewhere.example"),
        Expect::token(CLIENT_OR_REQUEST)),
    row!("ensure-client-assertion-with-no-sub-fails", [PrivateKeyJwt],
        |it| it.token.assertion = |jwt, _| jwt.drop("sub"), Expect::token(CLIENT_OR_REQUEST)),
    fapi2!("fapi2-security-profile-final-dpop-negative-tests", [Dpop], proofs::negative),
    fapi2!("fapi2-security-profile-final-refresh-token", [User], refresh::check),
    row!("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", [User],
        |it| it.opens_twice = true, Expect::callback(REQUEST_URI).or_odd_refusal_at_callback().or_success()),
    fapi2!("fapi2-security-profile-final-par-attempt-reuse-request_uri", [User], repeated::request_uri),
    fapi2!("fapi2-security-profile-final-par-attempt-to-use-expired-request_uri", [User], repeated::expired_request_uri),
    row!("par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted", [PrivateKeyJwt, User],
        |it| it.par.assertion = |jwt, context| { jwt.set("nbf", context.now + 8); jwt.set("iat", context.now + 8); },
        Expect::SUCCESS.or_odd_refusal_at_par()),
    row!("par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", [PrivateKeyJwt, User],
        |it| it.par.assertion = |jwt, context| {
            let at = context.now + 62;
            jwt.set("iat", at);
            jwt.set("nbf", at);
            jwt.set("exp", at + MINUTE);
        },
        Expect::par(CLIENT_OR_REQUEST)),
    row!("par-attempt-to-use-request_uri-for-different-client", [User],
        |it| { it.forgotten = true; let other = it.other.id.clone(); it.opened.set("client_id", other); },
        Expect::callback(ANY_OF_THE_REQUEST).or_page()),
    row!("par-authorization-request-containing-request_uri-form-param", [User],
        |it| it.beside_object.push(("request_uri".into(), NO_SUCH_REFERENCE.into())),
        Expect::par(&["invalid_request", "invalid_request_object", "request_uri_not_supported"])),
    row!("par-attempt-invalid-http-method", [User],
        |it| it.method = "PUT", Expect::par(NAMELESS).or_any_at_par()),
    row!("par-ensure-pkce-required", [User],
        |it| { it.drop("code_challenge"); it.drop("code_challenge_method"); },
        Expect::par(REQUEST).or_callback(REQUEST).or_page()),
    row!("ensure-pkce-code-verifier-required", [User],
        |it| it.redemption.params.retain(|(name, _)| name != "code_verifier"), Expect::token(GRANT)),
    row!("incorrect-pkce-code-verifier-rejected", [User],
        |it| it.redeem_with("code_verifier", random_text(43)), Expect::token(GRANT)),
    row!("par-plain-pkce-rejected", [User],
        |flow| {
            let verifier = flow.redemption.get("code_verifier").unwrap_or_default().to_owned();
            flow.request.set("code_challenge", verifier).set("code_challenge_method", "plain");
        },
        Expect::par(REQUEST).or_callback(REQUEST).or_page()),
    row!("par-without-duplicate-parameters", [User],
        |it| it.opened.params.retain(|(name, _)| name == "client_id"), Expect::SUCCESS),
    row!("par-test-array-as-audience-fails", [PrivateKeyJwt, User],
        |it| it.par.assertion = |jwt, context| jwt.set("aud", vec![context.issuer.as_str(), "https://elsewhere.example"]),
        Expect::par(CLIENT_OR_REQUEST)),
    row!("par-test-par-endpoint-url-as-audience-fails", [PrivateKeyJwt, User],
        |it| it.par.assertion = |jwt, context| jwt.set("aud", context.par.as_str()),
        Expect::par(CLIENT_OR_REQUEST)),
    row!("par-test-token-endpoint-url-as-audience-fails", [PrivateKeyJwt, User],
        |it| it.par.assertion = |jwt, context| jwt.set("aud", context.token.as_str()),
        Expect::par(CLIENT_OR_REQUEST)),
    // Message Signing.
    row!("ensure-request-object-with-multiple-aud-succeeds", [Signed],
        |it| it.object = |jwt, context| jwt.set("aud", vec![context.issuer.as_str(), "https://elsewhere.example"]),
        Expect::SUCCESS),
    row!("ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", [Signed],
        |it| it.object = |jwt, context| jwt.set("nbf", context.now + 8),
        Expect::SUCCESS.or_odd_refusal_at_par()),
    row!("ensure-request-object-without-exp-fails", [Signed],
        |it| it.object = |jwt, _| jwt.drop("exp"), NO_OBJECT),
    row!("ensure-request-object-without-nbf-fails", [Signed],
        |it| it.object = |jwt, _| jwt.drop("nbf"), NO_OBJECT),
    row!("ensure-expired-request-object-fails", [Signed],
        |it| it.object = |jwt, context| jwt.set("exp", context.now - 5 * MINUTE), NO_OBJECT),
    row!("ensure-request-object-with-bad-aud-fails", [Signed],
        |it| it.object = |jwt, _| jwt.set("aud", "https://elsewhere.example"), NO_OBJECT),
    row!("ensure-request-object-with-exp-over-60-fails", [Signed],
        |it| it.object = |jwt, context| jwt.set("exp", context.now + 70 * MINUTE), NO_OBJECT),
    row!("ensure-request-object-with-nbf-over-60-fails", [Signed],
        |it| it.object = |jwt, context| jwt.set("nbf", context.now - 70 * MINUTE), NO_OBJECT),
    row!("ensure-signed-request-object-with-RS256-fails", [Signed],
        |it| it.object = |jwt, _| jwt.sign_with("RS256"), NO_OBJECT),
    row!("ensure-request-object-signature-algorithm-is-not-none", [Signed],
        |it| it.object = |jwt, _| jwt.sign_with("none"), NO_OBJECT),
    row!("ensure-request-object-with-invalid-signature-fails", [Signed],
        |it| it.object = |jwt, _| jwt.broken = true, NO_OBJECT),
    row!("ensure-matching-key-in-authorization-request", [Signed],
        |it| it.object = |jwt, context| jwt.sign_by(&context.other.key),
        Expect::par(REQUEST_OR_OBJECT).or_callback(OBJECT).or_page()),
    row!("ensure-unsigned-request-at-par-endpoint-fails", [Signed],
        |it| it.signs = false, Expect::par(REQUEST).or_callback(ANY_OF_THE_REQUEST).or_page()),
    row!("par-authorization-request-containing-request_uri", [Signed],
        |it| it.object = |jwt, _| jwt.set("request_uri", NO_SUCH_REFERENCE), Expect::par(OBJECT)),
];

const NO_SUCH_REFERENCE: &str = "urn:ietf:params:oauth:request_uri:none";

fn other_order(flow: &mut Flow) {
    let scope = flow.request.get("scope").unwrap_or_default();
    let reversed: Vec<&str> = scope.split(' ').rev().collect();
    let reversed = reversed.join(" ");
    flow.request.set("scope", reversed.as_str());
    flow.opened.set("scope", reversed);
}

fn inverted(scheme: &str) -> String {
    let turned = scheme.chars().map(|letter| {
        if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        }
    });
    turned.collect()
}

fn foreign_thumbprint(flow: &mut Flow) {
    let foreign = Key::generate().map(|it| it.thumbprint()).unwrap_or_default();
    flow.request.set("dpop_jkt", foreign);
}

fn unregistered(flow: &mut Flow) {
    let uri = format!("{}/{}", flow.own.redirect_uri, random_text(10));
    flow.request.set("redirect_uri", uri.as_str());
    flow.opened.set("redirect_uri", uri.as_str());
    flow.redemption.set("redirect_uri", uri);
}
