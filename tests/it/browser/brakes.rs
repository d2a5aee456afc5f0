//! The brakes and the line, with the mouse: dry run, cancel, freeze, a run that waits in line, and one that goes on where another
//! was cancelled.

use shared::domain::run::{RunState, StepState};
use tests::{
    browser::{Chromium, id},
    scene::{PROCEDURE, Scene},
};
use worker::host::HttpAnswer;

use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_looked_up_cancelled_frozen_put_in_line_and_gone_on_with() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let still = || HttpAnswer { status: 200, body: "# SIMULATED\nsimulated_height 7\n".into(), cut: false };
    scene.host.answer("bt2c-validator1", 8080, move |_| Ok(still()));
    let incident = scene.declared().await.unwrap().number;
    let chromium = Chromium::launch().await.unwrap();
    let page = format!("/console/incidents/{incident}");
    let tab = sign_in(&chromium, &scene, &scene.operator, &page).await;

    // Looked up, nothing done.
    tab.click(&id(&format!("dry-run-{PROCEDURE}"))).await.unwrap();
    tab.click(&id("parameters-send")).await.unwrap();
    tab.read("Dry run: everything was found, nothing was done").await.unwrap();
    pictures(&tab, "dry-run").await;
    assert!(scene.host.effects().is_empty());

    // It waits for a height that does not grow, until somebody cancels it.
    let run = scene.request(incident).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    scene.consent(&run).await.unwrap();
    scene.until_run(run.number, |run| matches!(run.steps[4].state, StepState::Running)).await.unwrap();

    // Meanwhile another one is asked for, and waits in line.
    tab.go(&format!("{}{page}", scene.muster.base)).await.unwrap();
    tab.see(&id("behind")).await.unwrap();
    tab.click(&id(&format!("procedure-{PROCEDURE}"))).await.unwrap();
    tab.click(&id("parameters-send")).await.unwrap();
    tab.see(&id("in-line")).await.unwrap();
    pictures(&tab, "in-line").await;
    tab.choose_option("[data-testid=in-line] select", "high").await.unwrap();
    let line = run.number + 1;
    tests::scene::eventually("it goes first", async || {
        scene.operator.api.run(line).await.unwrap().priority.name() == "high"
    })
    .await
    .unwrap();
    tab.click(&id("withdraw")).await.unwrap();
    tab.fill("dialog[open] textarea", "One is enough.").await.unwrap();
    tab.click(&id("withdraw-send")).await.unwrap();
    scene.until(line, RunState::Withdrawn).await.unwrap();

    // Everything is frozen, and let go again.
    tab.go(&format!("{}/console/runs", scene.muster.base)).await.unwrap();
    tab.click(&id("freeze")).await.unwrap();
    tab.see("dialog[open] textarea").await.unwrap();
    pictures(&tab, "freeze-dialog").await;
    tab.fill("dialog[open] textarea", "Somebody else is at the database.").await.unwrap();
    tab.click(&id("freeze-send")).await.unwrap();
    tab.see(&id("frozen")).await.unwrap();
    pictures(&tab, "frozen").await;
    tab.click(&id("unfreeze")).await.unwrap();
    tab.until("it is lifted", &format!("!document.querySelector({:?})", id("frozen"))).await.unwrap();

    // Cancelled in its last step, then gone on with from there.
    tab.go(&format!("{}/console/runs/{}", scene.muster.base, run.number)).await.unwrap();
    tab.click(&id("cancel")).await.unwrap();
    tab.see("dialog[open] textarea").await.unwrap();
    pictures(&tab, "cancel-dialog").await;
    tab.fill("dialog[open] textarea", "Its chain does not grow.").await.unwrap();
    tab.click(&id("cancel-send")).await.unwrap();
    scene.until(run.number, RunState::Cancelled).await.unwrap();
    tab.see(&id("resume")).await.unwrap();
    pictures(&tab, "cancelled").await;
    tab.click(&id("resume")).await.unwrap();
    tab.click(&id("resume-send")).await.unwrap();
    tab.see(&id("resumes")).await.unwrap();
    let next = scene.until(line + 1, RunState::AwaitingApproval).await.unwrap();
    assert_eq!(next.resumes, Some(run.number));
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
