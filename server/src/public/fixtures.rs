//! Snapshots for tests: calm, broken, crowded, absurd and empty. Used by no program.

use std::sync::Arc;

use shared::{
    domain::{
        incident::PublicState as S,
        maintenance::{MaintenanceEvent, MaintenanceState, PublicMaintenance, PublicStep, Window},
        status::{ComponentStatus, Impact, PublicIncident, PublicUpdate, StatusSnapshot},
        uptime::{ComponentState, History},
    },
    timestamp::Timestamp,
};

use super::{
    archive::Archive,
    pages::{Content, PublicReport},
};

/// 22 Nov 2026, 03:30 UTC.
pub(crate) const NOW: i64 = 1_795_318_200;

pub(crate) fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_unix(NOW - minutes * 60)
}

pub(crate) fn component(name: &str, impact: Impact) -> ComponentStatus {
    let first_seen_at = Timestamp::from_unix(NOW - 40 * 86_400);
    let state = ComponentState { impact, maintenance: false };
    ComponentStatus {
        id: format!("bt2c/{}", name.to_lowercase().replace(' ', "")),
        name: name.into(),
        impact,
        maintenance: false,
        group: None,
        description: None,
        history: Some(History { state, changed_at: ago(20), first_seen_at, days: vec![] }),
    }
}

pub(crate) fn incident(number: i64, title: &str, started: i64, resolved: Option<i64>) -> PublicIncident {
    let mut updates = vec![
        PublicUpdate {
            number: 2,
            told_at: None,
            at: ago(started - 9),
            state: S::Identified,
            text: "One of the two nodes has stopped.\nBlocks are still made by the other one.".into(),
        },
        PublicUpdate {
            number: 1,
            told_at: None,
            at: ago(started),
            state: S::Investigating,
            text: "We are looking into it.".into(),
        },
    ];
    if let Some(minutes) = resolved {
        updates.insert(
            0,
            PublicUpdate {
                number: 3,
                told_at: None,
                at: ago(minutes),
                state: S::Resolved,
                text: "The node runs again and has caught up.".into(),
            },
        );
    }
    PublicIncident {
        number,
        title: title.into(),
        state: if resolved.is_some() { S::Resolved } else { S::Identified },
        impact: Impact::MajorOutage,
        affected: vec![("Validator 1".into(), Impact::MajorOutage)],
        component_ids: vec!["bt2c/validator1".into()],
        started_at: ago(started),
        resolved_at: resolved.map(ago),
        updates,
        has_report: false,
    }
}

fn snapshot(components: Vec<ComponentStatus>, open: Vec<PublicIncident>, past: Vec<PublicIncident>) -> StatusSnapshot {
    StatusSnapshot {
        title: "BT2C status".into(),
        taken_at: Timestamp::from_unix(NOW),
        components,
        open,
        past,
        maintenance: vec![],
    }
}

fn three(first: Impact) -> Vec<ComponentStatus> {
    vec![
        component("Validator 1", first),
        component("Validator 2", Impact::Operational),
        component("PostgreSQL database", Impact::Operational),
    ]
}

fn past() -> Vec<PublicIncident> {
    let mut reported = incident(9, "The database answered slowly", 60 * 24 * 4 + 95, Some(60 * 24 * 4));
    reported.has_report = true;
    reported.impact = Impact::Degraded;
    reported.affected = vec![("PostgreSQL database".into(), Impact::Degraded)];
    vec![reported, incident(7, "Validator 1 could not be reached", 60 * 24 * 40, Some(60 * 24 * 40 - 31))]
}

pub(crate) fn calm() -> StatusSnapshot {
    snapshot(three(Impact::Operational), vec![], past())
}

pub(crate) fn broken() -> StatusSnapshot {
    snapshot(three(Impact::MajorOutage), vec![incident(12, "Validator 1 is not available", 20, None)], past())
}

