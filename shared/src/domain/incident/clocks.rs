//! The clocks of an incident, and which of them have run out without anybody having been told. Reads no time itself.

use serde::{Deserialize, Serialize};

use super::{Affected, Incident};
use crate::{domain::clock::Clock, timestamp::Timestamp};

/// What a clock of an incident is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Due {
    /// Somebody has to take it.
    Response {},
    Recovery {
        component: String,
    },
    /// The public has to hear of it again.
    Update {},
    Task {
        task: u32,
    },
}

/// "Immediate" is given this long before it is loud.
const AT_ONCE_SECONDS: u64 = 60;

/// How often the public hears of an incident of this level, even if nothing has changed.
#[must_use]
pub fn update_seconds(level: u8) -> u64 {
    match level {
        0 | 1 => 60 * 60,
        2 => 30 * 60,
        _ => 15 * 60,
    }
}

fn loud_at(clock: &Clock) -> Timestamp {
    if clock.limit_seconds == 0 { clock.due_at().plus_seconds(AT_ONCE_SECONDS) } else { clock.due_at() }
}

impl Incident {
    /// The response clock, a recovery clock for each affected component that has an objective, and while the incident is on the
    /// status page, when its readers must hear of it again.
    #[must_use]
    pub fn clocks(&self) -> Vec<Clock> {
        self.clocks_for().into_iter().map(|(_, clock)| clock).collect()
    }

    #[must_use]
    pub fn clocks_for(&self) -> Vec<(Due, Clock)> {
        let response = self.response_seconds.map(|limit_seconds| {
            let clock = Clock {
                label: "Response".into(),
                started_at: self.declared_at,
                limit_seconds,
                stopped_at: self.acknowledged_at,
            };
            (Due::Response {}, clock)
        });
        let recovery = self.affected.iter().filter_map(|a| Some((a.due(), self.recovery_clock(a)?)));
        // The public waits for nothing once it has heard the last word.
        let update = (self.public_title.is_some() && self.state.open()).then(|| {
            let clock = Clock {
                label: "Next public update".into(),
                started_at: self.posted_at.unwrap_or(self.declared_at),
                limit_seconds: update_seconds(self.level),
                stopped_at: None,
            };
            (Due::Update {}, clock)
        });
        response.into_iter().chain(recovery).chain(update).collect()
    }

    fn recovery_clock(&self, affected: &Affected) -> Option<Clock> {
        let stopped_at = affected.restored_at.or(self.resolved_at);
        Some(Clock {
            label: format!("Recovery of {}", affected.name),
            started_at: affected.since.unwrap_or(self.declared_at),
            limit_seconds: affected.rto_seconds?,
            stopped_at,
        })
    }

    fn untold(&self) -> impl Iterator<Item = (Due, Clock)> {
        let running = |(due, clock): &(Due, Clock)| clock.stopped_at.is_none() && !self.told_overdue.contains(due);
        self.clocks_for().into_iter().chain(self.task_clocks()).filter(running)
    }

    /// Clocks that have run out and of which nobody has been told.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> Vec<(Due, Clock)> {
        self.untold().filter(|(_, clock)| loud_at(clock) < now).collect()
    }

    /// When the next clock runs out, if one does.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        self.untold().map(|(_, clock)| loud_at(&clock)).min()
    }
}

impl Affected {
    pub(super) fn due(&self) -> Due {
        Due::Recovery { component: self.component.clone() }
    }
}
