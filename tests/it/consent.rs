//! What it takes where there is no way back: two people and a duty, or a broken glass with its review; and two people's word about
//! a step that nobody knows the outcome of.

use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        incident::{CloseIn, IncidentView, ResolveIn},
        run::{ConfirmIn, GlassIn, ReviewIn, RunView},
        session::ProofIn,
    },
    domain::{
        access::Role,
        audience::Audience,
        incident::{IncidentEvent, RunMoment},
        run::{Answer, RunEvent, RunState, StepState},
    },
};
use tests::{
    persona::Persona,
    scene::{Scene, decide, eventually, message, refused},
};

async fn break_glass(who: &Persona, run: &RunView, password: &str) -> Result<RunView, CallError> {
    who.api.prove(&ProofIn::Password { password: password.to_owned() }).await?;
    let body = GlassIn { reason: message("nobody answers"), content: run.content.unwrap() };
    who.api.break_glass(run.number, &body).await
}

async fn moments(scene: &Scene, incident: i64) -> Vec<RunMoment> {
    let timeline = scene.operator.api.incident(incident).await.unwrap().timeline;
    let moment = |event| if let IncidentEvent::Run { moment, .. } = event { Some(moment) } else { None };
    timeline.into_iter().filter_map(|entry| moment(entry.event)).collect()
}

async fn close(scene: &Scene, incident: i64) -> Result<IncidentView, CallError> {
    scene.responder.api.close(incident, &CloseIn { text: message("nothing is owed") }).await
}

#[tokio::test]
async fn what_cannot_be_undone_takes_two_people_and_the_duty_it_belongs_to() {
    let scene = Scene::destructive().await.unwrap();
    let _worker = scene.worker();
    let second = scene.muster.persona(Role::Administrator).await.unwrap();
    let run = scene.waiting().await.unwrap();
    assert_eq!((run.policy.approvals, run.policy.including.len()), (2, 1));
    // Before anybody waits in vain, the page says who is missing.
    let missing = run.consent_missing.clone().unwrap();
    assert!(missing.contains("Nobody else who may approve is system administrator"), "{missing}");
    let one = decide(&scene.approver, &run, true).await.unwrap();
    assert_eq!(one.state, RunState::AwaitingApproval);
    let two = decide(&second, &run, true).await.unwrap();
    assert_eq!(two.state, RunState::AwaitingApproval, "nobody has the duty");
    let duty = scene.second().await.unwrap();
    let three = decide(&duty, &run, true).await.unwrap();
    assert_eq!(three.state, RunState::Queued);
    scene.until(run.number, RunState::Succeeded).await.unwrap();
}

/// The duty is looked at again by the worker, when it is about to begin.
#[tokio::test]
async fn a_duty_lost_after_the_consent_was_given_voids_it() {
    let scene = Scene::destructive().await.unwrap();
    let mut worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    worker.stop().await;
    let second = scene.second().await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    assert_eq!(decide(&second, &run, true).await.unwrap().state, RunState::Queued);
    let query = sqlx::query("UPDATE app_user SET contact_roles = '{}' WHERE id = $1").bind(second.id.0);
    query.execute(&scene.pool().await.unwrap()).await.unwrap();
    let _back = scene.worker();
    let view = scene.until(run.number, RunState::Stopped).await.unwrap();
    let why = view.reason.unwrap();
    assert!(why.contains("nobody whose consent still counts is system administrator"), "{why}");
    assert!(scene.host.effects().is_empty());
}

