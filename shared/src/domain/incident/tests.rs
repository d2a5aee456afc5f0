//! The state machine, case by case.

use super::*;

fn affected(component: &str) -> Affected {
    Affected::new(component, &format!("The {component}"), Impact::MajorOutage, Some(600))
}

fn declared() -> Incident {
    let public = Some("It is not available".into());
    Incident::declared("it is down".into(), (1, Some(3600)), vec![affected("node")], public, at(0))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn said(from: IncidentState, to: IncidentState) -> IncidentEvent {
    IncidentEvent::StateChanged { from, to, text: None }
}

fn resolved() -> IncidentEvent {
    IncidentEvent::Resolved { text: "restarted".into(), despite: None }
}

fn after(events: &[(i64, IncidentEvent)]) -> Incident {
    events.iter().fold(declared(), |incident, (second, event)| incident.apply(event, at(*second)).unwrap())
}

fn stops(incident: &Incident) -> Vec<(String, u64, Option<Timestamp>)> {
    incident.clocks().iter().map(|c| (c.label.clone(), c.limit_seconds, c.stopped_at)).collect()
}

#[test]
fn the_usual_road_stops_all_clocks() {
    use IncidentState as S;
    let incident = after(&[
        (60, IncidentEvent::Acknowledged),
        (70, said(S::Acknowledged, S::Identified)),
        (80, said(S::Identified, S::Recovering)),
        (90, said(S::Recovering, S::Monitoring)),
        (300, resolved()),
    ]);
    assert_eq!((incident.state, incident.public_state), (S::Resolved, Some(PublicState::Resolved)));
    let expected = [("Response".into(), 3600, Some(at(60))), ("Recovery of The node".into(), 600, Some(at(300)))];
    assert_eq!(stops(&incident), expected);
    let closed = incident.apply(&IncidentEvent::Closed { text: "done".into() }, at(400)).unwrap();
    assert_eq!((closed.state, closed.closed_at), (S::Closed, Some(at(400))));
    assert_eq!(stops(&closed), expected);
}

#[test]
fn logs_of_before_are_still_folded() {
    let incident = after(&[(60, IncidentEvent::Acknowledged), (70, IncidentEvent::WorkStarted)]);
    assert_eq!((incident.state, incident.acknowledged_at), (IncidentState::Recovering, Some(at(60))));
    let old = r#"{"event":"declared","level":1,"affected":[{"component":"node","name":"N","impact":"degraded","rto_seconds":1}],"text":null}"#;
    assert!(matches!(serde_json::from_str(old), Ok(IncidentEvent::Declared { level: 1, .. })));
}

#[test]
fn illegal_pairs_have_names() {
    use IncidentState as S;
    let over = after(&[(1, resolved())]);
    let acknowledged = after(&[(1, IncidentEvent::Acknowledged)]);
    let closed = over.apply(&IncidentEvent::Closed { text: "done".into() }, at(2)).unwrap();
    let internal = Incident { public_title: None, ..declared() };
    let posted = IncidentEvent::Posted { state: PublicState::Identified, text: "x".into(), happened_at: None };
    let same_level = IncidentEvent::LevelChanged { from: 1, to: 1, response_seconds: None, reason: "x".into() };
    let back = IncidentEvent::Reopened { reason: "x".into() };
    let same = IncidentEvent::AffectedChanged { affected: vec![affected("node")], text: None };
    let cases = [
        (&over, IncidentEvent::Acknowledged, "incident-resolved"),
        (&over, resolved(), "incident-resolved"),
        (&closed, resolved(), "incident-resolved"),
        (&over, said(S::Resolved, S::Monitoring), "incident-resolved"),
        (&acknowledged, IncidentEvent::Acknowledged, "already-acknowledged"),
        (&internal, posted, "incident-internal"),
        (&acknowledged, same_level, "level-unchanged"),
        (&acknowledged, IncidentEvent::Closed { text: "x".into() }, "incident-open"),
        (&closed, IncidentEvent::Closed { text: "x".into() }, "incident-closed"),
        (&acknowledged, back, "incident-open"),
        (&acknowledged, said(S::Identified, S::Recovering), "state-changed"),
        (&acknowledged, said(S::Acknowledged, S::Acknowledged), "state-unchanged"),
        (&acknowledged, said(S::Acknowledged, S::Declared), "state-unsayable"),
        (&acknowledged, said(S::Acknowledged, S::Resolved), "state-unsayable"),
        (&acknowledged, said(S::Acknowledged, S::Closed), "state-unsayable"),
        (&acknowledged, same, "affected-unchanged"),
    ];
    for (incident, event, code) in cases {
        assert_eq!(incident.apply(&event, at(2)).unwrap_err().code, code, "{event:?}");
    }
    assert!(over.apply(&IncidentEvent::Noted { text: "later".into(), mentions: vec![] }, at(3)).is_ok());
}

#[test]
fn reopening_lets_the_clocks_run_again_and_keeps_the_answer() {
    for before in [vec![], vec![(20, IncidentEvent::Closed { text: "done".into() })]] {
        let over = after(&[&[(5, IncidentEvent::Acknowledged), (10, resolved())], &before[..]].concat());
        let back = over.apply(&IncidentEvent::Reopened { reason: "it is down again".into() }, at(30)).unwrap();
        assert_eq!((back.state, back.resolved_at, back.closed_at), (IncidentState::Acknowledged, None, None));
        assert_eq!(back.acknowledged_at, Some(at(5)));
        assert!(back.clocks()[1].stopped_at.is_none());
    }
}

#[test]
fn a_component_that_works_again_stops_its_clock_and_a_new_one_starts_its_own() {
    let change = |component: &str, impact| IncidentEvent::AffectedChanged {
        affected: vec![Affected { impact, ..affected(component) }],
        text: None,
    };
    let incident = after(&[(50, change("database", Impact::Degraded)), (100, change("node", Impact::Operational))]);
    let clocks = incident.clocks();
    assert_eq!((clocks[1].started_at, clocks[1].stopped_at), (at(0), Some(at(100))));
    assert_eq!(
        (clocks[2].label.as_str(), clocks[2].started_at, clocks[2].stopped_at),
        ("Recovery of The database", at(50), None)
    );
    let broken_again = incident.apply(&change("node", Impact::Degraded), at(200)).unwrap();
    assert_eq!(broken_again.clocks()[1].stopped_at, None);
}

#[test]
fn a_clock_that_has_run_out_is_told_once() {
    let incident = declared();
    let told = |incident: &Incident, second| -> Vec<Due> {
        incident.overdue(at(second)).into_iter().map(|(due, _)| due).collect()
    };
    let node = Due::Recovery { component: "node".into() };
    assert_eq!(told(&incident, 600), []);
    assert_eq!(incident.next_due_at(), Some(at(600)));
    assert_eq!(told(&incident, 601), vec![node.clone()]);
    let say = |due: &Due| IncidentEvent::Overdue { due: due.clone(), clock: "x".into(), limit_seconds: 600 };
    let incident = incident.apply(&say(&node), at(601)).unwrap();
    assert_eq!((told(&incident, 700), incident.next_due_at()), (vec![], Some(at(3600))));
    assert_eq!(told(&incident, 3601), [Due::Response {}, Due::Update {}]);
    let incident = incident.apply(&say(&Due::Update {}), at(3601)).unwrap();
    let posted =
        IncidentEvent::Posted { state: PublicState::Investigating, text: "Still looking.".into(), happened_at: None };
    let incident = incident.apply(&posted, at(3700)).unwrap();
    assert_eq!(told(&incident, 3700 + 3600), [Due::Response {}], "a post starts the clock anew");
    assert_eq!(told(&incident, 3700 + 3601), [Due::Response {}, Due::Update {}]);
    let over = incident.apply(&resolved(), at(3800)).unwrap();
    assert_eq!((told(&over, 99_999), over.next_due_at()), (vec![], None));
}

#[test]
fn at_once_has_a_minute_before_it_is_loud() {
    let incident = Incident { response_seconds: Some(0), public_title: None, affected: vec![], ..declared() };
    assert!(incident.overdue(at(60)).is_empty());
    assert_eq!(incident.overdue(at(61)).len(), 1);
}

#[test]
fn a_duty_is_held_by_one_and_handed_over_only_when_accepted() {
    let person = |n: u128, name: &str| Person { id: crate::ids::UserId(uuid::Uuid::from_u128(n)), name: name.into() };
    let (ada, bo, cy) = (person(1, "Ada"), person(2, "Bo"), person(3, "Cy"));
    let commander = Duty::Commander;
    let mut incident = declared();
    let try_it = |incident: &Incident, deed: DutyDeed, me: &Person| incident.duty_event(commander, deed, me);
    let code = |incident: &Incident, deed, me| try_it(incident, deed, me).unwrap_err().code;
    assert_eq!(code(&incident, DutyDeed::Leave, &ada), "duty-vacant");
    assert_eq!(code(&incident, DutyDeed::Take { from: Some(bo.id) }, &ada), "duty-changed");
    let mut step = |deed: DutyDeed, me: &Person| {
        let event = try_it(&incident, deed, me).unwrap();
        incident = incident.apply(&event, at(10)).unwrap();
        let held = incident.held(commander).cloned();
        (held.as_ref().map(|h| h.holder.name.clone()), held.and_then(|h| h.offered_to).map(|p| p.name))
    };
    let is = |holder: Option<&str>, asked: Option<&str>| (holder.map(str::to_owned), asked.map(str::to_owned));
    assert_eq!(step(DutyDeed::Take { from: None }, &ada), is(Some("Ada"), None));
    assert_eq!(step(DutyDeed::Offer { to: bo.clone() }, &ada), is(Some("Ada"), Some("Bo")));
    assert_eq!(step(DutyDeed::Decline, &bo), is(Some("Ada"), None));
    assert_eq!(step(DutyDeed::Offer { to: cy.clone() }, &ada), is(Some("Ada"), Some("Cy")));
    assert_eq!(step(DutyDeed::Withdraw, &ada), is(Some("Ada"), None));
    assert_eq!(step(DutyDeed::Offer { to: bo.clone() }, &ada), is(Some("Ada"), Some("Bo")));
    assert_eq!(step(DutyDeed::Accept, &bo), is(Some("Bo"), None));
    assert_eq!(step(DutyDeed::Take { from: Some(bo.id) }, &cy), is(Some("Cy"), None));
    for (deed, me) in [
        (DutyDeed::Take { from: None }, &ada),
        (DutyDeed::Take { from: Some(bo.id) }, &ada),
        (DutyDeed::Offer { to: bo.clone() }, &ada),
        (DutyDeed::Accept, &bo),
        (DutyDeed::Decline, &bo),
        (DutyDeed::Withdraw, &ada),
        (DutyDeed::Withdraw, &cy),
        (DutyDeed::Leave, &ada),
    ] {
        assert_eq!(code(&incident, deed.clone(), me), "duty-changed", "{deed:?} by {}", me.name);
    }
    assert_eq!(code(&incident, DutyDeed::Take { from: Some(cy.id) }, &cy), "duty-held");
    assert_eq!(code(&incident, DutyDeed::Offer { to: cy.clone() }, &cy), "duty-held");
    let event = incident.duty_event(commander, DutyDeed::Leave, &cy).unwrap();
    assert!(incident.apply(&event, at(20)).unwrap().duties.is_empty());
}
