//! Incidents that only some may see, over HTTP: whoever may not sees nothing of one anywhere, in no route, list, stream, message or
//! audit entry, and cannot tell it from one that is not there.

use reqwest::StatusCode;
use serde_json::{Value, json};
use server::openapi;
use shared::{
    api::{
        client::upload_address,
        error::ErrorCode,
        follow_up::FollowUpIn,
        incident::{DeclareIn, DutyIn, DutyVerb, NoteIn},
        live::Topic,
        people::RoleIn,
        related::RelationIn,
        report::CommentIn,
        restricted::{OpenIn, ReaderIn, ReaderVerb, RestrictIn},
        run::RunRequestIn,
        task::TaskIn,
    },
    domain::{
        access::{Action, Role, RoleName},
        follow_up::Priority,
        incident::{Duty, IncidentEvent},
        run::RunState,
        text::{TaskText, Title},
    },
    ids::UserId,
};
use tests::{
    events::Events,
    muster::declaration,
    persona::Persona,
    scene::{PROCEDURE, Scene, message, refused},
};
use uuid::Uuid;

use super::team::Team;

/// Stands in everything that is said in the incident.
const CANARY: &str = "kestrel";

fn key() -> String {
    Uuid::new_v4().to_string()
}

fn restricted_to(people: &[UserId]) -> DeclareIn {
    DeclareIn {
        title: Title::parse(&format!("{CANARY}: stolen key")).unwrap(),
        text: Some(message(&format!("{CANARY} has it"))),
        restricted_to: Some(people.to_vec()),
        public: None,
        ..declaration("validator1").unwrap()
    }
}

/// One with a note, a mention, a task, a file, a report and a run that waits, declared by the responder for the operator.
async fn whole(scene: &Scene) -> (i64, i64) {
    let (ada, bob) = (&scene.responder, &scene.operator);
    let n = ada.api.declare(&restricted_to(&[bob.id]), &key()).await.unwrap().number;
    let text = format!("@{} look for {CANARY}", bob.me.name);
    ada.api.note(n, &NoteIn { text: message(&text), mentions: vec![bob.id] }).await.unwrap();
    let task = TaskIn { text: TaskText::parse(CANARY).unwrap(), owner: Some(bob.id), due_at: None };
    ada.api.add_task(n, &task, &key()).await.unwrap();
    let upload = upload_address(n, &format!("{CANARY}.txt"));
    let file = ada
        .http
        .client
        .post(format!("{}{upload}", ada.http.base))
        .header("origin", &ada.http.base)
        .header("content-type", "application/octet-stream");
    assert_eq!(file.body(CANARY).send().await.unwrap().status(), StatusCode::OK);
    ada.api.draft_report(n).await.unwrap();
    let to_do = FollowUpIn {
        title: TaskText::parse(CANARY).unwrap(),
        owner: Some(bob.id),
        due_at: None,
        priority: Priority::Normal,
    };
    ada.api.add_follow_up(n, &to_do, &key()).await.unwrap();
    ada.api.comment_report(n, &CommentIn { version: 1, section: None, text: message(CANARY) }).await.unwrap();
    let run = bob.api.request_run(n, &RunRequestIn::of(PROCEDURE), &key()).await.unwrap().number;
    let bound = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while bob.api.run(run).await.unwrap().state != RunState::AwaitingApproval {
        assert!(tokio::time::Instant::now() < bound, "the worker did not look");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    (n, run)
}

fn address(path: &str, number: &str) -> String {
    path.replace("{number}", number)
        .replace("{task}", "1")
        .replace("{version}", "1")
        .replace("{file}", "00000000-0000-7000-8000-000000000002")
        .replace("{comment}", "00000000-0000-7000-8000-000000000003")
}

/// Status and text of an answer, without what an address itself says.
async fn answer(who: &Persona, method: &str, path: &str, number: &str) -> (StatusCode, String) {
    let body = (method != "GET").then(|| json!({}));
    let answer = who.http.ask(method, &address(path, number), body.as_ref()).await.unwrap();
    let status = answer.status();
    (status, answer.text().await.unwrap().replace(number, "N"))
}

#[tokio::test]
async fn nobody_else_can_tell_it_from_one_that_is_not_there_in_any_route() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let (n, run) = whole(&scene).await;
    let notice: i64 = sqlx::query_scalar(
        "INSERT INTO notice (run_id, step, incident_id, audience, text, at)
         SELECT r.id, 1, r.incident_id, 'everyone', $2, clock_timestamp() FROM run r WHERE r.number = $1 RETURNING number",
    )
    .bind(run)
    .bind(CANARY)
    .fetch_one(&scene.pool().await.unwrap())
    .await
    .unwrap();
    let nudge = scene.operator.api.nudges().await.unwrap().items[0].number;
    let follow_up = scene.responder.api.follow_ups_of(n).await.unwrap().items[0].number;
    let outsider = scene.muster.persona(Role::Administrator).await.unwrap();
    outsider.prove().await.unwrap();
    let mut asked = 0;
    for operation in &openapi::api().operations {
        let (method, path) = (operation.method.as_str(), operation.path);
        let there = match path.split('/').nth(3) {
            Some("incidents") => n,
            Some("runs") => run,
            Some("notices") => notice,
            Some("nudges") => nudge,
            Some("follow-ups") => follow_up,
            _ => continue,
        };
        if !path.contains("{number}") {
            continue;
        }
        asked += 1;
        let missing = answer(&outsider, method, path, "424242").await;
        let hidden = answer(&outsider, method, path, &there.to_string()).await;
        assert_eq!(hidden, missing, "{} tells that it is there", operation.id);
        assert_eq!(hidden.0, StatusCode::NOT_FOUND, "{}: {}", operation.id, hidden.1);
        // Written otherwise, it is the same address.
        let coded: String = there.to_string().bytes().map(|digit| format!("%{digit:02X}")).collect();
        let written = outsider.http.client.get(format!("{}{}", outsider.http.base, address(path, &coded)));
        if method == "GET" {
            assert_eq!(written.send().await.unwrap().status(), StatusCode::NOT_FOUND, "{}", operation.id);
        }
        if method == "GET" && !path.contains("{file}") && !path.contains("report/export") {
            let inside = answer(&scene.operator, method, path, &there.to_string()).await.0;
            assert_ne!(inside, StatusCode::NOT_FOUND, "{}", operation.id);
        }
    }
    assert!(asked >= 49, "{asked}");
}

