//! Post-incident reports: drafted from the timeline, edited without losing anybody's text, published. Rendering is `documents`'.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        report::{EditConflict, PublishIn, PublishedRef, ReportIn, ReportView},
    },
    domain::{
        incident::IncidentEvent,
        report::{DraftInput, RunFacts, draft},
    },
};
use store::{IncidentRecord, Report, Store, StoreError, User};

use super::offers;
use crate::{
    auth::permit::{EditReport, Permit, PublishReport, ViewConsole},
    documents::{ReportDocument, report_html},
    error::{AppError, Found as _},
    public::Speech,
};

/// Newer runs of one incident than anybody will read about.
const RUNS: i64 = 200;

async fn incident(store: &Store, number: i64) -> Result<IncidentRecord, AppError> {
    store.incident_by_number(number).await.found(|| format!("incident {number}"))
}

async fn report(store: &Store, record: &IncidentRecord) -> Result<Report, AppError> {
    let report = store.report_fetch(record.id).await?;
    report.ok_or_else(|| AppError::not_found(format!("report on incident {} yet", record.number)))
}

/// # Errors
/// 404 if there is no such incident or it has no report yet.
pub async fn view(store: &Store, user: &User, number: i64) -> Result<ReportView, AppError> {
    let record = incident(store, number).await?;
    let report = report(store, &record).await?;
    Ok(ReportView {
        incident: number,
        incident_title: record.incident.title,
        version: report.version,
        body: report.body,
        saved_by: report.saved_by,
        saved_at: report.saved_at,
        published: report.published.map(|p| PublishedRef { version: p.version, public: p.public, at: p.at, by: p.by }),
        offers: offers::report(user.rights),
    })
}

/// Writes the first version from what is known; does nothing if there is one.
///
/// # Errors
/// If there is no such incident.
pub async fn write_draft(store: &Store, permit: &Permit<EditReport>, number: i64) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    if store.report_fetch(record.id).await?.is_some() {
        return Ok(());
    }
    let system = store.system_fetch(record.system).await?;
    let timeline = store.incident_timeline(record.id).await?;
    let mut runs = vec![];
    for row in store.run_list(permit.eyes(), Some(record.id), None, RUNS).await?.iter().rev() {
        let run = store.run_by_number(row.number).await?;
        runs.push(RunFacts { requested_by: run.requested_by_name, plan_version: run.plan_version, run: run.run });
    }
    let mut tx = store.begin().await?;
    let body = draft(&DraftInput {
        number,
        incident: &record.incident,
        level_name: &record.level_name,
        system: &system.name,
        timeline: &timeline,
        runs: &runs,
        now: tx.now(),
    });
    let by = permit.actor();
    match tx.report_create(record.id, &body, &by).await {
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

/// # Errors
/// If the version that was read is not the newest.
pub async fn publish(
    store: &Store,
    permit: &Permit<PublishReport>,
    number: i64,
    input: PublishIn,
) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let Some(current) = tx.report_lock(record.id).await? else {
        return Err(AppError::not_found(format!("report on incident {number} yet")));
    };
    if current.version != input.version {
        return Err(AppError::content_changed(format!(
            "{} has saved version {} since you read version {}. Nothing was published; read it and publish then.",
            current.saved_by, current.version, input.version
        )));
    }
    let PublishIn { version, public } = input;
    if public && record.incident.public_title.is_none() {
        let why =
            "This incident is not on the status page, so its report cannot be there either. Publish it for the team.";
        return Err(AppError::invalid("public", why));
    }
    if current.published.is_some_and(|p| p.version == version && p.public == public) {
        return Ok(());
    }
    tx.report_publish(record.id, version, public, &by).await?;
    let record = tx.incident_lock_id(record.id).await?;
    let event = IncidentEvent::ReportPublished { version, public };
    let next = record.incident.apply(&event, tx.now())?;
    tx.incident_append(&record, &next, &event, &by).await?;
    tx.audit(&by, "report.published", format!("report {number}"), json!({"version": version, "public": public}));
    tx.live(Topic::Report { incident: number });
    tx.live(Topic::Incident { number });
    Ok(tx.commit().await?)
}

/// The newest version as one HTML file.
///
/// # Errors
/// 404 if there is no such incident or it has no report yet.
pub async fn export_html(store: &Store, _permit: &Permit<ViewConsole>, number: i64) -> Result<String, AppError> {
    let record = incident(store, number).await?;
    let report = report(store, &record).await?;
    let published = report.published.filter(|p| p.version == report.version);
    let incident = &record.incident;
    Ok(report_html(&ReportDocument {
        incident: number,
        title: &incident.title,
        level: Some(format!("Level {}: {}", incident.level, record.level_name)),
        components: incident.affected.iter().map(|a| a.name.clone()).collect(),
        started_at: incident.declared_at,
        resolved_at: incident.resolved_at,
        version: report.version,
        published_at: published.as_ref().map(|p| p.at),
        published_by: published.as_ref().map(|p| p.by.to_string()),
        body: &report.body,
        back: None,
        speech: Speech::default(),
    }))
}

/// The newest version as it was written.
///
/// # Errors
/// 404 if there is no such incident or it has no report yet.
pub async fn export_markdown(store: &Store, _permit: &Permit<ViewConsole>, number: i64) -> Result<String, AppError> {
    let record = incident(store, number).await?;
    Ok(report(store, &record).await?.body)
}
