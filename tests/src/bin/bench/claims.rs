//! Claims per second: how fast 1, 4 and 16 workers take jobs from one Postgres, against a bare `SKIP LOCKED` queue on the same
//! rows, turn by turn.

use std::time::Instant;

use anyhow::{Result, bail};
use shared::domain::access::Role;
use sqlx::{PgPool, postgres::PgPoolOptions};
use store::{HostHeld, HostTaken, Store};
use tests::muster::{Muster, declaration};

use crate::{Measured, median};

/// Taken in one turn; each is the job of a run of its own.
const JOBS: i32 = 1500;
const TURNS: usize = 5;
const WHAT: [(usize, &str); 3] = [
    (1, "claims per second by 1 worker, against bare SKIP LOCKED"),
    (4, "claims per second by 4 workers, against bare SKIP LOCKED"),
    (16, "claims per second by 16 workers, against bare SKIP LOCKED"),
];

/// Knows nothing about runs, fences, projects, freezes and hosts.
const BARE: &str = "WITH free AS (SELECT run_id FROM job WHERE lease_until < clock_timestamp()
                                  ORDER BY added_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                    UPDATE job SET worker = 'bare', lease_until = clock_timestamp() + interval '1 hour'
                    FROM free WHERE job.run_id = free.run_id RETURNING job.run_id";

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let pool = PgPoolOptions::new().max_connections(16).connect(&muster.database.url).await?;
    fill(&muster, &pool).await?;
    let HostTaken::Ours { fence } = muster.database.worker.host_take("bench", "bench", 3600.0).await? else {
        bail!("somebody else is on the bench's host")
    };
    let mut rows = vec![];
    for (workers, what) in WHAT {
        let (mut ours, mut bares, mut ratios) = (vec![], vec![], vec![]);
        for turn in 0..=TURNS {
            free(&pool).await?;
            let a = rate(workers, async || claim(&muster.database.worker, fence).await).await?;
            free(&pool).await?;
            let b = rate(workers, async || bare(&pool).await).await?;
            // The first turn warms caches.
            if turn > 0 {
                ours.push(a);
                bares.push(b);
                ratios.push(a / b);
            }
        }
        let ratio = median(&mut ratios);
        let value = format!("{ratio:.2} ({:.0} against {:.0})", median(&mut ours), median(&mut bares));
        rows.push(Measured { what, value, goal: "≥ 0.25", met: ratio >= 0.25 });
    }
    Ok(rows)
}

async fn claim(store: &Store, fence: i64) -> Result<bool> {
    let held = HostHeld::Ours { host: "bench", fence };
    Ok(store.job_claim("bench", &["bench".to_owned()], None, 3600.0, held).await?.is_some())
}

async fn bare(pool: &PgPool) -> Result<bool> {
    Ok(sqlx::query(BARE).fetch_optional(pool).await?.is_some())
}

/// Jobs of approved runs, each of a system of its own.
async fn fill(muster: &Muster, pool: &PgPool) -> Result<()> {
    let operator = muster.persona(Role::Operator).await?;
    let incident = operator.api.declare(&declaration("validator1")?, "bench").await?;
    sqlx::query(
        "WITH s AS (INSERT INTO system (id, slug, name, project)
                    SELECT gen_random_uuid(), 'bench-' || n, 'bench', 'bench-' || n FROM generate_series(1, $1) n
                    RETURNING id),
              r AS (INSERT INTO run (id, incident_id, system_id, plan_version_id, project, header, state, requested_at)
                    SELECT gen_random_uuid(), i.id, s.id, v.id, 'bench', '{}', 'queued', now()
                    FROM s, (SELECT id FROM incident WHERE number = $2) i, (SELECT id FROM plan_version LIMIT 1) v
                    RETURNING id)
         INSERT INTO job (run_id, kind) SELECT id, 'execute' FROM r",
    )
    .bind(JOBS)
    .bind(incident.number)
    .execute(pool)
    .await?;
    Ok(())
}

/// All jobs as if their workers had died, and nothing left of the last turn.
async fn free(pool: &PgPool) -> Result<()> {
    sqlx::query("UPDATE job SET worker = 'nobody', lease_until = '-infinity'").execute(pool).await?;
    sqlx::query("VACUUM ANALYZE job").execute(pool).await?;
    sqlx::query("VACUUM ANALYZE run").execute(pool).await?;
    Ok(())
}

/// All jobs taken, by this many at once.
async fn rate(workers: usize, take: impl AsyncFn() -> Result<bool>) -> Result<f64> {
    let begun = Instant::now();
    let working = (0..workers).map(async |_| {
        while take().await? {}
        anyhow::Ok(())
    });
    futures::future::try_join_all(working).await?;
    Ok(f64::from(JOBS) / begun.elapsed().as_secs_f64())
}
