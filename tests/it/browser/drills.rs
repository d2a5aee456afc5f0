//! Drills in a real browser: planned, begun, carried out, judged.

use shared::domain::run::RunState;
use tests::{
    browser::{Chromium, id},
    scene::{Scene, decide, eventually},
};

use super::{pictures, sign_in};
use crate::drills::drill_worker;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_plans_a_drill_begins_one_and_says_how_it_was() {
    let scene = Scene::set().await.unwrap();
    let _worker = drill_worker(&scene);
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, "/console/drills").await;
    tab.read("No drill is planned").await.unwrap();
    tab.read("Rehearse recovery every month").await.unwrap();
    pictures(&tab, "drills-none").await;

    tab.click(&id("drill-plan")).await.unwrap();
    tab.see(&id("drill-plan-form")).await.unwrap();
    pictures(&tab, "drill-plan").await;
    tab.click(&id("drill-plan-send")).await.unwrap();
    tab.see(&id("drill-schedule")).await.unwrap();
    tab.click(&id("drill-block")).await.unwrap();
    tab.click(&id("drill-block-send")).await.unwrap();
    tab.read("must not be empty").await.unwrap();

    // As the readiness page leads here.
    let address = format!("{}/console/drills?system=bt2c&procedure=node-failure-recovery", scene.muster.base);
    tab.go(&address).await.unwrap();
    tab.see(&id("drill-form")).await.unwrap();
    pictures(&tab, "drill-begin").await;
    tab.click(&id("drill-begin-send")).await.unwrap();
    tab.until(
        "the run says what it is",
        "document.querySelector('[data-testid=drill-banner]')?.innerText.includes('DRILL')",
    )
    .await
    .unwrap();
    let drill = scene.operator.api.drills("bt2c").await.unwrap().drills.remove(0);
    let run = scene.until(drill.run, RunState::AwaitingApproval).await.unwrap();
    tab.read("Waiting for approval").await.unwrap();
    pictures(&tab, "drill-run").await;
    decide(&scene.approver, &run, true).await.unwrap();
    let over = async || scene.operator.api.drill(drill.number).await.unwrap().ended_at.is_some();
    eventually("it is over", over).await.unwrap();

    tab.go(&format!("{}/console/drills", scene.muster.base)).await.unwrap();
    tab.read("Nothing of the target is left").await.unwrap();
    tab.click(&id("drill-judge")).await.unwrap();
    tab.fill("dialog[open] textarea", "Everybody knew what to do.").await.unwrap();
    pictures(&tab, "drill-judge").await;
    tab.click(&id("drill-judge-send")).await.unwrap();
    tab.read("Everybody knew what to do.").await.unwrap();
    pictures(&tab, "drills").await;
}
