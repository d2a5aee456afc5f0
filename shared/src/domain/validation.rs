//! What speaks against calling an incident resolved: final checks, the watch, the plan's own validation, monitors. Plain facts in, open
//! points out; looks at nothing itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        monitor::{Definition, Lately, State},
        offer::Refusal,
        run::{Run, RunState, StepRun, StepState},
        text::Message,
    },
    plan::{Plan, Procedure, Step},
    timestamp::Timestamp,
};

/// What a point is about, as plans divide their validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ValidationArea"))]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Health,
    Performance,
    Security,
}

impl Area {
    pub const ALL: [Self; 3] = [Self::Health, Self::Performance, Self::Security];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Performance => "Performance",
            Self::Security => "Security",
        }
    }

    /// By the words of the plan; what names neither speed nor safety is about health.
    fn of(title: &str) -> Self {
        let title = title.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| title.contains(word));
        if any(&["secur", "defen", "intru", "firewall"]) {
            Self::Security
        } else if any(&["perform", "fast", "speed", "latency", "throughput", "response time"]) {
            Self::Performance
        } else {
            Self::Health
        }
    }
}

/// Where it is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ValidationPlace"))]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Place {
    Step {
        run: i64,
        step: u32,
    },
    /// A procedure of the plan that is to be run.
    Procedure {
        id: String,
    },
    Monitor {
        id: Uuid,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OpenPoint {
    pub area: Area,
    /// In the words of the plan, or the monitor's name.
    pub what: String,
    /// What is known of it.
    pub why: String,
    #[serde(flatten)]
    pub place: Place,
}

/// It was resolved all the same, knowing this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Despite {
    pub reason: String,
    pub open: Vec<OpenPoint>,
}

impl Despite {
    #[must_use]
    pub fn words(&self) -> String {
        format!("although this was open: {}. Reason: {}", names(&self.open), self.reason)
    }
}

/// A run that has begun, and what its watch saw not hold last.
#[derive(Clone, Debug)]
pub struct Begun {
    pub run: Run,
    pub bad: Vec<(u32, String)>,
}

/// A monitor of something affected.
#[derive(Clone, Debug)]
pub struct Monitored {
    pub id: Uuid,
    pub definition: Definition,
    pub state: State,
    /// What the last check found.
    pub text: Option<String>,
    /// When that was.
    pub checked_at: Option<Timestamp>,
    /// Nobody makes its checks any more.
    pub stale: bool,
    /// Averages of the hours before the incident.
    pub hours: Vec<f64>,
    /// Of the checks since the recovery, no longer ago than what is lately.
    pub lately: Option<Lately>,
    /// Checks since the recovery that found a value, however long ago; right as far as it is too few.
    pub n_since: u32,
}

impl Monitored {
    fn doubt(&self, since: Timestamp) -> Option<(Area, String)> {
        if self.state == State::Down {
            let found = self.text.as_deref().unwrap_or("nothing is known yet");
            return Some((Area::Health, format!("This monitor is down: {found}")));
        }
        if self.stale {
            return Some((Area::Health, "This monitor is not checked any more: no worker looks at its host".into()));
        }
        if self.checked_at.is_none_or(|at| at < since) {
            return Some((Area::Health, "This monitor has not looked since the recovery".into()));
        }
        if self.state == State::Unknown {
            let found = self.text.as_deref().unwrap_or("nothing");
            return Some((Area::Health, format!("This monitor is not sure yet; it found last: {found}")));
        }
        let baseline = self.definition.baseline(&self.hours)?;
        let worse = || self.definition.worse_than_before(&baseline, self.lately?);
        Definition::too_few(self.n_since).or_else(worse).map(|why| (Area::Performance, why))
    }

    fn open(&self, since: Timestamp) -> Option<OpenPoint> {
        let (area, why) = self.doubt(since)?;
        let what = self.definition.name.as_str().to_owned();
        Some(OpenPoint { area, what, why, place: Place::Monitor { id: self.id } })
    }
}

/// What is known of an incident: of each procedure the last run that has begun, oldest first, and the monitors of what is affected.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub runs: Vec<Begun>,
    pub monitors: Vec<Monitored>,
}

/// A procedure by which the plan wants a recovery validated, as its section says.
#[must_use]
pub fn validates(procedure: &Procedure) -> bool {
    procedure.section.last().is_some_and(|section| section.to_lowercase().contains("validation"))
}

impl Begun {
    /// Something may be well again after it: the plan has it end with final checks.
    #[must_use]
    pub fn recovers(&self) -> bool {
        !validates(&self.run.header.procedure) && self.checks().next().is_some()
    }

    fn checks(&self) -> impl Iterator<Item = &Step> {
        self.run.header.procedure.steps.iter().filter(|step| step.check)
    }

