//! What happens to drills by themselves: they end for what is real and when their time is over, their evidence is written, and who is
//! responsible is told once. Several servers may do it: whoever has the row does it, the next sees that it is done.

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{
        actor::Actor,
        drill::{self, Around, Kind, Measured, Point, Window, moved, must_stop},
        incident::IncidentEvent,
        outbox::Purpose,
        run::Run,
    },
    timestamp::{Timestamp, human_seconds},
};
use store::{DrillRecord, DrillSchedule, Tx};
use uuid::Uuid;

use super::{
    drill::end_run,
    incident,
    tell::{self, Person, Telling},
};
use crate::{AppState, error::AppError};

/// Whoever is responsible is reminded so long before.
const REMIND_SECONDS: u32 = 3 * 86_400;

/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(state: &AppState) -> Result<(), AppError> {
    let mut failed = Ok(());
    // One that cannot be seen to does not keep the others waiting.
    for drill in state.store.drills_open().await? {
        failed = watch(state, &drill).await.and(failed);
    }
    for id in state.store.drill_schedules_moving(f64::from(REMIND_SECONDS)).await? {
        failed = schedule(state, id).await.and(failed);
    }
    failed
}

async fn watch(state: &AppState, drill: &DrillRecord) -> Result<(), AppError> {
    if !drill.run_state.live() {
        return end(state, drill).await;
    }
    let trouble = state.store.real_trouble(drill.system).await?;
    let around = Around {
        begun_at: drill.begun_at,
        limit_seconds: drill.limit_seconds,
        incident: trouble.incident,
        down: trouble.down.as_deref(),
        now: state.store.now().await?,
    };
    if let Some(why) = must_stop(&around) {
        end_run(&state.store, drill.number, &why, &Actor::Muster).await?;
    }
    Ok(())
}

