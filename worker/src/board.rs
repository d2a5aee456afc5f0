//! Where notices are given: one for each step of a run, with timeline, audit and live event in its transaction. Touches no host.

use std::{future::Future, pin::Pin, time::Duration};

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{actor::Actor, audience::Audience, incident::IncidentEvent, run::RunHeader},
};
use store::{Store, StoreError};

use crate::lease::{Lease, LeaseLost};

/// Between attempts while the database is away.
const PAUSE: Duration = Duration::from_millis(500);

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// False if an earlier attempt at the step had given it.
    pub(crate) new: bool,
    /// How many people there are to read it.
    pub(crate) readers: i64,
}

/// Why it could not be given.
#[derive(Debug)]
pub(crate) enum NotGiven {
    Lost,
    /// Completes "Step 2 failed: …".
    Failed(String),
}

pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The database, or a test's memory.
pub(crate) trait Board: Send + Sync {
    /// Once for each step: what is there already is left as it is.
    fn give<'a>(
        &'a self,
        step: u32,
        audience: Audience,
        text: &'a str,
        lease: &'a Lease,
    ) -> Answer<'a, Result<Given, NotGiven>>;

    fn given(&self, step: u32) -> Answer<'_, Result<bool, String>>;
}

/// The notices of one run, written under its fence.
pub(crate) struct Notices<'a> {
    pub(crate) store: &'a Store,
    pub(crate) by: &'a Actor,
    pub(crate) header: &'a RunHeader,
    pub(crate) fence: i64,
    pub(crate) incident_number: i64,
}

impl Board for Notices<'_> {
    fn give<'a>(
        &'a self,
        step: u32,
        audience: Audience,
        text: &'a str,
        lease: &'a Lease,
    ) -> Answer<'a, Result<Given, NotGiven>> {
        Box::pin(async move {
            loop {
                match self.try_give(step, audience, text).await {
                    Ok(given) => return Ok(given),
                    Err(StoreError::Fenced) => return Err(NotGiven::Lost),
                    // A notice that arrived although its COMMIT was lost is found by its key.
                    Err(StoreError::Unavailable(_)) => {
                        lease.check().map_err(|LeaseLost| NotGiven::Lost)?;
                        tokio::time::sleep(PAUSE).await;
                    }
                    Err(error) => return Err(NotGiven::Failed(format!("the notice could not be written: {error}"))),
                }
            }
        })
    }

    fn given(&self, step: u32) -> Answer<'_, Result<bool, String>> {
        Box::pin(async move { self.store.notice_given(self.header.id, step).await.map_err(|error| error.to_string()) })
    }
}

impl Notices<'_> {
    async fn try_give(&self, step: u32, audience: Audience, text: &str) -> Result<Given, StoreError> {
        let readers = self.store.notice_readers(audience).await?;
        // It reaches people who see nothing else of the run.
        let drill = self.header.drill_of.is_some().then(|| format!("DRILL: {text}"));
        let text = drill.as_deref().unwrap_or(text);
        let mut tx = self.store.begin().await?;
        let new = tx.notice_give(self.header.id, step, self.fence, audience, text).await?;
        if new {
            let run = self.header.number;
            let record = tx.incident_lock_id(self.header.incident).await?;
            let event = IncidentEvent::Notified { run, step, audience, text: text.to_owned() };
            // Telling people never changes the incident's state.
            tx.incident_append(&record, &record.incident, &event, self.by).await?;
            let detail = json!({ "audience": audience, "text": text, "readers": readers });
            tx.audit(self.by, "notice.given", format!("run {run} step {step}"), detail);
            tx.live(Topic::Incident { number: self.incident_number });
            tx.commit().await?;
        }
        Ok(Given { new, readers })
    }
}
