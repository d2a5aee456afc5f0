//! A page of somebody else, opened in the browser of a person who is signed in. It tries all that browsers let a page try; every
//! attempt must reach Muster (a listener before it writes them down), change nothing and read nothing.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{Html, Response},
    routing::get,
};
use shared::domain::access::Role;
use tests::{
    browser::{Chromium, Tab, id},
    muster::{Muster, declaration},
};
use tokio::net::TcpListener;

/// What arrived at Muster.
#[derive(Clone, Debug)]
struct Arrived {
    method: String,
    path: String,
    body: String,
    site: String,
    destination: String,
    with_cookie: bool,
    socket: bool,
    status: u16,
    shared: bool,
}

type Log = Arc<Mutex<Vec<Arrived>>>;

async fn note(State(log): State<Log>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let text = |name: &str| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    };
    let mut arrived = Arrived {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        body: text("content-type"),
        site: text("sec-fetch-site"),
        destination: text("sec-fetch-dest"),
        with_cookie: text("cookie").contains("muster"),
        socket: text("upgrade") == "websocket",
        status: 0,
        shared: false,
    };
    let response = next.run(request).await;
    arrived.status = response.status().as_u16();
    arrived.shared = response.headers().keys().any(|name| name.as_str().starts_with("access-control-"));
    log.lock().unwrap().push(arrived);
    response
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn sign_in(chromium: &Chromium, base: &str, (email, password): &(String, String)) -> Tab {
    let tab = chromium.open(&format!("{base}/login?next=/console/incidents")).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", email).await.unwrap();
    tab.fill("input[type=password]", password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console/incidents'").await.unwrap();
    tab
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_somebody_else_changes_nothing_and_reads_nothing() {
    let muster = Muster::start().await.unwrap();
    let account = muster.account(Role::Administrator).await.unwrap();
    let log = Log::default();
    let noted = server::build(muster.state.clone()).layer(from_fn_with_state(log.clone(), note));
    let base = format!("http://{}", serve(noted).await);
    let page = async || Html(include_str!("hostile.html"));
    let attacker = serve(Router::new().route("/", get(page))).await.port();
    let body = serde_json::to_string(&declaration("validator1").unwrap()).unwrap();

    let mut written = 0;
    // Another site, and another port of the same machine, which for browsers is the same site: there the cookie comes along.
    for (host, site) in [("localhost", "cross-site"), ("127.0.0.1", "same-site")] {
        // A browser each: the window that is opened stays open, and what it or the victim's own page asks for must not be taken for a
        // frame's.
        let chromium = Chromium::launch().await.unwrap();
        let victim = sign_in(&chromium, &base, &account).await;
        victim.go("about:blank").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        log.lock().unwrap().clear();
        let before = muster.store.audit_head().await.unwrap().0;
        let address = format!("http://{host}:{attacker}/?target={}&body={}", encoded(&base), encoded(&body));
        let tab = chromium.open(&address).await.unwrap();
        tab.until("it has tried everything", "window.attacked || window.failed").await.unwrap();
        // Had a framed console come alive, it would have asked who is signed in.
        let alive: Vec<Arrived> = log.lock().unwrap().iter().filter(|a| a.site == "same-origin").cloned().collect();
        assert!(alive.is_empty(), "a frame of Muster's runs inside somebody else's page: {alive:?}");
        tab.click("#open").await.unwrap();
        tab.until("the window was looked at", "window.opened").await.unwrap();
        assert_eq!(tab.eval::<String>("String(window.failed)").await.unwrap(), "undefined");
        let results: std::collections::BTreeMap<String, String> = tab.eval("results").await.unwrap();
        assert_eq!(results.len(), 48, "{results:?}");
        for (attempt, result) in &results {
            // A beacon is told nothing, not even that.
            let kept = if attempt == "beacon" { "opaque" } else { "refused" };
            assert!([kept, "closed"].contains(&result.as_str()), "{host}, {attempt}: {result}");
        }
        assert_eq!(results["opened"], "closed", "the opened console does not leave the attacker's hands");

        let arrived: Vec<Arrived> =
            log.lock().unwrap().iter().filter(|a| a.site == site || a.socket).cloned().collect();
        all_was_sent(&arrived, site);
        assert!(log.lock().unwrap().iter().all(|a| !a.shared), "nothing is shared with other origins: {arrived:?}");
        // Each write that came is in the audit log as refused, under its address.
        let writes: Vec<&Arrived> = arrived.iter().filter(|a| a.method == "POST").collect();
        let entries = muster.store.audit_list(None, 100).await.unwrap();
        let refused: Vec<String> = entries
            .into_iter()
            .filter(|listed| {
                listed.entry.seq > before && listed.entry.denied && listed.entry.action == "request.foreign"
            })
            .map(|listed| listed.entry.object)
            .collect();
        assert_eq!(refused.len(), writes.len(), "{refused:?} {writes:?}");
        assert!(writes.iter().all(|a| a.status == 403 && refused.contains(&format!("POST {}", a.path))), "{writes:?}");
        assert_eq!(
            muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(),
            written,
            "{host}: nothing was written"
        );
        our_own_page_may(&victim, &base, &body).await;
        written += 1;
        assert_eq!(muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(), written);
        chromium.close().await.unwrap();
    }
}

/// The control: the same attempts from Muster's own page, by the same person, in the same browser, work.
async fn our_own_page_may(victim: &Tab, base: &str, body: &str) {
    victim.go(&format!("{base}/console/incidents")).await.unwrap();
    victim.ready().await.unwrap();
    let own = format!(
        "(async () => {{
            const answers = [];
            const line = new EventSource('/api/v1/events');
            await new Promise((resolve, reject) => {{ line.addEventListener('hello', resolve); line.onerror = reject; }});
            line.close();
            answers.push((await fetch('/api/v1/session')).status);
            answers.push((await fetch('/api/v1/incidents', {{
                method: 'POST', body: {body:?}, headers: {{'content-type': 'application/json'}} }})).status);
            window.answers = answers.join();
        }})().catch((error) => window.answers = String(error)), true"
    );
    victim.eval::<bool>(&own).await.unwrap();
    victim.until("it has answers", "window.answers").await.unwrap();
    assert_eq!(victim.eval::<String>("window.answers").await.unwrap(), "200,200", "still signed in, and may write");
}

