//! One's own account: password, authenticator app, recovery codes, sessions; and what signing in then takes.

use shared::{
    api::{
        account::PasswordIn,
        client::Client,
        error::ErrorCode,
        people::RoleIn,
        session::{ProofIn, ProofWanted, ProofWay, SignIn},
    },
    domain::access::{Action, Role},
};
use store::seal::Key;
use tests::{
    muster::Muster,
    persona::{Http, Persona},
    scene::refused,
};
use totp_rs::{Builder, Secret, Totp};

const NEW: &str = "violet ladder under nine";

fn app(secret: &str) -> Totp {
    Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).with_account_name("x").build().unwrap()
}

/// The code of now, or, if that was used, of the next step, which counts too.
fn code(app: &Totp, steps_ahead: u64) -> String {
    let now = time::OffsetDateTime::now_utc().unix_timestamp().cast_unsigned();
    app.generate(now + steps_ahead * 30).to_string()
}

/// Somebody with an app, what confirmed it, and their recovery codes.
struct Paired {
    person: Persona,
    app: Totp,
    used: String,
    codes: Vec<String>,
}

async fn with_app(muster: &Muster, role: Role) -> Paired {
    let person = muster.persona(role).await.unwrap();
    let made = person.api.begin_totp().await.unwrap();
    assert!(made.url.contains(&made.secret), "{}", made.url);
    let app = app(&made.secret);
    let used = code(&app, 0);
    let codes = person.api.confirm_totp(&used).await.unwrap().codes;
    assert_eq!(codes.len(), 10);
    Paired { person, app, used, codes }
}

fn sign_in(person: &Persona) -> SignIn {
    SignIn { email: person.email.clone(), password: person.password.clone() }
}

fn stranger(muster: &Muster) -> Client<Http> {
    Client::new(muster.stranger().unwrap())
}

#[tokio::test]
async fn with_an_app_the_password_alone_opens_nothing_and_a_code_counts_once() {
    let muster = Muster::start_empty().await.unwrap();
    let Paired { person, app, used, .. } = with_app(&muster, Role::Operator).await;
    let again = stranger(&muster);
    let half = refused(again.sign_in(&sign_in(&person)).await);
    assert_eq!(half.code, ErrorCode::SecondFactorNeeded);
    let wanted: ProofWanted = serde_json::from_value(half.details.unwrap()).unwrap();
    assert_eq!(wanted.ways, [ProofWay::Code, ProofWay::RecoveryCode]);
    assert_eq!(refused(again.me().await).code, ErrorCode::NotSignedIn, "half is nothing");
    assert_eq!(refused(again.incidents(None).await).code, ErrorCode::NotSignedIn);

    // Wrong, used already (it confirmed the app), of the wrong kind.
    for proof in [
        ProofIn::Code { code: "000000".into() },
        ProofIn::Code { code: used },
        ProofIn::RecoveryCode { code: "abcd-abcd-abcd-abcd".into() },
        ProofIn::Password { password: person.password.clone() },
    ] {
        let why = refused(again.second(&proof).await);
        assert_eq!(why.code, ErrorCode::WrongCredentials, "{proof:?}");
    }
    let next = code(&app, 1);
    let me = again.second(&ProofIn::Code { code: next.clone() }).await.unwrap();
    assert_eq!(me.id, person.id);
    let other = stranger(&muster);
    refused(other.sign_in(&sign_in(&person)).await);
    assert_eq!(refused(other.second(&ProofIn::Code { code: next }).await).code, ErrorCode::WrongCredentials);
}

