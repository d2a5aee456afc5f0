//! What restoring backups has shown, on trial and in drills: a rule for each place of the plan, and what it says of a recovery point.
//! Adds nothing up.

use super::{
    Earn, Facts, FailedTrial, Item, Restored, Subject,
    age::{aged, ago, fresh_until, left},
    judge::OBJECTIVE,
};
use crate::{
    domain::verification::{Place, places},
    plan::RecoveryPoint,
    timestamp::{Timestamp, human_seconds},
};

pub(super) fn all(facts: Facts<'_>) -> Vec<Item> {
    places(facts.plan).iter().map(|place| backup(facts, place)).collect()
}

fn backup(facts: Facts<'_>, place: &Place) -> Item {
    let base = |earned, why: String| Item {
        subject: Subject::Backup,
        id: format!("{} {}", place.label, place.path),
        title: place.label.clone(),
        weight: OBJECTIVE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: Some(Earn::Verify {}).filter(|_| earned < OBJECTIVE),
    };
    let last = facts.restored.iter().find(|one| one.place == place.label && one.path == place.path);
    let Some(last) = last else {
        let why = "No backup of it was ever restored on trial: nobody knows whether it can be.";
        return base(0, format!("{why}{}", not_reached(facts, None)));
    };
    let when = ago(last.at, facts.now);
    let (earned, why) = if last.verified {
        let text = format!("Its newest backup was restored on trial {when}.{}", aged(last.at, facts.now));
        (left(OBJECTIVE, last.at, facts.now), text)
    } else {
        (0, format!("Its newest backup could not be restored {when}: {}", last.why))
    };
    let why = why + &not_reached(facts, Some(last.at));
    Item { shown_at: Some(last.at), fresh_until: Some(fresh_until(last.at)), ..base(earned, why) }
}

/// That a newer trial than the one of `shown_at` ended before it was done here: it takes nothing away, for it says nothing about this place.
fn not_reached(facts: Facts<'_>, shown_at: Option<Timestamp>) -> String {
    let newer = facts.failed_trial.filter(|trial| shown_at.is_none_or(|at| trial.at > at));
    let words = |trial: &FailedTrial| {
        format!(" The last trial, {}, ended before it was done with it: {}", ago(trial.at, facts.now), trial.why)
    };
    newer.map(words).unwrap_or_default()
}

/// What a trial says of a recovery point that is promised in time: the newest point that could really be restored.
fn of_point<'a>(facts: Facts<'a>, row: &RecoveryPoint) -> Option<(&'a Restored, i64, bool)> {
    let of = |one: &&Restored| row.unit == "seconds" && one.verified && one.place.eq_ignore_ascii_case(&row.data);
    let last = facts.restored.iter().find(of)?;
    let loss = last.loss_seconds?;
    Some((last, loss, loss <= i64::try_from(row.amount).unwrap_or(i64::MAX)))
}

/// A trial measures what would be lost, as a monitor does; where both do, the worse one counts.
pub(super) fn measured(facts: Facts<'_>, row: &RecoveryPoint, item: Item, watched: bool) -> Item {
    let Some((last, loss, kept)) = of_point(facts, row) else { return item };
    let (when, loss) = (ago(last.at, facts.now), human_seconds(loss));
    let said = format!("With the backup that was restored on trial {when}, {loss} would have been lost");
    let worth = if kept { left(OBJECTIVE, last.at, facts.now) } else { 0 };
    let more = if kept { "." } else { ": more than promised." };
    let earned = if watched { item.earned.min(if kept { OBJECTIVE } else { 0 }) } else { worth };
    let why = if watched {
        format!("{} {said}{more}", item.why)
    } else {
        format!("{said}{more} No monitor watches it.{}", aged(last.at, facts.now))
    };
    let earn = item.earn.or((earned < OBJECTIVE).then_some(Earn::Verify {})).filter(|_| earned < OBJECTIVE);
    let shown_at = item.shown_at.or(Some(last.at));
    Item { earned, why, earn, shown_at, ..item }
}

/// A drill that restored these data says how far back they went. It takes away what is shown otherwise, and shows what nothing else does.
pub(super) fn rehearsed(facts: Facts<'_>, row: &RecoveryPoint, item: Item) -> Item {
    let of = facts.lost.iter().filter(|one| row.unit == "seconds" && one.data == row.data);
    let Some(last) = of.max_by_key(|one| one.ended_at) else { return item };
    let (when, loss) = (ago(last.ended_at, facts.now), human_seconds(last.seconds));
    let said = format!("In a drill {when} (run {}), {loss} would have been lost", last.run);
    let drill = Some(Earn::Drill { procedure: last.procedure.clone() });
    if last.seconds > i64::try_from(row.amount).unwrap_or(i64::MAX) {
        let why = format!("{} {said}: more than promised.", item.why);
        return Item { earned: 0, why, earn: drill, ..item };
    }
    if item.shown_at.is_some() {
        return Item { why: format!("{} {said}.", item.why), ..item };
    }
    let earned = item.earned.max(left(OBJECTIVE, last.ended_at, facts.now));
    let why = format!("{said}. No monitor watches it.{}", aged(last.ended_at, facts.now));
    Item { earned, why, shown_at: Some(last.ended_at), fresh_until: Some(fresh_until(last.ended_at)), ..item }
}
