//! What a sign-in costs, and what fifty at once do to everybody else's requests: the slowest in a hundred with and without them, turn
//! by turn in one run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use futures::future::join_all;
use shared::{
    api::{client::Client, session::SignIn},
    domain::access::Role,
};
use tests::{
    muster::Muster,
    persona::{Http, Persona},
};
use tokio::sync::oneshot;

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
        let (people, go) = crowd(&muster.base, &accounts, &waiting).await?;
        let begun = Instant::now();
        let _ = go.send(());
        let until = waiting.clone();
        let during = steady(&reader, move || until.load(Ordering::Relaxed) > 0).await;
        let took = begun.elapsed();
        people.join().map_err(|_| anyhow!("the crowd fell"))??;
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

type Crowd = JoinHandle<Result<()>>;

/// Fifty people before their browsers, who begin when they are told. In a room of their own: they are other machines, so what their
/// sending costs is not what the reader waits for.
async fn crowd(
    base: &str,
    accounts: &[(String, String)],
    waiting: &Arc<AtomicUsize>,
) -> Result<(Crowd, oneshot::Sender<()>)> {
    let (ready, is_ready) = oneshot::channel();
    let (go, gone) = oneshot::channel();
    let (base, accounts, waiting) = (base.to_owned(), accounts.to_vec(), waiting.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let people = async move {
        let clients = accounts.iter().map(|_| Ok(Client::new(Http::new(&base)?))).collect::<Result<Vec<_>>>()?;
        let _ = ready.send(());
        gone.await?;
        let people = clients.iter().zip(accounts).map(async |(client, (email, password))| {
            let signed_in = client.sign_in(&SignIn { email, password }).await;
            waiting.fetch_sub(1, Ordering::Relaxed);
            Ok(signed_in.map(drop)?)
        });
        join_all(people).await.into_iter().collect()
    };
    let crowd = thread::spawn(move || runtime.block_on(people));
    is_ready.await?;
    Ok((crowd, go))
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
