//! The door: signing in and out, sessions, where writes may come from, headers. What each role may do is tested in `access`.

use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};
use shared::{api::error::ErrorCode, domain::access::Role, timestamp::Timestamp};
use sqlx::PgPool;
use tests::{
    muster::{Muster, declaration},
    persona::{Http, Persona},
    scene::refused,
};
use time::OffsetDateTime;

/// Without a cookie jar: cookies are sent by hand.
fn bare() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn sign_in(base: &str, origin: &str, email: &str, password: &str, cookie: Option<&str>) -> Response {
    let mut request = bare().post(format!("{base}/api/v1/session")).header(header::ORIGIN, origin);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request.json(&json!({"email": email, "password": password})).send().await.unwrap()
}

fn set_cookie(response: &Response) -> String {
    let all: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].to_str().unwrap().to_owned()
}

/// `name=value`, as it is sent back.
fn pair(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap().to_owned()
}

async fn me(base: &str, cookie: &str) -> StatusCode {
    bare().get(format!("{base}/api/v1/session")).header(header::COOKIE, cookie).send().await.unwrap().status()
}

async fn database(muster: &Muster) -> PgPool {
    PgPool::connect(&muster.database.url).await.unwrap()
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_learn_the_same_equally_slowly() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    let http = muster.stranger().unwrap();
    let mut answers = vec![];
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..4 {
        for (i, (email, password)) in
            [(email.as_str(), "not the password"), ("nobody@test.invalid", password.as_str())].into_iter().enumerate()
        {
            let begun = Instant::now();
            answers.push(
                http.raw("POST", "/api/v1/session", Some(json!({"email": email, "password": password}))).await.unwrap(),
            );
            fastest[i] = fastest[i].min(begun.elapsed());
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let (status, body) = &answers[0];
    assert_eq!((*status, body["error"]["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("wrong-credentials")));
    let [wrong, unknown] = fastest;
    assert!(unknown > wrong / 3 && wrong > unknown / 3, "wrong password {wrong:?}, unknown user {unknown:?}");
    let entries = muster.store.audit_list(None, 20).await.unwrap();
    let refusals: Vec<_> = entries.iter().filter(|e| e.entry.action == "session.refused" && e.entry.denied).collect();
    assert_eq!(refusals.len(), 8);
}

#[tokio::test]
async fn somebody_deactivated_cannot_sign_in_and_learns_nothing_more() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    sqlx::query("UPDATE app_user SET active = false").execute(&database(&muster).await).await.unwrap();
    let error = refused(
        Persona::sign_in(&muster.base, &email, &password).await.map(|p| p.me).map_err(|e| e.downcast().unwrap()),
    );
    assert_eq!(error.code, ErrorCode::WrongCredentials);
}

#[tokio::test]
async fn a_password_is_in_no_answer_and_no_log() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Administrator).await.unwrap();
    let wrong = format!("{password}-but-wrong");
    let http = muster.stranger().unwrap();
    let mut answers = vec![];
    let mut keep = async |method: &str, path: &str, body: Option<Value>| {
        let (_, answer) = http.raw(method, path, body).await.unwrap();
        answers.push(format!("{path}: {answer}"));
    };
    for body in [
        json!({"email": email, "password": wrong}),
        json!({"email": "nobody@test.invalid", "password": password}),
        json!({"email": email, "password": password, "remember": true}),
        json!({"email": {"nested": 1}, "password": password}),
        json!({"password": password}),
        json!({"email": email, "password": password}),
    ] {
        keep("POST", "/api/v1/session", Some(body)).await;
    }
    for path in [
        "/api/v1/session",
        "/api/v1/audit",
        "/api/v1/audit/verify",
        "/api/v1/incidents",
        "/api/v1/systems",
        "/api/v1/systems/bt2c/plan",
    ] {
        keep("GET", path, None).await;
    }
    assert!(
        answers.iter().any(|answer| answer.contains("\"role\":\"administrator\"")),
        "the last sign-in works: {answers:?}"
    );
    for answer in answers {
        assert!(!answer.contains(&password) && !answer.contains("argon2"), "{answer}");
    }
}

#[tokio::test]
async fn after_signing_out_the_session_is_over_even_for_who_kept_the_cookie() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Responder).await.unwrap();
    let cookie = pair(&set_cookie(&sign_in(&muster.base, &muster.base, &email, &password, None).await));
    assert_eq!(me(&muster.base, &cookie).await, StatusCode::OK);
    let out = bare()
        .delete(format!("{}/api/v1/session", muster.base))
        .header(header::ORIGIN, &muster.base)
        .header(header::COOKIE, &cookie);
    assert_eq!(out.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(me(&muster.base, &cookie).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_that_was_idle_too_long_or_lasted_too_long_is_over() {
    let muster = Muster::start().await.unwrap();
    let pool = database(&muster).await;
    let ago = |hours: i64| Timestamp::new(OffsetDateTime::now_utc() - time::Duration::hours(hours));
    for (what, since, touched, over) in [
        ("used an hour ago", ago(20), ago(1), false),
        ("idle for nine hours", ago(10), ago(9), true),
        ("used just now, begun yesterday", ago(25), ago(0), true),
    ] {
        let person = muster.persona(Role::Viewer).await.unwrap();
        let changed = sqlx::query("UPDATE session SET content = jsonb_set(jsonb_set(content, '{signed_in,since}', $2), '{signed_in,touched}', $3) WHERE content::text LIKE $1")
            .bind(format!("%{}%", person.id))
            .bind(json!(since))
            .bind(json!(touched))
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), 1, "{what}");
        let answer = person.api.me().await;
        assert_eq!(answer.is_err(), over, "{what}: {answer:?}");
        if over {
            assert_eq!(refused(answer).code, ErrorCode::NotSignedIn, "{what}");
        }
    }
}

#[tokio::test]
async fn an_expired_session_is_not_signed_in_and_nothing_is_written() {
    let muster = Muster::start().await.unwrap();
    let person = muster.persona(Role::Responder).await.unwrap();
    sqlx::query("UPDATE session SET expires_at = now() - interval '1 second'")
        .execute(&database(&muster).await)
        .await
        .unwrap();
    let error = refused(person.api.declare(&declaration("validator1").unwrap(), "key").await);
    assert_eq!(error.code, ErrorCode::NotSignedIn);
    assert!(error.message.contains("Sign in"), "{}", error.message);
    assert_eq!(muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn writes_from_elsewhere_are_refused_and_nothing_is_written() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Responder).await.unwrap();
    let cookie = pair(&set_cookie(&sign_in(&muster.base, &muster.base, &email, &password, None).await));
    let body = serde_json::to_string(&declaration("validator1").unwrap()).unwrap();
    let send = async |headers: &[(&str, &str)]| {
        let mut request =
            bare().post(format!("{}/api/v1/incidents", muster.base)).header(header::COOKIE, &cookie).body(body.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap()["error"]["code"].clone())
    };
    let (ours, json_type) = (muster.base.as_str(), ("content-type", "application/json"));
    let foreign = [
        vec![json_type],
        vec![json_type, ("origin", "https://evil.example")],
        vec![json_type, ("origin", "null")],
        vec![json_type, ("origin", "null"), ("sec-fetch-site", "same-origin")],
        vec![json_type, ("sec-fetch-site", "cross-site")],
        vec![json_type, ("sec-fetch-site", "same-site")],
        vec![json_type, ("origin", ours), ("sec-fetch-site", "cross-site")],
        vec![json_type, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        vec![json_type, ("origin", ours), ("origin", "https://evil.example")],
    ];
    for headers in &foreign {
        assert_eq!(send(headers).await, (StatusCode::FORBIDDEN, json!("foreign-origin")), "{headers:?}");
    }
    let entries = muster.store.audit_list(None, 20).await.unwrap();
    let noted = entries.iter().filter(|e| e.entry.denied && e.entry.action == "request.foreign").count();
    assert_eq!(noted, foreign.len(), "each is in the audit log");
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"] {
        let answer = send(&[("origin", ours), ("content-type", content_type)]).await;
        assert_eq!(answer, (StatusCode::UNSUPPORTED_MEDIA_TYPE, json!("invalid")), "{content_type}");
    }
    assert_eq!(send(&[("origin", ours)]).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(),
        0,
        "nothing was written"
    );
    assert_eq!(send(&[("origin", ours), json_type]).await.0, StatusCode::OK);
    assert_eq!(send(&[("sec-fetch-site", "same-origin"), json_type]).await.0, StatusCode::OK);
    assert_eq!(muster.store.incident_list(tests::scene::EVERYTHING, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn many_wrong_passwords_close_that_account_for_a_while_and_no_other() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    let (other, other_password) = muster.account(Role::Operator).await.unwrap();
    let inside = Persona::sign_in(&muster.base, &email, &password).await.unwrap();
    let attempt = async |password: &str| sign_in(&muster.base, &muster.base, &email, password, None).await;
    let mut refused_before = 0;
    let response = loop {
        let response = attempt("wrong wrong wrong").await;
        if response.status() != StatusCode::UNAUTHORIZED {
            break response;
        }
        refused_before += 1;
        assert!(refused_before < 20, "nobody stops whoever tries passwords");
    };
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=301).contains(&wait), "{wait}");
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], "too-many-requests");
    assert!(refused_before >= 5, "a person may mistype: {refused_before}");
    assert_eq!(attempt(&password).await.status(), StatusCode::TOO_MANY_REQUESTS, "also with the right one");
    assert!(Persona::sign_in(&muster.base, &other, &other_password).await.is_ok(), "somebody else may");
    assert!(inside.api.me().await.is_ok(), "whoever is inside stays inside");
}

