//! Signing in by a real identity provider, over HTTP: who comes in, with which role, and who does not.

mod forged;

use reqwest::{StatusCode, header};
use serde_json::json;
use shared::{
    api::{
        client::Client,
        error::ErrorCode,
        session::{DepartIn, Me, SignIn},
    },
    domain::access::{ContactRole, Role},
};
use tests::{liar::parameter, muster::Muster, persona::Http, provider::Provider, scene::refused};

const ROLES: &str = "admins=administrator, ops=operator, all=viewer, dba=contact:database-administrator";

async fn muster(provider: &Provider) -> Muster {
    let settings = provider.settings(ROLES).unwrap();
    let muster = Muster::start_with(|to| to.oidc = Some(settings)).await.unwrap();
    provider.knows(&muster.base).await.unwrap();
    muster
}

/// Leaves by Muster, signs in there, and asks for the page that the provider sends one back to.
async fn come(muster: &Muster, provider: &Provider, name: &str) -> (Http, StatusCode, String) {
    let http = muster.stranger().unwrap();
    let back = leave(muster, provider, &http, name, None).await;
    let (status, page) = http.page(back.strip_prefix(&muster.base).unwrap()).await.unwrap();
    (http, status, page)
}

async fn leave(muster: &Muster, provider: &Provider, http: &Http, name: &str, next: Option<&str>) -> String {
    let departed = Client::new(http.clone()).depart(&DepartIn { next: next.map(str::to_owned) }).await.unwrap();
    assert!(departed.address.starts_with(&provider.base), "{}", departed.address);
    assert_eq!(parameter(&departed.address, "redirect_uri").unwrap(), format!("{}/login/oidc/callback", muster.base));
    assert_eq!(parameter(&departed.address, "code_challenge_method").unwrap(), "S256");
    provider.sign_in(name, &departed.address).await.unwrap()
}

/// As [`leave`], and what the browser was given to be known by.
async fn leave_with_cookie(provider: &Provider, http: &Http, name: &str) -> (String, String) {
    let answer = http.ask("POST", "/api/v1/session/provider", Some(&json!({}))).await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    let body: serde_json::Value = answer.json().await.unwrap();
    (provider.sign_in(name, body["address"].as_str().unwrap()).await.unwrap(), cookie)
}

async fn me(http: &Http) -> Option<Me> {
    Client::new(http.clone()).me().await.ok()
}

/// The newest entries of the audit log: action, denied, detail.
async fn log(muster: &Muster, n: i64) -> Vec<(String, bool, serde_json::Value)> {
    let all = muster.store.audit_list(None, n).await.unwrap();
    all.into_iter().map(|row| (row.entry.action, row.entry.denied, row.entry.detail)).collect()
}

#[tokio::test]
async fn groups_at_the_provider_are_the_role_here_at_every_sign_in() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("ada", &["all", "ops", "dba"]).await.unwrap();
    let (first, status, page) = come(&muster, &provider, "ada").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("url=/console\"") && !page.contains("<script"), "{page}");
    let ada = me(&first).await.unwrap();
    assert_eq!(
        (ada.name.as_str(), ada.email.as_str(), ada.role.built_in()),
        ("ada", "ada@idp.invalid", Some(Role::Operator))
    );
    assert_eq!(ada.contact_roles, [ContactRole::DatabaseAdministrator]);
    let actions: Vec<_> = log(&muster, 2).await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(actions, ["session.begun", "user.created"]);

    provider.put_into("ada", &["all"]).await.unwrap();
    let (second, ..) = come(&muster, &provider, "ada").await;
    let now = me(&second).await.unwrap();
    assert_eq!(
        (now.id, now.role.built_in(), now.contact_roles.len()),
        (ada.id, Some(Role::Viewer), 0),
        "the same person, another role"
    );
    assert_eq!(
        me(&first).await.unwrap().role.built_in(),
        Some(Role::Viewer),
        "and at once, in the session that was there"
    );
    let (action, denied, detail) = log(&muster, 2).await.remove(1);
    assert_eq!((action.as_str(), denied, &detail["to"]["role"]), ("user.role-changed", false, &json!("viewer")));

    provider.put_into("ada", &["strangers"]).await.unwrap();
    let (third, status, page) = come(&muster, &provider, "ada").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("none of your groups there may use this Muster"), "{page}");
    assert!(me(&third).await.is_none());
    let (action, denied, detail) = log(&muster, 1).await.remove(0);
    assert_eq!(
        (action.as_str(), denied, &detail["reason"]),
        ("session.refused", true, &json!("no group that may come in"))
    );
}

