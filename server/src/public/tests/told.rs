//! What reaches the public page of what there is: nothing internal, the worst impact, as people arranged it.

use super::*;

fn declared(public: bool) -> (Incident, Vec<TimelineEntry>) {
    let affected =
        |component: &str, impact| Affected::new(component, &format!("Name of {component}"), impact, Some(600));
    let affected = vec![affected("validator1", Impact::MajorOutage), affected("gone", Impact::Degraded)];
    let public_title = public.then(|| "Validator 1 is not available".into());
    let at = Timestamp::from_unix(NOW - 600);
    let declared = Incident::declared("SECRET internal title".into(), (3, Some(0)), affected, public_title, at);
    let incident = Incident {
        state: IncidentState::Recovering,
        acknowledged_at: Some(Timestamp::from_unix(NOW - 500)),
        ..declared
    };
    let by = Actor::Worker { name: "SECRET person".into() };
    let secret = || "SECRET text".to_owned();
    let events = [
        IncidentEvent::Declared { level: 3, affected: incident.affected.clone(), text: Some(secret()), seen: vec![] },
        IncidentEvent::Posted { state: PublicState::Investigating, text: "We are looking.".into(), happened_at: None },
        IncidentEvent::Noted { text: secret(), mentions: vec![] },
        IncidentEvent::LevelChanged { from: 2, to: 3, response_seconds: None, reason: secret() },
        IncidentEvent::Run {
            number: 1,
            procedure: secret(),
            moment: shared::domain::incident::RunMoment::Started,
            text: secret(),
        },
        IncidentEvent::Notified { run: 1, step: 1, audience: Audience::Everyone, text: secret() },
        IncidentEvent::NoticeAcknowledged { run: 1, step: 1, text: secret() },
        IncidentEvent::StateChanged {
            from: IncidentState::Identified,
            to: IncidentState::Recovering,
            text: Some(secret()),
        },
        IncidentEvent::AffectedChanged { affected: vec![], text: Some(secret()) },
        IncidentEvent::Corrected { entry: 3, text: secret(), mentions: vec![] },
        IncidentEvent::Reopened { reason: secret() },
        IncidentEvent::TaskChanged { task: 1, text: secret(), due_at: None },
        IncidentEvent::Resolved {
            text: secret(),
            despite: Some(shared::domain::validation::Despite { reason: secret(), open: vec![] }),
        },
    ];
    let entry = |(n, event): (usize, &IncidentEvent)| TimelineEntry {
        seq: n as i32 + 1,
        at: Timestamp::from_unix(NOW - 600 + n as i64),
        by: by.clone(),
        event: event.clone(),
    };
    (incident, events.iter().enumerate().map(entry).collect())
}

fn snapshot_of(incident: &Incident, timeline: &[TimelineEntry]) -> StatusSnapshot {
    arranged(incident, timeline, Layout::default())
}

fn arranged(incident: &Incident, timeline: &[TimelineEntry], layout: Layout) -> StatusSnapshot {
    let components = ["validator1", "validator2"].map(|c| (c.to_owned(), format!("Name of {c}"))).to_vec();
    let system = SystemFacts { slug: "bt2c".into(), name: "BT2C".into(), components };
    let incidents = vec![IncidentFacts { number: 12, system: "bt2c", incident, timeline, has_public_report: false }];
    facts::snapshot(Facts {
        taken_at: Timestamp::from_unix(NOW),
        systems: vec![system],
        incidents,
        maintenance: vec![],
        layout,
        histories: Default::default(),
        brand: &Brand::default(),
    })
}

#[tokio::test]
async fn nothing_internal_reaches_the_public() {
    let (mut incident, timeline) = declared(true);
    for resolved_at in [None, Some(Timestamp::from_unix(NOW - 60))] {
        incident.resolved_at = resolved_at;
        let router = router(pages(snapshot_of(&incident, &timeline)));
        for path in ["/", "/history", "/incidents/12", "/feed.atom", "/api/v2/summary.json", "/api/v2/incidents.json"] {
            let html = text(&router, path).await;
            assert!(!html.contains("SECRET"), "{path}: {html}");
        }
    }
    let (internal, timeline) = declared(false);
    let router = router(pages(snapshot_of(&internal, &timeline)));
    assert_eq!(get(&router, "/incidents/12", &[]).await.0, StatusCode::NOT_FOUND);
    assert!(text(&router, "/").await.contains("All systems operational"));
}

#[test]
fn components_take_the_worst_open_public_impact() {
    let (mut incident, timeline) = declared(true);
    let shown = |s: &StatusSnapshot| s.components.iter().map(|c| (c.name.clone(), c.impact)).collect::<Vec<_>>();
    let name = |c: &str| format!("Name of {c}");
    let open = snapshot_of(&incident, &timeline);
    assert_eq!(
        shown(&open),
        [
            (name("validator1"), Impact::MajorOutage),
            (name("validator2"), Impact::Operational),
            (name("gone"), Impact::Degraded)
        ],
        "a component that left the plan is still shown while it is broken"
    );
    assert_eq!(open.open[0].state, PublicState::Investigating);
    let words = [(Impact::MajorOutage, vec![name("validator1")]), (Impact::Degraded, vec![name("gone")])];
    assert_eq!(open.open[0].by_impact(), words, "each with what it suffers itself");
    incident.resolved_at = Some(Timestamp::from_unix(NOW));
    let over = snapshot_of(&incident, &timeline);
    assert_eq!(shown(&over), [(name("validator1"), Impact::Operational), (name("validator2"), Impact::Operational)]);
    assert_eq!(over.past[0].updates[0].text, "This incident is resolved.", "the team's own words stay with the team");
}

/// What the page shows of it: groups with their state, names, what affected components are called.
#[test]
fn people_arrange_rename_and_hide_what_strangers_see() {
    let (incident, timeline) = declared(true);
    let name = |text: &str| Some(Name::parse(text).unwrap());
    let placed = |component: &str| Placed {
        system: "bt2c".into(),
        component: component.into(),
        name: None,
        description: None,
        hidden: false,
    };
    let group = |components| Layout { sections: vec![Section { id: None, name: name("Chain"), components }] };
    let renamed = Placed { name: name("Block maker"), ..placed("validator1") };
    let snapshot = arranged(&incident, &timeline, group(vec![placed("validator2"), renamed]));
    let drawn: Vec<_> = snapshot
        .sections()
        .map(|s| {
            (s[0].group.as_ref().map(|g| g.name.as_str()), roll_up(s), s.iter().map(|c| c.name.as_str()).collect())
        })
        .collect::<Vec<(_, _, Vec<_>)>>();
    assert_eq!(
        drawn,
        [
            (Some("Chain"), Impact::MajorOutage, vec!["Name of validator2", "Block maker"]),
            (None, Impact::Degraded, vec!["Name of gone"]),
        ]
    );
    assert_eq!(snapshot.open[0].affected[0].0, "Block maker");

    let hidden = Placed { hidden: true, name: name("SECRET name"), ..placed("validator1") };
    let snapshot = arranged(&incident, &timeline, group(vec![hidden]));
    let names: Vec<_> = snapshot.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Name of validator2", "Name of gone"], "an outage does not bring it to light either");
    assert_eq!(snapshot.open[0].affected, [("Name of gone".into(), Impact::Degraded)]);
    assert_eq!((snapshot.open[0].impact, snapshot.overall()), (Impact::Degraded, Impact::Degraded));
}
