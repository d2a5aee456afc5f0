//! Reads what the public site is made from. The only file of the public side that asks the database; visitors never come here.

use std::collections::HashMap;

use shared::{ids::SystemId, plan};
use store::{IncidentRecord, Store, StoreError};

use super::{
    facts::{self, Facts, IncidentFacts, MaintenanceFacts, SystemFacts},
    pages::{Content, PAST_LIMIT, PublicReport},
};

/// Maintenance that is over and still shown.
const MAINTENANCE_LIMIT: i64 = 100;

pub(crate) async fn content(store: &Store) -> Result<Content, StoreError> {
    let taken_at = store.now().await?;
    let mut systems = Vec::new();
    for (system, _) in store.system_list().await? {
        let components = components(store, system.id).await?;
        systems.push(SystemFacts { slug: system.slug, name: system.name, components });
    }
    let limit = i64::try_from(PAST_LIMIT).unwrap_or(i64::MAX);
    let records = store.public_incidents(limit).await?;
    let mut reports = HashMap::new();
    for (record, _, _) in records.iter().filter(|(_, _, has_report)| *has_report) {
        reports.extend(report(store, record).await?.map(|report| (record.number, report)));
    }
    let incidents = records
        .iter()
        .map(|(record, timeline, _)| IncidentFacts {
            number: record.number,
            system: &record.system_slug,
            incident: &record.incident,
            timeline,
            has_public_report: reports.contains_key(&record.number),
        })
        .collect();
    let layout = store.status_layout_fetch().await?.map(|saved| saved.layout).unwrap_or_default();
    let histories = store.component_records().await?;
    let histories = histories.into_iter().map(|r| ((r.system_slug, r.component), r.history)).collect();
    let announced = store.maintenances(MAINTENANCE_LIMIT).await?;
    let maintenance = announced
        .iter()
        .map(|one| MaintenanceFacts { number: one.number, maintenance: &one.maintenance, log: &one.log })
        .collect();
    let snapshot = facts::snapshot(Facts { taken_at, systems, incidents, maintenance, layout, histories });
    Ok(Content { snapshot, reports })
}

async fn components(store: &Store, system: SystemId) -> Result<Vec<(String, String)>, StoreError> {
    let Some(version) = store.plan_current(system).await? else { return Ok(vec![]) };
    let compiled = plan::compile(&version.source);
    Ok(compiled.plan.components.into_iter().map(|c| (c.id, c.name)).collect())
}

/// The published version's text, which may be older than the newest.
async fn report(store: &Store, record: &IncidentRecord) -> Result<Option<PublicReport>, StoreError> {
    let published = store.report_fetch(record.id).await?.and_then(|r| r.published).filter(|p| p.public);
    let Some(published) = published else { return Ok(None) };
    let body = store.report_body(record.id, published.version).await?;
    Ok(Some(PublicReport { version: published.version, published_at: published.at, body }))
}
