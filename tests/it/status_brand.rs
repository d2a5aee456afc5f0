//! Whose the public page is and how it speaks: who may change it, what strangers then see, what is refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use shared::{
    api::{
        error::ErrorCode,
        status_brand::{BrandIn, BrandView},
    },
    domain::{
        access::Role,
        brand::{Brand, Colour, Language, PictureKind, WebLink, ZoneName},
        text::{Caption, Name},
    },
};
use tests::{
    muster::Muster,
    scene::{eventually, refused},
};

/// One transparent pixel, and a page behind it.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn polyglot() -> String {
    let mut bytes = STANDARD.decode(PNG).unwrap();
    bytes.extend_from_slice(b"<!doctype html><script>alert(1)</script>");
    STANDARD.encode(bytes)
}

fn harbour() -> Brand {
    Brand {
        name: Some(Name::parse("Hafen & Söhne").unwrap()),
        about: Some(Caption::parse("Fähren und Kräne").unwrap()),
        home: Some(WebLink::parse("https://harbour.example").unwrap()),
        support: Some(WebLink::parse("mailto:help@harbour.example").unwrap()),
        accent: Some(Colour::parse("#ff6600").unwrap()),
        language: Language::German,
        zone: ZoneName::parse("Europe/Berlin").unwrap(),
        logo: None,
    }
}

#[tokio::test]
async fn an_operator_makes_the_page_their_own_and_strangers_see_it_at_once() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    assert_eq!(operator.api.status_brand().await.unwrap().version, 0);
    assert_eq!(stranger.page("/logo").await.unwrap().0, StatusCode::NOT_FOUND);
    let n = muster.declare(&operator, "validator1").await.unwrap().number;
    let body = BrandIn { brand: harbour(), base: 0, picture: Some(polyglot()) };
    let saved = operator.api.save_status_brand(&body).await.unwrap();
    assert_eq!((saved.version, saved.saved.clone().unwrap().by.to_string()), (1, "Test operator".into()));
    assert_eq!(saved, operator.api.status_brand().await.unwrap());
    let logo = saved.logo.clone().unwrap();
    assert_eq!((logo.kind, logo.width, logo.height), (PictureKind::Png, 1, 1));
    eventually("strangers see it", async || stranger.page("/").await.unwrap().1.contains("Fähren und Kräne"))
        .await
        .unwrap();
    let page = format!("/incidents/{n}");
    for (path, says) in
        [("/", "Einige Systeme sind ausgefallen"), (&page, "Wird untersucht"), ("/history", "Vergangene Störungen")]
    {
        let html = stranger.page(path).await.unwrap().1;
        assert!(html.contains("<html lang=\"de\">") && html.contains(says), "{path}: {html}");
        assert!(html.contains("Hafen &#38; Söhne") && html.contains("https://harbour.example"), "{path}: {html}");
    }
    assert!(stranger.page("/feed.atom").await.unwrap().1.contains("Störungen, Wartungen und was dazu gesagt wird"));
    let (_, status) = stranger.page("/api/v2/status.json").await.unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["page"]["name"], "Hafen & Söhne");
    assert_eq!(status["page"]["time_zone"], "Europe/Berlin");
    assert_eq!(status["status"]["description"], "Some systems are unavailable", "a contract stays in English");

    // A picture that is also a page is served as a picture, and as nothing that runs.
    let got = stranger.client.get(format!("{}/logo", muster.base)).send().await.unwrap();
    let of = |name: &str| got.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((of("content-type"), of("x-content-type-options")), ("image/png".into(), "nosniff".into()));
    assert!(of("content-security-policy").contains("sandbox") && got.headers().contains_key(header::ETAG));
    assert_eq!(got.bytes().await.unwrap(), STANDARD.decode(polyglot()).unwrap());

    // The logo stays when something else is changed, and goes when it is taken out.
    let brand = Brand { language: Language::English, ..saved.brand };
    let saved = operator.api.save_status_brand(&BrandIn { brand, base: 1, picture: None }).await.unwrap();
    eventually("it speaks English", async || {
        stranger.page("/").await.unwrap().1.contains("Some systems are unavailable")
    })
    .await
    .unwrap();
    assert_eq!(stranger.page("/logo").await.unwrap().0, StatusCode::OK);
    let brand = Brand { logo: None, ..saved.brand };
    operator.api.save_status_brand(&BrandIn { brand, base: 2, picture: None }).await.unwrap();
    eventually("the logo is gone", async || stranger.page("/logo").await.unwrap().0 == StatusCode::NOT_FOUND)
        .await
        .unwrap();
}

#[tokio::test]
async fn only_who_may_changes_it_and_nonsense_changes_nothing() {
    let muster = Muster::start().await.unwrap();
    let plain = || BrandIn { brand: harbour(), base: 0, picture: None };
    for role in [Role::Viewer, Role::Responder, Role::Approver] {
        let person = muster.persona(role).await.unwrap();
        assert_eq!(person.api.status_brand().await.unwrap().version, 0);
        assert_eq!(refused(person.api.save_status_brand(&plain()).await).code, ErrorCode::Forbidden, "{role:?}");
    }
    let operator = muster.persona(Role::Operator).await.unwrap();
    let svg = STANDARD.encode("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>");
    let other = shared::digest::Digest::of(b"never sent").to_string();
    let with = |path: &str, value: Value| {
        let mut body = json!({"brand": {"zone": "Europe/Berlin", "language": "german"}, "base": 0});
        match path.strip_prefix("brand.") {
            Some(key) => body["brand"][key] = value,
            None => body[path] = value,
        }
        (body, path.to_owned())
    };
    for (body, field) in [
        with("brand.zone", json!("Europe/Nowhere")),
        with("brand.zone", json!("not a zone!")),
        with("brand.home", json!("javascript:alert(1)")),
        with("brand.accent", json!("red")),
        with("brand.language", json!("klingon")),
        with("brand.name", json!("x".repeat(101))),
        with("brand.logo", json!(other)),
        with("picture", json!(svg)),
        with("picture", json!("%%%")),
        with("picture", json!("A".repeat(200_000))),
    ] {
        let (status, answer) = operator.http.raw("PUT", "/api/v1/status-page/brand", Some(body)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {answer}");
        assert_eq!(answer["error"]["fields"][0]["field"], field, "{answer}");
    }
    assert_eq!(operator.api.status_brand().await.unwrap().version, 0);

    let saved = operator.api.save_status_brand(&plain()).await.unwrap();
    let no = refused(operator.api.save_status_brand(&plain()).await);
    assert_eq!(no.code, ErrorCode::EditConflict);
    let current: BrandView = serde_json::from_value(no.details.unwrap()).unwrap();
    assert_eq!(current, saved, "who comes second sees what the first one saved");
}