#[tokio::test]
async fn who_has_no_group_here_is_refused_and_leaves_no_account() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("mallory", &["Admins", "dba"]).await.unwrap();
    let (http, status, _) = come(&muster, &provider, "mallory").await;
    assert_eq!((status, me(&http).await), (StatusCode::FORBIDDEN, None));
    assert!(muster.store.user_list().await.unwrap().is_empty());
    let (action, denied, detail) = log(&muster, 1).await.remove(0);
    assert_eq!((action.as_str(), denied, &detail["issuer"]), ("session.refused", true, &json!(provider.issuer())));
}

#[tokio::test]
async fn an_address_makes_nobody_somebody_else_until_an_administrator_says_so() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    let local = muster.local("root@idp.invalid", Role::Administrator).await.unwrap();
    provider.person("root", &["ops"]).await.unwrap();
    let (http, status, page) = come(&muster, &provider, "root").await;
    assert_eq!((status, me(&http).await), (StatusCode::FORBIDDEN, None), "{page}");
    assert!(page.contains("There is an account for root@idp.invalid already"), "{page}");
    let (_, denied, detail) = log(&muster, 1).await.remove(0);
    let subject = detail["subject"].as_str().unwrap();
    assert!(
        denied && me(&local.http).await.unwrap().role == Role::Administrator.into(),
        "and the account is as it was"
    );

    let by = shared::domain::actor::Actor::CommandLine;
    let issuer = provider.issuer();
    let link = || server::auth::oidc::link(&muster.store, &by, &issuer, subject, "root@idp.invalid");
    link().await.unwrap();
    assert!(link().await.unwrap_err().message().contains("already"));
    let (http, status, _) = come(&muster, &provider, "root").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(me(&http).await.unwrap().id, local.id);
}

#[tokio::test]
async fn an_account_that_is_switched_off_stays_outside_whatever_the_provider_says() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("ada", &["ops"]).await.unwrap();
    let (http, ..) = come(&muster, &provider, "ada").await;
    let ada = me(&http).await.unwrap();
    let mut tx = muster.store.begin().await.unwrap();
    tx.user_set_active(ada.id, false).await.unwrap();
    tx.commit().await.unwrap();
    let (http, status, page) = come(&muster, &provider, "ada").await;
    assert_eq!((status, me(&http).await), (StatusCode::FORBIDDEN, None));
    assert!(page.contains("switched off"), "{page}");
}

#[tokio::test]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("ada", &["ops"]).await.unwrap();
    let (http, other) = (muster.stranger().unwrap(), muster.stranger().unwrap());
    let (back, cookie) = leave_with_cookie(&provider, &http, "ada").await;
    let (kept, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
    let path = back.strip_prefix(&muster.base).unwrap();
    // Somebody else's browser: a forced sign-in.
    let (status, page) = other.page(path).await.unwrap();
    assert_eq!((status, me(&other).await), (StatusCode::FORBIDDEN, None), "{page}");
    assert!(page.contains("not begun in this browser"), "{page}");
    // A browser on the way itself, with another's answer.
    Client::new(other.clone()).depart(&DepartIn::default()).await.unwrap();
    let (status, page) = other.page(path).await.unwrap();
    assert_eq!((status, me(&other).await), (StatusCode::FORBIDDEN, None));
    assert!(page.contains("belongs to another sign-in"), "{page}");
    // The one that asked: once.
    assert_eq!(http.page(path).await.unwrap().0, StatusCode::OK);
    assert!(me(&http).await.is_some());
    let again = muster.stranger().unwrap();
    let replayed = again.client.get(&back).header(header::COOKIE, kept).send().await.unwrap();
    assert_eq!((replayed.status(), me(&again).await), (StatusCode::FORBIDDEN, None));
    let denied =
        log(&muster, 50).await.into_iter().filter(|(action, denied, _)| *denied && action == "session.refused");
    assert_eq!(denied.count(), 3, "each is in the log");
}