    fn open(&self, step: &StepRun) -> Option<String> {
        let run = self.run.header.number;
        Some(match &step.state {
            StepState::Succeeded { .. } => {
                let (_, reason) = self.bad.iter().find(|(number, _)| *number == step.number)?;
                format!("The watch after run {run} saw that it does not hold any more: {reason}")
            }
            StepState::Skipped { reason } => format!("Left out in run {run}: {reason}"),
            StepState::Failed { reason } => format!("Does not hold, run {run}: {reason}"),
            StepState::Unknown { reason } => format!("Not known, run {run}: {reason}"),
            StepState::Pending | StepState::Running => match self.run.state {
                RunState::Succeeded => format!("Waits for a person, run {run}"),
                state if state.live() => format!("Not made yet: run {run} is under way"),
                _ => format!("Not made: run {run} ended before it"),
            },
        })
    }
}

/// When the last recovery that has begun ended, or began if it goes on; `None` if nothing was recovered.
#[must_use]
pub fn recovered_at(facts: &Facts) -> Option<Timestamp> {
    let recoveries = facts.runs.iter().filter(|begun| begun.recovers());
    recoveries.map(|begun| begun.run.ended_at.unwrap_or(begun.run.header.requested_at)).max()
}

/// What is open before an incident can be called resolved; nothing if nothing was recovered. Of a check that several runs end with, the
/// last one's word counts.
#[must_use]
pub fn open_points(facts: &Facts, plan: Option<&Plan>) -> Vec<OpenPoint> {
    let Some(since) = recovered_at(facts) else { return vec![] };
    let mut checks: BTreeMap<&str, (usize, Option<OpenPoint>)> = BTreeMap::new();
    for begun in facts.runs.iter().filter(|begun| begun.recovers()) {
        for check in begun.checks() {
            let step = begun.run.steps.iter().find(|step| step.number == check.number);
            let point = step.and_then(|step| begun.open(step)).map(|why| OpenPoint {
                area: Area::of(&check.title),
                what: check.title.clone(),
                why,
                place: Place::Step { run: begun.run.header.number, step: check.number },
            });
            let place = checks.len();
            checks.entry(&check.title).or_insert((place, None)).1 = point;
        }
    }
    let mut checks: Vec<_> = checks.into_values().collect();
    checks.sort_by_key(|(place, _)| *place);
    let mut open: Vec<OpenPoint> = checks.into_iter().filter_map(|(_, point)| point).collect();
    let suite = plan.into_iter().flat_map(|plan| &plan.procedures).filter(|procedure| validates(procedure));
    open.extend(suite.filter_map(|procedure| unvalidated(facts, procedure, since)));
    open.extend(facts.monitors.iter().filter_map(|monitor| monitor.open(since)));
    open.sort_by_key(|point| point.area);
    open
}

fn unvalidated(facts: &Facts, procedure: &Procedure, since: Timestamp) -> Option<OpenPoint> {
    let last = facts.runs.iter().rev().map(|begun| &begun.run).find(|run| run.header.procedure.id == procedure.id);
    let number = last.map(|run| run.header.number).unwrap_or_default();
    let begun = |run: &Run| run.steps.iter().filter_map(|step| step.started_at).min();
    let why = match last.map(|run| (run.state, begun(run).is_some_and(|at| at >= since))) {
        Some((RunState::Succeeded, true)) => return None,
        Some((_, false)) => format!("Not run since the recovery; run {number} was before it"),
        Some((state, true)) if state.live() => format!("Run {number} is under way"),
        Some((_, true)) => format!("Run {number} did not succeed"),
        None => match &procedure.unavailable {
            Some(why) => format!("Not run: {why}"),
            None => "Not run since the recovery".into(),
        },
    };
    let place = Place::Procedure { id: procedure.id.clone() };
    Some(OpenPoint { area: Area::of(&procedure.title), what: procedure.title.clone(), why, place })
}

/// Whether it may be resolved: where something is open, only with a reason, which is kept with it.
///
/// # Errors
/// A sentence that names what is open.
pub fn resolved_despite(open: &[OpenPoint], reason: Option<Message>) -> Result<Option<Despite>, Refusal> {
    match (open, reason) {
        ([], _) => Ok(None),
        (open, Some(reason)) => Ok(Some(Despite { reason: reason.into_inner(), open: open.to_vec() })),
        (open, None) => {
            let message = format!(
                "The recovery is not proven; this is open: {}. Nothing was changed. Settle it, or say why the incident is resolved all the same.",
                names(open)
            );
            Err(Refusal::new("not-validated", message))
        }
    }
}

fn names(open: &[OpenPoint]) -> String {
    let name = |point: &OpenPoint| format!("{} ({})", point.what, point.area.words().to_lowercase());
    open.iter().map(name).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
