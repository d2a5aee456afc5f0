//! People: invited, given and taken roles, locked out and let in again; what counts at once; and that nobody reaches above their
//! own rights.

use reqwest::StatusCode;
use shared::{
    api::{
        client::{CallError, Client},
        error::ErrorCode,
        people::{ActiveIn, ContactRolesIn, InviteIn, LinkSeenView, LinkUseIn, LinkView, PersonRoleIn, RoleIn},
        session::{ProofIn, SignIn},
    },
    domain::{
        access::{Action, ContactRole, Role, RoleName},
        run::RunState,
        text::{Message, Name},
    },
    ids::UserId,
};
use tests::{
    muster::Muster,
    persona::{Http, Persona},
    scene::{Scene, decide, message, refused},
};

const PASSWORD: &str = "violet ladder under nine";

fn invitation(email: &str, role: impl Into<RoleName>) -> InviteIn {
    let name = Name::parse("Ada Lovelace").unwrap();
    InviteIn { name, email: email.to_owned(), role: role.into(), contact_roles: vec![ContactRole::SecurityOfficer] }
}

fn token(link: &LinkView) -> String {
    let (address, token) = link.link.split_once("/join#").expect("a link to /join with the token behind #");
    assert!(address.starts_with("http://") && token.len() >= 43, "{}", link.link);
    token.to_owned()
}

fn using(token: &str) -> LinkUseIn {
    LinkUseIn { token: token.to_owned(), password: PASSWORD.to_owned(), email: None, name: None }
}

fn stranger(muster: &Muster) -> Client<Http> {
    Client::new(muster.stranger().unwrap())
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

async fn actions(muster: &Muster) -> Vec<String> {
    muster.store.audit_list(None, 50).await.unwrap().into_iter().map(|e| e.entry.action).collect()
}

async fn give(who: &Persona, id: UserId, name: impl Into<RoleName>) -> Result<(), CallError> {
    who.api.set_role(id, &PersonRoleIn { role: name.into() }).await
}

#[tokio::test]
async fn an_invited_person_makes_their_account_once_and_is_what_they_were_invited_to() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let link = admin.api.invite(&invitation(" Ada@Example.org ", Role::Operator)).await.unwrap();
    let token = token(&link);
    let seen = stranger(&muster).link(&token).await.unwrap();
    assert!(matches!(seen, LinkSeenView::Invitation { email, .. } if email == "ada@example.org"));
    let open = admin.api.people().await.unwrap().invitations;
    assert_eq!(
        (open.len(), open[0].email.as_str(), open[0].made_by.as_str()),
        (1, "ada@example.org", "Test administrator")
    );

    // A weak password leaves the link as it was.
    let ada = stranger(&muster);
    let weak = LinkUseIn { password: "adalovelace12".into(), ..using(&token) };
    let why = refused(ada.use_link(&weak).await);
    assert!(why.code == ErrorCode::Invalid && why.message.contains("guessed early"), "{why:?}");
    let used = ada.use_link(&using(&token)).await.unwrap();
    assert!(used.signed_in);
    let me = ada.me().await.unwrap();
    assert_eq!((me.role.as_str(), me.name.as_str()), ("operator", "Ada Lovelace"));
    assert_eq!(me.contact_roles, [ContactRole::SecurityOfficer]);

    for closed in
        [stranger(&muster).use_link(&using(&token)).await.map(drop), stranger(&muster).link(&token).await.map(drop)]
    {
        assert_eq!(refused(closed).code, ErrorCode::NotFound);
    }
    assert!(admin.api.people().await.unwrap().invitations.is_empty());
    let taken = refused(admin.api.invite(&invitation("ada@example.org", Role::Viewer)).await);
    assert!(taken.code == ErrorCode::Invalid && taken.message.contains("already an account"), "{taken:?}");
    let done = actions(&muster).await;
    for action in ["user.invited", "user.created", "session.begun"] {
        assert!(done.iter().any(|a| a == action), "{done:?}");
    }
    // The token is nowhere.
    let dump = format!("{:?}", muster.store.audit_list(None, 50).await.unwrap());
    assert!(!dump.contains(&token));
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_or_is_too_old_opens_nothing() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let back = token(&admin.api.invite(&invitation("a@example.org", Role::Viewer)).await.unwrap());
    let id = admin.api.people().await.unwrap().invitations[0].id;
    admin.api.withdraw_invitation(id).await.unwrap();
    assert_eq!(refused(admin.api.withdraw_invitation(id).await).code, ErrorCode::NotFound);
    let old = token(&admin.api.invite(&invitation("b@example.org", Role::Viewer)).await.unwrap());
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE door_link SET expires_at = now() - interval '1 second' WHERE email = 'b@example.org'")
        .execute(&pool)
        .await
        .unwrap();
    for closed in [&back, &old, "guessed"] {
        assert_eq!(refused(stranger(&muster).use_link(&using(closed)).await).code, ErrorCode::NotFound, "{closed}");
    }
    assert_eq!(admin.api.people().await.unwrap().people.len(), 1);
}

