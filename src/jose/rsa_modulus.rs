//! Refuses RSA public keys that others than their owner could use (NIST SP 800-89 §5.3.3; security.md JW-6). Anybody
//! can factor a modulus with a small factor, and then sign as the client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const BITS: std::ops::RangeInclusive<u32> = 2048..=4096;
/// The limit below which a modulus has no factor (NIST SP 800-89 §5.3.3 b).
const SMALL: u32 = 752;

/// Checks `n` and `e` of a JWK (RFC 7518 §6.3.1).
pub(super) fn check(modulus: &str, exponent: &str) -> Result<(), String> {
    if exponent != "AQAB" {
        return Err("the exponent of an RSA key is 65537".into());
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(modulus)
        .map_err(|_| "the modulus of an RSA key is base64url")?;
    let modulus = &bytes[bytes.iter().take_while(|it| **it == 0).count()..];
    let bits = modulus
        .first()
        .map_or(0, |first| modulus.len() as u32 * 8 - first.leading_zeros());
    if !BITS.contains(&bits) {
        return Err("an RSA key has 2048 to 4096 bits".into());
    }
    let is_odd = modulus.last().is_some_and(|it| it % 2 == 1);
    if !is_odd
        || PRODUCTS
            .iter()
            .any(|it| have_common_factor(remainder(modulus, *it), *it))
    {
        return Err("the modulus of an RSA key is odd and has no small factor".into());
    }
    Ok(())
}

fn remainder(big_endian: &[u8], divisor: u32) -> u32 {
    let divisor = u64::from(divisor);
    let whole = big_endian
        .iter()
        .fold(0, |rest: u64, byte| (rest << 8 | u64::from(*byte)) % divisor);
    whole as u32
}

fn have_common_factor(mut a: u32, mut b: u32) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a != 1
}

/// The odd primes below `SMALL`, multiplied together as far as 32 bits hold them: one division tests several.
static PRODUCTS: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let is_prime = |number: &u32| {
        (3..*number)
            .take_while(|by| by * by <= *number)
            .all(|by| !number.is_multiple_of(by))
    };
    let mut products = vec![1_u32];
    for prime in (3..SMALL).step_by(2).filter(is_prime) {
        match products
            .last_mut()
            .and_then(|last| Some((last.checked_mul(prime)?, last)))
        {
            Some((product, last)) => *last = product,
            None => products.push(prime),
        }
    }
    products
});

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(mut modulus: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> String {
        change(&mut modulus);
        URL_SAFE_NO_PAD.encode(modulus)
    }

    /// Returns `factor` times a number, in so many bytes.
    fn multiple_of(factor: u32, bytes: usize) -> Vec<u8> {
        let mut carry = 0_u64;
        let mut product: Vec<u8> = std::iter::repeat_n(0xa7_u8, bytes)
            .map(|byte| {
                let sum = u64::from(byte) * u64::from(factor) + carry;
                carry = sum >> 8;
                sum as u8
            })
            .collect();
        product.extend(carry.to_le_bytes().into_iter().take_while(|it| *it != 0));
        product.reverse();
        product
    }

    #[test]
    fn a_modulus_is_odd_of_some_length_and_has_no_small_factor() {
        // JW-6
        let key = josekit::jwk::Jwk::generate_rsa_key(2048).unwrap();
        let good = URL_SAFE_NO_PAD
            .decode(key.parameter("n").unwrap().as_str().unwrap())
            .unwrap();
        assert_eq!(check(&encoded(good.clone(), |_| {}), "AQAB"), Ok(()));
        assert!(check(&encoded(good.clone(), |_| {}), "Aw").is_err());
        assert!(check(&encoded(good.clone(), |it| it[255] &= 0xfe), "AQAB").is_err());
        // Twice a good one has no factor but two that is small.
        let twice = encoded(good.clone(), |modulus| {
            let carried: Vec<u8> = modulus.iter().skip(1).chain([&0]).map(|next| next >> 7).collect();
            modulus
                .iter_mut()
                .zip(carried)
                .for_each(|(byte, carry)| *byte = *byte << 1 | carry);
            modulus.insert(0, 1);
        });
        assert!(check(&twice, "AQAB").is_err());
        assert!(check(&encoded(good.clone(), |it| it[0] &= 0x7f), "AQAB").is_err());
        assert!(check(&encoded(good, |it| it.extend([1; 257])), "AQAB").is_err());
        assert!(check("", "AQAB").is_err() && check("%%", "AQAB").is_err());
        for prime in [3, 5, 7, 11, 13, 257, 743, 751] {
            let composite = multiple_of(prime, 260);
            assert!(composite.last().unwrap() % 2 == 1, "{prime}");
            assert!(
                check(&URL_SAFE_NO_PAD.encode(&composite), "AQAB").is_err(),
                "{prime}"
            );
        }
        assert_eq!(
            PRODUCTS
                .iter()
                .map(|it| u64::from(*it))
                .fold(0, |n, it| n + u64::from(it > 1)),
            PRODUCTS.len() as u64
        );
    }
}
