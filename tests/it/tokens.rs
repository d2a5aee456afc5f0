//! API tokens over HTTP: what they may, when they end, what is written down. Who gets in where is `access`'s picture.

use reqwest::{StatusCode, header};
use serde_json::json;
use shared::{
    api::{
        client::Client,
        error::ErrorCode,
        people::{ActiveIn, PersonRoleIn},
        session::SignIn,
        token::{ServiceAccountIn, TokenIn, TokenMade},
    },
    domain::{
        access::{Action, Role, RoleName},
        text::Name,
    },
};
use tests::{
    events::Events,
    muster::{Muster, declaration},
    persona::{Http, Persona},
    scene::{eventually, message, refused},
};

fn wanted(name: &str, may: &[Action]) -> TokenIn {
    TokenIn { name: Name::parse(name).unwrap(), may: may.to_vec(), valid_days: 30 }
}

async fn made(person: &Persona, may: &[Action]) -> TokenMade {
    person.api.make_token(&wanted("watchdog", may)).await.unwrap()
}

fn script(muster: &Muster, token: &TokenMade) -> Client<Http> {
    Client::new(Http::with_token(&muster.base, &token.token).unwrap())
}

const DECLARE: &[Action] = &[Action::ViewConsole, Action::DeclareIncident];

#[tokio::test]
async fn a_script_declares_an_incident_and_the_audit_log_names_person_and_token() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let token = made(&responder, DECLARE).await;
    assert!(token.token.starts_with(&token.view.prefix) && token.view.prefix.starts_with("muster_"), "{token:?}");
    let incident = script(&muster, &token).declare(&declaration("validator1").unwrap(), "key-1").await.unwrap();
    assert_eq!(incident.declared_by.user(), Some(responder.id));
    let entries = muster.store.audit_list(None, 10).await.unwrap();
    let entry = entries.into_iter().map(|e| e.entry).find(|entry| entry.action == "incident.declared").unwrap();
    assert_eq!(entry.by.user(), Some(responder.id));
    assert_eq!(entry.detail["token"], json!({"id": token.view.id, "name": "watchdog"}));
    // What the page would offer to the person, it does not offer to the token.
    let offered = incident.offers.iter().filter(|offer| offer.open()).count();
    assert_eq!(offered, 0, "{:?}", incident.offers);
    let seen = responder.api.tokens().await.unwrap().tokens.remove(0);
    assert!(seen.last_used_at.is_some() && seen.last_used_from.as_deref() == Some("127.0.0.1"), "{seen:?}");
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_nowhere() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let token = made(&viewer, &[Action::ViewConsole]).await;
    let again = serde_json::to_string(&viewer.api.tokens().await.unwrap()).unwrap();
    assert!(!again.contains(&token.token) && again.contains(&token.view.prefix));
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let row: String =
        sqlx::query_scalar("SELECT row_to_json(t)::text FROM api_token t").fetch_one(&pool).await.unwrap();
    let audit: String =
        sqlx::query_scalar("SELECT string_agg(entry, ' ') FROM audit_entry").fetch_one(&pool).await.unwrap();
    assert!(!row.contains(&token.token) && !audit.contains(&token.token));
}

#[tokio::test]
async fn nobody_makes_a_token_for_more_than_they_may_or_for_what_takes_the_person() {
    let muster = Muster::start().await.unwrap();
    let approver = muster.persona(Role::Approver).await.unwrap();
    for (may, valid_days, field, why) in [
        (vec![Action::RequestRun], 30, "may", "may not request a recovery run"),
        (vec![Action::DecideRun], 30, "may", "no token can"),
        (vec![Action::ChangeAccount], 30, "may", "no token can"),
        (vec![], 30, "may", "at least one"),
        (vec![Action::ViewConsole], 0, "valid_days", "1 to 365"),
        (vec![Action::ViewConsole], 366, "valid_days", "1 to 365"),
    ] {
        let input = TokenIn { valid_days, ..wanted("x", &may) };
        let view = refused(approver.api.make_token(&input).await);
        assert_eq!((view.code, view.fields[0].field.as_str()), (ErrorCode::Invalid, field), "{may:?}");
        assert!(view.message.contains(why), "{}", view.message);
    }
    let choices = approver.api.tokens().await.unwrap().choices;
    assert!(choices.iter().all(|choice| choice.action != Action::DecideRun && choice.action != Action::BreakGlass));
}

#[tokio::test]
async fn what_takes_the_person_says_so_to_a_token() {
    let muster = Muster::start().await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let token = made(&administrator, &[Action::ViewConsole, Action::ViewAccount]).await;
    let http = Http::with_token(&muster.base, &token.token).unwrap();
    let (status, body) = http.raw("POST", "/api/v1/people/invitations", Some(json!({}))).await.unwrap();
    assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    assert!(body["error"]["message"].as_str().unwrap().contains("no token can"), "{body}");
    // Nor does a password sent along make a person of it.
    let proof = json!({"way": "password", "password": administrator.password});
    let (status, body) = http.raw("POST", "/api/v1/session/proof", Some(proof)).await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    let (status, _) = http.raw("DELETE", "/api/v1/account/sessions", None).await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(administrator.api.me().await.is_ok());
}

