//! Files put to an incident, over HTTP: what is kept, what is refused and leaves nothing, and that no browser runs what comes back.

use std::time::Duration;

use futures::stream;
use reqwest::{Response, StatusCode, header};
use serde_json::Value;
use shared::{
    api::client::{file_address, upload_address},
    digest::Digest,
    domain::{
        access::Role,
        attachment::{Attached, FileKind, MOST_BYTES},
        incident::IncidentEvent,
    },
};
use sqlx::PgPool;
use tests::{described::assert_described, muster::Muster, persona::Persona, scene::eventually};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

async fn send(who: &Persona, incident: i64, name: &str, content: impl Into<reqwest::Body>) -> Response {
    let path = upload_address(incident, name);
    let request = who.http.client.post(format!("{}{path}", who.http.base)).header(header::ORIGIN, &who.http.base);
    let answer = request.header(header::CONTENT_TYPE, "application/octet-stream").body(content).send().await.unwrap();
    assert_described("POST", &path, answer.status().as_u16(), None);
    answer
}

async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
}

/// The files in the timeline, oldest first.
async fn files(who: &Persona, incident: i64) -> Vec<Attached> {
    let file = |event| if let IncidentEvent::Attached { file } = event { Some(file) } else { None };
    let timeline = who.api.incident(incident).await.unwrap().timeline;
    timeline.into_iter().filter_map(|entry| file(entry.event)).collect()
}

async fn fetch(who: &Persona, incident: i64, file: &Attached) -> Response {
    let path = file_address(incident, file.id);
    let answer = who.http.client.get(format!("{}{path}", who.http.base)).send().await.unwrap();
    assert_described("GET", &path, answer.status().as_u16(), None);
    answer
}

/// How much is left in the tables: files, their pieces, pieces on their way.
async fn left(pool: &PgPool) -> (i64, i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM attachment), (SELECT count(*) FROM attachment_chunk), (SELECT count(*) FROM upload_chunk)";
    sqlx::query_as(sql).fetch_one(pool).await.unwrap()
}

struct Stage {
    muster: Muster,
    pool: PgPool,
    ada: Persona,
    n: i64,
}