/// Setup re-run and the race for the first administrator.
#[tokio::test]
async fn of_many_who_want_to_be_the_first_administrator_one_becomes_it_and_then_the_door_is_shut() {
    let muster = Muster::start_empty().await.unwrap();
    let url = &muster.state.settings.public_url;
    let make = async || server::app::link::first_administrator(&muster.store, url).await.unwrap();
    let superseded = token(&make().await.unwrap());
    let token = token(&make().await.unwrap());
    assert_eq!(refused(stranger(&muster).link(&superseded).await).code, ErrorCode::NotFound, "only the newest counts");
    let tries = (0..20).map(|n| {
        let client = stranger(&muster);
        let body = LinkUseIn {
            email: Some(format!("me{n}@example.org")),
            name: Some(Name::parse("Me").unwrap()),
            ..using(&token)
        };
        async move { client.use_link(&body).await }
    });
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let people = muster.store.user_list().await.unwrap();
    assert_eq!((people.len(), people[0].role.as_str()), (1, "administrator"));
    assert!(make().await.is_none(), "there is somebody now");
    // A link from before, kept aside, opens nothing either.
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE door_link SET used_at = NULL").execute(&pool).await.unwrap();
    let body =
        LinkUseIn { email: Some("late@example.org".into()), name: Some(Name::parse("Late").unwrap()), ..using(&token) };
    assert_eq!(refused(stranger(&muster).use_link(&body).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_lost_password_is_replaced_by_link_and_every_session_of_before_ends() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Operator).await.unwrap();
    let first = token(&admin.api.password_link(ada.id).await.unwrap());
    let token = token(&admin.api.password_link(ada.id).await.unwrap());
    assert_eq!(refused(stranger(&muster).link(&first).await).code, ErrorCode::NotFound, "only the newest counts");
    assert!(ada.api.me().await.is_ok(), "making a link ends nothing");
    let back = stranger(&muster);
    assert!(back.use_link(&using(&token)).await.unwrap().signed_in);
    assert_eq!(refused(ada.api.me().await).code, ErrorCode::NotSignedIn);
    assert_eq!(back.me().await.unwrap().id, ada.id);
    let old = SignIn { email: ada.email.clone(), password: ada.password.clone() };
    assert_eq!(refused(stranger(&muster).sign_in(&old).await).code, ErrorCode::WrongCredentials);
    assert!(Persona::sign_in(&muster.base, &ada.email, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_role_given_or_taken_counts_at_once_on_open_sessions() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(refused(ada.api.verify_audit().await).code, ErrorCode::Forbidden);
    give(&admin, ada.id, Role::Approver).await.unwrap();
    assert!(ada.api.verify_audit().await.is_ok());
    assert!(ada.api.me().await.unwrap().may(Action::DecideRun));
    give(&admin, ada.id, Role::Viewer).await.unwrap();
    assert_eq!(refused(ada.api.verify_audit().await).code, ErrorCode::Forbidden);
    let none = refused(give(&admin, ada.id, role("no-such-role")).await);
    assert_eq!(none.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn consent_given_before_the_role_was_taken_does_not_count_any_more() {
    let scene = Scene::destructive().await.unwrap();
    let _worker = scene.worker();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let run = scene.waiting().await.unwrap();
    let one = decide(&scene.approver, &run, true).await.unwrap();
    assert_eq!(one.state, RunState::AwaitingApproval);
    give(&admin, scene.approver.id, Role::Operator).await.unwrap();
    let two = decide(&scene.second().await.unwrap(), &one, true).await.unwrap();
    assert_eq!(two.state, RunState::AwaitingApproval, "it takes two who may, and one of them may not any more");
    // A role of one's own counts as well as a built-in one: for the server, and for the worker that looks again.
    let judge = scene.muster.persona(Role::Viewer).await.unwrap();
    let deciders = RoleIn { may: Some(vec![Action::DecideRun]), second_factor: false };
    admin.api.save_role(&role("night-judge"), &deciders).await.unwrap();
    give(&admin, judge.id, role("night-judge")).await.unwrap();
    let three = decide(&judge, &two, true).await.unwrap();
    assert_eq!(three.state, RunState::Queued);
    scene.until(run.number, RunState::Succeeded).await.unwrap();
}

#[tokio::test]
async fn somebody_deactivated_is_out_at_once_and_back_only_when_activated() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Operator).await.unwrap();
    let active = |active| ActiveIn { active, reason: message("left the team") };
    admin.api.set_active(ada.id, &active(false)).await.unwrap();
    assert_eq!(refused(ada.api.me().await).code, ErrorCode::NotSignedIn);
    let back = SignIn { email: ada.email.clone(), password: ada.password.clone() };
    assert_eq!(refused(stranger(&muster).sign_in(&back).await).code, ErrorCode::WrongCredentials);
    assert_eq!(refused(admin.api.password_link(ada.id).await).code, ErrorCode::NotNow);
    admin.api.set_active(ada.id, &active(true)).await.unwrap();
    assert_eq!(refused(ada.api.me().await).code, ErrorCode::NotSignedIn, "the session of before stays ended");
    assert!(stranger(&muster).sign_in(&back).await.is_ok());
}

#[tokio::test]
async fn two_administrators_who_deactivate_each_other_at_once_leave_one() {
    let muster = Muster::start_empty().await.unwrap();
    let (one, two) =
        (muster.persona(Role::Administrator).await.unwrap(), muster.persona(Role::Administrator).await.unwrap());
    for _ in 0..5 {
        let body = ActiveIn { active: false, reason: message("race") };
        let (a, b) = tokio::join!(one.api.set_active(two.id, &body), two.api.set_active(one.id, &body));
        let people = muster.store.user_list().await.unwrap();
        assert_eq!(people.iter().filter(|p| p.active).count(), 1, "{a:?} {b:?}");
        let mut tx = muster.store.begin().await.unwrap();
        for who in [one.id, two.id] {
            tx.user_set_active(who, true).await.unwrap();
        }
        tx.commit().await.unwrap();
        for who in [&one, &two] {
            let again = SignIn { email: who.email.clone(), password: who.password.clone() };
            who.api.sign_in(&again).await.unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_changes_their_own_role_gives_themselves_a_duty_or_deactivates_themselves() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let duties = ContactRolesIn { contact_roles: vec![ContactRole::DatabaseAdministrator] };
    let out = ActiveIn { active: false, reason: message("tired") };
    for tried in [
        give(&admin, admin.id, Role::Viewer).await,
        admin.api.set_contact_roles(admin.id, &duties).await,
        admin.api.set_active(admin.id, &out).await,
        admin.api.password_link(admin.id).await.map(drop),
        admin.api.remove_factors(admin.id).await,
    ] {
        let why = refused(tried);
        assert_eq!(why.code, ErrorCode::Forbidden, "{why:?}");
    }
    let denied = muster.store.audit_list(None, 20).await.unwrap().into_iter().filter(|e| e.entry.denied).count();
    assert_eq!(denied, 5, "each try is in the log");
}

#[tokio::test]
async fn who_manages_people_gives_only_what_they_have_and_touches_nobody_above() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let clerk = muster.persona(Role::Viewer).await.unwrap();
    let may = vec![Action::ViewPeople, Action::ManagePeople, Action::ManageRoles, Action::RequestRun];
    admin.api.save_role(&role("clerk"), &RoleIn { may: Some(may), second_factor: false }).await.unwrap();
    give(&admin, clerk.id, role("clerk")).await.unwrap();
    let above = [
        give(&clerk, operator.id, Role::Viewer).await,
        give(&clerk, admin.id, Role::Viewer).await,
        clerk.api.invite(&invitation("x@example.org", Role::Administrator)).await.map(drop),
        clerk.api.password_link(admin.id).await.map(drop),
        clerk.api.end_sessions_of(admin.id).await,
        clerk
            .api
            .save_role(&role("too-much"), &RoleIn { may: Some(vec![Action::DecideRun]), second_factor: false })
            .await,
        clerk.api.save_role(&Role::Operator.into(), &RoleIn { may: None, second_factor: true }).await,
    ];
    for tried in above {
        assert_eq!(refused(tried).code, ErrorCode::Forbidden);
    }
    // Within their own rights it works.
    let less = RoleIn { may: Some(vec![Action::RequestRun]), second_factor: false };
    clerk.api.save_role(&role("runner"), &less).await.unwrap();
    clerk.api.invite(&invitation("y@example.org", role("runner"))).await.unwrap();
    assert!(!muster.store.user_list().await.unwrap().iter().any(|p| p.email == "x@example.org"));
}

#[tokio::test]
async fn a_role_of_ones_own_allows_what_it_says_and_changes_for_everybody_at_once() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Viewer).await.unwrap();
    let night = role("night-shift");
    let save = async |may: &[Action]| {
        admin.api.save_role(&night, &RoleIn { may: Some(may.to_vec()), second_factor: false }).await
    };
    save(&[Action::DeclareIncident]).await.unwrap();
    give(&admin, ada.id, night.clone()).await.unwrap();
    assert!(muster.declare(&ada, "validator1").await.is_ok());
    let table = admin.api.roles().await.unwrap();
    let mine = table.roles.iter().find(|r| r.name == night).unwrap();
    assert!(!mine.built_in && mine.people == 1 && mine.may.contains(&Action::ViewConsole), "{mine:?}");
    assert_eq!(table.actions.len(), Action::ALL.len());
    save(&[Action::ReadAudit]).await.unwrap();
    assert!(muster.declare(&ada, "validator1").await.is_err());
    assert!(ada.api.audit_heads().await.is_ok());
    // It cannot go while somebody has it, and built-in ones neither change nor go.
    assert_eq!(refused(admin.api.delete_role(&night).await).code, ErrorCode::NotNow);
    give(&admin, ada.id, Role::Viewer).await.unwrap();
    admin.api.delete_role(&night).await.unwrap();
    assert_eq!(refused(admin.api.delete_role(&Role::Viewer.into()).await).code, ErrorCode::NotNow);
    let fixed = RoleIn { may: Some(vec![]), second_factor: false };
    assert_eq!(refused(admin.api.save_role(&Role::Viewer.into(), &fixed).await).code, ErrorCode::Invalid);
    let (status, body) = admin
        .http
        .raw("PUT", "/api/v1/roles/Bad--Name", Some(serde_json::json!({"second_factor": false, "may": []})))
        .await
        .unwrap();
    assert_eq!(
        (status, body["error"]["fields"][0]["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("name"))
    );
}

#[tokio::test]
async fn may_this_person_do_that_is_answered_with_its_reason() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Operator).await.unwrap();
    let ask = async |action| admin.api.may_person(ada.id, action).await.unwrap();
    let yes = ask(Action::RequestRun).await;
    assert!(yes.may && yes.why.contains("role operator, which allows to request a recovery run"), "{}", yes.why);
    let no = ask(Action::DecideRun).await;
    assert!(!no.may && no.why.contains("does not allow") && no.why.contains("people who did not ask"), "{}", no.why);
    let fresh = ask(Action::BreakGlass).await;
    assert!(fresh.may && fresh.why.contains("within the last 2 min"), "{}", fresh.why);
    admin.api.save_role(&Role::Operator.into(), &RoleIn { may: None, second_factor: true }).await.unwrap();
    let factor = ask(Action::RequestRun).await;
    assert!(!factor.may && factor.why.contains("second factor"), "{}", factor.why);
    let reason = Message::parse("gone").unwrap();
    admin.api.set_active(ada.id, &ActiveIn { active: false, reason }).await.unwrap();
    let gone = ask(Action::RequestRun).await;
    assert!(!gone.may && gone.why.contains("deactivated"), "{}", gone.why);
    assert_eq!(refused(ada.api.may_person(admin.id, Action::Freeze).await).code, ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn managing_people_asks_for_a_proof_that_is_not_old() {
    let muster = Muster::start_empty().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Viewer).await.unwrap();
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let aged = "UPDATE session SET content = jsonb_set(content, '{signed_in,since}', to_jsonb($2::text))
                WHERE content #>> '{signed_in,user}' = $1";
    let since = admin_since(&pool, admin.id).await - time::Duration::minutes(16);
    let text = shared::timestamp::Timestamp::new(since);
    let done = sqlx::query(aged)
        .bind(admin.id.to_string())
        .bind(serde_json::to_value(text).unwrap().as_str().unwrap())
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 1);
    let why = refused(give(&admin, ada.id, Role::Operator).await);
    assert_eq!(why.code, ErrorCode::ProofNeeded, "{why:?}");
    assert!(admin.api.people().await.is_ok(), "looking needs none");
    let wrong = admin.api.prove(&ProofIn::Password { password: "somebody else's".into() }).await;
    assert_eq!(refused(wrong).code, ErrorCode::WrongCredentials);
    assert_eq!(refused(give(&admin, ada.id, Role::Operator).await).code, ErrorCode::ProofNeeded);
    admin.prove().await.unwrap();
    give(&admin, ada.id, Role::Operator).await.unwrap();
}

async fn admin_since(pool: &sqlx::PgPool, id: UserId) -> time::OffsetDateTime {
    let text: String = sqlx::query_scalar(
        "SELECT content #>> '{signed_in,since}' FROM session WHERE content #>> '{signed_in,user}' = $1",
    )
    .bind(id.to_string())
    .fetch_one(pool)
    .await
    .unwrap();
    let at: shared::timestamp::Timestamp = serde_json::from_value(serde_json::Value::String(text)).unwrap();
    at.inner()
}
