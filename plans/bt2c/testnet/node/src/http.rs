//! What the node tells over HTTP: status, metrics, single blocks. Changes nothing.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::block::Block;
use crate::ledger::{Ledger, Status, now_ms};

pub(crate) fn router(ledger: Arc<Ledger>) -> Router {
    Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/metrics", get(metrics))
        .route("/api/v1/blocks/{height}", get(block))
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({"error": "there is nothing at this address"}))) })
        .with_state(ledger)
}

async fn status(State(ledger): State<Arc<Ledger>>) -> Json<Status> {
    Json(ledger.status())
}

async fn block(State(ledger): State<Arc<Ledger>>, Path(height): Path<u64>) -> Result<Json<Block>, impl IntoResponse> {
    let missing = || (StatusCode::NOT_FOUND, Json(json!({"error": format!("there is no block {height}")})));
    ledger.block(height).map(Json).ok_or_else(missing)
}

async fn metrics(State(ledger): State<Arc<Ledger>>) -> impl IntoResponse {
    let (status, counters) = (ledger.status(), ledger.counters());
    let age_ms = now_ms().saturating_sub(ledger.tip().timestamp_ms);
    // Only one family has "height" in its lines: people and plans grep for it.
    let families: [(&str, &str, &str, u64); 9] = [
        ("bt2c_block_height", "gauge", "Number of the newest block.", status.height),
        ("bt2c_head_age_milliseconds", "gauge", "Time since the newest block was made.", age_ms),
        ("bt2c_peers", "gauge", "Peers connected now.", status.peers as u64),
        ("bt2c_syncing", "gauge", "1 while the node fetches blocks it lacks.", status.syncing.into()),
        ("bt2c_blocks_produced_total", "counter", "Blocks made by this node since it started.", counters.produced),
        ("bt2c_blocks_imported_total", "counter", "Blocks taken from peers since the start.", counters.imported),
        ("bt2c_reorgs_total", "counter", "Times own blocks gave way to a better chain.", counters.reorgs),
        ("bt2c_database_up", "gauge", "1 while the database answers.", counters.database_up.into()),
        ("bt2c_database_recorded_blocks", "gauge", "Blocks known to be in the database.", counters.recorded),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in families {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
