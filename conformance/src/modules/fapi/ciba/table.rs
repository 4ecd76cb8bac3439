//! Lists the modules of FAPI-CIBA. Most are one mutation of a sound request and the answer that must follow.

use super::{discovery, flows, ping};
use crate::client::random_text;
use crate::fapi::ciba::{ExpectedAnswer, ciba};
use crate::module::{Module, module};

/// Declares a module that is more than a row: a function of a file beside this one.
macro_rules! flow {
    ($name:literal, [$($only:ident),*], $check:path) => {
        Module {
            only: &[$($crate::fapi::Restriction::$only),*],
            ..module!($name, Fapi, $check, &["code"])
        }
    };
}

const REQUEST: ExpectedAnswer = ExpectedAnswer::Refused(&["invalid_request"]);
const NO_CLIENT: ExpectedAnswer =
    ExpectedAnswer::Refused(&["access_denied", "invalid_request", "invalid_client"]);
const MINUTE: i64 = 60;

#[rustfmt::skip]
pub const MODULES: &[Module] = &[
    flow!("fapi-ciba-id1-discovery-end-point-verification", [], discovery::check),
    flow!("fapi-ciba-id1", [], flows::two_clients),
    flow!("fapi-ciba-id1-user-rejects-authentication", [], flows::rejected),
    flow!("fapi-ciba-id1-multiple-call-to-token-endpoint", [], flows::impatient),
    flow!("fapi-ciba-id1-auth-req-id-expired", [], flows::expired),
    ciba!("-ensure-authorization-request-with-binding-message-succeeds", [],
        |it| it.ask("binding_message", random_text(4)), ExpectedAnswer::Tokens),
    ciba!("-ensure-other-scope-order-succeeds", [], |it| it.ask("scope", "profile openid"), ExpectedAnswer::Tokens),
    ciba!("-ensure-requested-expiry-as-string-succeeds", [],
        |it| it.object = |jwt, _| jwt.set("requested_expiry", "300"), ExpectedAnswer::Tokens),
    ciba!("-ensure-authorization-request-with-potentially-bad-binding-message", [],
        |it| it.ask("binding_message", DIFFICULT), ExpectedAnswer::TokensOrRefused(&["invalid_binding_message"])),
    ciba!("-ensure-request-object-missing-aud-fails", [], |it| it.object = |jwt, _| jwt.drop("aud"), REQUEST),
    ciba!("-ensure-request-object-bad-aud-fails", [],
        |it| it.object = |jwt, _| jwt.set("aud", "https://elsewhere.example"), REQUEST),
    ciba!("-ensure-request-object-missing-iss-fails", [], |it| it.object = |jwt, _| jwt.drop("iss"), REQUEST),
    ciba!("-ensure-request-object-bad-iss-fails", [],
        |it| it.object = |jwt, context| jwt.set("iss", format!("{}-not", context.other.id)), REQUEST),
    ciba!("-ensure-request-object-missing-exp-fails", [], |it| it.object = |jwt, _| jwt.drop("exp"), REQUEST),
    ciba!("-ensure-request-object-expired-exp-fails", [],
        |it| it.object = |jwt, context| jwt.set("exp", context.now - 5 * MINUTE), REQUEST),
    ciba!("-ensure-request-object-exp-is-70-minutes-in-future-fails", [],
        |it| it.object = |jwt, context| jwt.set("exp", context.now + 70 * MINUTE), REQUEST),
    ciba!("-ensure-request-object-missing-iat-fails", [], |it| it.object = |jwt, _| jwt.drop("iat"), REQUEST),
    ciba!("-ensure-request-object-missing-nbf-fails", [], |it| it.object = |jwt, _| jwt.drop("nbf"), REQUEST),
    ciba!("-ensure-request-object-nbf-is-10-minutes-in-future-fails", [],
        |it| it.object = |jwt, context| jwt.set("nbf", context.now + 10 * MINUTE), REQUEST),
    ciba!("-ensure-request-object-nbf-is-70-minutes-in-past-fails", [],
        |it| it.object = |jwt, context| jwt.set("nbf", context.now - 70 * MINUTE), REQUEST),
    ciba!("-ensure-request-object-missing-jti-fails", [], |it| it.object = |jwt, _| jwt.drop("jti"), REQUEST),
    ciba!("-ensure-request-object-signature-algorithm-is-none-fails", [],
        |it| it.object = |jwt, _| jwt.sign_with("none"), REQUEST),
    ciba!("-ensure-request-object-signature-algorithm-is-bad-fails", [],
        |it| it.object = |jwt, _| jwt.broken = true, REQUEST),
    ciba!("-ensure-request-object-signature-algorithm-is-RS256-fails", [],
        |it| it.object = |jwt, _| jwt.sign_with("RS256"), REQUEST),
    ciba!("-ensure-request-object-signed-by-other-client-fails", [],
        |it| it.object = |jwt, context| jwt.sign_by(&context.other.key), REQUEST),
    ciba!("-ensure-authorization-request-with-multiple-hints-fails", [],
        |it| it.ask("id_token_hint", "e30.e30.e30"), REQUEST),
    flow!("fapi-ciba-id1-ensure-wrong-auth-req-id-in-token-endpoint-request", [], flows::foreign),
    ciba!("-ensure-different-client-id-and-issuer-in-backchannel-authorization-request", [Mtls],
        |it| it.par.claims_to_be_other = true, ExpectedAnswer::Unauthorized(&["invalid_client"])),
    ciba!("-ensure-wrong-client-id-in-token-endpoint-request", [Mtls],
        |it| it.token.claims_to_be_other = true, ExpectedAnswer::RefusedTokens(&["invalid_client"])),
    ciba!("-ensure-wrong-client-id-in-backchannel-authorization-request", [Mtls],
        |it| { it.par.claims_to_be_other = true; it.object = |jwt, context| jwt.set("iss", context.other.id.as_str()); }, NO_CLIENT),
    ciba!("-ensure-without-client-assertion-in-token-endpoint-request", [PrivateKeyJwt],
        |it| it.token.authenticates = false, ExpectedAnswer::RefusedTokens(&["invalid_client", "invalid_request"])),
    ciba!("-ensure-without-client-assertion-in-backchannel-authorization-request", [PrivateKeyJwt],
        |it| it.par.authenticates = false, NO_CLIENT),
    ciba!("-ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails", [PrivateKeyJwt],
        |it| it.par.assertion = |jwt, _| jwt.sign_with("RS256"), NO_CLIENT),
    ciba!("-ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails", [PrivateKeyJwt],
        |it| it.token.assertion = |jwt, _| jwt.sign_with("RS256"), ExpectedAnswer::RefusedTokens(&["invalid_client"])),
    ciba!("-ensure-client-assertion-with-iss-aud-to-token-endpoint-succeeds", [PrivateKeyJwt],
        |it| it.token.assertion = |jwt, context| jwt.set("aud", context.issuer.as_str()), ExpectedAnswer::Pending),
    flow!("fapi-ciba-id1-ping-backchannel-notification-endpoint-response-has-body", [Ping], ping::with_body),
    flow!("fapi-ciba-id1-ping-backchannel-notification-endpoint-response-401", [Ping], ping::unauthorized),
    flow!("fapi-ciba-id1-ping-backchannel-notification-endpoint-response-403", [Ping], ping::forbidden),
    flow!("fapi-ciba-id1-ping-with-mtls-ciba-notification-endpoint-response-401-and-require-server-does-not-retry", [Ping], ping::once),
    flow!("fapi-ciba-id1-ping-backchannel-notification-endpoint-return-redirect-request", [Ping], ping::redirected),
    ciba!("-ensure-unsigned-backchannel-authorization-request-fails", [], |it| it.signs = false, REQUEST),
    flow!("fapi-ciba-id1-refresh-token", [], flows::refresh),
    flow!("fapi-ciba-id1-ensure-mtls-holder-of-key-required", [], flows::holder_of_key),
];

/// A binding message that is long, and has signs that not every device can show.
const DIFFICULT: &str = "1234 \u{1f44d}\u{1f3ff} \u{4f60}\u{597d}\u{4e16}\u{754c} this is a long text which a small device \
    can hardly show in one line, \u{1f600}\u{1f601}\u{1f602} and which a person will hardly compare";
