//! Monitors in a real browser: taken over from the plan, seen to go down, changed, removed.

use shared::{
    api::monitor::MonitorsIn,
    domain::{access::Role, monitor::State},
};
use tests::{
    browser::{Chromium, id},
    scene::{PROJECT, Scene, VALIDATOR1, eventually},
};
use worker::host::ContainerState;

use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_plan_offers_is_watched_and_what_goes_down_is_seen() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    let _worker = scene.worker();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &admin, "/console/monitors").await;
    tab.read("Nothing is watched yet").await.unwrap();
    tab.read("Recovery points that nothing measures").await.unwrap();
    pictures(&tab, "monitors-none").await;
    tab.click(&id("monitors-watch")).await.unwrap();
    tab.until("the validators are up", "document.querySelectorAll('[data-testid=monitor][data-state=up]').length >= 3")
        .await
        .unwrap();
    // A form that says what is missing, and keeps what was typed.
    tab.click(&id("monitor-new")).await.unwrap();
    tab.fill("main form input[type=text]", "Heights").await.unwrap();
    tab.click(&id("monitor-save")).await.unwrap();
    tab.read("The name must not be empty.").await.unwrap();
    pictures(&tab, "monitor-form").await;
    // A certificate comes with what is usual for one, and takes it away again.
    let limits = "[...document.querySelectorAll('.monitor-form input')].map(i => i.value).filter(v => ['21', '7', '3600'].includes(v)).length";
    tab.choose_option(".monitor-form select", "certificate").await.unwrap();
    tab.until("the usual limits are there", &format!("{limits} === 3")).await.unwrap();
    pictures(&tab, "monitor-form-certificate").await;
    tab.choose_option(".monitor-form select", "http").await.unwrap();
    tab.until("they are gone", &format!("{limits} === 0")).await.unwrap();
    let lag: MonitorsIn = serde_json::from_value(serde_json::json!({"monitors": [{
        "name": "Heights", "every_seconds": 5, "timeout_seconds": 5, "retries": 0,
        "check": {"kind": "metric", "url": "http://localhost:8081/api/v1/metrics", "filter": "height"},
        "warn": {"is": "above", "value": 1_000_000.0},
    }]}))
    .unwrap();
    let made = admin.api.make_monitors(PROJECT, &lag).await.unwrap().items.remove(0);
    let known = async || admin.api.monitor(made.id).await.unwrap().day_checks >= 2;
    eventually("it has looked twice", known).await.unwrap();
    scene.host.kill(VALIDATOR1);
    let down = async || admin.api.monitor(made.id).await.unwrap().state == State::Down;
    eventually("it is down", down).await.unwrap();
    tab.go(&format!("{}/console/monitors", scene.muster.base)).await.unwrap();
    tab.until("what is down comes first", "document.querySelector('[data-testid=monitor]')?.dataset.state === 'down'")
        .await
        .unwrap();
    pictures(&tab, "monitors").await;
    tab.go(&format!("{}/console/monitors/{}", scene.muster.base, made.id)).await.unwrap();
    tab.read("What changed").await.unwrap();
    tab.until("it is plotted", "document.querySelectorAll('.plot-bar[data-tone=critical]').length > 0").await.unwrap();
    pictures(&tab, "monitor").await;
    tab.click(&id("monitor-pause")).await.unwrap();
    tab.read("Go on").await.unwrap();
    tab.click(&id("monitor-edit")).await.unwrap();
    tab.see(&id("monitor-save")).await.unwrap();
    tab.click(&id("monitor-remove")).await.unwrap();
    pictures(&tab, "monitor-remove").await;
    tab.click(&id("monitor-remove-send")).await.unwrap();
    tab.until("back at the list", "location.pathname === '/console/monitors'").await.unwrap();
    assert!(admin.api.monitors().await.unwrap().items.iter().all(|m| m.id != made.id));

    // What of it counts for readiness, and what its links lead to.
    tab.go(&format!("{}/console/readiness", scene.muster.base)).await.unwrap();
    tab.see(&id("readiness")).await.unwrap();
    pictures(&tab, "readiness").await;
    let on_the_plan = "location.hash.startsWith('#line-') && !!document.getElementById(location.hash.slice(1))";
    let at_its_drill = "location.pathname === '/console/drills' && location.search.includes('procedure=')";
    let at_its_order =
        "location.pathname === '/console/standing-orders/new' && [...document.querySelectorAll('main select')]
        .some(select => select.value === new URLSearchParams(location.search).get('procedure'))";
    for (link, there) in
        [("See the line", on_the_plan), ("Rehearse it", at_its_drill), ("Propose an order", at_its_order)]
    {
        tab.go(&format!("{}/console/readiness", scene.muster.base)).await.unwrap();
        tab.see(&id("readiness")).await.unwrap();
        let press =
            format!("[...document.querySelectorAll('main a')].find(a => a.innerText === {link:?}).click(), true");
        assert!(tab.eval::<bool>(&press).await.unwrap());
        tab.until("the link leads to its place", there).await.unwrap();
    }
    // Nothing was rehearsed yet: the overview says what comes first.
    tab.go(&format!("{}/console", scene.muster.base)).await.unwrap();
    tab.see(&id("first-drill")).await.unwrap();
    pictures(&tab, "first-drill").await;
    scene.declared().await.unwrap();
    tab.go(&format!("{}/console/statistics", scene.muster.base)).await.unwrap();
    tab.see(&id("statistics")).await.unwrap();
    pictures(&tab, "statistics").await;
}
