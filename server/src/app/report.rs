//! Post-incident reports: drafted, filled with facts, edited without losing anybody's text. Reviews and publishing are elsewhere.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        report::{EditConflict, PublishedRef, ReportIn, ReportVersionView, ReportView, VersionHead},
    },
    domain::{
        incident::Eyes,
        report::{
            DraftInput, FollowUpFacts, RunFacts, draft,
            facts::{FactBlock, facts},
            review::standing,
        },
    },
};
use store::{FollowUpFilter, IncidentRecord, Report, Store, StoreError, User};

use super::offers;
use crate::{
    auth::permit::{EditReport, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Newer runs of one incident than anybody will read about.
const RUNS: i64 = 200;

/// More to do nobody lists.
pub(super) const FOLLOW_UPS: i64 = 500;

pub(super) async fn incident(store: &Store, number: i64) -> Result<IncidentRecord, AppError> {
    store.incident_by_number(number).await.found(|| format!("incident {number}"))
}

pub(super) async fn report(store: &Store, record: &IncidentRecord) -> Result<Report, AppError> {
    let report = store.report_fetch(record.id).await?;
    report.ok_or_else(|| AppError::not_found(format!("report on incident {} yet", record.number)))
}

/// What the records say to these eyes. Of the newest version, if that is published: what they said then.
pub(super) async fn facts_of(
    store: &Store,
    eyes: Eyes,
    record: &IncidentRecord,
    report: &Report,
) -> Result<Vec<FactBlock>, AppError> {
    let then = report.published.as_ref().filter(|published| published.version == report.version);
    if let Some(facts) = then.and_then(|published| published.facts.clone()) {
        return Ok(facts);
    }
    facts_now(store, eyes, record).await
}

/// What the records say now.
pub(super) async fn facts_now(store: &Store, eyes: Eyes, record: &IncidentRecord) -> Result<Vec<FactBlock>, AppError> {
    let system = store.system_fetch(record.system).await?;
    let timeline = store.incident_timeline(record.id).await?;
    let runs = runs_of(store, eyes, record).await?;
    let follow_ups = store.follow_ups(eyes, FollowUpFilter::Of(record.id), FOLLOW_UPS).await?;
    let follow_ups = follow_ups.into_iter().map(|one| FollowUpFacts {
        number: one.number,
        title: one.title,
        owner: one.owner.map(|owner| owner.name),
        due_at: one.due_at,
        state: one.state.words(),
    });
    Ok(facts(&DraftInput {
        number: record.number,
        incident: &record.incident,
        level_name: &record.level_name,
        system: &system.name,
        timeline: &timeline,
        runs: &runs,
        follow_ups: &follow_ups.collect::<Vec<_>>(),
        now: store.now().await?,
    }))
}

/// Oldest first.
pub(super) async fn runs_of(store: &Store, eyes: Eyes, record: &IncidentRecord) -> Result<Vec<RunFacts>, AppError> {
    let mut runs = vec![];
    for row in store.run_list(eyes, Some(record.id), None, RUNS).await?.iter().rev() {
        let run = store.run_by_number(row.number).await?;
        runs.push(RunFacts { requested_by: run.requested_by_name, plan_version: run.plan_version, run: run.run });
    }
    Ok(runs)
}

/// # Errors
/// 404 if there is no such incident or it has no report yet.
pub async fn view(store: &Store, user: &User, number: i64) -> Result<ReportView, AppError> {
    let record = incident(store, number).await?;
    let report = report(store, &record).await?;
    let facts = facts_of(store, Eyes::of(user.id, user.rights), &record, &report).await?;
    let reviews = store.report_reviews(record.id).await?;
    let standing = standing(&reviews, report.version, &report.saved_by);
    let offers = offers::report(user, &report, &standing);
    Ok(ReportView {
        incident: number,
        incident_title: record.incident.title,
        version: report.version,
        body: report.body,
        facts,
        saved_by: report.saved_by,
        saved_at: report.saved_at,
        published: report.published.map(|p| PublishedRef { version: p.version, public: p.public, at: p.at, by: p.by }),
        standing,
        reviews,
        comments: store.report_comments(record.id).await?,
        offers,
    })
}

/// Newest first.
///
/// # Errors
/// 404 if there is no such incident.
pub async fn versions(store: &Store, _: &Permit<ViewConsole>, number: i64) -> Result<Vec<VersionHead>, AppError> {
    let record = incident(store, number).await?;
    Ok(store.report_versions(record.id).await?)
}

/// # Errors
/// 404 if there is no such version.
pub async fn version(
    store: &Store,
    _: &Permit<ViewConsole>,
    (number, version): (i64, i32),
) -> Result<ReportVersionView, AppError> {
    let record = incident(store, number).await?;
    let what = || format!("version {version} of the report on incident {number}");
    let found = store.report_version(record.id, version).await.found(what)?;
    Ok(ReportVersionView {
        version: found.version,
        body: found.body,
        saved_by: found.saved_by.to_string(),
        saved_at: found.saved_at,
    })
}

/// Writes the first version: the sections people expect, with the facts where they belong; does nothing if there is one.
///
/// # Errors
/// If there is no such incident.
pub async fn write_draft(store: &Store, permit: &Permit<EditReport>, number: i64) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    if store.report_fetch(record.id).await?.is_some() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let by = permit.actor();
    match tx.report_create(record.id, &draft(), &by).await {
        Ok(()) => {}
        // Somebody else was faster: theirs is the draft.
        Err(StoreError::Conflict(name)) if name == "report_pkey" => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    tx.audit(&by, "report.drafted", format!("report {number}"), json!({"version": 1}));
    tx.live(Topic::Report { incident: number });
    tx.live(Topic::Incident { number });
    Ok(tx.commit().await?)
}

/// # Errors
/// 409 with both texts if somebody has saved since the version this text was made from.
pub async fn save(store: &Store, permit: &Permit<EditReport>, number: i64, input: ReportIn) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let mut tx = store.begin().await?;
    let Some(current) = tx.report_lock(record.id).await? else {
        return Err(AppError::not_found(format!("report on incident {number} yet")));
    };
    if current.version != input.base {
        return Err(AppError::edit_conflict(&EditConflict {
            current: current.version,
            current_body: current.body,
            current_by: current.saved_by,
            current_at: current.saved_at,
            yours: input.body.into_inner(),
        }));
    }
    if current.body == input.body.as_str() {
        return Ok(());
    }
    let by = permit.actor();
    let version = tx.report_save(record.id, input.body.as_str(), &by).await?;
    tx.audit(&by, "report.saved", format!("report {number}"), json!({"version": version}));
    tx.live(Topic::Report { incident: number });
    Ok(tx.commit().await?)
}
