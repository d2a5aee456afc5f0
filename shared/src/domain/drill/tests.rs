//! Tables of cases for drills.

use time::macros::datetime;

use super::*;
use crate::{
    domain::{
        actor::Actor,
        run::{RunEvent, StepOutcome},
    },
    fixtures,
    plan::{StepKind, compile},
};

fn at(instant: time::OffsetDateTime) -> Timestamp {
    Timestamp::new(instant)
}

#[test]
fn a_rule_counts_months_and_skips_those_that_are_over() {
    let cases = [
        (
            Every::Monthly,
            datetime!(2026-01-31 9:00 UTC),
            datetime!(2026-01-31 9:00 UTC),
            datetime!(2026-02-28 9:00 UTC),
        ),
        (
            Every::Monthly,
            datetime!(2026-12-05 9:00 UTC),
            datetime!(2026-12-06 0:00 UTC),
            datetime!(2027-01-05 9:00 UTC),
        ),
        (
            Every::Monthly,
            datetime!(2026-01-05 9:00 UTC),
            datetime!(2026-04-01 0:00 UTC),
            datetime!(2026-04-05 9:00 UTC),
        ),
        (
            Every::Quarterly,
            datetime!(2026-11-30 9:00 UTC),
            datetime!(2026-11-30 9:00 UTC),
            datetime!(2027-02-28 9:00 UTC),
        ),
        // It was done before its time: it comes again one time later.
        (
            Every::Monthly,
            datetime!(2026-06-15 9:00 UTC),
            datetime!(2026-06-01 9:00 UTC),
            datetime!(2026-07-15 9:00 UTC),
        ),
    ];
    for (every, due, now, next) in cases {
        assert_eq!(every.after(at(due), at(now)), at(next), "{every:?} {due} {now}");
    }
}

#[test]
fn blocked_time_moves_what_is_due_to_its_end() {
    let window = |from: i64, until: i64, reason: &str| Window {
        from_at: Timestamp::from_unix(from),
        until_at: Timestamp::from_unix(until),
        reason: reason.into(),
    };
    let windows = [window(200, 300, "holidays"), window(100, 200, "freeze"), window(500, 600, "audit")];
    for (due, to) in [(99, None), (100, Some((300, "freeze; holidays"))), (250, Some((300, "holidays"))), (300, None)] {
        let to = to.map(|(at, why): (i64, &str)| (Timestamp::from_unix(at), why.to_owned()));
        assert_eq!(moved(Timestamp::from_unix(due), &windows), to, "{due}");
    }
}

#[test]
fn a_drill_ends_for_what_is_real_and_when_its_time_is_over() {
    let around = Around {
        begun_at: Timestamp::from_unix(0),
        limit_seconds: 100,
        incident: None,
        down: None,
        now: Timestamp::from_unix(50),
    };
    let cases = [
        (around, None),
        (Around { incident: Some((Some(7), 1)), ..around }, None),
        (Around { incident: Some((Some(7), 2)), ..around }, Some("Incident 7 has level 2")),
        (Around { incident: Some((None, 2)), ..around }, Some("People are needed elsewhere now.")),
        (Around { down: Some("Height"), ..around }, Some("The monitor Height is down")),
        (Around { now: Timestamp::from_unix(100), ..around }, Some("Its time is over")),
    ];
    for (around, why) in cases {
        let stop = must_stop(&around);
        assert_eq!(stop.is_some(), why.is_some(), "{around:?}");
        assert!(stop.unwrap_or_default().starts_with(why.unwrap_or_default()), "{around:?}");
    }
}

const PLAN: &str = "# P\n\n## RPO\n\n| Data | RPO |\n|--|--|\n| Chain | 0 blocks |\n| Database | 5 minutes |\n| Mail | 1 hour |\n\n\
    ## Backup Locations\n- Database: `/b/db/`\n- Chain: `/b/chain/`\n";

