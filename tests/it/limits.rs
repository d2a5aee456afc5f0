//! How often somebody may try: what an attempt is counted by, and that no spelling, no header and no address of one's own network
//! begins the count anew. The counting itself is tested where it is done.

use std::net::SocketAddr;

use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use server::heads::Keeping;
use shared::domain::access::Role;
use tests::muster::Muster;
use tokio::net::TcpListener;

/// As `server::AppState` has it.
const PER_ACCOUNT: usize = 10;
const PER_ADDRESS: usize = 50;

async fn attempt(base: &str, email: &str, headers: &[(&str, String)]) -> StatusCode {
    let mut request = reqwest::Client::new().post(format!("{base}/api/v1/session")).header(header::ORIGIN, base);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.json(&json!({"email": email, "password": "not the password"})).send().await.unwrap().status()
}

/// The same Muster behind proxies that are believed, listening on this address.
async fn behind(muster: &Muster, trusted: &[&str], listen: &str) -> String {
    let listener = TcpListener::bind(listen).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let public_url = server::config::PublicUrl::parse(&base).unwrap();
    let mut settings = server::Settings::new(public_url, "nowhere".into());
    settings.trusted_proxies = trusted.iter().map(|net| net.parse().unwrap()).collect();
    let key = tests::muster::key(&muster.scratch).unwrap();
    let state = server::AppState::new(muster.store.clone(), settings, Keeping::nothing(), key);
    let service = server::build(state).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    base
}

#[tokio::test]
async fn an_account_is_counted_as_one_however_its_address_is_written() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    let spellings = [
        email.clone(),
        email.to_uppercase(),
        format!(" {email}"),
        format!("{email}\u{a0}\u{3000}\t"),
        // The Kelvin sign becomes a `k` in lower case, as the account's own would.
        email.to_uppercase().replace('K', "\u{212a}"),
        format!("\u{2003}{}\n", email.to_uppercase()),
    ];
    for n in 0..PER_ACCOUNT {
        let spelling = &spellings[n % spellings.len()];
        assert_eq!(attempt(&muster.base, spelling, &[]).await, StatusCode::UNAUTHORIZED, "{n}: {spelling:?}");
    }
    for spelling in &spellings {
        assert_eq!(attempt(&muster.base, spelling, &[]).await, StatusCode::TOO_MANY_REQUESTS, "{spelling:?}");
    }
    // What looks alike and is another address is nobody's: it neither closes the account nor opens it.
    for other in [format!("\u{200b}{email}"), email.replace('@', "\u{ff20}"), format!("{email}.")] {
        assert_eq!(attempt(&muster.base, &other, &[]).await, StatusCode::UNAUTHORIZED, "{other:?}");
        let body = json!({"email": other, "password": password});
        let (status, _) = muster.stranger().unwrap().raw("POST", "/api/v1/session", Some(body)).await.unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{other:?}");
    }
}

#[tokio::test]
async fn no_header_makes_one_sender_many() {
    let muster = Muster::start().await.unwrap();
    let names = ["x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip", "true-client-ip", "cf-connecting-ip"];
    let mut refused_at = None;
    for n in 0..PER_ADDRESS + 5 {
        let (ip, name) = (format!("203.0.113.{n}"), names[n % names.len()]);
        let value = if name == "forwarded" { format!("for={ip}") } else { ip };
        let status = attempt(&muster.base, &format!("nobody{n}@test.invalid"), &[(name, value)]).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused_at.get_or_insert(n);
        }
    }
    assert_eq!(refused_at, Some(PER_ADDRESS), "each address may try that often, whatever it says of itself");
}

#[tokio::test]
async fn behind_a_proxy_of_ours_each_client_is_counted_by_itself_and_a_network_of_ipv6_as_one() {
    let muster = Muster::start().await.unwrap();
    let base = behind(&muster, &["127.0.0.1/32"], "127.0.0.1:0").await;
    let from = |said: &str| [("x-forwarded-for", said.to_owned())];
    for n in 0..PER_ADDRESS {
        // What the client wrote itself stands before what the proxy wrote.
        let said = format!("198.51.100.{n}, 203.0.113.9");
        assert_eq!(attempt(&base, &format!("a{n}@test.invalid"), &from(&said)).await, StatusCode::UNAUTHORIZED, "{n}");
    }
    assert_eq!(attempt(&base, "b@test.invalid", &from("203.0.113.9")).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        attempt(&base, "b@test.invalid", &from("203.0.113.10")).await,
        StatusCode::UNAUTHORIZED,
        "a neighbour may"
    );
    let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert_eq!(newest.detail["address"], Value::from("203.0.113.10"), "the audit log names the client");
    for n in 0..PER_ADDRESS {
        let status = attempt(&base, &format!("c{n}@test.invalid"), &from(&format!("2001:db8:1:2:{n:x}::1"))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{n}");
    }
    assert_eq!(attempt(&base, "d@test.invalid", &from("2001:db8:1:2:ffff::9")).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(attempt(&base, "d@test.invalid", &from("2001:db8:1:3::9")).await, StatusCode::UNAUTHORIZED);
}