async fn stage() -> Stage {
    let muster = Muster::start().await.unwrap();
    let ada = muster.persona(Role::Responder).await.unwrap();
    let n = muster.declare(&ada, "validator1").await.unwrap().number;
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    Stage { muster, pool, ada, n }
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_and_the_timeline_knows_its_digest() {
    let Stage { muster, pool, ada, n } = stage().await;
    let log = "2026-11-27 00:00:01 validator1: disk full \u{1f692}\n".repeat(20_000);
    assert_eq!(send(&ada, n, "node.log", log.clone()).await.status(), StatusCode::OK);
    assert_eq!(send(&ada, n, "Bildschirmfoto — ü.png", PNG).await.status(), StatusCode::OK);
    let kept = files(&ada, n).await;
    assert_eq!(kept.iter().map(|f| f.kind).collect::<Vec<_>>(), [FileKind::Text, FileKind::Png]);
    assert_eq!((kept[0].bytes, kept[0].digest), (log.len() as u64, Digest::of(log.as_bytes())));
    assert_eq!(left(&pool).await.2, 0, "nothing is on its way any more");
    assert!(left(&pool).await.1 > 3, "a large one lies in pieces");
    let audit = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    let digest = serde_json::json!(kept[1].digest);
    assert_eq!((audit.action.as_str(), &audit.detail["file"]["digest"]), ("incident.file-attached", &digest));

    // Everybody who may look at the incident may look at its files.
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let answer = fetch(&viewer, n, &kept[0]).await;
    let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(said("content-type"), "text/plain; charset=utf-8");
    assert_eq!(said("content-disposition"), "attachment; filename=\"node.log\"; filename*=UTF-8''node.log");
    assert_eq!(said("content-length"), log.len().to_string());
    assert_eq!(said("cache-control"), "no-store");
    assert_eq!(answer.text().await.unwrap(), log);
    let answer = fetch(&viewer, n, &kept[1]).await;
    let shown = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(
        shown.starts_with("inline; filename=\"Bildschirmfoto _ _.png\"; filename*=UTF-8''Bildschirmfoto%20%E2%80%94"),
        "{shown}"
    );
    assert_eq!(answer.bytes().await.unwrap(), PNG);
}

#[tokio::test]
async fn nothing_that_comes_back_can_run_in_a_browser() {
    let Stage { muster: _muster, ada, n, .. } = stage().await;
    let script = "<script>fetch('/api/v1/session')</script>";
    let html = format!("<!DOCTYPE html><html><body>{script}</body></html>");
    let svg = format!("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\">{script}</svg>");
    let gif = [b"GIF89a/*".as_slice(), script.as_bytes(), b"*/=1;alert(1)"].concat();
    let polyglot = [PNG, html.as_bytes()].concat();
    let pdf = format!("%PDF-1.7\n{html}");
    for (name, content, kind, kept_as) in [
        ("shot.png", html.clone().into_bytes(), FileKind::Text, "shot.png.txt"),
        ("page.html", html.into_bytes(), FileKind::Text, "page.html.txt"),
        ("logo.svg", svg.into_bytes(), FileKind::Text, "logo.svg.txt"),
        ("app.js", gif, FileKind::Gif, "app.js.gif"),
        ("both.png", polyglot, FileKind::Png, "both.png"),
        ("both.html", pdf.into_bytes(), FileKind::Pdf, "both.html.pdf"),
    ] {
        assert_eq!(send(&ada, n, name, content).await.status(), StatusCode::OK, "{name}");
        let file = files(&ada, n).await.pop().unwrap();
        assert_eq!((file.kind, file.name.as_str()), (kind, kept_as));
        let answer = fetch(&ada, n, &file).await;
        let headers = answer.headers();
        assert_eq!(headers["content-type"], kind.media_type());
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        let inline = headers["content-disposition"].to_str().unwrap().starts_with("inline");
        assert_eq!(inline, kind.is_image(), "{name}");
    }
}

#[tokio::test]
async fn what_is_not_kept_leaves_nothing() {
    let Stage { muster, pool, ada, n } = stage().await;
    let mut archive = b"PK\x03\x04".to_vec();
    archive.resize(700 * 1024, 0);
    for (name, content, status, words) in [
        ("tool.exe", b"MZ\x90\0\x03\0\0\0".to_vec(), 422, "none of them"),
        ("all.zip", archive, 422, "none of them"),
        ("empty.txt", vec![], 422, "empty"),
        ("../../etc/passwd", b"root".to_vec(), 422, "directory"),
        ("C:\\boot.ini", b"x".to_vec(), 422, "directory"),
        ("a\u{202e}gnp.txt", b"x".to_vec(), 422, "cannot be seen"),
        ("", b"x".to_vec(), 422, "needs a name"),
    ] {
        let (said, message) = refusal(send(&ada, n, name, content).await).await;
        assert_eq!(said, status, "{name}: {message}");
        assert!(message.contains(words), "{name}: {message}");
    }
    let large = vec![b'x'; usize::try_from(MOST_BYTES).unwrap() + 1];
    let (status, message) = refusal(send(&ada, n, "large.txt", large).await).await;
    assert_eq!(status, 413);
    assert!(message.contains("20 MiB") && message.contains("Nothing was kept"), "{message}");
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(send(&viewer, n, "x.txt", "x").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(send(&ada, 99, "x.txt", "x").await.status(), StatusCode::NOT_FOUND);
    let stranger = muster.stranger().unwrap();
    let path = format!("{}{}", muster.base, upload_address(n, "x.txt"));
    let foreign = stranger.client.post(&path).header(header::CONTENT_TYPE, "application/octet-stream").body("x");
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN, "no page elsewhere can send one");
    assert!(files(&ada, n).await.is_empty());
    assert_eq!(left(&pool).await, (0, 0, 0));
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let Stage { muster: _muster, pool, ada, n } = stage().await;
    let pieces = stream::unfold(0, async |sent| {
        tokio::time::sleep(Duration::from_millis(if sent < 4 { 0 } else { 60_000 })).await;
        Some((Ok::<_, std::io::Error>(vec![b'x'; 200 * 1024]), sent + 1))
    });
    let path = format!("{}{}", ada.http.base, upload_address(n, "slow.log"));
    let request = ada.http.client.post(path).header(header::ORIGIN, &ada.http.base);
    let request = request.header(header::CONTENT_TYPE, "application/octet-stream");
    let sending = tokio::spawn(request.body(reqwest::Body::wrap_stream(pieces)).send());
    eventually("some of it has arrived", async || left(&pool).await.2 > 0).await.unwrap();
    sending.abort();
    eventually("it is forgotten", async || left(&pool).await == (0, 0, 0)).await.unwrap();
    assert!(files(&ada, n).await.is_empty());
}

#[tokio::test]
async fn a_file_is_reached_through_its_own_incident_only() {
    let Stage { muster, pool, ada, n } = stage().await;
    assert_eq!(send(&ada, n, "node.log", "disk full\n").await.status(), StatusCode::OK);
    let other = muster.declare(&ada, "validator2").await.unwrap().number;
    let file = files(&ada, n).await.remove(0);
    assert_eq!(fetch(&ada, other, &file).await.status(), StatusCode::NOT_FOUND);
    let stranger = muster.stranger().unwrap();
    let (status, _) = stranger.page(&file_address(n, file.id)).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    // Nor does the public page know of it.
    let (_, page) = stranger.page(&format!("/incidents/{n}")).await.unwrap();
    assert!(!page.contains("node.log") && !page.contains(&file.id.to_string()));

    // The incident has had its share.
    sqlx::query("INSERT INTO attachment SELECT gen_random_uuid(), incident_id, name, kind, 209715195, digest, at FROM attachment")
        .execute(&pool)
        .await
        .unwrap();
    let (status, message) = refusal(send(&ada, n, "more.log", "more\n").await).await;
    assert_eq!(status, 409, "{message}");
    assert!(message.contains("together"), "{message}");
    assert_eq!(send(&ada, other, "more.log", "more\n").await.status(), StatusCode::OK, "another has its own");
}
