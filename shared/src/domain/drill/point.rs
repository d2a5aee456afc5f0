//! What would have been lost: how far back the data go that a rehearsal put in place, against the recovery points that the plan promises.
//! Told by the backups that steps were given, as the worker noted them with each step's intent. Reads no backup.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        run::{Run, StepState},
        verification::places,
    },
    plan::{Plan, RecoveryPoint},
    timestamp::{Timestamp, human_seconds},
};

/// A backup that a step was given by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Of the file, links followed.
    pub name: String,
    /// As its side file says, else when it was written.
    pub taken_at: Timestamp,
}

impl Given {
    /// As it is noted with the step's intent; `place` is what the plan calls the place where it lies.
    #[must_use]
    pub fn fact(&self, place: &str) -> (String, String) {
        (key(place), serde_json::to_string(self).unwrap_or_default())
    }
}

fn key(place: &str) -> String {
    format!("{} backup", place.to_lowercase())
}

/// One recovery point of the plan, and what a drill showed of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DrillPoint"))]
pub struct Point {
    pub data: String,
    /// What the plan promised then, in `unit` (`seconds` for every span of time).
    pub amount: u64,
    pub unit: String,
    /// From what was restored to the target's standing, which is when the trouble begins; absent: not measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lost_seconds: Option<u64>,
    /// How it was measured, or why not.
    pub how: String,
}

impl Point {
    /// Less is lost than the plan promises, or as much. `None`: not measured.
    #[must_use]
    pub fn kept(&self) -> Option<bool> {
        self.lost_seconds.map(|lost| lost <= self.amount)
    }

    /// "Database: 12 s would have been lost, 5 min are promised".
    #[must_use]
    pub fn words(&self) -> String {
        let span = |seconds: u64| human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        match self.lost_seconds {
            Some(lost) => {
                format!("{}: {} would have been lost, {} is promised", self.data, span(lost), span(self.amount))
            }
            None => format!("{}: not measured", self.data),
        }
    }
}

/// Of each row of the plan, in its order. Nothing, if the run was not carried out to its end.
#[must_use]
pub fn points(plan: &Plan, run: &Run) -> Vec<Point> {
    if super::measured(run).is_none() {
        return vec![];
    }
    let Some((stood_at, _)) = &run.resolution else { return vec![] };
    plan.rpo.iter().map(|row| point(plan, row, run, *stood_at)).collect()
}

fn point(plan: &Plan, row: &RecoveryPoint, run: &Run, stood_at: Timestamp) -> Point {
    let (lost_seconds, how) = match lost(plan, row, run, stood_at) {
        Ok((lost, how)) => (Some(lost), how),
        Err(why) => (None, why),
    };
    Point { data: row.data.clone(), amount: row.amount, unit: row.unit.clone(), lost_seconds, how }
}

/// The error says why it is not measured.
fn lost(plan: &Plan, row: &RecoveryPoint, run: &Run, stood_at: Timestamp) -> Result<(u64, String), String> {
    let data = &row.data;
    if row.unit != "seconds" {
        return Err(format!("the plan promises it in {}, which the time of a backup does not tell", row.unit));
    }
    if !places(plan).iter().any(|place| place.label.eq_ignore_ascii_case(data)) {
        return Err(format!("the plan names no place of backups called {data}"));
    }
    // Of several the last one is what stands there in the end.
    let given = run.steps.iter().rev().find_map(|step| {
        let noted = step.before.get(&key(data)).filter(|_| matches!(step.state, StepState::Succeeded { .. }))?;
        Some((step.number, serde_json::from_str::<Given>(noted).ok()?))
    });
    let Some((step, Given { name, taken_at })) = given else {
        return Err(format!("no step of this procedure was given a backup of {data}"));
    };
    let age = stood_at.seconds_since(taken_at);
    let when = if age >= 0 {
        format!("{} before the target stood", human_seconds(age))
    } else {
        format!("{} after the target stood", human_seconds(-age))
    };
    Ok((u64::try_from(age).unwrap_or_default(), format!("step {step} restored {name}, taken {when}")))
}
