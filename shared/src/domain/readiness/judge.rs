//! One rule for each kind of promise: what it can earn, and what takes points away. Adds nothing up.

use super::{
    Earn, Facts, Item, Probe, Subject,
    age::{aged, ago, fresh_until, left},
    automatic, backup, inspection, is_rehearsed, recovery_time, rehearsed,
};
use crate::{
    domain::monitor::{State, recovery_point},
    plan::{Contact, Gap, RecoveryPoint},
    timestamp::Timestamp,
};

/// Of a whole procedure, in tenths of a point; the others follow.
pub(super) const PROCEDURE: u32 = 100;
pub(super) const OBJECTIVE: u32 = 60;
const CONTACT: u32 = 40;
const TREE: u32 = 60;
const PLAN: u32 = 100;
const GAP: u32 = 10;

pub(super) fn all(facts: Facts<'_>) -> Vec<Item> {
    let plan = facts.plan;
    let procedures = plan.procedures.iter().filter(|p| is_rehearsed(p)).map(|p| rehearsed::procedure(facts, p));
    let times = plan.rto.iter().map(|row| recovery_time::one(facts, row));
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
