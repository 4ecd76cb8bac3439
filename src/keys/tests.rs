//! Tests of the keyring: signatures, publication, and the content of the files.

use std::path::Path;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Error, Keyring};
use crate::clock::Clock;
use crate::config::{Config, Issuer};
use crate::domain::client::SigningAlg;
use crate::domain::signing_key::{Family, SigningKey};
use crate::jose::ClientKeys;
use crate::jose::jws::verify;
use crate::jose::tests::{ASSERTION, assertion};

fn config(directory: &Path) -> Config {
    let issuer = Issuer::parse("http://localhost:8080").unwrap();
    Config::local(issuer, ([127, 0, 0, 1], 0).into(), directory)
}

pub(crate) struct Ring {
    _directory: tempfile::TempDir,
    config: Config,
    clock: Clock,
    pub(crate) keys: Keyring,
    rows: Vec<SigningKey>,
}

pub(crate) fn ring() -> Ring {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let clock = Clock::frozen(Clock::System.now());
    let keys = Keyring::load(&config, clock.clone()).unwrap();
    let now = clock.now();
    let rows: Vec<_> = Family::ALL.map(|it| keys.generate(it, now, now).unwrap()).into();
    keys.refresh(1, rows.clone()).unwrap();
    Ring {
        _directory: directory,
        config,
        clock,
        keys,
        rows,
    }
}

#[test]
fn every_algorithm_signs_what_others_verify() {
    let ring = ring();
    let others = ClientKeys::parse(&ring.keys.jwks()).unwrap();
    for alg in SigningAlg::ALL {
        let token = assertion(&ring, *alg, &json!({"sub": "a", "exp": 1}));
        assert_eq!(verify(&token, &others, ASSERTION).unwrap()["sub"], "a");
        assert_eq!(
            ring.keys.verify_own(&token, "client-authentication+jwt").unwrap()["sub"],
            "a"
        );
        assert_eq!(ring.keys.verify_own(&token, "JWT"), None); // JW-4
    }
}

#[test]
fn the_published_keys_hold_nothing_private() {
    let ring = ring();
    let text = ring.keys.jwks().to_string();
    for member in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\"", "\"k\""] {
        assert!(!text.contains(member), "{member}"); // JW-7
    }
}

#[test]
fn files_are_private_and_sealed() {
    use std::os::unix::fs::PermissionsExt;
    let ring = ring();
    let files: Vec<_> = std::fs::read_dir(&ring.config.keys.directory)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    assert_eq!(files.len(), 4);
    for file in &files {
        assert_eq!(
            std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        ); // ST-4
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("\"kty\"")); // JW-7
    }
    // Another node reads the keys again, and refuses them when others may read the file.
    let again = Keyring::load(&ring.config, ring.clock.clone()).unwrap();
    again.refresh(1, ring.rows.clone()).unwrap();
    assert_eq!(again.jwks(), ring.keys.jwks());
    std::fs::set_permissions(&files[0], std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused =
        Keyring::load(&ring.config, ring.clock.clone()).and_then(|it| it.refresh(1, ring.rows.clone()));
    assert!(matches!(refused, Err(Error::Unsafe(_)))); // ST-4
}

#[test]
fn another_master_key_opens_nothing() {
    let ring = ring();
    std::fs::remove_file(ring.config.keys.master_key_file()).unwrap();
    let other = Keyring::load(&ring.config, ring.clock.clone()).unwrap();
    assert!(matches!(
        other.refresh(1, ring.rows.clone()),
        Err(Error::Sealed { .. })
    )); // JW-7
}

#[test]
fn a_new_key_is_announced_then_signs_and_the_old_one_stays_for_a_while() {
    let ring = ring();
    let kid_of = |token: &str| -> String {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let published = || ring.keys.jwks()["keys"].as_array().unwrap().len();
    let now = ring.clock.now();
    let new = ring
        .keys
        .generate(Family::P256, now, now + Duration::from_hours(24))
        .unwrap();
    let mut rows = ring.rows.clone();
    rows.push(new.clone());
    ring.keys.refresh(2, rows).unwrap();

    let old = assertion(&ring, SigningAlg::ES256, &json!({}));
    assert_ne!(kid_of(&old), new.kid); // JW-6: published 24 h before use
    assert_eq!(published(), 4);
    ring.clock.advance(chrono::Duration::hours(24));
    assert_eq!(kid_of(&assertion(&ring, SigningAlg::ES256, &json!({}))), new.kid); // JW-6
    assert!(ring.keys.verify_own(&old, "client-authentication+jwt").is_some());
    ring.clock
        .advance(chrono::Duration::hours(24) + chrono::Duration::minutes(10));
    assert_eq!(published(), 3); // JW-6: kept until the last token has expired plus 24 h
    assert!(ring.keys.verify_own(&old, "client-authentication+jwt").is_none());
}
