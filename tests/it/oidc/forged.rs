//! A provider that lies, and answers that are not its own: nothing that cannot be believed signs anybody in.

use ed25519_dalek::SigningKey;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::api::{client::Client, error::ErrorCode, session::DepartIn};
use tests::{
    liar::{Liar, parameter, part},
    muster::Muster,
    persona::Http,
    provider::settings,
    scene::refused,
};

use super::{log, me};

async fn muster(liar: &Liar) -> Muster {
    let settings = settings(&liar.issuer, "ops=operator").unwrap();
    Muster::start_with(|to| to.oidc = Some(settings)).await.unwrap()
}

/// Leaves; gives the state and the nonce that Muster sent.
async fn leave(muster: &Muster) -> (Http, String, String) {
    let http = muster.stranger().unwrap();
    let address = Client::new(http.clone()).depart(&DepartIn::default()).await.unwrap().address;
    let (state, nonce) = (parameter(&address, "state").unwrap(), parameter(&address, "nonce").unwrap());
    (http, state, nonce)
}

/// Leaves and comes back to a token made from the nonce.
async fn come(muster: &Muster, liar: &Liar, token: impl FnOnce(&str) -> Option<String>) -> (Http, StatusCode, String) {
    let (http, state, nonce) = leave(muster).await;
    let mut answer = json!({"access_token": "x", "token_type": "Bearer"});
    if let Some(token) = token(&nonce) {
        answer["id_token"] = json!(token);
    }
    liar.will_give(answer);
    let (status, page) = http.page(&format!("/login/oidc/callback?code=c&state={state}")).await.unwrap();
    (http, status, page)
}

fn with(mut claims: Value, key: &str, value: Value) -> Value {
    claims[key] = value;
    claims
}

