//! What is watched between incidents: the check, how often, what counts as bad, and what a finding makes of a monitor's state. Looks at
//! nothing itself and knows no clock.

mod address;
mod baseline;
mod check;
mod closely;
mod history;
mod overdue;
mod suggest;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::{
    address::{Address, Place},
    baseline::{BASELINE_DAYS, Baseline, FEWEST_CHECKS, LATELY_SECONDS, Lately},
    check::{CERTIFICATE_LIMITS, Check, only_reads},
    history::{Bucket, Span, uptime},
    overdue::{OVERDUE_SECONDS, UNWATCHED, looking_since, overdue, unwatched},
    suggest::suggest,
};
use crate::{
    domain::{status::Impact, text::Name},
    plan::Plan,
    timestamp::{Timestamp, human_seconds},
};

/// What people decide about a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub name: Name,
    pub check: Check,
    /// Seconds from one check to the next.
    #[cfg_attr(feature = "openapi", schemars(range(min = 5, max = 86_400)))]
    pub every_seconds: u32,
    /// A check that takes longer is bad. Not longer than from one check to the next.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 60)))]
    pub timeout_seconds: u32,
    /// How many more bad checks it takes after the first until the monitor is down.
    #[cfg_attr(feature = "openapi", schemars(range(max = 10)))]
    pub retries: u8,
    /// An early warning: where its value is beyond this, something is about to go wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub warn: Option<Bound>,
    /// Where its value is beyond this, the check is bad.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bad: Option<Bound>,
    /// Id of the plan's component that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub component: Option<String>,
    /// What the status page says of the component while the monitor is down; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub impact: Option<Impact>,
    /// The data of the plan's recovery point objective that its value measures.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub objective: Option<String>,
    /// Nothing is checked until somebody goes on.
    #[serde(default)]
    pub paused: bool,
}

/// A limit for a value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bound {
    pub is: Side,
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Above,
    Below,
}

impl Bound {
    #[must_use]
    pub fn passed(self, value: f64) -> bool {
        match self.is {
            Side::Above => value > self.value,
            Side::Below => value < self.value,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.is {
            Side::Above => "above",
            Side::Below => "below",
        };
        write!(f, "{side} {}", self.value)
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kept it from being good; `None` if nothing did.
    pub trouble: Option<String>,
    /// In the unit of the check ([`Check::unit`]).
    pub value: Option<f64>,
    pub took_ms: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Good,
    /// Good, and beyond what should warn.
    Warning,
    Bad,
}

/// How a monitor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing has been found yet.
    Unknown,
    Up,
    Warning,
    Down,
}

impl State {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Warning => "warning",
            Self::Down => "down",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unknown => "Not known yet",
            Self::Up => "Up",
            Self::Warning => "Early warning",
            Self::Down => "Down",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub since: Timestamp,
    /// Bad checks since the last one that was not.
    pub bad_in_row: u16,
}

impl Standing {
    /// How it stands after a check. One bad check is not down; the first that is not bad ends it.
    #[must_use]
    pub fn after(self, verdict: Verdict, retries: u8, now: Timestamp) -> Self {
        let bad_in_row = if verdict == Verdict::Bad { self.bad_in_row.saturating_add(1) } else { 0 };
        let state = match verdict {
            Verdict::Good => State::Up,
            Verdict::Warning => State::Warning,
            Verdict::Bad if bad_in_row > u16::from(retries) => State::Down,
            Verdict::Bad => self.state,
        };
        let since = if state == self.state { self.since } else { now };
        Self { state, since, bad_in_row }
    }
}

/// Checks that are in doubt are made again sooner than this, if they are made less often.
const DOUBT_SECONDS: u32 = 20;

impl Definition {
    /// What a finding counts as, and what it says in words.
    #[must_use]
    pub fn judge(&self, finding: &Finding) -> (Verdict, String) {
        if let Some(trouble) = &finding.trouble {
            return (Verdict::Bad, trouble.clone());
        }
        let Some(value) = finding.value else {
            // Nothing can be said of a limit or a promise without the number that it is about.
            return match self.check.numberless().filter(|_| self.needs_number()) {
                Some(why) => (Verdict::Bad, why.into()),
                None => (Verdict::Good, "as it should be".into()),
            };
        };
        let said = self.check.says(value);
        let passed = |bound: Option<Bound>| bound.filter(|bound| bound.passed(value));
        match (passed(self.bad), passed(self.warn)) {
            (Some(bound), _) => (Verdict::Bad, format!("{said}; bad is {}", self.check.limit(bound))),
            (None, Some(bound)) => (Verdict::Warning, format!("{said}; it warns {}", self.check.limit(bound))),
            (None, None) => (Verdict::Good, said),
        }
    }

