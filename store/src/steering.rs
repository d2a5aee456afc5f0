//! Of several addresses, the one whose Postgres takes writes: found again within seconds after a standby was promoted. Waits for
//! nobody: whoever asks the pool meanwhile gets an error and tries again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::task::{JoinHandle, JoinSet};

use crate::addresses::place;

/// Between looks while somebody takes writes, and while nobody does.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(2);

/// Number of a Postgres's history: every promotion begins a new one.
type Timeline = u32;

/// When the pool was turned to another address: connections made before lead to the old one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turned(Arc<Mutex<Option<Instant>>>);

impl Turned {
    /// True for a connection of this age that leads to where the pool was before.
    pub(crate) fn outdates(&self, age: Duration) -> bool {
        let turned = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turned.is_some_and(|at| age > at.elapsed())
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Keeps a pool on the address that takes writes, until dropped.
#[derive(Debug)]
pub(crate) struct Steering(JoinHandle<()>);

impl Drop for Steering {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Steering {
    pub(crate) fn begin(pool: PgPool, addresses: Vec<PgConnectOptions>, at: usize, turned: Turned) -> Self {
        Self(tokio::spawn(async move { steer(&pool, &addresses, at, &turned).await }))
    }
}

async fn steer(pool: &PgPool, addresses: &[PgConnectOptions], mut at: usize, turned: &Turned) {
    let (mut known, mut lost) = (0, false);
    loop {
        match choose(at, known, &look(addresses).await) {
            Some((to, timeline)) => {
                if to != at {
                    tracing::warn!(
                        from = place(&addresses[at]),
                        to = place(&addresses[to]),
                        timeline,
                        "the database has moved"
                    );
                    pool.set_connect_options(addresses[to].clone());
                    turned.now();
                }
                (at, known, lost) = (to, timeline, false);
            }
            None => {
                if !std::mem::replace(&mut lost, true) {
                    tracing::warn!(addresses = ?addresses.iter().map(place).collect::<Vec<_>>(), "no address of the database takes writes");
                }
            }
        }
        tokio::time::sleep(if lost { LOOK_AGAIN } else { LOOK_EVERY }).await;
    }
}

/// Which address to begin with.
pub(crate) async fn find(addresses: &[PgConnectOptions]) -> usize {
    choose(0, 0, &look(addresses).await).map_or(0, |(at, _)| at)
}

/// Where to be: on the newest history. Never on one older than what was seen before: a primary that comes back from the dead
/// does not know what was written since.
fn choose(at: usize, known: Timeline, seen: &[Option<Timeline>]) -> Option<(usize, Timeline)> {
    let newest = seen.iter().flatten().copied().max().filter(|newest| *newest >= known)?;
    let has_it = |i: &usize| seen.get(*i) == Some(&Some(newest));
    let to = Some(at).filter(has_it).or_else(|| (0..seen.len()).find(has_it))?;
    Some((to, newest))
}

/// The history of each address that takes writes.
async fn look(addresses: &[PgConnectOptions]) -> Vec<Option<Timeline>> {
    let mut looking = JoinSet::new();
    for (i, options) in addresses.iter().cloned().enumerate() {
        looking.spawn(async move { (i, tokio::time::timeout(PATIENCE, timeline(&options)).await.ok().flatten()) });
    }
    let mut seen = vec![None; addresses.len()];
    while let Some(looked) = looking.join_next().await {
        if let Ok((i, timeline)) = looked {
            seen[i] = timeline;
        }
    }
    seen
}

/// `None` if it does not answer or takes no writes.
async fn timeline(options: &PgConnectOptions) -> Option<Timeline> {
    let mut connection = PgConnection::connect_with(options).await.ok()?;
    let file: Option<String> = sqlx::query_scalar(
        "SELECT CASE WHEN NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'
                     THEN pg_walfile_name(pg_current_wal_lsn()) END",
    )
    .fetch_one(&mut connection)
    .await
    .ok()?;
    // It has said all it was asked.
    let _ = connection.close().await;
    Timeline::from_str_radix(file?.get(..8)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_history_is_followed_and_never_an_older_one() {
        type Case<'a> = (usize, Timeline, &'a [Option<Timeline>], Option<(usize, Timeline)>);
        let cases: [Case<'_>; 9] = [
            (0, 0, &[Some(1), None], Some((0, 1))),
            (0, 0, &[None, Some(1)], Some((1, 1))),
            (0, 1, &[None, None], None),
            // The standby was promoted.
            (0, 1, &[None, Some(2)], Some((1, 2))),
            // The old primary is back and takes writes.
            (1, 2, &[Some(1), Some(2)], Some((1, 2))),
            (1, 2, &[Some(1), None], None),
            (0, 0, &[Some(1), Some(2)], Some((1, 2))),
            // Two say the same: stay.
            (1, 1, &[Some(1), Some(1)], Some((1, 1))),
            (0, 0, &[], None),
        ];
        for (at, known, seen, expected) in cases {
            assert_eq!(choose(at, known, seen), expected, "at {at}, known {known}, seen {seen:?}");
        }
    }

    #[test]
    fn connections_from_before_the_move_are_outdated() {
        let turned = Turned::default();
        assert!(!turned.outdates(Duration::from_secs(3600)));
        turned.now();
        assert!(turned.outdates(Duration::from_secs(1)));
        std::thread::sleep(Duration::from_millis(5));
        assert!(!turned.outdates(Duration::ZERO));
    }
}
