//! The incident: what can happen to it, and what that makes of it. Runs, reports and the public page have rules of their own.

mod again;
mod clocks;
mod command;
mod duty;
mod event;
mod merged;
mod post;
mod restricted;
mod run_moment;
mod state;
mod task;

use serde::{Deserialize, Serialize};

pub use self::{
    clocks::{Due, update_seconds},
    command::IncidentCommand,
    duty::{Duty, DutyDeed, Held, Person},
    event::IncidentEvent,
    post::{Fate, PostDeed, check_publish_at, sentence as post_sentence},
    restricted::{Eyes, allows},
    run_moment::RunMoment,
    state::IncidentState,
    task::{MOST_TASKS, Task, TaskDeed, TaskState},
};
use crate::{
    domain::{offer::Refusal, status::Impact},
    timestamp::Timestamp,
};

/// A component of the plan, as this incident affects it. Name and objective are copied at declaration, so that a later plan
/// does not rewrite history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Affected {
    pub component: String,
    pub name: String,
    pub impact: Impact,
    pub rto_seconds: Option<u64>,
    /// Absent if it was affected when the incident was declared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Timestamp>,
    /// It works again, though the incident goes on: its clock has stopped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored_at: Option<Timestamp>,
}

impl Affected {
    #[must_use]
    pub fn new(component: &str, name: &str, impact: Impact, rto_seconds: Option<u64>) -> Self {
        Self { component: component.into(), name: name.into(), impact, rto_seconds, since: None, restored_at: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PublicState {
    Investigating,
    Identified,
    Monitoring,
    Resolved,
}

impl PublicState {
    pub const ALL: [Self; 4] = [Self::Investigating, Self::Identified, Self::Monitoring, Self::Resolved];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Investigating => "Investigating",
            Self::Identified => "Identified",
            Self::Monitoring => "Monitoring",
            Self::Resolved => "Resolved",
        }
    }
}

/// The current state: a fold of the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub title: String,
    /// Nothing has happened: a procedure is rehearsed. The public is told nothing of it, ever.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub drill: bool,
    pub level: u8,
    pub response_seconds: Option<u64>,
    pub affected: Vec<Affected>,
    pub state: IncidentState,
    pub declared_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// Nothing of it is owed any more: reviews are made, and it is put away.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed_at: Option<Timestamp>,
    /// Title on the status page; `None` keeps the incident internal.
    pub public_title: Option<String>,
    pub public_state: Option<PublicState>,
    /// When the public was last told something.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub posted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub duties: Vec<Held>,
    /// Clocks of which it has been said that they have run out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub told_overdue: Vec<Due>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tasks: Vec<Task>,
    /// Who was let in by name, if it is restricted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub readers: Option<Vec<Person>>,
    /// The incident that it is the same as.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged_into: Option<i64>,
}