    fn needs_number(&self) -> bool {
        self.bad.is_some() || self.warn.is_some() || self.objective.is_some()
    }

    /// Seconds until the next check: sooner while one bad check waits for others to agree.
    #[must_use]
    pub fn pause(&self, standing: Standing) -> u32 {
        let in_doubt = standing.bad_in_row > 0 && standing.state != State::Down;
        if in_doubt { self.every_seconds.min(DOUBT_SECONDS) } else { self.every_seconds }
    }

    /// Whether it can be kept as it is, with the plan in force.
    ///
    /// # Errors
    /// The field that is wrong, and a sentence.
    pub fn admit(&self, plan: Option<&Plan>) -> Result<(), (&'static str, String)> {
        self.check.admit()?;
        if !(5..=86_400).contains(&self.every_seconds) {
            return Err(("every_seconds", "From one check to the next it takes 5 seconds to one day.".into()));
        }
        if !(1..=60).contains(&self.timeout_seconds) || self.timeout_seconds > self.every_seconds {
            let most = self.every_seconds.min(60);
            return Err(("timeout_seconds", format!("A check may take 1 to {most} seconds.")));
        }
        if self.retries > 10 {
            return Err(("retries", "At most ten more bad checks can be waited for.".into()));
        }
        for (field, bound) in [("warn", self.warn), ("bad", self.bad)] {
            if bound.is_some() && self.check.unit().is_none() {
                return Err((field, format!("A check of {} finds no number to compare.", self.check.words())));
            }
            if bound.is_some_and(|bound| !bound.value.is_finite()) {
                return Err((field, "The limit must be a number.".into()));
            }
        }
        if let Some(id) = &self.component
            && !plan.is_some_and(|plan| plan.components.iter().any(|c| c.id == *id))
        {
            return Err(("component", format!("The plan in force has no component {id}.")));
        }
        match (self.impact, &self.component) {
            (Some(_), None) => {
                return Err(("impact", "Only a component stands on the status page: say which one it is.".into()));
            }
            (Some(Impact::Operational), _) => {
                return Err(("impact", "A monitor that is down cannot say that the component is well.".into()));
            }
            _ => {}
        }
        if let Some(data) = &self.objective {
            let promised = plan.and_then(|plan| plan.rpo.iter().find(|row| row.data == *data));
            let Some(row) = promised else {
                return Err(("objective", format!("The plan in force promises no recovery point for {data}.")));
            };
            if self.check.measures().is_none_or(|unit| unit != row.unit) {
                let unit = if row.unit == "seconds" { "a span of time" } else { &row.unit };
                return Err((
                    "objective",
                    format!(
                        "The plan promises {data} in {unit}, and a check of {} does not measure that.",
                        self.check.words()
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// When the next check is due after the one that was due at `due`. Anchored to it, so that checks do not drift; what was missed is not
/// made up for.
#[must_use]
pub fn next_due(due: Timestamp, pause_seconds: u32, now: Timestamp) -> Timestamp {
    let pause = i64::from(pause_seconds.max(1));
    let missed = now.seconds_since(due).max(0) / pause;
    due.plus_seconds((missed + 1).saturating_mul(pause).unsigned_abs())
}

/// "12 min" or "3 blocks": a recovery point as people say it.
#[must_use]
pub fn recovery_point(value: f64, unit: &str) -> String {
    if unit == "seconds" {
        #[expect(clippy::cast_possible_truncation, reason = "spans of time fit")]
        return human_seconds(value.round() as i64);
    }
    format!("{value} {unit}")
}

#[cfg(test)]
mod tests;
