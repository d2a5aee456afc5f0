//! What one person sees of incidents and runs at this moment, with what they can do next. Reads only.

use shared::{
    api::{
        List,
        incident::{IncidentRowView, IncidentView, ProcedureOffer, ReportRef, RunRowView},
        run::{Place, PlanNow, QuestionView, RunView, Standing},
    },
    domain::{
        access::{Action, Rights},
        incident::{Eyes, Incident},
        run::{Run, RunHeader, RunState},
        sight::Sight,
    },
    timestamp::Timestamp,
};
use store::{Store, User};

use super::{
    control, forecast, offers,
    plan::{PlanInForce, Plans},
    related, restricted, validation,
};
use crate::{
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
};

const PAGE: i64 = 50;
/// Runs shown with their incident.
const RUNS: i64 = 200;

pub(super) fn page<T>(items: Vec<T>, limit: i64, key: impl Fn(&T) -> i64) -> List<T> {
    let full = i64::try_from(items.len()).is_ok_and(|n| n == limit);
    let next = items.last().filter(|_| full).map(|last| key(last).to_string());
    List { items, next }
}

/// Newest first.
///
/// # Errors
/// If the database does not answer.
pub async fn incidents(
    store: &Store,
    permit: &Permit<ViewConsole>,
    before: Option<i64>,
) -> Result<List<IncidentRowView>, AppError> {
    let records = store.incident_list(permit.eyes(), before, PAGE).await?;
    let rows = records.into_iter().map(|record| IncidentRowView {
        number: record.number,
        level: record.incident.level,
        state: record.incident.state,
        declared_at: record.incident.declared_at,
        resolved_at: record.incident.resolved_at,
        clocks: record.incident.clocks(),
        restricted: record.incident.readers.is_some(),
        merged_into: record.incident.merged_into,
        title: record.incident.title,
        affected: record.incident.affected,
    });
    Ok(page(rows.collect(), PAGE, |row| row.number))
}

/// # Errors
/// 404 if there is no such incident.
pub async fn incident(store: &Store, plans: &Plans, user: &User, number: i64) -> Result<IncidentView, AppError> {
    let record = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let timeline = store.incident_timeline(record.id).await?;
    let eyes = Eyes::of(user.id, user.rights);
    let runs = store.run_list(eyes, Some(record.id), None, RUNS).await?;
    let links = related::links(store, eyes, &record).await?;
    let report = store.report_fetch(record.id).await?;
    let live_run = store.run_live(record.system).await?;
    let plan = plans.current(record.system).await?;
    let sight = store.sight_of_system(record.system).await?;
    let owing = store.runs_owing_review(record.id).await?;
    let now = store.now().await?;
    let open_points = validation::open_points(store, plan.as_deref(), &record).await?;
    let incident = record.incident;
    Ok(IncidentView {
        id: record.id,
        number: record.number,
        system: record.system_slug,
        drill: incident.drill,
        level: incident.level,
        level_name: record.level_name,
        state: incident.state,
        declared_by: record.declared_by,
        declared_at: incident.declared_at,
        resolved_at: incident.resolved_at,
        public_state: incident.public_state,
        clocks: incident.clocks(),
        duties: incident.duties.clone(),
        tasks: incident.tasks.clone(),
        readers: incident.readers.clone(),
        merged_into: incident.merged_into,
        links,
        closed_at: incident.closed_at,
        owing_review: owing.clone(),
        offers: offers::incident(&incident, user.rights, &owing),
        procedures: plan
            .map(|plan| buttons(&plan, &incident, user.rights, live_run, sight.as_ref()))
            .unwrap_or_default(),
        runs,
        open_points,
        timeline,
        report: report.map(|r| ReportRef { version: r.version, published_version: r.published.map(|p| p.version) }),
        now,
        title: incident.title,
        affected: incident.affected,
        public_title: incident.public_title,
    })
}

fn buttons(
    plan: &PlanInForce,
    incident: &Incident,
    rights: Rights,
    live_run: Option<i64>,
    sight: Option<&(Timestamp, Sight)>,
) -> Vec<ProcedureOffer> {
    let mut offers = offers::procedures(&plan.compiled.plan, incident, rights, live_run, sight);
    if let Some(why) = plan.altered() {
        offers.iter_mut().for_each(|offer| offer.refused = Some(why.clone()));
    }
    offers
}

