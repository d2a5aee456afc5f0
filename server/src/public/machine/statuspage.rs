//! The shapes of Statuspage's public API (v2), so that its clients read us. Fields that Muster has nothing for say so as that API
//! does: null, or an empty list.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared::{
    domain::{
        incident::PublicState,
        status::{ComponentStatus, Group, Impact, PublicIncident, StatusSnapshot, roll_up},
    },
    hex,
    timestamp::Timestamp,
};

use super::{
    changed_at,
    feed::updated_at,
    scheduled::{Lists, MaintenanceView},
};

const WORKED_ON: &str = "under_maintenance";
/// Newest incidents that a list holds, as there.
const MOST: usize = 50;

#[derive(Serialize)]
struct PageView<'a> {
    id: &'a str,
    name: &'a str,
    url: &'a str,
    time_zone: &'a str,
    updated_at: Timestamp,
    /// Ours: only there while the facts could not be read anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale_since: Option<Timestamp>,
}

#[derive(Serialize)]
struct StatusView {
    indicator: &'static str,
    description: String,
}

#[derive(Clone, Serialize)]
pub(super) struct ComponentView {
    pub(super) id: String,
    name: String,
    status: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
    position: usize,
    description: Option<String>,
    showcase: bool,
    start_date: Option<String>,
    group_id: Option<String>,
    page_id: String,
    group: bool,
    only_show_if_degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Vec<String>>,
}

#[derive(Serialize)]
struct IncidentView {
    id: String,
    name: String,
    status: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
    monitoring_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    impact: &'static str,
    shortlink: String,
    started_at: Timestamp,
    page_id: String,
    incident_updates: Vec<UpdateView>,
    components: Vec<ComponentView>,
    reminder_intervals: Option<()>,
}

#[derive(Serialize)]
struct UpdateView {
    id: String,
    status: &'static str,
    body: String,
    incident_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    display_at: Timestamp,
    affected_components: Option<()>,
    deliver_notifications: bool,
    custom_tweet: Option<()>,
    tweet_id: Option<()>,
}

#[derive(Clone, Copy, Serialize)]
struct Document<'a> {
    page: &'a PageView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<&'a [ComponentView]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incidents: Option<&'a [IncidentView]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_maintenances: Option<&'a [MaintenanceView]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a StatusView>,
}

/// Every document with the part of its address behind `/api/v2/`.
pub(super) fn all(
    base: &str,
    snapshot: &StatusSnapshot,
    since: Option<Timestamp>,
    time_zone: &str,
) -> Vec<(&'static str, String)> {
    let page_id = id(&["page", base]);
    let page = PageView {
        id: &page_id,
        name: &snapshot.title,
        url: base,
        time_zone,
        updated_at: changed_at(snapshot),
        stale_since: since,
    };
    let status = StatusView { indicator: indicator(snapshot), description: snapshot.headline() };
    let components = components(snapshot, &page_id);
    let view = |incident| incident_view(incident, base, &page_id, &components);
    let open: Vec<_> = snapshot.open.iter().map(view).collect();
    let latest: Vec<_> = snapshot.open.iter().chain(&snapshot.past).take(MOST).map(view).collect();
    let bare = Document { page: &page, components: None, incidents: None, scheduled_maintenances: None, status: None };
    let announced = Lists::new(base, &page_id, snapshot, &components);
    let only = |list| Document { scheduled_maintenances: Some(list), ..bare };
    vec![
        (
            "summary.json",
            write(&Document {
                components: Some(&components),
                incidents: Some(&open),
                status: Some(&status),
                ..only(&announced.ahead)
            }),
        ),
        ("status.json", write(&Document { status: Some(&status), ..bare })),
        ("components.json", write(&Document { components: Some(&components), ..bare })),
        ("incidents.json", write(&Document { incidents: Some(&latest), ..bare })),
        ("incidents/unresolved.json", write(&Document { incidents: Some(&open), ..bare })),
        ("scheduled-maintenances.json", write(&only(&announced.all))),
        ("scheduled-maintenances/upcoming.json", write(&only(&announced.upcoming))),
        ("scheduled-maintenances/active.json", write(&only(&announced.active))),
    ]
}

fn write(document: &Document<'_>) -> String {
    // Structs of text, numbers and instants, which JSON always takes.
    serde_json::to_string(document).unwrap_or_default()
}

/// Twelve characters that stay the same for as long as the thing is the same.
pub(super) fn id(parts: &[&str]) -> String {
    hex::encode(&Sha256::digest(parts.join("\n")))[..12].to_owned()
}

fn indicator(snapshot: &StatusSnapshot) -> &'static str {
    match snapshot.overall() {
        Impact::Operational if !snapshot.open.is_empty() => "minor",
        Impact::Operational if snapshot.only_worked_on() => "maintenance",
        impact => severity(impact),
    }
}

