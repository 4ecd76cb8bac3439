//! Does the work that a page asks of a browser, as `templates/assets/work.js` does.

use openssl::sha::{Sha256, sha256};

use super::{Form, Page};

/// Returns the challenge of the page's form.
pub fn challenge(page: &Page) -> String {
    let challenge = page.attribute_of("input[name=work]", "data-challenge");
    challenge.unwrap_or_else(|| panic!("{} asks for no work", page.url))
}

/// Solves a challenge, as hard as it says.
pub fn solve(challenge: &str) -> String {
    let (bits, _) = challenge.split_once('.').expect("bits first");
    solve_with(challenge, bits.parse().expect("a number"))
}

/// Solves a challenge with so many zero bits.
pub fn solve_with(challenge: &str, bits: u32) -> String {
    let prefix = sha256(challenge.as_bytes());
    let counters = (0..16_u32).map(|part| {
        let mut counters = 0..u32::MAX;
        let found = counters.find(|counter| {
            let mut hash = Sha256::new();
            hash.update(&prefix);
            hash.update(&part.to_be_bytes());
            hash.update(&counter.to_be_bytes());
            let hash = hash.finish();
            u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).leading_zeros() >= bits
        });
        format!("{:x}", found.expect("a counter"))
    });
    format!("{challenge}~{}", counters.collect::<Vec<_>>().join("."))
}

impl Form {
    /// Adds the solution of the page's challenge.
    pub fn with_work(self, page: &Page) -> Self {
        self.with("work", &solve(&challenge(page)))
    }
}
