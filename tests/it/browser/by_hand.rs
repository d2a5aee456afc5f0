//! A step that a person does: the run asks, the person presses *Done*, with the mouse and with the keyboard alone, and the run goes on.

use shared::{
    api::run::{RunRequestIn, RunView},
    domain::run::{RunState, StepState},
};
use tests::{
    browser::{Chromium, Tab, id},
    scene::{Scene, plan},
};
use uuid::Uuid;

use super::{pictures, sign_in};

/// Nothing in it needs consent: it looks, a person does something, it looks again.
const MORE: &str = "\n## Cable\n\n```bash {id=cable}\n# 1. Look\ndocker-compose ps\n\n\
    # 2. Pull the red cable in rack 7 and put it back\n\n# 3. Look again\ndocker-compose ps validator2\n```\n";

async fn asking(scene: &Scene) -> RunView {
    let incident = scene.declared().await.unwrap().number;
    let body = RunRequestIn::of("cable");
    let run = scene.operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await.unwrap();
    scene.until(run.number, RunState::Asking).await.unwrap()
}

async fn opened(chromium: &Chromium, scene: &Scene, run: &RunView) -> Tab {
    let tab = sign_in(chromium, scene, &scene.operator, &format!("/console/runs/{}", run.number)).await;
    tab.read("Step 2 waits to be done by hand: Pull the red cable in rack 7 and put it back").await.unwrap();
    tab
}

async fn gone_on(scene: &Scene, run: &RunView, evidence: &str) {
    let done = scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(done.steps[1].state, StepState::Succeeded { evidence: evidence.into() });
    assert!(matches!(done.steps[2].state, StepState::Succeeded { .. }), "{:?}", done.steps[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_presses_done_with_a_note_and_the_run_goes_on() {
    let scene = Scene::with_plan(&(plan().unwrap() + MORE)).await.unwrap();
    let _worker = scene.worker();
    let run = asking(&scene).await;
    let chromium = Chromium::launch().await.unwrap();
    let tab = opened(&chromium, &scene, &run).await;
    pictures(&tab, "question").await;
    tab.click(&id("answer-done")).await.unwrap();
    tab.see("dialog[open] textarea").await.unwrap();
    pictures(&tab, "question-dialog").await;
    tab.fill("dialog[open] textarea", "The cable was loose.").await.unwrap();
    tab.click(&id("answer-done-send")).await.unwrap();
    gone_on(&scene, &run, "Test operator says it is done: The cable was loose.").await;
    tab.until("the question is gone", "!document.querySelector('[data-testid=answer-done]')").await.unwrap();
    tab.read("The cable was loose.").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn done_is_said_with_the_keyboard_alone_and_without_a_word() {
    let scene = Scene::with_plan(&(plan().unwrap() + MORE)).await.unwrap();
    let _worker = scene.worker();
    let run = asking(&scene).await;
    let chromium = Chromium::launch().await.unwrap();
    let tab = opened(&chromium, &scene, &run).await;
    tab.tab_to(&id("answer-done")).await.unwrap();
    tab.key("Enter").await.unwrap();
    // Escape is the way back: nothing was said, and the focus is where it was.
    tab.see("dialog[open] textarea").await.unwrap();
    tab.key("Escape").await.unwrap();
    let back =
        format!("!document.querySelector('dialog[open]') && document.activeElement.matches({:?})", id("answer-done"));
    tab.until("the button has the focus again", &back).await.unwrap();
    tab.key("Enter").await.unwrap();
    tab.tab_to(&format!("dialog[open] {}", id("answer-done-send"))).await.unwrap();
    tab.key("Enter").await.unwrap();
    gone_on(&scene, &run, "Test operator says it is done").await;
    let heading = "document.activeElement?.tagName === 'H1'";
    tab.until("the focus is at the page's heading, not lost", heading).await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
