//! The public site as a visitor's program meets it, without a database.

mod owned;
mod told;

use std::{io::Read as _, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use shared::{
    api::incident::TimelineEntry,
    digest::Digest,
    domain::{
        actor::Actor,
        audience::Audience,
        brand::{Brand, Colour, Language, PictureKind, WebLink, ZoneName},
        incident::{Affected, Incident, IncidentEvent, IncidentState, PublicState},
        layout::{Layout, Placed, Section},
        status::{Impact, StatusSnapshot, roll_up},
        text::{Caption, Name},
    },
    timestamp::Timestamp,
};
use tower::ServiceExt as _;

use super::{
    archive::Archive,
    brand::{Branding, Logo},
    facts::{self, Facts, IncidentFacts, SystemFacts},
    fixtures::{self, NOW},
    page::Page,
    pages::{Content, PublicPages},
    routes::router,
    texts::Texts,
};

const FIRST_VIEW_LIMIT: usize = 30 * 1024;

fn pages(snapshot: StatusSnapshot) -> Arc<PublicPages> {
    let pages = PublicPages::new(Some("/assets/status-abc.js".into()), "https://status.example".into());
    pages.publish(fixtures::content(snapshot));
    Arc::new(pages)
}

async fn get(router: &Router, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

async fn text(router: &Router, path: &str) -> String {
    let (status, _, body) = get(router, path, &[]).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    String::from_utf8(body).unwrap()
}

/// What a person without JavaScript reads, one line per blank run.
fn readable(html: &str) -> String {
    let main = html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    let drawn = |(n, part): (usize, &str)| {
        if n == 0 { part.to_owned() } else { part.split_once("</svg>").unwrap().1.to_owned() }
    };
    let main: String = main.split("<svg").enumerate().map(drawn).collect();
    let words: String =
        main.split('<').skip(1).filter_map(|t| t.split_once('>')).map(|(_, text)| format!("{text} ")).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_status_page_answers_the_question_without_a_script() {
    let page = text(&router(pages(fixtures::broken())), "/").await;
    assert_eq!(
        readable(&page),
        "Some systems are unavailable As of 22 Nov 2026, 03:30 UTC Open incident Validator 1 is not available Major outage of \
         Validator 1. Started 22 Nov 2026, 03:10 UTC Identified 22 Nov 2026, 03:19 UTC One of the two nodes has stopped. Blocks are \
         still made by the other one. Investigating 22 Nov 2026, 03:10 UTC We are looking into it. Components Validator 1 Major \
         outage Recorded since 13 Oct 2026 99.96 % uptime Today 1 day to tell about of Validator 1 22 Nov 2026: major outage for \
         20 min Validator 2 Operational Recorded since 13 Oct 2026 100 % uptime Today PostgreSQL database Operational Recorded \
         since 13 Oct 2026 100 % uptime Today A bar is a day: no outage degraded partial outage major outage maintenance not recorded . Uptime \
         counts every second of a partial or major outage as down. Being degraded does not count as down, and announced maintenance is left out. Last 14 days 22 Nov 2026 Validator 1 is not available \
         Still open 19 to 21 Nov 2026 No incidents 18 Nov 2026 The database answered slowly Resolved after 1 h 35 min · \
         PostgreSQL database · Report on The database answered slowly 9 to 17 Nov 2026 No incidents All past incidents"
    );
    assert!(page.contains("class=\"headline critical\""));
    assert!(page.contains("<script src=\"/assets/status-abc.js\" defer></script>"));
    assert_eq!(page.matches("<script").count(), 1);
    let calm = text(&router(pages(fixtures::calm())), "/").await;
    assert!(calm.contains("<h1>All systems operational</h1>") && calm.contains("class=\"headline good\""));
    let empty = text(&router(pages(fixtures::empty())), "/").await;
    assert!(readable(&empty).starts_with("No components are set up yet As of"));
    assert!(!empty.contains("14 days"));
}

#[tokio::test]
async fn every_page_of_the_site_is_there_and_others_are_a_page_too() {
    let router = router(pages(fixtures::calm()));
    let history = readable(&text(&router, "/history").await);
    assert!(
        history.starts_with(
            "Current status Past incidents November 2026 The database answered slowly 18 Nov 2026, 01:55 UTC"
        ),
        "{history}"
    );
    assert!(history.contains("October 2026 Validator 1 could not be reached"), "{history}");
    let incident = readable(&text(&router, "/incidents/7").await);
    assert!(incident.contains("Lasted 31 min") && incident.contains("The node runs again"), "{incident}");
    let report = text(&router, "/incidents/9/report").await;
    assert!(report.contains("<h2>What happened</h2>") && report.contains("2, published 22 Nov 2026, 02:30 UTC"));
    for path in [
        "/incidents/8",
        "/incidents/07",
        "/incidents/+7",
        "/incidents/x",
        "/incidents/%FF",
        "/incidents/7/report",
        "/incidents/99999999999999999999",
    ] {
        let (status, headers, body) = get(&router, path, &[("if-none-match", "*")]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert!(String::from_utf8(body).unwrap().contains("There is no such page"), "{path}");
    }
}

#[tokio::test]
async fn whoever_has_the_page_gets_304_and_it_comes_packed_as_they_like() {
    let router = router(pages(fixtures::broken()));
    let (_, plain, body) = get(&router, "/", &[]).await;
    let (_, zipped, gz) = get(&router, "/", &[("accept-encoding", "gzip, br;q=0.5")]).await;
    assert_eq!(zipped[header::CONTENT_ENCODING], "gzip");
    let (_, packed, br) = get(&router, "/", &[("accept-encoding", "gzip, deflate, br, zstd")]).await;
    assert_eq!(packed[header::CONTENT_ENCODING], "br");
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(br.as_slice(), 4096).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, body);
    assert!(br.len() < gz.len(), "{} bytes, and by gzip {}", br.len(), gz.len());
    assert_ne!(packed[header::ETAG], zipped[header::ETAG]);
    assert!(plain.get(header::CONTENT_ENCODING).is_none());
    let mut unzipped = Vec::new();
    flate2::read::GzDecoder::new(gz.as_slice()).read_to_end(&mut unzipped).unwrap();
    assert_eq!(unzipped, body);
    assert_ne!(plain[header::ETAG], zipped[header::ETAG], "a strong tag names bytes");
    let tag = zipped[header::ETAG].to_str().unwrap();
    let (status, headers, empty) = get(&router, "/", &[("accept-encoding", "gzip"), ("if-none-match", tag)]).await;
    assert_eq!((status, empty.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(headers[header::ETAG], tag);
    let (status, ..) = get(&router, "/", &[("if-none-match", tag)]).await;
    assert_eq!(status, StatusCode::OK, "the other encoding is other bytes");
    let names = [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "permissions-policy",
        "vary",
    ];
    for name in names {
        assert!(plain.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn the_policy_allows_exactly_the_inlined_style() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};
    let router = router(pages(fixtures::calm()));
    for path in ["/", "/history", "/incidents/9", "/incidents/9/report", "/incidents/404"] {
        let (_, headers, body) = get(&router, path, &[]).await;
        let html = String::from_utf8(body).unwrap();
        let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains(&format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)))), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert!(!html.contains(" style=") && !html.contains(" onload="), "{path}");
    }
}

#[tokio::test]
async fn the_first_view_is_small() {
    for (name, snapshot, limit) in [
        ("calm", fixtures::calm(), 8 * 1024),
        ("broken", fixtures::broken(), 8 * 1024),
        ("absurd", fixtures::absurd(), 8 * 1024),
        ("crowded", fixtures::crowded(), FIRST_VIEW_LIMIT),
    ] {
        let (_, _, gz) = get(&router(pages(snapshot)), "/", &[("accept-encoding", "gzip")]).await;
        assert!(gz.len() <= limit, "{name}: {} bytes", gz.len());
    }
}

#[tokio::test]
async fn public_text_is_text_and_never_markup() {
    let attack = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
    let mut snapshot = fixtures::broken();
    snapshot.title = attack.into();
    snapshot.components[0].name = attack.into();
    for incident in [&mut snapshot.open[0], &mut snapshot.past[0]] {
        incident.title = attack.into();
        incident.affected = vec![(attack.into(), Impact::MajorOutage)];
        incident.updates[0].text = format!("first line\n{attack}");
    }
    let router = router(pages(snapshot));
    for path in
        ["/", "/history", "/incidents/12", "/incidents/9", "/incidents/9/report", "/badge.svg", "/badge/validator1.svg"]
    {
        let html = text(&router, path).await;
        assert!(!html.contains("<script>") && !html.contains("<img"), "{path}");
        assert!(html.contains("&#60;script&#62;"), "{path}");
    }
    assert!(text(&router, "/incidents/12").await.contains("first line\n"), "line breaks are kept");
}

#[tokio::test]
async fn old_pages_are_kept_and_admit_their_age() {
    let pages = pages(fixtures::broken());
    let router = router(pages.clone());
    pages.grown_old(Duration::from_secs(25));
    assert!(!text(&router, "/").await.contains("could not be updated"));
    let mut versions = pages.watch();
    versions.mark_unchanged();
    pages.grown_old(Duration::from_secs(31));
    assert!(versions.has_changed().unwrap(), "live pages learn it too");
    for path in ["/", "/incidents/12"] {
        let html = text(&router, path).await;
        assert!(readable(&html).contains("This page could not be updated since 22 Nov 2026, 03:30 UTC"), "{path}");
    }
    assert!(!text(&router, "/incidents/9").await.contains("could not be updated"), "what is over stays true");
    pages.publish(fixtures::content(fixtures::broken()));
    for path in ["/", "/incidents/12"] {
        assert!(!text(&router, path).await.contains("could not be updated"), "{path}");
    }
}

#[tokio::test]
async fn programs_learn_how_old_it_is_too() {
    let pages = pages(fixtures::broken());
    let router = router(pages.clone());
    let badge = text(&router, "/badge/validator1.svg").await;
    assert!(badge.contains(">Validator 1: major outage<") && badge.contains("#8b0f1a"), "{badge}");
    assert!(text(&router, "/badge.svg").await.contains(">BT2C status: major outage<"));
    let summary = text(&router, "/api/v2/summary.json").await;
    assert!(!summary.contains("stale_since"));
    pages.grown_old(Duration::from_secs(31));
    for path in ["/badge/validator1.svg", "/badge.svg"] {
        let badge = text(&router, path).await;
        assert!(badge.contains(": major outage at 22 Nov 2026, 03:30 UTC<"), "{badge}");
        assert!(!badge.contains("#8b0f1a"), "no colour claims to know: {badge}");
    }
    assert!(text(&router, "/feed.atom").await.contains("Could not be updated since 22 Nov 2026, 03:30 UTC"));
    let old = text(&router, "/api/v2/summary.json").await;
    assert_eq!(old.replace(r#","stale_since":"2026-11-22T03:30:00Z""#, ""), summary, "what was known is still told");
    pages.publish(fixtures::content(fixtures::broken()));
    assert_eq!(text(&router, "/api/v2/summary.json").await, summary);
}

#[tokio::test]
async fn before_anything_is_known_the_site_says_so() {
    let pages = Arc::new(PublicPages::new(None, "https://status.example".into()));
    pages.grown_old(Duration::from_secs(1000));
    let router = router(pages);
    for path in
        ["/", "/history", "/incidents/1", "/incidents/1/report", "/feed.atom", "/badge.svg", "/api/v2/status.json"]
    {
        let (status, _, body) = get(&router, path, &[]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let html = String::from_utf8(body).unwrap();
        assert!(html.contains("not known yet") && !html.contains("<script"), "{path}");
    }
}

#[tokio::test]
async fn live_pages_hear_of_changes_and_of_nothing_else() {
    use tokio_stream::StreamExt as _;
    let pages = pages(fixtures::calm());
    let response = router(pages.clone()).oneshot(Request::get("/live").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    let mut next = async || tokio::time::timeout(Duration::from_millis(300), events.next()).await.ok();
    let html = pages.site().home.text().to_owned();
    let version = html.split_once("data-version=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let first = String::from_utf8(next().await.unwrap().unwrap().unwrap().to_vec()).unwrap();
    assert!(first.contains("event: changed") && first.contains(&format!("data: {version}")), "{first}");
    let mut later = fixtures::calm();
    later.taken_at = fixtures::ago(-1);
    pages.publish(fixtures::content(later));
    assert!(pages.site().home.text().contains("03:31 UTC"));
    assert!(next().await.is_none(), "a new reading of the same facts is no news");
    pages.publish(fixtures::content(fixtures::broken()));
    assert!(next().await.is_some());
    pages.close();
    assert!(next().await.unwrap().is_none(), "the stream ends when the server stops");
}

#[test]
fn unchanged_incidents_are_not_rendered_again() {
    let pages = pages(fixtures::broken());
    let before = pages.site();
    let (incident, report, open) = (pages.incident(&before, 9), pages.report(&before, 9), pages.incident(&before, 12));
    let mut changed = fixtures::broken();
    changed.open[0].updates.truncate(1);
    pages.publish(fixtures::content(changed));
    let after = pages.site();
    let same = |one: Option<Arc<Page>>, other: Option<Arc<Page>>| Arc::ptr_eq(&one.unwrap(), &other.unwrap());
    assert!(same(incident, pages.incident(&after, 9)));
    assert!(same(report, pages.report(&after, 9)));
    assert!(!same(open, pages.incident(&after, 12)));
}

/// More than a page holds: all of it is reached by links from the history.
#[tokio::test]
async fn every_past_incident_is_reached_however_many_there_are() {
    let mut snapshot = fixtures::calm();
    let minutes_a_day = 60 * 24;
    snapshot.past = (0..450_i64)
        .map(|n| {
            // Two hundred in the newest month, the others over years.
            let started = if n < 200 { 10 * n + 50 } else { minutes_a_day * (40 + 7 * (n - 200)) };
            fixtures::incident(450 - n, &format!("Incident {n}"), started, Some(started - 5))
        })
        .collect();
    let pages = pages(snapshot);
    let router = router(pages);
    let (mut todo, mut seen, mut found) = (vec!["/history".to_owned()], vec![], std::collections::HashSet::new());
    while let Some(path) = todo.pop() {
        let html = text(&router, &path).await;
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if link.starts_with("/incidents/") {
                found.insert(link.to_owned());
            } else if link.starts_with("/history/") && !seen.contains(&link.to_owned()) {
                seen.push(link.to_owned());
                todo.push(link.to_owned());
            }
        }
    }
    assert_eq!(found.len(), 450);
    assert!(seen.contains(&"/history/2026-11/2".to_owned()) && seen.len() > 50, "{seen:?}");
    for path in ["/history/2026-11/4", "/history/2026-11/1", "/history/2011-01", "/history/2026-1", "/history/x"] {
        assert_eq!(get(&router, path, &[]).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for path in found {
        assert!(text(&router, &path).await.contains("Lasted"), "{path}");
    }
}

/// What is not known is not called quiet.
#[tokio::test]
async fn days_are_told_as_far_back_as_they_are_known() {
    let mut content = fixtures::content(fixtures::calm());
    Archive::put(
        &mut content.archive,
        fixtures::incident(1, "older than what is told", 60 * 24 * 50, Some(60 * 24 * 49)),
        None,
    );
    content.snapshot.past.truncate(1);
    let pages = pages(fixtures::calm());
    pages.publish(content);
    let home = readable(&text(&router(pages), "/").await);
    assert!(home.contains("Last 14 days 19 to 22 Nov 2026 No incidents 18 Nov 2026"), "{home}");
    assert!(!home.contains("9 to 17 Nov"), "{home}");
}