#[tokio::test]
async fn nothing_of_it_stands_in_any_list_or_message_for_others_and_the_audit_log_keeps_its_words() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let (n, run) = whole(&scene).await;
    let outsider = scene.muster.persona(Role::Administrator).await.unwrap();
    for operation in openapi::api().operations.iter().filter(|one| one.method == "GET" && !one.path.contains('{')) {
        if operation.path.ends_with("/events") {
            continue;
        }
        let (_, text) = answer(&outsider, "GET", operation.path, "none").await;
        assert!(!text.contains(CANARY), "{} says {text}", operation.id);
    }
    assert!(outsider.api.incidents(None).await.unwrap().items.is_empty());
    assert!(outsider.api.runs(None).await.unwrap().items.is_empty());
    for page in ["/", "/history", "/feed.atom", "/api/v2/summary.json", "/api/v2/incidents.json"] {
        assert!(!outsider.http.page(page).await.unwrap().1.contains(CANARY), "{page}");
    }
    // Who may see it finds it.
    let row = scene.operator.api.incidents(None).await.unwrap().items.remove(0);
    assert!(row.restricted && row.title.contains(CANARY));
    assert_eq!(scene.operator.api.runs(None).await.unwrap().items[0].number, run);
    assert!(!scene.operator.api.nudges().await.unwrap().items.is_empty());
    assert!(!scene.operator.api.own_tasks().await.unwrap().items.is_empty());
    // What leaves the house says that there is something, to those who may see it.
    let pool = scene.pool().await.unwrap();
    let messages: Vec<(String, String)> =
        sqlx::query_as("SELECT recipient, subject || ' ' || body FROM message").fetch_all(&pool).await.unwrap();
    assert!(!messages.is_empty());
    for (recipient, text) in messages {
        assert!(!text.contains(CANARY), "{recipient}: {text}");
        assert_eq!(recipient, scene.operator.me.name);
    }
    // The log says who did what kind of thing when, and proves what it does not tell.
    let entries = scene.muster.store.audit_list(None, 200).await.unwrap();
    let about =
        |object: &str| entries.iter().map(|entry| &entry.entry).filter(|e| e.object == object).collect::<Vec<_>>();
    let noted =
        about(&format!("incident {n}")).into_iter().find(|entry| entry.action == "incident.noted").unwrap().clone();
    let said = &scene.operator.api.incident(n).await.unwrap().timeline;
    let said = said.iter().find(|entry| matches!(entry.event, IncidentEvent::Noted { .. })).unwrap();
    assert_eq!(noted.detail, json!({"withheld": shared::digest::Digest::of_value(&said.event)}));
    assert!(about(&format!("run {run}")).iter().all(|entry| entry.detail.get("withheld").is_some()));
    assert!(outsider.api.verify_audit().await.unwrap().broken.is_none());
}

