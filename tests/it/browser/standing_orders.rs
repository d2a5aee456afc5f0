//! Standing orders in a real browser: proposed by one, consented to by another, seen to help, and stopped with one button.

use shared::{
    api::monitor::MonitorsIn,
    domain::{access::Role, run::RunState, standing_order::UseState},
};
use tests::{
    browser::{Chromium, id},
    scene::{PROJECT, Scene, VALIDATOR1, eventually},
};
use worker::host::ContainerState;

use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_happen_by_itself_is_proposed_consented_to_seen_and_stopped() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    let monitors: MonitorsIn = serde_json::from_value(serde_json::json!({"monitors": [{
        "name": "Validator 1", "every_seconds": 5, "timeout_seconds": 5, "retries": 0, "component": "validator1",
        "check": {"kind": "container", "service": "validator1"},
    }]}))
    .unwrap();
    admin.api.make_monitors(PROJECT, &monitors).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, "/console/standing-orders").await;
    tab.read("Nothing happens by itself").await.unwrap();
    pictures(&tab, "orders-none").await;
    tab.click(&id("order-new")).await.unwrap();
    tab.see(&id("order-form")).await.unwrap();
    tab.click(&id("order-send")).await.unwrap();
    tab.read("The name must not be empty.").await.unwrap();
    tab.fill("main form input[type=text]", "Restart validator 1").await.unwrap();
    tab.until(
        "the plan's own words are its reason",
        "document.querySelector('main form textarea').value.includes('Single Node')",
    )
    .await
    .unwrap();
    pictures(&tab, "order-form").await;
    tab.click(&id("order-send")).await.unwrap();
    tab.see("[data-testid=order][data-state=proposed]").await.unwrap();
    tab.read("you need the role approver").await.unwrap();
    pictures(&tab, "orders-proposed").await;

    let second = Chromium::launch().await.unwrap();
    let other = sign_in(&second, &scene, &scene.approver, "/console/standing-orders").await;
    other.click(&id("order-approve")).await.unwrap();
    other.see("[data-testid=order][data-state=in-force]").await.unwrap();
    let _worker = scene.worker();
    let number = scene.operator.api.standing_orders().await.unwrap().items[0].number;
    let newest = async || {
        let all = scene.operator.api.standing_orders().await.unwrap().items;
        all.into_iter().find(|one| one.number == number).and_then(|one| one.uses.into_iter().next())
    };
    scene.host.kill(VALIDATOR1);
    eventually("it was begun", async || newest().await.is_some_and(|one| one.run.is_some())).await.unwrap();
    let run = newest().await.unwrap().run.unwrap();
    scene.until(run, RunState::Succeeded).await.unwrap();
    eventually("it helped", async || newest().await.is_some_and(|one| one.state == UseState::Helped)).await.unwrap();
    tab.see("[data-testid=order-use][data-state=helped]").await.unwrap();
    pictures(&tab, "orders").await;
    tab.go(&format!("{}/console/runs/{run}", scene.muster.base)).await.unwrap();
    tab.see(&id("run-automatic")).await.unwrap();
    tab.see(&id("run-times")).await.unwrap();
    pictures(&tab, "run-automatic").await;

    // Another run of the same procedure: too little is known to say when it ends, and that is said.
    let incident = newest().await.unwrap().incident;
    let asked = scene.request(incident).await.unwrap();
    scene.until(asked.number, RunState::AwaitingApproval).await.unwrap();
    tab.go(&format!("{}/console/runs/{}", scene.muster.base, asked.number)).await.unwrap();
    tab.see(&id("forecast")).await.unwrap();
    tab.read("1 past run").await.unwrap();
    pictures(&tab, "forecast-unknown").await;

    other.click(&id("hands-off")).await.unwrap();
    other.see("dialog[open] textarea").await.unwrap();
    pictures(&other, "hands-off").await;
    other.fill("dialog[open] textarea", "we look at it ourselves").await.unwrap();
    other.click(&id("hands-off-send")).await.unwrap();
    other.see("[data-testid=order][data-state=suspended]").await.unwrap();
    other.read("we look at it ourselves").await.unwrap();
}
