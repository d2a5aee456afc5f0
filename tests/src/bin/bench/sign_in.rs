//! What a sign-in costs, and what fifty at once do to everybody else's requests: the slowest in a hundred with and without them, turn
//! by turn in one run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::future::join_all;
use shared::{
    api::{client::Client, session::SignIn},
    domain::access::Role,
};
use tests::{
    muster::Muster,
    persona::{Http, Persona},
};

use crate::{Measured, median};

const AT_ONCE: usize = 50;
const TURNS: usize = 9;
/// Between two requests of the steady rate.
const EVERY: Duration = Duration::from_millis(10);

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let mut accounts = vec![];
    for _ in 0..AT_ONCE {
        accounts.push(muster.account(Role::Viewer).await?);
    }
    let mut alone = vec![];
    for (email, password) in accounts.iter().take(15) {
        let begun = Instant::now();
        Persona::sign_in(&muster.base, email, password).await?;
        alone.push(milliseconds(begun));
    }
    let reader = Arc::new(Persona::sign_in(&muster.base, &accounts[0].0, &accounts[0].1).await?);
    let (mut quiet, mut busy, mut last) = (vec![], vec![], 0.0_f64);
    for turn in 0..=TURNS {
        let waiting = Arc::new(AtomicUsize::new(AT_ONCE));
        // Browsers that are there already: making a client is no work of the server's, and would take the same processors.
        let browsers = accounts.iter().map(|_| Http::new(&muster.base)).collect::<Result<Vec<_>>>()?;
        let begun = Instant::now();
        let people = join_all(accounts.iter().zip(browsers).map(|((email, password), browser)| {
            let waiting = waiting.clone();
            async move {
                let body = SignIn { email: email.clone(), password: password.clone() };
                let signed_in = Client::new(browser).sign_in(&body).await;
                waiting.fetch_sub(1, Ordering::Relaxed);
                signed_in
            }
        }));
        let until = waiting.clone();
        let (people, during) = tokio::join!(people, steady(&reader, move || until.load(Ordering::Relaxed) > 0));
        let took = begun.elapsed();
        people.into_iter().collect::<Result<Vec<_>, _>>()?;
        let without = steady(&reader, {
            let begun = Instant::now();
            move || begun.elapsed() < took
        })
        .await?;
        // The first turn warms caches.
        if turn > 0 {
            busy.extend(during?);
            quiet.extend(without);
            last = last.max(took.as_secs_f64());
        }
    }
    let (requests, with, without) = (busy.len(), worst(&mut busy), worst(&mut quiet));
    let ratio = with / without;
    Ok(vec![
        Measured {
            what: "one sign-in (argon2id, 19 MiB, two passes), on an idle server",
            value: format!("{:.0} ms", median(&mut alone)),
            goal: "tells",
            met: true,
        },
        Measured {
            what: "the slowest in a hundred other requests while 50 people sign in at once, against without them",
            value: format!(
                "{ratio:.2} ({with:.1} ms against {without:.1} ms, {requests} requests; the last person is in after {last:.1} s)"
            ),
            goal: "≤ 2",
            met: ratio <= 2.0,
        },
    ])
}

/// Milliseconds that each request of a steady rate took, as long as `on` says.
async fn steady(reader: &Arc<Persona>, on: impl Fn() -> bool) -> Result<Vec<f64>> {
    let mut sent = vec![];
    let mut beat = tokio::time::interval(EVERY);
    while on() {
        beat.tick().await;
        let reader = reader.clone();
        sent.push(tokio::spawn(async move {
            let begun = Instant::now();
            reader.api.incidents(None).await.map(|_| milliseconds(begun))
        }));
    }
    let mut took = vec![];
    for request in sent {
        took.push(request.await??);
    }
    Ok(took)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The 99th of a hundred.
fn worst(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}