/// When the target is gone: the evidence, the end of its incident, and the next time it is due.
async fn end(state: &AppState, drill: &DrillRecord) -> Result<(), AppError> {
    let number = drill.number;
    // As it was carried out: the plan may have changed meanwhile.
    let plan = state.plans.of(state.store.plan_version_fetch(drill.plan_version).await?).await?;
    let mut tx = state.store.begin().await?;
    let drill = tx.drill_lock(number).await?;
    if drill.ended_at.is_some() {
        return Ok(());
    }
    if drill.cleared_at.is_none() {
        tx.drill_clear_if_nobody_does(drill.run).await?;
        return Ok(tx.commit().await?);
    }
    let run = tx.run_lock_id(drill.run).await?.run;
    let measured = drill::measured(&run);
    let points = drill::points(&plan.compiled.plan, &run);
    tx.drill_end(number, measured, &points).await?;
    if measured.is_some()
        && let Some(mut schedule) = tx.drill_schedule_of(drill.system, &drill.procedure).await?
    {
        let now = tx.now();
        done(&mut tx, &mut schedule, now).await?;
    }
    let text = told(&drill, &run, measured, &points);
    let record = tx.incident_lock(drill.incident).await?;
    // Somebody may have said so already.
    let mut events = vec![];
    if record.incident.state.open() {
        events.push(IncidentEvent::Resolved { text: text.clone(), despite: None });
    }
    if record.incident.closed_at.is_none() && tx.runs_owing_review(record.id).await?.is_empty() {
        events.push(IncidentEvent::Closed { text });
    }
    incident::append(&mut tx, record, events, &Actor::Muster, "incident.drill-over").await?;
    let detail = json!({"run": run.header.number, "state": run.state, "recovered_seconds": measured.map(|m| m.recovered_seconds),
        "asked_seconds": measured.map(|m| m.asked_seconds), "points": points, "left_behind": drill.left_behind});
    tx.audit(&Actor::Muster, "drill.ended", format!("drill {number}"), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

fn told(drill: &DrillRecord, run: &Run, measured: Option<Measured>, points: &[Point]) -> String {
    let left = match drill.left_behind.as_slice() {
        [] => "Nothing of the target is left.".to_owned(),
        some => format!("Of the target this is left: {}.", some.join(", ")),
    };
    match (measured, &drill.stopped_why) {
        (Some(took), _) => {
            let lost: String = points
                .iter()
                .filter(|point| point.lost_seconds.is_some())
                .map(|point| format!("{}. ", point.words()))
                .collect();
            format!(
                "The drill is over: recovered in {} after the target stood. {lost}{left}",
                human_seconds(took.recovered_seconds)
            )
        }
        (None, Some(why)) => format!("The drill was ended: {} {left}", sentence(why)),
        (None, None) if !run.left_out().is_empty() => {
            format!("The drill is over: its run went on without a step that recovers, so it shows nothing. {left}")
        }
        (None, None) => {
            format!("The drill is over: its run did not reach its end ({}). {left}", run.state.words().to_lowercase())
        }
    }
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

async fn windows(tx: &mut Tx, schedule: &DrillSchedule) -> Result<Vec<Window>, AppError> {
    Ok(tx.drill_windows(schedule.system).await?.into_iter().map(|one| one.window).collect())
}

/// It was done: the rule says when it is due again.
async fn done(tx: &mut Tx, schedule: &mut DrillSchedule, at: Timestamp) -> Result<(), AppError> {
    let from = schedule.moved.as_ref().map_or(schedule.due_at, |(from, _)| *from);
    schedule.done_at = Some(at);
    schedule.due_at = schedule.every.after(from, at);
    schedule.moved = None;
    let detail = json!({"done_at": at, "due_at": schedule.due_at});
    tx.audit(&Actor::Muster, "drill-schedule.done", format!("drill schedule {}", schedule.id), detail);
    put(tx, schedule).await
}

/// Out of blocked time, and written down.
async fn put(tx: &mut Tx, schedule: &mut DrillSchedule) -> Result<(), AppError> {
    let from = schedule.moved.as_ref().map_or(schedule.due_at, |(from, _)| *from);
    let blocked = windows(tx, schedule).await?;
    if let Some((to, why)) = moved(schedule.due_at, &blocked) {
        let detail = json!({"from": schedule.due_at, "to": to, "why": why});
        tx.audit(&Actor::Muster, "drill-schedule.moved", format!("drill schedule {}", schedule.id), detail);
        schedule.due_at = to;
        schedule.moved = Some((from, why));
    }
    Ok(tx.drill_schedule_put(schedule).await?)
}

/// What is no run of a procedure is done where it lives, and seen here.
async fn done_elsewhere(tx: &mut Tx, one: &DrillSchedule, since: Timestamp) -> Result<Option<Timestamp>, AppError> {
    Ok(match (one.kind, one.kind.inspection()) {
        (_, Some(kind)) => tx.inspection_signed_after(one.system, kind, since).await?,
        (Kind::ContactTree, _) => tx.contact_drill_after(one.system, since).await?,
        (Kind::BackupVerification, _) => tx.verification_after(one.system, since).await?,
        _ => None,
    })
}

async fn schedule(state: &AppState, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let mut one = match tx.drill_schedule_lock(id).await {
        Ok(one) => one,
        Err(store::StoreError::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let now = tx.now();
    let since = one.done_at.unwrap_or(one.made_at);
    if let Some(at) = done_elsewhere(&mut tx, &one, since).await? {
        done(&mut tx, &mut one, at).await?;
    }
    put(&mut tx, &mut one).await?;
    let overdue = one.due_at <= now && one.told_overdue_of != Some(one.due_at);
    let soon = one.due_at > now && one.due_at.seconds_since(now) <= i64::from(REMIND_SECONDS);
    if overdue || (soon && one.reminded_of != Some(one.due_at)) {
        remind(&mut tx, &one, overdue).await?;
    }
    if overdue {
        one.told_overdue_of = Some(one.due_at);
    }
    if overdue || soon {
        // Who is told that it is overdue needs no reminder.
        one.reminded_of = Some(one.due_at);
    }
    tx.drill_schedule_put(&one).await?;
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

async fn remind(tx: &mut Tx, one: &DrillSchedule, overdue: bool) -> Result<(), AppError> {
    let what = match &one.procedure {
        None => one.kind.words().to_owned(),
        Some(procedure) => procedure.replace('-', " "),
    };
    let (subject, begins) = if overdue {
        (format!("A drill is overdue: {what}"), "This drill was due")
    } else {
        (format!("A drill is due soon: {what}"), "This drill is due")
    };
    let body = format!("{begins} on {}: {what}. You are responsible for it.", one.due_at.utc_text(),);
    let word = if overdue { "overdue" } else { "soon" };
    let cause = format!("drill-schedule:{}:{word}:{}", one.id, one.due_at.unix_ms());
    let telling = Telling { link: Some("/console/drills"), ..Telling::new(Purpose::Notice, &cause, &subject, &body) };
    let person = Person { id: one.responsible, name: &one.responsible_name, email: &one.responsible_email };
    let ways = tx.ways_of(&[one.responsible]).await?;
    tell::person(tx, &telling, person, &ways).await?;
    let detail = json!({"person": one.responsible, "due_at": one.due_at});
    tx.audit(
        &Actor::Muster,
        &format!("drill-schedule.{}", if overdue { "overdue" } else { "reminded" }),
        format!("drill schedule {}", one.id),
        detail,
    );
    tx.live(Topic::Outbox {});
    Ok(())
}
