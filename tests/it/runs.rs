//! Recovery runs over HTTP with a worker on a simulated host: request, resolution, consent, execution, questions, crashes. What
//! Docker itself does is tested in `docker`.

use std::time::Duration;

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{
        error::ErrorCode,
        run::{AnswerIn, DecisionIn, RunCommand, RunRequestIn, RunView, Stream, WithdrawIn},
    },
    digest::Digest,
    domain::{
        access::Role,
        incident::{IncidentEvent, RunMoment},
        run::{Answer, RunState, StepState},
    },
};
use tests::{
    muster::Muster,
    persona::Persona,
    scene::{
        PROCEDURE, PROJECT, Scene, VALIDATOR1, decide, eventually, host, message, plan, refused, request,
        with_unknown_line,
    },
};
use worker::{
    Timing,
    host::{
        HostError, HttpAnswer,
        simulated::{Effect, Fault, Op},
    },
};

fn restarted() -> Vec<Effect> {
    vec![Effect { op: Op::Restart, container: "bt2c_validator1_1".into() }]
}

fn reason(text: &str) -> String {
    text.to_owned()
}

async fn actions(muster: &Muster) -> Vec<String> {
    let entries = muster.store.audit_list(None, 200).await.unwrap();
    entries.into_iter().rev().map(|e| e.entry.action).collect()
}

fn evidence(view: &RunView, step: u32) -> String {
    match &view.steps.iter().find(|s| s.number == step).unwrap().state {
        StepState::Succeeded { evidence } => evidence.clone(),
        other => panic!("step {step} is {other:?}"),
    }
}

#[tokio::test]
async fn a_run_is_asked_for_seen_approved_by_another_and_heals_the_node() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let resolution = run.resolution.as_ref().unwrap();
    assert_eq!((resolution.host.as_str(), resolution.project.as_str()), ("SIMULATED", PROJECT));
    let restart = &resolution.steps[2];
    assert_eq!(
        (restart.effect.as_str(), restart.has_effect, restart.destructive),
        ("Restarts container bt2c_validator1_1", true, false)
    );
    assert_eq!(
        (restart.objects[0].id.as_str(), restart.objects[0].state.as_deref()),
        (VALIDATOR1, Some("exited (137)"))
    );
    assert_eq!(
        (resolution.steps[4].objects[0].name.as_str(), resolution.steps[4].objects[0].port),
        ("bt2c_validator1_1", Some(8080))
    );
    assert!(scene.host.effects().is_empty(), "nothing happens before consent");

    let queued = decide(&scene.approver, &run, true).await.unwrap();
    assert_eq!(queued.decisions.len(), 1);
    assert_eq!(queued.decisions[0].by, scene.approver.id);
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), restarted());
    assert!(done.steps.iter().all(|s| s.attempts == 1 && s.started_at.is_some() && s.ended_at >= s.started_at));
    assert!(evidence(&done, 1).contains("validator1"), "{}", evidence(&done, 1));
    assert!(evidence(&done, 3).starts_with("restarted bt2c_validator1_1 in"), "{}", evidence(&done, 3));
    assert!(evidence(&done, 4).contains("200"), "{}", evidence(&done, 4));
    assert!(evidence(&done, 5).contains("height grew from"), "{}", evidence(&done, 5));

    let output = scene.operator.api.output(run.number, 0).await.unwrap();
    let lines: Vec<_> = output.items.iter().map(|l| l.line).collect();
    assert_eq!(lines, (1..=i64::try_from(lines.len()).unwrap()).collect::<Vec<_>>());
    assert!(output.items.windows(2).all(|two| two[0].step <= two[1].step), "steps in order");
    let of_step = |step: u32, stream: Stream| {
        output
            .items
            .iter()
            .filter(|l| l.step == step && l.stream == stream)
            .map(|l| l.text.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_step(2, Stream::Out), ["SIMULATED log line"]);
    assert_eq!(of_step(3, Stream::Muster), ["Restarting bt2c_validator1_1 (exited (137))"]);
    let after: Vec<_> = scene.operator.api.output(run.number, 3).await.unwrap().items;
    assert_eq!(after, output.items[3..]);

    let told: Vec<_> = scene
        .operator
        .api
        .incident(run.incident)
        .await
        .unwrap()
        .timeline
        .into_iter()
        .filter_map(|entry| match entry.event {
            IncidentEvent::Run { moment, .. } => Some(moment),
            _ => None,
        })
        .collect();
    use RunMoment::{Approved, Requested, Resolved, Started, StepEnded, Succeeded};
    assert_eq!(
        told,
        [Requested, Resolved, Approved, Started, StepEnded, StepEnded, StepEnded, StepEnded, StepEnded, Succeeded]
    );
    let audited = actions(&scene.muster).await;
    for action in [
        "run.requested",
        "run.resolved",
        "run.approved",
        "run.granted",
        "run.claimed",
        "step.started",
        "step.ended",
        "run.finished",
    ] {
        assert!(audited.iter().any(|a| a == action), "{action} in {audited:?}");
    }
}

