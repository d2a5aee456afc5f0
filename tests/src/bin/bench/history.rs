//! Ten thousand incidents over five years against a hundred: how long a reading of the facts and a visit take. One database, one run.

use std::time::Instant;

use anyhow::Result;
use sqlx::PgPool;
use tests::{history, muster::Muster};

use crate::{Measured, median};

/// As many as a reading takes in anyway: what is compared is the years before them.
const FEW: i32 = 100;
const MANY: i32 = 10_000;
const TIMES: usize = 101;

struct Times {
    reading: f64,
    home: f64,
    old: f64,
}

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let few = times(FEW).await?;
    let many = times(MANY).await?;
    let row = |what, few: f64, many: f64| Measured {
        what,
        value: format!("{:.2} ({:.2} ms against {:.2} ms)", many / few, many * 1e3, few * 1e3),
        goal: "≤ 1.50",
        met: many / few <= 1.5,
    };
    Ok(vec![
        row("reading the facts with 10,000 incidents, against 100", few.reading, many.reading),
        row("the status page with 10,000 incidents, against 100", few.home, many.home),
        row("an old incident's page with 10,000 incidents, against 100", few.old, many.old),
    ])
}

async fn times(n: i32) -> Result<Times> {
    let muster = Muster::start().await?;
    let pool = PgPool::connect(&muster.database.url).await?;
    history::fill(&pool, n).await?;
    let other = muster.another_server().await?;
    let client = reqwest::Client::new();
    let visit = async |path: &str| -> Result<()> {
        client.get(format!("{}{path}", other.base)).send().await?.error_for_status()?.bytes().await?;
        Ok(())
    };
    while visit("/incidents/3").await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let public = server::public::PublicPages::new(None, other.base.clone());
    public.refresh(&muster.store).await?;
    let mut sums = [vec![], vec![], vec![]];
    for _ in 0..TIMES {
        let begun = Instant::now();
        public.refresh(&muster.store).await?;
        sums[0].push(begun.elapsed().as_secs_f64());
        for (sum, path) in [(1, "/"), (2, "/incidents/3")] {
            let begun = Instant::now();
            visit(path).await?;
            sums[sum].push(begun.elapsed().as_secs_f64());
        }
    }
    let [mut reading, mut home, mut old] = sums;
    Ok(Times { reading: median(&mut reading), home: median(&mut home), old: median(&mut old) })
}