#[tokio::test]
async fn a_broken_glass_asks_for_the_password_tells_everybody_and_keeps_the_incident_open_until_it_is_reviewed() {
    let scene = Scene::destructive().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    // Not without the role, not with another password, not for something else; each try is in the audit log.
    let why = refused(break_glass(&scene.responder, &run, &scene.responder.password).await);
    assert_eq!(why.code, ErrorCode::Forbidden);
    let why = refused(break_glass(&scene.operator, &run, "somebody else's").await);
    assert!(why.code == ErrorCode::WrongCredentials && why.message.contains("not your password"), "{why:?}");
    // Having signed in is not enough.
    let body = GlassIn { reason: message("in a hurry"), content: run.content.unwrap() };
    let why = refused(scene.operator.api.break_glass(run.number, &body).await);
    assert_eq!(why.code, ErrorCode::ProofNeeded);
    assert_eq!(why.details.unwrap()["ways"], serde_json::json!(["password"]));
    let mut other = run.clone();
    other.content.as_mut().unwrap().resolution_digest = shared::digest::Digest::of(b"something else");
    let why = refused(break_glass(&scene.operator, &other, &scene.operator.password).await);
    assert_eq!(why.code, ErrorCode::ContentChanged);
    assert!(scene.host.effects().is_empty());

    // The requester's own word, in place of two others'.
    break_glass(&scene.operator, &run, &scene.operator.password).await.unwrap();
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects().len(), 1);
    let glass = done.glass.unwrap();
    assert_eq!((glass.by, glass.reason.as_str()), (scene.operator.id, "nobody answers"));
    assert!(glass.rule.contains("2 approvals") && glass.rule.contains("system administrator"), "{}", glass.rule);
    assert!(moments(&scene, run.incident).await.contains(&RunMoment::GlassBroken));
    let second = scene.second().await.unwrap();
    for person in [&scene.responder, &scene.approver] {
        let notices = person.api.notices().await.unwrap().items;
        let one = notices.iter().find(|notice| notice.run == run.number).unwrap();
        assert_eq!((one.step, one.audience), (0, Audience::Everyone));
        assert!(one.text.contains("broke the glass") && one.text.contains("nobody answers"), "{}", one.text);
    }

    // The debt.
    let resolve = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(run.incident, &resolve).await.unwrap();
    let owed = refused(close(&scene, run.incident).await);
    assert!(owed.code == ErrorCode::NotNow && owed.message.contains("nobody has reviewed"), "{owed:?}");
    let review = ReviewIn { text: message("right: the database was full") };
    assert_eq!(refused(scene.operator.api.review(run.number, &review).await).code, ErrorCode::Forbidden);
    let reviewed = scene.approver.api.review(run.number, &review).await.unwrap();
    assert_eq!(reviewed.review.unwrap().by.user(), Some(scene.approver.id));
    assert_eq!(refused(second.api.review(run.number, &review).await).code, ErrorCode::NotNow);
    let closed = close(&scene, run.incident).await.unwrap();
    assert!(closed.closed_at.is_some());
    assert_eq!(refused(close(&scene, run.incident).await).code, ErrorCode::NotNow);
    let entries = scene.muster.store.audit_list(None, 200).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|e| e.entry.action.as_str()).collect();
    for action in ["run.glass-broken", "run.reviewed", "incident.closed"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    assert_eq!(entries.iter().filter(|e| e.entry.denied).count(), 3, "role, password, review by an operator");
}

#[tokio::test]
async fn nobody_reviews_their_own_broken_glass() {
    let scene = Scene::destructive().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let second = scene.second().await.unwrap();
    break_glass(&second, &run, &second.password).await.unwrap();
    let review = ReviewIn { text: message("I was right") };
    let early = refused(scene.approver.api.review(run.number, &review).await);
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    // It may have ended meanwhile; it must not have been reviewed then.
    assert!(early.message.contains("when it has ended"), "{early:?}");
    let own = refused(second.api.review(run.number, &review).await);
    assert!(own.code == ErrorCode::Forbidden && own.message.contains("somebody else"), "{own:?}");
}

/// Who broke the glass must still be allowed to when the worker begins; the database's word is not enough.
#[tokio::test]
async fn a_glass_broken_by_somebody_who_has_left_opens_nothing() {
    let scene = Scene::destructive().await.unwrap();
    let mut worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    worker.stop().await;
    break_glass(&scene.operator, &run, &scene.operator.password).await.unwrap();
    let mut tx = scene.muster.store.begin().await.unwrap();
    tx.user_set_active(scene.operator.id, false).await.unwrap();
    tx.commit().await.unwrap();
    let _back = scene.worker();
    let view = until(&scene, run.number, RunState::Stopped).await;
    let why = view.reason.unwrap();
    assert!(why.contains("system administrator") && why.contains("Nothing was done"), "{why}");
    assert!(scene.host.effects().is_empty());
}

/// As [`Scene::until`], for a scene whose operator has left.
async fn until(scene: &Scene, run: i64, state: RunState) -> RunView {
    eventually("the run is there", async || scene.approver.api.run(run).await.unwrap().state == state).await.unwrap();
    scene.approver.api.run(run).await.unwrap()
}