#[tokio::test]
async fn the_stream_tells_only_those_who_may_see_it_even_afterwards() {
    let scene = Scene::set().await.unwrap();
    let before = scene.muster.store.live_head().await.unwrap();
    let (mut inside, mut outside) = (
        Events::open(&scene.operator.http, None).await.unwrap(),
        Events::open(&scene.approver.http, None).await.unwrap(),
    );
    let n = scene.responder.api.declare(&restricted_to(&[scene.operator.id]), &key()).await.unwrap().number;
    let hears = async |events: &mut Events, n: i64| {
        loop {
            match events.next().await.unwrap().event.map(|event| event.topic) {
                Some(Topic::Incident { number }) if number == n => return true,
                // Comes from an incident that everybody may see, declared after it.
                Some(Topic::Incident { .. }) => return false,
                _ => {}
            }
        }
    };
    scene.declared().await.unwrap();
    assert!(hears(&mut inside, n).await);
    assert!(!hears(&mut outside, n).await);
    // Whoever comes back is given what was missed out of the log; the same holds there.
    let mut again = Events::open(&scene.approver.http, Some(before)).await.unwrap();
    assert!(!hears(&mut again, n).await);
    let mut again = Events::open(&scene.operator.http, Some(before)).await.unwrap();
    assert!(hears(&mut again, n).await);
}

#[tokio::test]
async fn people_are_let_in_and_put_out_and_everybody_who_reads_the_log_knows_by_whom() {
    let scene = Scene::set().await.unwrap();
    let (ada, bob, cleo) = (&scene.responder, &scene.operator, &scene.approver);
    let n = scene.declared().await.unwrap().number;
    bob.api.duty(n, &DutyIn { duty: Duty::Scribe, deed: DutyVerb::Take, person: None }).await.unwrap();
    // Later restricted; who has a duty stays in.
    let body = RestrictIn { people: vec![], reason: message("a key was stolen") };
    let view = ada.api.restrict(n, &body).await.unwrap();
    let names = |view: &shared::api::incident::IncidentView| {
        view.readers.iter().flatten().map(|person| person.id).collect::<Vec<_>>()
    };
    assert_eq!(names(&view), [ada.id, bob.id]);
    assert_eq!(refused(cleo.api.incident(n).await).code, ErrorCode::NotFound);
    assert_eq!(refused(ada.api.restrict(n, &body).await).code, ErrorCode::NotNow);
    for (person, field) in [(UserId(Uuid::nil()), "person")] {
        let wrong = refused(ada.api.change_reader(n, &ReaderIn { person, deed: ReaderVerb::LetIn }).await);
        assert_eq!((wrong.code, wrong.fields[0].field.as_str()), (ErrorCode::Invalid, field));
    }
    // Nobody is given a part in it who does not see it.
    let task = TaskIn { text: TaskText::parse("look").unwrap(), owner: Some(cleo.id), due_at: None };
    assert_eq!(refused(ada.api.add_task(n, &task, &key()).await).fields[0].field, "owner");
    let text = format!("@{} look", cleo.me.name);
    let note = NoteIn { text: message(&text), mentions: vec![cleo.id] };
    assert_eq!(refused(ada.api.note(n, &note).await).fields[0].field, "mentions[0]");
    let offer = DutyIn { duty: Duty::Scribe, deed: DutyVerb::Offer, person: Some(cleo.id) };
    assert_eq!(refused(bob.api.duty(n, &offer).await).fields[0].field, "person");
    assert!(ada.api.incident_readers(n).await.unwrap().items.iter().all(|person| person.id != cleo.id));

    let reader = |person, deed| ReaderIn { person, deed };
    ada.api.change_reader(n, &reader(cleo.id, ReaderVerb::LetIn)).await.unwrap();
    assert_eq!(names(&cleo.api.incident(n).await.unwrap()), [ada.id, bob.id, cleo.id]);
    assert!(!cleo.api.nudges().await.unwrap().items.is_empty(), "they are told");
    assert_eq!(refused(ada.api.change_reader(n, &reader(ada.id, ReaderVerb::PutOut)).await).code, ErrorCode::Invalid);
    assert_eq!(refused(ada.api.change_reader(n, &reader(bob.id, ReaderVerb::PutOut)).await).code, ErrorCode::NotNow);
    ada.api.change_reader(n, &reader(cleo.id, ReaderVerb::PutOut)).await.unwrap();
    assert_eq!(refused(cleo.api.incident(n).await).code, ErrorCode::NotFound);
    assert!(cleo.api.nudges().await.unwrap().items.is_empty(), "nor what they were told before");

    let chain = scene.muster.store.audit_list(None, 100).await.unwrap();
    let said = |action: &str| {
        let entry = chain.iter().map(|entry| &entry.entry).find(|entry| entry.action == action).unwrap();
        (entry.by.user(), entry.detail.to_string())
    };
    for (action, who) in [("incident.restricted", bob), ("incident.let-in", cleo), ("incident.put-out", cleo)] {
        let (by, detail) = said(action);
        assert_eq!(by, Some(ada.id));
        assert!(detail.contains(&who.id.to_string()) && !detail.contains("stolen"), "{action}: {detail}");
    }
    let view = ada.api.open_to_all(n, &OpenIn { reason: message("the key is revoked") }).await.unwrap();
    assert!(view.readers.is_none());
    assert_eq!(cleo.api.incident(n).await.unwrap().timeline, view.timeline);
}

