//! Announced maintenance as the public may know it: without components that are hidden, and without who did what.

use shared::{
    api::maintenance::MaintenanceEntry,
    domain::maintenance::{Maintenance, MaintenanceState, PublicMaintenance, PublicStep},
};

use super::{Names, key};

pub(crate) struct MaintenanceFacts<'a> {
    pub(crate) number: i64,
    pub(crate) maintenance: &'a Maintenance,
    pub(crate) log: &'a [MaintenanceEntry],
}

pub(super) fn works_on(all: &[MaintenanceFacts<'_>], system: &str, component: &str) -> bool {
    let under_way = all.iter().filter(|one| one.maintenance.state == MaintenanceState::UnderWay);
    under_way.flat_map(|one| &one.maintenance.covers).any(|c| c.system == system && c.component == component)
}

pub(crate) fn public(facts: &MaintenanceFacts<'_>, names: &Names) -> PublicMaintenance {
    let maintenance = facts.maintenance;
    let visible = || maintenance.covers.iter().filter(|c| !names.hidden(&c.system, &c.component));
    PublicMaintenance {
        number: facts.number,
        title: maintenance.title.clone(),
        text: maintenance.text.clone(),
        state: maintenance.state,
        window: maintenance.window,
        covers: visible().map(|c| names.now(&c.system, &c.component).unwrap_or_else(|| c.name.clone())).collect(),
        component_ids: visible().map(|c| key(&c.system, &c.component)).collect(),
        planned_at: maintenance.planned_at,
        soon: maintenance.state == MaintenanceState::Scheduled && maintenance.reminded,
        begun_at: maintenance.begun_at,
        ended_at: maintenance.ended_at,
        n_moves: maintenance.n_moves,
        steps: facts.log.iter().rev().map(step).collect(),
    }
}

fn step(entry: &MaintenanceEntry) -> PublicStep {
    let mut event = entry.event.clone();
    // The words of the plan for what is covered are not the page's.
    if let shared::domain::maintenance::MaintenanceEvent::Planned { covers, .. } = &mut event {
        covers.clear();
    }
    PublicStep { at: entry.at, event }
}