#[tokio::test]
async fn a_token_may_no_more_than_its_owner_may_now() {
    let muster = Muster::start().await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let token = made(&responder, DECLARE).await;
    let script = script(&muster, &token);
    let role = RoleName::from(Role::Viewer);
    administrator.api.set_role(responder.id, &PersonRoleIn { role }).await.unwrap();
    let view = refused(script.declare(&declaration("validator1").unwrap(), "key-1").await);
    assert_eq!(view.code, ErrorCode::Forbidden);
    assert!(script.incidents(None).await.is_ok(), "what both may goes on");
    let off = ActiveIn { active: false, reason: message("left") };
    administrator.api.set_active(responder.id, &off).await.unwrap();
    assert_eq!(refused(script.incidents(None).await).code, ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn a_revoked_token_is_shut_out_at_once_and_its_stream_ends() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let other = muster.persona(Role::Administrator).await.unwrap();
    let token = made(&viewer, &[Action::ViewConsole]).await;
    let http = Http::with_token(&muster.base, &token.token).unwrap();
    let mut events = Events::open(&http, None).await.unwrap();
    assert_eq!(events.next().await.unwrap().name, "hello");
    assert_eq!(refused(other.api.revoke_token(token.view.id).await).code, ErrorCode::NotFound, "somebody else's");
    viewer.api.revoke_token(token.view.id).await.unwrap();
    assert_eq!(refused(Client::new(http).incidents(None).await).code, ErrorCode::NotSignedIn);
    // It ends now, not at the next look half a minute later.
    let ended =
        tokio::time::timeout(std::time::Duration::from_secs(10), async { while events.next().await.is_ok() {} });
    assert!(ended.await.is_ok(), "the stream goes on");
    assert_eq!(refused(viewer.api.revoke_token(token.view.id).await).code, ErrorCode::NotFound, "twice");
}

#[tokio::test]
async fn an_expired_token_lets_nobody_in() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let token = made(&viewer, &[Action::ViewConsole]).await;
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE api_token SET made_at = now() - interval '2 days', expires_at = now() - interval '1 second'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(refused(script(&muster, &token).incidents(None).await).code, ErrorCode::NotSignedIn);
    assert!(viewer.api.tokens().await.unwrap().tokens[0].expired);
    let long = sqlx::query("UPDATE api_token SET expires_at = made_at + interval '400 days'").execute(&pool).await;
    assert!(long.is_err(), "the database knows the longest time too");
}

#[tokio::test]
async fn with_a_token_the_cookie_counts_for_nothing_and_without_one_the_origin_is_still_asked_for() {
    let muster = Muster::start().await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let url = format!("{}/api/v1/freeze", muster.base);
    let frozen = json!({"frozen": true, "reason": "test"});
    let post = |http: &Http| http.client.post(&url).json(&frozen);
    // The administrator's cookie goes along and must not help a token that may nothing.
    let answer = post(&administrator.http).header(header::AUTHORIZATION, "Bearer muster_no-such-token");
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let narrow = made(&administrator, &[Action::ViewConsole]).await;
    let answer = post(&administrator.http).header(header::AUTHORIZATION, format!("Bearer {}", narrow.token));
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    // A token needs no origin; the cookie does.
    assert_eq!(post(&administrator.http).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let wide = made(&administrator, &[Action::Freeze]).await;
    let http = Http::with_token(&muster.base, &wide.token).unwrap();
    let foreign = post(&http).header(header::ORIGIN, "https://elsewhere.example");
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn guessed_tokens_are_written_down_and_slowed_down() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let token = made(&viewer, &[Action::ViewConsole]).await;
    let guess = Client::new(Http::with_token(&muster.base, "muster_guess").unwrap());
    assert_eq!(refused(guess.incidents(None).await).code, ErrorCode::NotSignedIn);
    let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert!(newest.denied && newest.action == "token.refused", "{newest:?}");
    for _ in 0..49 {
        assert_eq!(refused(guess.incidents(None).await).code, ErrorCode::NotSignedIn);
    }
    assert_eq!(refused(guess.incidents(None).await).code, ErrorCode::TooManyRequests);
    assert!(script(&muster, &token).incidents(None).await.is_ok(), "a right one is let in all the same");
}

#[tokio::test]
async fn a_service_account_has_tokens_and_nothing_to_sign_in_with() {
    let muster = Muster::start().await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let input = ServiceAccountIn { name: Name::parse("Pager").unwrap(), role: Role::Responder.into() };
    let account = administrator.api.create_service_account(&input).await.unwrap();
    assert!(account.service && account.name == "Pager");
    let token = administrator.api.make_token_for(account.id, &wanted("pager", DECLARE)).await.unwrap();
    let incident = script(&muster, &token).declare(&declaration("validator1").unwrap(), "key-1").await.unwrap();
    assert_eq!(incident.declared_by.user(), Some(account.id));
    // There is no way in.
    let sign_in = SignIn { email: account.email.clone(), password: String::new() };
    let stranger = Client::new(muster.stranger().unwrap());
    assert_eq!(refused(stranger.sign_in(&sign_in).await).code, ErrorCode::WrongCredentials);
    assert_eq!(refused(administrator.api.password_link(account.id).await).code, ErrorCode::NotNow);
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    assert!(sqlx::query("UPDATE app_user SET password_hash = 'x' WHERE service").execute(&pool).await.is_err());
    // People make their own, and programs approve nothing: they are nobody's second person.
    let person = refused(administrator.api.make_token_for(administrator.id, &wanted("x", DECLARE)).await);
    assert_eq!(person.code, ErrorCode::NotNow);
    let approver = ServiceAccountIn { name: Name::parse("Yes").unwrap(), role: Role::Approver.into() };
    let approver = administrator.api.create_service_account(&approver).await.unwrap();
    let deciders = muster.store.users_who_may(Action::DecideRun).await.unwrap();
    assert!(deciders.holds(approver.id).is_none() && deciders.holds(administrator.id).is_some());
    administrator.api.revoke_token_of(account.id, token.view.id).await.unwrap();
    eventually("the token is shut out", async || script(&muster, &token).incidents(None).await.is_err()).await.unwrap();
}
