//! Given a run: what its worker must do now. Decides, does nothing; the browser uses the same function to explain.

use crate::domain::run::{Run, RunState, StepState};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write the intent, then perform.
    Start {
        step: u32,
        attempt: u32,
    },
    /// A step was begun and no outcome was written: probe the host, then end it or begin it again.
    Recover {
        step: u32,
        attempt: u32,
    },
    /// Hand over to a person.
    Ask {
        step: u32,
        why: String,
    },
    Finish,
    /// A person wants it to end, and nothing of it goes on.
    CallOff,
    /// Nothing to do for a worker in this state.
    Wait,
}

#[must_use]
pub fn next(run: &Run) -> Next {
    if run.state == RunState::Cancelling {
        let begun = run.steps.iter().find(|step| step.state == StepState::Running);
        return begun.map_or(Next::CallOff, |step| Next::Recover { step: step.number, attempt: step.attempts });
    }
    if run.state != RunState::Running {
        return Next::Wait;
    }
    for step in &run.steps {
        let (number, attempt) = (step.number, step.attempts + 1);
        match &step.state {
            // Made in people's own time; the run does not wait for them.
            _ if run.is_checked_by_hand(number) => {}
            StepState::Succeeded { .. } | StepState::Skipped { .. } => {}
            // Never guessed: only a person can say that it is done.
            StepState::Pending if run.is_manual(number) => {
                let title = run.header.procedure.steps.iter().find(|s| s.number == number).map_or("", |s| &s.title);
                return Next::Ask {
                    step: number,
                    why: format!("A person does this step: {title}. Say when it is done."),
                };
            }
            StepState::Pending if !step.retry && run.may_have_happened(number) => {
                return Next::Ask { step: number, why: run.restored_words().unwrap_or_default() };
            }
            StepState::Pending => return Next::Start { step: number, attempt },
            StepState::Running => return Next::Recover { step: number, attempt: step.attempts },
            StepState::Failed { .. } | StepState::Unknown { .. } if step.retry => {
                return Next::Start { step: number, attempt };
            }
            StepState::Failed { reason } => return Next::Ask { step: number, why: reason.clone() },
            StepState::Unknown { reason } => {
                return Next::Ask {
                    step: number,
                    why: format!("Nobody can tell whether this step took effect: {reason}"),
                };
            }
        }
    }
    Next::Finish
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        domain::{
            actor::Actor,
            run::{Answer, Recorded, RunEvent, RunHeader, StepOutcome},
        },
        fixtures,
        plan::StepKind,
        timestamp::Timestamp,
    };

    fn header() -> RunHeader {
        let services = || vec!["validator1".to_owned()];
        let kinds = [StepKind::Inspect { services: services() }, StepKind::Restart { services: services() }];
        fixtures::header(fixtures::procedure("node", kinds))
    }

    fn after(events: &[RunEvent]) -> Run {
        Run::replay(header(), &fixtures::log(&Actor::Muster, events)).unwrap()
    }

    fn claimed() -> Vec<RunEvent> {
        let resolution = fixtures::resolution(vec![]);
        vec![RunEvent::Requested, RunEvent::Resolved { resolution }, RunEvent::Granted, RunEvent::Claimed { fence: 1 }]
    }

    fn started(step: u32, attempt: u32, fence: i64) -> RunEvent {
        RunEvent::StepStarted { step, attempt, fence, before: BTreeMap::new() }
    }

    fn ended(step: u32, attempt: u32, outcome: StepOutcome) -> RunEvent {
        RunEvent::StepEnded { step, attempt, fence: 1, outcome }
    }

    fn done() -> StepOutcome {
        StepOutcome::Succeeded { evidence: "ok".into() }
    }

    fn failed() -> StepOutcome {
        StepOutcome::Failed { reason: "no".into() }
    }

    #[test]
    fn table() {
        let answered = |answer| RunEvent::Answered { step: 1, answer };
        let asked = || RunEvent::Asked { step: 1, why: "no".into(), seen: vec![] };
        let stop = Answer::Stop { reason: "enough".into() };
        let cases: Vec<(&str, Vec<RunEvent>, Next)> = vec![
            ("claimed", vec![], Next::Start { step: 1, attempt: 1 }),
            ("intent without outcome", vec![started(1, 1, 1)], Next::Recover { step: 1, attempt: 1 }),
            (
                "claimed again after a crash",
                vec![started(1, 1, 1), RunEvent::Claimed { fence: 2 }],
                Next::Recover { step: 1, attempt: 1 },
            ),
            ("first done", vec![started(1, 1, 1), ended(1, 1, done())], Next::Start { step: 2, attempt: 1 }),
            ("failed", vec![started(1, 1, 1), ended(1, 1, failed())], Next::Ask { step: 1, why: "no".into() }),
            ("asked", vec![started(1, 1, 1), ended(1, 1, failed()), asked()], Next::Wait),
            (
                "retry",
                vec![started(1, 1, 1), ended(1, 1, failed()), asked(), answered(Answer::Retry)],
                Next::Start { step: 1, attempt: 2 },
            ),
            (
                "skip",
                vec![
                    started(1, 1, 1),
                    ended(1, 1, failed()),
                    asked(),
                    answered(Answer::Skip { reason: "fine".into() }),
                ],
                Next::Start { step: 2, attempt: 1 },
            ),
            ("stop", vec![started(1, 1, 1), ended(1, 1, failed()), asked(), answered(stop)], Next::Wait),
            (
                "all done",
                vec![started(1, 1, 1), ended(1, 1, done()), started(2, 1, 1), ended(2, 1, done())],
                Next::Finish,
            ),
        ];
        for (name, events, expected) in cases {
            assert_eq!(next(&after(&[claimed(), events].concat())), expected, "{name}");
        }
    }

    #[test]
    fn a_manual_step_waits_for_a_person() {
        let mut header = header();
        header.procedure.steps[0].kind = StepKind::Manual {};
        let asked = RunEvent::Asked { step: 1, why: "do".into(), seen: vec![] };
        let done = |step| RunEvent::Answered { step, answer: Answer::Done { note: "with care".into() } };
        let after = |events: Vec<RunEvent>| {
            let events = [claimed(), events].concat();
            let log = (1..).zip(events).map(|(seq, event)| {
                let by = Actor::CommandLine;
                Recorded { seq, at: Timestamp::from_unix(i64::from(seq)), by, event }
            });
            Run::replay(header.clone(), &log.collect::<Vec<_>>())
        };
        let why = "A person does this step: step 1. Say when it is done.".to_owned();
        let ask = Next::Ask { step: 1, why };
        assert_eq!(next(&after(vec![]).unwrap()), ask);
        assert_eq!(next(&after(vec![asked.clone()]).unwrap()), Next::Wait);
        let retried = RunEvent::Answered { step: 1, answer: Answer::Retry };
        assert_eq!(next(&after(vec![asked.clone(), retried]).unwrap()), ask);
        let run = after(vec![asked.clone(), done(1)]).unwrap();
        assert_eq!(next(&run), Next::Start { step: 2, attempt: 1 });
        let StepState::Succeeded { evidence } = &run.steps[0].state else { panic!("{:?}", run.steps) };
        assert!(evidence.ends_with("says it is done: with care"), "{evidence}");
        // Of a step that the worker does nobody can say so.
        let failed = vec![
            started(2, 1, 1),
            ended(2, 1, failed()),
            RunEvent::Asked { step: 2, why: "no".into(), seen: vec![] },
            done(2),
        ];
        let log = [vec![asked, done(1)], failed].concat();
        assert!(after(log).unwrap_err().what.contains("not done by a person"));
    }

    #[test]
    fn a_run_does_not_wait_for_the_checks_of_people() {
        let mut header = header();
        header.procedure.steps[1].kind = StepKind::Manual {};
        header.procedure.steps[1].check = true;
        let of_person = |step, holds| {
            let by = Actor::CommandLine;
            let event = RunEvent::Checked { step, holds, note: "seen".into() };
            (by, event)
        };
        let after = |events: Vec<(Actor, RunEvent)>| {
            let worker = |event| (Actor::Muster, event);
            let done = [claimed(), vec![started(1, 1, 1), ended(1, 1, done())]].concat();
            let log = done.into_iter().map(worker).chain(events);
            let log = (1..).zip(log).map(|(seq, (by, event))| Recorded { seq, at: Timestamp::from_unix(9), by, event });
            Run::replay(header.clone(), &log.collect::<Vec<_>>())
        };
        let finished = || (Actor::Muster, RunEvent::Finished { succeeded: true });
        let run = after(vec![]).unwrap();
        assert_eq!((next(&run), run.open_checks()), (Next::Finish, 1));
        // Not while the worker writes.
        assert!(after(vec![of_person(2, true)]).is_err());
        let run = after(vec![finished(), of_person(2, false)]).unwrap();
        assert_eq!((run.state, run.open_checks(), next(&run)), (RunState::Succeeded, 1, Next::Wait));
        let run = after(vec![finished(), of_person(2, false), of_person(2, true)]).unwrap();
        assert_eq!(run.open_checks(), 0);
        let StepState::Succeeded { evidence } = &run.steps[1].state else { panic!("{:?}", run.steps) };
        assert!(evidence.ends_with("says that it holds: seen"), "{evidence}");
        // The worker's steps are not theirs to tick.
        assert!(after(vec![finished(), of_person(1, true)]).unwrap_err().what.contains("not a check"));
    }

    #[test]
    fn a_cancelled_run_begins_nothing_and_ends_when_nothing_goes_on() {
        let cancel = || RunEvent::CancelAsked { reason: "wrong node".into() };
        let run = after(&[claimed(), vec![cancel()]].concat());
        assert_eq!((run.state, next(&run)), (RunState::Cancelling, Next::CallOff));
        let begun = [claimed(), vec![started(1, 1, 1), cancel()]].concat();
        assert_eq!(next(&after(&begun)), Next::Recover { step: 1, attempt: 1 });
        // Another worker takes over: it is still being cancelled.
        let taken = [begun.clone(), vec![RunEvent::Claimed { fence: 2 }]].concat();
        assert_eq!(after(&taken).state, RunState::Cancelling);
        let log = |events: &[RunEvent]| -> Vec<_> {
            (1..)
                .zip(events)
                .map(|(seq, event)| Recorded {
                    seq,
                    at: Timestamp::from_unix(0),
                    by: Actor::CommandLine,
                    event: event.clone(),
                })
                .collect()
        };
        let refused = |events: &[RunEvent]| Run::replay(header(), &log(events)).is_err();
        assert!(refused(&[begun.clone(), vec![RunEvent::Cancelled]].concat()), "a step still goes on");
        assert!(refused(&[begun.clone(), vec![ended(1, 1, done()), started(2, 1, 1)]].concat()), "nothing is begun");
        let over = [begun, vec![ended(1, 1, done()), RunEvent::Cancelled]].concat();
        let run = after(&over);
        assert_eq!((run.state, next(&run)), (RunState::Cancelled, Next::Wait));
        assert!(run.reason.unwrap().ends_with("wrong node"));
    }

    #[test]
    fn an_old_fence_or_a_gap_is_a_corrupt_log() {
        let mut events = claimed();
        events.push(RunEvent::Claimed { fence: 2 });
        events.push(started(1, 1, 1));
        let log: Vec<_> = (1..)
            .zip(&events)
            .map(|(seq, event)| Recorded { seq, at: Timestamp::from_unix(0), by: Actor::Muster, event: event.clone() })
            .collect();
        assert_eq!(Run::replay(header(), &log).unwrap_err().seq, 6);
        assert_eq!(Run::replay(header(), &log[1..]).unwrap_err().seq, 2);
    }
}
