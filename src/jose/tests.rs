//! Tests which JWS and keys of clients are accepted, and that nothing encrypted is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::ClientKeys;
use super::jwe::{self, Content};
use super::jws::{Expect, Refusal, verify};
use crate::domain::client::{ContentEncryption, Encryption, EncryptionAlg, SigningAlg};
use crate::keys::tests::{Ring, ring};

pub(crate) fn assertion(ring: &Ring, alg: SigningAlg, claims: &Value) -> String {
    ring.keys.sign(alg, "client-authentication+jwt", claims).unwrap()
}

pub(crate) const ASSERTION: Expect<'_> = Expect {
    algs: SigningAlg::ALL,
    typ: "client-authentication+jwt",
    plain: true,
};

#[test]
fn what_a_client_sends_is_refused_unless_it_is_exactly_right() {
    let ring = ring();
    let keys = ClientKeys::parse(&ring.keys.jwks()).unwrap();
    let good = assertion(&ring, SigningAlg::ES256, &json!({"sub": "a"}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let with_header = |header: Value| {
        format!(
            "{}.{claims}.{signature}",
            URL_SAFE_NO_PAD.encode(header.to_string())
        )
    };
    let kid =
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()["kid"].clone();

    let refused = |jws: &str| verify(jws, &keys, ASSERTION).expect_err(jws);
    assert_eq!(refused(&with_header(json!({"alg": "none"}))), Refusal::Malformed); // JW-1
    assert_eq!(
        refused(&with_header(json!({"alg": "HS256", "kid": kid}))),
        Refusal::Malformed
    ); // JW-2
    assert_eq!(
        refused(&with_header(json!({"alg": "ES256", "kid": kid, "crit": ["x"]}))),
        Refusal::Malformed
    ); // JW-3
    assert_eq!(
        refused(&with_header(json!({"alg": "ES256", "kid": 1}))),
        Refusal::Malformed
    ); // JW-3
    assert_eq!(
        refused(&with_header(json!({"alg": "ES256", "kid": "other"}))),
        Refusal::UnknownKey
    ); // JW-2
    assert_eq!(
        refused(&with_header(json!({"alg": "ES256", "typ": "at+jwt"}))),
        Refusal::Type
    ); // JW-4
    assert_eq!(
        refused(&with_header(json!({"alg": "ES256", "kid": kid, "x": 1}))),
        Refusal::Signature
    );
    assert_eq!(refused(&format!("{good}.a.b")), Refusal::Malformed); // JW-1
    assert_eq!(refused(&format!("{header}.{claims}.")), Refusal::Signature);
    assert_eq!(refused(&format!("{good}=")), Refusal::Malformed);
    assert_eq!(
        refused(&assertion(
            &ring,
            SigningAlg::ES256,
            &json!({"pad": "x".repeat(8200)})
        )),
        Refusal::Malformed
    ); // JW-1
    assert_eq!(
        refused(&assertion(&ring, SigningAlg::ES256, &json!({"exp": "1"}))),
        Refusal::Claims
    ); // JW-3
    let only_rsa = Expect {
        algs: &[SigningAlg::RS256],
        ..ASSERTION
    };
    assert_eq!(verify(&good, &keys, only_rsa), Err(Refusal::Algorithm)); // JW-2
}

#[test]
fn a_clients_keys_are_public_strong_and_distinct() {
    let ring = ring();
    let jwks = ring.keys.jwks();
    let find = |kty: &str| {
        jwks["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["kty"] == kty)
            .unwrap()
            .clone()
    };
    let with = |mut key: Value, member: &str, value: Value| {
        key[member] = value;
        ClientKeys::parse(&json!({"keys": [key]}))
    };
    assert!(with(find("EC"), "d", json!("AA")).is_err()); // JW-6
    assert!(with(find("RSA"), "e", json!("Aw")).is_err()); // JW-6: exponent 65537
    assert!(with(find("RSA"), "n", json!(URL_SAFE_NO_PAD.encode([0xff; 128]))).is_err()); // JW-6: 2048 bits
    let off_curve = find("EC")["x"].clone();
    assert!(with(find("EC"), "y", off_curve).is_err()); // JW-6: points of the curve
    assert!(ClientKeys::parse(&json!({"keys": [{"kty": "oct", "k": "AAAA"}]})).is_err()); // JW-2
    assert!(ClientKeys::parse(&json!({"keys": [find("EC"), find("EC")]})).is_err());
    assert!(ClientKeys::parse(&json!({"keys": vec![find("EC"); 17]})).is_err()); // DR-3
    assert!(ClientKeys::parse(&json!({})).is_err());
    assert!(with(find("EC"), "use", json!("enc")).unwrap().is_empty());
}

#[test]
fn a_key_to_encrypt_to_is_of_the_right_kind_use_and_size() {
    let jwks = ring().keys.jwks();
    let find = |kty: &str| {
        let keys = jwks["keys"].as_array().unwrap();
        let mut key = keys.iter().find(|it| it["kty"] == kty).unwrap().clone();
        let members = key.as_object_mut().unwrap();
        for name in ["use", "alg", "kid"] {
            members.remove(name);
        }
        key
    };
    let with = |kty: &str, more: Value| {
        let mut key = find(kty);
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        ClientKeys::parse(&json!({"keys": [key]}))
    };
    let (rsa, ecdh) = (EncryptionAlg::RsaOaep256, EncryptionAlg::EcdhEs);
    for (kty, alg, other) in [("RSA", rsa, ecdh), ("EC", ecdh, rsa)] {
        for good in [
            json!({}),
            json!({"use": "enc"}),
            json!({"alg": alg.as_str()}),
            json!({"key_ops": ["wrapKey", "deriveKey"]}),
        ] {
            let keys = with(kty, good.clone()).unwrap();
            assert!(keys.can_be_encrypted_to_by(alg), "{kty} {good}");
            assert!(!keys.can_be_encrypted_to_by(other), "{kty} {good}");
        }
        for unfit in [
            json!({"use": "sig"}),
            json!({"alg": other.as_str()}),
            json!({"use": "enc", "alg": "RSA1_5"}),
            json!({"key_ops": ["verify"]}),
        ] {
            assert!(
                !with(kty, unfit.clone()).unwrap().can_be_encrypted_to_by(alg),
                "{kty} {unfit}"
            );
        }
    }
    let short = json!(URL_SAFE_NO_PAD.encode([0xff; 128]));
    for (kty, bad) in [
        ("RSA", json!({"use": "enc", "n": short})),
        ("RSA", json!({"use": "enc", "e": "Aw"})),
        ("RSA", json!({"key_ops": "encrypt"})),
        ("EC", json!({"use": "enc", "y": find("EC")["x"]})),
    ] {
        assert!(with(kty, bad.clone()).is_err(), "{kty} {bad}"); // JW-6
    }
    // The set has a key of each use under one name (RFC 7517 §4.5), and the one that is for it is taken.
    let mut two = [find("EC"), find("EC")];
    for (key, purpose) in two.iter_mut().zip(["sig", "enc"]) {
        key["use"] = purpose.into();
        key["kid"] = "a".into();
    }
    let keys = ClientKeys::parse(&json!({ "keys": two })).unwrap();
    assert!(keys.can_be_encrypted_to_by(ecdh) && keys.can_sign_by(&[SigningAlg::ES256]));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]

    /// Checks JW-1: an encrypted object is refused, whoever encrypted it.
    #[test]
    fn what_is_encrypted_out_is_refused_in(content in "[ -~]{0,200}", enc in 0..4usize) {
        let ring = ring();
        let mut public = ring.keys.jwks();
        for key in public["keys"].as_array_mut().unwrap() {
            let members = key.as_object_mut().unwrap();
            for name in ["use", "alg"] {
                members.remove(name);
            }
        }
        let keys = ClientKeys::parse(&public).unwrap();
        for alg in EncryptionAlg::ALL {
            let how = Encryption { alg: *alg, enc: ContentEncryption::ALL[enc] };
            let sealed = jwe::encrypt(Content::Jws(&content), &keys, how).unwrap().unwrap();
            proptest::prop_assert!(ring.keys.verify_own(&sealed, "JWT").is_none());
            let expect = Expect { algs: SigningAlg::ALL, typ: "JWT", plain: true };
            proptest::prop_assert_eq!(verify(&sealed, &keys, expect).unwrap_err(), Refusal::Malformed);
        }
    }
}
