//! PINs of the staff: what one must be, and its hash, which is all that is kept of it.

use std::fs;
use std::io::{self, Read};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// Fewest digits of a PIN. A list that is stolen gives short ones away whatever their hash: at
/// the kiosk and at the terminal the lock-out protects them.
pub const PIN_DIGITS_MIN: usize = 6;

/// Most digits of a PIN: what a person types at a number pad without a slip.
pub const PIN_DIGITS_MAX: usize = 12;

/// Memory of one hash, in KiB: the second of the pairs that OWASP's Password Storage Cheat Sheet
/// names for argon2id, with [`ROUNDS`].
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory.
const ROUNDS: u32 = 2;

/// Most memory that a hash of the list may ask for, in KiB: the daemon checks PINs too, and must
/// not be made to run out of it.
pub const PIN_MEMORY_KIB_MAX: u32 = 64 * 1024;

/// Most passes that a hash of the list may ask for: some seconds, with the most memory.
pub const PIN_ROUNDS_MAX: u32 = 10;

/// Bytes of the salt: argon2's own recommendation.
const SALT_BYTES: usize = 16;

/// Why there is no hash of a PIN.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// It is none.
    #[error("a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits and nothing else")]
    Digits,
    /// It is among the first that anybody tries.
    #[error("this PIN is easily guessed: not one digit again and again, and not counting")]
    Guessed,
    /// The system gave no random bytes.
    #[error("cannot get random bytes")]
    Random(#[source] io::Error),
    /// The hash was not made.
    #[error("cannot hash the PIN: {0}")]
    Hash(String),
}

/// Whether a PIN may be one.
///
/// # Errors
/// [`PinError::Digits`] or [`PinError::Guessed`].
pub fn check(pin: &str) -> Result<(), PinError> {
    let length = PIN_DIGITS_MIN..=PIN_DIGITS_MAX;
    if !length.contains(&pin.len()) || !pin.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(PinError::Digits);
    }
    // From nine on counting goes on at nought.
    let next = |digit: u8| {
        if digit == b'9' {
            b'0'
        } else {
            digit.saturating_add(1)
        }
    };
    let all = |is: &dyn Fn(u8, u8) -> bool| {
        let pairs = pin.bytes().zip(pin.bytes().skip(1));
        pairs.into_iter().all(|(one, two)| is(one, two))
    };
    let same = all(&|one, two| one == two);
    let up = all(&|one, two| next(one) == two);
    let down = all(&|one, two| one == next(two));
    if same || up || down {
        return Err(PinError::Guessed);
    }
    Ok(())
}

/// The argon2id hash of a PIN with a salt of its own, as `accounts.toml` keeps it.
///
/// # Errors
/// [`PinError`]: it may be none, or the system refused something.
pub fn hash(pin: &str) -> Result<String, PinError> {
    check(pin)?;
    let mut salt = [0; SALT_BYTES];
    let filled = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut salt));
    filled.map_err(PinError::Random)?;
    let failed = |error: &dyn std::fmt::Display| PinError::Hash(error.to_string());
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None).map_err(|error| failed(&error))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher.hash_password_with_salt(pin.as_bytes(), &salt);
    Ok(hash.map_err(|error| failed(&error))?.to_string())
}

/// Whether this is the PIN of that hash. A hash that is weaker than [`hash`] makes them, asks for
/// more than the limits, or is none, is nobody's.
#[must_use]
pub fn verify(pin: &str, hash: &str) -> bool {
    // What cannot be a PIN costs no hash; a longer text than a PIN may be costs no time either.
    if PIN_DIGITS_MAX < pin.len() || check(pin).is_err() {
        return false;
    }
    usable(hash).is_some_and(|hash| {
        let verified = Argon2::default().verify_password(pin.as_bytes(), &hash);
        verified.is_ok()
    })
}

/// Whether any PIN can be that of this hash: see [`verify`].
#[must_use]
pub fn is_usable(hash: &str) -> bool {
    usable(hash).is_some()
}

fn usable(hash: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let bearable = (MEMORY_KIB..=PIN_MEMORY_KIB_MAX).contains(&params.m_cost())
        && (ROUNDS..=PIN_ROUNDS_MAX).contains(&params.t_cost())
        && (1..=4).contains(&params.p_cost());
    (hash.algorithm == Algorithm::Argon2id.ident() && bearable).then_some(hash)
}

/// Overwrites a PIN that is no longer needed, as well as safe code can.
pub fn wipe(pin: String) {
    let mut bytes = pin.into_bytes();
    bytes.fill(0);
    // Without this the compiler may leave out a write that nobody reads.
    std::hint::black_box(&bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_known_by_its_hash_and_no_other_is() {
        let hashed = hash("480213").unwrap();
        assert!(
            hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hashed}"
        );
        assert!(hashed.len() <= decide::accounts::PIN_HASH_BYTES_MAX);
        assert!(verify("480213", &hashed));
        for wrong in ["480214", "48021", "4802130", "", "480213 "] {
            assert!(!verify(wrong, &hashed), "{wrong:?}");
        }
        wipe("480213".to_owned());
    }

    #[test]
    fn two_hashes_of_one_pin_have_nothing_in_common() {
        assert_ne!(hash("480213").unwrap(), hash("480213").unwrap());
    }

    #[test]
    fn what_is_no_pin_is_not_hashed() {
        let digits = |count: usize| "4802".repeat(4).get(..count).unwrap().to_owned();
        check(&digits(PIN_DIGITS_MIN)).unwrap();
        check(&digits(PIN_DIGITS_MAX)).unwrap();
        for bad in [
            digits(PIN_DIGITS_MIN - 1),
            digits(PIN_DIGITS_MAX + 1),
            "48021a".to_owned(),
            "４８０２１３".to_owned(),
        ] {
            assert!(matches!(hash(&bad), Err(PinError::Digits)), "{bad}");
        }
        for bad in [
            "000000",
            "777777777777",
            "123456",
            "654321",
            "567890",
            "109876",
        ] {
            assert!(matches!(hash(bad), Err(PinError::Guessed)), "{bad}");
        }
        for good in ["123457", "111112", "135790"] {
            check(good).unwrap();
        }
    }

    /// A sound hash of the PIN with these costs.
    fn with(algorithm: Algorithm, memory: u32, rounds: u32) -> String {
        let params = Params::new(memory, rounds, 1, None).unwrap();
        let hasher = Argon2::new(algorithm, Version::V0x13, params);
        let hash = hasher.hash_password_with_salt(b"480213", &[7; SALT_BYTES]);
        hash.unwrap().to_string()
    }

    #[test]
    fn a_hash_that_is_weaker_or_costs_too_much_is_nobodys() {
        let id = Algorithm::Argon2id;
        assert!(verify("480213", &with(id, MEMORY_KIB, ROUNDS)));
        assert!(verify("480213", &with(id, PIN_MEMORY_KIB_MAX, ROUNDS)));
        assert!(verify("480213", &with(id, MEMORY_KIB, PIN_ROUNDS_MAX)));
        for bad in [
            with(id, MEMORY_KIB - 1, ROUNDS),
            with(id, MEMORY_KIB, ROUNDS - 1),
            with(id, PIN_MEMORY_KIB_MAX + 1, ROUNDS),
            with(id, MEMORY_KIB, PIN_ROUNDS_MAX + 1),
            with(Algorithm::Argon2i, MEMORY_KIB, ROUNDS),
            "480213".to_owned(),
            String::new(),
        ] {
            assert!(!verify("480213", &bad) && !is_usable(&bad), "{bad}");
        }
    }
}
