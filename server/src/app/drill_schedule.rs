//! When drills come due, for whom, on which days none does; and everything about a system's drills as one person sees it. Begins none.

use serde_json::json;
use shared::{
    api::{
        drill::{
            DrillOffer, DrillResponsible, DrillScheduleChangeIn, DrillScheduleIn, DrillScheduleView, DrillVerdictView,
            DrillView, DrillWindowView, DrillsView,
        },
        live::Topic,
    },
    domain::{
        access::Action,
        drill::{Kind, Window, promised},
        incident::Person,
        readiness::is_rehearsed,
    },
    ids::UserId,
    plan::Plan,
    timestamp::Timestamp,
};
use store::{DrillRecord, DrillSchedule, DrillWindow, NewDrillSchedule, Store, StoreError};
use uuid::Uuid;

use super::{drill, drill_promise::Promises, offers};
use crate::{
    AppState,
    auth::permit::{Permit, PlanDrills, ViewConsole},
    error::{AppError, Found as _},
};

/// Shown; older ones stay in the database and in the audit log.
const SHOWN: i64 = 100;
const MOST_SCHEDULES: usize = 200;

/// # Errors
/// 404 if there is no such system, or it has no plan.
pub async fn view(state: &AppState, permit: &Permit<ViewConsole>, slug: &str) -> Result<DrillsView, AppError> {
    let store = &state.store;
    let system = store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| AppError::not_found(format!("plan of {} yet", system.name)))?;
    let text = &plan.compiled.plan;
    let now = store.now().await?;
    let schedules = store.drill_schedules(system.id).await?.into_iter().map(|one| scheduled(text, one, now)).collect();
    let windows = store.drill_windows(system.id).await?.into_iter().map(blocked).collect();
    let drills = store.drill_list(system.id, SHOWN).await?;
    let promises = Promises::of(state, &drills).await?;
    let drills: Vec<_> = drills.into_iter().map(|one| shown(&promises, one)).collect();
    let begin_refused = if !permit.may(Action::RequestRun) {
        Some(Action::RequestRun.needs())
    } else if let Some(open) = drills.iter().find(|drill| drill.ended_at.is_none()) {
        Some(format!("Drill {} goes on.", open.number))
    } else {
        drill::not_now(store, &system).await?
    };
    let procedures = text.procedures.iter().filter(|p| is_rehearsed(p)).map(|p| DrillOffer {
        procedure: p.id.clone(),
        title: p.title.clone(),
        digest: p.digest,
        parameters: p.parameters.clone(),
        choices: offers::in_a_drill(text, p),
        refused: p.unavailable.clone(),
    });
    Ok(DrillsView {
        system: system.slug,
        name: system.name,
        schedules,
        windows,
        procedures: procedures.collect(),
        promised: promised(text),
        people: responsible(store).await?,
        begin_refused,
        plan_refused: (!permit.may(Action::PlanDrills)).then(|| Action::PlanDrills.needs()),
        drills,
        now,
    })
}

/// Everybody who may see to a drill, with the kinds that they may.
async fn responsible(store: &Store) -> Result<Vec<DrillResponsible>, AppError> {
    let mut people: Vec<DrillResponsible> = vec![];
    for kind in Kind::ALL {
        for Person { id, name } in store.people_who_may(kind.action()).await? {
            match people.iter_mut().find(|one| one.id == id) {
                Some(one) => one.kinds.push(kind),
                None => people.push(DrillResponsible { id, name, kinds: vec![kind] }),
            }
        }
    }
    people.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(people)
}

/// # Errors
/// 404 if there is none.
pub async fn one(state: &AppState, _permit: &Permit<ViewConsole>, number: i64) -> Result<DrillView, AppError> {
    fetched(state, number).await
}

/// As it is after a command.
///
/// # Errors
/// 404 if there is none.
pub(crate) async fn fetched(state: &AppState, number: i64) -> Result<DrillView, AppError> {
    let record = state.store.drill_by_number(number).await.found(|| format!("drill {number}"))?;
    let promises = Promises::of(state, std::slice::from_ref(&record)).await?;
    Ok(shown(&promises, record))
}

fn scheduled(plan: &Plan, one: DrillSchedule, now: Timestamp) -> DrillScheduleView {
    let known = one.procedure.as_ref().map(|id| plan.procedures.iter().find(|p| p.id == *id));
    let title = match (&one.procedure, known) {
        (Some(_), Some(Some(procedure))) => procedure.title.clone(),
        (Some(id), _) => id.clone(),
        (None, _) => one.kind.words().into(),
    };
    let (moved_from, moved_why) = one.moved.unzip();
    DrillScheduleView {
        id: one.id,
        kind: one.kind,
        gone: matches!(known, Some(None)),
        procedure: one.procedure,
        title,
        every: one.every,
        due_at: one.due_at,
        overdue: one.due_at <= now,
        moved_from,
        moved_why,
        done_at: one.done_at,
        responsible: Person { id: one.responsible, name: one.responsible_name },
    }
}

fn blocked(one: DrillWindow) -> DrillWindowView {
    let Window { from_at, until_at, reason } = one.window;
    DrillWindowView { id: one.id, from_at, until_at, reason, by: one.by }
}

