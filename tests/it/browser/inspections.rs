//! A review of access and an audit of security in a real browser: begun on the page of drills, decided, signed off.

use shared::domain::{
    access::Role,
    inspection::{Decision, Kind},
};
use tests::{
    browser::{Chromium, id},
    scene::{Scene, eventually},
};

use super::{pictures, sign_in};
use crate::access_review::decide_the_rest;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_is_reviewed_and_security_audited_from_the_page_of_drills() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &admin, "/console/drills").await;
    tab.read("Both are evidence once they are signed off").await.unwrap();
    tab.read("Audit who has access").await.unwrap();
    pictures(&tab, "inspections-none").await;

    // What the plan asks for is planned with one press, and changed in its place.
    tab.click(&id("drill-promise-plan")).await.unwrap();
    tab.see(&id("drill-plan-form")).await.unwrap();
    tab.click(&id("drill-plan-send")).await.unwrap();
    tab.see(&id("drill-schedule")).await.unwrap();
    tab.click(&id("drill-schedule-change")).await.unwrap();
    tab.choose_option("dialog[open] select", "quarterly").await.unwrap();
    pictures(&tab, "drill-change").await;
    tab.click(&id("drill-schedule-save")).await.unwrap();
    tab.read("Every quarter").await.unwrap();

    tab.click(&id("access-review-begin")).await.unwrap();
    tab.see(&id("inspection-line")).await.unwrap();
    tab.read("This is your own account").await.unwrap();
    pictures(&tab, "access-review").await;
    // What stands out needs a note.
    tab.click("[data-testid=inspection-line]:has(.inspection-mark) [data-testid=inspection-remove]").await.unwrap();
    tab.fill("dialog[open] textarea", "").await.unwrap();
    tab.click(&format!("dialog[open] {}", id("inspection-note-send"))).await.unwrap();
    tab.read("Write a note").await.unwrap();
    tab.fill("dialog[open] textarea", "Has left.").await.unwrap();
    pictures(&tab, "access-review-note").await;
    tab.click(&format!("dialog[open] {}", id("inspection-note-send"))).await.unwrap();
    tab.read("Still as it was.").await.unwrap();
    let number = admin.api.inspections("bt2c").await.unwrap().items[0].number;
    decide_the_rest(&admin, number, Decision::Keep).await;
    decide_the_rest(&scene.approver, number, Decision::Keep).await;
    tab.until("all is decided", "!document.querySelector('[data-testid=inspection-sign-off]').disabled").await.unwrap();
    tab.click(&id("inspection-sign-off")).await.unwrap();
    tab.fill("dialog[open] textarea", "One account goes.").await.unwrap();
    tab.click(&id("inspection-sign-off-send")).await.unwrap();
    tab.read("Signed off").await.unwrap();
    pictures(&tab, "access-review-signed").await;

    tab.go(&format!("{}/console/drills", scene.muster.base)).await.unwrap();
    tab.click(&id("security-audit-begin")).await.unwrap();
    tab.read("Image").await.unwrap();
    let audit = async || {
        let all = admin.api.inspections("bt2c").await.unwrap().items;
        let one = all.into_iter().find(|one| one.kind == Kind::SecurityAudit).unwrap();
        admin.api.inspection(one.number).await.unwrap().looked_at.is_some()
    };
    eventually("a worker has looked", audit).await.unwrap();
    tab.read("Looked at the host").await.unwrap();
    pictures(&tab, "security-audit").await;
    tab.go(&format!("{}/console/drills", scene.muster.base)).await.unwrap();
    tab.see(&id("inspection-row")).await.unwrap();
    pictures(&tab, "inspections").await;
}