impl Incident {
    /// As it is when it is declared.
    #[must_use]
    pub fn declared(
        title: String,
        (level, response_seconds): (u8, Option<u64>),
        affected: Vec<Affected>,
        public_title: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            title,
            drill: false,
            level,
            response_seconds,
            affected,
            state: IncidentState::Declared,
            declared_at: now,
            acknowledged_at: None,
            resolved_at: None,
            closed_at: None,
            public_title,
            public_state: None,
            posted_at: None,
            duties: vec![],
            told_overdue: vec![],
            tasks: vec![],
            readers: None,
            merged_into: None,
        }
    }

    /// The one transition function.
    ///
    /// # Errors
    /// If the event may not follow the state the incident is in.
    pub fn apply(&self, event: &IncidentEvent, now: Timestamp) -> Result<Self, Refusal> {
        use IncidentCommand as C;
        use IncidentEvent as E;
        let mut next = self.clone();
        match event {
            E::Declared { .. } => {
                return Err(Refusal::new("already-declared", "This incident has already been declared."));
            }
            E::Acknowledged => {
                self.permits(C::Acknowledge)?;
                next.state = IncidentState::Acknowledged;
                next.acknowledged_at = Some(now);
            }
            E::WorkStarted => {
                self.permits(C::StartWork)?;
                next.state = IncidentState::Recovering;
                // Whoever starts work has thereby answered.
                next.acknowledged_at = self.acknowledged_at.or(Some(now));
            }
            E::LevelChanged { from, to, response_seconds, .. } => {
                self.permits(C::ChangeLevel)?;
                next.relevel(*from, *to, *response_seconds)?;
            }
            E::Posted { state, happened_at, .. } => {
                self.permits(C::PostUpdate)?;
                next.tell(*state, *happened_at, now)?;
            }
            E::Resolved { .. } => {
                self.permits(C::Resolve)?;
                next.resolve(now);
            }
            E::Closed { .. } => {
                self.permits(C::Close)?;
                next.state = IncidentState::Closed;
                next.closed_at = Some(now);
            }
            E::StateChanged { from, to, .. } => {
                self.permits(C::SetState)?;
                self.may_become(*from, *to)?;
                next.state = *to;
                // Whoever says where it stands has thereby answered.
                next.acknowledged_at = self.acknowledged_at.or(Some(now));
            }
            E::Reopened { .. } => {
                self.permits(C::Reopen)?;
                next.reopen();
            }
            E::AffectedChanged { affected, .. } => {
                self.permits(C::ChangeAffected)?;
                next.affect(affected, now)?;
            }
            E::DutyTaken { duty, by: holder, .. } | E::DutyHandedOver { duty, to: holder, .. } => {
                self.permits(C::HoldDuty)?;
                next.duty_given(*duty, Some(holder), now);
            }
            E::DutyOffered { duty, to } => {
                self.permits(C::HoldDuty)?;
                next.duty_offered(*duty, Some(to));
            }
            E::DutyOfferEnded { duty, .. } => next.duty_offered(*duty, None),
            E::DutyLeft { duty, .. } => next.duty_given(*duty, None, now),
            E::Overdue { due, .. } => next.told_overdue.push(due.clone()),
            E::TaskAdded { .. }
            | E::TaskGiven { .. }
            | E::TaskChanged { .. }
            | E::TaskEnded { .. }
            | E::TaskReopened { .. } => {
                self.permits(C::HandleTask)?;
                next.task_apply(event, now);
            }
            E::Restricted { .. } | E::Opened { .. } | E::LetIn { .. } | E::PutOut { .. } => {
                next.readers_change(event)?;
            }
            E::Merged { into, .. } => next.merge(*into, now)?,
            E::Noted { .. }
            | E::TookIn { .. }
            | E::Related { .. }
            | E::Unrelated { .. }
            | E::Run { .. }
            | E::Automatic { .. }
            | E::Notified { .. }
            | E::NoticeAcknowledged { .. }
            | E::ReportPublished { .. }
            | E::AlertFired { .. }
            | E::AlertEnded { .. }
            | E::Paged { .. }
            | E::Corrected { .. }
            | E::Pinned { .. }
            | E::Unpinned { .. }
            | E::Scheduled { .. }
            | E::Attached { .. } => {}
        }
        Ok(next)
    }

    /// Ids of what it has affected.
    #[must_use]
    pub fn components(&self) -> Vec<&str> {
        self.affected.iter().map(|affected| affected.component.as_str()).collect()
    }

    fn may_become(&self, from: IncidentState, to: IncidentState) -> Result<(), Refusal> {
        if self.state != from {
            let message = format!("This incident is {} by now. Nothing was changed; look again.", self.state);
            return Err(Refusal::new("state-changed", message));
        }
        if from == to {
            return Err(Refusal::new("state-unchanged", format!("This incident is {to} already.")));
        }
        if !IncidentState::SAID.contains(&to) || !from.leads_to(to) {
            return Err(Refusal::new("state-unsayable", format!("Nobody can say by this that an incident is {to}.")));
        }
        Ok(())
    }

    fn relevel(&mut self, from: u8, to: u8, response_seconds: Option<u64>) -> Result<(), Refusal> {
        if from == to || from != self.level {
            let message = format!("This incident already has level {}.", self.level);
            return Err(Refusal::new("level-unchanged", message));
        }
        self.level = to;
        self.response_seconds = response_seconds;
        // Another level is another promise.
        self.told_overdue.retain(|due| !matches!(due, Due::Response {} | Due::Update {}));
        Ok(())
    }

    fn resolve(&mut self, now: Timestamp) {
        self.state = IncidentState::Resolved;
        self.acknowledged_at = self.acknowledged_at.or(Some(now));
        self.resolved_at = Some(now);
        self.public_state = self.public_title.as_ref().map(|_| PublicState::Resolved);
    }

    fn reopen(&mut self) {
        self.state = IncidentState::Acknowledged;
        self.resolved_at = None;
        self.closed_at = None;
        // A task that was late is still late.
        self.told_overdue.retain(|due| matches!(due, Due::Task { .. }));
    }

    fn affect(&mut self, changed: &[Affected], now: Timestamp) -> Result<(), Refusal> {
        let before = self.affected.clone();
        for change in changed {
            let restored = change.impact == Impact::Operational;
            self.told_overdue.retain(|due| !restored || *due != change.due());
            match self.affected.iter_mut().find(|affected| affected.component == change.component) {
                Some(known) => {
                    known.impact = change.impact;
                    known.restored_at = known.restored_at.filter(|_| restored).or_else(|| restored.then_some(now));
                }
                None => self.affected.push(Affected { since: Some(now), restored_at: None, ..change.clone() }),
            }
        }
        if self.affected == before {
            return Err(Refusal::new(
                "affected-unchanged",
                "That is what the incident says already. Nothing was changed.",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
