//! Consent where there is no way back, as people see it: the glass and its review, and the two people who say what became of a step.

use shared::{api::incident::ResolveIn, domain::run::RunState};
use tests::{
    browser::{Chromium, id},
    scene::{Scene, message},
};

use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_glass_is_broken_reviewed_and_only_then_is_the_incident_closed() {
    let scene = Scene::destructive().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let (page, incident) = (format!("/console/runs/{}", run.number), format!("/console/incidents/{}", run.incident));
    // A browser each: a session is a browser's.
    let (chromium, other) = tokio::try_join!(Chromium::launch(), Chromium::launch()).unwrap();
    // The link that an approver is sent names what was there to be read.
    let read = format!("{page}?read=0000");
    let approver = sign_in(&other, &scene, &scene.approver, &read).await;
    approver.read("What this run would do has changed since").await.unwrap();
    let operator = sign_in(&chromium, &scene, &scene.operator, &page).await;
    operator.read("one of them system administrator").await.unwrap();
    operator.read("only 1 may approve").await.unwrap();
    pictures(&operator, "consent").await;
    operator.click(&id("break-glass")).await.unwrap();
    operator.see("dialog[open] textarea").await.unwrap();
    pictures(&operator, "glass-dialog").await;
    operator.fill("dialog[open] textarea", "Nobody answers the telephone.").await.unwrap();
    operator.click(&id("glass-send")).await.unwrap();
    // Having signed in is not enough for this.
    let password = "dialog[open] form[data-testid=proof-form] input[type=password]";
    operator.fill(password, "not mine").await.unwrap();
    operator.click(&id("proof-send")).await.unwrap();
    operator.read("This is not your password").await.unwrap();
    operator.fill(password, &scene.operator.password).await.unwrap();
    operator.click(&id("proof-send")).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    operator.read("A review is owed").await.unwrap();
    pictures(&operator, "glass-broken").await;

    let resolve = ResolveIn { text: message("The rows are gone."), public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(run.incident, &resolve).await.unwrap();
    operator.go(&format!("{}{incident}", scene.muster.base)).await.unwrap();
    operator.see(&id("owing")).await.unwrap();
    let no_button = format!("!document.querySelector({:?})", id("close"));
    operator.until("it cannot be closed", &no_button).await.unwrap();
    pictures(&operator, "review-owed").await;
    approver.until("it is told", &format!("document.querySelector({:?})", id("glass"))).await.unwrap();
    approver.click(&id("review-glass")).await.unwrap();
    approver.fill("dialog[open] textarea", "Right: the disk was full.").await.unwrap();
    approver.click(&id("review-send")).await.unwrap();
    approver.read("reviewed it").await.unwrap();
    operator.click(&id("close")).await.unwrap();
    operator.fill("dialog[open] textarea", "A bigger disk is ordered.").await.unwrap();
    operator.click(&id("close-submit")).await.unwrap();
    operator.see(&id("closed")).await.unwrap();
    for tab in [&operator, &approver] {
        // What is refused first is answered with 401 and 403, and Chromium says so.
        let expected = |said: &String| said.contains("401") || said.contains("403");
        let complaints: Vec<_> = tab.complaints().into_iter().filter(|said| !expected(said)).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
    chromium.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_who_have_seen_the_evidence_say_that_it_happened() {
    let scene = Scene::destructive().await.unwrap();
    let run = scene.unclear().await.unwrap();
    let _next = scene.quick_worker();
    scene.until(run.number, RunState::Asking).await.unwrap();
    let page = format!("/console/runs/{}", run.number);
    let (chromium, other) = tokio::try_join!(Chromium::launch(), Chromium::launch()).unwrap();
    let operator = sign_in(&chromium, &scene, &scene.operator, &page).await;
    let approver = sign_in(&other, &scene, &scene.approver, &page).await;
    operator.see(&id("evidence")).await.unwrap();
    operator.read("running since").await.unwrap();
    pictures(&operator, "unclear").await;
    operator.click(&id("answer-happened")).await.unwrap();
    operator.fill("dialog[open] textarea", "SELECT count(*) says 0.").await.unwrap();
    operator.click(&id("answer-happened-send")).await.unwrap();
    let off = format!("document.querySelector({:?})?.disabled", id("confirm-answer"));
    operator.until("one's own word is not confirmed by oneself", &off).await.unwrap();
    approver.see(&id("second-word")).await.unwrap();
    pictures(&approver, "second-word").await;
    approver.click(&id("confirm-answer")).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    approver.read("SELECT count(*) says 0.").await.unwrap();
    for tab in [&operator, &approver] {
        assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    }
    chromium.close().await.unwrap();
    other.close().await.unwrap();
}
