//! The audit chain: verifying a million entries against plain SHA-256 over the same bytes, and commits with one audit entry against
//! single-row inserts, both with fsync, on the same Postgres.

use std::{
    fs::File,
    io::{BufWriter, Read as _, Write as _},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use shared::{
    digest::Digest,
    domain::{
        actor::Actor,
        audit::{Entry, genesis, link},
    },
    ids::UserId,
    timestamp::Timestamp,
};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tests::{postgres::Database, programs::Scratch};
use uuid::Uuid;

use crate::{Measured, median};

const ENTRIES: u64 = 1_000_000;
const TURNS: usize = 3;
const APPENDING: Duration = Duration::from_secs(4);

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let mut rows = verify()?;
    rows.extend(append().await?);
    Ok(rows)
}

fn entry(seq: u64) -> Entry {
    Entry {
        seq,
        at: Timestamp::from_unix(1_790_000_000 + i64::try_from(seq).unwrap_or(0)),
        by: Actor::User { id: UserId(Uuid::from_u128(u128::from(seq % 40))), name: format!("Person {}", seq % 40) },
        action: ["incident.noted", "run.approved", "step.ended", "session.begun"]
            [usize::try_from(seq % 4).unwrap_or(0)]
        .into(),
        object: format!("run {}", seq / 20),
        denied: seq.is_multiple_of(50),
        detail: json!({"attempt": 1, "fence": seq % 7, "outcome": {"outcome": "succeeded", "evidence": "running again \"since\" 03:10"}}),
    }
}

fn write(file: &Path) -> Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let mut previous = genesis();
    for seq in 1..=ENTRIES {
        let link = link(previous, &entry(seq));
        previous = link.hash;
        serde_json::to_writer(&mut out, &link)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(file.metadata()?.len())
}

/// The floor: every byte read and hashed, nothing understood.
fn plain(file: &Path) -> Result<f64> {
    let begun = Instant::now();
    let mut bytes = vec![];
    File::open(file)?.read_to_end(&mut bytes)?;
    std::hint::black_box(Digest::of(&bytes));
    Ok(begun.elapsed().as_secs_f64())
}

fn verify() -> Result<Vec<Measured>> {
    let scratch = Scratch::new()?;
    let file = scratch.path().join("export.jsonl");
    let size = write(&file)?;
    let (mut ours, mut floor, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..TURNS {
        let them = plain(&file)?;
        let begun = Instant::now();
        let verdict = server::app::audit::verify_export(File::open(&file)?, None).map_err(anyhow::Error::msg)?;
        let us = begun.elapsed().as_secs_f64();
        ensure!(verdict.holds() && verdict.entries == ENTRIES, "the chain should hold: {verdict:?}");
        ours.push(us);
        floor.push(them);
        ratios.push(us / them);
    }
    let ratio = median(&mut ratios);
    Ok(vec![Measured {
        what: "1,000,000 audit entries verified, against plain SHA-256 over the same bytes",
        value: format!(
            "{ratio:.2} ({:.2} s against {:.2} s, {} MB)",
            median(&mut ours),
            median(&mut floor),
            size / 1_000_000
        ),
        goal: "≤ 3",
        met: ratio <= 3.0,
    }])
}

async fn append() -> Result<Vec<Measured>> {
    let database = Arc::new(Database::create().await?);
    let mut owner = PgConnection::connect(&database.url).await?;
    let fsync: String = sqlx::query_scalar("SELECT current_setting('fsync')").fetch_one(&mut owner).await?;
    ensure!(fsync == "on", "commits must cost what they cost: set MUSTER_TEST_DURABLE");
    owner.execute("CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)").await?;
    let mut rows = vec![];
    for (clients, what) in [
        (1, "commits with one audit entry, 1 client, against single-row inserts with fsync"),
        (16, "commits with one audit entry, 16 clients, against single-row inserts with fsync"),
    ] {
        let (mut ours, mut theirs, mut ratios) = (vec![], vec![], vec![]);
        for _ in 0..TURNS {
            let them = rate(clients, || insert(database.clone())).await?;
            let us = rate(clients, || audited(database.clone())).await?;
            ours.push(us);
            theirs.push(them);
            ratios.push(us / them);
        }
        rows.push(Measured {
            what,
            value: format!(
                "{:.2} ({:.0} against {:.0} per second)",
                median(&mut ratios),
                median(&mut ours),
                median(&mut theirs)
            ),
            goal: "reported",
            met: true,
        });
    }
    Ok(rows)
}

async fn rate<F: Future<Output = Result<u64>> + Send + 'static>(clients: usize, one: impl Fn() -> F) -> Result<f64> {
    let begun = Instant::now();
    let running: Vec<_> = (0..clients).map(|_| tokio::spawn(one())).collect();
    let mut done = 0;
    for client in running {
        done += client.await.context("a client crashed")??;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

async fn insert(database: Arc<Database>) -> Result<u64> {
    let mut connection = PgConnection::connect(&database.url).await?;
    let text = serde_json::to_string(&entry(1))?;
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < APPENDING {
        sqlx::query("INSERT INTO plain (text) VALUES ($1)").bind(&text).execute(&mut connection).await?;
        done += 1;
    }
    Ok(done)
}

async fn audited(database: Arc<Database>) -> Result<u64> {
    let entry = entry(1);
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < APPENDING {
        let mut tx = database.store.begin().await?;
        tx.audit(&entry.by, &entry.action, entry.object.clone(), entry.detail.clone());
        tx.commit().await?;
        done += 1;
    }
    Ok(done)
}
