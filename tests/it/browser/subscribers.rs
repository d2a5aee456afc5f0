//! Updates by mail in a real browser: a visitor asks, follows the link, presses the button. And who they are, in the console.

use shared::domain::access::Role;
use tests::{
    browser::{Chromium, id},
    mailbox::MailServer,
    muster::Muster,
    scene::{Scene, eventually, host, plan},
};

use super::{pictures, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_asks_for_updates_and_confirms_them() {
    let mail = MailServer::start().unwrap();
    let settings = server::outbox::mail::MailSettings::parse(&mail.url, Some("Status <status@example.org>"), None);
    let muster = Muster::start_with(|to| to.mail = Some(settings.unwrap())).await.unwrap();
    muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
    let chief = muster.local("chief@example.org", Role::Administrator).await.unwrap();
    let (responder, operator, approver) = tokio::try_join!(
        muster.persona(Role::Responder),
        muster.persona(Role::Operator),
        muster.persona(Role::Approver)
    )
    .unwrap();
    let scene = Scene { muster, host: host(), responder, operator, approver };
    let chromium = Chromium::launch().await.unwrap();
    let page = chromium.open("about:blank").await.unwrap();
    page.go(&format!("{}/", scene.muster.base)).await.unwrap();
    page.click("a[href='/subscribe']").await.unwrap();
    page.see("#email").await.unwrap();
    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    page.size(360, 780).await.unwrap();
    assert!(!page.eval::<bool>(wide).await.unwrap(), "nothing is wider than a phone");
    pictures(&page, "subscribe").await;
    page.fill("#email", "ada@example.org").await.unwrap();
    page.click("form button").await.unwrap();
    page.read("Look into your mail").await.unwrap();
    eventually("the mail is there", async || !mail.to("ada@example.org").is_empty()).await.unwrap();
    let text = mail.to("ada@example.org").remove(0).text;
    let link = text.split_whitespace().find(|word| word.contains("/subscribe/")).unwrap();
    let path = &link[link.find("/subscribe/").unwrap()..];
    page.go(&format!("{}{path}", scene.muster.base)).await.unwrap();
    page.read("Get updates by mail?").await.unwrap();
    pictures(&page, "subscribe-confirm").await;
    page.click("form button").await.unwrap();
    page.read("You get updates").await.unwrap();

    let tab = sign_in(&chromium, &scene, &chief, "/console/status-page/subscribers").await;
    tab.read("1 subscriber gets updates.").await.unwrap();
    tab.click(&id("subscribers-show")).await.unwrap();
    tab.read("ada@example.org").await.unwrap();
    pictures(&tab, "subscribers").await;
    tab.press("Remove").await.unwrap();
    tab.click(&id("subscriber-remove")).await.unwrap();
    tab.read("Nobody gets updates yet").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