#[tokio::test]
async fn only_a_token_that_is_whole_and_meant_for_this_sign_in_is_believed() {
    let liar = Liar::start().await.unwrap();
    let muster = muster(&liar).await;
    let (http, status, page) = come(&muster, &liar, |nonce| Some(liar.signed(&liar.claims(nonce)))).await;
    assert_eq!(status, StatusCode::OK, "an honest one is: {page}");
    let eve = me(&http).await.unwrap();

    type Forge = fn(&Liar, &str) -> Option<String>;
    let forged: [(&str, Forge); 18] = [
        ("another nonce", |l, _| Some(l.signed(&l.claims("another")))),
        ("no nonce", |l, n| Some(l.signed(&with(l.claims(n), "nonce", Value::Null)))),
        ("another audience", |l, n| Some(l.signed(&with(l.claims(n), "aud", json!("other"))))),
        ("several audiences", |l, n| Some(l.signed(&with(l.claims(n), "aud", json!(["muster", "other"]))))),
        ("made for another (azp)", |l, n| Some(l.signed(&with(l.claims(n), "azp", json!("other"))))),
        ("expired", |l, n| Some(l.signed(&with(l.claims(n), "exp", json!(1_000_000_000))))),
        ("without an end", |l, n| Some(l.signed(&with(l.claims(n), "exp", Value::Null)))),
        ("another issuer", |l, n| Some(l.signed(&with(l.claims(n), "iss", json!("https://idp.example"))))),
        ("without a subject", |l, n| Some(l.signed(&with(l.claims(n), "sub", Value::Null)))),
        ("another access token", |l, n| Some(l.signed(&with(l.claims(n), "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))))),
        ("alg: none", |l, n| Some(format!("{}.{}.", part(&json!({"alg": "none"})), part(&l.claims(n))))),
        ("alg: None, signed", |l, n| {
            Some(l.signed_by(&SigningKey::from_bytes(&[7; 32]), &json!({"alg": "None"}), &l.claims(n)))
        }),
        ("signed with a key of somebody else", |l, n| {
            Some(l.signed_by(&SigningKey::from_bytes(&[8; 32]), &json!({"alg": "EdDSA", "kid": "one"}), &l.claims(n)))
        }),
        ("a key nobody knows", |l, n| {
            Some(l.signed_by(&SigningKey::from_bytes(&[7; 32]), &json!({"alg": "EdDSA", "kid": "two"}), &l.claims(n)))
        }),
        ("its own key in the head", |l, n| {
            let key = SigningKey::from_bytes(&[8; 32]);
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "not ours"});
            Some(l.signed_by(&key, &json!({"alg": "EdDSA", "jwk": jwk}), &l.claims(n)))
        }),
        ("signed with the shared secret", |l, n| Some(shared_secret(&l.claims(n)))),
        ("changed after signing", |l, n| {
            let token = l.signed(&l.claims(n));
            let signature = token.rsplit_once('.').unwrap().1.to_owned();
            let (head, rest) = token.split_once('.').unwrap();
            assert!(!rest.is_empty());
            Some(format!("{head}.{}.{signature}", part(&with(l.claims(n), "sub", json!("root")))))
        }),
        ("no token at all", |_, _| None),
    ];
    for (what, forge) in forged {
        let (http, status, page) = come(&muster, &liar, |nonce| forge(&liar, nonce)).await;
        assert_eq!((status, me(&http).await), (StatusCode::FORBIDDEN, None), "{what}: {page}");
        assert!(page.contains("cannot be believed"), "{what}: {page}");
        let (action, denied, _) = log(&muster, 1).await.remove(0);
        assert!(denied && action == "session.refused", "{what}");
    }
    assert_eq!(muster.store.user_list().await.unwrap().iter().map(|user| user.id).collect::<Vec<_>>(), [eve.id]);
}

/// HS256 under the client's secret, made by openssl: what a provider that knows the secret could sign, and so could whoever steals it.
fn shared_secret(claims: &Value) -> String {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let text = format!("{}.{}", part(&json!({"alg": "HS256"})), part(claims));
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", "Musters-own-secret-at-the-provider", "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let signature = openssl.wait_with_output().unwrap().stdout;
    assert_eq!(signature.len(), 32);
    format!("{text}.{}", tests::liar::encode(&signature))
}

#[tokio::test]
async fn an_answer_from_another_provider_is_told_apart() {
    let liar = Liar::start().await.unwrap();
    let honest = |nonce: &str| json!({"access_token": "x", "token_type": "Bearer", "id_token": liar.signed(&liar.claims(nonce))});
    let issuer = liar.issuer.clone();
    for (always_says_so, iss, expected) in [
        (false, Some("https://other.example"), StatusCode::FORBIDDEN),
        (false, Some(issuer.as_str()), StatusCode::OK),
        (false, None, StatusCode::OK),
        (true, None, StatusCode::FORBIDDEN),
        (true, Some(issuer.as_str()), StatusCode::OK),
    ] {
        liar.describe("authorization_response_iss_parameter_supported", json!(always_says_so));
        // What many share is fresh for five seconds; this is another Muster's question.
        let muster = self::muster(&liar).await;
        let (http, state, nonce) = leave(&muster).await;
        liar.will_give(honest(&nonce));
        let before = liar.asked_for_tokens();
        let iss = iss.map(|iss| format!("&iss={iss}")).unwrap_or_default();
        let (status, page) = http.page(&format!("/login/oidc/callback?code=c&state={state}{iss}")).await.unwrap();
        assert_eq!(status, expected, "{always_says_so} {iss}: {page}");
        assert_eq!(
            liar.asked_for_tokens() - before,
            usize::from(expected == StatusCode::OK),
            "a refused code is not spent"
        );
    }
}

#[tokio::test]
async fn what_the_provider_says_went_wrong_is_said_in_our_words() {
    let liar = Liar::start().await.unwrap();
    let muster = muster(&liar).await;
    for (error, said) in [("access_denied", "did not complete the sign-in"), ("<b>x</b>", "did not let you sign in")] {
        let (http, state, _) = leave(&muster).await;
        let path = format!("/login/oidc/callback?error={error}&error_description=Call+0800+EVIL&state={state}");
        let (status, page) = http.page(&path).await.unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(page.contains(said) && !page.contains("EVIL") && !page.contains("<b>"), "{page}");
    }
}

#[tokio::test]
async fn what_discovery_names_must_be_allowed_by_itself() {
    let (liar, inner) = (Liar::start().await.unwrap(), Liar::start().await.unwrap());
    // The same machine under another name: not the host that the operator wrote.
    let inside = inner.issuer.replace("127.0.0.1", "localhost");
    liar.describe("token_endpoint", json!(format!("{inside}/token")));
    for (allowed, expected) in [("", StatusCode::BAD_GATEWAY), ("localhost", StatusCode::OK)] {
        let settings = settings(&liar.issuer, "ops=operator").unwrap();
        let muster = Muster::start_with(|to| {
            to.oidc = Some(settings);
            to.outgoing = outgoing::rule::Allowed::parse(allowed).unwrap();
        })
        .await
        .unwrap();
        let (http, state, nonce) = leave(&muster).await;
        inner.will_give(
            json!({"access_token": "x", "token_type": "Bearer", "id_token": liar.signed(&liar.claims(&nonce))}),
        );
        let (status, page) = http.page(&format!("/login/oidc/callback?code=c&state={state}")).await.unwrap();
        assert_eq!(status, expected, "{page}");
        assert_eq!(inner.asked_for_tokens(), usize::from(expected == StatusCode::OK));
    }
    liar.describe("authorization_endpoint", json!("javascript:alert(1)"));
    let muster = self::muster(&liar).await;
    let silent = refused(Client::new(muster.stranger().unwrap()).depart(&DepartIn::default()).await);
    assert_eq!(silent.code, ErrorCode::ProviderSilent);
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_confirmed_makes_no_account() {
    let liar = Liar::start().await.unwrap();
    let muster = muster(&liar).await;
    for (key, value) in [("email_verified", json!(false)), ("email", Value::Null), ("email", json!("not one"))] {
        let (http, status, page) =
            come(&muster, &liar, |nonce| Some(liar.signed(&with(liar.claims(nonce), key, value.clone())))).await;
        assert_eq!((status, me(&http).await), (StatusCode::FORBIDDEN, None), "{key} {value}: {page}");
    }
    assert!(muster.store.user_list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_provider_that_never_answers_keeps_nobody_waiting() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(&format!("http://{}", listener.local_addr().unwrap()), "ops=operator").unwrap();
    let muster = Muster::start_with(|to| to.oidc = Some(settings)).await.unwrap();
    let begun = std::time::Instant::now();
    let silent = refused(Client::new(muster.stranger().unwrap()).depart(&DepartIn::default()).await);
    assert_eq!(silent.code, ErrorCode::ProviderSilent);
    assert!(begun.elapsed().as_secs() < 6, "{:?}", begun.elapsed());
}
