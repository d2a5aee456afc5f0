//! Announced maintenance in the shape of Statuspage's API. As there, what was called off is in no list.

use serde::Serialize;
use shared::{
    domain::{
        maintenance::{MaintenanceEvent, MaintenanceState, PublicMaintenance, PublicStep},
        status::StatusSnapshot,
    },
    timestamp::Timestamp,
};

use super::statuspage::{ComponentView, component_id, id};
use crate::public::{maintenance, speech::Speech};

/// Newest ones that the list of all holds, as there.
const MOST: usize = 50;

#[derive(Serialize)]
pub(super) struct MaintenanceView {
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
    incident_updates: Vec<StepView>,
    components: Vec<ComponentView>,
    scheduled_for: Timestamp,
    scheduled_until: Timestamp,
    scheduled_remind_prior: bool,
    scheduled_auto_in_progress: bool,
    scheduled_auto_completed: bool,
}

#[derive(Serialize)]
struct StepView {
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

pub(super) struct Lists {
    pub(super) all: Vec<MaintenanceView>,
    pub(super) upcoming: Vec<MaintenanceView>,
    pub(super) active: Vec<MaintenanceView>,
    /// What the summary holds.
    pub(super) ahead: Vec<MaintenanceView>,
}

impl Lists {
    pub(super) fn new(base: &str, page_id: &str, snapshot: &StatusSnapshot, known: &[ComponentView]) -> Self {
        // A contract for programs: English and UTC, whatever the page speaks.
        let speech = Speech::default();
        let list = |fits: &dyn Fn(MaintenanceState) -> bool| -> Vec<_> {
            let fitting = snapshot.maintenance.iter().filter(|one| fits(one.state));
            fitting.take(MOST).map(|one| view(one, base, page_id, known, &speech)).collect()
        };
        Self {
            all: list(&|state| state != MaintenanceState::Cancelled),
            upcoming: list(&|state| state == MaintenanceState::Scheduled),
            active: list(&|state| state == MaintenanceState::UnderWay),
            ahead: list(&|state| !state.over()),
        }
    }
}

fn view(
    one: &PublicMaintenance,
    base: &str,
    page_id: &str,
    known: &[ComponentView],
    speech: &Speech,
) -> MaintenanceView {
    let own = id(&["maintenance", &one.number.to_string()]);
    let of = |key: &String| known.iter().find(|c| c.id == component_id(key)).cloned();
    let n = one.steps.len();
    let step = |(back, step): (usize, &PublicStep)| StepView {
        // Counted from the first one: a later step does not rename those before it.
        id: id(&["step", &own, &(n - back).to_string()]),
        status: status_after(one, back),
        body: maintenance::plain(step, speech),
        incident_id: own.clone(),
        created_at: step.at,
        updated_at: step.at,
        display_at: step.at,
        affected_components: None,
        deliver_notifications: false,
        custom_tweet: None,
        tweet_id: None,
    };
    MaintenanceView {
        name: one.title.clone(),
        status: status_after(one, 0),
        created_at: one.planned_at,
        updated_at: one.changed_at(),
        monitoring_at: None,
        resolved_at: one.ended_at,
        impact: "maintenance",
        shortlink: format!("{base}/maintenance/{}", one.number),
        started_at: one.begun_at.unwrap_or(one.planned_at),
        page_id: page_id.to_owned(),
        incident_updates: one.steps.iter().enumerate().map(step).collect(),
        components: one.component_ids.iter().filter_map(of).collect(),
        scheduled_for: one.window.from_at,
        scheduled_until: one.window.to_at,
        scheduled_remind_prior: true,
        scheduled_auto_in_progress: true,
        scheduled_auto_completed: true,
        id: own,
    }
}

/// What was so after the step that is `back` steps before the newest.
fn status_after(one: &PublicMaintenance, back: usize) -> &'static str {
    let word = one.steps.iter().skip(back).find_map(|step| match step.event {
        MaintenanceEvent::Begun => Some("in_progress"),
        MaintenanceEvent::Finished { .. } | MaintenanceEvent::Cancelled { .. } => Some("completed"),
        _ => None,
    });
    word.unwrap_or("scheduled")
}
