//! A long output in a real browser: the end, a line by its link, a step, a search, the file; and that what a program prints is
//! text and nothing else.

use std::time::{Duration, Instant};

use chromiumoxide::cdp::browser_protocol::browser::{SetDownloadBehaviorBehavior, SetDownloadBehaviorParams};
use shared::domain::access::Role;
use tests::{
    browser::{Chromium, Tab, id},
    muster::Muster,
    programs::Scratch,
    scene::Scene,
};

use crate::output::{PLAN, add, chunk, held};

const LINES: i64 = 100_000;

async fn sign_in(chromium: &Chromium, muster: &Muster, next: &str) -> Tab {
    let (email, password) = muster.account(Role::Viewer).await.unwrap();
    let tab = chromium.open(&format!("{}/login?next=/console", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", &email).await.unwrap();
    tab.fill("input[type=password]", &password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    tab.go(&format!("{}{next}", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab
}

/// A row with this text is within the box.
fn in_sight(text: &str) -> String {
    format!(
        "(box => [...box.querySelectorAll('.log-row')].some(row => {{
            const [r, b] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
            return row.innerText.includes({text:?}) && r.top >= b.top - 1 && r.bottom <= b.bottom + 1;
        }}))(document.querySelector('[data-testid=output]'))"
    )
}

async fn shows(tab: &Tab, text: &str) {
    tab.until(&format!("the line {text:?} is in sight"), &in_sight(text)).await.unwrap();
    let rows: usize = tab.eval("document.querySelectorAll('.log-row').length").await.unwrap();
    assert!(rows < 200, "{rows} rows drawn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_output_is_read_searched_linked_and_taken_away() {
    let scene = Scene::with_plan(PLAN).await.unwrap();
    let (run, claimed) = held(&scene).await;
    let store = &scene.muster.database.worker;
    let start = store.output_count(run.id).await.unwrap();
    let text = |n: i64| match n {
        2_000 | 77_777 => format!("entry {n} holds a Needle"),
        n => format!("entry {n} of many"),
    };
    for thousand in 0..LINES / 1000 {
        let lines = thousand * 1000 + 1..=thousand * 1000 + 1000;
        add(store, &run, &claimed, &[chunk(2, lines.map(text))]).await;
    }
    let chromium = Chromium::launch().await.unwrap();
    let line = start + 50_000;
    let tab = sign_in(&chromium, &scene.muster, &format!("/console/runs/{}#L{line}", run.number)).await;
    shows(&tab, "entry 50000 of").await;
    let marked: String = tab.text(".log-row[data-marked] .log-text").await.unwrap();
    assert_eq!(marked, "entry 50000 of many");
    let count: String = tab.eval("document.querySelector('.log-count').innerText.replace(/\\D/g, '')").await.unwrap();
    assert_eq!(count, (start + LINES).to_string());

    tab.eval::<i64>("document.querySelector('[data-testid=output]').scrollTop = 1e9").await.unwrap();
    shows(&tab, "entry 100000 of").await;
    tab.keep_picture("output-end").await.unwrap();
    tab.eval::<i64>("document.querySelector('[data-testid=output]').scrollTop = 0").await.unwrap();
    tab.until("the first line is in sight", "document.querySelector('.log-number').innerText === '1'").await.unwrap();
    tab.page.evaluate("document.querySelectorAll('.step-title')[1].click()").await.unwrap();
    shows(&tab, "SIMULATED log line").await;

    tab.fill(".log-field", "needle").await.unwrap();
    tab.until("both are counted", "document.querySelector('.log-hits').innerText === '1 of 2'").await.unwrap();
    shows(&tab, "entry 2000 holds").await;
    tab.click("[aria-label='Next match']").await.unwrap();
    shows(&tab, "entry 77777 holds").await;
    tab.keep_picture("output-search").await.unwrap();
    tab.fill(".log-field", "of many").await.unwrap();
    let more = "document.querySelector('.log-hits').innerText.replace(/\\s/g, '') === '1ofmorethan1000'";
    tab.until("the count is honest", more).await.unwrap();
    tab.fill(".log-field", "no such text").await.unwrap();
    tab.until("nothing is found", "document.querySelector('.log-hits').innerText === 'not found'").await.unwrap();

    let scratch = Scratch::new().unwrap();
    let to = SetDownloadBehaviorParams::builder()
        .behavior(SetDownloadBehaviorBehavior::Allow)
        .download_path(scratch.path().display().to_string())
        .build()
        .unwrap();
    tab.page.execute(to).await.unwrap();
    tab.press("Download").await.unwrap();
    let file = scratch.path().join(format!("run-{}.txt", run.number));
    let deadline = Instant::now() + Duration::from_secs(20);
    while !file.exists() {
        assert!(Instant::now() < deadline, "no file came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let got = std::fs::read_to_string(&file).unwrap();
    assert_eq!(i64::try_from(got.lines().count()).unwrap(), start + LINES);
    assert_eq!(got.lines().last(), Some("entry 100000 of many"));
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_program_prints_is_text_and_cannot_deceive() {
    let scene = Scene::with_plan(PLAN).await.unwrap();
    let (run, claimed) = held(&scene).await;
    let hostile = [
        "<script>window.broken = 1</script><img src=x onerror=window.broken=1>",
        "\u{1b}[31mred\u{1b}[0m \u{1b}]8;;javascript:alert(1)\u{7}link\u{1b}]8;;\u{7} \u{1b}[2J\u{1b}[Hend",
        "restore \u{202e}gnp.exe\u{202c} done",
        "deep\u{8}\u{8}\u{8}\u{7}\u{9b}31m\rbell",
    ];
    add(&scene.muster.database.worker, &run, &claimed, &[chunk(2, hostile.map(String::from))]).await;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene.muster, &format!("/console/runs/{}", run.number)).await;
    shows(&tab, "<script>window.broken = 1</script><img src=x onerror=window.broken=1>").await;
    shows(&tab, "red link end").await;
    shows(&tab, "restore <U+202E>gnp.exe<U+202C> done").await;
    shows(&tab, "deep31mbell").await;
    assert_eq!(tab.text(".log-text .sgr-fg-1").await.unwrap(), "red");
    let harm: bool =
        tab.eval("Boolean(window.broken || document.querySelector('.log-text :not(span, mark)'))").await.unwrap();
    assert!(!harm, "markup came alive");
    for (width, height) in [(1440, 900), (768, 1000), (360, 740)] {
        for dark in [false, true] {
            tab.size(width, height).await.unwrap();
            tab.dark(dark).await.unwrap();
            tab.page.evaluate("document.querySelector('.log').scrollIntoView()").await.unwrap();
            tab.keep_picture(&format!("output-{width}-{}", if dark { "dark" } else { "light" })).await.unwrap();
            let wide: bool = tab.eval("document.documentElement.scrollWidth > innerWidth").await.unwrap();
            assert!(!wide, "the page is wider than {width}");
        }
    }
    chromium.close().await.unwrap();
}
