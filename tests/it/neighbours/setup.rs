//! The first administrator: once, by whoever has the link, even if many try at once; and never again. And what a new password ends.

use futures::future::join_all;
use serde_json::{Value, json};
use server::app::link::first_administrator;
use shared::{
    api::{account::PasswordIn, error::ErrorCode},
    domain::access::Role,
};
use tests::{muster::Muster, persona::Persona, scene::refused};

const PASSWORD: &str = "violet ladder under nine";

async fn link(muster: &Muster) -> Option<String> {
    let made = first_administrator(&muster.store, &muster.state.settings.public_url).await.unwrap();
    made.map(|made| made.link.split_once('#').unwrap().1.to_owned())
}

async fn people(muster: &Muster) -> i64 {
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM app_user").fetch_one(&pool).await.unwrap()
}

async fn take(muster: &Muster, token: &str, who: usize) -> (u16, Value) {
    let body =
        json!({"token": token, "password": PASSWORD, "email": format!("p{who}@test.invalid"), "name": "Somebody"});
    let (status, said) = muster.stranger().unwrap().raw("POST", "/api/v1/links/use", Some(body)).await.unwrap();
    (status.as_u16(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_to_be_the_first_administrator_at_once_one_is() {
    let muster = Muster::start_empty().await.unwrap();
    let (older, token) = (link(&muster).await.unwrap(), link(&muster).await.unwrap());
    assert_ne!(older, token);
    for guess in ["", "x", &token[1..], &token.to_lowercase(), "null", "../", "%00"] {
        let (status, said) = take(&muster, guess, 0).await;
        assert!((400..500).contains(&status), "{guess}: {status} {said}");
    }
    assert!((400..500).contains(&take(&muster, &older, 0).await.0), "only the newest link counts");
    assert_eq!(people(&muster).await, 0);
    let tried = join_all((0..12).map(|who| take(&muster, &token, who))).await;
    let made: Vec<_> = tried.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!((made.len(), people(&muster).await), (1, 1), "{tried:?}");
    // A busy database may say that it is; nobody else is let in by that.
    assert!(tried.iter().all(|(status, _)| [200, 404, 503].contains(status)), "{tried:?}");
}

#[tokio::test]
async fn setup_cannot_be_run_again_once_there_is_somebody() {
    let muster = Muster::start_empty().await.unwrap();
    let token = link(&muster).await.unwrap();
    // Somebody was added at the command line in the meantime, with the least rights there are.
    muster.account(Role::Viewer).await.unwrap();
    let (status, said) = take(&muster, &token, 1).await;
    assert!((400..500).contains(&status), "{status} {said}");
    assert_eq!(people(&muster).await, 1);
    assert_eq!(link(&muster).await, None, "and no other link is made");
    for path in ["/setup", "/install", "/api/v1/setup", "/api/v1/install", "/api/v1/people"] {
        let (status, _) = muster.stranger().unwrap().raw("POST", path, Some(json!({}))).await.unwrap();
        assert!(status.is_client_error(), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_it_was_set_in() {
    let muster = Muster::start().await.unwrap();
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    let here = Persona::sign_in(&muster.base, &email, &password).await.unwrap();
    let there = Persona::sign_in(&muster.base, &email, &password).await.unwrap();
    let other = muster.persona(Role::Operator).await.unwrap();
    let wrong = PasswordIn { current: "not the present one".into(), new: PASSWORD.into() };
    assert!(here.api.change_password(&wrong).await.is_err());
    assert!(there.api.me().await.is_ok(), "nothing was changed");
    here.api.change_password(&PasswordIn { current: password.clone(), new: PASSWORD.into() }).await.unwrap();
    assert_eq!(refused(there.api.me().await).code, ErrorCode::NotSignedIn);
    assert!(here.api.me().await.is_ok() && other.api.me().await.is_ok());
    assert!(Persona::sign_in(&muster.base, &email, &password).await.is_err(), "the old one opens nothing");
    assert!(Persona::sign_in(&muster.base, &email, PASSWORD).await.is_ok());
}
