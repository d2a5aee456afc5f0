//! The page of secrets: what the plan misses, setting, replacing and deleting; no value is on the page afterwards.

use shared::domain::access::Role;
use tests::{
    browser::{Chromium, id},
    scene::{PROJECT, Scene, plan},
};

use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_set_replaced_and_deleted_on_its_page() {
    let text = plan().unwrap() + "\n## Use it\n\n```bash {id=use-it secrets=DB_PASSWORD}\n./scripts/use.sh\n```\n";
    let scene = Scene::with_plan(&text).await.unwrap();
    let administrator = scene.muster.persona(Role::Administrator).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &administrator, "/console/plan").await;
    tab.click(&id("plan-secrets")).await.unwrap();
    tab.read("The plan names these, and they are not set").await.unwrap();
    pictures(&tab, "secrets-missing").await;
    tab.press("Set it").await.unwrap();
    tab.fill("dialog[open] textarea", "tiny").await.unwrap();
    tab.click(&format!("dialog[open] {}", id("secret-send"))).await.unwrap();
    tab.read("The value has fewer than 6 characters").await.unwrap();
    pictures(&tab, "secrets-dialog").await;
    tab.fill("dialog[open] textarea", "hunter22 of the browser").await.unwrap();
    tab.click(&format!("dialog[open] {}", id("secret-send"))).await.unwrap();
    tab.until("it is listed", "document.querySelector('[data-testid=secrets]')?.innerText.includes('DB_PASSWORD')")
        .await
        .unwrap();
    tab.read("Use it").await.unwrap();
    pictures(&tab, "secrets-set").await;
    let held = "[...document.querySelectorAll('input, textarea')].map(e => e.value).join() + document.documentElement.outerHTML";
    assert!(!tab.eval::<String>(held).await.unwrap().contains("hunter22"));

    tab.press("Replace").await.unwrap();
    tab.read("Replace DB_PASSWORD").await.unwrap();
    tab.fill("dialog[open] textarea", "another of the browser").await.unwrap();
    tab.click(&format!("dialog[open] {}", id("secret-send"))).await.unwrap();
    tab.until("it is the second", "document.querySelector('[data-testid=secrets] td')?.innerText.trim() === '2'")
        .await
        .unwrap();
    assert_eq!(administrator.api.secrets(PROJECT).await.unwrap().items[0].version, 2);
    tab.press("Delete").await.unwrap();
    tab.click(&format!("dialog[open] {}", id("secret-delete"))).await.unwrap();
    tab.read("The plan names these, and they are not set").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
