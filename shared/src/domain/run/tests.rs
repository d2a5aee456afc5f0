//! What more than one person, more than one run and a broken glass add to a run's log.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::{
    domain::{
        next::{Next, next},
        resolution::Resolution,
    },
    fixtures,
    plan::VolumeSelection,
};

fn person(n: u128) -> Actor {
    Actor::User { id: UserId(Uuid::from_u128(n)), name: format!("person {n}") }
}

/// A look, then a wipe that takes two people to speak about, then a restart.
fn header() -> RunHeader {
    let wipe = StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject };
    let looks = StepKind::Inspect { services: vec![] };
    let procedure = fixtures::procedure("wipe", [looks, wipe, StepKind::Restart { services: vec![] }]);
    RunHeader { policy: ApprovalPolicy::of(&procedure).unwrap(), ..fixtures::header(procedure) }
}

fn resolved() -> RunEvent {
    RunEvent::Resolved { resolution: Resolution { ..fixtures::resolution(vec![]) } }
}

fn replay(header: RunHeader, events: &[(Actor, RunEvent)]) -> Result<Run, String> {
    let log = (1..).zip(events).map(|(seq, (by, event))| Recorded {
        seq,
        at: Timestamp::from_unix(i64::from(seq)),
        by: by.clone(),
        event: event.clone(),
    });
    Run::replay(header, &log.collect::<Vec<_>>()).map_err(|error| error.what)
}

fn muster(events: Vec<RunEvent>) -> Vec<(Actor, RunEvent)> {
    events.into_iter().map(|event| (Actor::Muster, event)).collect()
}

/// The wipe was begun and nobody knows what became of it; the run asks.
fn unclear() -> Vec<(Actor, RunEvent)> {
    let begun = |step| RunEvent::StepStarted { step, attempt: 1, fence: 1, before: BTreeMap::new() };
    let ended = |step, outcome| RunEvent::StepEnded { step, attempt: 1, fence: 1, outcome };
    muster(vec![
        RunEvent::Requested,
        resolved(),
        RunEvent::Granted,
        RunEvent::Claimed { fence: 1 },
        begun(1),
        ended(1, StepOutcome::Succeeded { evidence: "seen".into() }),
        begun(2),
        ended(2, StepOutcome::Unknown { reason: "Docker was away".into() }),
        RunEvent::Asked { step: 2, why: "unclear".into(), seen: vec![] },
    ])
}

#[test]
fn two_people_say_what_became_of_a_step_that_cannot_be_undone() {
    let happened = || Answer::Happened { note: "the volume is gone".into() };
    let proposed = |by, answer| (person(by), RunEvent::Proposed { step: 2, answer });
    let answered = |by, answer| (person(by), RunEvent::Answered { step: 2, answer });
    let after = |more: Vec<(Actor, RunEvent)>| replay(header(), &[unclear(), more].concat());
    assert!(after(vec![]).unwrap().takes_two(2));
    // One person is not enough, and the same one twice is one.
    for more in [
        vec![answered(1, happened())],
        vec![proposed(1, happened()), answered(1, happened())],
        vec![proposed(1, happened()), answered(2, Answer::Retry)],
        vec![
            proposed(1, happened()),
            (person(3), RunEvent::Objected { step: 2, reason: "no".into() }),
            answered(2, happened()),
        ],
    ] {
        assert!(after(more).unwrap_err().contains("two people"));
    }
    let run = after(vec![proposed(1, Answer::Retry), proposed(2, happened()), answered(1, happened())]).unwrap();
    assert_eq!(next(&run), Next::Start { step: 3, attempt: 1 });
    let StepState::Succeeded { evidence } = &run.steps[1].state else { panic!("{:?}", run.steps) };
    assert_eq!(evidence, "person 2 and person 1 say that it took effect: the volume is gone");
    let again = after(vec![proposed(1, Answer::Retry), answered(2, Answer::Retry)]).unwrap();
    assert_eq!(next(&again), Next::Start { step: 2, attempt: 2 });
    // To end it takes one.
    let stopped = after(vec![answered(1, Answer::Stop { reason: "enough".into() })]).unwrap();
    assert_eq!(stopped.state, RunState::Stopped);
    // Under the rules of an older release one person was enough, and that log still reads.
    let old = RunHeader { policy: ApprovalPolicy::default(), ..header() };
    assert!(replay(old.clone(), &[unclear(), vec![answered(1, Answer::Retry)]].concat()).is_ok());
    assert!(replay(old, &[unclear(), vec![proposed(1, Answer::Retry)]].concat()).unwrap_err().contains("one person"));
}

