//! Doors that stood open elsewhere: what strangers are told, whose objects one reaches, which headers are believed, and what a fresh
//! installation shares with others.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::{StatusCode, header};
use serde_json::json;
use server::heads::Signer;
use shared::{
    api::{error::ErrorCode, run::RunRequestIn},
    digest::Digest,
    domain::{access::Role, actor::Actor},
};
use tests::{
    muster::{Muster, declaration},
    programs::{Scratch, Terminal},
    scene::{PROCEDURE, Scene, plan, refused},
    testnet::root,
};
use uuid::Uuid;

#[tokio::test]
async fn nothing_that_a_stranger_may_read_tells_what_it_is_made_of() {
    let muster = Muster::start().await.unwrap();
    muster.declare(&muster.persona(Role::Responder).await.unwrap(), "validator1").await.unwrap();
    muster.state.public.refresh(&muster.store).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let paths = [
        "/",
        "/history",
        "/incidents/1",
        "/incidents/2",
        "/login",
        "/healthz",
        "/readyz",
        "/nowhere",
        "/api",
        "/api/v1/session",
        "/api/v1/nothing",
        "/api/v1/incidents",
        "/assets/nothing.js",
        "/metrics",
        "/.env",
        "/.git/config",
        "/server-status",
        "/debug",
        "/actuator",
        "/swagger",
        "/graphql",
        "/admin",
        "/setup",
        "/install",
        "/api/v1/setup",
    ];
    let data = muster.scratch.path().display().to_string();
    for path in paths {
        let response = stranger.ask("GET", path, None).await.unwrap();
        let status = response.status();
        for name in ["server", "x-powered-by", "via", "x-runtime", "x-request-id", "x-debug"] {
            assert!(!response.headers().contains_key(name), "{path} sends {name}");
        }
        let headers = format!("{:?}", response.headers()).to_lowercase();
        let body = response.text().await.unwrap().to_lowercase();
        for word in [
            "axum",
            "hyper/",
            "sqlx",
            "postgres",
            "rustc",
            "panicked",
            ".rs:",
            env!("CARGO_PKG_VERSION"),
            &data,
            "/home/",
            "paged by the watchdog",
        ] {
            assert!(!body.contains(word) && !headers.contains(word), "{path} ({status}) tells {word:?}");
        }
        let known = ["/", "/history", "/incidents/1", "/login", "/healthz", "/readyz"].contains(&path);
        assert_eq!(status == StatusCode::OK, known, "{path}: {status}");
    }
    assert_eq!(stranger.page("/healthz").await.unwrap().1, "alive\n");
    assert_eq!(stranger.page("/readyz").await.unwrap().1, "ready\n");
}

