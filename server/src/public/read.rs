//! Reads what the public site is made from. The only file of the public side that asks the database; visitors never come here.
//! What is long over is read when something is said about it, so a reading costs the same after five years.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{ids::SystemId, plan};
use store::{MaintenanceRecord, PublicRecord, Store, StoreError};

use super::{
    archive::Archive,
    brand::{Branding, Logo},
    facts::{self, Facts, IncidentFacts, MaintenanceFacts, Names, SystemFacts},
    pages::{Content, PublicReport, RECENT},
};

/// Incidents read at once when all are.
const BATCH: i64 = 500;
/// Everything is read afresh as often: the log says what changes, not what somebody has mended by hand.
const AFRESH: Duration = Duration::from_secs(3600);
/// Maintenance that is over and still shown.
const MAINTENANCE_LIMIT: i64 = 100;

/// What was read so far, and up to which event it is so.
#[derive(Debug)]
pub(crate) struct Following {
    archive: Arc<Archive>,
    event: i64,
    names: Names,
    brand: Arc<Branding>,
    begun_at: Instant,
}

/// Takes in what has changed since the last time. If it fails, the next time begins where this one did.
pub(crate) async fn content(store: &Store, following: &mut Option<Following>) -> Result<Content, StoreError> {
    // First of all: what is said while this reads is read again.
    let head = store.live_head().await?;
    let taken_at = store.now().await?;
    let mut systems = Vec::new();
    for (system, _) in store.system_list().await? {
        let components = components(store, system.id).await?;
        systems.push(SystemFacts { slug: system.slug, name: system.name, components });
    }
    let layout = store.status_layout_fetch().await?.map(|saved| saved.layout).unwrap_or_default();
    let brand = branding(store, following.as_ref().map(|f| &f.brand)).await?;
    let names = Names::new(&systems, &layout, brand.brand.language);
    let announced = store.maintenances(MAINTENANCE_LIMIT).await?;
    let current = store.public_incidents_current(i64::try_from(RECENT).unwrap_or(i64::MAX)).await?;
    let mut now = match following.take_if(|f| f.names == names && f.event <= head && f.begun_at.elapsed() < AFRESH) {
        Some(before) => match changes(store, &before, head, &current).await {
            Ok(Some((changed, gone))) => after(before, &changed, &gone, head),
            Ok(None) => whole(store, names, brand.clone(), head).await?,
            Err(error) => {
                *following = Some(before);
                return Err(error);
            }
        },
        None => whole(store, names, brand.clone(), head).await?,
    };
    for one in &announced {
        now.put_work(one);
    }
    now.brand = brand.clone();
    for one in &current {
        now.put(one);
    }
    let histories = store.component_records().await;
    let following = following.insert(now);
    let histories = histories?.into_iter().map(|r| ((r.system_slug, r.component), r.history)).collect();
    let incidents = current.iter().map(facts_of).collect();
    let maintenance = announced.iter().map(work_of).collect();
    let snapshot =
        facts::snapshot(Facts { taken_at, systems, incidents, maintenance, layout, histories, brand: &brand.brand });
    Ok(Content { snapshot, archive: following.archive.clone(), brand: brand.clone() })
}

/// Incidents that changed and are not among the current ones, and those that are no longer public. `None`: too much is forgotten.
async fn changes(
    store: &Store,
    before: &Following,
    head: i64,
    current: &[PublicRecord],
) -> Result<Option<(Vec<PublicRecord>, Vec<i64>)>, StoreError> {
    if before.event < head && before.event + 1 < store.live_tail().await? {
        return Ok(None);
    }
    let here: HashSet<_> = current.iter().map(|one| one.record.number).collect();
    let mut changed = store.incidents_changed(before.event, head).await?;
    changed.retain(|number| !here.contains(number));
    if changed.is_empty() {
        return Ok(Some((vec![], vec![])));
    }
    let found = store.public_incidents_of(&changed).await?;
    changed.retain(|number| !found.iter().any(|one| one.record.number == *number));
    Ok(Some((found, changed)))
}

fn after(before: Following, changed: &[PublicRecord], gone: &[i64], head: i64) -> Following {
    let mut now = Following { event: head, ..before };
    for one in changed {
        now.put(one);
    }
    for number in gone {
        Archive::take_out(&mut now.archive, *number);
    }
    now
}

async fn whole(store: &Store, names: Names, brand: Arc<Branding>, head: i64) -> Result<Following, StoreError> {
    let mut now = Following { archive: Arc::default(), event: head, names, brand, begun_at: Instant::now() };
    let mut last = 0;
    loop {
        let batch = store.public_incidents_after(last, BATCH).await?;
        let Some(newest) = batch.last() else { break };
        last = newest.record.number;
        for one in &batch {
            now.put(one);
        }
    }
    let mut last = 0;
    loop {
        let batch = store.maintenances_ended_after(last, BATCH).await?;
        let Some(newest) = batch.last() else { return Ok(now) };
        last = newest.number;
        for one in &batch {
            now.put_work(one);
        }
    }
}

impl Following {
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    fn put_work(&mut self, one: &MaintenanceRecord) {
        Archive::put_work(&mut self.archive, facts::public_maintenance(&work_of(one), &self.names));
    }

    fn put(&mut self, one: &PublicRecord) {
        let report = one.report.as_ref();
        let report = report.map(|r| PublicReport { version: r.version, published_at: r.at, body: r.body.clone() });
        if let Some(incident) = facts::public_incident(&facts_of(one), &self.names) {
            Archive::put(&mut self.archive, incident, report);
        }
    }
}

fn work_of(one: &MaintenanceRecord) -> MaintenanceFacts<'_> {
    MaintenanceFacts { number: one.number, maintenance: &one.maintenance, log: &one.log }
}

fn facts_of(one: &PublicRecord) -> IncidentFacts<'_> {
    IncidentFacts {
        number: one.record.number,
        system: &one.record.system_slug,
        incident: &one.record.incident,
        timeline: &one.timeline,
        has_public_report: one.report.is_some(),
    }
}

/// The brand that is in force; its logo is read when it is another one.
async fn branding(store: &Store, before: Option<&Arc<Branding>>) -> Result<Arc<Branding>, StoreError> {
    let Some(saved) = store.status_brand_fetch().await? else { return Ok(Arc::default()) };
    if let Some(before) = before.filter(|before| before.version == saved.version && before.brand == saved.brand) {
        return Ok(before.clone());
    }
    let logo = match saved.brand.logo {
        Some(digest) => store.status_logo_fetch(digest).await?,
        None => None,
    };
    let logo = logo.map(|l| Logo { kind: l.kind, width: l.width, height: l.height, bytes: l.bytes.into() });
    Ok(Arc::new(Branding { version: saved.version, brand: saved.brand, logo }))
}

async fn components(store: &Store, system: SystemId) -> Result<Vec<(String, String)>, StoreError> {
    let Some(version) = store.plan_current(system).await? else { return Ok(vec![]) };
    let compiled = plan::compile(&version.source);
    Ok(compiled.plan.components.into_iter().map(|c| (c.id, c.name)).collect())
}
