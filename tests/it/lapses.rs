//! What somebody gave, made or proved by rights, a password or a factor they have lost or changed since: none of it counts on.

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{
        account::PasswordIn,
        client::Client,
        error::ErrorCode,
        people::{ActiveIn, InviteIn, LinkUseIn, LinkView, PersonRoleIn},
        run::{DecisionIn, GlassIn},
        session::{ProofIn, SignIn},
        token::TokenIn,
    },
    domain::{
        access::{Action, Role},
        alert::SourceKind,
        approval::Content,
        outbox::Channel,
        run::RunState,
        text::Name,
    },
    ids::UserId,
};
use tests::{
    muster::Muster,
    persona::{Http, Persona},
    scene::{Scene, decide, message, refused},
};
use totp_rs::{Builder, Secret};

const PASSWORD: &str = "violet ladder under nine";

fn stranger(muster: &Muster) -> Client<Http> {
    Client::new(muster.stranger().unwrap())
}

fn using(link: &LinkView, name: Option<&str>) -> LinkUseIn {
    let (_, token) = link.link.split_once('#').unwrap();
    let name = name.map(|name| Name::parse(name).unwrap());
    LinkUseIn { token: token.to_owned(), password: PASSWORD.to_owned(), email: None, name }
}

async fn invite(by: &Persona, email: &str, role: Role) -> LinkView {
    let name = Name::parse("Eve Example").unwrap();
    let body = InviteIn { name, email: email.to_owned(), role: role.into(), contact_roles: vec![] };
    by.api.invite(&body).await.unwrap()
}

async fn role(by: &Persona, id: UserId, role: Role) {
    by.api.set_role(id, &PersonRoleIn { role: role.into() }).await.unwrap();
}

#[tokio::test]
async fn a_link_lapses_with_the_rights_of_whoever_made_it() {
    let muster = Muster::start_empty().await.unwrap();
    let (boss, lost, gone) = tokio::try_join!(
        muster.persona(Role::Administrator),
        muster.persona(Role::Administrator),
        muster.persona(Role::Administrator)
    )
    .unwrap();
    let victim = muster.persona(Role::Viewer).await.unwrap();
    let links = [
        invite(&lost, "a@example.org", Role::Administrator).await,
        lost.api.password_link(victim.id).await.unwrap(),
        invite(&gone, "b@example.org", Role::Administrator).await,
    ];
    let kept = invite(&boss, "c@example.org", Role::Responder).await;
    role(&boss, lost.id, Role::Viewer).await;
    boss.api.set_active(gone.id, &ActiveIn { active: false, reason: message("left") }).await.unwrap();
    let open = boss.api.people().await.unwrap().invitations;
    assert_eq!(open.len(), 1, "what was taken back is not listed as open: {open:?}");
    for link in &links {
        let door = stranger(&muster);
        assert_eq!(refused(door.use_link(&using(link, None)).await).code, ErrorCode::NotFound);
        assert_eq!(refused(door.link(&using(link, None).token).await).code, ErrorCode::NotFound);
    }
    // Back in the role: what lapsed has lapsed.
    role(&boss, lost.id, Role::Administrator).await;
    assert_eq!(refused(stranger(&muster).use_link(&using(&links[0], None)).await).code, ErrorCode::NotFound);
    assert_eq!(stranger(&muster).use_link(&using(&kept, None)).await.unwrap().email, "c@example.org");
}

/// Their role is the same, and allows less: the link is looked at when it is used, too.
#[tokio::test]
async fn a_link_gives_no_more_than_its_maker_has_when_it_is_used() {
    let muster = Muster::start_empty().await.unwrap();
    let boss = muster.persona(Role::Administrator).await.unwrap();
    let maker = muster.persona(Role::Administrator).await.unwrap();
    let link = invite(&maker, "a@example.org", Role::Administrator).await;
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let demoted = "UPDATE app_user SET role = 'viewer' WHERE id = $1";
    sqlx::query(demoted).bind(maker.id.0).execute(&pool).await.unwrap();
    assert_eq!(refused(stranger(&muster).use_link(&using(&link, None)).await).code, ErrorCode::NotFound);
    let desk = boss.api.people().await.unwrap().people;
    assert!(desk.iter().all(|person| person.email != "a@example.org"), "nobody was let in");
}