#[tokio::test]
async fn objects_of_one_system_are_not_found_through_another() {
    let scene = Scene::set().await.unwrap();
    let chief = scene.muster.persona_with_duties().await.unwrap();
    let text =
        format!("{}\nOther.\n\n## Only there\n\n```bash {{id=only-there}}\ndocker-compose ps\n```\n", plan().unwrap());
    let mut tx = scene.muster.store.begin().await.unwrap();
    let other = tx.system_create("other", "Other", "other", None).await.unwrap();
    for version in 0..3 {
        let text = format!("{text}{version}\n");
        let (digest, reason) = (Digest::of(text.as_bytes()), "for the test");
        tx.plan_version_add(other.id, digest, &text, &Actor::CommandLine, reason).await.unwrap();
    }
    tx.commit().await.unwrap();
    let found = async |path: &str| chief.http.raw("GET", path, None).await.unwrap().0;
    for (path, there) in [
        ("/api/v1/systems/other/plan/versions/3", true),
        ("/api/v1/systems/bt2c/plan/versions/3", false),
        ("/api/v1/systems/other/plan/versions/3/diff?from=2", true),
        ("/api/v1/systems/bt2c/plan/versions/3/diff?from=2", false),
        ("/api/v1/systems/bt2c/plan/versions/1/diff?from=3", false),
        ("/api/v1/systems/bt2c/plan/source?version=3", false),
        ("/api/v1/systems/none/plan", false),
    ] {
        assert_eq!(found(path).await, if there { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{path}");
    }
    // A procedure of the other plan cannot be run here, nor can a run of here go on there.
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let key = || Uuid::new_v4().to_string();
    let foreign = scene.operator.api.request_run(run.incident, &RunRequestIn::of("only-there"), &key()).await;
    assert_eq!(refused(foreign).code, ErrorCode::Invalid);
    let mut declaration = declaration("validator1").unwrap();
    declaration.system = "other".into();
    let there = scene.responder.api.declare(&declaration, &key()).await.unwrap().number;
    let goes_on = RunRequestIn { resumes: Some(run.number), ..RunRequestIn::of(PROCEDURE) };
    let error = refused(scene.operator.api.request_run(there, &goes_on, &key()).await);
    assert!(error.message.contains("Nothing was requested") || error.code == ErrorCode::Invalid, "{error:?}");
    // A report, a log and a question belong to one incident and one run.
    scene.responder.api.draft_report(run.incident).await.unwrap();
    assert_eq!(found(&format!("/api/v1/incidents/{there}/report")).await, StatusCode::NOT_FOUND);
    // Somebody who has just shown that it is them is refused for the object alone.
    chief.prove().await.unwrap();
    for number in [0, -1, run.number + 1, i64::MAX] {
        for path in ["", "/output", "/output/search?q=x", "/output.txt"] {
            assert_eq!(found(&format!("/api/v1/runs/{number}{path}")).await, StatusCode::NOT_FOUND, "{number}{path}");
        }
        for command in ["decision", "glass", "review", "withdraw", "priority", "answer", "confirm", "check", "cancel"] {
            let body = match command {
                "decision" => json!({"approve": true, "content": run.content}),
                "glass" => json!({"reason": "x", "content": run.content}),
                "review" => json!({"text": "x"}),
                "priority" => json!({"priority": "high"}),
                "answer" => json!({"step": 1, "answer": {"answer": "retry"}}),
                "confirm" => json!({"step": 1, "answer": {"answer": "retry"}, "agree": true}),
                "check" => json!({"step": 1, "holds": true}),
                _ => json!({"reason": "x"}),
            };
            let path = format!("/api/v1/runs/{number}/{command}");
            let (status, said) = chief.http.raw("POST", &path, Some(body)).await.unwrap();
            assert!(status == StatusCode::NOT_FOUND, "{path}: {status} {said}");
        }
    }
}

/// Headers by which other programs take somebody's word for who they are or where they come from.
fn claims(administrator: &tests::persona::Persona) -> Vec<(&'static str, String)> {
    [
        "x-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-forwarded-host",
        "x-original-host",
        "x-host",
    ]
    .into_iter()
    .map(|name| (name, "127.0.0.1".to_owned()))
    .chain(
        [
            "x-forwarded-user",
            "x-remote-user",
            "remote-user",
            "x-auth-request-user",
            "x-auth-request-email",
            "x-user",
            "x-user-id",
            "x-webauth-user",
            "x-authenticated-user",
            "x-forwarded-email",
            "x-token-user",
        ]
        .into_iter()
        .map(|name| (name, administrator.email.clone())),
    )
    .chain([
        ("x-roles", "administrator".into()),
        ("x-forwarded-groups", "administrator".into()),
        ("x-is-admin", "true".into()),
        ("x-user-id", administrator.id.to_string()),
        ("forwarded", "for=127.0.0.1;host=localhost;proto=https;by=admin".into()),
        ("x-forwarded-proto", "https".into()),
        ("x-original-url", "/healthz".into()),
        ("x-rewrite-url", "/healthz".into()),
        ("x-http-method-override", "GET".into()),
        ("x-method-override", "GET".into()),
        ("x-http-method", "GET".into()),
        ("authorization", format!("Basic {}", administrator.email)),
        ("authorization", "Bearer null".into()),
        ("cookie", "muster_session=administrator; role=administrator; admin=1".into()),
        ("x-api-key", "admin".into()),
        ("x-internal", "1".into()),
    ])
    .collect()
}

#[tokio::test]
async fn headers_that_a_client_sends_authorise_nothing() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let claims = claims(&administrator);
    let ask = async |http: &tests::persona::Http, method: &str, path: &str, claim: Option<&(&str, String)>| {
        let mut request = http.client.request(method.parse().unwrap(), format!("{}{path}", muster.base));
        request = request.header(header::ORIGIN, &muster.base);
        if let Some((name, value)) = claim {
            request = request.header(*name, value);
        }
        if method != "GET" {
            request = request.json(&declaration("validator1").unwrap());
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let attempts = [
        (&stranger, "GET", "/api/v1/audit"),
        (&stranger, "GET", "/api/v1/incidents"),
        (&stranger, "POST", "/api/v1/incidents"),
        (&viewer.http, "GET", "/api/v1/audit"),
        (&viewer.http, "POST", "/api/v1/incidents"),
    ];
    for (http, method, path) in attempts {
        let plain = ask(http, method, path, None).await;
        assert!(plain.0 == StatusCode::UNAUTHORIZED || plain.0 == StatusCode::FORBIDDEN, "{method} {path}: {plain:?}");
        for claim in &claims {
            // Whoever sends another cookie is somebody else.
            if claim.0 == "cookie" && !std::ptr::eq(http, &stranger) {
                continue;
            }
            let (status, body) = ask(http, method, path, Some(claim)).await;
            let same = (status, body.as_str()) == (plain.0, plain.1.as_str());
            assert!(same || status == StatusCode::UNAUTHORIZED, "{claim:?} changes {method} {path}: {status} {body}");
        }
    }
    assert_eq!(
        muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(),
        0,
        "nothing was written"
    );
    // A header does not make another method or another address of a request.
    for (name, value) in
        [("x-http-method-override", "DELETE"), ("x-method-override", "DELETE"), ("x-original-url", "/api/v1/audit")]
    {
        let claim = (name, value.to_owned());
        assert_eq!(
            ask(&viewer.http, "GET", "/api/v1/session?_method=DELETE", Some(&claim)).await.0,
            StatusCode::OK,
            "{name}"
        );
        assert_eq!(ask(&administrator.http, "GET", "/healthz", Some(&claim)).await.1, "alive\n", "{name}");
    }
    assert!(viewer.api.me().await.is_ok(), "still signed in");
    // Another name of the host in a header makes no origin ours, and no address another one in the audit log.
    let request = viewer.http.client.post(format!("{}/api/v1/incidents", muster.base));
    let request = request.header(header::ORIGIN, "https://evil.example").header("x-forwarded-host", "evil.example");
    let request = request.header("forwarded", "host=evil.example").header("x-forwarded-for", "203.0.113.9");
    let answer = request.json(&declaration("validator1").unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert_eq!((newest.action.as_str(), &newest.detail["address"]), ("request.foreign", &json!("127.0.0.1")));
}

#[tokio::test]
async fn events_and_all_other_reads_are_for_pages_of_our_own() {
    let muster = Muster::start().await.unwrap();
    let person = muster.persona(Role::Viewer).await.unwrap();
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = person.http.client.get(format!("{}{path}", muster.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status()
    };
    let ours = muster.base.as_str();
    for path in ["/api/v1/events", "/api/v1/session", "/api/v1/incidents"] {
        for (headers, let_in) in [
            (vec![], true),
            (vec![("origin", ours)], true),
            (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], true),
            (vec![("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], true),
            (vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true),
            (vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], false),
            (vec![("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![("origin", ours), ("sec-fetch-site", "same-site")], false),
        ] {
            let status = ask(path, &headers).await;
            assert_eq!(status, if let_in { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{path} {headers:?}");
        }
    }
    // And nobody is told by a header of ours that another origin may read.
    for (method, path) in
        [("OPTIONS", "/api/v1/incidents"), ("OPTIONS", "/api/v1/events"), ("GET", "/api/v1/session"), ("GET", "/")]
    {
        let request = person.http.client.request(method.parse().unwrap(), format!("{}{path}", muster.base));
        let request =
            request.header(header::ORIGIN, "https://evil.example").header("access-control-request-method", "POST");
        let answer = request.send().await.unwrap();
        let allows = answer.headers().keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!allows, "{method} {path}: {:?}", answer.headers());
    }
}

#[tokio::test]
async fn two_fresh_installations_share_no_secret_and_keep_theirs_to_themselves() {
    // Each with the database it brings along.
    let secrets = |terminal: &Terminal| {
        let add = ["user", "add", "--email", "a@b.test", "--name", "A", "--role", "viewer"];
        let said = terminal.run("muster", &add, "violet ladder under nine\n").unwrap();
        assert_eq!(said.code, Some(0), "{said:?}");
        let data = terminal.scratch.path().join("data");
        let mode = std::fs::metadata(&data).unwrap().permissions().mode() & 0o077;
        let mut found = vec![];
        let mut open = vec![data.clone()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let meta = std::fs::symlink_metadata(&path).unwrap();
                // The cluster's own files are Postgres's; it refuses to start if others may read them.
                if meta.is_dir() && !path.join("PG_VERSION").exists() {
                    open.push(path.clone());
                }
                let secret = path.to_string_lossy().contains("/keys/") || path.to_string_lossy().contains("password");
                if meta.is_file() && secret {
                    assert_eq!(meta.permissions().mode() & 0o077, 0, "{} is open to others", path.display());
                    found.push(std::fs::read(&path).unwrap());
                }
            }
        }
        (mode, found)
    };
    let make = || {
        let terminal = Terminal::open().unwrap();
        let data = terminal.scratch.path().join("data");
        terminal.with("MUSTER_DATA_DIR", data)
    };
    let (one, other) = (make(), make());
    // The database's own account must be able to pass.
    for terminal in [&one, &other] {
        std::fs::set_permissions(terminal.scratch.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (a, b) = (secrets(&one), secrets(&other));
    assert!(!a.1.is_empty(), "no secret was found where they should be");
    for secret in &a.1 {
        assert!(secret.len() >= 16 && !b.1.contains(secret), "both have the same secret");
    }
    // The key of the signed heads likewise.
    let (one, other) = (Scratch::new().unwrap(), Scratch::new().unwrap());
    let keys = [&one, &other].map(|scratch| Signer::load_or_make(scratch.path()).unwrap().public_key());
    assert_ne!(format!("{:?}", keys[0]), format!("{:?}", keys[1]));
    let mode = std::fs::metadata(one.path().join("keys/audit-ed25519")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn nothing_secret_is_in_the_checkout() {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.split('\0').count() > 100);
    // Put together here, so that this file is no finding.
    let marks = [
        format!("-----BEGIN {}PRIVATE KEY-----", ""),
        format!("-----BEGIN {}PRIVATE KEY-----", "RSA "),
        format!("-----BEGIN {}PRIVATE KEY-----", "EC "),
        format!("-----BEGIN {}PRIVATE KEY-----", "OPENSSH "),
        format!("{}argon2id$v=19$m=", "$"),
        format!("{}{}", "gh", "p_"),
        format!("{}{}", "AK", "IA"),
        format!("{}{}", "xox", "b-"),
    ];
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let odd = [".pem", ".key", ".p12", ".pfx", ".env", "id_rsa", "id_ed25519", "demo-users.json", ".jks"];
        assert!(!odd.iter().any(|end| name.ends_with(end)), "{path} does not belong here");
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        // The unit test of the password file names the parameters that a hash begins with.
        let allowed = path == "server/src/auth/password.rs";
        assert!(allowed || !marks.iter().any(|mark| text.contains(mark.as_str())), "{path} holds a secret");
    }
    let compose = std::fs::read_to_string(root().join("docker-compose.yml")).unwrap();
    assert!(compose.contains("${MUSTER_DB_PASSWORD:?"), "the composition brings no password of its own");
}
