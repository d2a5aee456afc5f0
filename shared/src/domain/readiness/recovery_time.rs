//! How long recovering took, where it was measured last: in an incident or in a drill. Adds nothing up.

use super::{
    Earn, Facts, Item, Outage, Rehearsal, Subject,
    age::{aged, ago, fresh_until, left},
    is_rehearsed,
    judge::OBJECTIVE,
    rehearsed::doubted,
};
use crate::{
    domain::drill::objectives,
    plan::{Component, Procedure, RecoveryTime},
    timestamp::{Timestamp, human_seconds},
};

/// The newer one speaks: after an incident that took too long, a drill shows what has been learned from it. Of two at the same instant the
/// incident does.
pub(super) fn one(facts: Facts<'_>, row: &RecoveryTime) -> Item {
    let promised = i64::try_from(row.seconds).unwrap_or(i64::MAX);
    let names = |id: &str| {
        let of = |c: &&Component| c.id == id;
        facts.plan.components.iter().find(of).is_some_and(|c| c.objective.as_deref() == Some(row.component.as_str()))
    };
    let outage = facts.outages.iter().filter(|outage| names(&outage.component)).max_by_key(|outage| outage.ended_at);
    let acts = |p: &&Procedure| objectives(facts.plan, p).iter().any(|(name, _)| *name == row.component);
    let of: Vec<_> = facts.plan.procedures.iter().filter(acts).collect();
    let drills = facts.rehearsals.iter().filter(|r| r.drill && of.iter().any(|p| p.id == r.procedure));
    let drill = drills.max_by_key(|r| r.ended_at);
    let shown = match (outage, drill) {
        (Some(outage), Some(drill)) if drill.ended_at > outage.ended_at => {
            in_drill(facts, drill, promised, Some(outage))
        }
        (Some(outage), _) => in_earnest(facts, outage, promised),
        (None, Some(drill)) => in_drill(facts, drill, promised, None),
        (None, None) => Shown { earned: 0, why: never(facts, row), at: None },
    };
    let can_be_drilled = |p: &&&Procedure| p.unavailable.is_none() && is_rehearsed(p);
    let earn = match drill.map(|r| &r.procedure).or(of.iter().find(can_be_drilled).map(|p| &p.id)) {
        Some(procedure) => Earn::Drill { procedure: procedure.clone() },
        None => Earn::Plan { line: row.line },
    };
    Item {
        subject: Subject::RecoveryTime,
        id: row.component.clone(),
        title: format!("{}: {}", row.component, human_seconds(promised)),
        weight: OBJECTIVE,
        earned: shown.earned,
        why: shown.why,
        shown_at: shown.at,
        fresh_until: shown.at.map(fresh_until),
        earn: Some(earn).filter(|_| shown.earned < OBJECTIVE),
    }
}

struct Shown {
    earned: u32,
    why: String,
    at: Option<Timestamp>,
}

fn never(facts: Facts<'_>, row: &RecoveryTime) -> String {
    if facts.plan.components.iter().any(|c| c.objective.as_deref() == Some(row.component.as_str())) {
        "It was never measured: no incident with one of its components is over.".into()
    } else {
        "No component of the plan has this objective, so nothing can measure it.".into()
    }
}

/// By the components to which the plan gives this objective.
fn in_earnest(facts: Facts<'_>, last: &Outage, promised: i64) -> Shown {
    let (at, when, took) = (last.ended_at, ago(last.ended_at, facts.now), human_seconds(last.took_seconds));
    let said = format!("It took {took} {when} (incident {})", last.incident);
    let (earned, why) = if last.took_seconds <= promised {
        (left(OBJECTIVE, at, facts.now), format!("{said}.{}", aged(at, facts.now)))
    } else {
        (0, format!("{said}: longer than promised."))
    };
    Shown { earned, why, at: Some(at) }
}

/// By the procedures that act on what has this objective; `before`: the last time that it counted.
fn in_drill(facts: Facts<'_>, last: &Rehearsal, promised: i64, before: Option<&Outage>) -> Shown {
    let (at, when, took) = (last.ended_at, ago(last.ended_at, facts.now), human_seconds(last.took_seconds));
    let said = format!("It took {took} in a drill {when} (run {})", last.run);
    if last.took_seconds > promised {
        return Shown { earned: 0, why: format!("{said}: longer than promised."), at: Some(at) };
    }
    let before = match before {
        None => "; no outage has shown it".to_owned(),
        Some(outage) => {
            let (took, when) = (human_seconds(outage.took_seconds), ago(outage.ended_at, facts.now));
            let late = if outage.took_seconds > promised { ", longer than promised" } else { "" };
            format!("; the last outage took {took}{late}, {when} (incident {})", outage.incident)
        }
    };
    let failed = facts.failures.iter().filter(|f| f.procedure == last.procedure).max_by_key(|f| f.ended_at);
    let counts = (left(OBJECTIVE, at, facts.now), format!("{said}{before}.{}", aged(at, facts.now)));
    let (earned, why) = doubted(last, failed, counts, facts.now);
    Shown { earned, why, at: Some(at) }
}
