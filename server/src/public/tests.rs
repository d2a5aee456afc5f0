//! The public site as a visitor's program meets it, without a database.

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
async fn whoever_has_the_page_gets_304_and_whoever_takes_gzip_gets_it() {
    let router = router(pages(fixtures::broken()));
    let (_, plain, body) = get(&router, "/", &[]).await;
    let (_, zipped, gz) = get(&router, "/", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(zipped[header::CONTENT_ENCODING], "gzip");
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

fn declared(public: bool) -> (Incident, Vec<TimelineEntry>) {
    let affected =
        |component: &str, impact| Affected::new(component, &format!("Name of {component}"), impact, Some(600));
    let affected = vec![affected("validator1", Impact::MajorOutage), affected("gone", Impact::Degraded)];
    let public_title = public.then(|| "Validator 1 is not available".into());
    let at = Timestamp::from_unix(NOW - 600);
    let declared = Incident::declared("SECRET internal title".into(), (3, Some(0)), affected, public_title, at);
    let incident = Incident {
        state: IncidentState::Recovering,
        acknowledged_at: Some(Timestamp::from_unix(NOW - 500)),
        ..declared
    };
    let by = Actor::Worker { name: "SECRET person".into() };
    let secret = || "SECRET text".to_owned();
    let events = [
        IncidentEvent::Declared { level: 3, affected: incident.affected.clone(), text: Some(secret()) },
        IncidentEvent::Posted { state: PublicState::Investigating, text: "We are looking.".into() },
        IncidentEvent::Noted { text: secret(), mentions: vec![] },
        IncidentEvent::LevelChanged { from: 2, to: 3, response_seconds: None, reason: secret() },
        IncidentEvent::Run {
            number: 1,
            procedure: secret(),
            moment: shared::domain::incident::RunMoment::Started,
            text: secret(),
        },
        IncidentEvent::Notified { run: 1, step: 1, audience: Audience::Everyone, text: secret() },
        IncidentEvent::NoticeAcknowledged { run: 1, step: 1, text: secret() },
        IncidentEvent::StateChanged {
            from: IncidentState::Identified,
            to: IncidentState::Recovering,
            text: Some(secret()),
        },
        IncidentEvent::AffectedChanged { affected: vec![], text: Some(secret()) },
        IncidentEvent::Corrected { entry: 3, text: secret() },
        IncidentEvent::Reopened { reason: secret() },
        IncidentEvent::TaskChanged { task: 1, text: secret(), due_at: None },
        IncidentEvent::Resolved { text: secret() },
    ];
    let entry = |(n, event): (usize, &IncidentEvent)| TimelineEntry {
        seq: n as i32 + 1,
        at: Timestamp::from_unix(NOW - 600 + n as i64),
        by: by.clone(),
        event: event.clone(),
    };
    (incident, events.iter().enumerate().map(entry).collect())
}

fn snapshot_of(incident: &Incident, timeline: &[TimelineEntry]) -> StatusSnapshot {
    arranged(incident, timeline, Layout::default())
}

fn arranged(incident: &Incident, timeline: &[TimelineEntry], layout: Layout) -> StatusSnapshot {
    let components = ["validator1", "validator2"].map(|c| (c.to_owned(), format!("Name of {c}"))).to_vec();
    let system = SystemFacts { slug: "bt2c".into(), name: "BT2C".into(), components };
    let incidents = vec![IncidentFacts { number: 12, system: "bt2c", incident, timeline, has_public_report: false }];
    facts::snapshot(Facts {
        taken_at: Timestamp::from_unix(NOW),
        systems: vec![system],
        incidents,
        maintenance: vec![],
        layout,
        histories: Default::default(),
        brand: &Brand::default(),
    })
}

#[tokio::test]
async fn nothing_internal_reaches_the_public() {
    let (mut incident, timeline) = declared(true);
    for resolved_at in [None, Some(Timestamp::from_unix(NOW - 60))] {
        incident.resolved_at = resolved_at;
        let router = router(pages(snapshot_of(&incident, &timeline)));
        for path in ["/", "/history", "/incidents/12", "/feed.atom", "/api/v2/summary.json", "/api/v2/incidents.json"] {
            let html = text(&router, path).await;
            assert!(!html.contains("SECRET"), "{path}: {html}");
        }
    }
    let (internal, timeline) = declared(false);
    let router = router(pages(snapshot_of(&internal, &timeline)));
    assert_eq!(get(&router, "/incidents/12", &[]).await.0, StatusCode::NOT_FOUND);
    assert!(text(&router, "/").await.contains("All systems operational"));
}

#[test]
fn components_take_the_worst_open_public_impact() {
    let (mut incident, timeline) = declared(true);
    let shown = |s: &StatusSnapshot| s.components.iter().map(|c| (c.name.clone(), c.impact)).collect::<Vec<_>>();
    let name = |c: &str| format!("Name of {c}");
    let open = snapshot_of(&incident, &timeline);
    assert_eq!(
        shown(&open),
        [
            (name("validator1"), Impact::MajorOutage),
            (name("validator2"), Impact::Operational),
            (name("gone"), Impact::Degraded)
        ],
        "a component that left the plan is still shown while it is broken"
    );
    assert_eq!(open.open[0].state, PublicState::Investigating);
    let words = [(Impact::MajorOutage, vec![name("validator1")]), (Impact::Degraded, vec![name("gone")])];
    assert_eq!(open.open[0].by_impact(), words, "each with what it suffers itself");
    incident.resolved_at = Some(Timestamp::from_unix(NOW));
    let over = snapshot_of(&incident, &timeline);
    assert_eq!(shown(&over), [(name("validator1"), Impact::Operational), (name("validator2"), Impact::Operational)]);
    assert_eq!(over.past[0].updates[0].text, "This incident is resolved.", "the team's own words stay with the team");
}

/// What the page shows of it: groups with their state, names, what affected components are called.
#[test]
fn people_arrange_rename_and_hide_what_strangers_see() {
    let (incident, timeline) = declared(true);
    let name = |text: &str| Some(Name::parse(text).unwrap());
    let placed = |component: &str| Placed {
        system: "bt2c".into(),
        component: component.into(),
        name: None,
        description: None,
        hidden: false,
    };
    let group = |components| Layout { sections: vec![Section { id: None, name: name("Chain"), components }] };
    let renamed = Placed { name: name("Block maker"), ..placed("validator1") };
    let snapshot = arranged(&incident, &timeline, group(vec![placed("validator2"), renamed]));
    let drawn: Vec<_> = snapshot
        .sections()
        .map(|s| {
            (s[0].group.as_ref().map(|g| g.name.as_str()), roll_up(s), s.iter().map(|c| c.name.as_str()).collect())
        })
        .collect::<Vec<(_, _, Vec<_>)>>();
    assert_eq!(
        drawn,
        [
            (Some("Chain"), Impact::MajorOutage, vec!["Name of validator2", "Block maker"]),
            (None, Impact::Degraded, vec!["Name of gone"]),
        ]
    );
    assert_eq!(snapshot.open[0].affected[0].0, "Block maker");

    let hidden = Placed { hidden: true, name: name("SECRET name"), ..placed("validator1") };
    let snapshot = arranged(&incident, &timeline, group(vec![hidden]));
    let names: Vec<_> = snapshot.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Name of validator2", "Name of gone"], "an outage does not bring it to light either");
    assert_eq!(snapshot.open[0].affected, [("Name of gone".into(), Impact::Degraded)]);
    assert_eq!((snapshot.open[0].impact, snapshot.overall()), (Impact::Degraded, Impact::Degraded));
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

fn branded(snapshot: StatusSnapshot, brand: Brand) -> Arc<PublicPages> {
    let logo = brand.logo.map(|_| Logo { kind: PictureKind::Png, width: 400, height: 100, bytes: "PNG".into() });
    let content = Content { brand: Arc::new(Branding { version: 1, brand, logo }), ..fixtures::content(snapshot) };
    let pages = pages(fixtures::calm());
    pages.publish(content);
    pages
}

fn german() -> Brand {
    Brand { language: Language::German, zone: ZoneName::parse("Europe/Berlin").unwrap(), ..Brand::default() }
}

/// Every text that is not the same in both languages.
fn english_words() -> Vec<String> {
    fn all(value: &serde_json::Value, into: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => into.push(text.clone()),
            serde_json::Value::Array(list) => list.iter().for_each(|v| all(v, into)),
            serde_json::Value::Object(map) => map.values().for_each(|v| all(v, into)),
            _ => {}
        }
    }
    let of = |language| {
        let mut texts = vec![];
        all(&serde_json::to_value(Texts::of(language)).unwrap(), &mut texts);
        texts
    };
    let german = of(Language::German);
    // What stands between the places, if it is long enough to be meant.
    let parts = of(Language::English).into_iter().filter(|text| !german.contains(text)).flat_map(|text| {
        text.split(['{', '}'])
            .step_by(2)
            .map(|part| part.trim().to_owned())
            .filter(|part| part.len() > 6)
            .collect::<Vec<_>>()
    });
    parts.collect()
}

#[tokio::test]
async fn a_german_page_says_nothing_in_english() {
    let english = english_words();
    assert!(english.len() > 50, "{english:?}");
    let mut stale = 0;
    let found = [fixtures::calm(), fixtures::broken(), fixtures::crowded(), fixtures::absurd(), fixtures::worked_on()];
    for snapshot in found {
        let pages = branded(snapshot, german());
        let router = router(pages.clone());
        for path in [
            "/",
            "/history",
            "/history/2026-11",
            "/incidents/12",
            "/incidents/9",
            "/incidents/9/report",
            "/maintenance/1",
            "/maintenance/2",
            "/maintenance/3",
            "/maintenance/4",
            "/calendar.ics",
            "/feed.atom",
            "/badge.svg",
            "/badge/validator1.svg",
            "/nowhere",
        ] {
            for old in [false, true] {
                if old && path == "/" {
                    pages.grown_old(Duration::from_secs(31));
                    stale += 1;
                }
                let (_, _, body) = get(&router, path, &[]).await;
                // An address is no word.
                let text = String::from_utf8(body).unwrap().replace("/maintenance/", "").replace("maintenance-", "");
                for word in &english {
                    assert!(!text.contains(word.as_str()), "{path} says {word:?}: {text}");
                }
                assert!(!path.ends_with('/') || text.contains("<html lang=\"de\">"), "{path}");
            }
        }
    }
    assert_eq!(stale, 5);
    let home = readable(&text(&router(branded(fixtures::broken(), german())), "/").await);
    for said in [
        "Einige Systeme sind ausgefallen Stand: 22. Nov. 2026, 04:30 MEZ Offene Störung Validator 1 is not available Ausfall : Validator 1. Begonnen 22. Nov. 2026, 04:10 MEZ",
        "Ursache gefunden 22. Nov. 2026, 04:19 MEZ",
        "Aufgezeichnet seit 13. Okt. 2026 99,96 % verfügbar Heute 1 Tag mit Störungen bei Validator 1 22. Nov. 2026: Ausfall für 20 Min.",
        "19. bis 21. Nov. 2026 Keine Störungen 18. Nov. 2026 The database answered slowly Behoben nach 1 Std. 35 Min. · PostgreSQL database",
    ] {
        assert!(home.contains(said), "{said}: {home}");
    }
    let router_of_work = router(branded(fixtures::worked_on(), german()));
    let home = readable(&text(&router_of_work, "/").await);
    for said in [
        "Wartungsarbeiten laufen Stand: 22. Nov. 2026, 04:30 MEZ Laufende Wartung New disks, part 3 Validator 1 und Validator 2. Von 22. Nov. 2026, 04:00 MEZ bis 22. Nov. 2026, 06:00 MEZ",
        "Geplante Wartung New disks, part 4 Beginnt bald von 22. Nov. 2026, 05:30 MEZ bis 22. Nov. 2026, 06:30 MEZ",
    ] {
        assert!(home.contains(said), "{said}: {home}");
    }
    let history = readable(&text(&router_of_work, "/history").await);
    assert!(
        history.contains("Vergangene Wartung New disks, part 1 15. Nov. 2026, 22:30 MEZ · Abgeschlossen"),
        "{history}"
    );
    assert!(text(&router_of_work, "/badge/validator1.svg").await.contains(">Validator 1: in Wartung<"));
    let scheduled = text(&router_of_work, "/api/v2/scheduled-maintenances.json").await;
    assert!(scheduled.contains("From 22 Nov 2026, 04:30 UTC to 22 Nov 2026, 05:30 UTC."), "{scheduled}");
    // A contract for programs is what it was.
    let summary = text(&router(branded(fixtures::broken(), german())), "/api/v2/summary.json").await;
    assert!(
        summary.contains("\"description\":\"Some systems are unavailable\"") && summary.contains("Europe/Berlin"),
        "{summary}"
    );
}

#[tokio::test]
async fn a_brand_is_on_every_page_and_its_logo_runs_nothing() {
    let caption = |text: &str| Some(Caption::parse(text).unwrap());
    let brand = Brand {
        name: Some(Name::parse("Harbour & Sons").unwrap()),
        about: caption("Ferries <b>and</b> cranes"),
        home: Some(WebLink::parse("https://harbour.example/?a=1&b=2").unwrap()),
        support: Some(WebLink::parse("mailto:help@harbour.example").unwrap()),
        accent: Some(Colour::parse("#ff6600").unwrap()),
        logo: Some(Digest::of(b"PNG")),
        ..Brand::default()
    };
    let mut snapshot = fixtures::calm();
    snapshot.title = "Harbour & Sons".into();
    let pages = branded(snapshot, brand);
    let router = router(pages.clone());
    for path in ["/", "/history", "/incidents/9", "/incidents/404"] {
        let (_, headers, body) = get(&router, path, &[]).await;
        let html = String::from_utf8(body).unwrap();
        for said in [
            "<img src=\"/logo\" alt=\"\" width=\"160\" height=\"40\"><span>Harbour &#38; Sons</span>",
            "Ferries &#60;b&#62;and&#60;/b&#62; cranes",
            "href=\"https://harbour.example/?a=1&#38;b=2\"",
            "href=\"mailto:help@harbour.example\"",
            "--accent:light-dark(#",
        ] {
            assert!(html.contains(said), "{path}: {said}: {html}");
        }
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        use sha2::{Digest as _, Sha256};
        let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains(&STANDARD.encode(Sha256::digest(style))), "{path}: the policy is of this style");
    }
    let (status, headers, body) = get(&router, "/logo", &[]).await;
    assert_eq!((status, body.as_slice()), (StatusCode::OK, b"PNG".as_slice()));
    assert_eq!(headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    let copy = pages.copy().unwrap();
    let incident = copy.files.iter().find(|(path, _)| path == "incidents/9/index.html").unwrap();
    assert!(std::str::from_utf8(&incident.1).unwrap().contains("<img src=\"../../logo\""));
    assert!(copy.files.iter().any(|(path, bytes)| path == "logo" && &bytes[..] == b"PNG"));
    // Another brand is another page, at once.
    let before = pages.site();
    pages.publish(Content { brand: Arc::default(), ..before.content.clone().unwrap() });
    assert!(!text(&router, "/incidents/9").await.contains("harbour.example"));
    assert_eq!(get(&router, "/logo", &[]).await.0, StatusCode::NOT_FOUND);
}