/// Two scripts that are given these backups of the database, by when they were taken, on a target that stood at 4.
fn restored(given: [Option<i64>; 2], ends: fn() -> StepOutcome) -> Run {
    let script = || StepKind::Script { path: "restore_db.sh".into(), args: vec!["/b/db/x.sql".into()] };
    let header = fixtures::header(fixtures::procedure("restore", [script(), script()]));
    let mut events = vec![
        RunEvent::Requested,
        RunEvent::Resolved { resolution: fixtures::resolution(vec![]) },
        RunEvent::Granted,
        RunEvent::Claimed { fence: 1 },
    ];
    for (step, taken) in (1..).zip(given) {
        let fact = |at| Given { name: format!("{at}.sql"), taken_at: Timestamp::from_unix(at) }.fact("Database");
        let before = taken.map(fact).into_iter().collect();
        events.push(RunEvent::StepStarted { step, attempt: 1, fence: 1, before });
        events.push(RunEvent::StepEnded { step, attempt: 1, fence: 1, outcome: ends() });
    }
    events.push(RunEvent::Finished { succeeded: true });
    Run::replay(header, &fixtures::log(&Actor::Muster, &events)).unwrap()
}

#[test]
fn without_a_step_that_recovers_nothing_is_measured() {
    use crate::domain::run::Answer;
    let script = || StepKind::Script { path: "restore_db.sh".into(), args: vec![] };
    let look = || StepKind::Inspect { services: vec![] };
    // Which of four steps somebody skips: a script, a look, what a person does, a final check by a script.
    for (skipped, counts) in [(1, false), (2, true), (3, false), (4, true)] {
        let mut procedure = fixtures::procedure("restore", [script(), look(), StepKind::Manual {}, script()]);
        procedure.steps[3].check = true;
        let mut events = vec![
            RunEvent::Requested,
            RunEvent::Resolved { resolution: fixtures::resolution(vec![]) },
            RunEvent::Granted,
            RunEvent::Claimed { fence: 1 },
        ];
        for step in 1..=4 {
            let asked = RunEvent::Asked { step, why: "no".into(), seen: vec![] };
            let answer = if step == skipped {
                Answer::Skip { reason: "no time".into() }
            } else {
                Answer::Done { note: String::new() }
            };
            if step == skipped || step == 3 {
                events.extend([asked, RunEvent::Answered { step, answer }]);
                continue;
            }
            let outcome = StepOutcome::Succeeded { evidence: String::new() };
            events.push(RunEvent::StepStarted { step, attempt: 1, fence: 1, before: [].into() });
            events.push(RunEvent::StepEnded { step, attempt: 1, fence: 1, outcome });
        }
        events.push(RunEvent::Finished { succeeded: true });
        let run = Run::replay(fixtures::header(procedure), &fixtures::log(&Actor::Muster, &events)).unwrap();
        assert_eq!((run.state, measured(&run).is_some()), (RunState::Succeeded, counts), "step {skipped}");
        assert_eq!(run.left_out(), if counts { vec![] } else { vec![skipped] });
    }
}

#[test]
fn what_would_have_been_lost_is_told_by_the_backup_that_was_restored() {
    let plan = compile(PLAN).plan;
    let done = || StepOutcome::Succeeded { evidence: String::new() };
    let stood = restored([None, None], done).resolution.unwrap().0.unix_ms() / 1000;
    let of = |given| points(&plan, &restored(given, done));
    let database = |given| of(given).into_iter().find(|point| point.data == "Database").unwrap();
    let cases = [
        ([None, None], None, "no step of this procedure was given a backup of Database", None),
        ([Some(stood - 60), None], Some(60), "step 1 restored", Some(true)),
        ([Some(stood - 300), None], Some(300), "5 min before the target stood", Some(true)),
        ([Some(stood - 301), None], Some(301), "5 min 1 s before the target stood", Some(false)),
        ([Some(stood - 900), Some(stood - 10)], Some(10), "step 2 restored", Some(true)),
        ([Some(stood - 10), Some(stood - 900)], Some(900), "step 2 restored", Some(false)),
        ([Some(stood + 5), None], Some(0), "5 s after the target stood", Some(true)),
    ];
    for (given, lost, how, kept) in cases {
        let point = database(given);
        assert_eq!((point.lost_seconds, point.kept(), point.amount), (lost, kept, 300), "{given:?}: {point:?}");
        assert!(point.how.contains(how), "{given:?}: {point:?}");
    }
    let all = of([Some(stood - 60), None]);
    assert_eq!(all.iter().map(|p| p.data.as_str()).collect::<Vec<_>>(), ["Chain", "Database", "Mail"]);
    assert!(all[0].how.contains("in blocks") && all[2].how.contains("no place of backups called Mail"), "{all:?}");
    assert_eq!(all[1].words(), "Database: 1 min would have been lost, 5 min is promised");
    assert_eq!(all[2].words(), "Mail: not measured");
}
