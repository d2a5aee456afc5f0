//! From incidents and plans to the public snapshot: a pure function that copies public fields only. Internal titles, notes, levels
//! and names of people are never read here.

use std::collections::HashSet;

use shared::{
    api::incident::TimelineEntry,
    domain::{
        incident::{Incident, IncidentEvent, PublicState},
        status::{ComponentStatus, Impact, PublicIncident, PublicUpdate, StatusSnapshot},
    },
    timestamp::Timestamp,
};

/// One system under Muster's care, as far as the public page is concerned.
pub(crate) struct SystemFacts {
    pub(crate) slug: String,
    pub(crate) name: String,
    /// Id and name of each component of the current plan, in the plan's order.
    pub(crate) components: Vec<(String, String)>,
}

pub(crate) struct IncidentFacts<'a> {
    pub(crate) number: i64,
    /// Slug of its system.
    pub(crate) system: &'a str,
    pub(crate) incident: &'a Incident,
    pub(crate) timeline: &'a [TimelineEntry],
    pub(crate) has_public_report: bool,
}

pub(crate) fn snapshot(
    taken_at: Timestamp,
    systems: &[SystemFacts],
    incidents: &[IncidentFacts<'_>],
) -> StatusSnapshot {
    let mut public: Vec<PublicIncident> =
        incidents.iter().filter_map(|facts| public_incident(facts, systems)).collect();
    public.sort_by_key(|i| std::cmp::Reverse((i.started_at, i.number)));
    let (open, mut past): (Vec<_>, Vec<_>) = public.into_iter().partition(|i| i.resolved_at.is_none());
    past.sort_by_key(|i| std::cmp::Reverse((i.resolved_at, i.number)));
    let title = match systems {
        [one] => format!("{} status", one.name),
        _ => "Status".to_owned(),
    };
    StatusSnapshot { title, taken_at, components: components(systems, incidents), open, past }
}

/// Each component with the worst impact among open public incidents. One that an open incident affects but the plan no longer
/// names is kept: leaving it out would hide the outage.
fn components(systems: &[SystemFacts], incidents: &[IncidentFacts<'_>]) -> Vec<ComponentStatus> {
    let mut components = Vec::new();
    let mut known = HashSet::new();
    for system in systems {
        for (id, name) in &system.components {
            known.insert((system.slug.as_str(), id.as_str()));
            components.push(ComponentStatus {
                id: key(&system.slug, id),
                name: shown(systems, &system.slug, name),
                impact: Impact::Operational,
            });
        }
    }
    let open = incidents.iter().filter(|f| f.incident.public_title.is_some() && f.incident.resolved_at.is_none());
    for facts in open {
        for affected in &facts.incident.affected {
            let id = key(facts.system, &affected.component);
            if known.insert((facts.system, affected.component.as_str())) {
                let name = shown(systems, facts.system, &affected.name);
                components.push(ComponentStatus { id, name, impact: affected.impact });
            } else if let Some(component) = components.iter_mut().find(|c| c.id == id) {
                component.impact = component.impact.max(affected.impact);
            }
        }
    }
    components
}

fn public_incident(facts: &IncidentFacts<'_>, systems: &[SystemFacts]) -> Option<PublicIncident> {
    let incident = facts.incident;
    let title = incident.public_title.clone()?;
    let state = match incident.resolved_at {
        Some(_) => PublicState::Resolved,
        None => incident.public_state.unwrap_or(PublicState::Investigating),
    };
    Some(PublicIncident {
        number: facts.number,
        title,
        state,
        impact: incident.affected.iter().map(|a| a.impact).max().unwrap_or(Impact::Operational),
        affected: incident.affected.iter().map(|a| (shown(systems, facts.system, &a.name), a.impact)).collect(),
        started_at: incident.declared_at,
        resolved_at: incident.resolved_at,
        updates: updates(facts),
        has_report: facts.has_public_report,
    })
}

/// Only what was posted for the public. The text of a resolution is the team's; if nothing was posted with it, a plain sentence
/// stands in.
fn updates(facts: &IncidentFacts<'_>) -> Vec<PublicUpdate> {
    let posted = facts.timeline.iter().filter_map(|entry| match &entry.event {
        IncidentEvent::Posted { state, text } => Some(PublicUpdate { at: entry.at, state: *state, text: text.clone() }),
        _ => None,
    });
    let mut updates: Vec<_> = posted.collect();
    if let Some(at) = facts.incident.resolved_at
        && updates.last().is_none_or(|u| u.state != PublicState::Resolved)
    {
        updates.push(PublicUpdate { at, state: PublicState::Resolved, text: "This incident is resolved.".into() });
    }
    updates.reverse();
    updates
}

fn key(system: &str, component: &str) -> String {
    format!("{system}/{component}")
}

/// With several systems on one page a component says whose it is.
fn shown(systems: &[SystemFacts], slug: &str, name: &str) -> String {
    match systems.iter().find(|s| s.slug == slug) {
        Some(system) if systems.len() > 1 => format!("{}: {name}", system.name),
        _ => name.to_owned(),
    }
}