/// An attempt that never left the browser would prove nothing.
fn all_was_sent(arrived: &[Arrived], site: &str) {
    let came = |method: &str, path: &str, fits: &dyn Fn(&Arrived) -> bool| {
        arrived.iter().any(|a| a.method == method && a.path == path && fits(a))
    };
    for body in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"] {
        let of_a_form = |a: &Arrived| a.body.starts_with(body) && a.destination == "iframe";
        assert!(came("POST", "/api/v1/incidents", &of_a_form), "no form as {body} came: {arrived:#?}");
    }
    assert!(came("POST", "/api/v1/session", &|a| a.destination == "iframe"), "{arrived:#?}");
    // Two fetches of JSON without asking, one that the browser was asked to send blindly, and the beacon.
    let by_script = arrived.iter().filter(|a| a.method == "POST" && a.destination == "empty").count();
    assert!(by_script >= 4, "{by_script}: {arrived:#?}");
    // What a browser asks about beforehand, it asks and then leaves.
    assert!(came("OPTIONS", "/api/v1/incidents", &|a| a.status >= 400), "{arrived:#?}");
    assert!(came("OPTIONS", "/api/v1/session", &|a| a.status >= 400), "{arrived:#?}");
    for path in ["/api/v1/session", "/api/v1/incidents", "/api/v1/audit", "/login", "/console/incidents", "/readyz"] {
        for destination in ["empty", "script", "style", "image"] {
            assert!(came("GET", path, &|a| a.destination == destination), "{destination} of {path}: {arrived:#?}");
        }
    }
    let listened: Vec<&Arrived> = arrived.iter().filter(|a| a.path == "/api/v1/events" && !a.socket).collect();
    assert!(listened.len() == 2 && listened.iter().all(|a| a.status == 403), "{listened:#?}");
    let reads =
        arrived.iter().filter(|a| a.method == "GET" && a.path.starts_with("/api/") && a.destination != "iframe");
    assert!(reads.clone().all(|a| a.status == 403 || a.socket), "{:#?}", reads.collect::<Vec<_>>());
    // A handshake says nothing of the site it comes from; there is nothing here that would answer it.
    assert!(came("GET", "/api/v1/events", &|a| a.socket && a.status != 101), "{arrived:#?}");
    for path in ["/login", "/console/incidents", "/api/v1/session", "/"] {
        assert!(came("GET", path, &|a| a.destination == "iframe"), "no frame of {path} was tried: {arrived:#?}");
    }
    assert!(came("GET", "/console/incidents", &|a| a.destination == "document"), "no window was opened");
    let with_cookie = arrived.iter().filter(|a| a.method == "POST").all(|a| a.with_cookie);
    assert_eq!(with_cookie, site == "same-site", "the strict cookie comes along within a site and never across");
}
