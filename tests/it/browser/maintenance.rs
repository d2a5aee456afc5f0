//! Announced maintenance in a real browser: planned and led in the console, read by a visitor while it opens and closes.

use shared::domain::{access::Role, maintenance::MaintenanceState};
use tests::{
    browser::{Chromium, Tab, id},
    scene::{Scene, eventually},
};

use super::{pictures, sign_in};

/// Types a local time so many seconds from now.
async fn type_moment(tab: &Tab, field: usize, seconds: i64) {
    let script = format!(
        "(() => {{ const input = document.querySelectorAll('dialog[open] input[type=datetime-local], main form input[type=datetime-local]')[{field}];
          const at = new Date(Date.now() + {seconds} * 1000 - new Date().getTimezoneOffset() * 60000);
          input.value = at.toISOString().slice(0, 19); input.dispatchEvent(new Event('input', {{ bubbles: true }})); return true; }})()"
    );
    tab.eval::<bool>(&script).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maintenance_is_planned_and_a_visitor_sees_it_open_and_close() {
    let scene = Scene::set().await.unwrap();
    let operator = &scene.operator;
    let chromium = Chromium::launch().await.unwrap();
    // A page in the background of another keeps nothing up to date.
    let elsewhere = Chromium::launch().await.unwrap();
    let visitor = elsewhere.open(&format!("{}/", scene.muster.base)).await.unwrap();
    visitor.read("All systems operational").await.unwrap();
    let tab = sign_in(&chromium, &scene, operator, "/console/maintenance").await;
    tab.read("No maintenance is planned").await.unwrap();
    pictures(&tab, "maintenance-none").await;
    tab.click(&id("maintenance-new")).await.unwrap();
    tab.read("What is worked on").await.unwrap();
    tab.click(&id("maintenance-plan")).await.unwrap();
    tab.read("Choose what is worked on.").await.unwrap();
    pictures(&tab, "maintenance-form-empty").await;
    tab.fill("main form input[type=text]", "New disks for both nodes").await.unwrap();
    tab.choose("Validator 1").await.unwrap();
    tab.fill("main form textarea", "Both nodes get **new disks**.\n\n- Blocks come slower.\n- Nothing is lost.")
        .await
        .unwrap();
    tab.until(
        "it is shown as visitors will read it",
        "document.querySelector('[data-testid=maintenance-preview] strong')?.innerText === 'new disks'",
    )
    .await
    .unwrap();
    type_moment(&tab, 0, -7200).await;
    tab.click(&id("maintenance-plan")).await.unwrap();
    tab.read("It begins in the past.").await.unwrap();
    type_moment(&tab, 0, 300).await;
    type_moment(&tab, 1, 3600).await;
    tab.read(" UTC").await.unwrap();
    pictures(&tab, "maintenance-form").await;
    type_moment(&tab, 0, 15).await;
    tab.click(&id("maintenance-plan")).await.unwrap();
    tab.see(&id("maintenance-log")).await.unwrap();
    let number = operator.api.maintenances().await.unwrap().items[0].number;

    // The visitor's page follows by itself.
    visitor.read("Planned maintenance").await.unwrap();
    visitor.read("Maintenance is under way").await.unwrap();
    visitor.read("Under maintenance").await.unwrap();
    tab.until("it opens", "document.querySelector('[data-testid=maintenance-state]').innerText.includes('Under way')")
        .await
        .unwrap();
    tab.click(&id("maintenance-post")).await.unwrap();
    tab.fill("dialog[open] textarea", "One node is *done*.").await.unwrap();
    pictures(&tab, "maintenance-post").await;
    tab.click(&id("maintenance-post-send")).await.unwrap();
    visitor.read("One node is done.").await.unwrap();
    pictures(&visitor, "maintenance-public-home").await;
    tab.read("Update posted").await.unwrap();
    pictures(&tab, "maintenance-page").await;

    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    for page in [&visitor, &tab] {
        page.size(360, 780).await.unwrap();
        assert!(!page.eval::<bool>(wide).await.unwrap(), "nothing is wider than a phone");
        page.size(1440, 900).await.unwrap();
    }
    tab.click(&id("maintenance-move")).await.unwrap();
    type_moment(&tab, 0, 12).await;
    pictures(&tab, "maintenance-move").await;
    type_moment(&tab, 0, 8).await;
    tab.click(&id("maintenance-move-send")).await.unwrap();
    tab.read("Times changed").await.unwrap();
    eventually("it closes", async || {
        operator.api.maintenance(number).await.unwrap().state == MaintenanceState::Completed
    })
    .await
    .unwrap();
    visitor.read("All systems operational").await.unwrap();
    tab.until("it closes", "document.querySelector('[data-testid=maintenance-state]').innerText.includes('Completed')")
        .await
        .unwrap();

    is_told_afterwards(&elsewhere, &scene, number).await;
    is_called_off(&tab, &scene).await;
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let other = sign_in(&elsewhere, &scene, &viewer, &format!("/console/maintenance/{number}")).await;
    other.read("What happened").await.unwrap();
    assert!(!other.eval::<bool>("!!document.querySelector('[data-testid=maintenance-post]')").await.unwrap());
    elsewhere.close().await.unwrap();
    chromium.close().await.unwrap();
}

/// Without script.
async fn is_told_afterwards(elsewhere: &Chromium, scene: &Scene, number: i64) {
    let page = elsewhere.open("about:blank").await.unwrap();
    page.without_javascript().await.unwrap();
    page.go(&format!("{}/maintenance/{number}", scene.muster.base)).await.unwrap();
    let text = page.text("main").await.unwrap();
    for said in
        ["Completed", "Worked on", "Validator 1", "One node is done.", "New times", "The maintenance has begun."]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    pictures(&page, "maintenance-public-page").await;
    page.go(&format!("{}/history", scene.muster.base)).await.unwrap();
    assert!(page.text("main").await.unwrap().contains("Past maintenance"));
    pictures(&page, "maintenance-public-history").await;
}

async fn is_called_off(tab: &Tab, scene: &Scene) {
    // Calling one off asks first.
    tab.go(&format!("{}/console/maintenance/new", scene.muster.base)).await.unwrap();
    tab.read("What is worked on").await.unwrap();
    tab.fill("main form input[type=text]", "Never").await.unwrap();
    tab.choose("Validator 2").await.unwrap();
    tab.fill("main form textarea", "Not at all.").await.unwrap();
    tab.click(&id("maintenance-plan")).await.unwrap();
    tab.click(&id("maintenance-cancel")).await.unwrap();
    tab.read("It cannot be planned again; plan another one.").await.unwrap();
    pictures(tab, "maintenance-cancel").await;
    tab.click(&id("maintenance-cancel-send")).await.unwrap();
    tab.until("it is off", "document.querySelector('[data-testid=maintenance-state]').innerText.includes('Cancelled')")
        .await
        .unwrap();
    tab.go(&format!("{}/console/maintenance", scene.muster.base)).await.unwrap();
    tab.read("Over").await.unwrap();
    pictures(tab, "maintenance-list").await;
}
