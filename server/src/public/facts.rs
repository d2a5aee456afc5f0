//! From incidents and plans to the public snapshot: a pure function that copies public fields only. Internal titles, notes, levels
//! and names of people are never read here.

mod maintenance;

use std::collections::HashMap;

use shared::{
    api::incident::TimelineEntry,
    domain::{
        brand::{Brand, Language},
        incident::{Affected, Incident, IncidentEvent, PublicState},
        layout::{Known, Layout, Placed},
        status::{ComponentStatus, Group, Impact, PublicIncident, PublicUpdate, StatusSnapshot},
        uptime::History,
    },
    timestamp::Timestamp,
};

use super::texts::{Texts, fill};

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

pub(crate) use self::maintenance::{MaintenanceFacts, public as public_maintenance};

/// All that the public site is made from.
pub(crate) struct Facts<'a> {
    pub(crate) taken_at: Timestamp,
    pub(crate) systems: Vec<SystemFacts>,
    pub(crate) incidents: Vec<IncidentFacts<'a>>,
    pub(crate) maintenance: Vec<MaintenanceFacts<'a>>,
    pub(crate) layout: Layout,
    pub(crate) histories: Histories,
    pub(crate) brand: &'a Brand,
}

/// By system and component.
pub(crate) type Histories = HashMap<(String, String), History>;

pub(crate) fn snapshot(facts: Facts<'_>) -> StatusSnapshot {
    let names = Names::new(&facts.systems, &facts.layout, facts.brand.language);
    let mut public: Vec<PublicIncident> =
        facts.incidents.iter().filter_map(|one| public_incident(one, &names)).collect();
    public.sort_by_key(|i| std::cmp::Reverse((i.started_at, i.number)));
    let (open, mut past): (Vec<_>, Vec<_>) = public.into_iter().partition(|i| i.resolved_at.is_none());
    past.sort_by_key(|i| std::cmp::Reverse((i.resolved_at, i.number)));
    let title = match (&facts.brand.name, facts.systems.as_slice()) {
        (Some(name), _) => name.as_str().to_owned(),
        (None, [one]) => fill(names.texts().title, &[("name", &one.name)]),
        _ => names.texts().untitled.to_owned(),
    };
    let components = components(&names, &facts);
    let maintenance = facts.maintenance.iter().map(|one| maintenance::public(one, &names)).collect();
    StatusSnapshot { title, taken_at: facts.taken_at, components, open, past, maintenance }
}

/// What components are called in public, and which of them are not for the public at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    layout: Layout,
    known: Vec<Known>,
    /// Name of each system, if there are several.
    systems: HashMap<String, String>,
    language: Language,
}

impl Names {
    pub(crate) fn new(systems: &[SystemFacts], layout: &Layout, language: Language) -> Self {
        let systems: Vec<_> = systems.iter().map(|s| (s.slug.clone(), s.name.clone(), s.components.clone())).collect();
        let known = Known::of(&systems);
        let several = systems.len() > 1;
        let systems = systems.into_iter().filter(|_| several).map(|(slug, name, _)| (slug, name)).collect();
        Self { layout: layout.complete(&known), known, systems, language }
    }

    fn texts(&self) -> &'static Texts {
        Texts::of(self.language)
    }

    fn placed(&self, system: &str, component: &str) -> Option<&Placed> {
        self.layout.sections.iter().flat_map(|s| &s.components).find(|p| p.is(system, component))
    }

    /// As people call it here, else as the plan does.
    fn now(&self, system: &str, component: &str) -> Option<String> {
        let placed = self.placed(system, component).and_then(|p| p.name.as_ref()).map(|name| name.as_str().to_owned());
        let known = || self.known.iter().find(|k| k.system == system && k.component == component);
        placed.or_else(|| known().map(|known| known.name.clone()))
    }

    /// As now, else as it was called when the incident was declared.
    fn of(&self, system: &str, component: &str, then: &str) -> String {
        if let Some(name) = self.now(system, component) {
            return name;
        }
        match self.systems.get(system) {
            Some(whose) => format!("{whose}: {then}"),
            None => then.to_owned(),
        }
    }

    fn hidden(&self, system: &str, component: &str) -> bool {
        self.placed(system, component).is_some_and(|p| p.hidden)
    }

    /// What of an incident's components the public may know.
    fn visible<'a>(&'a self, facts: &'a IncidentFacts<'_>) -> impl Iterator<Item = &'a Affected> {
        facts.incident.affected.iter().filter(|a| !self.hidden(facts.system, &a.component))
    }
}

