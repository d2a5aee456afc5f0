//! The page in its owner's name and language: every text of it, and a logo that runs nothing.

use super::*;

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
            "/feed.rss",
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
    let incident = copy.files.iter().find(|file| file.path == "incidents/9/index.html").unwrap();
    assert!(std::str::from_utf8(&incident.bytes).unwrap().contains("<img src=\"../../logo\""));
    assert!(copy.files.iter().any(|file| file.path == "logo" && &file.bytes[..] == b"PNG"));
    // Another brand is another page, at once.
    let before = pages.site();
    pages.publish(Content { brand: Arc::default(), ..before.content.clone().unwrap() });
    assert!(!text(&router, "/incidents/9").await.contains("harbour.example"));
    assert_eq!(get(&router, "/logo", &[]).await.0, StatusCode::NOT_FOUND);
}