#[tokio::test]
async fn changing_the_password_proves_nothing_that_a_second_factor_must_prove() {
    let muster = Muster::start_empty().await.unwrap();
    let person = muster.persona(Role::Operator).await.unwrap();
    let made = person.api.begin_totp().await.unwrap();
    let secret = Secret::try_from_base32(&made.secret).unwrap();
    let app = Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    let now = time::OffsetDateTime::now_utc().unix_timestamp().cast_unsigned();
    person.api.confirm_totp(&app.generate(now).to_string()).await.unwrap();
    let digest = shared::digest::Digest::of(b"x");
    let content = Content { plan_digest: digest, procedure_digest: digest, resolution_digest: digest };
    let glass = GlassIn { reason: message("in a hurry"), content };
    assert_eq!(refused(person.api.break_glass(1, &glass).await).code, ErrorCode::ProofNeeded);
    person.api.change_password(&PasswordIn { current: person.password.clone(), new: PASSWORD.into() }).await.unwrap();
    let why = refused(person.api.break_glass(1, &glass).await);
    assert_eq!(why.code, ErrorCode::ProofNeeded, "a new password is not the factor");
}

#[tokio::test]
async fn a_changed_password_ends_links_that_set_another_and_halves_of_a_sign_in() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let person = muster.persona(Role::Operator).await.unwrap();
    let link = admin.api.password_link(person.id).await.unwrap();
    let codes = {
        let made = person.api.begin_totp().await.unwrap();
        let secret = Secret::try_from_base32(&made.secret).unwrap();
        let app = Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
        let now = time::OffsetDateTime::now_utc().unix_timestamp().cast_unsigned();
        person.api.confirm_totp(&app.generate(now).to_string()).await.unwrap().codes
    };
    let half = stranger(&muster);
    let old = SignIn { email: person.email.clone(), password: person.password.clone() };
    assert_eq!(refused(half.sign_in(&old).await).code, ErrorCode::SecondFactorNeeded);
    person.api.change_password(&PasswordIn { current: person.password.clone(), new: PASSWORD.into() }).await.unwrap();
    assert_eq!(refused(stranger(&muster).use_link(&using(&link, None)).await).code, ErrorCode::NotFound);
    let late = half.second(&ProofIn::RecoveryCode { code: codes[0].clone() }).await;
    assert_eq!(refused(late).code, ErrorCode::WrongCredentials, "begun with a password that is none any more");
}

