//! Chooses the entries of the list out of the two sources, and makes the filter of them.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail, ensure};
use xorf::{BinaryFuse16, DmaSerializable, Filter as _};

use crate::{ENTRIES, fold, key};

/// The most that the filter may take in the binary.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// One in this many entries is in the sample that tests look up.
const SAMPLE: usize = 1_800;

/// The filter as it is written to its file, and the keys of a sample of its entries.
pub struct Made {
    pub filter: Vec<u8>,
    pub sample: Vec<u64>,
}

/// Makes the list: every entry of `common`; every entry of `leaked` that the rules would admit as a password; then of
/// `leaked` the most frequent ones, until the list is full. Both have one entry a line, the most frequent first.
pub fn make(common: &[u8], leaked: &[u8]) -> Result<Made> {
    let mut keys = Keys::default();
    entries(common).for_each(|it| keys.add(&it));
    entries(leaked)
        .filter(|it| would_be_admitted(it))
        .for_each(|it| keys.add(&it));
    for entry in entries(leaked) {
        if keys.ordered.len() == ENTRIES {
            break;
        }
        keys.add(&entry);
    }
    let keys = keys.ordered;
    ensure!(keys.len() == ENTRIES, "the sources have {} entries", keys.len());

    let filter = BinaryFuse16::try_from(&keys).map_err(anyhow::Error::msg)?;
    if let Some(lost) = keys.iter().find(|it| !filter.contains(it)) {
        bail!("the filter does not find {lost:016x}");
    }
    let mut bytes = vec![0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut bytes);
    bytes.extend_from_slice(filter.dma_fingerprints());
    ensure!(bytes.len() < MOST_BYTES, "the filter has {} bytes", bytes.len());
    Ok(Made {
        filter: bytes,
        sample: keys.into_iter().step_by(SAMPLE).collect(),
    })
}

/// Reads the keys of a sample, one a line.
pub fn read_sample(text: &str) -> Result<Vec<u64>> {
    text.lines()
        .map(|it| u64::from_str_radix(it, 16).with_context(|| format!("{it} is no key")))
        .collect()
}

/// The keys in the order in which they came, each once: a filter cannot be made of equal ones.
#[derive(Default)]
struct Keys {
    seen: HashSet<u64>,
    ordered: Vec<u64>,
}

impl Keys {
    fn add(&mut self, entry: &str) {
        let key = key(entry);
        if self.seen.insert(key) {
            self.ordered.push(key);
        }
    }
}

/// Returns the entries, folded. Those without a letter are left out, for the rules refuse them without a list; so are
/// the few that are no UTF-8.
fn entries(list: &[u8]) -> impl Iterator<Item = String> {
    list.split(|it| *it == b'\n')
        .map(|it| it.strip_suffix(b"\r").unwrap_or(it))
        .filter_map(|it| std::str::from_utf8(it).ok())
        .map(fold)
        .filter(|it| it.chars().any(char::is_alphabetic))
}

/// Returns `true` if the entry, with capitals where one likes, meets the rules of a password: nothing but the list
/// refuses it.
fn would_be_admitted(entry: &str) -> bool {
    entry.chars().count() >= 8
        && entry.chars().filter(|it| it.is_alphabetic()).count() >= 2
        && entry.chars().any(char::is_numeric)
        && entry.chars().any(|it| !it.is_alphanumeric())
}
