//! Tests every verifier of signed input from outside with mutations in every place: nothing panics, and nothing mutated
//! is believed (security.md G-11, JW-1 to JW-3). `TEST_FUZZ_EXECUTIONS` says how many mutations each test tries; by
//! default a few thousand, so that a regression is seen with every change.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{Signer, TestOp};
use itu_account::clock::from_unix;
use itu_account::domain::ClientId;
use itu_account::domain::client::{Profile, SigningAlg};
use itu_account::jose;
use itu_account::jose::{ClientKeys, jws::Expect};
use itu_account::oidc::client_authentication::private_key_jwt::{Expected, check};

const ALGS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

#[expect(
    clippy::disallowed_methods,
    reason = "how long a test lasts is no setting of the product"
)]
fn executions() -> u64 {
    let set = std::env::var("TEST_FUZZ_EXECUTIONS").ok();
    set.map_or(4_000, |it| it.parse().expect("a number"))
}

/// SplitMix64: the mutations are equal in every run, so that a failure can be reproduced.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).expect("below a usize")
    }

    fn of<'a, T: ?Sized>(&mut self, many: &[&'a T]) -> &'a T {
        many[self.below(many.len())]
    }
}

/// Pieces that have a meaning in JSON or JOSE.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    ".",
    "..",
    "null",
    "-1",
    "1e999",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\"alg\":\"none\"",
    "\"crit\":[\"x\"]",
    "\"exp\":1.5",
    "\"kid\":[]",
    "\"jwk\":{}",
    "=",
    "-_",
    "\n",
    "é",
];

/// Applies one to four mutations to a text: pieces cut out, doubled, put in, bytes changed.
fn harmed(text: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(letters.len() + 1);
        let end = (at + dice.below(24)).min(letters.len());
        match dice.below(6) {
            0 => drop(letters.drain(at..end)),
            1 => {
                let again = letters[at..end].to_vec();
                letters.splice(at..at, again);
            }
            2 => drop(letters.splice(at..at, dice.of(&PIECES).chars()).count()),
            3 if at < letters.len() => {
                letters[at] = char::from(u8::try_from(dice.below(128)).expect("ASCII"))
            }
            4 => drop(letters.splice(at..end, dice.of(&PIECES).chars()).count()),
            _ => letters.truncate(end.max(1)),
        }
    }
    letters.into_iter().collect()
}

/// Mutates the compact form itself, or the JSON inside one of its parts.
fn harmed_jwt(jwt: &str, dice: &mut Dice) -> String {
    let part = dice.below(4);
    if part == 3 {
        return harmed(jwt, dice);
    }
    let mut parts: Vec<String> = jwt.split('.').map(str::to_owned).collect();
    let json = URL_SAFE_NO_PAD.decode(&parts[part]).expect("our own");
    parts[part] = match String::from_utf8(json) {
        Ok(json) => URL_SAFE_NO_PAD.encode(harmed(&json, dice)),
        Err(_) => harmed(&parts[part], dice),
    };
    parts.join(".")
}

fn signed_part(jwt: &str) -> &str {
    jwt.rsplit_once('.').map_or("", |it| it.0)
}

/// Mutates `jwts` as often as `executions` says, and requires that everything still believed is what was signed.
fn try_all(seed: u64, jwts: &[String], believed: impl Fn(&str) -> Option<Value>) {
    let mut dice = Dice(seed);
    let originals: Vec<Value> = jwts.iter().map(|it| believed(it).expect("a good one")).collect();
    for _ in 0..executions() {
        let which = dice.below(jwts.len());
        let harmed = harmed_jwt(&jwts[which], &mut dice);
        if let Some(claims) = believed(&harmed) {
            assert_eq!(signed_part(&harmed), signed_part(&jwts[which]), "{harmed}");
            assert_eq!(claims, originals[which], "{harmed}");
        }
    }
}

