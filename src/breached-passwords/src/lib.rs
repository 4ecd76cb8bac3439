//! The list of breached passwords that the product contains: 1.8 million entries of two public frequency lists, as a
//! filter that is compiled in. `build` beside `src` makes it, and says where the entries come from.
//!
//! A filter holds no entry in a readable form. It finds each of them, and about one in 65,536 other texts too. It knows
//! nothing of the rules of a password: what is compared with it is decided where those rules are.

pub mod making;
#[cfg(test)]
mod tests;

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use xorf::{BinaryFuse16Ref, DmaSerializable, Filter as _, FilterRef as _};

/// The entries of the list.
pub const ENTRIES: usize = 1_800_000;

/// Aligns the fingerprints, which are numbers of 16 bits and follow the descriptor's 20 bytes.
#[repr(C, align(4))]
struct Aligned<Bytes: ?Sized>(Bytes);

static FILTER: &Aligned<[u8]> = &Aligned(*include_bytes!("../list.filter"));

// The file has its numbers as a little-endian processor has them in memory.
const _: () = assert!(cfg!(target_endian = "little"), "the list cannot be read here");

/// Folds a text as it is compared with the list: full-width letters are letters, capitals too.
pub fn fold(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// Returns the number that stands for a folded text: the first 64 bits of its SHA-256. Whoever reads a file with them
/// in another language computes the same.
pub fn key(folded: &str) -> u64 {
    let digest = Sha256::digest(folded.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

/// Returns `true` if the text with this key is an entry, and by chance for one in 65,536 others.
pub fn contains(key: u64) -> bool {
    let (descriptor, fingerprints) = FILTER.0.split_at(xorf::BinaryFuse16::DESCRIPTOR_LEN);
    BinaryFuse16Ref::from_dma(descriptor, fingerprints).contains(&key)
}
