//! What is open after which recovery, case by case.

use super::*;
use crate::{
    domain::{actor::Actor, run::RunEvent},
    fixtures::{header, log, procedure},
    plan::{StepKind, compile},
};

const PLAN: &str = "# P\n\n## Web recovery\n```bash\ndocker compose restart web\n```\n\n## Recovery Validation\n\n\
    1. **System Health**\n   ```bash\n   ./scripts/health.sh\n   ```\n\n2. **Performance Metrics**\n   ```bash\n   \
    ./scripts/fast.sh\n   ```\n\n3. **Security Verification**\n   ```bash\n   ./scripts/audit.sh\n   ```\n";

/// A restart and two final checks: "step 2", and "step 3" by a person.
fn recovery(number: i64, end: &[RunEvent]) -> Begun {
    let restart = StepKind::Restart { services: vec!["web".into()] };
    let look = StepKind::Http { method: "GET".into(), url: "http://localhost/".into() };
    let mut text = procedure("web-recovery", [restart, look, StepKind::Manual {}]);
    for step in &mut text.steps[1..] {
        step.check = true;
    }
    begun(number, text, end)
}

fn begun(number: i64, text: Procedure, end: &[RunEvent]) -> Begun {
    let by = Actor::Muster;
    let mut header = header(text);
    header.number = number;
    let resolution = crate::fixtures::resolution(vec![]);
    let before = [RunEvent::Requested, RunEvent::Resolved { resolution }, RunEvent::Granted];
    let started = [RunEvent::Claimed { fence: 1 }];
    let events: Vec<_> = before.into_iter().chain(started).chain(end.iter().cloned()).collect();
    let mut log = log(&by, &events);
    for recorded in &mut log {
        recorded.at = recorded.at.plus_seconds(u64::try_from(number).unwrap() * 100);
    }
    Begun { run: Run::replay(header, &log).unwrap(), bad: vec![] }
}

fn done(step: u32) -> [RunEvent; 2] {
    let outcome = crate::domain::run::StepOutcome::Succeeded { evidence: "well".into() };
    [started(step), RunEvent::StepEnded { step, attempt: 1, fence: 1, outcome }]
}

fn started(step: u32) -> RunEvent {
    RunEvent::StepStarted { step, attempt: 1, fence: 1, before: BTreeMap::new() }
}

fn checked(holds: bool) -> RunEvent {
    RunEvent::Checked { step: 3, holds, note: "looked".into() }
}

fn events(steps: &[u32], more: &[RunEvent]) -> Vec<RunEvent> {
    steps.iter().flat_map(|step| done(*step)).chain(more.iter().cloned()).collect()
}

const END: RunEvent = RunEvent::Finished { succeeded: true };

fn whole(number: i64) -> Begun {
    recovery(number, &events(&[1, 2], &[END, checked(true)]))
}

fn said(runs: Vec<Begun>, plan: Option<&Plan>) -> Vec<(Area, String, String)> {
    let open = open_points(&Facts { runs, monitors: vec![] }, plan);
    open.into_iter().map(|point| (point.area, point.what, point.why)).collect()
}

fn whys(runs: Vec<Begun>) -> Vec<String> {
    said(runs, None).into_iter().map(|(.., why)| why).collect()
}

#[test]
fn what_was_never_recovered_is_resolved_as_ever() {
    assert_eq!(said(vec![], Some(&compile(PLAN).plan)), []);
    let looked = begun(1, procedure("look", [StepKind::Inspect { services: vec![] }]), &events(&[1], &[END]));
    assert_eq!(said(vec![looked.clone()], Some(&compile(PLAN).plan)), []);
    let facts = |run| Facts { runs: vec![run], monitors: vec![monitored(State::Down, 80.0)] };
    assert_eq!(open_points(&facts(looked), None), []);
}

fn monitored(state: State, mean: f64) -> Monitored {
    let definition = serde_json::json!({
        "name": "web answers", "check": {"kind": "tcp", "address": "web:80"},
        "every_seconds": 60, "timeout_seconds": 5, "retries": 0,
    });
    Monitored {
        id: Uuid::nil(),
        definition: serde_json::from_value(definition).unwrap(),
        state,
        text: Some("no answer within 5 s".into()),
        checked_at: whole(1).run.ended_at,
        stale: false,
        hours: vec![80.0; 24],
        lately: Some(Lately { mean, n: 10 }),
        n_since: 10,
    }
}

#[test]
fn monitors_of_what_was_recovered_are_up_and_as_fast_as_before() {
    let said = |monitor| {
        let open = open_points(&Facts { runs: vec![whole(1)], monitors: vec![monitor] }, None);
        open.into_iter().map(|point| (point.area, point.why)).collect::<Vec<_>>()
    };
    assert_eq!(said(monitored(State::Up, 90.0)), []);
    assert_eq!(
        said(monitored(State::Down, 90.0)),
        [(Area::Health, "This monitor is down: no answer within 5 s".to_owned())]
    );
    let stale = said(Monitored { stale: true, ..monitored(State::Up, 90.0) });
    assert!(stale[0].0 == Area::Health && stale[0].1.contains("no worker looks"), "{stale:?}");
    let slow = said(monitored(State::Up, 400.0));
    assert!(slow[0].0 == Area::Performance && slow[0].1.starts_with("400 ms on average in 10 checks"), "{slow:?}");
    let young = Monitored { hours: vec![80.0; 2], ..monitored(State::Up, 400.0) };
    assert_eq!(said(young), [], "what is usual is not known");
    let young = Monitored { hours: vec![80.0; 2], lately: None, n_since: 0, ..monitored(State::Up, 400.0) };
    assert_eq!(said(young), [], "nor how much it would take to compare");
    assert_eq!(said(Monitored { lately: None, ..monitored(State::Up, 400.0) }), [], "it was compared before");
}

