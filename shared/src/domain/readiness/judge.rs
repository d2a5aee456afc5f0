//! One rule for each kind of promise: what it can earn, and what takes points away. Adds nothing up.

use super::{
    Earn, Facts, Item, Probe, Subject,
    age::{aged, ago, fresh_until, left},
    automatic, backup, inspection, is_rehearsed,
};
use crate::{
    domain::{
        drill::objectives,
        monitor::{State, recovery_point},
    },
    plan::{Contact, Gap, Procedure, RecoveryPoint, RecoveryTime},
    timestamp::{Timestamp, human_seconds},
};

/// Of a whole procedure, in tenths of a point; the others follow.
const PROCEDURE: u32 = 100;
pub(super) const OBJECTIVE: u32 = 60;
const CONTACT: u32 = 40;
const TREE: u32 = 60;
const PLAN: u32 = 100;
const GAP: u32 = 10;

pub(super) fn all(facts: Facts<'_>) -> Vec<Item> {
    let plan = facts.plan;
    let procedures = plan.procedures.iter().filter(|p| is_rehearsed(p)).map(|p| procedure(facts, p));
    let times = plan.rto.iter().map(|row| recovery_time(facts, row));
    let alone = automatic::all(facts);
    let watched = |row: &RecoveryPoint| facts.probes.iter().any(|probe| probe.data == row.data);
    let points = plan.rpo.iter().map(|row| {
        let measured = backup::measured(facts, row, point(facts, row), watched(row));
        backup::rehearsed(facts, row, measured)
    });
    let contacts = plan.contacts.iter().map(|one| contact(facts, one));
    let tree = (!plan.contacts.is_empty()).then(|| tree(facts));
    let (backups, inspections) = (backup::all(facts), inspection::all(facts));
    let shown = procedures
        .chain(times)
        .chain(alone)
        .chain(points)
        .chain(backups)
        .chain(contacts)
        .chain(tree)
        .chain(inspections);
    shown.chain([gaps(facts.gaps)]).collect()
}

fn procedure(facts: Facts<'_>, one: &Procedure) -> Item {
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
    let Some(shown) = same.or_else(|| of.max_by_key(|r| r.ended_at)) else {
        return base(0, "It was never carried out to its end: nobody knows whether it works.".into());
    };
    let (at, when) = (shown.ended_at, ago(shown.ended_at, facts.now));
    let took = human_seconds(shown.took_seconds);
    let left = left(PROCEDURE, at, facts.now);
    let where_ = if shown.drill { "in a drill" } else { "in earnest" };
    let (earned, why) = if same.is_some() {
        (left, format!("It succeeded {where_} {when} in {took} (run {}).{}", shown.run, aged(at, facts.now)))
    } else {
        let why = format!(
            "It succeeded {where_} {when} (run {}), but the plan has changed it since: half of that counts.",
            shown.run
        );
        (left / 2, why)
    };
    let earn = Some(Earn::Drill { procedure: one.id.clone() }).filter(|_| earned < PROCEDURE);
    Item { shown_at: Some(at), fresh_until: Some(fresh_until(at)), earn, ..base(earned, why) }
}