#[tokio::test]
async fn what_became_of_a_step_that_cannot_be_undone_is_said_by_two_who_have_seen_the_evidence() {
    let scene = Scene::destructive().await.unwrap();
    let run = scene.unclear().await.unwrap();
    let _next = scene.quick_worker();
    let asking = scene.until(run.number, RunState::Asking).await.unwrap();
    let question = asking.question.clone().unwrap();
    assert!(question.takes_two && question.unclear && question.proposal.is_none(), "{question:?}");
    // Intent, and what the object looks like now.
    assert!(asking.steps[2].started_at.is_some());
    assert_eq!(question.seen.len(), 1, "{:?}", question.seen);
    assert!(
        question.seen[0].name.contains("postgres")
            && question.seen[0].looks.contains("running since")
            && question.seen[0].at.is_some()
    );

    let happened = Answer::Happened { note: "the rows are gone".into() };
    let first = scene.operator.api.answer(run.number, &answer(3, &happened)).await.unwrap();
    assert_eq!(first.state, RunState::Asking, "one word is not enough");
    let own = refused(scene.operator.api.confirm(run.number, &confirm(3, &happened)).await);
    assert!(own.code == ErrorCode::Forbidden && own.message.contains("somebody else"), "{own:?}");
    let other = refused(scene.approver.api.confirm(run.number, &confirm(3, &Answer::Retry)).await);
    assert_eq!(other.code, ErrorCode::ContentChanged);
    assert_eq!(
        refused(scene.responder.api.confirm(run.number, &confirm(3, &happened)).await).code,
        ErrorCode::Forbidden
    );

    // An objection needs a reason and leaves the question open.
    let mut no = ConfirmIn { agree: false, ..confirm(3, &happened) };
    assert_eq!(refused(scene.approver.api.confirm(run.number, &no).await).code, ErrorCode::Invalid);
    no.reason = Some(message("two rows are left"));
    let open = scene.approver.api.confirm(run.number, &no).await.unwrap();
    assert!(open.question.unwrap().proposal.is_none());
    assert_eq!(refused(scene.approver.api.confirm(run.number, &confirm(3, &happened)).await).code, ErrorCode::NotNow);

    scene.operator.api.answer(run.number, &answer(3, &happened)).await.unwrap();
    scene.approver.api.confirm(run.number, &confirm(3, &happened)).await.unwrap();
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    let StepState::Succeeded { evidence } = &done.steps[2].state else { panic!("{:?}", done.steps) };
    assert!(evidence.contains(" and ") && evidence.contains("took effect: the rows are gone"), "{evidence}");
    assert_eq!(scene.host.effects().len(), 1, "done once");
    let log = scene.muster.store.run_events(run.id).await.unwrap();
    assert_eq!(log.iter().filter(|r| matches!(r.event, RunEvent::Proposed { .. })).count(), 2);
    assert_eq!(log.iter().filter(|r| matches!(r.event, RunEvent::Objected { .. })).count(), 1);
}

#[tokio::test]
async fn two_who_say_that_it_did_not_happen_have_it_done_again_and_one_is_enough_to_stop() {
    let scene = Scene::destructive().await.unwrap();
    let run = scene.unclear().await.unwrap();
    let _next = scene.quick_worker();
    let asking = scene.until(run.number, RunState::Asking).await.unwrap();
    scene.answer(&asking, Answer::Retry).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects().len(), 2);

    let scene = Scene::destructive().await.unwrap();
    let run = scene.unclear().await.unwrap();
    let _next = scene.quick_worker();
    scene.until(run.number, RunState::Asking).await.unwrap();
    let stop = Answer::Stop { reason: "first look at the database".into() };
    let view = scene.operator.api.answer(run.number, &answer(3, &stop)).await.unwrap();
    assert_eq!(view.state, RunState::Stopped);
}

fn answer(step: u32, answer: &Answer) -> shared::api::run::AnswerIn {
    shared::api::run::AnswerIn { step, answer: answer.clone() }
}

fn confirm(step: u32, answer: &Answer) -> ConfirmIn {
    ConfirmIn { step, answer: answer.clone(), agree: true, reason: None }
}
