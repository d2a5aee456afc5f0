//! The status page as a stranger sees it: what it says, what it never says, and how its bytes travel.

use std::io::Read as _;

use reqwest::{Response, StatusCode, header};
use shared::{
    api::incident::{NoteIn, ResolveIn, UpdateIn},
    domain::{access::Role, incident::PublicState, text::Title},
};
use tests::{
    muster::{Muster, declaration},
    persona::{Http, Persona},
    scene::{eventually, message},
};

async fn stage() -> (Muster, Persona, Http) {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let stranger = muster.stranger().unwrap();
    (muster, responder, stranger)
}

/// A page once it says this.
async fn once(stranger: &Http, path: &str, says: &str) -> String {
    eventually(&format!("{path} says {says:?}"), async || stranger.page(path).await.unwrap().1.contains(says))
        .await
        .unwrap();
    stranger.page(path).await.unwrap().1
}

async fn get(stranger: &Http, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = stranger.client.get(format!("{}{path}", stranger.base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header(response: &Response, name: header::HeaderName) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

#[tokio::test]
async fn an_open_incident_is_told_in_public_words_only_and_its_end_too() {
    let (muster, responder, stranger) = stage().await;
    let (_, quiet) = stranger.page("/").await.unwrap();
    assert!(quiet.contains("All systems operational") && quiet.contains("Validator 1"), "{quiet}");

    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    responder.api.note(n, &NoteIn::of(message("secret-note: the disk of rack 7"))).await.unwrap();
    let update = UpdateIn {
        state: PublicState::Identified,
        text: message("A validator has stopped; the others go on."),
        notify: true,
        happened_at: None,
    };
    responder.api.post_update(n, &update).await.unwrap();
    let home = once(&stranger, "/", "A validator has stopped").await;
    let page = once(&stranger, &format!("/incidents/{n}"), "A validator has stopped").await;
    for html in [&home, &page] {
        assert!(html.contains("validator1 is not available") && html.contains("Identified"), "{html}");
        for internal in [
            "validator1 is down",
            "paged by the watchdog",
            "secret-note",
            "Test responder",
            "Minor Incident",
            "test.invalid",
        ] {
            assert!(!html.contains(internal), "{internal:?} is internal: {html}");
        }
    }
    assert!(page.contains("We are looking into it."), "the first word stays");
    assert!(home.contains("Some systems are unavailable") && home.contains("Major outage"), "{home}");

    let end = ResolveIn {
        text: message("secret-end: replaced the disk"),
        public_text: Some(message("It makes blocks again.")),
        notify: true,
        despite: None,
    };
    responder.api.resolve(n, &end).await.unwrap();
    let home = once(&stranger, "/", "All systems operational").await;
    assert!(!home.contains("Major outage"), "{home}");
    let history = once(&stranger, "/history", "validator1 is not available").await;
    let page = once(&stranger, &format!("/incidents/{n}"), "It makes blocks again.").await;
    for html in [&home, &history, &page] {
        assert!(!html.contains("secret-"), "{html}");
    }
}

#[tokio::test]
async fn an_internal_incident_leaves_no_trace() {
    let (muster, responder, stranger) = stage().await;
    let mut internal = declaration("validator2").unwrap();
    internal.title = Title::parse("quietly broken").unwrap();
    internal.public = None;
    let n = responder.api.declare(&internal, "k").await.unwrap().number;
    muster.declare(&responder, "validator1").await.unwrap();
    let home = once(&stranger, "/", "validator1 is not available").await;
    assert!(!home.contains("quietly broken"), "{home}");
    let (_, of_validator2) = home.split_once("<span>Validator 2</span>").unwrap();
    assert!(of_validator2.split("</li>").next().unwrap().contains("Operational"), "{home}");
    assert_eq!(stranger.page(&format!("/incidents/{n}")).await.unwrap().0, StatusCode::NOT_FOUND);
    responder
        .api
        .resolve(
            n,
            &ResolveIn {
                text: message("fixed"),
                public_text: Some(message("never said aloud")),
                notify: true,
                despite: None,
            },
        )
        .await
        .unwrap();
    muster.state.public.refresh(&muster.store).await.unwrap();
    for path in ["/", "/history", &format!("/incidents/{n}")] {
        let (_, html) = stranger.page(path).await.unwrap();
        assert!(!html.contains("quietly broken") && !html.contains("never said aloud"), "{path}: {html}");
    }
}

#[tokio::test]
async fn text_from_people_is_text_and_nothing_else() {
    let (_muster, responder, stranger) = stage().await;
    let mut body = declaration("validator1").unwrap();
    let public = body.public.as_mut().unwrap();
    public.title = Title::parse("<script>alert('title')</script>\"><img src=x onerror=alert(1)>").unwrap();
    public.text = message("</p><script>alert('text')</script> & <b>bold</b> {{ 7 * 7 }}");
    let n = responder.api.declare(&body, "k").await.unwrap().number;
    once(&stranger, "/", "alert(").await;
    for path in ["/".to_owned(), format!("/incidents/{n}")] {
        let (_, html) = stranger.page(&path).await.unwrap();
        assert!(html.contains("alert(&#39;title&#39;)") && html.contains("{{ 7 * 7 }}"), "{path}: {html}");
        for live in ["<script>alert", "<img src=x", "<b>bold"] {
            assert!(!html.contains(live), "{path}: {live:?} in {html}");
        }
    }
}

#[tokio::test]
async fn whoever_has_the_page_already_gets_no_bytes() {
    let (muster, responder, stranger) = stage().await;
    let first = get(&stranger, "/", &[]).await;
    let tag = header(&first, header::ETAG);
    assert!(tag.starts_with('"'), "{tag:?}");
    let again = get(&stranger, "/", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status(), header(&again, header::ETAG)), (StatusCode::NOT_MODIFIED, tag.clone()));
    assert!(again.bytes().await.unwrap().is_empty());
    muster.declare(&responder, "validator1").await.unwrap();
    once(&stranger, "/", "validator1 is not available").await;
    let changed = get(&stranger, "/", &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(header(&changed, header::ETAG), tag);
}

#[tokio::test]
async fn the_page_is_compressed_for_those_who_take_it_and_small() {
    let (muster, responder, stranger) = stage().await;
    muster.declare(&responder, "validator1").await.unwrap();
    once(&stranger, "/", "validator1 is not available").await;
    let plain = get(&stranger, "/", &[]).await;
    assert_eq!(header(&plain, header::CONTENT_ENCODING), "");
    assert!(header(&plain, header::VARY).contains("accept-encoding"));
    let plain = plain.text().await.unwrap();
    let zipped = get(&stranger, "/", &[("accept-encoding", "gzip, br;q=0.5")]).await;
    assert_eq!(header(&zipped, header::CONTENT_ENCODING), "gzip");
    let zipped = zipped.bytes().await.unwrap();
    assert!(zipped.len() < plain.len() / 2 && zipped.len() < 30 * 1024, "{} of {}", zipped.len(), plain.len());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&zipped[..]).read_to_string(&mut text).unwrap();
    assert!(text.contains("validator1 is not available"));
}

#[tokio::test]
async fn head_says_what_get_would_without_the_body() {
    let (_muster, _responder, stranger) = stage().await;
    for path in ["/", "/history", "/incidents/4711"] {
        let got = get(&stranger, path, &[]).await;
        let head = stranger.client.head(format!("{}{path}", stranger.base)).send().await.unwrap();
        assert_eq!((head.status(), header(&head, header::ETAG)), (got.status(), header(&got, header::ETAG)), "{path}");
        assert_eq!(header(&head, header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_incident_that_does_not_exist_has_a_page_that_says_so() {
    let (muster, responder, stranger) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    once(&stranger, &format!("/incidents/{n}"), "validator1 is not available").await;
    for path in [
        "/incidents/4711",
        "/incidents/abc",
        "/incidents/-1",
        "/incidents/01",
        "/incidents/99999999999999999999",
        "/nothing",
    ] {
        let (status, html) = stranger.page(path).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(html.contains("There is no such page"), "{path}: {html}");
    }
}

#[tokio::test]
async fn a_visitor_gets_no_cookie_and_needs_no_script() {
    let (muster, responder, stranger) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    once(&stranger, "/", "validator1 is not available").await;
    for path in ["/".to_owned(), "/history".into(), format!("/incidents/{n}")] {
        let response = get(&stranger, &path, &[("cookie", "muster_session=AAAAAAAAAAAAAAAAAAAAAA")]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key(header::SET_COOKIE), "{path}");
        let html = response.text().await.unwrap();
        assert!(!html.contains(".wasm") && !html.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn the_public_stream_says_that_something_is_new_and_nothing_more() {
    let (muster, responder, stranger) = stage().await;
    let mut stream = get(&stranger, "/live", &[]).await;
    assert_eq!(header(&stream, header::CONTENT_TYPE), "text/event-stream");
    let next = async |stream: &mut Response| {
        let chunk =
            tokio::time::timeout(std::time::Duration::from_secs(30), stream.chunk()).await.unwrap().unwrap().unwrap();
        String::from_utf8(chunk.to_vec()).unwrap()
    };
    let first = next(&mut stream).await;
    assert!(first.contains("event: changed"), "{first}");
    muster.declare(&responder, "validator1").await.unwrap();
    let second = next(&mut stream).await;
    assert!(second.contains("event: changed") && second != first, "{second}");
    assert!(!second.contains("validator1"), "{second}");
    assert!(
        stranger.page("/").await.unwrap().1.contains("validator1 is not available"),
        "the page is there when the news is"
    );
}

#[tokio::test]
async fn the_page_is_served_while_the_database_is_away() {
    let (muster, responder, stranger) = stage().await;
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let before = once(&stranger, "/", "validator1 is not available").await;
    once(&stranger, &format!("/incidents/{n}"), "We are looking into it.").await;
    muster.database.cut().await.unwrap();
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        let (status, html) = stranger.page("/").await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains("validator1 is not available"), "{html}");
        assert_eq!(stranger.page(&format!("/incidents/{n}")).await.unwrap().0, StatusCode::OK);
        assert!(begun.elapsed() < std::time::Duration::from_secs(1), "no visitor waits for the database");
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    assert!(before.contains("validator1 is not available"));
    muster.database.mend().await.unwrap();
    responder
        .api
        .resolve(n, &ResolveIn { text: message("done"), public_text: None, notify: true, despite: None })
        .await
        .unwrap();
    once(&stranger, "/", "All systems operational").await;
}

#[tokio::test]
async fn before_anything_was_read_the_page_says_that_it_does_not_know() {
    let nothing = store::Store::connect_lazy("postgres://nobody@127.0.0.1:1/nothing").unwrap();
    let url = server::config::PublicUrl::parse("http://localhost:8080").unwrap();
    let state = server::AppState::new(
        nothing,
        server::Settings::new(url, "nowhere".into()),
        server::heads::Keeping::nothing(),
        tests::muster::key(&tests::programs::Scratch::new().unwrap()).unwrap(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = Http::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(server::serve(listener, state, std::future::pending()));
    for path in ["/", "/incidents/1"] {
        let (status, html) = http.page(path).await.unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(html.contains("not known yet") && !html.contains("operational"), "{path}: {html}");
    }
}
