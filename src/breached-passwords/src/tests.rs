//! Tests the list as it is compiled in: what it has to find, and how seldom it finds anything else.

use crate::{contains, fold, key, making};

fn is_on_it(text: &str) -> bool {
    contains(key(&fold(text)))
}

/// Returns numbers that are the same in every run: SplitMix64 (Steele, Lea, Flood 2014).
fn numbers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = state;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }
}

#[test]
fn what_everybody_knows_is_on_the_list() {
    // PW-1
    for text in [
        "password",
        "Password1",
        "qwertyuiop",
        "iloveyou",
        "Letmein",
        "trustno1",
        "P@ssw0rd",
        "!QAZ2wsx",
        "John3:16",
        "Blink-182",
        "３edc#EDC",
        "monkey",
        "dragon123",
    ] {
        assert!(is_on_it(text), "{text}");
    }
    for text in ["Tulip-lamp-42", "correct horse battery staple 42", "Vx7#kQ2!mw9Z"] {
        assert!(!is_on_it(text), "{text}");
    }
}

/// Tests the making without its sources: their entries are insults and people's names, so that only the keys of a
/// sample are kept here.
#[test]
fn each_entry_of_the_sample_is_found() {
    let sample = making::read_sample(include_str!("../sample.keys")).expect("keys");
    assert_eq!(sample.len(), 1_000);
    assert_eq!(sample[0], key("password")); // 123456, the first of the source, has no letter
    let lost = sample.iter().filter(|it| !contains(**it)).count();
    assert_eq!(lost, 0);
}

#[test]
fn fewer_than_one_in_a_thousand_other_texts_is_found() {
    // PW-1
    const TEXTS: usize = 200_000;
    let mut next = numbers(20_261_129);
    let found = (0..TEXTS)
        .filter(|_| contains(key(&format!("{:016x}-x", next()))))
        .count();
    // 2^-16 of them are 3.
    assert!((1..=12).contains(&found), "{found} of {TEXTS}");
}

#[test]
fn a_key_is_the_head_of_sha_256() {
    // FIPS 180-4, the example "abc"
    assert_eq!(key("abc"), 0xba78_16bf_8f01_cfea);
}
