//! Publishing a report, for the team or for everybody, and what leaves Muster of it. Strangers get the sections that were chosen, and
//! of the facts only what was posted for them.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        report::{PublicPreview, PublicPreviewIn, PublishIn},
    },
    domain::{
        incident::{Eyes, IncidentEvent},
        report::{
            facts::{filled, public_facts},
            review::standing,
            sections::chosen,
        },
    },
    ids::UserId,
};
use store::{IncidentRecord, NewPublication, Report, Store};
use uuid::Uuid;

use super::{
    report::{facts_now, facts_of, incident, report},
    report_review::{current, locked},
};
use crate::{
    auth::permit::{Permit, PublishReport, ViewConsole},
    documents::{Printed, ReportDocument, report_html},
    error::AppError,
    public::Speech,
};

/// What is kept for everybody is not told from the publisher's own sight: a merged incident may be restricted.
const NOBODY: Eyes = Eyes { who: UserId(Uuid::nil()), all: false };

/// What everybody would read of it.
fn public_text(
    record: &IncidentRecord,
    timeline: &[shared::api::incident::TimelineEntry],
    body: &str,
    sections: &[u16],
) -> Result<String, AppError> {
    if record.incident.public_title.is_none() {
        let why =
            "This incident is not on the status page, so its report cannot be there either. Publish it for the team.";
        return Err(AppError::invalid("public", why));
    }
    let Some(body) = chosen(body, sections) else {
        let why =
            "Choose which sections become public: at least one, of those that the text has. Nothing was published.";
        return Err(AppError::invalid("sections", why));
    };
    Ok(filled(&body, &public_facts(timeline)).trim().to_owned() + "\n")
}

/// Exactly what everybody would read.
///
/// # Errors
/// As publishing it would be refused.
pub async fn preview(
    store: &Store,
    _: &Permit<ViewConsole>,
    number: i64,
    input: PublicPreviewIn,
) -> Result<PublicPreview, AppError> {
    let record = incident(store, number).await?;
    let report = report(store, &record).await?;
    current(&report, input.version, "Read it again.")?;
    let timeline = store.incident_timeline(record.id).await?;
    Ok(PublicPreview { text: public_text(&record, &timeline, &report.body, &input.sections)? })
}

/// # Errors
/// If the version that was read is not the newest, nobody else has approved it, or what becomes public was not chosen.
pub async fn publish(
    store: &Store,
    permit: &Permit<PublishReport>,
    number: i64,
    input: PublishIn,
) -> Result<(), AppError> {
    let record = incident(store, number).await?;
    let by = permit.actor();
    // Read before the lock: no second connection is taken while one is held. A word that comes in between is in the next one.
    let eyes = if record.incident.readers.is_some() { permit.eyes() } else { NOBODY };
    let facts = facts_now(store, eyes, &record).await?;
    let timeline = store.incident_timeline(record.id).await?;
    let mut tx = store.begin().await?;
    let report = locked(&mut tx, &record).await?;
    current(&report, input.version, "Nothing was published; read it and publish then.")?;
    let PublishIn { version, public, sections } = input;
    let public_text = if public { Some(public_text(&record, &timeline, &report.body, &sections)?) } else { None };
    let reviews = tx.report_reviews(record.id).await?;
    if let Some(why) = standing(&reviews, version, &report.saved_by).refusal(version) {
        return Err(AppError::not_now(format!("{why} Nothing was published.")));
    }
    if report.published.is_some_and(|p| p.version == version && p.public == public && p.public_text == public_text) {
        return Ok(());
    }
    let new = NewPublication { version, facts: &facts, public_text: public_text.as_deref() };
    tx.report_publish(record.id, &new, &by).await?;
    let record = tx.incident_lock_id(record.id).await?;
    let event = IncidentEvent::ReportPublished { version, public };
    let next = record.incident.apply(&event, tx.now())?;
    tx.incident_append(&record, &next, &event, &by).await?;
    tx.audit(&by, "report.published", format!("report {number}"), json!({"version": version, "public": public}));
    tx.live(Topic::Report { incident: number });
    tx.live(Topic::Incident { number });
    Ok(tx.commit().await?)
}

/// The newest version with the facts in it.
async fn whole(store: &Store, eyes: Eyes, number: i64) -> Result<(IncidentRecord, Report, String), AppError> {
    let record = incident(store, number).await?;
    let report = report(store, &record).await?;
    let text = filled(&report.body, &facts_of(store, eyes, &record, &report).await?);
    Ok((record, report, text))
}

/// The newest version as one HTML file, to be saved or printed.
///
/// # Errors
/// 404 if there is no such incident or it has no report yet.
pub async fn html(store: &Store, permit: &Permit<ViewConsole>, number: i64) -> Result<Printed, AppError> {
    let (record, report, body) = whole(store, permit.eyes(), number).await?;
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
        body: &body,
        running: Some(format!("Incident {number}: {}", incident.title)),
        back: None,
        speech: Speech::default(),
    }))
}

/// The newest version as Markdown.
///
/// # Errors
/// 404 if there is no such incident or it has no report yet.
pub async fn markdown(store: &Store, permit: &Permit<ViewConsole>, number: i64) -> Result<String, AppError> {
    Ok(whole(store, permit.eyes(), number).await?.2)
}
