//! The incident's state machine: what may happen to it, in which order. Runs, reports and the public page have rules of their own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        audience::Audience,
        clock::Clock,
        escalation::{CalledBy, Why},
        offer::Refusal,
        status::Impact,
    },
    timestamp::Timestamp,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IncidentState {
    /// Nobody has taken it yet: the response clock runs.
    Declared,
    Acknowledged,
    /// Somebody works on it.
    Working,
    Resolved,
}

impl IncidentState {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Acknowledged => "acknowledged",
            Self::Working => "working",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for IncidentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A component of the plan, as this incident affects it. Name and objective are copied at declaration, so that a later plan
/// does not rewrite history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Affected {
    pub component: String,
    pub name: String,
    pub impact: Impact,
    pub rto_seconds: Option<u64>,
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

/// One moment of a recovery run as the timeline tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunMoment {
    Requested,
    /// It was first in line.
    Called,
    /// Its place among those that wait was changed.
    Prioritised,
    Resolved,
    Unresolvable,
    Approved,
    /// One person has taken the consent of others upon themselves.
    GlassBroken,
    /// Somebody else has looked at that.
    Reviewed,
    Refused,
    Expired,
    Withdrawn,
    Started,
    StepEnded,
    Asked,
    Answered,
    /// A person wants it to end.
    CancelAsked,
    Cancelled,
    /// A person has made a final check.
    Checked,
    Succeeded,
    /// The watch after the recovery saw a change, or has ended.
    Watched,
    Stopped,
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
}

/// What a person can command; each is one event or a run request.
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
}

impl IncidentCommand {
    pub const ALL: [Self; 9] = [
        Self::Acknowledge,
        Self::StartWork,
        Self::Note,
        Self::ChangeLevel,
        Self::PostUpdate,
        Self::RequestRun,
        Self::Resolve,
        Self::Close,
        Self::WriteReport,
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
        let resolved =
            || Refusal::new("incident-resolved", "This incident is resolved; declare a new one if it is back.");
        match (command, self.state) {
            (C::Note | C::WriteReport, _) => Ok(()),
            (C::Close, S::Resolved) if self.closed_at.is_none() => Ok(()),
            (C::Close, S::Resolved) => Err(Refusal::new("incident-closed", "This incident is closed already.")),
            (C::Close, _) => Err(Refusal::new("incident-open", "This incident is not resolved yet; resolve it first.")),
            (_, S::Resolved) => Err(resolved()),
            (C::Acknowledge, S::Declared) => Ok(()),
            (C::Acknowledge, _) => {
                Err(Refusal::new("already-acknowledged", "Somebody has already acknowledged this incident."))
            }
            (C::StartWork, S::Acknowledged | S::Declared) => Ok(()),
            (C::StartWork, S::Working) => {
                Err(Refusal::new("already-working", "Work on this incident has already started."))
            }
            (C::PostUpdate, _) if self.public_title.is_none() => Err(Refusal::new(
                "incident-internal",
                "This incident is not on the status page, so there is nobody to update.",
            )),
            (C::ChangeLevel | C::PostUpdate | C::RequestRun | C::Resolve, _) => Ok(()),
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
                next.state = IncidentState::Working;
                // Whoever starts work has thereby answered.
                next.acknowledged_at = self.acknowledged_at.or(Some(now));
            }
            E::LevelChanged { from, to, response_seconds, .. } => {
                self.permits(C::ChangeLevel)?;
                if from == to || *from != self.level {
                    return Err(Refusal::new(
                        "level-unchanged",
                        format!("This incident already has level {}.", self.level),
                    ));
                }
                next.level = *to;
                next.response_seconds = *response_seconds;
            }
            E::Posted { state, .. } => {
                self.permits(C::PostUpdate)?;
                next.public_state = Some(*state);
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
                next.closed_at = Some(now);
            }
            E::Noted { .. }
            | E::Run { .. }
            | E::Notified { .. }
            | E::NoticeAcknowledged { .. }
            | E::ReportPublished { .. }
            | E::AlertFired { .. }
            | E::AlertEnded { .. }
            | E::Paged { .. } => {}
        }
        Ok(next)
    }

    /// The response clock, then one recovery clock for each affected component that has an objective.
    #[must_use]
    pub fn clocks(&self) -> Vec<Clock> {
        let response = self.response_seconds.map(|limit_seconds| Clock {
            label: "Response".into(),
            started_at: self.declared_at,
            limit_seconds,
            stopped_at: self.acknowledged_at,
        });
        let recovery = self.affected.iter().filter_map(|a| {
            Some(Clock {
                label: format!("Recovery of {}", a.name),
                started_at: self.declared_at,
                limit_seconds: a.rto_seconds?,
                stopped_at: self.resolved_at,
            })
        });
        response.into_iter().chain(recovery).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Incident {
        Incident {
            title: "validator1 is down".into(),
            level: 1,
            response_seconds: Some(3600),
            affected: vec![Affected {
                component: "validator1".into(),
                name: "Validator 1".into(),
                impact: Impact::MajorOutage,
                rto_seconds: Some(600),
            }],
            state: IncidentState::Declared,
            declared_at: Timestamp::from_unix(0),
            acknowledged_at: None,
            resolved_at: None,
            closed_at: None,
            public_title: Some("Validator 1 is not available".into()),
            public_state: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    #[test]
    fn the_usual_road_stops_both_clocks() {
        let incident = declared();
        let incident = incident.apply(&IncidentEvent::Acknowledged, at(60)).unwrap();
        let incident = incident.apply(&IncidentEvent::WorkStarted, at(70)).unwrap();
        let incident = incident.apply(&IncidentEvent::Resolved { text: "restarted".into() }, at(300)).unwrap();
        assert_eq!(incident.state, IncidentState::Resolved);
        assert_eq!(incident.public_state, Some(PublicState::Resolved));
        let stops: Vec<_> =
            incident.clocks().iter().map(|c| (c.label.clone(), c.limit_seconds, c.stopped_at)).collect();
        assert_eq!(
            stops,
            [("Response".into(), 3600, Some(at(60))), ("Recovery of Validator 1".into(), 600, Some(at(300)))]
        );
    }

    #[test]
    fn illegal_pairs_have_names() {
        let resolved = declared().apply(&IncidentEvent::Resolved { text: "x".into() }, at(1)).unwrap();
        let acknowledged = declared().apply(&IncidentEvent::Acknowledged, at(1)).unwrap();
        let closed = resolved.apply(&IncidentEvent::Closed { text: "done".into() }, at(2)).unwrap();
        let internal = Incident { public_title: None, ..declared() };
        let posted = IncidentEvent::Posted { state: PublicState::Identified, text: "x".into() };
        let same_level = IncidentEvent::LevelChanged { from: 1, to: 1, response_seconds: None, reason: "x".into() };
        let cases = [
            (&resolved, IncidentEvent::Acknowledged, "incident-resolved"),
            (&resolved, IncidentEvent::Resolved { text: "x".into() }, "incident-resolved"),
            (&acknowledged, IncidentEvent::Acknowledged, "already-acknowledged"),
            (&internal, posted, "incident-internal"),
            (&acknowledged, same_level, "level-unchanged"),
            (&acknowledged, IncidentEvent::Closed { text: "x".into() }, "incident-open"),
            (&closed, IncidentEvent::Closed { text: "x".into() }, "incident-closed"),
        ];
        for (incident, event, code) in cases {
            assert_eq!(incident.apply(&event, at(2)).unwrap_err().code, code, "{event:?}");
        }
        assert!(resolved.apply(&IncidentEvent::Noted { text: "later".into() }, at(3)).is_ok());
    }
}
