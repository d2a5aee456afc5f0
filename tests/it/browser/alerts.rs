//! A source of alerts is made in the browser, tried, and sends; the alert and its incident appear by themselves.

use serde_json::json;
use tests::{
    browser::{Chromium, id},
    scene::Scene,
};

use super::{pictures, sign_in};
use shared::{
    api::alert::{SourceChangeIn, SourceSettingsIn},
    domain::access::Role,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_made_with_a_rule_and_what_it_sends_becomes_an_incident() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &admin, "/console/alerts").await;
    tab.read("Nothing fires").await.unwrap();
    pictures(&tab, "alerts-none").await;
    tab.go(&format!("{}/console/alerts/sources", scene.muster.base)).await.unwrap();
    tab.click(&id("source-new")).await.unwrap();
    tab.see(&id("rule-add")).await.unwrap();
    tab.fill(".source-form input[type=text]", "Prometheus").await.unwrap();
    tab.choose_option(".source-form select", "generic").await.unwrap();
    tab.click(&id("rule-add")).await.unwrap();
    tab.see(&id("rule")).await.unwrap();
    tab.click(&id("condition-add")).await.unwrap();
    tab.see(".condition").await.unwrap();
    tab.fill(".condition .field:nth-of-type(1) input", "severity").await.unwrap();
    tab.fill(".condition .field:nth-of-type(3) input", "critical").await.unwrap();
    tab.choose("Validator 1").await.unwrap();
    let alert = json!({
        "key": "disk", "title": "The disk of validator 1 is full", "labels": {"severity": "critical", "host": "validator1"},
        "text": "0 bytes left since 03:12.\nThe node cannot write blocks.", "url": "https://metrics.example/disk",
    });
    tab.eval::<bool>(
        "document.querySelectorAll('.source-form details').forEach((d) => d.open = /Try/.test(d.textContent)), true",
    )
    .await
    .unwrap();
    tab.fill(".source-form details[open] textarea", &alert.to_string()).await.unwrap();
    tab.click(&id("source-try")).await.unwrap();
    tab.see(&id("tried")).await.unwrap();
    assert!(tab.text(&id("tried")).await.unwrap().contains("Rule 1: Declares an incident of level 1."));
    pictures(&tab, "alert-source").await;
    tab.click(&id("source-save")).await.unwrap();
    tab.see(&id("secret-once")).await.unwrap();
    let address = tab.text(&id("secret-once")).await.unwrap();
    pictures(&tab, "alert-source-made").await;

    send(&address, &alert).await;
    let other = json!({"key": "cert", "title": "A certificate ends in 20 days", "labels": {"severity": "warning"}});
    send(&address, &other).await;
    tab.go(&format!("{}/console/alerts", scene.muster.base)).await.unwrap();
    tab.read("The disk of validator 1 is full").await.unwrap();
    // Live: the next one comes without a reload.
    send(&address, &json!({"key": "late", "title": "Only just now"})).await;
    tab.read("Only just now").await.unwrap();
    pictures(&tab, "alerts").await;
    tab.press("incident 1").await.unwrap();
    tab.see(&id("incident-alerts")).await.unwrap();
    send(&address, &json!({"key": "disk", "state": "ok"})).await;
    tab.read("No alert fires any more").await.unwrap();
    pictures(&tab, "incident-of-alert").await;
    tab.go(&format!("{}/console/alerts/sources", scene.muster.base)).await.unwrap();
    tab.see(&id("sources")).await.unwrap();
    pictures(&tab, "alert-sources").await;

    // Somebody else mutes the source while its new address is shown, which is shown once.
    tab.press("New address").await.unwrap();
    tab.press("Replace the address").await.unwrap();
    tab.see(&id("secret-once")).await.unwrap();
    let renewed = tab.text(&id("secret-once")).await.unwrap();
    let before = tab.answers("/alert-sources").await.unwrap();
    let source = admin.api.alert_sources().await.unwrap().items.remove(0);
    let muted_until = source.heard_at.map(|at| at.plus_seconds(86_400));
    let settings = SourceSettingsIn { muted_until, ..source.settings };
    admin.api.change_alert_source(source.id, &SourceChangeIn { version: source.version, settings }).await.unwrap();
    tab.fetched_again("/alert-sources", before).await.unwrap();
    assert_eq!(tab.text(&id("secret-once")).await.unwrap(), renewed);
    tab.press("Done").await.unwrap();
    tab.read("muted until").await.unwrap();
    send(&renewed, &json!({"key": "again", "title": "Heard at the new address"})).await;
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
}

async fn send(address: &str, alert: &serde_json::Value) {
    let answer = reqwest::Client::new().post(address.trim()).json(alert).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}
