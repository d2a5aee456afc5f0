//! Real Chromium against a real Muster. The story of a night, and what the pages must be for those who are not well equipped.

mod accessible;
mod alerts;
mod audit;
mod brakes;
mod by_hand;
mod called;
mod consent;
mod door;
mod drills;
mod editor;
mod hostile;
mod inspections;
mod links;
mod maintenance;
mod monitors;
mod notices;
mod outage;
mod output;
mod posts;
mod provider;
mod report;
mod room;
mod secrets;
mod standing_orders;
mod status_brand;
mod status_page;
mod story;
mod subscribers;
mod verifications;
mod xss;

use tests::{
    browser::{Chromium, Tab, id},
    persona::Persona,
    scene::Scene,
};

const LOOKS: [(&str, i64, i64, bool); 6] = [
    ("wide-light", 1440, 900, false),
    ("wide-dark", 1440, 900, true),
    ("middle-light", 768, 900, false),
    ("middle-dark", 768, 900, true),
    ("phone-light", 360, 780, false),
    ("phone-dark", 360, 780, true),
];

/// The page, opened by somebody who had to sign in first.
async fn sign_in(chromium: &Chromium, scene: &Scene, person: &Persona, page: &str) -> Tab {
    sign_in_at(chromium, &scene.muster.base, person, page).await
}

async fn sign_in_at(chromium: &Chromium, base: &str, person: &Persona, page: &str) -> Tab {
    let escaped = page.replace('?', "%3F").replace('=', "%3D");
    let tab = chromium.open(&format!("{base}/login?next={escaped}")).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", &person.email).await.unwrap();
    tab.fill("input[type=password]", &person.password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.until("the page is open", &format!("location.pathname + location.search === {page:?}")).await.unwrap();
    tab
}

/// For people to look at: wide and narrow, light and dark.
async fn pictures(tab: &Tab, name: &str) {
    for (look, width, height, dark) in LOOKS {
        tab.size(width, height).await.unwrap();
        tab.dark(dark).await.unwrap();
        tab.settled().await.unwrap();
        assert_eq!(tab.covered().await.unwrap(), [""; 0], "{name}-{look}");
        tab.keep_picture(&format!("{name}-{look}")).await.unwrap();
    }
    tab.size(1440, 900).await.unwrap();
    tab.dark(false).await.unwrap();
}
