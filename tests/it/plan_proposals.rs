//! What an incident says about the plan: proposed from a real run, adopted as another version, linked both ways.

use reqwest::StatusCode;
use shared::{
    api::{error::ErrorCode, incident::ResolveIn, plan::PlanIn},
    domain::{
        access::Role,
        plan_proposal::{Proposal, applied},
        run::{Answer, RunState},
    },
};
use tests::scene::{PROJECT, Scene, VALIDATOR1, message, refused};
use worker::host::{
    ContainerState, HostError,
    simulated::{Fault, Op},
};

#[tokio::test]
async fn what_was_skipped_and_missed_is_proposed_and_becomes_a_version_that_names_the_incident() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    scene.host.fault(Op::Restart, Fault::Fails(HostError::Refused("no space left on device".into())));
    let run = scene.approved().await.unwrap();
    let asked = scene.until_run(run.number, |run| run.question.is_some()).await.unwrap();
    // Somebody has started it by hand.
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    let reason = "it was up | already";
    scene.answer(&asked, Answer::Skip { reason: reason.into() }).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    sqlx::query("UPDATE incident SET declared_at = declared_at - interval '25 minutes'")
        .execute(&scene.pool().await.unwrap())
        .await
        .unwrap();
    let end = ResolveIn { text: message("over"), public_text: None, notify: true, despite: None };
    let n = run.incident;
    scene.responder.api.resolve(n, &end).await.unwrap();

    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let view = admin.api.plan_proposal(n).await.unwrap();
    assert_eq!((view.version, view.adopted.as_slice()), (1, &[][..]));
    let reasons: Vec<_> = view.proposals.iter().map(|one| one.reason.as_str()).collect();
    assert!(reasons.iter().any(|why| why.contains("was skipped: it was up already")), "{reasons:?}");
    assert!(reasons.iter().any(|why| why.contains("Validator 1 was back after 25 min")), "{reasons:?}");

    let taken: Vec<&Proposal> = view.proposals.iter().collect();
    let new = PlanIn { source: applied(&view.source, &taken), reason: message("we learnt"), base_version: 1 };
    assert_eq!(refused(scene.approver.api.adopt_plan(n, &new).await).code, ErrorCode::Forbidden);
    let saved = admin.api.adopt_plan(n, &new).await.unwrap();
    assert_eq!(saved.version, 2);
    let stale = PlanIn { source: new.source.clone() + "\nmore\n", ..new };
    assert_eq!(refused(admin.api.adopt_plan(n, &stale).await).code, ErrorCode::PlanChanged);
    let versions = scene.responder.api.plan_versions(PROJECT, None).await.unwrap().items;
    assert_eq!(versions.iter().map(|v| (v.version, v.incident)).collect::<Vec<_>>(), [(2, Some(n)), (1, None)]);
    let after = admin.api.plan_proposal(n).await.unwrap();
    assert_eq!((after.version, after.adopted.as_slice()), (2, &[2][..]));
    assert_eq!(after.proposals, [], "what stands in the plan by now is not proposed again");
    // The button still does what it did.
    let plan = admin.api.plan(PROJECT).await.unwrap();
    assert!(plan.source.contains(&format!("> Incident {n}, run {}: step", run.number)), "{}", plan.source);
    assert!(plan.compiled.plan.procedures.iter().all(|p| p.unavailable.is_none()));

    // Whoever may not see the incident is not told of it.
    let body = serde_json::json!({"people": [], "reason": "private"});
    let restrict = format!("/api/v1/incidents/{n}/restrict");
    let (status, said) = scene.responder.http.raw("POST", &restrict, Some(body)).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{said}");
    let versions = scene.approver.api.plan_versions(PROJECT, None).await.unwrap().items;
    assert!(versions.iter().all(|version| version.incident.is_none()), "{versions:?}");
    assert_eq!(refused(scene.approver.api.plan_proposal(n).await).code, ErrorCode::NotFound);
}
