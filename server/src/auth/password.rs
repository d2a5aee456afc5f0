//! Password hashing: argon2id on threads of its own that give way to everybody else. Never logs, never keeps a password.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

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

type Job = Box<dyn FnOnce() + Send>;

/// How much the threads give way, as `nice` counts: at 10 a busy processor spends a tenth of its time on them.
const GIVE_WAY: i32 = 10;

/// Hashes and verifies. Each takes 19 MiB and a processor for a while, so there are fewer at a time than processors, and whoever
/// only wants to read does not wait for fifty people who sign in at once.
#[derive(Clone, Debug)]
pub struct Passwords {
    jobs: Sender<Job>,
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = (processors / 2).max(1);
        for _ in 0..threads {
            let waiting = waiting.clone();
            let begun = thread::Builder::new().name("passwords".into()).spawn(move || serve(&waiting));
            if let Err(error) = begun {
                // The others do its work; without any, signing in says that it cannot.
                tracing::error!(%error, "a thread for passwords could not be started");
            }
        }
        // One more than can be hashed: the next is looked up meanwhile.
        Self { jobs, turns: Arc::new(Semaphore::new(threads + 1)) }
    }
}

/// Until whoever gives jobs is gone.
fn serve(waiting: &Mutex<Receiver<Job>>) {
    // On Linux this is about the thread alone. One that may not give way works all the same.
    if let Err(error) = rustix::process::nice(GIVE_WAY) {
        tracing::debug!(%error, "hashing does not give way");
    }
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that falls is told to whoever waits for it: nobody answers. The thread stays for the next.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

impl Passwords {
    /// A place among those who sign in now. Held from before the database is asked, so that a crowd waits here, where it costs
    /// nothing, and not in the line for a connection that everybody needs.
    ///
    /// # Errors
    /// Never while the server runs.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, AppError> {
        self.turns.clone().acquire_owned().await.map_err(|e| AppError::bug(e.to_string()))
    }

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
        let (tell, told) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever hung up in the meantime gets nothing hashed.
            if !tell.is_closed() {
                // They may still hang up while it is made.
                let _ = tell.send(work());
            }
        });
        self.jobs.send(job).map_err(|_| AppError::bug("no thread hashes passwords"))?;
        told.await.map_err(|e| AppError::bug(format!("hashing a password: {e}")))
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

    #[tokio::test]
    async fn a_job_that_falls_takes_nobody_with_it_and_hashing_gives_way() {
        let passwords = Passwords::default();
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            assert!(passwords.work(|| assert!(String::new().len() > 1, "on purpose")).await.is_err());
        }
        let (name, nice) = passwords
            .work(|| (thread::current().name().map(str::to_owned), rustix::process::getpriority_process(None)))
            .await
            .unwrap();
        assert_eq!(name.as_deref(), Some("passwords"));
        let ours = rustix::process::getpriority_process(None).unwrap();
        assert!(nice.unwrap() >= (ours + GIVE_WAY).min(19), "{nice:?} {ours}");
    }
}