#[tokio::test]
async fn a_second_step_without_a_first_one_is_none() {
    let muster = Muster::start_empty().await.unwrap();
    let Paired { app, codes, .. } = with_app(&muster, Role::Operator).await;
    for proof in [ProofIn::Code { code: code(&app, 1) }, ProofIn::RecoveryCode { code: codes[0].clone() }] {
        let why = refused(stranger(&muster).second(&proof).await);
        assert!(why.message.contains("Begin again"), "{why:?}");
    }
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_and_new_ones_end_the_old() {
    let muster = Muster::start_empty().await.unwrap();
    let Paired { person, codes, .. } = with_app(&muster, Role::Operator).await;
    let by = async |code: &str| {
        let client = stranger(&muster);
        refused(client.sign_in(&sign_in(&person)).await);
        client.second(&ProofIn::RecoveryCode { code: code.to_owned() }).await
    };
    assert!(by(&codes[0].to_uppercase().replace('-', " ")).await.is_ok());
    assert_eq!(refused(by(&codes[0]).await).code, ErrorCode::WrongCredentials, "once");
    assert_eq!(person.api.account().await.unwrap().recovery_codes, 9);
    let new = person.api.new_recovery_codes().await.unwrap().codes;
    assert_eq!(refused(by(&codes[1]).await).code, ErrorCode::WrongCredentials, "replaced");
    assert!(by(&new[1]).await.is_ok());
}

#[tokio::test]
async fn guessing_codes_closes_the_account_for_a_while() {
    let muster = Muster::start_empty().await.unwrap();
    let Paired { person, .. } = with_app(&muster, Role::Operator).await;
    let client = stranger(&muster);
    refused(client.sign_in(&sign_in(&person)).await);
    let mut codes = vec![];
    for n in 0..12 {
        codes.push(refused(client.second(&ProofIn::Code { code: format!("{n:06}") }).await).code);
    }
    assert!(codes.ends_with(&[ErrorCode::TooManyRequests]), "{codes:?}");
    assert!(codes.iter().filter(|code| **code == ErrorCode::WrongCredentials).count() < 10, "{codes:?}");
}

#[tokio::test]
async fn the_apps_secret_is_not_readable_in_the_database() {
    let muster = Muster::start_empty().await.unwrap();
    let person = muster.persona(Role::Operator).await.unwrap();
    let made = person.api.begin_totp().await.unwrap();
    let kept = muster.store.totp_fetch(person.id).await.unwrap().unwrap();
    let secret = Secret::try_from_base32(&made.secret).unwrap();
    assert!(!kept.sealed_secret.windows(8).any(|part| secret.as_bytes().windows(8).any(|plain| part == plain)));
    assert_eq!(Key::id_of(&kept.sealed_secret), Some(muster.state.key.id()));
    assert!(!kept.confirmed);
    // Not confirmed, it asks for nothing.
    assert!(stranger(&muster).sign_in(&sign_in(&person)).await.is_ok());
    assert_eq!(refused(person.api.confirm_totp("000000").await).code, ErrorCode::Invalid);
}

#[tokio::test]
async fn a_changed_password_ends_every_session_but_the_one_that_changed_it() {
    let muster = Muster::start_empty().await.unwrap();
    let here = muster.persona(Role::Operator).await.unwrap();
    let there = Persona::sign_in(&muster.base, &here.email, &here.password).await.unwrap();
    let change = |current: &str, new: &str| PasswordIn { current: current.into(), new: new.into() };
    let wrong = refused(here.api.change_password(&change("not it, certainly", NEW)).await);
    assert_eq!((wrong.code, wrong.fields[0].field.as_str()), (ErrorCode::Invalid, "current"));
    let weak = refused(here.api.change_password(&change(&here.password, "password1234")).await);
    assert_eq!((weak.code, weak.fields[0].field.as_str()), (ErrorCode::Invalid, "new"));
    assert!(there.api.me().await.is_ok());
    here.api.change_password(&change(&here.password, NEW)).await.unwrap();
    assert_eq!(refused(there.api.me().await).code, ErrorCode::NotSignedIn);
    assert!(here.api.me().await.is_ok());
    assert_eq!(refused(stranger(&muster).sign_in(&sign_in(&here)).await).code, ErrorCode::WrongCredentials);
    assert!(Persona::sign_in(&muster.base, &here.email, NEW).await.is_ok());
}

#[tokio::test]
async fn a_cookie_of_before_the_password_change_or_a_fresh_proof_opens_nothing() {
    let muster = Muster::start_empty().await.unwrap();
    let person = muster.persona(Role::Operator).await.unwrap();
    let ids = async || {
        let all = person.api.account().await.unwrap().sessions;
        all.into_iter().find(|session| session.current).unwrap().id
    };
    let first = ids().await;
    person.prove().await.unwrap();
    let second = ids().await;
    assert_ne!(first, second, "what a session can do has grown: it has another id");
    assert!(muster.store.session_load(&first).await.unwrap().is_none());
    person.api.change_password(&PasswordIn { current: person.password.clone(), new: NEW.into() }).await.unwrap();
    assert_ne!(second, ids().await);
    assert!(muster.store.session_load(&second).await.unwrap().is_none());
}

#[tokio::test]
async fn ones_sessions_are_listed_and_ended_and_nobody_elses() {
    let muster = Muster::start_empty().await.unwrap();
    let here = muster.persona(Role::Operator).await.unwrap();
    let there = Persona::sign_in(&muster.base, &here.email, &here.password).await.unwrap();
    let third = Persona::sign_in(&muster.base, &here.email, &here.password).await.unwrap();
    let other = muster.persona(Role::Operator).await.unwrap();
    let sessions = here.api.account().await.unwrap().sessions;
    assert_eq!((sessions.len(), sessions[0].current), (3, true));
    assert!(sessions.iter().all(|s| s.address == "127.0.0.1"));
    let foreign = other.api.account().await.unwrap().sessions[0].id.clone();
    assert_eq!(refused(here.api.end_session(&foreign).await).code, ErrorCode::NotFound);
    assert!(other.api.me().await.is_ok());
    let theirs = there.api.account().await.unwrap().sessions[0].id.clone();
    here.api.end_session(&theirs).await.unwrap();
    assert_eq!(refused(there.api.me().await).code, ErrorCode::NotSignedIn);
    here.api.end_other_sessions().await.unwrap();
    assert_eq!(refused(third.api.me().await).code, ErrorCode::NotSignedIn);
    assert!(here.api.me().await.is_ok() && other.api.me().await.is_ok());
}

#[tokio::test]
async fn a_role_that_asks_for_a_second_factor_opens_only_the_account_until_there_is_one() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let person = muster.persona(Role::Operator).await.unwrap();
    assert!(person.api.incidents(None).await.is_ok());
    admin.api.save_role(&Role::Operator.into(), &RoleIn { may: None, second_factor: true }).await.unwrap();
    // At once, on the open session.
    assert_eq!(refused(person.api.incidents(None).await).code, ErrorCode::EnrolmentNeeded);
    let me = person.api.me().await.unwrap();
    assert!(me.must_enrol && !me.may(Action::RequestRun) && me.may(Action::ChangeAccount));
    let made = person.api.begin_totp().await.unwrap();
    person.api.confirm_totp(&code(&app(&made.secret), 0)).await.unwrap();
    assert!(person.api.incidents(None).await.is_ok());
    // The last one stays, as long as the role asks for it.
    let why = refused(person.api.remove_totp().await);
    assert!(why.code == ErrorCode::NotNow && why.message.contains("the last one"), "{why:?}");
    assert!(person.api.account().await.unwrap().totp);
    // Somebody who has lost it is helped by an administrator, and is out until then.
    admin.api.remove_factors(person.id).await.unwrap();
    assert_eq!(refused(person.api.me().await).code, ErrorCode::NotSignedIn);
    let again = Persona::sign_in(&muster.base, &person.email, &person.password).await.unwrap();
    assert!(again.me.must_enrol);
}

#[tokio::test]
async fn who_has_a_second_factor_proves_by_it_and_not_by_the_password() {
    let muster = Muster::start_empty().await.unwrap();
    let Paired { person, app, codes, .. } = with_app(&muster, Role::Administrator).await;
    assert_eq!(refused(person.prove().await).code, ErrorCode::Invalid);
    let by_recovery = ProofIn::RecoveryCode { code: codes[0].clone() };
    assert_eq!(refused(person.api.prove(&by_recovery).await).code, ErrorCode::Invalid);
    person.api.prove(&ProofIn::Code { code: code(&app, 1) }).await.unwrap();
}
