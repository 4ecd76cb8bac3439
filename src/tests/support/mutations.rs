//! Mutates the parameters of a request: drops, doubles, empties, swaps, stretches and replaces them. The tests of
//! abuse use it.

use proptest::prelude::*;

use itu_account::oidc::Code;

/// Every name that has a meaning, some that have none, and the client's own.
const NAMES: [&str; 42] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "display",
    "max_age",
    "claims",
    "claims_locales",
    "id_token_hint",
    "login_hint",
    "ui_locales",
    "acr_values",
    "request",
    "request_uri",
    "registration",
    "dpop_jkt",
    "authorization_details",
    "code_verifier",
    "extra",
    "resource",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "grant_type",
    "code",
    "refresh_token",
    "device_code",
    "user_code",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "audience",
    "auth_req_id",
    "",
];

/// Returns a value for one of them: a word that fits somewhere, or anything.
fn value() -> impl Strategy<Value = String> {
    let words = [
        "",
        " ",
        "code",
        "id_token",
        "token",
        "code id_token token",
        "none",
        "login consent",
        "none login",
        "query",
        "fragment",
        "form_post",
        "jwt",
        "query.jwt",
        "form_post.jwt",
        "openid",
        "admin",
        "S256",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "plain",
        "0",
        "-1",
        "18446744073709551616",
        "{}",
        "[]",
        r#"{"id_token":{"sub":{"value":"x"}}}"#,
        "null",
        r#"[{"type":"order","document":"x"}]"#,
        r#"[{"type":"order"}]"#,
        "https://api.example",
        "urn:ietf:params:oauth:token-type:access_token",
        "rp",
        "other",
        "https://rp.example.test/callback",
        "https://rp.example.test/callback/",
        "https://evil.example.test/",
        "//evil.example.test",
        "javascript:alert(1)",
        "urn:ietf:params:oauth:request_uri:x",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
        "a.b.c.d.e",
        "\u{0}",
        "\"\\\r\n",
        "\u{202e}é𝔘",
    ];
    prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => ("[ -~]{1,8}", 1..600_usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

#[derive(Clone, Debug)]
pub enum Mutation {
    Dropped(&'static str),
    Doubled(&'static str),
    Emptied(&'static str),
    Swapped(&'static str, &'static str),
    Stretched(&'static str, usize),
    Replaced(&'static str, String),
}

pub fn mutation() -> impl Strategy<Value = Mutation> {
    let name = || prop::sample::select(NAMES.to_vec());
    prop_oneof![
        name().prop_map(Mutation::Dropped),
        name().prop_map(Mutation::Doubled),
        name().prop_map(Mutation::Emptied),
        (name(), name()).prop_map(|(one, other)| Mutation::Swapped(one, other)),
        (name(), 2..900_usize).prop_map(|(name, times)| Mutation::Stretched(name, times)),
        (name(), value()).prop_map(|(name, value)| Mutation::Replaced(name, value)),
        (name(), value()).prop_map(|(name, value)| Mutation::Replaced(name, value)),
    ]
}

pub type Pairs = Vec<(String, String)>;

pub fn mutate(pairs: &mut Pairs, mutation: &Mutation) {
    let at = |pairs: &Pairs, name: &str| pairs.iter().position(|it| it.0 == name);
    match mutation {
        Mutation::Dropped(name) => pairs.retain(|it| it.0 != *name),
        Mutation::Doubled(name) => {
            let again = pairs.iter().find(|it| it.0 == *name).cloned();
            pairs.push(again.unwrap_or_else(|| ((*name).to_owned(), "x".to_owned())));
        }
        Mutation::Emptied(name) => {
            pairs.retain(|it| it.0 != *name);
            pairs.push(((*name).to_owned(), String::new()));
        }
        Mutation::Swapped(one, other) => {
            if let (Some(one), Some(other)) = (at(pairs, one), at(pairs, other)) {
                let value = std::mem::take(&mut pairs[one].1);
                pairs[one].1 = std::mem::replace(&mut pairs[other].1, value);
            }
        }
        Mutation::Stretched(name, times) => {
            if let Some(at) = at(pairs, name) {
                pairs[at].1 = pairs[at].1.repeat(*times);
            }
        }
        Mutation::Replaced(name, value) => {
            pairs.retain(|it| it.0 != *name);
            pairs.push(((*name).to_owned(), value.clone()));
        }
    }
}

pub fn is_of_the_standard(code: &str) -> bool {
    Code::ALL.iter().any(|it| it.as_str() == code)
        && !["server_error", "temporarily_unavailable"].contains(&code)
}

/// Returns `true` if the description has only the characters of RFC 6749 §4.1.2.1.
pub fn is_plain(description: &str) -> bool {
    description
        .bytes()
        .all(|it| matches!(it, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}
