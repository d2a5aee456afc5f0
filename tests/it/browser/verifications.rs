//! Verifications in a real browser: from the empty page over a schedule and its first proof to one that failed and one that was cancelled. The
//! worker's part is played through the store, as the worker plays it.

use std::time::Duration;

use shared::{
    domain::{
        access::Role,
        actor::Actor,
        verification::{Compared, File, Found, State, verdict},
    },
    timestamp::Timestamp,
};
use store::DueVerification;
use tests::{
    browser::{Chromium, id},
    scene::{PROJECT, Scene, eventually},
};

use super::{pictures, sign_in};

const LEASE: Duration = Duration::from_secs(60);

async fn claimed(scene: &Scene) -> DueVerification {
    let store = &scene.muster.database.worker;
    let claim = async || store.verification_claim("deep", &[PROJECT.to_owned()], None, LEASE).await.unwrap();
    let claimed = std::sync::Mutex::new(None);
    eventually("one waits", async || {
        let due = claim().await;
        let found = due.is_some();
        *claimed.lock().unwrap() = due;
        found
    })
    .await
    .unwrap();
    claimed.into_inner().unwrap().unwrap()
}

fn compared(what: &str, query: &str, production: &str, restored: &str, trouble: Option<&str>) -> Compared {
    Compared {
        what: what.into(),
        query: Some(query.into()),
        production: Some(production.into()),
        restored: Some(restored.into()),
        trouble: trouble.map(str::to_owned),
    }
}

/// What a trial of the database's newest dump came to.
fn found(taken_at: Timestamp, ms: u64, loss: i64, trouble: Option<&str>) -> Vec<Found> {
    let rows = if trouble.is_some() { "212" } else { "48102" };
    let database = Found {
        place: "Database".into(),
        path: "/var/backups/bt2c/db/".into(),
        verified: trouble.is_none(),
        why: trouble.map_or_else(
            || "It could be restored, and holds what it should.".to_owned(),
            |why| format!("Rows of public.blocks: {why}"),
        ),
        file: Some(File {
            name: "20261127T021500Z.sql".into(),
            digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            bytes: 14_680_064,
            taken_at,
        }),
        into: Some("a scratch database from the image postgres:16".into()),
        restored_ms: Some(ms),
        loss_seconds: Some(loss),
        loss_by: Some("the time of the newest row, on both sides".into()),
        beyond: (loss > 300).then(|| "12 min would be lost; the plan promises 5 min.".to_owned()),
        compared: vec![
            compared("Rows of public.blocks", "SELECT count(*) FROM public.blocks", "48137", rows, trouble),
            compared(
                "See up to which block the backup reaches",
                "SELECT MAX(height) FROM blocks",
                "48136",
                "48101",
                None,
            ),
        ],
        log: vec!["made the role reader as production has it: a dump does not bring roles along".into()],
    };
    let config = Found {
        place: "Configuration".into(),
        path: "/var/backups/bt2c/config/".into(),
        verified: true,
        why: "It could be restored, and holds what it should.".into(),
        into: Some("a scratch directory".into()),
        restored_ms: Some(40),
        compared: vec![Compared {
            what: "Files of /app/config".into(),
            query: None,
            production: Some("12".into()),
            restored: Some("12, of which 12 are as they are now".into()),
            trouble: None,
        }],
        loss_seconds: None,
        loss_by: None,
        beyond: None,
        log: vec![],
        file: database.file.clone(),
    };
    vec![database, config]
}

async fn settled(scene: &Scene, due: &DueVerification, found: &[Found]) {
    let (state, why) = verdict(found);
    let by = Actor::Worker { name: "deep".into() };
    assert!(scene.muster.database.worker.verification_settle(&by, due, state, &why, found).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_verified_daily_and_the_proof_is_read() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let store = &scene.muster.database.worker;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &admin, "/console/verifications").await;
    tab.read("Nothing was restored yet").await.unwrap();
    tab.read("No schedule yet").await.unwrap();
    pictures(&tab, "verifications-none").await;
    tab.click(&id("verify-daily")).await.unwrap();
    tab.until("the schedule has asked", "!!document.querySelector('[data-testid=verification][data-state=waiting]')")
        .await
        .unwrap();
    let due = claimed(&scene).await;
    store.verification_hold(&due, LEASE, "Restores the newest backup of Database").await.unwrap();
    tab.read("Restores the newest backup of Database").await.unwrap();
    let taken = due.claimed_at;
    settled(&scene, &due, &found(taken, 41_300, 35, None)).await;
    tab.read("The newest backups of 2 places could be restored.").await.unwrap();
    for (ms, loss, trouble) in
        [(43_100, 61, None), (44_900, 720, None), (2_100, 48, Some("only 212 of 48137 rows came back"))]
    {
        tab.click(&id("verify-now")).await.unwrap();
        let due = claimed(&scene).await;
        settled(&scene, &due, &found(taken, ms, loss, trouble)).await;
        tab.see(&id("verify-now")).await.unwrap();
    }
    tab.until("it is plotted", "document.querySelectorAll('.plot-bar[data-tone=critical]').length === 2")
        .await
        .unwrap();
    pictures(&tab, "verifications").await;

    tab.click(&id("verify-change")).await.unwrap();
    tab.fill("main form input[type=text]", "often").await.unwrap();
    tab.click(&id("verify-save")).await.unwrap();
    tab.read("Write a whole number.").await.unwrap();
    pictures(&tab, "verifications-form").await;
    tab.fill("main form input[type=text]", "12").await.unwrap();
    tab.click(&id("verify-save")).await.unwrap();
    tab.read("Every 12 h").await.unwrap();

    tab.click("[data-testid=verification][data-state=failed] a").await.unwrap();
    tab.see("[data-testid=verified-place][data-verified=false]").await.unwrap();
    tab.read("only 212 of 48137 rows came back").await.unwrap();
    pictures(&tab, "verification").await;

    tab.go(&format!("{}/console/verifications", scene.muster.base)).await.unwrap();
    tab.click(&id("verify-now")).await.unwrap();
    let due = claimed(&scene).await;
    tab.go(&format!("{}/console/verifications/{}", scene.muster.base, due.id)).await.unwrap();
    tab.click(&id("verification-cancel")).await.unwrap();
    tab.read("Its worker is being told to end it.").await.unwrap();
    assert_eq!(store.verification_hold(&due, LEASE, "").await.unwrap(), store::Held::Cancelled);
    let by = Actor::Worker { name: "deep".into() };
    let why = "It was cancelled while it was under way.";
    assert!(store.verification_settle(&by, &due, State::Cancelled, why, &[]).await.unwrap());
    tab.see("[data-testid=verification-state][data-state=cancelled]").await.unwrap();
    // What it means for readiness.
    tab.go(&format!("{}/console/readiness", scene.muster.base)).await.unwrap();
    tab.read("Backups, restored on trial").await.unwrap();
    pictures(&tab, "readiness-backups").await;
}