#[test]
fn a_monitor_that_has_not_looked_enough_since_the_recovery_proves_nothing() {
    let said = |monitor| {
        let open = open_points(&Facts { runs: vec![whole(1)], monitors: vec![monitor] }, None);
        open.into_iter().map(|point| (point.area, point.why)).collect::<Vec<_>>()
    };
    let up = || monitored(State::Up, 90.0);
    let not_looked = [(Area::Health, "This monitor has not looked since the recovery".to_owned())];
    let before = whole(1).run.header.requested_at;
    assert!(up().checked_at > Some(before));
    assert_eq!(said(Monitored { checked_at: Some(before), ..up() }), not_looked);
    assert_eq!(said(Monitored { checked_at: None, ..monitored(State::Unknown, 90.0) }), not_looked);
    let unsure = said(monitored(State::Unknown, 90.0));
    assert_eq!(
        unsure,
        [(Area::Health, "This monitor is not sure yet; it found last: no answer within 5 s".to_owned())]
    );
    let few = said(Monitored { lately: Some(Lately { mean: 90.0, n: 2 }), n_since: 2, ..up() });
    assert!(few.len() == 1 && few[0].0 == Area::Performance, "{few:?}");
    assert!(few[0].1.starts_with("2 of 5 checks since the recovery"), "{few:?}");
    assert_eq!(said(Monitored { lately: None, n_since: 0, ..up() })[0].0, Area::Performance);
    // One that has no number has nothing to compare.
    let check = crate::domain::monitor::Check::Script { name: crate::domain::text::Name::parse("look.sh").unwrap() };
    let definition = Definition { check, ..up().definition };
    assert_eq!(said(Monitored { definition, lately: None, n_since: 0, ..up() }), []);
}

#[test]
fn a_check_is_open_until_it_was_made_and_holds() {
    assert_eq!(whys(vec![whole(1)]), Vec::<String>::new());
    let cases = [
        (events(&[1, 2], &[END]), vec!["Waits for a person, run 4"]),
        (
            events(&[1, 2], &[END, checked(false)]),
            vec!["Does not hold, run 4: Muster says that it does not hold: looked"],
        ),
        (events(&[1, 2], &[END, checked(false), checked(true)]), vec![]),
        (events(&[1], &[started(2)]), vec!["Not made yet: run 4 is under way", "Not made yet: run 4 is under way"]),
        (
            events(&[1], &[RunEvent::CancelAsked { reason: "enough".into() }, RunEvent::Cancelled]),
            vec!["Not made: run 4 ended before it", "Not made: run 4 ended before it"],
        ),
    ];
    for (end, expected) in cases {
        assert_eq!(whys(vec![recovery(4, &end)]), expected, "{end:?}");
    }
}

#[test]
fn the_word_of_the_last_run_counts() {
    let open = recovery(1, &events(&[1, 2], &[END, checked(false)]));
    let mut other = whole(2);
    other.run.header.procedure.id = "another-recovery".into();
    assert_eq!(whys(vec![open.clone(), other.clone()]), Vec::<String>::new());
    other.bad = vec![(2, "no answer".into())];
    assert_eq!(
        whys(vec![open.clone(), other]),
        ["The watch after run 2 saw that it does not hold any more: no answer"]
    );
    assert_eq!(whys(vec![whole(1), recovery(2, &events(&[1, 2], &[END]))]), ["Waits for a person, run 2"]);
}

#[test]
fn the_validation_of_the_plan_is_to_be_run_after_the_recovery() {
    let plan = compile(PLAN).plan;
    let of = |id: &str| plan.procedures.iter().find(|p| p.id == id).unwrap().clone();
    let not_run = |why: &str| -> Vec<(Area, String, String)> {
        let of = |(area, title): (Area, &str)| (area, title.to_owned(), why.to_owned());
        let all = [
            (Area::Health, "System Health"),
            (Area::Performance, "Performance Metrics"),
            (Area::Security, "Security Verification"),
        ];
        all.map(of).to_vec()
    };
    assert_eq!(said(vec![whole(1)], Some(&plan)), not_run("Not run since the recovery"));
    let well = |number| begun(number, of("system-health"), &events(&[1], &[END]));
    let areas = |runs| said(runs, Some(&plan)).into_iter().map(|(area, _, why)| (area, why)).collect::<Vec<_>>();
    let rest = areas(vec![whole(1)])[1..].to_vec();
    assert_eq!(areas(vec![whole(1), well(2)]), rest);
    let mut old = rest.clone();
    old.insert(0, (Area::Health, "Not run since the recovery; run 1 was before it".into()));
    assert_eq!(areas(vec![well(1), whole(2)]), old);
    old[0].1 = "Run 2 is under way".into();
    assert_eq!(areas(vec![whole(1), begun(2, of("system-health"), &[started(1)])]), old);
}

#[test]
fn resolving_with_open_points_takes_a_reason_which_is_kept() {
    let open = open_points(&Facts { runs: vec![recovery(1, &events(&[1, 2], &[END]))], monitors: vec![] }, None);
    let reason = || Some(Message::parse("the users say so").unwrap());
    assert_eq!(resolved_despite(&[], reason()), Ok(None));
    let refusal = resolved_despite(&open, None).unwrap_err();
    assert_eq!(refusal.code, "not-validated");
    assert!(refusal.message.contains("step 3 (health)"), "{}", refusal.message);
    let kept = resolved_despite(&open, reason()).unwrap().unwrap();
    assert_eq!((kept.reason.as_str(), &kept.open), ("the users say so", &open));
    assert_eq!(kept.words(), "although this was open: step 3 (health). Reason: the users say so");
}
