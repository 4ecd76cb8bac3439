//! Hashes that other programs made (`foreign_hashes.json` names each with its version) are verified here: none of them
//! comes from our own code.

use std::collections::BTreeSet;

use itu_account::passwords::{ForeignHash, Refusal};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Vector {
    pub format: String,
    pub password: String,
    pub hash: String,
    pub source: String,
}

pub fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("foreign_hashes.json")).expect("the vectors")
}

/// Returns one hash of each format, of those that are quick.
pub fn one_of_each() -> Vec<Vector> {
    let mut seen = BTreeSet::new();
    let mut all = vectors();
    all.retain(|it| seen.insert(it.format.clone()));
    all
}

#[test]
fn every_hash_is_of_its_password_and_of_no_other() {
    for it in vectors() {
        let hash = ForeignHash::parse(&it.hash).unwrap_or_else(|why| panic!("{it:?}: {why}"));
        assert_eq!(hash.verify(it.password.as_bytes()), Ok(true), "{it:?}");
        let mut other = it.password.clone();
        other.insert(0, 'x');
        assert_eq!(hash.verify(other.as_bytes()), Ok(false), "{it:?}");
    }
    assert!(vectors().iter().all(|it| !it.source.is_empty()));
    let formats: BTreeSet<String> = vectors().into_iter().map(|it| it.format).collect();
    assert_eq!(formats.len(), 19, "{formats:?}");
}

#[test]
fn a_hash_that_was_cut_or_changed_is_not_of_its_password() {
    for it in vectors() {
        // bcrypt and yescrypt of the fixture are slow enough to be cut in a few places only.
        for cut in [1, 2, it.hash.len() / 2, it.hash.len() - 1] {
            let Ok(hash) = ForeignHash::parse(&it.hash[..cut]) else {
                continue;
            };
            let verified = hash.verify(it.password.as_bytes());
            assert_eq!(verified, Ok(false), "{} cut to {cut}", it.hash);
        }
    }
}

#[test]
fn what_would_take_too_long_or_too_much_memory_is_refused() {
    // PW-2
    let bcrypt = |cost: &str| format!("$2b${cost}$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW");
    assert!(ForeignHash::parse(&bcrypt("14")).is_ok());
    let b43 = "A".repeat(43);
    let costly = [
        bcrypt("15"),
        bcrypt("31"),
        format!("$6$rounds=999999999$abc${}", ".".repeat(86)),
        format!("$5$rounds=700001$abc${}", ".".repeat(43)),
        format!("$y$jC/$abcd${}", ".".repeat(43)).replace("jC/", "jDT"),
        format!("$pbkdf2-sha256$4294967295$c2FsdHNhbHQ${b43}"),
        format!("pbkdf2_sha256$2000001$salt${b43}="),
        format!("pbkdf2:sha256:2000001$salt${}", "0".repeat(64)),
        format!("{{PBKDF2-SHA256}}2000001$c2FsdHNhbHQ${b43}"),
        format!("$scrypt$ln=17,r=8,p=1$c2FsdHNhbHQ${b43}"),
        format!("$scrypt$ln=63,r=8,p=1$c2FsdHNhbHQ${b43}"),
        format!("scrypt:65536:8:5$salt${}", "0".repeat(128)),
        // The blocks that stand beside the large table: 128 MiB and 2 MiB of them, and 17 small ones.
        format!("$scrypt$ln=1,r=1,p=1048575$c2FsdHNhbHQ${b43}"),
        format!("$scrypt$ln=1,r=1024,p=16$c2FsdHNhbHQ${b43}"),
        format!("$scrypt$ln=1,r=1,p=17$c2FsdHNhbHQ${b43}"),
        format!("scrypt$1048576$salt$8$1${}==", "A".repeat(86)),
        format!("$argon2id$v=19$m=65537,t=1,p=1$c29tZXNhbHQ${b43}"),
        format!("$argon2i$v=19$m=65536,t=11,p=1$c29tZXNhbHQ${b43}"),
        format!("argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ${b43}"),
        format!("$P${}{}", 'I', ".".repeat(30)),
        format!("$S${}{}", 'S', ".".repeat(51)),
        // ASP.NET Identity, version 3, with 4,294,967,295 iterations.
        "AQAAAAH/////AAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==".to_owned(),
    ];
    for text in costly {
        let refused = ForeignHash::parse(&text);
        assert!(
            matches!(refused, Err(Refusal::Costly { .. })),
            "{text}: {refused:?}"
        );
    }
}

#[test]
fn the_dearest_scrypt_that_is_taken_over_is_verified() {
    // PW-2
    let b43 = "A".repeat(43);
    for parameters in [
        "ln=16,r=8,p=1",
        "ln=17,r=4,p=4",
        "ln=6,r=8192,p=1",
        "ln=8,r=512,p=16",
    ] {
        let hash = ForeignHash::parse(&format!("$scrypt${parameters}$c2FsdHNhbHQ${b43}"));
        let verified = hash.expect(parameters).verify(b"a password");
        assert_eq!(verified, Ok(false), "{parameters}");
    }
}

#[test]
fn what_is_no_hash_is_refused() {
    for text in [
        "",
        "plain",
        "$2x$05$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$2b$+5$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$1$28772684$iEwNOgGugqO9.bIz5sk8k/",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "!unusable",
        "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "pbkdf2:sha256$salt$00",
        "$pbkdf2-sha256$029000$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=0,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$y$zzzzzzzzzz$abcd$...........................................",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
        // ASP.NET Identity: a salt that is longer than the text.
        "AQAAAAEAACcQAAAA/wABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
        "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggE=",
    ] {
        let refused = ForeignHash::parse(text).expect_err(text);
        assert!(
            matches!(refused, Refusal::Unknown | Refusal::Malformed(_)),
            "{text}: {refused:?}"
        );
        // A refusal never repeats what it refuses: a report is read by many.
        assert!(text.len() < 12 || !refused.to_string().contains(text));
    }
    let pepper =
        "$argon2id$v=19$m=256,t=2,p=1,keyid=AAAAAAAA$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert!(matches!(ForeignHash::parse(pepper), Err(Refusal::Pepper)));
}

/// Changes a byte of a hash of the fixture, or makes a text that begins as one does.
fn nearly_a_hash() -> impl Strategy<Value = String> {
    let all: Vec<String> = vectors().into_iter().map(|it| it.hash).collect();
    let changed = (
        proptest::sample::select(all.clone()),
        any::<prop::sample::Index>(),
        any::<char>(),
    )
        .prop_map(|(hash, at, new)| {
            let at = at.index(hash.len());
            hash.chars()
                .enumerate()
                .map(|(place, old)| if place == at { new } else { old })
                .collect()
        });
    let begun = (proptest::sample::select(all), 1_usize..30, "[ -~]{0,120}")
        .prop_map(|(hash, from, rest)| format!("{}{rest}", &hash[..from.min(hash.len())]));
    prop_oneof![changed, begun, any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_text_panics_and_at_most_one_format_answers(text in nearly_a_hash()) {
        prop_assert!(ForeignHash::formats(&text) <= 1, "{}", text);
        let _ = ForeignHash::parse(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_taken_over_can_be_verified(text in nearly_a_hash()) {
        if let Ok(hash) = ForeignHash::parse(&text) {
            prop_assert_eq!(hash.verify(b"never the password").ok(), Some(false), "{}", text);
        }
    }
}