/// Newest first.
///
/// # Errors
/// If the database does not answer.
pub async fn runs(
    store: &Store,
    permit: &Permit<ViewConsole>,
    before: Option<i64>,
) -> Result<List<RunRowView>, AppError> {
    Ok(page(store.run_list(permit.eyes(), None, before, PAGE).await?, PAGE, |row| row.number))
}

/// # Errors
/// 404 if there is no such run.
pub async fn run(store: &Store, plans: &Plans, user: &User, number: i64) -> Result<RunView, AppError> {
    let record = store.run_by_number(number).await.found(|| format!("run {number}"))?;
    let now = store.now().await?;
    let run = record.run;
    let frozen = if run.state.live() { control::seen(store).await? } else { None };
    let watch = store.watch_view(run.header.id).await?;
    let by_hand = run.steps.iter().map(|step| step.number).filter(|&step| run.is_checked_by_hand(step));
    let checks_by_hand = by_hand.collect();
    let plan_now = plans.current(run.header.system).await?.and_then(|plan| plan_now(&plan, &run.header));
    let consent_missing = match run.state {
        RunState::AwaitingApproval => {
            let incident = store.incident_by_number(record.incident_number).await?;
            let deciders = store.users_who_may(Action::DecideRun).await?;
            let deciders = restricted::deciders_who_see(store, &incident, deciders).await?;
            deciders.cannot_meet(&run.header.policy, run.header.requested_by)
        }
        _ => None,
    };
    let incident = store.incident_by_number(record.incident_number).await?.incident;
    let forecast = forecast::of(store, &run, &incident, now).await?;
    let place = if run.state == RunState::Waiting { Some(place(store, &run).await?) } else { None };
    let held = matches!(run.state, RunState::Resolving | RunState::Queued | RunState::Running | RunState::Cancelling);
    Ok(RunView {
        id: run.header.id,
        number: run.header.number,
        incident: record.incident_number,
        incident_title: record.incident_title,
        system: record.system_slug,
        plan_version: record.plan_version,
        plan_now,
        policy: run.header.policy.clone(),
        consent_missing,
        place,
        priority: run.priority,
        resumes: run.header.resumes.as_ref().map(|resumed| resumed.run),
        question: run.question.clone().map(|question| QuestionView {
            unclear: run.is_unclear(question.step),
            takes_two: run.takes_two(question.step),
            step: question.step,
            why: question.why,
            seen: question.seen,
            proposal: question.proposal,
        }),
        glass: run.glass.clone(),
        review: run.review.clone(),
        ordered: run.ordered.clone(),
        state: run.state,
        requested_by: record.requested_by_name,
        requested_at: run.header.requested_at,
        content: run.content(),
        expires_at: run.expires_at(),
        offers: offers::run(&run, user, now),
        worker_silent_seconds: record.heard_at.filter(|_| held).map(|at| now.seconds_since(at).max(0)),
        dry_run: run.header.dry_run,
        frozen,
        checks_by_hand,
        watch,
        forecast,
        times: forecast::times(&run, &incident),
        now,
        project: run.header.project,
        drill_of: run.header.drill_of,
        procedure: run.header.procedure,
        parameters: run.header.parameters,
        resolution: run.resolution.map(|(_, resolution)| resolution),
        decisions: run.decisions,
        steps: run.steps,
        ended_at: run.ended_at,
        reason: run.reason,
    })
}

async fn place(store: &Store, run: &Run) -> Result<Place, AppError> {
    let mut before = store.runs_in_line(run.header.system).await?;
    if let Some(own) = before.iter().position(|number| *number == run.header.number) {
        before.truncate(own);
    }
    Ok(Place { behind: store.run_live(run.header.system).await?, before })
}

fn plan_now(plan: &PlanInForce, run: &RunHeader) -> Option<PlanNow> {
    if plan.version.id == run.plan_version {
        return None;
    }
    let procedure = match plan.compiled.plan.procedures.iter().find(|p| p.id == run.procedure.id) {
        None => Standing::Gone,
        Some(now) if now.digest == run.procedure.digest => Standing::Same,
        Some(_) => Standing::Changed,
    };
    Some(PlanNow { version: plan.version.version, procedure })
}