/// Measured where it counts: in incidents, by the components to which the plan gives this objective.
fn recovery_time(facts: Facts<'_>, row: &RecoveryTime) -> Item {
    let promised = i64::try_from(row.seconds).unwrap_or(i64::MAX);
    let base = |earned, why: String| Item {
        subject: Subject::RecoveryTime,
        id: row.component.clone(),
        title: format!("{}: {}", row.component, human_seconds(promised)),
        weight: OBJECTIVE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: None,
    };
    let names = |id: &str| {
        let of = |c: &&crate::plan::Component| c.id == id;
        facts.plan.components.iter().find(of).is_some_and(|c| c.objective.as_deref() == Some(row.component.as_str()))
    };
    let last = facts.outages.iter().filter(|outage| names(&outage.component)).max_by_key(|outage| outage.ended_at);
    let Some(last) = last else {
        if let Some(item) = rehearsed_time(facts, row, promised, &base) {
            return item;
        }
        let bound = facts.plan.components.iter().any(|c| c.objective.as_deref() == Some(row.component.as_str()));
        return match bound {
            true => base(0, "It was never measured: no incident with one of its components is over.".into()),
            false => Item {
                earn: Some(Earn::Plan { line: row.line }),
                ..base(0, "No component of the plan has this objective, so nothing can measure it.".into())
            },
        };
    };
    let (at, when, took) = (last.ended_at, ago(last.ended_at, facts.now), human_seconds(last.took_seconds));
    let (earned, why) = if last.took_seconds <= promised {
        let text = format!("It took {took} {when} (incident {}).{}", last.incident, aged(at, facts.now));
        (left(OBJECTIVE, at, facts.now), text)
    } else {
        (0, format!("It took {took} {when} (incident {}): longer than promised.", last.incident))
    };
    Item { shown_at: Some(at), fresh_until: Some(fresh_until(at)), ..base(earned, why) }
}

/// Where no outage has shown it, a drill of a procedure for what has this objective does: the last one.
fn rehearsed_time(
    facts: Facts<'_>,
    row: &RecoveryTime,
    promised: i64,
    base: &dyn Fn(u32, String) -> Item,
) -> Option<Item> {
    let acts = |id: &str| {
        let procedure = facts.plan.procedures.iter().find(|p| p.id == id)?;
        objectives(facts.plan, procedure).into_iter().any(|(name, _)| name == row.component).then_some(())
    };
    let drills = facts.rehearsals.iter().filter(|r| r.drill && acts(&r.procedure).is_some());
    let last = drills.max_by_key(|r| r.ended_at)?;
    let (at, when, took) = (last.ended_at, ago(last.ended_at, facts.now), human_seconds(last.took_seconds));
    let (earned, why) = if last.took_seconds <= promised {
        let text = format!(
            "It took {took} in a drill {when} (run {}); no outage has shown it.{}",
            last.run,
            aged(at, facts.now)
        );
        (left(OBJECTIVE, at, facts.now), text)
    } else {
        (0, format!("It took {took} in a drill {when} (run {}): longer than promised.", last.run))
    };
    let earn = (earned < OBJECTIVE).then(|| Earn::Drill { procedure: last.procedure.clone() });
    Some(Item { shown_at: Some(at), fresh_until: Some(fresh_until(at)), earn, ..base(earned, why) })
}

fn point(facts: Facts<'_>, row: &RecoveryPoint) -> Item {
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let promised = recovery_point(row.amount as f64, &row.unit);
    let base = |earned, why: String, earn| Item {
        subject: Subject::RecoveryPoint,
        id: row.data.clone(),
        title: format!("{}: {promised}", row.data),
        weight: OBJECTIVE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn,
    };
    // The most worried of several speaks.
    let rank = |probe: &Probe| match probe.state {
        State::Down => 5,
        _ if probe.stale => 4,
        State::Up | State::Warning if probe.value.is_none() => 3,
        State::Warning => 2,
        State::Unknown => 1,
        State::Up => 0,
    };
    let probes = facts.probes.iter().filter(|probe| probe.data == row.data);
    let Some(probe) = probes.max_by_key(|probe| (probe.paused, rank(probe))) else {
        let earn = Some(Earn::Monitor { objective: row.data.clone() });
        return base(0, "Nothing measures what would be lost.".into(), earn);
    };
    let look = Some(Earn::LookAt { monitor: probe.monitor.clone() });
    let value = probe.value.map(|value| recovery_point(value, &row.unit));
    let now = value.map(|value| format!("Now it would be {value}")).unwrap_or_else(|| "Its value is not known".into());
    let item = match probe.state {
        _ if probe.paused => base(0, "Its monitor is paused.".into(), look),
        _ if probe.stale => base(0, not_checked(probe, facts.now), look),
        State::Up | State::Warning if probe.value.is_none() => {
            base(0, "The last check of its monitor found no number: nobody knows what would be lost.".into(), look)
        }
        State::Up => base(OBJECTIVE, format!("{now}."), None),
        State::Warning => base(OBJECTIVE / 2, format!("{now}: close to what is promised."), look),
        State::Down => base(0, format!("{now}, and its monitor is down."), look),
        State::Unknown => base(0, "Its monitor has found nothing yet.".into(), look),
    };
    Item { shown_at: probe.checked_at, ..item }
}