#[tokio::test]
async fn the_cookie_is_for_this_site_only_and_no_script() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Viewer).await.unwrap();
    let cookie = set_cookie(&sign_in(&muster.base, &muster.base, &email, &password, None).await).to_lowercase();
    assert!(cookie.starts_with("muster_session="), "{cookie}");
    for part in ["; httponly", "; samesite=strict", "; path=/", "; max-age="] {
        assert!(cookie.contains(part), "{part:?} in {cookie}");
    }
    assert!(!cookie.contains("domain="), "{cookie}");
    let value = pair(&cookie).split_once('=').unwrap().1.len();
    assert!(value >= 22, "128 bits take 22 characters: {value}");
}

#[tokio::test]
async fn under_https_the_cookie_is_the_hosts_own_and_browsers_are_told_to_stay() {
    let muster = Muster::serve(Some("https://muster.example"), "nowhere".into()).await.unwrap();
    let (email, password) = muster.account(Role::Viewer).await.unwrap();
    let response = sign_in(&muster.base, "https://muster.example", &email, &password, None).await;
    assert!(response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let cookie = set_cookie(&response);
    let lower = cookie.to_lowercase();
    assert!(cookie.starts_with("__Host-muster="), "{cookie}");
    for part in ["; secure", "; httponly", "; samesite=strict", "; path=/"] {
        assert!(lower.contains(part), "{part:?} in {cookie}");
    }
    assert!(!lower.contains("domain="), "a host's own cookie has no domain: {cookie}");
    assert_eq!(me(&muster.base, &pair(&cookie)).await, StatusCode::OK);
    for path in ["/", "/login", "/healthz", "/nothing/here"] {
        let response = bare().get(format!("{}{path}", muster.base)).send().await.unwrap();
        let told = response.headers().get(header::STRICT_TRANSPORT_SECURITY).map(|v| v.to_str().unwrap().to_owned());
        assert!(told.is_some_and(|t| t.starts_with("max-age=")), "{path}");
    }
}

#[tokio::test]
async fn under_https_plain_http_is_another_site() {
    let muster = Muster::serve(Some("https://muster.example"), "nowhere".into()).await.unwrap();
    let request = |origin: &str| {
        let request = bare().post(format!("{}/api/v1/session", muster.base)).header(header::HOST, "muster.example");
        request.header(header::ORIGIN, origin).json(&json!({"email": "a@b.c", "password": "x"})).send()
    };
    assert_eq!(request("http://muster.example").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(request("https://muster.example").await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_in_begins_a_new_session_and_ends_the_old_one() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Viewer).await.unwrap();
    let planted = "muster_session=AAAAAAAAAAAAAAAAAAAAAA";
    let first = pair(&set_cookie(&sign_in(&muster.base, &muster.base, &email, &password, Some(planted)).await));
    assert_ne!(first, planted, "an id from outside is never taken");
    let second = pair(&set_cookie(&sign_in(&muster.base, &muster.base, &email, &password, Some(&first)).await));
    assert_ne!(first, second);
    assert_eq!(me(&muster.base, &first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&muster.base, &second).await, StatusCode::OK);
}

#[tokio::test]
async fn who_reads_the_session_table_cannot_become_anybody() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Viewer).await.unwrap();
    let cookie = pair(&set_cookie(&sign_in(&muster.base, &muster.base, &email, &password, None).await));
    let id: String = sqlx::query_scalar("SELECT id FROM session").fetch_one(&database(&muster).await).await.unwrap();
    assert!(!cookie.contains(&id));
    assert_eq!(me(&muster.base, &format!("muster_session={id}")).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_page_carries_its_security_headers() {
    let muster = Muster::start().await.unwrap();
    for path in [
        "/",
        "/history",
        "/login",
        "/console/incidents",
        "/healthz",
        "/readyz",
        "/api/v1/session",
        "/assets/nothing.js",
        "/nothing/here",
    ] {
        let response = bare().get(format!("{}{path}", muster.base)).send().await.unwrap();
        let all = response.headers();
        let text = |name: &str| all.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = text("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy:?}"
        );
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{path}: {policy:?}");
        assert_eq!(text("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(text("referrer-policy"), "no-referrer", "{path}");
        assert!(text("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(text("strict-transport-security"), "", "{path}: not under plain http");
        assert!(!all.contains_key(header::SET_COOKIE), "{path}: no visitor needs a cookie");
    }
}

#[tokio::test]
async fn the_shells_nonce_is_new_each_time() {
    let muster = Muster::start().await.unwrap();
    let policy = async || {
        let response = bare().get(format!("{}/login", muster.base)).send().await.unwrap();
        response.headers()["content-security-policy"].to_str().unwrap().to_owned()
    };
    let (one, other) = (policy().await, policy().await);
    assert!(one.contains("'nonce-"), "{one}");
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_is_refused_by_name() {
    let muster = Muster::start().await.unwrap();
    let http: Http = muster.stranger().unwrap();
    let send = async |body: String| {
        let request = http.client.post(format!("{}/api/v1/session", muster.base)).header(header::ORIGIN, &muster.base);
        let response = request.header(header::CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap()["error"]["code"].clone())
    };
    let large = json!({"email": "a@b.c", "password": "x".repeat(2 * 1024 * 1024)}).to_string();
    assert_eq!(send(large).await, (StatusCode::PAYLOAD_TOO_LARGE, json!("too-large")));
    for body in ["", "{", "email=a&password=b", "{}{}", "\u{0}"] {
        let (status, code) = send(body.into()).await;
        assert!(status.is_client_error() && code == json!("invalid"), "{body:?}: {status} {code}");
    }
}

#[tokio::test]
async fn a_nul_character_is_a_mistake_of_whoever_sent_it() {
    let muster = Muster::start().await.unwrap();
    let stranger = muster.stranger().unwrap();
    let sign_in = async |email: &str| {
        let body = json!({"email": email, "password": "a long password"});
        stranger.raw("POST", "/api/v1/session", Some(body)).await.unwrap()
    };
    let (status, said) = sign_in("a\u{0}@b").await;
    assert_eq!((status, &said), (StatusCode::UNAUTHORIZED, &sign_in("nobody@b").await.1));
    let responder = muster.persona(Role::Responder).await.unwrap();
    for path in ["/api/v1/systems/x%00y/plan", "/api/v1/incidents/1%00", "/api/v1/incidents/1%00/report/export.md"] {
        let (status, said) = responder.http.raw("GET", path, None).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {said}");
    }
    let mut body = serde_json::to_value(declaration("validator1").unwrap()).unwrap();
    body["system"] = json!("bt\u{0}2c");
    let (status, said) = responder.http.raw("POST", "/api/v1/incidents", Some(body)).await.unwrap();
    assert_eq!((status, said["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid")), "{said}");
}
