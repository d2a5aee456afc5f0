//! Places in the worker's work at which a process may die, named, so that tests can make it die there. Reads no environment and
//! no configuration: only code that builds a [`crate::Worker`] can hand it a hook, and the shipped program does not.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use shared::ids::RunId;

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    BeforeClaim,
    AfterClaim,
    /// The step's intent is in the database, the host knows nothing.
    IntentCommitted,
    /// The host has been told, or is about to be.
    MidEffect,
    /// The host has done it, the database does not know.
    EffectDone,
    OutcomeCommitted,
    /// Everything is written and nothing is committed.
    BeforeCommit,
    /// The database has it, the worker does not know.
    AfterCommit,
}

impl Point {
    pub const ALL: [Self; 8] = [
        Self::BeforeClaim,
        Self::AfterClaim,
        Self::IntentCommitted,
        Self::MidEffect,
        Self::EffectDone,
        Self::OutcomeCommitted,
        Self::BeforeCommit,
        Self::AfterCommit,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeClaim => "before claim",
            Self::AfterClaim => "after claim",
            Self::IntentCommitted => "intent committed",
            Self::MidEffect => "mid-effect",
            Self::EffectDone => "effect done and not recorded",
            Self::OutcomeCommitted => "outcome committed",
            Self::BeforeCommit => "before COMMIT",
            Self::AfterCommit => "after COMMIT",
        }
    }
}

/// One arrival at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    pub point: Point,
    /// None before a claim.
    pub run: Option<RunId>,
    /// Of points within a step.
    pub step: Option<u32>,
}

/// What is asked at every point. A future means: when it ends, the process is dead, and nothing after this point ever runs.
/// Whoever gives the hook drops the worker then.
pub type Hook = dyn Fn(At) -> Option<BoxFuture<'static, ()>> + Send + Sync;

#[derive(Clone, Default)]
pub(crate) struct Faults(Option<Arc<Hook>>);

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(hooked)" } else { "Faults(none)" })
    }
}

impl Faults {
    pub(crate) fn hooked(hook: Arc<Hook>) -> Self {
        Self(Some(hook))
    }

    fn ask(&self, at: At) -> Option<BoxFuture<'static, ()>> {
        self.0.as_ref().and_then(|hook| hook(at))
    }

    /// Goes on, or never returns.
    pub(crate) async fn pass(&self, point: Point, run: Option<RunId>, step: Option<u32>) {
        if let Some(dying) = self.ask(At { point, run, step }) {
            dying.await;
            std::future::pending::<()>().await;
        }
    }

    /// The effect, which may be left in the middle for ever.
    pub(crate) async fn during<T>(&self, run: RunId, step: u32, effect: impl Future<Output = T>) -> T {
        match self.ask(At { point: Point::MidEffect, run: Some(run), step: Some(step) }) {
            None => effect.await,
            Some(dying) => tokio::select! {
                biased;
                () = dying => std::future::pending().await,
                done = effect => done,
            },
        }
    }
}
