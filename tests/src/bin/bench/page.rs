//! The first view of the status page: bytes, first contentful paint against a plain static page of the same size, layout shift.

use anyhow::Result;
use axum::{http::header, response::Html};
use tests::{browser::Chromium, muster::Muster};

use crate::{Measured, median};

const VISITS: usize = 31;

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let client = reqwest::Client::new();
    let fetch = |path: String| {
        let request = client.get(format!("{}{path}", muster.base)).header(header::ACCEPT_ENCODING, "gzip");
        async move { anyhow::Ok(request.send().await?.error_for_status()?.bytes().await?) }
    };
    let page = fetch("/".into()).await?;
    let html = client.get(format!("{}/", muster.base)).send().await?.text().await?;
    let mut bytes = page.len();
    for asset in assets(&html) {
        bytes += fetch(asset).await?.len();
    }

    let plain = plain_server(html.len()).await?;
    let chromium = Chromium::launch().await?;
    let tab = chromium.open(&plain).await?;
    let (mut ours, mut theirs, mut ratios, mut shift) = (vec![], vec![], vec![], 0.0_f64);
    for visit in 0..=VISITS {
        let (them, _) = visit_once(&tab, &plain).await?;
        let (us, moved) = visit_once(&tab, &format!("{}/", muster.base)).await?;
        shift = shift.max(moved);
        // The first visit warms caches.
        if visit > 0 {
            ours.push(us);
            theirs.push(them);
            ratios.push(us / them);
        }
    }
    chromium.close().await?;
    let ratio = median(&mut ratios);
    Ok(vec![
        Measured {
            what: "status page, first view, compressed bytes",
            value: format!("{:.1} KB", bytes as f64 / 1000.0),
            goal: "≤ 30 KB",
            met: bytes <= 30_000,
        },
        Measured {
            what: "status page, first contentful paint, against a plain page of the same size",
            value: format!("{ratio:.2} ({:.0} ms against {:.0} ms)", median(&mut ours), median(&mut theirs)),
            goal: "≤ 1.20",
            met: ratio <= 1.2,
        },
        Measured {
            what: "status page, cumulative layout shift",
            value: format!("{shift:.3}"),
            goal: "0",
            met: shift == 0.0,
        },
    ])
}

/// Scripts and styles the page asks for.
fn assets(html: &str) -> Vec<String> {
    html.split(['"', '\'']).filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect()
}

async fn visit_once(tab: &tests::browser::Tab, url: &str) -> Result<(f64, f64)> {
    tab.go("about:blank").await?;
    tab.go(url).await?;
    tab.until("it has painted", "performance.getEntriesByName('first-contentful-paint').length").await?;
    let paint = tab.eval("performance.getEntriesByName('first-contentful-paint')[0].startTime").await?;
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let moved = tab
        .eval(
            "new Promise(done => { let sum = 0; const o = new PerformanceObserver(l => l.getEntries().forEach(e => sum += e.value));
             o.observe({ type: 'layout-shift', buffered: true }); setTimeout(() => done(sum), 50); })",
        )
        .await?;
    Ok((paint, moved))
}

async fn plain_server(size: usize) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let words = "A plain page with nothing to load. ".repeat(size / 35 + 1);
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Plain</title><h1>Plain</h1><p>{}</p>",
        &words[..size]
    );
    let router = axum::Router::new().route("/", axum::routing::get(move || async move { Html(html) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}
