//! What carrying a procedure out has shown of it. Adds nothing up.

use super::{
    Earn, Facts, Item, Rehearsal, Subject,
    age::{aged, ago, fresh_until, left},
    judge::PROCEDURE,
    made_with,
};
use crate::{
    plan::Procedure,
    timestamp::{Timestamp, human_seconds},
};

/// A procedure that was begun and not carried out as it is written: the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub procedure: String,
    pub ended_at: Timestamp,
    pub run: i64,
    /// It went on without a step that recovers; else it ended with a step that failed.
    pub skipped: bool,
}

impl Failure {
    /// "run 9 failed yesterday".
    fn words(&self, now: Timestamp) -> String {
        let what = if self.skipped { "had to skip a step" } else { "failed" };
        format!("run {} {what} {}", self.run, ago(self.ended_at, now))
    }
}

pub(super) fn procedure(facts: Facts<'_>, one: &Procedure) -> Item {
    let base = |earned, why: String| Item {
        subject: Subject::Procedure,
        id: one.id.clone(),
        title: one.title.clone(),
        weight: PROCEDURE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: Some(Earn::Drill { procedure: one.id.clone() }),
    };
    if let Some(why) = &one.unavailable {
        return Item {
            earn: Some(Earn::Plan { line: one.line }),
            ..base(0, format!("It cannot be carried out: {why}"))
        };
    }
    let of = facts.rehearsals.iter().filter(|r| r.procedure == one.id);
    let same = of.clone().filter(|r| r.digest == one.digest).max_by_key(|r| r.ended_at);
    let failed = facts.failures.iter().filter(|f| f.procedure == one.id).max_by_key(|f| f.ended_at);
    let Some(shown) = same.or_else(|| of.max_by_key(|r| r.ended_at)) else {
        let last = failed.map(|f| format!(" The last one: {}.", f.words(facts.now))).unwrap_or_default();
        return base(0, format!("It was never carried out to its end: nobody knows whether it works.{last}"));
    };
    let (at, when) = (shown.ended_at, ago(shown.ended_at, facts.now));
    let took = human_seconds(shown.took_seconds);
    let left = left(PROCEDURE, at, facts.now);
    let where_ = if shown.drill { "in a drill" } else { "in earnest" };
    let then = shown.resolution.as_ref().filter(|_| same.is_some()).zip(facts.sight);
    let changed = then.and_then(|(then, now)| made_with::since(one, then, shown.drill, now));
    let (earned, why) = if let Some(what) = changed {
        let why = format!(
            "It succeeded {where_} {when} in {took} (run {}), but since then {what}: half of that counts.",
            shown.run
        );
        (left / 2, why)
    } else if same.is_some() {
        (left, format!("It succeeded {where_} {when} in {took} (run {}).{}", shown.run, aged(at, facts.now)))
    } else {
        let why = format!(
            "It succeeded {where_} {when} (run {}), but the plan has changed it since: half of that counts.",
            shown.run
        );
        (left / 2, why)
    };
    let (earned, why) = doubted(shown, failed, (earned, why), facts.now);
    let earn = Some(Earn::Drill { procedure: one.id.clone() }).filter(|_| earned < PROCEDURE);
    Item { shown_at: Some(at), fresh_until: Some(fresh_until(at)), earn, ..base(earned, why) }
}

/// Half of it is left if somebody said that something is lacking, and half if it was not carried out the last time.
pub(super) fn doubted(
    shown: &Rehearsal,
    failed: Option<&Failure>,
    (mut earned, mut why): (u32, String),
    now: Timestamp,
) -> (u32, String) {
    if let Some(note) = &shown.lacking {
        earned /= 2;
        why = format!("{why} Something is lacking, so half of that counts: {}", sentence(note));
    }
    if let Some(failed) = failed.filter(|f| f.ended_at > shown.ended_at) {
        earned /= 2;
        why = format!("{why} But {}: half of that counts.", failed.words(now));
    }
    (earned, why)
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
