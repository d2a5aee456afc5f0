//! The node over HTTP: status, metrics, single blocks, and notes for the next one. Knows no rule of the chain.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::block::Block;
use crate::ledger::{Ledger, now_ms};
use crate::status::{Place, Status};
use crate::transactions::Declined;

pub(crate) fn router(ledger: Arc<Ledger>) -> Router {
    Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/metrics", get(metrics))
        .route("/api/v1/blocks/{height}", get(block))
        .route("/api/v1/transactions", post(submit))
        .route("/api/v1/transactions/{id}", get(transaction))
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

#[derive(Deserialize)]
struct TransactionIn {
    note: String,
}

async fn submit(
    State(ledger): State<Arc<Ledger>>,
    body: Result<Json<TransactionIn>, JsonRejection>,
) -> (StatusCode, Json<Value>) {
    let refuse = |code: StatusCode, why: &str| (code, Json(json!({"error": why})));
    let transaction = match body {
        Ok(Json(transaction)) => transaction,
        Err(rejection) => return refuse(rejection.status(), &rejection.body_text()),
    };
    match ledger.submit(&transaction.note) {
        Ok(id) => (StatusCode::ACCEPTED, Json(json!({"id": id}))),
        Err(Declined::Note(why)) => refuse(StatusCode::UNPROCESSABLE_ENTITY, why),
        Err(Declined::Full) => refuse(StatusCode::SERVICE_UNAVAILABLE, "too many transactions are waiting; try again"),
    }
}

async fn transaction(State(ledger): State<Arc<Ledger>>, Path(id): Path<String>) -> (StatusCode, Json<Value>) {
    match ledger.transaction(&id) {
        Place::Waiting => (StatusCode::OK, Json(json!({"included": false, "height": null}))),
        Place::Included(height) => (StatusCode::OK, Json(json!({"included": true, "height": height}))),
        Place::Unknown => {
            (StatusCode::NOT_FOUND, Json(json!({"error": "no such transaction waits here or is in the chain"})))
        }
    }
}

async fn metrics(State(ledger): State<Arc<Ledger>>) -> impl IntoResponse {
    let (status, counters) = (ledger.status(), ledger.counters());
    let age_ms = now_ms().saturating_sub(ledger.tip().timestamp_ms);
    // Only one family has "height" in its lines: people and plans grep for it.
    let families: [(&str, &str, &str, u64); 10] = [
        ("bt2c_block_height", "gauge", "Number of the newest block.", status.height),
        ("bt2c_head_age_milliseconds", "gauge", "Time since the newest block was made.", age_ms),
        ("bt2c_peers", "gauge", "Peers connected now.", status.peers.len() as u64),
        ("bt2c_syncing", "gauge", "1 while the node fetches blocks it lacks.", status.syncing.into()),
        ("bt2c_blocks_produced_total", "counter", "Blocks made by this node since it started.", counters.produced),
        ("bt2c_blocks_imported_total", "counter", "Blocks taken from peers since the start.", counters.imported),
        ("bt2c_reorgs_total", "counter", "Times own blocks gave way to a better chain.", counters.reorgs),
        ("bt2c_fork", "gauge", "1 while a peer has a better chain too far apart.", status.fork.is_some().into()),
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