fn not_checked(probe: &Probe, now: Timestamp) -> String {
    let last = probe.checked_at.map(|at| format!(" It last looked {}.", ago(at, now))).unwrap_or_default();
    format!("Its monitor is not checked any more: no worker looks at its host.{last}")
}

fn contact(facts: Facts<'_>, one: &Contact) -> Item {
    let role = &one.role;
    let of = |primary| facts.keepers.iter().filter(move |k| k.primary == primary).filter(|k| k.role == *role);
    let primary = of(true).next();
    let backup = of(false).next();
    let unreachable = of(true).chain(of(false)).filter(|keeper| !keeper.reachable).count();
    let mut missing = vec![];
    let mut earned = 0;
    if primary.is_some() {
        earned += CONTACT / 2
    } else {
        missing.push("nobody is its primary".to_owned())
    }
    if backup.is_some() {
        earned += CONTACT / 4
    } else {
        missing.push("it has no backup".to_owned())
    }
    match (primary, unreachable) {
        (None, _) => {}
        (Some(_), 0) => earned += CONTACT / 4,
        (Some(_), 1) => missing.push("one of them has confirmed no way to be reached".to_owned()),
        (Some(_), n) => missing.push(format!("{n} of them have confirmed no way to be reached")),
    }
    let why = match missing.as_slice() {
        [] => "It has a primary and a backup, and both can be reached.".to_owned(),
        missing => {
            let mut text = missing.join("; ");
            text.replace_range(..1, &text[..1].to_uppercase());
            text + "."
        }
    };
    Item {
        subject: Subject::Contact,
        id: role.clone(),
        title: role.clone(),
        weight: CONTACT,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: (earned < CONTACT).then_some(Earn::Contacts {}),
    }
}

fn tree(facts: Facts<'_>) -> Item {
    let base = |earned, why: String| Item {
        subject: Subject::ContactTree,
        id: "contact-tree".into(),
        title: "Everybody answers in time".into(),
        weight: TREE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: (earned < TREE).then_some(Earn::ContactDrill {}),
    };
    let Some(drill) = facts.drill else {
        return base(0, "It was never tried: nobody knows who answers at night.".into());
    };
    let (at, when) = (drill.ended_at, ago(drill.ended_at, facts.now));
    let share = u32::try_from((TREE as usize) * drill.in_time / drill.called.max(1)).unwrap_or(TREE);
    let why = format!("{} of {} answered in time {when}.{}", drill.in_time, drill.called, aged(at, facts.now));
    Item { shown_at: Some(at), fresh_until: Some(fresh_until(at)), ..base(left(share, at, facts.now), why) }
}

/// What monitors measure is judged with the recovery points.
fn gaps(all: &[Gap]) -> Item {
    let found: Vec<_> = all.iter().filter(|gap| gap.code != "rpo-without-probe").collect();
    let n = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let why = match found.as_slice() {
        [] => "The compiler misses nothing in it.".to_owned(),
        [one] => one.message.clone(),
        [first, ..] => format!("The compiler misses {n} things in it; the first: {}", first.message),
    };
    let line = found.iter().find_map(|gap| gap.line);
    Item {
        subject: Subject::Plan,
        id: "gaps".into(),
        title: "Nothing is missing".into(),
        weight: PLAN,
        earned: PLAN.saturating_sub(n.saturating_mul(GAP)),
        why,
        shown_at: None,
        fresh_until: None,
        earn: line.map(|line| Earn::Plan { line }),
    }
}