fn severity(impact: Impact) -> &'static str {
    match impact {
        Impact::Operational => "none",
        Impact::Degraded => "minor",
        Impact::PartialOutage => "major",
        Impact::MajorOutage => "critical",
    }
}

fn component_status(impact: Impact) -> &'static str {
    match impact {
        Impact::Operational => "operational",
        Impact::Degraded => "degraded_performance",
        Impact::PartialOutage => "partial_outage",
        Impact::MajorOutage => "major_outage",
    }
}

fn state(state: PublicState) -> &'static str {
    match state {
        PublicState::Investigating => "investigating",
        PublicState::Identified => "identified",
        PublicState::Monitoring => "monitoring",
        PublicState::Resolved => "resolved",
    }
}

pub(super) fn component_id(key: &str) -> String {
    id(&["component", key])
}

/// A group is a component there, which names its own.
fn components(snapshot: &StatusSnapshot, page_id: &str) -> Vec<ComponentView> {
    let mut views = vec![];
    let mut position = 0;
    for section in snapshot.sections() {
        let group = section.first().and_then(|c| c.group.as_ref()).map(|group| group_view(group, section, page_id));
        let group_id = group.as_ref().map(|g| g.id.clone());
        for mut view in group.into_iter().chain(section.iter().map(|c| component_view(c, snapshot, page_id))) {
            position += 1;
            view.position = position;
            if !view.group {
                view.group_id.clone_from(&group_id);
            }
            views.push(view);
        }
    }
    views
}

fn component_view(component: &ComponentStatus, snapshot: &StatusSnapshot, page_id: &str) -> ComponentView {
    let history = component.history.as_ref();
    let first_seen_at = history.map(|h| h.first_seen_at);
    ComponentView {
        id: component_id(&component.id),
        name: component.name.clone(),
        status: if component.worked_on() { WORKED_ON } else { component_status(component.impact) },
        created_at: first_seen_at.unwrap_or(snapshot.taken_at),
        updated_at: history.map_or(snapshot.taken_at, |h| h.changed_at),
        position: 0,
        description: component.description.clone(),
        showcase: false,
        start_date: first_seen_at.map(|at| at.inner().date().to_string()),
        group_id: None,
        page_id: page_id.to_owned(),
        group: false,
        only_show_if_degraded: false,
        components: None,
    }
}

fn group_view(group: &Group, section: &[ComponentStatus], page_id: &str) -> ComponentView {
    let histories = || section.iter().filter_map(|c| c.history.as_ref());
    let never = Timestamp::from_unix(0);
    ComponentView {
        id: id(&["group", &group.id]),
        name: group.name.clone(),
        status: match roll_up(section) {
            Impact::Operational if section.iter().any(ComponentStatus::worked_on) => WORKED_ON,
            impact => component_status(impact),
        },
        created_at: histories().map(|h| h.first_seen_at).min().unwrap_or(never),
        updated_at: histories().map(|h| h.changed_at).max().unwrap_or(never),
        position: 0,
        description: None,
        showcase: false,
        start_date: None,
        group_id: None,
        page_id: page_id.to_owned(),
        group: true,
        only_show_if_degraded: false,
        components: Some(section.iter().map(|c| component_id(&c.id)).collect()),
    }
}

fn incident_view(incident: &PublicIncident, base: &str, page_id: &str, known: &[ComponentView]) -> IncidentView {
    let own = id(&["incident", &incident.number.to_string()]);
    let of = |key: &String| known.iter().find(|c| c.id == component_id(key)).cloned();
    let update = |update: &shared::domain::status::PublicUpdate| UpdateView {
        // Counted from the first one that was said: a later update does not rename those before it.
        id: id(&["update", &own, &update.number.to_string()]),
        status: state(update.state),
        body: update.text.clone(),
        incident_id: own.clone(),
        created_at: update.told_at.unwrap_or(update.at),
        updated_at: update.told_at.unwrap_or(update.at),
        display_at: update.at,
        affected_components: None,
        deliver_notifications: false,
        custom_tweet: None,
        tweet_id: None,
    };
    let monitoring = incident.updates.iter().rev().find(|u| u.state == PublicState::Monitoring);
    IncidentView {
        name: incident.title.clone(),
        status: state(incident.state),
        created_at: incident.started_at,
        updated_at: updated_at(incident),
        monitoring_at: monitoring.map(|u| u.at),
        resolved_at: incident.resolved_at,
        impact: severity(incident.impact),
        shortlink: format!("{base}/incidents/{}", incident.number),
        started_at: incident.started_at,
        page_id: page_id.to_owned(),
        incident_updates: incident.updates.iter().map(update).collect(),
        components: incident.component_ids.iter().filter_map(of).collect(),
        reminder_intervals: None,
        id: own,
    }
}
