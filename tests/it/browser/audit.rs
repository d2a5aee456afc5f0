//! The audit log in the browser: what one looks for stands in the address and survives a reload, what was found can be exported,
//! and a chain that does not meet its heads is not overlooked. What the filters find is tested over HTTP.

use serde_json::json;
use shared::domain::{access::Role, actor::Actor};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tests::{
    browser::{Chromium, Tab, id},
    muster::Muster,
};

const ROWS: &str = "document.querySelectorAll('.audit tbody tr').length";

async fn rows(tab: &Tab, n: usize) {
    tab.until(&format!("{n} entries are shown"), &format!("{ROWS} === {n}")).await.unwrap();
}

async fn address(tab: &Tab, query: &str) {
    tab.until(&format!("the address says {query}"), &format!("location.search === {query:?}")).await.unwrap();
}

/// At every width, light and dark.
async fn pictures(tab: &Tab, name: &str) {
    for (width, height) in [(1440, 1000), (768, 1024), (360, 780)] {
        tab.size(width, height).await.unwrap();
        let wide: bool = tab.eval("document.documentElement.scrollWidth > innerWidth").await.unwrap();
        assert!(!wide, "{name} at {width}: wider than the window");
        for dark in [false, true] {
            tab.dark(dark).await.unwrap();
            let shade = if dark { "dark" } else { "light" };
            tab.keep_picture(&format!("{name}-{width}-{shade}")).await.unwrap();
        }
    }
    tab.size(1440, 1000).await.unwrap();
    tab.dark(false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_searched_by_address_and_shows_whether_its_heads_are_met() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Approver).await.unwrap();
    let long = Actor::Worker { name: "recovery-host-".repeat(12) };
    for n in 0..130 {
        let mut tx = muster.store.begin().await.unwrap();
        match n % 10 {
            0 => {
                tx.audit_denied(&Actor::Anonymous, "access.denied", "POST /api/v1/runs", json!({"address": "10.0.0.1"}))
            }
            1 => tx.audit(&long, "step.ended", "run 7 step 3", json!({"evidence": "x".repeat(400)})),
            _ => tx.audit(&Actor::CommandLine, "user.created", format!("user {n}"), json!({"n": n})),
        }
        tx.commit().await.unwrap();
    }
    let chromium = Chromium::launch().await.unwrap();
    let tab = chromium.open(&format!("{}/login?next=/console/audit", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", &email).await.unwrap();
    tab.fill("input[type=password]", &password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    rows(&tab, 100).await;
    tab.read("Last head: entry").await.unwrap();
    tab.read("to 1 of 1 place.").await.unwrap();
    tab.press("Show older entries").await.unwrap();
    tab.until("all are shown", &format!("{ROWS} > 130")).await.unwrap();
    tab.click(&id("audit-verify")).await.unwrap();
    tab.see("[data-testid=audit-verdict][data-holds=true]").await.unwrap();
    pictures(&tab, "audit").await;

    // Typed, chosen, kept in the address.
    tab.fill("input[type=search]", "10.0.0").await.unwrap();
    address(&tab, "?text=10.0.0").await;
    rows(&tab, 13).await;
    tab.click(".audit-filters input[type=checkbox]").await.unwrap();
    address(&tab, "?text=10.0.0&denied=true").await;
    rows(&tab, 13).await;
    tab.see(&id("audit-export-part")).await.unwrap();
    tab.read("Only the whole chain can be verified.").await.unwrap();
    let export: String =
        tab.eval("document.querySelector('[data-testid=audit-export-part]').getAttribute('href')").await.unwrap();
    assert_eq!(export, "/api/v1/audit/export?text=10.0.0&denied=true");
    tab.go(&format!("{}/console/audit?text=10.0.0&denied=true", muster.base)).await.unwrap();
    rows(&tab, 13).await;
    let typed: String = tab.eval("document.querySelector('input[type=search]').value").await.unwrap();
    assert_eq!(typed, "10.0.0", "the fields follow the address");
    pictures(&tab, "audit-found").await;

    // What an entry names leads to all about it.
    tab.click(&id("audit-clear")).await.unwrap();
    address(&tab, "").await;
    rows(&tab, 100).await;
    tab.click(".audit-who a[href*='recovery-host']").await.unwrap();
    rows(&tab, 13).await;
    tab.fill("input[type=search]", "nothing like it").await.unwrap();
    tab.read("No entry is like that").await.unwrap();
    pictures(&tab, "audit-none").await;

    // Somebody brings an older copy back: said at once, above everything else.
    let mut owner = PgConnection::connect(&muster.database.url).await.unwrap();
    owner
        .execute(
            "SET session_replication_role = replica; DELETE FROM audit_entry WHERE seq > 20;
             UPDATE audit_head SET seq = 20, hash = (SELECT hash FROM audit_entry WHERE seq = 20)",
        )
        .await
        .unwrap();
    tab.go(&format!("{}/console/audit", muster.base)).await.unwrap();
    tab.see("[data-testid=audit-heads][data-unmet=true] [role=alert]").await.unwrap();
    tab.read("The chain does not meet its signed heads.").await.unwrap();
    tab.click(&id("audit-verify")).await.unwrap();
    tab.see("[data-testid=audit-verdict][data-holds=false]").await.unwrap();
    pictures(&tab, "audit-unmet").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    chromium.close().await.unwrap();
}