#[tokio::test]
async fn managing_people_gives_no_sight_of_it_and_a_role_that_was_given_it_does() {
    let scene = Scene::set().await.unwrap();
    let n = scene.responder.api.declare(&restricted_to(&[]), &key()).await.unwrap().number;
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    assert_eq!(refused(admin.api.incident(n).await).code, ErrorCode::NotFound);
    let security: RoleName = "security".parse().unwrap();
    let body = RoleIn { may: Some(vec![Action::SeeRestricted, Action::HandleIncident]), second_factor: false };
    assert_eq!(refused(admin.api.save_role(&security, &body).await).code, ErrorCode::Forbidden);
    server::app::role_right::give(&scene.muster.store, &security, Action::SeeRestricted).await.unwrap();
    let sees = scene.muster.persona(Role::Viewer).await.unwrap();
    let pool = scene.pool().await.unwrap();
    sqlx::query("UPDATE app_user SET role = 'security' WHERE id = $1").bind(sees.id.0).execute(&pool).await.unwrap();
    assert!(sees.api.incident(n).await.unwrap().title.contains(CANARY));
    assert_eq!(sees.api.incidents(None).await.unwrap().items.len(), 1);
    // An administrator cannot give that role to anybody, so not to themselves by a detour either.
    let other = scene.muster.persona(Role::Viewer).await.unwrap();
    let give = json!({"role": "security"});
    let path = format!("/api/v1/people/{}/role", other.id);
    assert_eq!(admin.http.raw("POST", &path, Some(give)).await.unwrap().0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn links_to_it_are_seen_from_within_only() {
    let scene = Scene::set().await.unwrap();
    let (ada, cleo) = (&scene.responder, &scene.approver);
    let open = scene.declared().await.unwrap().number;
    let n = ada.api.declare(&restricted_to(&[]), &key()).await.unwrap().number;
    assert_eq!(ada.api.incident(open).await.unwrap().links.alike[0].other.number, n);
    let before = cleo.api.incident(open).await.unwrap();
    assert!(before.links.alike.is_empty());
    ada.api.relate(open, &RelationIn { other: n, related: true }).await.unwrap();
    let after = cleo.api.incident(open).await.unwrap();
    assert_eq!((after.links, after.timeline), (before.links, before.timeline), "nothing tells of it");
    assert_eq!(ada.api.incident(open).await.unwrap().links.related[0].other.number, n);
    assert_eq!(ada.api.incident(n).await.unwrap().links.related[0].other.number, open);
    let guess = refused(cleo.api.relate(open, &RelationIn { other: n, related: true }).await);
    let missing = refused(cleo.api.relate(open, &RelationIn { other: 424_242, related: true }).await);
    assert_eq!(guess.message.replace(&n.to_string(), "N"), missing.message.replace("424242", "N"));
    let merge = shared::api::related::MergeIn { into: open, reason: None, public_text: None };
    assert_eq!(refused(ada.api.merge(n, &merge).await).code, ErrorCode::NotNow);
}

#[tokio::test]
async fn whoever_is_called_for_it_learns_little_and_can_answer() {
    let team = Team::set().await;
    let dora = &team.dora;
    let body = DeclareIn { level: 3, ..restricted_to(&[team.ada.id]) };
    let n = dora.api.declare(&body, &key()).await.unwrap().number;
    team.called(n, 3).await;
    assert_eq!(refused(team.bob.api.incident(n).await).code, ErrorCode::NotFound);
    let mails = team.mail.to("bob@example.org");
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.subject, format!("Level 3: a restricted incident ({n})"));
    assert!(!mail.text.contains(CANARY) && !mail.text.contains("Validator"), "{}", mail.text);
    let link = mail.text.split_whitespace().find(|word| word.contains("/answer/")).unwrap();
    let page = reqwest::get(link).await.unwrap().text().await.unwrap();
    assert!(page.contains("a restricted incident") && !page.contains(CANARY), "{page}");
    let answered: Value = reqwest::Client::new().post(link).send().await.unwrap().json().await.unwrap();
    assert_eq!((&answered["answered"], answered["subject"].as_str().unwrap().contains(CANARY)), (&json!(true), false));
    let view = dora.api.incident(n).await.unwrap();
    assert!(view.timeline.iter().any(|entry| matches!(entry.event, IncidentEvent::Acknowledged)));
}