#[test]
fn what_is_known_is_not_for_people_to_say() {
    let ended =
        RunEvent::StepEnded { step: 1, attempt: 1, fence: 1, outcome: StepOutcome::Failed { reason: "no".into() } };
    let log = muster(vec![
        RunEvent::Requested,
        resolved(),
        RunEvent::Granted,
        RunEvent::Claimed { fence: 1 },
        RunEvent::StepStarted { step: 1, attempt: 1, fence: 1, before: BTreeMap::new() },
        ended,
        RunEvent::Asked { step: 1, why: "no".into(), seen: vec![] },
        RunEvent::Answered { step: 1, answer: Answer::Happened { note: String::new() } },
    ]);
    assert!(replay(header(), &log).unwrap_err().contains("is known"));
}

#[test]
fn a_run_in_line_begins_when_it_is_called() {
    let waits = RunHeader { waits: true, ..header() };
    let after = |events| replay(waits.clone(), &muster(events));
    let waiting = after(vec![RunEvent::Requested]).unwrap();
    assert_eq!((waiting.state, waiting.state.live()), (RunState::Waiting, true));
    assert!(after(vec![RunEvent::Requested, resolved()]).is_err(), "nothing is looked at before");
    let first = after(vec![RunEvent::Requested, RunEvent::Prioritised { priority: Priority::High }]).unwrap();
    assert_eq!(first.priority, Priority::High);
    let called = after(vec![RunEvent::Requested, RunEvent::Called, resolved()]).unwrap();
    assert_eq!(called.state, RunState::AwaitingApproval);
    let gone = after(vec![RunEvent::Requested, RunEvent::Withdrawn { reason: "not needed".into() }]).unwrap();
    assert_eq!(gone.state, RunState::Withdrawn);
    assert!(replay(header(), &muster(vec![RunEvent::Requested, RunEvent::Called])).is_err());
}

#[test]
fn what_another_run_has_done_is_not_begun_again() {
    let done = BTreeMap::from([
        (1, StepState::Succeeded { evidence: "seen".into() }),
        (2, StepState::Skipped { reason: "no volumes".into() }),
    ]);
    let resumed = RunHeader { resumes: Some(Resumed { run: 7, done }), ..header() };
    let begun = vec![RunEvent::Requested, resolved(), RunEvent::Granted, RunEvent::Claimed { fence: 1 }];
    let run = replay(resumed.clone(), &muster(begun.clone())).unwrap();
    assert_eq!(next(&run), Next::Start { step: 3, attempt: 1 });
    let again = RunEvent::StepStarted { step: 1, attempt: 1, fence: 1, before: BTreeMap::new() };
    assert!(replay(resumed, &muster([begun, vec![again]].concat())).unwrap_err().contains("already done"));
}

#[test]
fn a_broken_glass_leaves_a_review_behind_that_is_owed_until_it_is_made() {
    let content = replay(header(), &muster(vec![RunEvent::Requested, resolved()])).unwrap().content().unwrap();
    let glass = Glass {
        by: UserId(Uuid::from_u128(1)),
        name: "person 1".into(),
        at: Timestamp::from_unix(3),
        content,
        rule: ApprovalPolicy::of(&header().procedure).unwrap().words(),
        reason: "nobody answers".into(),
    };
    assert!(glass.rule.starts_with("2 approvals by different people") && glass.rule.ends_with("system administrator"));
    let broken = vec![RunEvent::Requested, resolved(), RunEvent::GlassBroken { glass }, RunEvent::Granted];
    let reviewed = || RunEvent::Reviewed { text: "rightly so".into() };
    assert!(replay(header(), &muster([broken.clone(), vec![reviewed()]].concat())).is_err(), "not while it goes on");
    let over = [broken, vec![RunEvent::Expired]].concat();
    let run = replay(header(), &muster(over.clone())).unwrap();
    assert!(run.owes_review());
    let run = replay(header(), &muster([over.clone(), vec![reviewed()]].concat())).unwrap();
    assert_eq!((run.owes_review(), run.review.unwrap().text.as_str()), (false, "rightly so"));
    assert!(replay(header(), &muster([over, vec![reviewed(), reviewed()]].concat())).is_err(), "once");
}
