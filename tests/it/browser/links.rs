//! A restricted incident as those see it who may and who may not, and two incidents that turn out to be one; with a browser for each
//! person.

use tests::{
    browser::{Chromium, Tab, id},
    muster::declaration,
    scene::{Scene, message},
};
use uuid::Uuid;

use super::{pictures, sign_in};

/// Buttons that have just moved do not hear a press that was meant for another one.
async fn gone(tab: &Tab) {
    tab.until("nothing is asked any more", "!document.querySelector('dialog[open]')").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restricted_incident_is_there_for_those_who_are_let_in_and_gone_for_who_is_put_out() {
    let scene = Scene::set().await.unwrap();
    let (inside, outside) = (Chromium::launch().await.unwrap(), Chromium::launch().await.unwrap());
    let tab = sign_in(&inside, &scene, &scene.responder, "/console/incidents/new").await;
    let other = sign_in(&outside, &scene, &scene.approver, "/console/incidents").await;
    other.read("No incident yet").await.unwrap();
    tab.choose("Level 3").await.unwrap();
    tab.choose("Validator 1").await.unwrap();
    tab.choose("Restrict this incident").await.unwrap();
    tab.until("the public is told nothing by itself", "!document.body.innerText.includes('Public title')")
        .await
        .unwrap();
    tab.choose(&scene.operator.me.name).await.unwrap();
    pictures(&tab, "restricted-declare").await;
    tab.click(&id("declare-submit")).await.unwrap();
    tab.see(&id("restricted")).await.unwrap();
    tab.read(&format!("Only {} and {} see this incident", scene.responder.me.name, scene.operator.me.name))
        .await
        .unwrap();

    tab.click(&id("let-in")).await.unwrap();
    tab.choose(&scene.approver.me.name).await.unwrap();
    pictures(&tab, "restricted-let-in").await;
    tab.click(&id("let-in-submit")).await.unwrap();
    gone(&tab).await;
    pictures(&tab, "restricted-incident").await;
    // It comes and goes in front of whoever looks.
    other.read("Restricted").await.unwrap();
    pictures(&other, "restricted-list").await;
    other.press("Validator 1 is down").await.unwrap();
    other.see(&id("restricted")).await.unwrap();
    tab.click(&format!("[aria-label='Put out {}']", scene.approver.me.name)).await.unwrap();
    tab.click(&id("put-out-submit")).await.unwrap();
    gone(&tab).await;
    other.until("it is gone", "!document.querySelector('[data-testid=restricted]')").await.unwrap();
    assert!(!other.text("main").await.unwrap().contains("Validator 1 is down"));

    tab.click(&id("open-to-all")).await.unwrap();
    tab.fill("dialog[open] textarea", "The key is revoked.").await.unwrap();
    tab.click(&id("open-submit")).await.unwrap();
    tab.read("Everybody who opens the console.").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    inside.close().await.unwrap();
    outside.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_incidents_that_look_alike_are_related_or_made_one() {
    let scene = Scene::set().await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    for _ in 0..3 {
        scene.responder.api.declare(&declaration("validator1").unwrap(), &Uuid::new_v4().to_string()).await.unwrap();
    }
    scene.responder.api.note(1, &shared::api::incident::NoteIn::of(message("the disk is full"))).await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.responder, "/console/incidents/1").await;
    tab.read("Open too, and affects Validator 1").await.unwrap();
    tab.click("[aria-label='Relate to incident 3']").await.unwrap();
    tab.read("Related by").await.unwrap();
    pictures(&tab, "links-related").await;
    tab.click("[aria-label='Merge into incident 2']").await.unwrap();
    tab.read("becomes part of").await.unwrap();
    pictures(&tab, "links-merge").await;
    tab.click(&id("merge-submit")).await.unwrap();
    tab.see(&id("merged")).await.unwrap();
    gone(&tab).await;
    pictures(&tab, "links-merged").await;
    tab.read("the disk is full").await.unwrap();
    tab.click(".note[data-testid=merged] a").await.unwrap();
    tab.until("the other is open", "location.pathname === '/console/incidents/2'").await.unwrap();
    tab.read("Merged into this one").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