/// Each component with the worst that open public incidents and monitors say of it. One that an open incident affects but the plan no longer
/// names is kept: leaving it out would hide the outage.
fn components(names: &Names, facts: &Facts<'_>) -> Vec<ComponentStatus> {
    let new = |system: &str, component: &str, then: &str| {
        let history = facts.histories.get(&(system.to_owned(), component.to_owned())).cloned();
        ComponentStatus {
            id: key(system, component),
            name: names.of(system, component, then),
            // What monitors say is recorded there, and nowhere among the incidents.
            impact: history.as_ref().map_or(Impact::Operational, |history| history.state.impact),
            maintenance: maintenance::works_on(&facts.maintenance, system, component),
            group: None,
            description: None,
            history,
        }
    };
    let mut components = Vec::new();
    for section in &names.layout.sections {
        let group = section.name.as_ref().map(|name| Group {
            id: section.id.map(|id| id.to_string()).unwrap_or_default(),
            name: name.as_str().to_owned(),
        });
        for placed in section.components.iter().filter(|p| !p.hidden) {
            components.push(ComponentStatus {
                group: group.clone(),
                description: placed.description.as_ref().map(|d| d.as_str().to_owned()),
                ..new(&placed.system, &placed.component, &placed.component)
            });
        }
    }
    let open = facts.incidents.iter().filter(|f| f.incident.public_title.is_some() && f.incident.resolved_at.is_none());
    for incident in open {
        for affected in names.visible(incident) {
            let id = key(incident.system, &affected.component);
            match components.iter_mut().find(|c| c.id == id) {
                Some(component) => component.impact = component.impact.max(affected.impact),
                None => {
                    let component = new(incident.system, &affected.component, &affected.name);
                    let impact = component.impact.max(affected.impact);
                    components.push(ComponentStatus { impact, ..component });
                }
            }
        }
    }
    components
}

pub(crate) fn public_incident(facts: &IncidentFacts<'_>, names: &Names) -> Option<PublicIncident> {
    let incident = facts.incident;
    let title = incident.public_title.clone()?;
    let state = match incident.resolved_at {
        Some(_) => PublicState::Resolved,
        None => incident.public_state.unwrap_or(PublicState::Investigating),
    };
    let affected = names.visible(facts).map(|a| (names.of(facts.system, &a.component, &a.name), a.impact));
    Some(PublicIncident {
        number: facts.number,
        title,
        state,
        impact: names.visible(facts).map(|a| a.impact).max().unwrap_or(Impact::Operational),
        affected: affected.collect(),
        component_ids: names.visible(facts).map(|a| key(facts.system, &a.component)).collect(),
        started_at: incident.declared_at,
        resolved_at: incident.resolved_at,
        updates: updates(facts, names.texts()),
        has_report: facts.has_public_report,
    })
}

/// Only what was posted for the public. The text of a resolution is the team's; if nothing was posted with it, a plain sentence
/// stands in.
fn updates(facts: &IncidentFacts<'_>, t: &Texts) -> Vec<PublicUpdate> {
    let mut updates: Vec<PublicUpdate> = vec![];
    for entry in facts.timeline {
        let IncidentEvent::Posted { state, text, happened_at } = &entry.event else { continue };
        updates.push(PublicUpdate {
            number: updates.len() + 1,
            at: happened_at.unwrap_or(entry.at),
            told_at: happened_at.map(|_| entry.at),
            state: *state,
            text: text.clone(),
        });
    }
    if let Some(at) = facts.incident.resolved_at
        && updates.last().is_none_or(|u| u.state != PublicState::Resolved)
    {
        let (number, text) = (updates.len() + 1, t.is_resolved.into());
        updates.push(PublicUpdate { number, at, told_at: None, state: PublicState::Resolved, text });
    }
    // Those of one moment stay in the order in which they were said.
    updates.sort_by_key(|update| update.at);
    updates.reverse();
    updates
}

fn key(system: &str, component: &str) -> String {
    format!("{system}/{component}")
}
