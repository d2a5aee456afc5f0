//! Records the chain in Postgres, and corrects what differs. The node never waits for it and loses nothing without it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};

use crate::block::Block;
use crate::journal;
use crate::ledger::Ledger;

const RETRY: Duration = Duration::from_secs(1);
/// No statement of ours takes this long on a database that works.
const LIMIT: Duration = Duration::from_secs(10);
/// Rows per statement.
const BATCH: usize = 1_000;

// Several nodes start at once; the lock keeps them from creating the same table at the same moment.
const SCHEMA: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(7000);
    CREATE TABLE IF NOT EXISTS blocks (
        height bigint PRIMARY KEY,
        hash text NOT NULL,
        prev_hash text,
        proposer text,
        produced_at timestamptz
    );
    COMMIT;";

// Ascending heights in every statement of every node: no deadlock. Rows that are right already are left alone.
const UPSERT: &str = "
    INSERT INTO blocks (height, hash, prev_hash, proposer, produced_at)
    SELECT height, hash, prev_hash, proposer, to_timestamp(at_ms / 1000.0)
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[])
        AS made (height, hash, prev_hash, proposer, at_ms)
    ORDER BY height
    ON CONFLICT (height) DO UPDATE
    SET hash = excluded.hash, prev_hash = excluded.prev_hash,
        proposer = excluded.proposer, produced_at = excluded.produced_at
    WHERE blocks.hash <> excluded.hash";

/// Runs for ever; says once that the database is away, and once that it is back.
pub(crate) async fn record(ledger: Arc<Ledger>, mut config: Config) {
    config.connect_timeout(Duration::from_secs(3)).application_name("testnet-node");
    let mut complained = false;
    loop {
        let failure = match connect(&config).await {
            Ok(client) => {
                journal::info("database connected");
                ledger.database_is(true);
                complained = false;
                match keep_recording(&ledger, &client).await {
                    Ok(never) => match never {},
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        ledger.database_is(false);
        if !complained {
            journal::warn(format_args!("database is away, blocks are recorded when it is back: {failure}"));
            complained = true;
        }
        sleep(RETRY).await;
    }
}

async fn within<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, String> {
    match timeout(LIMIT, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs())),
    }
}

/// The driver's own text is only "db error"; what the server said is below it.
fn explain(error: &tokio_postgres::Error) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

async fn connect(config: &Config) -> Result<Client, String> {
    let (client, connection) = within(config.connect(NoTls)).await?;
    // Ends when the client is dropped; its error also reaches the next statement.
    drop(tokio::spawn(connection));
    within(client.batch_execute(SCHEMA)).await?;
    Ok(client)
}

/// Starts from the first block: whatever was restored or lost meanwhile, rows that differ are corrected.
async fn keep_recording(ledger: &Ledger, client: &Client) -> Result<Infallible, String> {
    let mut heads = ledger.watch();
    upsert(client, &ledger.block(0).into_iter().collect::<Vec<_>>()).await?;
    let mut caught_up = false;
    let mut written = 0;
    loop {
        heads.mark_unchanged();
        loop {
            let blocks = ledger.blocks_above(ledger.counters().recorded, BATCH);
            let Some(last) = blocks.last() else { break };
            written += upsert(client, &blocks).await?;
            // If a reorg came in between, this block is not ours any more and the rows are written again.
            ledger.recorded_up_to(&last.head());
        }
        if !caught_up {
            journal::info(format_args!("database caught up: {written} rows were missing or different"));
            caught_up = true;
        }
        // The head moves every second, so a database that went away is noticed soon enough.
        heads.changed().await.map_err(|_| "this node stops".to_owned())?;
    }
}

/// Returns how many rows it changed.
async fn upsert(client: &Client, blocks: &[Block]) -> Result<u64, String> {
    let heights = blocks.iter().map(|block| column(block.height)).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<String> = blocks.iter().map(|block| block.hash.to_string()).collect();
    let parents: Vec<Option<String>> =
        blocks.iter().map(|block| (block.height > 0).then(|| block.prev_hash.to_string())).collect();
    let proposers: Vec<&str> = blocks.iter().map(|block| block.proposer.as_str()).collect();
    let times = blocks.iter().map(|block| column(block.timestamp_ms)).collect::<Result<Vec<_>, _>>()?;
    within(client.execute(UPSERT, &[&heights, &hashes, &parents, &proposers, &times])).await
}

fn column(number: u64) -> Result<i64, String> {
    i64::try_from(number).map_err(|_| format!("{number} does not fit into a bigint"))
}
