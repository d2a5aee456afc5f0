//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, thirty seconds, one step of leeway) and codes for the day the app is
//! lost. Remembers nothing: that a code counts once is the store's.

use shared::digest::Digest;
use store::seal::{Key, SealError};
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::AppError;

const ISSUER: &str = "Muster";
/// RFC 4226, section 4: 160 bits.
const SECRET: usize = 20;
const CODES: usize = 10;
/// Easy to tell apart when read aloud.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

fn purpose(user: Uuid) -> String {
    format!("totp {user}")
}

fn totp(secret: &[u8], account: &str) -> Result<Totp, AppError> {
    Builder::new()
        .with_secret(Secret::from(secret.to_vec()))
        // A colon separates issuer and account in the address.
        .with_account_name(account.replace(':', "-"))
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|e| AppError::bug(format!("authenticator app: {e}")))
}

/// A new secret: as typed by hand, as an address to scan, and sealed for the database.
pub(crate) struct NewApp {
    pub(crate) secret: String,
    pub(crate) url: String,
    pub(crate) sealed: Vec<u8>,
}

/// # Errors
/// If it cannot be sealed.
pub(crate) fn new_app(key: &Key, user: Uuid, account: &str) -> Result<NewApp, AppError> {
    let secret = Zeroizing::new(rand::random::<[u8; SECRET]>());
    let totp = totp(&*secret, account)?;
    let url = totp.to_url().map_err(|e| AppError::bug(format!("authenticator app: {e}")))?;
    Ok(NewApp { secret: totp.secret().to_base32(), url, sealed: key.seal(&purpose(user), &*secret)? })
}

/// The time step the code belongs to, if it is right around this second.
///
/// # Errors
/// If the secret cannot be opened.
pub(crate) fn step_of(key: &Key, user: Uuid, sealed: &[u8], code: &str, now: i64) -> Result<Option<i64>, AppError> {
    let secret = key.open(&purpose(user), sealed)?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp(&secret, "")?.check(&code, now.max(0).cast_unsigned());
    Ok(step.map(u64::cast_signed))
}

/// Ten codes as people get them; each has 80 bits.
pub(crate) fn recovery_codes() -> Vec<String> {
    let code = || {
        let letters: Vec<u8> = rand::random::<[u8; 16]>().iter().map(|byte| LETTERS[usize::from(byte & 31)]).collect();
        letters.chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect::<Vec<_>>().join("-")
    };
    std::iter::repeat_with(code).take(CODES).collect()
}

/// What the database keeps of a code. Codes are as random as keys, so a plain digest does.
#[must_use]
pub(crate) fn recovery_hash(code: &str) -> String {
    let plain: String = code.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    Digest::of(format!("recovery code {plain}").as_bytes()).to_string()
}

impl From<SealError> for AppError {
    fn from(error: SealError) -> Self {
        Self::bug(format!("a sealed value cannot be used: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn key() -> Key {
        let directory = std::env::temp_dir().join(format!("muster-totp-{}", Uuid::now_v7()));
        let key = Key::load_or_create(&Key::default_file(&directory)).unwrap();
        std::fs::remove_dir_all(directory).unwrap();
        key
    }

    #[test]
    fn codes_of_the_standard_fit_and_only_around_their_time() {
        // RFC 6238, appendix B: the last six digits of its eight, for the secret of twenty digits.
        let (key, user) = (key(), Uuid::nil());
        let sealed = key.seal(&purpose(user), b"12345678901234567890").unwrap();
        let at = |code: &str, now: i64| step_of(&key, user, &sealed, code, now).unwrap();
        assert_eq!(at("287082", 59), Some(1));
        assert_eq!(at("081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(at(" 081 804 ", 1_111_111_109 + 30), Some(37_037_036), "one step late");
        assert_eq!(at("081804", 1_111_111_109 + 61), None);
        for odd in ["", "81804", "0818040", "abcdef", "-81804"] {
            assert_eq!(at(odd, 1_111_111_109), None, "{odd}");
        }
    }

    #[test]
    fn somebody_elses_secret_does_not_open() {
        let key = key();
        let app = new_app(&key, Uuid::nil(), "ada@example.org").unwrap();
        assert!(app.url.starts_with("otpauth://totp/Muster:ada%40example.org?secret="), "{}", app.url);
        assert!(step_of(&key, Uuid::max(), &app.sealed, "000000", 0).is_err());
    }

    #[test]
    fn recovery_codes_differ_and_are_read_as_people_type_them() {
        let codes = recovery_codes();
        assert_eq!((codes.len(), codes.iter().collect::<HashSet<_>>().len()), (10, 10));
        assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
        let typed = codes[0].to_uppercase().replace('-', " ");
        assert_eq!(recovery_hash(&typed), recovery_hash(&codes[0]));
        assert_ne!(recovery_hash(&codes[0]), recovery_hash(&codes[1]));
    }
}
