//! The incident: what can happen to it, and what that makes of it. Runs, reports and the public page have rules of their own.

mod clocks;
mod command;
mod duty;
mod post;
mod run_moment;
mod state;
mod task;

use serde::{Deserialize, Serialize};

pub use self::{
    clocks::{Due, update_seconds},
    command::IncidentCommand,
    duty::{Duty, DutyDeed, Held, Person},
    post::{Fate, PostDeed, check_publish_at, sentence as post_sentence},
    run_moment::RunMoment,
    state::IncidentState,
    task::{MOST_TASKS, Task, TaskDeed, TaskState},
};
use crate::{
    domain::{
        attachment::Attached,
        audience::Audience,
        escalation::{CalledBy, Why},
        offer::Refusal,
        status::Impact,
    },
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

/// Everything that can stand in a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum IncidentEvent {
    Declared {
        level: u8,
        affected: Vec<Affected>,
        text: Option<String>,
    },
    Acknowledged,
    WorkStarted,
    Noted {
        text: String,
        /// Who was meant by name.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        mentions: Vec<Person>,
    },
    LevelChanged {
        from: u8,
        to: u8,
        response_seconds: Option<u64>,
        reason: String,
    },
    /// A message for the public page.
    Posted {
        state: PublicState,
        text: String,
        /// Set if it was said afterwards: what it is about was so then.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        happened_at: Option<Timestamp>,
    },
    /// A message that waits for its time, or did.
    Scheduled {
        post: i64,
        deed: PostDeed,
        text: String,
    },
    Resolved {
        text: String,
    },
    Closed {
        text: String,
    },
    Run {
        number: i64,
        procedure: String,
        moment: RunMoment,
        text: String,
    },
    /// A step of a run has told people something.
    Notified {
        run: i64,
        step: u32,
        audience: Audience,
        text: String,
    },
    /// One of them says that they have read it.
    NoticeAcknowledged {
        run: i64,
        step: u32,
        text: String,
    },
    ReportPublished {
        version: i32,
        public: bool,
    },
    /// What led here, or the same trouble again.
    AlertFired {
        alert: i64,
        source: String,
        title: String,
    },
    /// Whether the incident is over, a person says.
    AlertEnded {
        alert: i64,
        source: String,
        title: String,
        /// Other alerts of this incident.
        still_firing: u64,
    },
    /// People were called.
    Paged {
        people: Vec<CalledBy>,
        reason: Why,
    },
    /// Somebody says where it stands, or a run that has begun shows it.
    StateChanged {
        from: IncidentState,
        to: IncidentState,
        text: Option<String>,
    },
    /// It was resolved, and is back.
    Reopened {
        reason: String,
    },
    /// The components whose impact is another one now, or that are new.
    AffectedChanged {
        affected: Vec<Affected>,
        text: Option<String>,
    },
    /// From nobody, or from somebody who did not hand it over.
    DutyTaken {
        duty: Duty,
        // An entry says by itself who wrote it.
        #[serde(rename = "person")]
        by: Person,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        from: Option<Person>,
    },
    DutyOffered {
        duty: Duty,
        to: Person,
    },
    /// Accepted by the one who was asked.
    DutyHandedOver {
        duty: Duty,
        from: Person,
        to: Person,
    },
    /// Declined, or withdrawn: the holder stays.
    DutyOfferEnded {
        duty: Duty,
        to: Person,
    },
    DutyLeft {
        duty: Duty,
        // An entry says by itself who wrote it.
        #[serde(rename = "person")]
        by: Person,
    },
    /// A clock has run out; said once.
    Overdue {
        due: Due,
        /// The clock's name.
        clock: String,
        limit_seconds: u64,
    },
    /// A written entry reads so from now on; what it said before stays where it is.
    Corrected {
        entry: i32,
        text: String,
    },
    Pinned {
        entry: i32,
    },
    Unpinned {
        entry: i32,
    },
    TaskAdded {
        task: u32,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        owner: Option<Person>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        due_at: Option<Timestamp>,
    },
    /// Taken, handed to somebody, or let go.
    TaskGiven {
        task: u32,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        from: Option<Person>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        to: Option<Person>,
    },
    TaskChanged {
        task: u32,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        due_at: Option<Timestamp>,
    },
    TaskEnded {
        task: u32,
        text: String,
        /// Otherwise nobody needs it any more.
        done: bool,
    },
    TaskReopened {
        task: u32,
        text: String,
    },
    /// A file was put to it.
    Attached {
        file: Attached,
    },
}

/// The current state: a fold of the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub title: String,
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
                next.state = IncidentState::Resolved;
                next.acknowledged_at = self.acknowledged_at.or(Some(now));
                next.resolved_at = Some(now);
                next.public_state = self.public_title.as_ref().map(|_| PublicState::Resolved);
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
            E::Noted { .. }
            | E::Run { .. }
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
