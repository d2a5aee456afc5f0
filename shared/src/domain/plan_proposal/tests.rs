//! Cases of what is proposed, and of where it is written. No incident of a database is read here.

use super::*;
use crate::{
    domain::{
        actor::Actor,
        incident::Affected,
        run::{Run, RunEvent},
        status::Impact,
    },
    fixtures,
};

const PLAN: &str = "# P\n\n## Components\n\n| Component | Service | Objective |\n|---|---|---|\n| Node | node | Single Node |\n\n\
    ## Emergency Contacts\n\n| Role | Name | Contact | Backup Contact |\n|---|---|---|---|\n| Admin | Ada | a | b |\n\n\
    ## Recovery Procedures\n\n### 1. Restart\n\n```bash {timeout=10m}\n# 1. Look\ndocker-compose ps node\n# 2. Restart\ndocker-compose restart node\n```\nText after.\n\n\
    ## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| Single Node | 10 minutes | Restart |\n";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// A run of the plan's procedure whose second step did this, from second 100 on.
fn run(state: StepState, took: i64, attempts: u32) -> RunFacts {
    let compiled = compile(PLAN);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let procedure = compiled.plan.procedures[0].clone();
    assert_eq!((procedure.steps.len(), procedure.steps[1].timeout_seconds), (2, Some(600)));
    let mut run =
        Run::replay(fixtures::header(procedure), &fixtures::log(&Actor::Muster, &[RunEvent::Requested])).unwrap();
    let step = &mut run.steps[1];
    (step.state, step.attempts) = (state, attempts);
    (step.started_at, step.ended_at) = (Some(at(100)), Some(at(100 + took)));
    RunFacts { run, requested_by: "Bob".into(), plan_version: 1 }
}

fn incident(took: i64) -> Incident {
    let affected = vec![Affected::new("node", "Node", Impact::MajorOutage, Some(600))];
    let declared = Incident::declared("down".into(), (1, Some(3600)), affected, None, at(0));
    Incident { resolved_at: Some(at(took)), ..declared }
}

fn proposed(runs: &[RunFacts], took: i64, unanswered: &[String]) -> Vec<Proposal> {
    let incident = incident(took);
    propose(PLAN, &Experience { number: 7, incident: &incident, runs, unanswered, now: at(9_000) })
}

#[test]
fn only_what_the_records_say_is_proposed() {
    let done = || StepState::Succeeded { evidence: "ok".into() };
    let failed = |reason: &str| StepState::Failed { reason: reason.into() };
    let skipped = || StepState::Skipped { reason: "not | needed".into() };
    // State, seconds, attempts, what the changed line or the note says; nothing if it went as planned.
    for (state, took, attempts, expected) in [
        (done(), 20, 1, None),
        (StepState::Pending, 0, 0, None),
        (done(), 470, 1, None),
        (done(), 481, 1, Some("```bash {timeout=15m}")),
        (failed("no answer in time"), 600, 1, Some("```bash {timeout=15m}")),
        (failed("exit 1"), 3, 1, Some("> Incident 7, run 7: step 2 (Restart) failed: exit 1.")),
        (skipped(), 1, 1, Some("> Incident 7, run 7: step 2 (Restart) was skipped: not needed.")),
        (done(), 20, 3, Some("> Incident 7, run 7: step 2 (Restart) took 3 attempts.")),
    ] {
        let mut facts = run(state.clone(), took, attempts);
        facts.run.header.number = 7;
        let all = proposed(&[facts], 60, &[]);
        match expected {
            None => assert_eq!(all, [], "{state:?}"),
            Some(line) => {
                let [one] = &all[..] else { panic!("{state:?}: {all:?}") };
                let text = applied(PLAN, &[one]);
                let squeezed = text.replace("  ", " ");
                assert!(squeezed.lines().any(|l| l == line), "{state:?}: {text}");
                assert!(one.reason.contains("Incident 7, run 7: step 2 (Restart)"), "{}", one.reason);
            }
        }
    }
}

#[test]
fn a_missed_objective_and_whoever_did_not_answer_are_noted_below_their_tables() {
    assert_eq!(proposed(&[], 600, &[]), [], "in time");
    let all = proposed(&[], 1500, &["Ada <b>".into(), "Ada <b>".into()]);
    let text = applied(PLAN, &all.iter().collect::<Vec<_>>());
    assert!(
        text.contains("| Admin | Ada | a | b |\n\n> Incident 7: Ada b was called and did not answer.\n\n##"),
        "{text}"
    );
    assert!(
        text.ends_with("| Restart |\n\n> Incident 7: Node was back after 25 min; 10 min are promised.\n"),
        "{text}"
    );
    let again =
        Experience { number: 7, incident: &incident(1500), runs: &[], unanswered: &["Ada <b>".into()], now: at(9_000) };
    assert_eq!(propose(&text, &again), [], "what stands there by now is not proposed again");
    let (before, after) = (compile(PLAN).plan, compile(&text).plan);
    assert_eq!((before.contacts.len(), before.rto.len()), (after.contacts.len(), after.rto.len()));
}

#[test]
fn a_note_tears_no_block_apart_and_keeps_the_line_ends() {
    let note = |line| Proposal { line, edit: Edit::Note { text: "n".into() }, reason: String::new() };
    let one = note(lines::end_of_block("a\n```\nx\ny\n```\nb\n", 3));
    assert_eq!(applied("a\n```\nx\ny\n```\nb\n", &[&one]), "a\n```\nx\ny\n```\n\n> n\n\nb\n");
    assert_eq!(applied("a\r\nb", &[&note(2)]), "a\r\nb\r\n\r\n> n\r\n");
    assert_eq!(lines::end_of_block("", 5), 1);
    let with = Proposal { line: 1, edit: Edit::Replace { with: "z".into() }, reason: String::new() };
    assert_eq!(applied("a\r\nb\n", &[&with]), "z\r\nb\n");
}
