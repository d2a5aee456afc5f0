//! Whom to call, in a real browser: a drill of the contact tree, quiet hours, and a call that is answered from the mail by somebody who
//! is not signed in.

use tests::{
    browser::{Chromium, Tab, id},
    scene::eventually,
};

use super::{pictures, sign_in_at};
use crate::team::Team;

async fn link(team: &Team, email: &str, subject: &str) -> String {
    let mail = || team.mail.to(email).into_iter().find(|mail| mail.subject.starts_with(subject));
    eventually("the mail came", async || mail().is_some()).await.unwrap();
    let text = mail().unwrap().text;
    text.split_whitespace().find(|word| word.contains("/answer/")).unwrap().to_owned()
}

async fn stranger(chromium: &Chromium, address: &str) -> Tab {
    let tab = chromium.open(address).await.unwrap();
    tab.see("main.sign-in").await.unwrap();
    tab
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tree_is_rehearsed_and_a_call_is_answered_from_the_mail() {
    let team = Team::set().await;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in_at(&chromium, &team.muster.base, &team.dora, "/console/plan/bt2c/contacts").await;
    tab.read("Never rehearsed.").await.unwrap();
    tab.click(&id("drill")).await.unwrap();
    tab.read("3 people get a message now that says DRILL").await.unwrap();
    pictures(&tab, "contacts-drill-begin").await;
    tab.click(&id("drill-begin")).await.unwrap();
    tab.read("0 of 3 answered within").await.unwrap();

    // In a browser that knows nothing of Muster, without script.
    let phone = Chromium::launch().await.unwrap();
    let bobs = stranger(&phone, &link(&team, "bob@example.org", "DRILL").await).await;
    pictures(&bobs, "answer-drill").await;
    bobs.press("I can be reached").await.unwrap();
    bobs.read("Answered.").await.unwrap();
    tab.read("1 of 3 answered within").await.unwrap();
    tab.read("Answered in time").await.unwrap();
    pictures(&tab, "contacts-drill").await;

    let account = sign_in_at(&phone, &team.muster.base, &team.ada, "/console/account").await;
    account.read("None: you are called at any hour.").await.unwrap();
    let zone = account.eval::<String>("document.querySelectorAll('[data-testid=quiet] input')[2].value").await.unwrap();
    assert!(!zone.is_empty(), "the browser's own zone stands there");
    account.click(&id("quiet-save")).await.unwrap();
    account.read(&format!("Quiet from 22:00 to 07:00 ({zone}).")).await.unwrap();
    pictures(&account, "account-reached").await;
    account.press("End quiet hours").await.unwrap();
    account.read("None: you are called at any hour.").await.unwrap();

    let incident = team.declare(3).await;
    tab.go(&format!("{}/console/incidents/{incident}", team.muster.base)).await.unwrap();
    tab.read("Who was called").await.unwrap();
    let adas = stranger(&phone, &link(&team, "ada@example.org", "Level 3").await).await;
    adas.read("Nobody has it yet.").await.unwrap();
    pictures(&adas, "answer-call").await;
    adas.press("I have it").await.unwrap();
    adas.read("You have answered.").await.unwrap();
    pictures(&adas, "answer-called").await;
    tab.read("Acknowledged").await.unwrap();
    pictures(&tab, "incident-called").await;
}
