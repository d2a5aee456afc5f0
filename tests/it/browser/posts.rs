//! Telling the public in a real browser: a text is kept, begun with, looked at, scheduled, taken back, and one is added afterwards.

use tests::{
    browser::{Chromium, id},
    scene::Scene,
};

use super::{pictures, sign_in};
use shared::{
    api::post::{RescheduleIn, ScheduleIn},
    domain::text::Message,
};

const SHOWN: &str = "document.querySelector('[data-testid=preview]').shadowRoot";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_is_begun_with_a_kept_text_looked_at_and_scheduled() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, "/console/status-page/texts").await;
    tab.read("No text is kept yet").await.unwrap();
    tab.click(&id("template-add")).await.unwrap();
    tab.click(&id("template-save")).await.unwrap();
    tab.read("The name must not be empty.").await.unwrap();
    tab.fill("dialog[open] input[type=text]", "We know why").await.unwrap();
    tab.choose_option("dialog[open] select", "identified").await.unwrap();
    tab.fill(
        "dialog[open] textarea",
        "We know why {{components}} does not work. Next update: {{next_update}}. {{kept}}",
    )
    .await
    .unwrap();
    pictures(&tab, "template-form").await;
    tab.click(&id("template-save")).await.unwrap();
    tab.see(&id("template")).await.unwrap();
    pictures(&tab, "templates").await;

    tab.go(&format!("{}/console/incidents/{n}", scene.muster.base)).await.unwrap();
    tab.press("Post public update").await.unwrap();
    tab.see(&id("post-template")).await.unwrap();
    let kept = scene.operator.api.templates().await.unwrap().items.remove(0).id.to_string();
    tab.choose_option(&format!("{} select", id("post-template")), &kept).await.unwrap();
    tab.until(
        "it is filled in",
        "document.querySelector('dialog[open] textarea').value.startsWith('We know why Validator 1 does')",
    )
    .await
    .unwrap();
    tab.click(&id("post-preview")).await.unwrap();
    tab.until("it is shown", &format!("!!{SHOWN}?.textContent.includes('{{{{kept}}}}')")).await.unwrap();
    // In the page's own style, not in the console's.
    let bold = format!("getComputedStyle({SHOWN}.querySelector('.headline')).borderLeftWidth");
    assert_eq!(tab.eval::<String>(&bold).await.unwrap(), "8px");
    pictures(&tab, "post-preview").await;
    let follow = format!("(() => {{ {SHOWN}.querySelector('a').click(); return location.pathname; }})()");
    assert_eq!(tab.eval::<String>(&follow).await.unwrap(), format!("/console/incidents/{n}"), "its links lead nowhere");
    tab.click(&id("post-later")).await.unwrap();
    tab.read("Post it at").await.unwrap();
    pictures(&tab, "post-later").await;
    tab.click(&id("update-submit")).await.unwrap();
    tab.see(&id("scheduled-post")).await.unwrap();
    tab.read("Public update 1 scheduled for").await.unwrap();
    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    tab.size(360, 780).await.unwrap();
    assert!(!tab.eval::<bool>(wide).await.unwrap(), "nothing is wider than a phone");
    pictures(&tab, "post-scheduled").await;
    tab.click(&id("scheduled-change")).await.unwrap();
    tab.fill("dialog[open] textarea", "It is being restarted.").await.unwrap();
    // Somebody else is faster: what is typed stays, and does not replace what they wrote unseen.
    let one = scene.operator.api.scheduled_posts(n).await.unwrap().items.remove(0);
    let text = Message::parse("It restarts.").unwrap();
    let post = ScheduleIn { state: one.state, text, publish_at: one.publish_at, notify: false };
    let before = tab.answers("/scheduled-posts").await.unwrap();
    scene.operator.api.reschedule_post(n, one.number, &RescheduleIn { post, version: one.version }).await.unwrap();
    tab.read("Scheduled update 1 changed").await.unwrap();
    tab.fetched_again("/scheduled-posts", before).await.unwrap();
    let typed = "document.querySelector('dialog[open] textarea').value";
    assert_eq!(tab.eval::<String>(typed).await.unwrap(), "It is being restarted.");
    tab.click(&id("scheduled-save")).await.unwrap();
    tab.read("Somebody has changed this update since you opened it.").await.unwrap();
    tab.press("Cancel").await.unwrap();
    let row = format!("document.querySelector('{} .scheduled-text').innerText", id("scheduled-post"));
    tab.until("its row says what they wrote", &format!("{row} === 'It restarts.'")).await.unwrap();
    tab.click(&id("scheduled-change")).await.unwrap();
    tab.fill("dialog[open] textarea", "It is being restarted.").await.unwrap();
    tab.click(&id("scheduled-save")).await.unwrap();
    tab.until("its row says so", &format!("{row} === 'It is being restarted.'")).await.unwrap();
    tab.click(&id("scheduled-cancel")).await.unwrap();
    tab.read("Scheduled update 1 cancelled").await.unwrap();

    tab.press("Post public update").await.unwrap();
    tab.fill("dialog[open] textarea", "It was slow before.").await.unwrap();
    tab.click(&id("post-afterwards")).await.unwrap();
    tab.read("It was so at").await.unwrap();
    tab.click(&id("update-submit")).await.unwrap();
    tab.read("Told the public afterwards").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();

    let visitors = Chromium::launch().await.unwrap();
    let visitor = visitors.open(&format!("{}/incidents/{n}", scene.muster.base)).await.unwrap();
    visitor.read("added later").await.unwrap();
    pictures(&visitor, "post-afterwards").await;
    visitors.close().await.unwrap();
}
