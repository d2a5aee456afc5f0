//! Ten thousand checks a minute: how late they begin, what they leave behind in a year; and how long readiness and statistics take over
//! five years of incidents.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use shared::domain::access::Role;
use sqlx::PgPool;
use tests::{
    history,
    muster::Muster,
    scene::{PROJECT, host},
};
use worker::Timing;

use crate::{Measured, median};

const MONITORS: i32 = 10_000;
/// Measured after a minute in which everything settles.
const SETTLE: Duration = Duration::from_secs(75);
const MINUTES: u32 = 2;
const INCIDENTS: i32 = 10_000;
const TIMES: usize = 31;

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let mut rows = drift().await?;
    rows.extend(pages().await?);
    Ok(rows)
}

async fn drift() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let pool = PgPool::connect(&muster.database.url).await?;
    // Each minute all of them, evenly.
    sqlx::query(
        "WITH m AS (
             INSERT INTO monitor (id, system_id, name, definition, made_by, made_at)
             SELECT gen_random_uuid(), s.id, 'monitor ' || n,
                    jsonb_build_object('name', 'monitor ' || n, 'check', jsonb_build_object('kind', 'container', 'service', 'postgres'),
                                       'every_seconds', 60, 'timeout_seconds', 10, 'retries', 2),
                    '{\"actor\": \"muster\"}', now()
             FROM (SELECT id FROM system LIMIT 1) AS s, generate_series(1, $1) AS n RETURNING id)
         INSERT INTO monitor_standing (monitor_id, since, due_at)
         SELECT id, now(), now() + make_interval(secs => (row_number() OVER ()) * 60.0 / $1) FROM m",
    )
    .bind(MONITORS)
    .execute(&pool)
    .await?;
    let host: Arc<dyn worker::host::ContainerHost> = host();
    let _worker = muster.worker(host, PROJECT, Timing::default());
    tokio::time::sleep(SETTLE).await;
    let before: i64 =
        sqlx::query_scalar("SELECT sum(n) FROM monitor_bucket WHERE seconds = 86400").fetch_one(&pool).await?;
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(u64::from(MINUTES) * 60)).await;
    let took = begun.elapsed().as_secs_f64();
    let after: i64 =
        sqlx::query_scalar("SELECT sum(n) FROM monitor_bucket WHERE seconds = 86400").fetch_one(&pool).await?;
    #[expect(clippy::cast_precision_loss, reason = "counts of checks fit")]
    let a_minute = (after - before) as f64 / took * 60.0;
    // When a check was made against when it was due.
    let (half, most): (f64, f64) = sqlx::query_as(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late)
         FROM (SELECT extract(epoch FROM checked_at - (due_at - interval '60 seconds'))::float8 AS late FROM monitor_standing) AS l",
    )
    .fetch_one(&pool)
    .await?;
    let row: f64 = sqlx::query_scalar(
        "SELECT pg_total_relation_size('monitor_minute')::float8 / greatest(count(*), 1) FROM monitor_minute",
    )
    .fetch_one(&pool)
    .await?;
    // Two days by minute, two months by hour, a year by day.
    let kept = row * f64::from(2 * 1440 + 62 * 24 + 366) / 1e6;
    Ok(vec![
        Measured {
            what: "monitors, checks made in a minute of 10,000 that are due",
            value: format!("{a_minute:.0}"),
            goal: "≥ 9,900",
            met: a_minute >= 9_900.0,
        },
        Measured {
            what: "monitors, how late a check begins: half, and 99 of 100",
            value: format!("{half:.2} s, {most:.2} s"),
            goal: "≤ 1 s for 99",
            met: most <= 1.0,
        },
        Measured {
            what: "monitors, what one leaves behind in a year, whatever its pace",
            value: format!("{kept:.1} MB ({row:.0} bytes a row)"),
            goal: "tells",
            met: true,
        },
    ])
}

async fn pages() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let pool = PgPool::connect(&muster.database.url).await?;
    history::fill(&pool, INCIDENTS).await?;
    sqlx::query("ANALYZE").execute(&pool).await?;
    let viewer = muster.persona(Role::Viewer).await?;
    let (mut ready, mut counted) = (vec![], vec![]);
    for _ in 0..TIMES {
        let begun = Instant::now();
        viewer.api.readiness(PROJECT).await?;
        ready.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        viewer.api.statistics(60).await?;
        counted.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let row = |what, ms: f64| Measured { what, value: format!("{ms:.0} ms"), goal: "≤ 100 ms", met: ms <= 100.0 };
    Ok(vec![
        row("readiness, with 10,000 incidents over five years", median(&mut ready)),
        row("statistics of five years, with 10,000 incidents", median(&mut counted)),
    ])
}