#[tokio::test]
async fn nobody_approves_their_own_request_not_even_an_administrator() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let administrator = scene.muster.persona(Role::Administrator).await.unwrap();
    let incident = scene.declared().await.unwrap();
    let run = request(&administrator, incident.number).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    let mine = administrator.api.run(run.number).await.unwrap();
    let offer = mine.offers.iter().find(|o| o.command == RunCommand::Approve).unwrap();
    assert!(offer.refused.as_ref().is_some_and(|why| why.contains("somebody else")), "{offer:?}");
    for approve in [true, false] {
        let error = refused(decide(&administrator, &run, approve).await);
        assert_eq!(error.code, ErrorCode::Forbidden);
        assert!(error.message.contains("somebody else must decide"), "{}", error.message);
        let newest = scene.muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
        assert!(newest.denied && newest.object == format!("run {}", run.number), "{newest:?}");
    }
    let again = Persona::sign_in(&scene.muster.base, &administrator.email, &administrator.password).await.unwrap();
    assert_eq!(
        refused(decide(&again, &run, true).await).code,
        ErrorCode::Forbidden,
        "a second session is the same person"
    );
    assert_eq!(scene.operator.api.run(run.number).await.unwrap().state, RunState::AwaitingApproval);
}

#[tokio::test]
async fn a_decision_about_something_else_is_not_counted() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let good = run.content.unwrap();
    let other = Digest::of(b"something else");
    for content in [
        shared::domain::approval::Content { plan_digest: other, ..good },
        shared::domain::approval::Content { procedure_digest: other, ..good },
        shared::domain::approval::Content { resolution_digest: other, ..good },
    ] {
        for approve in [true, false] {
            let body = DecisionIn { approve, reason: Some(message("because")), content };
            assert_eq!(refused(scene.approver.api.decide(run.number, &body).await).code, ErrorCode::ContentChanged);
        }
    }
    let view = scene.operator.api.run(run.number).await.unwrap();
    assert_eq!((view.state, view.decisions.len()), (RunState::AwaitingApproval, 0));
}

