//! What follows from a restore, before anybody works on the database: nobody is signed in, nothing begins by itself, and what was
//! under way is looked up by a worker. Everything between the backup and the disaster is unknown, and treated so.

use serde::Serialize;
use serde_json::json;
use shared::domain::{
    actor::Actor,
    incident::RunMoment,
    run::{RunEvent, RunState},
};
use store::{JobKind, Store, Tx};

use super::{audit, moment};
use crate::{backup::Manifest, error::AppError};

/// Until a watch looks again.
const WATCH_AGAIN_SECONDS: f64 = 60.0;

/// What became of runs that had not ended, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// Requested or approved, not begun: to be requested again.
    pub expired: Vec<i64>,
    /// Under way: a worker looks up what was begun, and asks before anything else.
    pub taken_up: Vec<i64>,
    /// Waiting for a person's decision, as before.
    pub asking: Vec<i64>,
    /// Messages that were on their way: not sent by themselves any more.
    pub unsent: i64,
    /// Standing orders that are suspended: somebody may have revoked them since.
    pub orders: u64,
}

/// In one transaction. The chain must end where the backup says; otherwise nothing is written.
///
/// # Errors
/// If the chain is not the one that was backed up, or the database does not answer.
pub async fn settle(store: &Store, backup: &Manifest) -> Result<Settled, AppError> {
    let verdict = audit::verify_all(store).await?;
    if let Some(broken) = verdict.broken {
        return Err(AppError::not_now(format!("The audit chain in the backup is broken: {broken}")));
    }
    if (verdict.entries, verdict.head) != (backup.audit.seq, backup.audit.hash) {
        return Err(AppError::not_now(format!(
            "The audit chain ends at entry {} ({}), and the backup was taken at entry {} ({})",
            verdict.entries, verdict.head, backup.audit.seq, backup.audit.hash
        )));
    }
    let by = Actor::CommandLine;
    let mut settled = Settled::default();
    let mut tx = store.begin().await?;
    tx.world_forget().await?;
    settled.unsent = tx.outbox_forget().await?;
    tx.contact_drills_forget().await?;
    // Somebody may have revoked one since.
    let why = format!("Muster was restored from its backup of {}", backup.created_at.utc_text());
    settled.orders = tx.standing_orders_halt(&by, &why).await?;
    for id in tx.runs_open().await? {
        let mut run = tx.run_lock_id(id).await?.run;
        let number = run.header.number;
        let from = backup.created_at.utc_text();
        match run.state {
            RunState::Resolving | RunState::AwaitingApproval | RunState::Queued => {
                tx.run_append(&mut run, RunEvent::Expired, &by).await?;
                let text =
                    format!("Muster was restored from its backup of {from}; request it again if it is still needed");
                tx.audit(&by, "run.expired", format!("run {number}"), json!({ "restored_from": backup.created_at }));
                moment::tell(&mut tx, &run, RunMoment::Expired, text, &by).await?;
                settled.expired.push(number);
            }
            RunState::Running | RunState::Cancelling | RunState::Asking => {
                tx.run_append(&mut run, RunEvent::Restored { backup_of: backup.created_at }, &by).await?;
                let text = format!(
                    "Muster was restored from its backup of {from}; what was begun is looked up, and nothing else is begun by itself"
                );
                tx.audit(&by, "run.restored", format!("run {number}"), json!({ "restored_from": backup.created_at }));
                moment::tell(&mut tx, &run, RunMoment::Started, text, &by).await?;
                take_up(&mut tx, &run, &mut settled).await?;
            }
            // Ended: the schema knows no such row among the open ones.
            _ => {}
        }
    }
    for id in tx.watches_open().await? {
        tx.job_add_later(id, JobKind::Watch, WATCH_AGAIN_SECONDS).await?;
    }
    let detail = json!({
        "backup_of": backup.created_at, "made_by": backup.muster, "schema_version": backup.schema_version,
        "audit_seq": backup.audit.seq, "audit_hash": backup.audit.hash, "runs": settled,
    });
    tx.audit(&by, "muster.restored", "Muster", detail);
    tx.commit().await?;
    Ok(settled)
}

async fn take_up(tx: &mut Tx, run: &shared::domain::run::Run, settled: &mut Settled) -> Result<(), AppError> {
    let number = run.header.number;
    if run.state == RunState::Asking {
        settled.asking.push(number);
        return Ok(());
    }
    tx.job_add(run.header.id, JobKind::Execute).await?;
    settled.taken_up.push(number);
    Ok(())
}