#[tokio::test]
async fn a_password_set_by_link_revokes_the_tokens_of_before() {
    let muster = Muster::start_empty().await.unwrap();
    let (admin, person) =
        tokio::try_join!(muster.persona(Role::Administrator), muster.persona(Role::Responder)).unwrap();
    let body = TokenIn { name: Name::parse("nightly").unwrap(), may: vec![Action::ViewConsole], valid_days: 30 };
    let token = person.api.make_token(&body).await.unwrap();
    let script = Client::new(Http::with_token(&muster.base, &token.token).unwrap());
    script.incidents(None).await.unwrap();
    let link = admin.api.password_link(person.id).await.unwrap();
    stranger(&muster).use_link(&using(&link, None)).await.unwrap();
    assert_eq!(refused(script.incidents(None).await).code, ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn consent_does_not_come_back_with_the_role_and_can_be_given_anew() {
    let scene = Scene::destructive().await.unwrap();
    let worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let second = scene.second().await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    role(&admin, scene.approver.id, Role::Viewer).await;
    role(&admin, scene.approver.id, Role::Approver).await;
    let after = decide(&second, &run, true).await.unwrap();
    assert_eq!(after.state, RunState::AwaitingApproval, "one of the two has lapsed");
    let again = DecisionIn { approve: true, reason: None, content: run.content.unwrap() };
    let granted = scene.approver.api.decide(run.number, &again).await.unwrap();
    assert!(granted.state != RunState::AwaitingApproval, "said anew, it counts: {:?}", granted.state);
    drop(worker);
}

#[tokio::test]
async fn keys_of_alert_sources_stand_in_no_audit_entry() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let settings = shared::api::alert::SourceSettingsIn {
        name: Name::parse("ci").unwrap(),
        mapping: None,
        rules: vec![],
        beat: None,
        muted_until: None,
    };
    let source = shared::api::alert::SourceIn { kind: SourceKind::Generic, settings };
    let address = admin.api.make_alert_source("bt2c", &source).await.unwrap().address;
    let key = address.rsplit('/').next().unwrap();
    let http = reqwest::Client::new();
    let alert = json!({"key": "disk", "title": "full"});
    // As a sender does that was given a bearer token, too; and as one that writes the address otherwise.
    let taken = http.post(&address).bearer_auth("x").json(&alert).send().await.unwrap();
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    http.get(&address).bearer_auth("x").send().await.unwrap();
    http.post(address.replace("/intake/", "/Intake/")).json(&alert).send().await.unwrap();
    http.post(format!("{address}/more")).json(&alert).send().await.unwrap();
    let audit = admin.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert!(audit.contains("token.refused") && audit.contains("/intake/generic/…"), "{audit}");
    assert!(!audit.contains(key));
}

#[tokio::test]
async fn who_is_invited_does_not_choose_a_colleagues_name() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let link = invite(&admin, "eve@example.org", Role::Responder).await;
    let name = &admin.me.name;
    for taken in [name.clone(), name.to_uppercase(), format!("{}\u{200b}{}", &name[..2], &name[2..])] {
        let why = refused(stranger(&muster).use_link(&using(&link, Some(&taken))).await);
        assert_eq!((why.code, why.fields[0].field.as_str()), (ErrorCode::Invalid, "name"), "{taken:?}");
    }
    stranger(&muster).use_link(&using(&link, Some("Eve"))).await.unwrap();
    for email in ["a\u{202e}b@example.org", "a\u{200b}b@example.org"] {
        let body = InviteIn {
            name: Name::parse("Mallory").unwrap(),
            email: email.into(),
            role: Role::Viewer.into(),
            contact_roles: vec![],
        };
        assert_eq!(refused(admin.api.invite(&body).await).code, ErrorCode::Invalid, "{email:?}");
    }
}

#[tokio::test]
async fn nobody_makes_muster_write_to_strangers_without_end() {
    let muster = Muster::start_empty().await.unwrap();
    let person = muster.persona(Role::Viewer).await.unwrap();
    let mut refusal = None;
    for n in 0..12 {
        let way = shared::api::contact::WayIn { channel: Channel::Email, address: format!("s{n}@example.org") };
        match person.api.add_way(&way).await {
            Ok(made) => person.api.remove_way(made.way.id).await.unwrap(),
            Err(error) => refusal = Some(refused::<()>(Err(error))),
        }
    }
    assert_eq!(refusal.unwrap().code, ErrorCode::TooManyRequests);
    let inside =
        shared::api::contact::WayIn { channel: Channel::Webhook, address: "http://169.254.169.254/latest".to_owned() };
    let other = muster.persona(Role::Viewer).await.unwrap();
    let why = refused(other.api.add_way(&inside).await);
    assert_eq!(why.code, ErrorCode::Invalid, "an address inside is not even kept");
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_was_typed() {
    let muster = Muster::start_empty().await.unwrap();
    let body = json!({"email": "ada@example.org", "password": 99_887_766});
    let (status, answer) = muster.stranger().unwrap().raw("POST", "/api/v1/session", Some(body)).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!answer.to_string().contains("99887766"), "{answer}");
    assert!(answer.to_string().contains("integer where text is expected"), "{answer}");
}