fn claims() -> Value {
    json!({"iss": "rp", "sub": "rp", "aud": "https://account.example.test", "jti": "1", "iat": 1_800_000_000,
        "exp": 1_800_000_060, "response_type": "code", "scope": "openid", "claims": {"userinfo": {"name": null}}})
}

#[test]
fn request_objects_and_assertions() {
    let signers = ALGS.map(Signer::new);
    let jwks: Vec<Value> = signers.iter().map(Signer::public).collect();
    let keys = ClientKeys::parse(&json!({ "keys": jwks })).expect("keys");
    let jwts: Vec<String> = signers.iter().map(|it| it.signs(&claims())).collect();
    let expect = Expect {
        algs: SigningAlg::ALL,
        typ: "oauth-authz-req+jwt",
        plain: true,
    };
    try_all(1, &jwts, |it| jose::jws::verify(it, &keys, expect).ok());
}

#[test]
fn proofs_of_possession() {
    let jwts = ["ES256", "PS256", "EdDSA"].map(|alg| {
        let signer = Signer::new(alg);
        signer.signs_as(
            &json!({"typ": "dpop+jwt", "alg": alg, "jwk": signer.public()}),
            &json!({"htm": "POST", "htu": "https://account.example.test/token", "jti": "1", "iat": 1_800_000_000}),
        )
    });
    let expect = Expect {
        algs: SigningAlg::ALL,
        typ: "dpop+jwt",
        plain: false,
    };
    try_all(2, &jwts, |jwt| {
        jose::verify_embedded(jwt, expect).ok().map(|it| it.claims)
    });
}

#[tokio::test]
async fn hints() {
    let op = TestOp::start().await;
    let keys = &op.app.keys;
    let jwts: Vec<String> = SigningAlg::ALL
        .iter()
        .map(|alg| keys.sign(*alg, "JWT", &claims()).expect("signed"))
        .collect();
    try_all(3, &jwts, |it| keys.verify_own(it, "JWT"));
}

#[test]
fn unsigned_request_objects() {
    let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    let jwt = format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims()));
    let mut dice = Dice(4);
    for _ in 0..executions() {
        let harmed = harmed_jwt(&jwt, &mut dice);
        if jose::jws::unsigned(&harmed).is_ok() {
            assert!(
                harmed.ends_with('.') && harmed.matches('.').count() == 2,
                "{harmed}"
            );
        }
    }
}

#[test]
fn claims_of_assertions() {
    let now = from_unix(1_800_000_000).expect("a time");
    let client_id = ClientId::new("rp");
    let mut dice = Dice(5);
    let mut good = claims();
    good.as_object_mut().expect("an object").remove("response_type"); // JW-4: only a request object has it
    let text = good.to_string();
    for _ in 0..executions() {
        let harmed = harmed(&text, &mut dice);
        let Some(read) = jose::strict_object(harmed.as_bytes()) else {
            continue;
        };
        let read = Value::Object(read);
        for profile in [Profile::Oidc, Profile::Fapi2] {
            let expected = Expected {
                client_id: &client_id,
                profile,
                issuer: "https://account.example.test",
                endpoints: &["https://account.example.test/token".to_owned()],
                now,
                remembered_since: now - chrono::Duration::minutes(5),
            };
            if check(&read, &expected).is_ok() {
                assert!(read["iss"] == "rp" && read["sub"] == "rp", "{harmed}");
                assert!(read["exp"].is_i64() && read["jti"].is_string(), "{harmed}");
            }
        }
    }
}

#[test]
fn keys_that_are_registered() {
    let keys: Vec<String> = ALGS
        .map(|alg| json!({ "keys": [Signer::new(alg).public()] }).to_string())
        .into();
    let mut dice = Dice(6);
    for _ in 0..executions() {
        let harmed = harmed(&keys[dice.below(keys.len())], &mut dice);
        let Ok(set) = serde_json::from_str::<Value>(&harmed) else {
            continue;
        };
        if let Err(reason) = ClientKeys::parse(&set) {
            assert!(!reason.is_empty());
        }
    }
}
