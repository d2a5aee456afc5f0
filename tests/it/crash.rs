//! A short crash run on SIMULATED hosts, in every test run. The long one is `cargo xtask bench crash`; real SIGKILL on real Docker
//! is in `docker`.

use std::time::Duration;

use tests::crash::{self, Settings};
use worker::faults::Point;

#[tokio::test(flavor = "multi_thread")]
async fn forty_runs_whose_workers_die_end_in_the_truth() {
    let tally = crash::run(Settings { runs: 40, seed: 7, hosts: 6 }, |_| {}).await.unwrap();
    assert_eq!(tally.n_runs, 40, "{tally}");
    assert!(tally.troubles.is_empty(), "{tally}");
    // It has bitten: most of what the dice planned, and in more than one place.
    assert!(tally.n_kills() * 3 > tally.n_planned * 2 && tally.kills.len() >= Point::ALL.len() - 2, "{tally}");
    assert!(tally.n_asked > 0, "nothing was ever unknown: {tally}");
    // R5's figure, although the lease is short here: machines that run tests are busy.
    assert!(tally.resumed().1 < Duration::from_secs(30), "{tally}");
}
