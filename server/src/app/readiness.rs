//! How ready a system is: gathers what it has shown and lets the domain judge; notes each day's score. Shows nothing itself.

use shared::{
    api::readiness::{ReadinessDay, ReadinessView},
    domain::{
        access::Action,
        monitor::overdue,
        readiness::{Facts, FailedTrial, Keeper, Probe, Readiness, Restored, STALE_DAYS, Standing, TreeDrill},
        verification::{Found, State},
    },
    timestamp::Timestamp,
};
use store::{Store, System};
use time::Time;

use super::{
    inspected,
    plan::{PlanInForce, Plans},
    standing_order::sweep::would_lapse,
};
use crate::{
    AppState,
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Shown of the past.
const DAYS: i32 = 366;
/// Of the contact tree's drills so many are looked at for the last that is over.
const DRILLS: i64 = 5;
/// What is longer ago than what still counts is not asked for.
const YEARS: u64 = 5 * 366;

/// # Errors
/// 404 if there is no such system, or it has no plan.
pub async fn view(state: &AppState, _permit: &Permit<ViewConsole>, slug: &str) -> Result<ReadinessView, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| AppError::not_found(format!("plan of {} yet", system.name)))?;
    let (now, readiness) = judge(&state.store, &state.plans, &system, &plan).await?;
    let days = state.store.readiness_days(system.id, DAYS).await?;
    let days = days
        .into_iter()
        .map(|(day, score)| ReadinessDay { at: Timestamp::new(day.with_time(Time::MIDNIGHT).assume_utc()), score });
    Ok(ReadinessView {
        system: system.slug,
        name: system.name,
        plan_version: plan.version.version,
        score: readiness.score(),
        items: readiness.items,
        days: days.collect(),
        at: now,
    })
}

/// Notes how ready each system is today. Several servers may do it: the last word of a day counts.
///
/// # Errors
/// If the database does not answer.
pub async fn note(store: &Store, plans: &Plans) -> Result<(), AppError> {
    let mut failed = Ok(());
    for (system, _) in store.system_list().await? {
        // One that cannot be judged does not keep the others from it.
        failed = note_one(store, plans, &system).await.and(failed);
    }
    failed
}

async fn note_one(store: &Store, plans: &Plans, system: &System) -> Result<(), AppError> {
    let Some(plan) = plans.current(system.id).await? else { return Ok(()) };
    let (_, readiness) = judge(store, plans, system, &plan).await?;
    Ok(store.readiness_note(system.id, readiness.score()).await?)
}

async fn judge(
    store: &Store,
    plans: &Plans,
    system: &System,
    plan: &PlanInForce,
) -> Result<(Timestamp, Readiness), AppError> {
    let now = store.now().await?;
    let back = i64::try_from(YEARS.max(STALE_DAYS) * 86_400).unwrap_or(i64::MAX);
    let since = Timestamp::from_unix(now.inner().unix_timestamp().saturating_sub(back));
    let rehearsals = store.rehearsals(system.id, since).await?;
    let failures = store.rehearsals_failed(system.id, since).await?;
    let sight = store.sight_of_system(system.id).await?.map(|(_, sight)| sight);
    let outages = store.outages(system.id, since).await?;
    let monitors = store.monitor_list(Some(system.id)).await?;
    let probes: Vec<_> = monitors
        .into_iter()
        .filter_map(|monitor| {
            Some(Probe {
                data: monitor.definition.objective?,
                state: monitor.state,
                paused: monitor.definition.paused,
                stale: overdue(monitor.due_at, now),
                value: monitor.last.as_ref().and_then(|last| last.value),
                checked_at: monitor.last.as_ref().map(|last| last.at),
                monitor: monitor.id.to_string(),
            })
        })
        .collect();
    let (restored, failed_trial) = restored(store, system).await?;
    let orders = orders(store, plans, system, now).await?;
    let lost = store.drill_losses(system.id, since).await?;
    let keepers = keepers(store, system).await?;
    let drill = drill(store, system, now).await?;
    let inspections = inspected::last(store, system).await?;
    let facts = Facts {
        plan: &plan.compiled.plan,
        gaps: &plan.compiled.gaps,
        rehearsals: &rehearsals,
        failures: &failures,
        sight: sight.as_ref(),
        outages: &outages,
        probes: &probes,
        restored: &restored,
        failed_trial: failed_trial.as_ref(),
        orders: &orders,
        lost: &lost,
        keepers: &keepers,
        drill,
        inspections: &inspections,
        now,
    };
    Ok((now, Readiness::of(facts)))
}

/// What trials of the backups showed, place by place, and the last one, if it failed.
async fn restored(store: &Store, system: &System) -> Result<(Vec<Restored>, Option<FailedTrial>), AppError> {
    let last = store.verification_last(system.id).await?.filter(|last| last.state == State::Failed);
    let failed =
        last.map(|last| FailedTrial { at: last.ended_at.unwrap_or(last.asked_at), why: last.why.unwrap_or_default() });
    let one = |(found, at): (Found, Timestamp)| Restored {
        place: found.place,
        path: found.path,
        verified: found.verified,
        why: found.why,
        at,
        loss_seconds: found.loss_seconds,
    };
    Ok((store.verification_places(system.id).await?.into_iter().map(one).collect(), failed))
}

async fn orders(store: &Store, plans: &Plans, system: &System, now: Timestamp) -> Result<Vec<Standing>, AppError> {
    let deciders = store.users_who_may(Action::DecideRun).await?;
    let mut orders = vec![];
    for order in store.standing_orders_open(system.id).await?.into_iter().map(|record| record.order) {
        let lapses = would_lapse((store, plans), &order, (&deciders, now)).await?;
        let (number, state, ends_at) = (order.number, order.state, order.ends_at());
        orders.push(Standing { number, procedure: order.terms.procedure, state, ends_at, lapses });
    }
    Ok(orders)
}

/// Everybody who is called, but for those who have left.
async fn keepers(store: &Store, system: &System) -> Result<Vec<Keeper>, AppError> {
    let contacts = store.contact_list(system.id).await?;
    let people: Vec<_> = contacts.iter().map(|contact| contact.user).collect();
    let ways = store.ways_of(&people).await?;
    let keeper = |contact: store::ContactRecord| Keeper {
        reachable: ways.iter().any(|way| way.user == contact.user && way.verified_at.is_some()),
        primary: contact.place == 1,
        role: contact.role,
    };
    Ok(contacts.into_iter().filter(|contact| contact.active).map(keeper).collect())
}

async fn drill(store: &Store, system: &System, now: Timestamp) -> Result<Option<TreeDrill>, AppError> {
    let drills = store.contact_drill_list(system.id, DRILLS).await?;
    let over = drills.into_iter().find_map(|drill| {
        let ended_at = drill.ended_at.or(Some(drill.due_at).filter(|due| *due <= now))?;
        Some((drill, ended_at))
    });
    let Some((drill, ended_at)) = over else { return Ok(None) };
    let calls = store.drill_calls_of(&[drill.id]).await?;
    let in_time = calls.iter().filter(|call| call.answered_at.is_some_and(|at| at <= drill.due_at)).count();
    // A role that has nobody answers never.
    Ok(Some(TreeDrill { ended_at, called: calls.len() + drill.empty_roles.len(), in_time }))
}
