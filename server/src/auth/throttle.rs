//! Counts attempts by key in a sliding window, in memory. Knows nothing of what is attempted.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// At most `limit` attempts for a key within `window`.
#[derive(Debug)]
pub struct Throttle {
    limit: usize,
    window: Duration,
    attempts: Mutex<HashMap<String, VecDeque<Instant>>>,
}

/// When it is swept of keys whose window is over.
const SWEEP_AT: usize = 10_000;

impl Throttle {
    #[must_use]
    pub fn new(limit: usize, window: Duration) -> Self {
        Self { limit, window, attempts: Mutex::default() }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    /// If there were too many: seconds until the next may be made. The refused one is not counted.
    pub fn attempt(&self, key: &str, now: Instant) -> Result<(), u64> {
        let mut all = self.lock();
        if all.len() >= SWEEP_AT {
            all.retain(|_, times| times.back().is_some_and(|last| now.duration_since(*last) < self.window));
        }
        let times = all.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|first| now.duration_since(*first) >= self.window) {
            times.pop_front();
        }
        if times.len() >= self.limit {
            let wait =
                times.front().map_or(self.window, |first| self.window.saturating_sub(now.duration_since(*first)));
            return Err(wait.as_secs() + 1);
        }
        times.push_back(now);
        Ok(())
    }

    /// Forgets all attempts of a key.
    pub fn reset(&self, key: &str) {
        self.lock().remove(key);
    }

    /// Takes back the last attempt of a key.
    pub fn forgive(&self, key: &str) {
        if let Some(times) = self.lock().get_mut(key) {
            times.pop_back();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Instant>>> {
        // Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_success_resets() {
        let throttle = Throttle::new(2, Duration::from_secs(300));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(throttle.attempt("a", at(0)), Ok(()));
        assert_eq!(throttle.attempt("a", at(100)), Ok(()));
        assert_eq!(throttle.attempt("a", at(200)), Err(101));
        assert_eq!(throttle.attempt("b", at(200)), Ok(()), "another key is not affected");
        assert_eq!(throttle.attempt("a", at(300)), Ok(()), "the first attempt is over");
        assert!(throttle.attempt("a", at(301)).is_err());
        throttle.forgive("a");
        assert_eq!(throttle.attempt("a", at(302)), Ok(()));
        throttle.reset("a");
        assert_eq!(throttle.attempt("a", at(303)), Ok(()));
    }
}