#[tokio::test]
async fn a_refusal_needs_a_reason_and_ends_the_run() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let silent = DecisionIn { approve: false, reason: None, content: run.content.unwrap() };
    let error = refused(scene.approver.api.decide(run.number, &silent).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "reason"));
    let view = decide(&scene.approver, &run, false).await.unwrap();
    assert_eq!((view.state, view.reason.as_deref()), (RunState::Refused, Some("not while the backup runs")));
    assert_eq!(refused(decide(&scene.approver, &run, true).await).code, ErrorCode::NotNow);
    assert!(scene.request(run.incident).await.is_ok(), "the target is free again");
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn only_one_run_at_a_time_may_act_on_a_target() {
    let scene = Scene::set().await.unwrap();
    let incident = scene.declared().await.unwrap();
    let run = scene.request(incident.number).await.unwrap();
    let second_incident = scene.declared().await.unwrap();
    for incident in [incident.number, second_incident.number] {
        let error = refused(scene.request(incident).await);
        assert_eq!(error.code, ErrorCode::TargetBusy);
        assert!(error.message.contains(&format!("run {} has not ended", run.number)), "{}", error.message);
    }
    let view = scene.operator.api.incident(second_incident.number).await.unwrap();
    let button = view.procedures.iter().find(|p| p.id == PROCEDURE).unwrap();
    assert_eq!((&button.refused, button.behind), (&None, Some(run.number)), "whoever asks now may wait in line");
    assert_eq!(scene.operator.api.runs(None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn thirty_clicks_with_one_key_are_one_run_and_thirty_keys_too() {
    let scene = Scene::set().await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let body = RunRequestIn::of(PROCEDURE);
    let clicks = join_all((0..30).map(|_| scene.operator.api.request_run(incident, &body, "one-key"))).await;
    let numbers: Vec<_> = clicks.into_iter().map(|run| run.unwrap().number).collect();
    assert_eq!(numbers, vec![numbers[0]; 30]);
    let other = scene.declared().await.unwrap().number;
    assert_eq!(refused(scene.operator.api.request_run(other, &body, "one-key").await).code, ErrorCode::KeyReused);
    scene.operator.api.withdraw(numbers[0], &WithdrawIn { reason: message("again, with other keys") }).await.unwrap();

    let keys: Vec<_> = (0..30).map(|i| format!("key-{i}")).collect();
    let raced = join_all(keys.iter().map(|key| scene.operator.api.request_run(incident, &body, key))).await;
    assert_eq!(raced.iter().filter(|answer| answer.is_ok()).count(), 1);
    for answer in raced.into_iter().filter(Result::is_err) {
        assert_eq!(refused(answer).code, ErrorCode::TargetBusy);
    }
    assert_eq!(scene.operator.api.runs(None).await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn who_may_not_press_the_button_is_refused_by_the_api_and_written_down() {
    let scene = Scene::set().await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    for person in [&viewer, &scene.responder, &scene.approver] {
        let path = format!("/api/v1/incidents/{incident}/runs");
        let (status, body) = person.http.raw("POST", &path, Some(json!({"procedure": PROCEDURE}))).await.unwrap();
        assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")));
        let newest = scene.muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
        assert!(newest.denied && newest.by.user() == Some(person.id), "{newest:?}");
        assert_eq!(newest.object, format!("POST {path}"));
    }
    assert!(scene.operator.api.runs(None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn what_cannot_run_is_refused_with_its_reason() {
    let scene = Scene::with_plan(&with_unknown_line().unwrap()).await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let ask = async |procedure: &str| {
        let body = RunRequestIn::of(procedure);
        refused(scene.operator.api.request_run(incident, &body, &format!("key-for-{}", procedure.len())).await)
    };
    let error = ask("odd").await;
    assert_eq!(error.code, ErrorCode::NotNow);
    assert!(error.message.contains("Step 1") && error.message.contains("cannot run"), "{}", error.message);
    let error = ask("no-such-procedure").await;
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "procedure"));
    let error = refused(request(&scene.operator, 4711).await);
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "There is no incident 4711."));
    scene
        .responder
        .api
        .resolve(
            incident,
            &shared::api::incident::ResolveIn { text: message("over"), public_text: None, notify: true, despite: None },
        )
        .await
        .unwrap();
    assert_eq!(
        refused(scene.request(incident).await).code,
        ErrorCode::NotNow,
        "nothing is run for a resolved incident"
    );
    assert!(scene.operator.api.runs(None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_service_that_has_no_container_makes_the_run_unresolvable_in_words() {
    let text = plan().unwrap().replace("docker-compose restart validator1", "docker-compose restart validator9");
    let scene = Scene::with_plan(&text).await.unwrap();
    let _worker = scene.worker();
    let incident = scene.declared().await.unwrap();
    let run = scene.request(incident.number).await.unwrap();
    let run = scene.until(run.number, RunState::Unresolvable).await.unwrap();
    let why = run.reason.unwrap();
    assert!(
        why.contains("Step 3 names the service \"validator9\"")
            && why.contains("there is postgres, validator1 and validator2"),
        "{why}"
    );
    assert!(why.ends_with("Nothing was done."), "{why}");
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn while_docker_is_away_nothing_resolves_and_once_it_is_back_the_next_run_does() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    scene.host.set_away(true);
    let incident = scene.declared().await.unwrap();
    let run = scene.request(incident.number).await.unwrap();
    let run = scene.until(run.number, RunState::Unresolvable).await.unwrap();
    let why = run.reason.unwrap();
    assert!(why.contains("does not answer") && why.contains("Start Docker and request the run again"), "{why}");
    scene.host.set_away(false);
    let run = scene.request(incident.number).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
}

/// Resolved and approved; no worker runs, so nothing has begun.
async fn approved_without_worker() -> (Scene, RunView) {
    let scene = Scene::set().await.unwrap();
    let mut worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    worker.stop().await;
    let run = decide(&scene.approver, &run, true).await.unwrap();
    assert_eq!(run.state, RunState::Queued);
    (scene, run)
}

#[tokio::test]
async fn a_container_replaced_after_approval_is_not_touched() {
    let (scene, run) = approved_without_worker().await;
    scene.host.change(VALIDATOR1, |details| details.container.id = "ffffffffffff-another".into());
    let _worker = scene.worker();
    let run = scene.until(run.number, RunState::Stopped).await.unwrap();
    let why = run.reason.unwrap();
    assert!(why.contains("what was approved is not what would happen") && why.contains("bt2c_validator1_1"), "{why}");
    assert!(why.contains("Nothing was done"), "{why}");
    assert!(scene.host.effects().is_empty());
    assert!(actions(&scene.muster).await.contains(&"run.refused-by-worker".to_owned()));
}

#[tokio::test]
async fn an_image_changed_under_the_same_name_is_not_what_was_approved() {
    let (scene, run) = approved_without_worker().await;
    scene.host.change(VALIDATOR1, |details| details.container.image_id = "sha256:other".into());
    let _worker = scene.worker();
    let run = scene.until(run.number, RunState::Stopped).await.unwrap();
    assert!(run.reason.unwrap().contains("Nothing was done"));
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn consent_of_somebody_who_has_lost_the_right_no_longer_counts() {
    for change in
        ["UPDATE app_user SET active = false WHERE id = $1", "UPDATE app_user SET role = 'viewer' WHERE id = $1"]
    {
        let (scene, run) = approved_without_worker().await;
        sqlx::query(change).bind(scene.approver.id.0).execute(&scene.pool().await.unwrap()).await.unwrap();
        let _worker = scene.worker();
        let run = scene.until(run.number, RunState::Stopped).await.unwrap();
        let why = run.reason.unwrap();
        assert!(why.contains("0 of 1 approvals that still count") && why.contains("Nothing was done"), "{why}");
        assert!(scene.host.effects().is_empty());
    }
}

#[tokio::test]
async fn steps_altered_in_the_database_are_not_believed() {
    let (scene, run) = approved_without_worker().await;
    let altered = sqlx::query("UPDATE run SET header = jsonb_set(header, '{procedure,steps,2,services}', '[\"validator2\"]') WHERE number = $1")
        .bind(run.number)
        .execute(&scene.pool().await.unwrap())
        .await
        .unwrap();
    assert_eq!(altered.rows_affected(), 1);
    let _worker = scene.worker();
    let run = scene.until(run.number, RunState::Stopped).await.unwrap();
    let why = run.reason.unwrap();
    assert!(why.contains("not those of the plan's text") && why.contains("Nothing was done"), "{why}");
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn consent_runs_out_before_it_is_given_and_before_it_is_used() {
    const LATE: &str = "UPDATE run SET header = jsonb_set(header, '{policy,expires_seconds}', '0'), expires_at = now() - interval '1 second'";
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    sqlx::query(LATE).execute(&scene.pool().await.unwrap()).await.unwrap();
    let error = refused(decide(&scene.approver, &run, true).await);
    assert_eq!(error.code, ErrorCode::NotNow);
    let run = scene.until(run.number, RunState::Expired).await.unwrap();
    assert!(run.decisions.is_empty() && run.ended_at.is_some());
    assert!(scene.request(run.incident).await.is_ok(), "the target is free again");

    let (scene, run) = approved_without_worker().await;
    sqlx::query(LATE).execute(&scene.pool().await.unwrap()).await.unwrap();
    let _worker = scene.worker();
    let run = scene.until_run(run.number, |run| !run.state.live()).await.unwrap();
    assert!(matches!(run.state, RunState::Expired | RunState::Stopped), "{:?}", run.state);
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn approving_and_refusing_at_once_ends_in_one_of_them() {
    let scene = Scene::set().await.unwrap();
    let second = scene.muster.persona(Role::Approver).await.unwrap();
    let mut worker = scene.worker();
    let incident = scene.declared().await.unwrap().number;
    for _ in 0..8 {
        let run = scene.request(incident).await.unwrap();
        let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
        worker.stop().await;
        let (yes, no) = tokio::join!(decide(&scene.approver, &run, true), decide(&second, &run, false));
        let now = scene.operator.api.run(run.number).await.unwrap();
        assert_eq!(u8::from(yes.is_ok()) + u8::from(no.is_ok()), 1, "{yes:?} {no:?}");
        assert_eq!(now.state, if yes.is_ok() { RunState::Queued } else { RunState::Refused });
        assert_eq!(now.decisions.len(), 1);
        if yes.is_ok() {
            scene.operator.api.withdraw(run.number, &WithdrawIn { reason: message("the next round") }).await.unwrap();
        }
        worker = scene.worker();
    }
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn a_run_can_be_withdrawn_until_it_starts() {
    let scene = Scene::set().await.unwrap();
    let worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let withdraw = async |person: &Persona, number: i64| {
        person.api.withdraw(number, &WithdrawIn { reason: message("it came back") }).await
    };
    assert_eq!(refused(withdraw(&scene.responder, run.number).await).code, ErrorCode::Forbidden);
    let view = withdraw(&scene.operator, run.number).await.unwrap();
    assert_eq!((view.state, view.reason.as_deref()), (RunState::Withdrawn, Some("it came back")));
    assert_eq!(refused(decide(&scene.approver, &run, true).await).code, ErrorCode::NotNow);
    assert_eq!(refused(withdraw(&scene.operator, run.number).await).code, ErrorCode::NotNow);
    let run = scene.request(run.incident).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(refused(withdraw(&scene.operator, run.number).await).code, ErrorCode::NotNow);
    drop(worker);
}

/// A run whose restart Docker refuses once: it asks.
async fn asking() -> (Scene, RunView, tests::muster::RunningWorker) {
    let scene = Scene::set().await.unwrap();
    let worker = scene.worker();
    scene.host.fault(Op::Restart, Fault::Fails(HostError::Refused("no space left on device".into())));
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Asking).await.unwrap();
    (scene, run, worker)
}

#[tokio::test]
async fn a_step_that_fails_stops_the_run_and_asks() {
    let (scene, run, _worker) = asking().await;
    let question = run.question.as_ref().unwrap();
    assert_eq!(question.step, 3);
    assert!(
        question.why.contains("could not restart bt2c_validator1_1") && question.why.contains("no space left"),
        "{}",
        question.why
    );
    assert!(matches!(run.steps[3].state, StepState::Pending), "nothing goes on meanwhile");
    assert!(scene.host.effects().is_empty());
    let of = async |person: &Persona, command| {
        let view = person.api.run(run.number).await.unwrap();
        view.offers.into_iter().find(|o| o.command == command).unwrap().refused
    };
    assert_eq!(of(&scene.operator, RunCommand::Retry).await, None);
    assert!(of(&scene.responder, RunCommand::Retry).await.unwrap().contains("you need the role"));
    assert!(of(&scene.operator, RunCommand::Withdraw).await.unwrap().contains("started"));
    assert_eq!(refused(scene.request(run.incident).await).code, ErrorCode::TargetBusy, "it still holds the target");

    let wrong_step = AnswerIn { step: 4, answer: Answer::Retry };
    let error = refused(scene.operator.api.answer(run.number, &wrong_step).await);
    assert_eq!(error.code, ErrorCode::NotNow);
    assert!(error.message.contains("asks about step 3, not step 4"), "{}", error.message);
    for answer in [Answer::Skip { reason: reason(" ") }, Answer::Stop { reason: reason("") }] {
        let error = refused(scene.answer(&run, answer).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "answer.reason"));
    }
    assert_eq!(scene.operator.api.run(run.number).await.unwrap().state, RunState::Asking);
}

#[tokio::test]
async fn a_retry_is_a_second_attempt_and_goes_on() {
    let (scene, run, _worker) = asking().await;
    scene.answer(&run, Answer::Retry).await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(run.steps.iter().map(|s| s.attempts).collect::<Vec<_>>(), [1, 1, 2, 1, 1]);
    assert_eq!(scene.host.effects(), restarted());
    let attempts: Vec<_> = scene
        .operator
        .api
        .output(run.number, 0)
        .await
        .unwrap()
        .items
        .iter()
        .filter(|l| l.step == 3)
        .map(|l| l.attempt)
        .collect();
    assert!(attempts.contains(&1) && attempts.contains(&2), "both attempts keep their lines: {attempts:?}");
}

#[tokio::test]
async fn a_retry_that_fails_asks_again() {
    let (scene, run, _worker) = asking().await;
    scene.host.fault(Op::Restart, Fault::Fails(HostError::Refused("still no space".into())));
    scene.answer(&run, Answer::Retry).await.unwrap();
    let run =
        scene.until_run(run.number, |run| run.state == RunState::Asking && run.steps[2].attempts == 2).await.unwrap();
    assert!(run.question.unwrap().why.contains("still no space"));
}

#[tokio::test]
async fn a_skipped_step_says_why_and_the_next_ones_show_the_truth() {
    let (scene, run, _worker) = asking().await;
    scene.host.change(VALIDATOR1, |details| details.container.state = worker::host::ContainerState::Running);
    scene.answer(&run, Answer::Skip { reason: reason("restarted by hand") }).await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(run.steps[2].state, StepState::Skipped { reason: reason("restarted by hand") });
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn stopping_ends_the_run_and_frees_the_target() {
    let (scene, run, _worker) = asking().await;
    let view = scene.answer(&run, Answer::Stop { reason: reason("we replace the disk first") }).await.unwrap();
    assert_eq!((view.state, view.reason.as_deref()), (RunState::Stopped, Some("we replace the disk first")));
    assert!(matches!(view.steps[3].state, StepState::Pending));
    assert_eq!(refused(scene.answer(&run, Answer::Retry).await).code, ErrorCode::NotNow);
    assert!(scene.request(run.incident).await.is_ok());
}

#[tokio::test]
async fn of_many_answers_at_once_one_counts() {
    let (scene, run, _worker) = asking().await;
    let answers = join_all((0..10).map(|_| scene.answer(&run, Answer::Retry))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), restarted());
}

#[tokio::test]
async fn a_node_that_does_not_make_blocks_is_not_called_healed() {
    let text = plan().unwrap().replace("```bash\n# 1. See which", "```bash {timeout=2s}\n# 1. See which");
    let scene = Scene::with_plan(&text).await.unwrap();
    let _worker = scene.worker();
    scene.host.answer(VALIDATOR1, 8080, |_| Ok(HttpAnswer { status: 200, body: "height 41\n".into(), cut: false }));
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Asking).await.unwrap();
    let question = run.question.unwrap();
    assert_eq!(question.step, 5);
    assert!(question.why.contains("did not grow") && question.why.contains("41"), "{}", question.why);
}

#[tokio::test]
async fn a_worker_killed_after_the_effect_does_not_have_it_done_twice() {
    let scene = Scene::set().await.unwrap();
    let first = scene.quick_worker();
    scene.host.fault(Op::Restart, Fault::HangsAfter);
    let run = scene.approved().await.unwrap();
    eventually("the container has been restarted", async || !scene.host.effects().is_empty()).await.unwrap();
    first.kill();
    let _second = scene.quick_worker();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), restarted());
    assert!(
        evidence(&run, 3).contains("found bt2c_validator1_1 restarted after the worker came back"),
        "{}",
        evidence(&run, 3)
    );
}

#[tokio::test]
async fn a_worker_killed_before_the_effect_has_it_done_by_the_next_once() {
    let scene = Scene::set().await.unwrap();
    let first = scene.quick_worker();
    scene.host.fault(Op::Restart, Fault::HangsBefore);
    let run = scene.approved().await.unwrap();
    scene.until_run(run.number, |run| matches!(run.steps[2].state, StepState::Running)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.kill();
    assert!(scene.host.effects().is_empty());
    let _second = scene.quick_worker();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), restarted());
    assert_eq!(run.steps[2].attempts, 2, "the first attempt stays in the log");
}

#[tokio::test]
async fn a_worker_killed_while_it_only_looks_is_replaced() {
    let scene = Scene::set().await.unwrap();
    let first = scene.quick_worker();
    scene.host.answer(VALIDATOR1, 8080, |_| Ok(HttpAnswer { status: 200, body: "height 41\n".into(), cut: false }));
    let run = scene.approved().await.unwrap();
    scene.until_run(run.number, |run| matches!(run.steps[4].state, StepState::Running)).await.unwrap();
    first.kill();
    scene.host.answer_growing_height(VALIDATOR1, 8080, 41);
    let _second = scene.quick_worker();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), restarted());
}

#[tokio::test]
async fn docker_that_goes_away_after_the_restart_is_asked_how_it_ended() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    scene.host.fault(Op::Restart, Fault::FailsAfterEffect(HostError::Unreachable("Docker went away".into())));
    let run = scene.approved().await.unwrap();
    let run = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert!(evidence(&run, 3).contains("although Docker did not answer"), "{}", evidence(&run, 3));
    assert_eq!(scene.host.effects(), restarted());
}

#[tokio::test]
async fn two_workers_at_once_do_it_once() {
    let scene = Scene::set().await.unwrap();
    let _workers = [scene.worker(), scene.worker(), scene.worker()];
    let incident = scene.declared().await.unwrap();
    for _ in 0..3 {
        scene.host.kill(VALIDATOR1);
        let run = scene.request(incident.number).await.unwrap();
        let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
        decide(&scene.approver, &run, true).await.unwrap();
        scene.until(run.number, RunState::Succeeded).await.unwrap();
    }
    assert_eq!(scene.host.effects().len(), 3);
}

#[tokio::test]
async fn a_worker_leaves_other_projects_alone() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.muster.worker(host(), "another-project", Timing::default());
    let incident = scene.declared().await.unwrap();
    let run = scene.request(incident.number).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(scene.operator.api.run(run.number).await.unwrap().state, RunState::Resolving);
    let _right = scene.worker();
    scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
}

#[tokio::test]
async fn a_run_goes_by_the_plan_it_was_asked_for() {
    let (scene, run) = approved_without_worker().await;
    let text = plan().unwrap().replace("docker-compose restart validator1", "docker-compose restart validator2");
    let system = scene.muster.store.system_by_slug("bt2c").await.unwrap();
    let mut tx = scene.muster.store.begin().await.unwrap();
    let by = shared::domain::actor::Actor::CommandLine;
    tx.plan_version_add(system.id, Digest::of(text.as_bytes()), &text, &by, "another").await.unwrap();
    tx.commit().await.unwrap();
    let _worker = scene.worker();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects(), restarted(), "validator1, as approved");
    let next = scene.request(run.incident).await.unwrap();
    let next = scene.until(next.number, RunState::AwaitingApproval).await.unwrap();
    assert_eq!(next.resolution.unwrap().steps[2].objects[0].name, "bt2c_validator2_1");
}

#[tokio::test]
async fn the_plan_says_who_must_agree_and_others_are_refused_and_written_down() {
    let text = plan().unwrap().replacen("```bash", "```bash {approvals=1 roles=security-officer}", 1);
    let scene = Scene::with_plan(&text).await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    assert_eq!(run.policy.roles.len(), 1);
    let error = refused(decide(&scene.approver, &run, true).await);
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert!(error.message.contains("security officer"), "{}", error.message);
    let newest = scene.muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert!(newest.denied && newest.by.user() == Some(scene.approver.id), "{newest:?}");
    let still = scene.operator.api.run(run.number).await.unwrap();
    assert_eq!((still.state, still.decisions.len()), (RunState::AwaitingApproval, 0));
}