fn window(
    number: i64,
    state: MaintenanceState,
    from: i64,
    to: i64,
    then: Vec<(i64, MaintenanceEvent)>,
) -> PublicMaintenance {
    let (title, text) = (format!("New disks, part {number}"), "Both nodes get **new disks**.".to_owned());
    let window = Window { from_at: ago(from), to_at: ago(to) };
    let planned = MaintenanceEvent::Planned { title: title.clone(), text: text.clone(), covers: vec![], window };
    let steps: Vec<_> = then.into_iter().chain([(60 * 24 * 9, planned)]).collect();
    PublicMaintenance {
        number,
        title,
        text,
        state,
        window,
        covers: vec!["Validator 1".into(), "Validator 2".into()],
        component_ids: vec!["bt2c/validator1".into(), "bt2c/validator2".into()],
        planned_at: ago(60 * 24 * 9),
        soon: steps.iter().any(|(_, event)| *event == MaintenanceEvent::Reminded),
        begun_at: matches!(state, MaintenanceState::UnderWay | MaintenanceState::Completed).then(|| ago(from)),
        ended_at: state.over().then(|| ago(to)),
        n_moves: 0,
        steps: steps.into_iter().map(|(at, event)| PublicStep { at: ago(at), event }).collect(),
    }
}

/// Two of three components are being worked on; there was such work before, and there will be.
pub(crate) fn worked_on() -> StatusSnapshot {
    let mut snapshot = calm();
    for component in &mut snapshot.components[..2] {
        component.maintenance = true;
    }
    let moved = MaintenanceEvent::Moved { window: Window { from_at: ago(-60), to_at: ago(-120) }, text: None };
    snapshot.maintenance = vec![
        window(3, MaintenanceState::UnderWay, 30, -90, vec![(30, MaintenanceEvent::Begun)]),
        window(4, MaintenanceState::Scheduled, -60, -120, vec![(1, MaintenanceEvent::Reminded), (2, moved)]),
        window(1, MaintenanceState::Completed, 9000, 8900, vec![(8900, MaintenanceEvent::Finished { text: None })]),
        window(2, MaintenanceState::Cancelled, 8000, 7900, vec![(8100, MaintenanceEvent::Cancelled { text: None })]),
    ];
    snapshot
}

pub(crate) fn empty() -> StatusSnapshot {
    snapshot(vec![], vec![], vec![])
}

pub(crate) fn crowded() -> StatusSnapshot {
    let components = (1..=40).map(|n| component(&format!("Service {n}"), Impact::ALL[n % 4])).collect();
    let open = (1..=300).map(|n| incident(1000 - n, &format!("Service {n} is not available"), 20 + n, None)).collect();
    let past =
        (1..=300).map(|n| incident(600 - n, &format!("Service {n} was slow"), 90 * n + 50, Some(90 * n))).collect();
    snapshot(components, open, past)
}

pub(crate) fn absurd() -> StatusSnapshot {
    let word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(3);
    let long: String = word.chars().take(200).collect();
    let mut open = incident(12, &long, 60 * 24 * 2, None);
    open.affected = vec![(long.clone(), Impact::PartialOutage), ("Validator 2".into(), Impact::Degraded)];
    open.impact = Impact::PartialOutage;
    open.updates[0].text = format!("{long} {long}\n\nhttps://example.org/{}", "x".repeat(300));
    let mut old = incident(11, &long, 60 * 24 * 6, Some(60 * 24 * 5));
    old.affected = vec![(long.clone(), Impact::MajorOutage)];
    snapshot(
        vec![component(&long, Impact::PartialOutage), component("Validator 2", Impact::Degraded)],
        vec![open],
        vec![old],
    )
}

pub(crate) fn content(snapshot: StatusSnapshot) -> Content {
    let report = |_: &PublicIncident| {
        let body = "## What happened\n\nThe disk was *full*.\n\n## Times\n\n| What | When | Took |\n|---|---|--:|\n| Declared | 03:10 | |\n| Acknowledged | 03:14 | 4 min |\n\n- one\n- two\n\n```\ndocker compose restart postgres\n```\n";
        PublicReport { version: 2, published_at: ago(60), body: body.into() }
    };
    let mut archive = Arc::default();
    for incident in snapshot.open.iter().chain(&snapshot.past) {
        Archive::put(&mut archive, incident.clone(), incident.has_report.then(|| report(incident)));
    }
    for work in &snapshot.maintenance {
        Archive::put_work(&mut archive, work.clone());
    }
    Content { snapshot, archive, brand: Arc::default() }
}
