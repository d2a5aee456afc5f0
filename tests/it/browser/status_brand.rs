//! The public page made somebody's own in a real browser: typed in the console, read by a stranger; and a copy of it opened from a
//! disk.

use shared::api::status_brand::BrandIn;
use tests::{
    browser::{Chromium, id},
    scene::Scene,
};

use super::{pictures, sign_in};

const NOT_SAVED: &str = "document.querySelector('[data-testid=brand-state]').innerText.startsWith('Saved')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_gets_a_name_and_a_language_and_a_copy_of_it_works_from_a_disk() {
    let scene = Scene::set().await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, "/console/status-page/brand").await;
    tab.read("nobody has changed it yet").await.unwrap();
    let field = async |label: &str, text: &str| {
        let found = format!(
            "[...document.querySelectorAll('main .field')].find(f => f.querySelector('label').innerText === '{label}')"
        );
        tab.eval::<bool>(&format!("({found}.querySelector('input').id = 'fill-me', true)")).await.unwrap();
        tab.fill("#fill-me", text).await.unwrap();
        tab.eval::<bool>(&format!("({found}.querySelector('input').id = '', true)")).await.unwrap();
    };
    field("Name", "Hafen & Söhne").await;
    field("About", "Fähren und Kräne im Überseehafen").await;
    field("Link to help", "help@example.org").await;
    tab.read("A link begins with https://").await.unwrap();
    tab.click(&id("brand-save")).await.unwrap();
    tab.read("Nothing was saved.").await.unwrap();
    field("Link to help", "mailto:help@example.org").await;
    field("Colour", "#ff6600").await;
    tab.read("So that it can be read").await.unwrap();
    field("Time zone", "Europe/Berlin").await;
    tab.choose_option("main select", "german").await.unwrap();
    pictures(&tab, "status-brand-typed").await;
    // A picture chosen from one's own files.
    tab.eval::<bool>(
        "(c => { c.width = 320; c.height = 80; const x = c.getContext('2d'); x.fillStyle = '#e65c00'; x.fillRect(0, 0, 320, 80);
          c.toBlob(b => { const t = new DataTransfer(); t.items.add(new File([b], 'logo.png', {type: 'image/png'}));
            const i = document.querySelector('main input[type=file]'); i.files = t.files; i.dispatchEvent(new Event('change', {bubbles: true})); window.chosen = true; }, 'image/png');
          return true; })(document.createElement('canvas'))",
    )
    .await
    .unwrap();
    tab.until("the picture is read", "window.chosen").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    tab.click(&id("brand-save")).await.unwrap();
    tab.until("it is saved", NOT_SAVED).await.unwrap();
    tab.read("320 × 80 pixels").await.unwrap();
    let saved = scene.operator.api.status_brand().await.unwrap();
    assert_eq!((saved.version, saved.logo.clone().unwrap().width), (1, 320));
    // Somebody else was faster: what is typed stays, and the person decides.
    field("Name", "Mein Hafen").await;
    let theirs = BrandIn { brand: saved.brand.clone(), base: 1, picture: None };
    scene.operator.api.save_status_brand(&theirs).await.unwrap();
    tab.click(&id("brand-save")).await.unwrap();
    tab.read("while you were at it").await.unwrap();
    tab.click(&id("brand-use-mine")).await.unwrap();
    tab.until("it is saved", NOT_SAVED).await.unwrap();
    assert_eq!(scene.operator.api.status_brand().await.unwrap().version, 3);
    pictures(&tab, "status-brand-saved").await;
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());

    scene.muster.declare(&scene.responder, "validator1").await.unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    let page = chromium.open(&format!("{}/", scene.muster.base)).await.unwrap();
    page.read("Mein Hafen").await.unwrap();
    page.read("Live: Diese Seite aktualisiert sich selbst").await.unwrap();
    page.read("gerade eben").await.unwrap();
    pictures(&page, "status-page-german").await;
    assert!(page.complaints().is_empty(), "{:?}", page.complaints());

    // The copy, opened from a disk: links lead on, the logo is there.
    let site = scene.muster.scratch.path().join("site");
    server::public::copy::disk::write(&scene.muster.state.public.copy().unwrap(), &site).unwrap();
    page.go(&format!("file://{}/index.html", site.display())).await.unwrap();
    page.read("Dies ist eine Kopie").await.unwrap();
    page.eval::<bool>("(document.querySelector('article a').click(), true)").await.unwrap();
    page.until("the incident is there", "location.pathname.endsWith('/incidents/1/index.html')").await.unwrap();
    page.until("with the logo", "document.querySelector('header img').naturalWidth === 320").await.unwrap();
    pictures(&page, "status-page-copy").await;
    chromium.close().await.unwrap();
}
