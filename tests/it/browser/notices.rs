//! A notice on the overview: loud and live until acknowledged, then quiet with who has read it. Also what a question about backups
//! looks like with files in it.

use shared::{
    api::run::RunRequestIn,
    domain::{
        run::RunState,
        sight::{FileSeen, Sight},
    },
};
use tests::{
    browser::{Chromium, id},
    scene::{PROJECT, Scene, plan},
};
use uuid::Uuid;

use super::{pictures, sign_in};

const TEXT: &str = "Somebody who should not have access to BT2C had it. All its services are stopped.";
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_loud_until_it_is_acknowledged() {
    let more =
        format!("\n## Telling\n\n```bash {{id=tell}}\ndocker-compose ps\nmuster notify everyone \"{TEXT}\"\n```\n");
    let scene = Scene::with_plan(&(plan().unwrap() + &more)).await.unwrap();
    let _worker = scene.worker();
    let incident = scene.declared().await.unwrap().number;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.approver, "/console").await;
    tab.read("Open incidents").await.unwrap();
    assert!(!tab.text("body").await.unwrap().contains("For you"));

    let body = RunRequestIn::of("tell");
    let run = scene.operator.api.request_run(incident, &body, &Uuid::new_v4().to_string()).await.unwrap();
    // Nobody touches the page: it hears.
    tab.read("For you").await.unwrap();
    tab.read(TEXT).await.unwrap();
    tab.read("Nobody has acknowledged it yet").await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    pictures(&tab, "notice-loud").await;
    scene.responder.api.acknowledge_notice(1).await.unwrap();
    tab.read("Acknowledged by Test responder").await.unwrap();

    tab.tab_to(&id("notice-acknowledge")).await.unwrap();
    tab.key("Enter").await.unwrap();
    tab.read("Acknowledged by Test responder").await.unwrap();
    tab.read("Test approver").await.unwrap();
    tab.until(
        "it is quiet",
        "!document.querySelector('.notice-card.loud') && !document.querySelector('[data-testid=notice-acknowledge]')",
    )
    .await
    .unwrap();
    pictures(&tab, "notice-quiet").await;
    tab.press(&format!("Run {}, step 2", run.number)).await.unwrap();
    tab.read("notified everyone: 3 people").await.unwrap();
    tab.go(&format!("{}/console/incidents/{incident}", scene.muster.base)).await.unwrap();
    tab.read("Notified everyone").await.unwrap();
    tab.read("Notice acknowledged").await.unwrap();
    pictures(&tab, "notice-timeline").await;
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_chosen_by_when_it_was_written_in_the_readers_zone() {
    let scene = Scene::set().await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let now = scene.muster.store.now().await.unwrap();
    let file = |name: &str, bytes, age: i64| {
        let modified_at = shared::timestamp::Timestamp::from_unix_ms(now.unix_ms() - age * 1000);
        FileSeen { name: name.into(), bytes, modified_at }
    };
    let files = vec![
        file("latest.sql", 412_000, 240),
        file("bt2c-20261126T120000Z.sql", 412_000, 240),
        file("bt2c-20261126T060000Z-before-the-upgrade-of-the-validators.sql", 9_800_000, 26_000),
        file("bt2c-20260922T060000Z.sql", 900, 5_700_000),
    ];
    let sight =
        Sight { host: "SIMULATED".into(), files: [("/var/backups/bt2c".to_owned(), files)].into(), ..Sight::default() };
    scene.muster.database.worker.sight_put(PROJECT, "nobody", &sight).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, &format!("/console/incidents/{incident}")).await;
    tab.zone("Asia/Kathmandu").await.unwrap();
    tab.go(&format!("{}/console/incidents/{incident}", scene.muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.until("all procedures are shown", "[...document.querySelectorAll('details')].every(d => d.open = true)")
        .await
        .unwrap();
    tab.click(&id("procedure-database-recovery")).await.unwrap();
    tab.see("dialog[open] time.moment").await.unwrap();
    let shown =
        "[...document.querySelectorAll('dialog[open] time.moment')].map(e => [e.dateTime, e.innerText, e.title])";
    let shown: Vec<(String, String, String)> = tab.eval(shown).await.unwrap();
    assert_eq!(shown.len(), 4);
    let instant = now.unix_ms() - 240_000;
    let there = format!(
        "new Intl.DateTimeFormat('en-GB', {{day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Kathmandu'}}).format({instant})"
    );
    let there: String = tab.eval(&there).await.unwrap();
    let (utc, text, exact) = &shown[0];
    assert!(utc.ends_with('Z') && text.starts_with(&there) && text.contains("4 min ago"), "{shown:?}, not {there}");
    assert!(exact.contains("GMT+5:45"), "{exact}");
    pictures(&tab, "backups").await;
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