fn shown(promises: &Promises, one: DrillRecord) -> DrillView {
    DrillView {
        objectives: promises.to(&one),
        number: one.number,
        procedure: one.procedure,
        title: one.title,
        incident: one.incident,
        run: one.run_number,
        run_state: one.run_state,
        begun_by: one.begun_by,
        begun_at: one.begun_at,
        until: one.begun_at.plus_seconds(one.limit_seconds),
        stopped_why: one.stopped_why,
        cleared_at: one.cleared_at,
        left_behind: one.left_behind,
        ended_at: one.ended_at,
        recovered_seconds: one.recovered_seconds,
        asked_seconds: one.asked_seconds,
        points: one.points,
        verdict: one.verdict.map(|said| DrillVerdictView {
            verdict: said.verdict,
            by: said.by,
            at: said.at,
            note: said.note,
        }),
    }
}

async fn may(state: &AppState, action: Action, id: UserId) -> Result<bool, AppError> {
    Ok(state.store.people_who_may(action).await?.iter().any(|person| person.id == id))
}

/// # Errors
/// If it names no procedure of the plan that can be rehearsed, nobody, or what is scheduled already.
pub async fn schedule(
    state: &AppState,
    permit: &Permit<PlanDrills>,
    slug: &str,
    input: DrillScheduleIn,
) -> Result<(), AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan
        .ok_or_else(|| AppError::not_now(format!("{} has no plan, so there is nothing to rehearse.", system.name)))?;
    match (input.kind, &input.procedure) {
        (Kind::Procedure, None) => return Err(AppError::invalid("procedure", "Say which procedure is rehearsed.")),
        (kind, Some(_)) if kind != Kind::Procedure => {
            let why = format!("{} is done as a whole; it has no procedure.", kind.words());
            return Err(AppError::invalid("procedure", why));
        }
        (Kind::Procedure, Some(id))
            if !plan.compiled.plan.procedures.iter().any(|p| p.id == *id && is_rehearsed(p)) =>
        {
            let why = format!("The plan has no procedure \"{id}\" that recovers anything. Nothing was scheduled.");
            return Err(AppError::invalid("procedure", why));
        }
        _ => {}
    }
    let doing = input.kind.action();
    if !may(state, doing, input.responsible).await? {
        let why = format!("There is nobody with this id who may {}. Nothing was scheduled.", doing.words());
        return Err(AppError::invalid("responsible", why));
    }
    if state.store.drill_schedules(system.id).await?.len() >= MOST_SCHEDULES {
        return Err(AppError::not_now(format!("There are {MOST_SCHEDULES} already; end one first.")));
    }
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    if input.due_at <= tx.now() {
        return Err(AppError::invalid("due_at", "It must be due in the future. Nothing was scheduled."));
    }
    let new = NewDrillSchedule {
        system: system.id,
        kind: input.kind,
        procedure: input.procedure.as_deref(),
        every: input.every,
        due_at: input.due_at,
        responsible: input.responsible,
        by: &by,
    };
    let id = tx.drill_schedule_add(&new).await.map_err(|error| match error {
        StoreError::Conflict(name) if name == "drill_schedule_one" => {
            AppError::not_now("This is scheduled already. Nothing was changed; end the other rule first.")
        }
        other => other.into(),
    })?;
    let detail = json!({"system": slug, "schedule": input});
    tx.audit(&by, "drill-schedule.made", format!("drill schedule {id}"), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

/// How often, when next, and for whom; what is rehearsed stays.
///
/// # Errors
/// If somebody has changed it since, it is due in the past, or for nobody who may do it.
pub async fn change_schedule(
    state: &AppState,
    permit: &Permit<PlanDrills>,
    id: Uuid,
    input: DrillScheduleChangeIn,
) -> Result<(), AppError> {
    // Who may do it is asked before: no other connection within a transaction.
    let kind = state.store.drill_schedule_kind(id).await.found(no_schedule)?;
    if !may(state, kind.action(), input.responsible).await? {
        let why = format!("There is nobody with this id who may {}.", kind.action().words());
        return Err(AppError::invalid("responsible", why));
    }
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let mut one = tx.drill_schedule_lock(id).await.found(no_schedule)?;
    if one.due_at != input.seen_due_at {
        return Err(AppError::content_changed(
            "When it is due has changed since you opened it. Nothing of yours was saved; look at it again.",
        ));
    }
    let moves = input.due_at != one.due_at;
    if moves && input.due_at <= tx.now() {
        return Err(AppError::invalid("due_at", "It must be due in the future."));
    }
    let before = json!({"every": one.every, "due_at": one.due_at, "responsible": one.responsible});
    if moves {
        (one.due_at, one.moved) = (input.due_at, None);
    }
    (one.every, one.responsible) = (input.every, input.responsible);
    tx.drill_schedule_put(&one).await?;
    let after = json!({"every": one.every, "due_at": one.due_at, "responsible": one.responsible});
    tx.audit(&by, "drill-schedule.changed", format!("drill schedule {id}"), json!({"before": before, "after": after}));
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

fn no_schedule() -> String {
    "drill schedule with this id".into()
}

/// # Errors
/// 404 if there is none.
pub async fn end_schedule(state: &AppState, permit: &Permit<PlanDrills>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let one = tx.drill_schedule_lock(id).await.found(no_schedule)?;
    tx.drill_schedule_retire(id).await?;
    let detail = json!({"kind": one.kind, "procedure": one.procedure, "due_at": one.due_at});
    tx.audit(&permit.actor(), "drill-schedule.ended", format!("drill schedule {id}"), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}
