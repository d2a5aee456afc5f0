//! The database goes away and comes back while somebody looks: the pages say so, and nobody has to press anything.

use tests::{
    browser::{Chromium, id},
    scene::Scene,
};

use super::{pictures, sign_in};

const AWAY: &str = "database does not answer";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_opened_while_the_database_is_away_is_there_when_it_is_back() {
    let scene = Scene::set().await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.responder, "/console").await;
    tab.read("All quiet").await.unwrap();

    scene.muster.database.cut().await.unwrap();
    tab.key("c").await.unwrap();
    tab.read(AWAY).await.unwrap();
    tab.read("asked for again every few seconds").await.unwrap();
    pictures(&tab, "outage-page").await;
    scene.muster.database.mend().await.unwrap();
    tab.see(&id("declare-submit")).await.unwrap();
    tab.until("nothing is said of it any more", "!document.querySelector('#content [data-testid=error]')")
        .await
        .unwrap();

    // The console as a whole.
    scene.muster.database.cut().await.unwrap();
    tab.go(&format!("{}/console/incidents/new", scene.muster.base)).await.unwrap();
    tab.read(AWAY).await.unwrap();
    pictures(&tab, "outage-console").await;
    scene.muster.database.mend().await.unwrap();
    tab.see(&id("declare-submit")).await.unwrap();
    chromium.close().await.unwrap();
}
