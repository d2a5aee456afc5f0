//! What a person can command, and whether the incident's state permits it. Whether this person may is the access table's.

use serde::{Deserialize, Serialize};

use super::{Incident, IncidentState};
use crate::domain::offer::Refusal;

/// Each is one event, a few that belong together, or a run request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IncidentCommand {
    Acknowledge,
    StartWork,
    Note,
    ChangeLevel,
    PostUpdate,
    RequestRun,
    Resolve,
    Close,
    WriteReport,
    /// Say where it stands.
    SetState,
    /// Say what is affected, and how badly.
    ChangeAffected,
    /// Take, hand over or leave a duty.
    HoldDuty,
    Reopen,
    /// Add a task, take it, hand it over, change it, end it.
    HandleTask,
    /// Let only some people see it.
    Restrict,
    /// Let everybody see it again.
    LiftRestriction,
    /// Say who may see it.
    ChangeReaders,
    /// Say that it is the same as another one.
    Merge,
    /// Say that it has to do with another one.
    Relate,
}

impl IncidentCommand {
    pub const ALL: [Self; 19] = [
        Self::Acknowledge,
        Self::StartWork,
        Self::Note,
        Self::ChangeLevel,
        Self::PostUpdate,
        Self::RequestRun,
        Self::Resolve,
        Self::Close,
        Self::WriteReport,
        Self::SetState,
        Self::ChangeAffected,
        Self::HoldDuty,
        Self::Reopen,
        Self::HandleTask,
        Self::Restrict,
        Self::LiftRestriction,
        Self::ChangeReaders,
        Self::Merge,
        Self::Relate,
    ];
}

impl Incident {
    /// Whether the incident's state permits a command, regardless of who asks.
    ///
    /// # Errors
    /// A refusal with the reason in words.
    pub fn permits(&self, command: IncidentCommand) -> Result<(), Refusal> {
        use IncidentCommand as C;
        use IncidentState as S;
        if let Some(into) = self.merged_into
            && matches!(command, C::Reopen | C::HandleTask | C::Merge)
        {
            let message = format!("This incident was merged into incident {into}; go on there.");
            return Err(Refusal::new("incident-merged", message));
        }
        if self.drill {
            self.permits_in_a_drill(command)?;
        }
        if let C::Restrict | C::LiftRestriction | C::ChangeReaders = command {
            return self.permits_restriction(command == C::Restrict);
        }
        match (command, self.state) {
            (C::Relate, _) => Ok(()),
            (C::Note | C::WriteReport, _) | (C::Close, S::Resolved) | (C::Reopen, S::Resolved | S::Closed) => Ok(()),
            // What is left to do is often found after it is resolved.
            (C::HandleTask, S::Closed) => {
                Err(Refusal::new("incident-closed", "This incident is closed, so its tasks are too; reopen it first."))
            }
            (C::HandleTask, _) => Ok(()),
            (C::Close, S::Closed) => Err(Refusal::new("incident-closed", "This incident is closed already.")),
            (C::Close, _) => Err(Refusal::new("incident-open", "This incident is not resolved yet; resolve it first.")),
            (C::Reopen, _) => {
                Err(Refusal::new("incident-open", "This incident is open, so there is nothing to reopen."))
            }
            (_, S::Resolved | S::Closed) => {
                Err(Refusal::new("incident-resolved", "This incident is resolved; reopen it if it is back."))
            }
            (C::Acknowledge, S::Declared) | (C::StartWork, S::Declared | S::Acknowledged | S::Identified) => Ok(()),
            (C::Acknowledge, _) => {
                Err(Refusal::new("already-acknowledged", "Somebody has already acknowledged this incident."))
            }
            (C::StartWork, _) => Err(Refusal::new("already-working", "Work on this incident has already started.")),
            (C::Merge, _) if self.readers.is_some() => Err(Refusal::new(
                "incident-restricted",
                "This incident is restricted, so it cannot be merged: its timeline would be shown to others. Relate them instead.",
            )),
            (C::PostUpdate, _) if self.public_title.is_none() => Err(Refusal::new(
                "incident-internal",
                "This incident is not on the status page, so there is nobody to update.",
            )),
            (
                C::ChangeLevel
                | C::PostUpdate
                | C::RequestRun
                | C::Resolve
                | C::SetState
                | C::ChangeAffected
                | C::HoldDuty
                | C::Merge
                | C::Restrict
                | C::LiftRestriction
                | C::ChangeReaders,
                _,
            ) => Ok(()),
        }
    }

    /// A drill is one run in its own target, begun and ended with it; for everything else there are incidents.
    fn permits_in_a_drill(&self, command: IncidentCommand) -> Result<(), Refusal> {
        use IncidentCommand as C;
        let why = match command {
            C::RequestRun => "This is a drill: its one run was requested with it. For a recovery, declare an incident.",
            C::PostUpdate => "This is a drill: the public is told nothing of it.",
            C::ChangeLevel | C::ChangeAffected => "This is a drill: nothing is affected.",
            C::Reopen => "A drill that is over is not reopened; begin another.",
            C::Merge => "A drill is nothing that has happened, so it is merged with nothing.",
            C::Restrict | C::ChangeReaders => "A drill is for everybody to see.",
            _ => return Ok(()),
        };
        Err(Refusal::new("a-drill", why))
    }

    /// In any state: what is over can be as confidential as what is not.
    fn permits_restriction(&self, to_restrict: bool) -> Result<(), Refusal> {
        match (to_restrict, self.readers.is_some()) {
            (true, true) => Err(Refusal::new("already-restricted", "This incident is restricted already.")),
            (false, false) => {
                Err(Refusal::new("not-restricted", "Everybody who opens the console sees this incident already."))
            }
            _ => Ok(()),
        }
    }
}