#[tokio::test]
async fn one_goes_on_to_the_page_one_asked_for_and_to_no_other_site() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("ada", &["ops"]).await.unwrap();
    let cases = [
        ("/console/incidents/7?tab=a&b=c", "/console/incidents/7?tab=a&#38;b=c"),
        ("//evil.example/", "/console"),
        ("https://evil.example/console", "/console"),
        ("/console/../login", "/console"),
        ("/console/\"><script>alert(1)</script>", "/console/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
    ];
    for (next, expected) in cases {
        let http = muster.stranger().unwrap();
        let back = leave(&muster, &provider, &http, "ada", Some(next)).await;
        let (status, page) = http.page(back.strip_prefix(&muster.base).unwrap()).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(page.contains(&format!("content=\"0; url={expected}\"")), "{next}: {page}");
    }
}

#[tokio::test]
async fn the_session_from_before_ends_when_another_begins() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("ada", &["ops"]).await.unwrap();
    let local = muster.persona(Role::Viewer).await.unwrap();
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let sessions = async || {
        let all: Vec<String> = sqlx::query_scalar("SELECT id FROM session").fetch_all(&pool).await.unwrap();
        all
    };
    let before = sessions().await;
    let back = leave(&muster, &provider, &local.http, "ada", None).await;
    let (status, _) = local.http.page(back.strip_prefix(&muster.base).unwrap()).await.unwrap();
    assert_eq!((status, me(&local.http).await.unwrap().name.as_str()), (StatusCode::OK, "ada"));
    let after = sessions().await;
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM sign_in_attempt").fetch_one(&pool).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_with_a_password_outside() {
    let mut provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    let http = muster.stranger().unwrap();
    let api = Client::new(http.clone());
    assert_eq!(api.ways().await.unwrap().provider.as_deref(), Some("Example ID"));
    api.depart(&DepartIn::default()).await.unwrap();
    provider.stop();
    // What many share is fresh for five seconds.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let begun = std::time::Instant::now();
    let silent = refused(api.depart(&DepartIn::default()).await);
    assert!(begun.elapsed().as_secs() < 6);
    assert_eq!(silent.code, ErrorCode::ProviderSilent);
    assert!(silent.message.starts_with("Example ID does not answer"), "{}", silent.message);
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    let me = api.sign_in(&SignIn { email, password }).await.unwrap();
    assert_eq!(me.role, Role::Operator.into());
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let muster = Muster::start_empty().await.unwrap();
    let http = muster.stranger().unwrap();
    assert_eq!(Client::new(http.clone()).ways().await.unwrap().provider, None);
    assert_eq!(refused(Client::new(http.clone()).depart(&DepartIn::default()).await).code, ErrorCode::NotFound);
    let (status, page) = http.page("/login/oidc/callback?code=x&state=y").await.unwrap();
    assert!(status == StatusCode::NOT_FOUND && page.contains("Not signed in"), "{status} {page}");
}

#[tokio::test]
async fn who_came_by_the_provider_has_no_password_to_guess() {
    let provider = Provider::start().await.unwrap();
    let muster = muster(&provider).await;
    provider.person("ada", &["ops"]).await.unwrap();
    come(&muster, &provider, "ada").await;
    let api = Client::new(muster.stranger().unwrap());
    for password in ["", "password of ada"] {
        let body = SignIn { email: "ada@idp.invalid".into(), password: password.into() };
        assert_eq!(refused(api.sign_in(&body).await).code, ErrorCode::WrongCredentials);
    }
}
