//! Password hashing: argon2id off the async threads, few at a time. Never logs, never keeps a password.

use std::sync::{Arc, OnceLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::error::AppError;

/// The shortest password an account may get.
pub const MIN_CHARACTERS: usize = 12;
/// Longer ones are refused before any work is done on them.
pub const MAX_BYTES: usize = 1024;

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Result<Argon2<'static>, AppError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| AppError::bug(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes and verifies; at most one at a time per processor, since each takes 19 MiB and a processor.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(processors)) }
    }
}

impl Passwords {
    /// # Errors
    /// Only if hashing itself fails.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        self.work(move || hash(&password)).await?
    }

    /// Whether the password is the one hashed. `None` (nobody has this address) takes as long and is never true.
    ///
    /// # Errors
    /// If the stored hash cannot be read.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, AppError> {
        self.work(move || verify(&password, hash.as_deref())).await?
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|e| AppError::bug(e.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|e| AppError::bug(e.to_string()))
    }
}

fn hash(password: &str) -> Result<String, AppError> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|e| AppError::bug(e.to_string()))?;
    Ok(hash.to_string())
}

fn verify(password: &str, stored: Option<&str>) -> Result<bool, AppError> {
    // Verified against when nobody has the address, so that the answer does not come sooner.
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = match NOBODY.get() {
        Some(hash) => hash,
        None => {
            let made = hash("nobody has this password")?;
            NOBODY.get_or_init(|| made)
        }
    };
    let parsed =
        PasswordHash::new(stored.unwrap_or(nobody)).map_err(|e| AppError::bug(format!("stored password hash: {e}")))?;
    Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok() && stored.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_names_its_parameters_and_only_its_password_fits() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse battery", Some(&stored)).unwrap());
        assert!(!verify("correct horse battery ", Some(&stored)).unwrap());
        assert!(!verify("nobody has this password", None).unwrap());
        assert_ne!(stored, hash("correct horse battery").unwrap(), "each hash has its own salt");
    }
}
