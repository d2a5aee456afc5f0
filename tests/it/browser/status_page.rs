//! The status page in a real browser: arranged on its page in the console, read by a stranger without JavaScript.

use shared::domain::access::Role;
use tests::{
    browser::{Chromium, id},
    scene::Scene,
};

use super::{pictures, sign_in};

const FIRST_ROW: &str = "[data-testid=layout] .layout-part .row b";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_are_grouped_renamed_and_hidden_and_strangers_see_it() {
    let scene = Scene::set().await.unwrap();
    let operator = &scene.operator;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, operator, "/console/status-page").await;
    tab.read("nobody has arranged it yet").await.unwrap();
    let first = tab.text(FIRST_ROW).await.unwrap();
    tab.eval::<bool>("([...document.querySelectorAll('.layout-row')].find(r => r.innerText.includes('Validator 2')).querySelectorAll('button')[2].click(), true)")
        .await
        .unwrap();
    tab.fill(".layout-fields input[type=text]", "Block maker").await.unwrap();
    tab.read("In the plan: Validator 2").await.unwrap();
    tab.read("Unsaved changes").await.unwrap();
    tab.click(&id("layout-add-group")).await.unwrap();
    tab.read("Empty: move a component here").await.unwrap();
    tab.click(&id("layout-save")).await.unwrap();
    tab.read("The name must not be empty. Give it a name, or remove the group.").await.unwrap();
    tab.fill(".layout-part:last-child .layout-head input", "Chain").await.unwrap();
    // The last row, pressed down, goes into the group below; the button keeps the focus.
    tab.eval::<bool>("([...document.querySelectorAll('.layout-row [id^=row-down]')].at(-1).focus(), true)")
        .await
        .unwrap();
    let last = tab.eval::<String>("[...document.querySelectorAll('.layout-row b')].at(-1).innerText").await.unwrap();
    tab.key("Enter").await.unwrap();
    tab.until("it is in the group", "document.querySelectorAll('.layout-part:last-child .layout-row').length === 1")
        .await
        .unwrap();
    tab.until("the focus stays", "document.activeElement?.id.startsWith('row-down')").await.unwrap();
    pictures(&tab, "status-page-arranging").await;
    tab.click(&id("layout-save")).await.unwrap();
    tab.until("it is saved", "document.querySelector('[data-testid=layout-state]').innerText.startsWith('Saved')")
        .await
        .unwrap();
    let saved = operator.api.status_page().await.unwrap();
    let group = saved.layout.sections.last().unwrap();
    assert_eq!((group.name.as_ref().unwrap().as_str(), group.components.len()), ("Chain", 1));
    assert_eq!(tab.text(FIRST_ROW).await.unwrap(), first);

    // Somebody else was faster: nothing typed is lost, and the person decides.
    tab.eval::<bool>("(document.querySelectorAll('.layout-row button')[2].click(), true)").await.unwrap();
    tab.fill(".layout-fields input[type=text]", "Mine").await.unwrap();
    let other = scene.muster.persona(Role::Administrator).await.unwrap();
    let theirs = shared::api::status_page::LayoutIn { layout: saved.layout.clone(), base: saved.version };
    other.api.arrange_status_page(&theirs).await.unwrap();
    tab.click(&id("layout-save")).await.unwrap();
    tab.read("saved another arrangement (version 2)").await.unwrap();
    assert_eq!(tab.text(FIRST_ROW).await.unwrap(), "Mine");
    pictures(&tab, "status-page-conflict").await;
    tab.click(&id("layout-use-mine")).await.unwrap();
    tab.until("it is saved", "document.querySelector('[data-testid=layout-state]').innerText.startsWith('Saved')")
        .await
        .unwrap();
    assert_eq!(operator.api.status_page().await.unwrap().version, 3);
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());

    // An outage of some days, and what a stranger without JavaScript sees of it.
    scene.muster.declare(&scene.responder, "validator2").await.unwrap();
    let pool = scene.pool().await.unwrap();
    sqlx::query("UPDATE component_state SET first_seen_at = first_seen_at - interval '70 days'")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO component_day (system_id, component, day, degraded_seconds, partial_seconds, major_seconds)
         SELECT system_id, component, (now() - make_interval(days => d))::date, 600 * (d % 3), 1200 * (d % 2), 300 * (d % 5 / 4)
         FROM component_state, generate_series(3, 60, 7) AS d WHERE component LIKE 'validator%'",
    )
    .execute(&pool)
    .await
    .unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    let page = chromium.open("about:blank").await.unwrap();
    page.without_javascript().await.unwrap();
    page.go(&format!("{}/", scene.muster.base)).await.unwrap();
    let text = page.text("main").await.unwrap();
    for said in ["Mine", "Block maker", "Chain", &last, "days to tell about", "% uptime", "Recorded since"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Validator 2"), "{text}");
    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    page.size(360, 780).await.unwrap();
    assert!(!page.eval::<bool>(wide).await.unwrap(), "nothing is wider than a phone");
    pictures(&page, "status-page").await;
    chromium.close().await.unwrap();
}
