//! Versions of a plan over HTTP: saving, two writers at once, what differs, the export. What the compiler understands is `shared`'s.

use futures::future::join_all;
use reqwest::{StatusCode, header};
use shared::{
    api::{
        error::ErrorCode,
        live::Topic,
        plan::{PlanCommand, PlanConflict, PlanIn, PlanRefused},
    },
    digest::Digest,
    domain::{
        access::Role,
        plan_change::{Area, ChangeKind},
        text_diff::LineKind,
    },
};
use tests::{
    muster::Muster,
    persona::Persona,
    scene::{message, plan, refused, request},
};

const SYSTEM: &str = "bt2c";

fn text(source: &str, base_version: i32) -> PlanIn {
    PlanIn { source: source.into(), reason: message("because it is a test"), base_version }
}

/// Our plan in version 1, and somebody who may change it.
async fn desk() -> (Muster, Persona, String) {
    let text = plan().unwrap();
    let muster = Muster::start_with_plan(&text, SYSTEM).await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    (muster, administrator, text)
}

#[tokio::test]
async fn a_saved_text_is_the_next_version_with_author_reason_and_proof() {
    let (muster, administrator, first) = desk().await;
    // Windows line ends, a byte order mark, no last line end: nothing of it may be lost.
    let second = format!("\u{feff}{}\r\nA last word, é 漢", first.replace("10 minutes", "5 minutes"));
    let saved = administrator.api.save_plan(SYSTEM, &text(&second, 1)).await.unwrap();
    assert_eq!((saved.version, saved.digest), (2, Digest::of(second.as_bytes())));
    assert_eq!((saved.imported_by.user(), saved.reason.as_str()), (Some(administrator.id), "because it is a test"));
    let now = administrator.api.plan(SYSTEM).await.unwrap();
    assert_eq!((now.version, now.source.as_str()), (2, second.as_str()));
    let before = administrator.api.plan_version(SYSTEM, 1).await.unwrap();
    assert_eq!((before.version, before.source.as_str()), (1, first.as_str()));
    assert_eq!(before.system.plan_version, Some(2), "it says that it is not the one in force");
    let list = administrator.api.plan_versions(SYSTEM, None).await.unwrap();
    assert_eq!(list.items.iter().map(|v| v.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(list.items[0], saved);
    let older = administrator.api.plan_versions(SYSTEM, Some("2")).await.unwrap();
    assert_eq!(older.items, list.items[1..]);
    let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert_eq!((newest.action.as_str(), newest.by.user()), ("plan.saved", Some(administrator.id)));
    assert_eq!(newest.detail["digest"], serde_json::json!(saved.digest));
    assert_eq!(newest.detail["reason"], "because it is a test");
}

#[tokio::test]
async fn saving_is_for_administrators_and_everybody_else_is_told_so() {
    let (muster, _, first) = desk().await;
    for role in [Role::Viewer, Role::Responder, Role::Operator, Role::Approver] {
        let person = muster.persona(role).await.unwrap();
        let error = refused(person.api.save_plan(SYSTEM, &text(&format!("{first}\nx\n"), 1)).await);
        assert_eq!(error.code, ErrorCode::Forbidden);
        let offers = person.api.plan(SYSTEM).await.unwrap().offers;
        let save = offers.iter().find(|o| o.command == PlanCommand::Save).unwrap();
        assert_eq!(save.refused.as_deref(), Some("To change a plan you need the role administrator."));
    }
    assert_eq!(muster.persona(Role::Viewer).await.unwrap().api.plan(SYSTEM).await.unwrap().version, 1);
}

#[tokio::test]
async fn of_two_writers_the_second_learns_what_the_first_wrote_and_nothing_is_saved() {
    let (muster, first, source) = desk().await;
    let second = muster.persona(Role::Administrator).await.unwrap();
    let theirs = format!("{source}\nFrom the first.\n");
    first.api.save_plan(SYSTEM, &text(&theirs, 1)).await.unwrap();
    let error = refused(second.api.save_plan(SYSTEM, &text(&format!("{source}\nFrom the second.\n"), 1)).await);
    assert_eq!(error.code, ErrorCode::PlanChanged);
    assert!(error.message.contains("saved version 2") && error.message.contains("not saved"), "{}", error.message);
    let conflict: PlanConflict = serde_json::from_value(error.details.unwrap()).unwrap();
    assert_eq!((conflict.base_version, conflict.current.version), (1, 2));
    assert_eq!((conflict.current.imported_by.user(), conflict.current_source), (Some(first.id), theirs.clone()));
    assert_eq!(second.api.plan(SYSTEM).await.unwrap().source, theirs);
    let joined = format!("{theirs}From the second.\n");
    assert_eq!(second.api.save_plan(SYSTEM, &text(&joined, 2)).await.unwrap().version, 3);
    let future = refused(second.api.save_plan(SYSTEM, &text("# P\n", 99)).await);
    assert_eq!(future.code, ErrorCode::Invalid, "what has errors is told so first");
    let future = refused(second.api.save_plan(SYSTEM, &text(&format!("{source}x"), 99)).await);
    assert_eq!(future.code, ErrorCode::PlanChanged, "a version that does not exist yet is no base");
}

#[tokio::test]
async fn of_ten_saves_at_once_one_is_kept_and_the_same_text_again_is_no_version() {
    let (_muster, administrator, source) = desk().await;
    let texts: Vec<_> = (0..10).map(|i| text(&format!("{source}\nText {i}.\n"), 1)).collect();
    let answers = join_all(texts.iter().map(|text| administrator.api.save_plan(SYSTEM, text))).await;
    let saved: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(saved.iter().map(|v| v.version).collect::<Vec<_>>(), [2]);
    let now = administrator.api.plan(SYSTEM).await.unwrap();
    assert_eq!(now.version, 2);
    // An answer that was lost on the way: the same again is the same version, from whatever base.
    let again = administrator.api.save_plan(SYSTEM, &text(&now.source, 1)).await.unwrap();
    assert_eq!(again, saved[0]);
    assert_eq!(administrator.api.plan_versions(SYSTEM, None).await.unwrap().items.len(), 2);
    let (status, _) = administrator
        .http
        .raw(
            "POST",
            "/api/v1/systems/bt2c/plan",
            Some(serde_json::json!({"source": format!("{}y", now.source), "reason": "y", "base_version": 2})),
        )
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_text_with_errors_is_refused_with_its_diagnostics_and_the_old_plan_stays() {
    let (_muster, administrator, source) = desk().await;
    let before = administrator.api.plan(SYSTEM).await.unwrap();
    for broken in ["", "# Nothing\n", "a\0b", &source.replace("10 minutes", "ten moons")] {
        if !shared::plan::compile(broken).has_errors() {
            continue;
        }
        let error = refused(administrator.api.save_plan(SYSTEM, &text(broken, 1)).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "source"));
        assert!(error.message.contains("Nothing was changed") && error.message.contains("Line "), "{}", error.message);
        let details: PlanRefused = serde_json::from_value(error.details.unwrap()).unwrap();
        assert!(!details.diagnostics.is_empty() && details.diagnostics.iter().all(|d| d.line > 0));
    }
    let no_reason = serde_json::json!({"source": format!("{source}x"), "reason": " ", "base_version": 1});
    let (status, body) = administrator.http.raw("POST", "/api/v1/systems/bt2c/plan", Some(no_reason)).await.unwrap();
    assert_eq!(
        (status, body["error"]["fields"][0]["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("reason"))
    );
    assert_eq!(administrator.api.plan(SYSTEM).await.unwrap(), before);
    let nowhere = refused(administrator.api.save_plan("nowhere", &text(&source, 1)).await);
    assert_eq!(nowhere.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_difference_is_told_in_words_and_line_by_line() {
    let (muster, administrator, source) = desk().await;
    let other = source.replacen("docker-compose restart validator1", "docker-compose restart validator2", 1);
    assert_ne!(other, source);
    administrator.api.save_plan(SYSTEM, &text(&other, 1)).await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let diff = viewer.api.plan_diff(SYSTEM, 2, None).await.unwrap();
    assert_eq!((diff.from.version, diff.to.version), (1, 2));
    let button = diff.changes.iter().find(|c| c.area == Area::Buttons).unwrap();
    assert_eq!((button.kind, button.steps.len()), (ChangeKind::Changed, 1));
    let lines: Vec<_> = diff.hunks.iter().flat_map(|h| &h.lines).filter(|l| l.kind != LineKind::Same).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].kind == LineKind::Removed && lines[0].text.ends_with("validator1"), "{lines:?}");
    assert!(lines[1].kind == LineKind::Added && lines[1].text.ends_with("validator2"), "{lines:?}");
    let back = viewer.api.plan_diff(SYSTEM, 1, Some(2)).await.unwrap();
    assert_eq!((back.from.version, back.to.version), (2, 1));
    let same = viewer.api.plan_diff(SYSTEM, 2, Some(2)).await.unwrap();
    assert!(same.changes.is_empty() && same.hunks.is_empty());
    assert_eq!(refused(viewer.api.plan_diff(SYSTEM, 1, None).await).code, ErrorCode::Invalid);
    for (to, from) in [(3, None), (2, Some(7)), (-1, Some(1))] {
        assert_eq!(refused(viewer.api.plan_diff(SYSTEM, to, from).await).code, ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn the_export_is_the_text_byte_for_byte_of_any_version() {
    let (muster, administrator, first) = desk().await;
    let second = format!("\u{feff}{}", first.replace('\n', "\r\n"));
    administrator.api.save_plan(SYSTEM, &text(&second, 1)).await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    for (query, name, expected) in [
        ("", "bt2c-plan-v2.md", &second),
        ("?version=1", "bt2c-plan-v1.md", &first),
        ("?version=2", "bt2c-plan-v2.md", &second),
    ] {
        let path = format!("/api/v1/systems/bt2c/plan/source{query}");
        let response = viewer.http.ask("GET", &path, None).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header(header::CONTENT_TYPE), "text/markdown; charset=utf-8");
        assert_eq!(header(header::CONTENT_DISPOSITION), format!("attachment; filename=\"{name}\""));
        assert_eq!(response.bytes().await.unwrap(), expected.as_bytes());
    }
    let (status, _) = viewer.http.raw("GET", "/api/v1/systems/bt2c/plan/source?version=9", None).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_run_keeps_its_version_and_says_when_another_one_is_in_force() {
    let scene = tests::scene::Scene::set().await.unwrap();
    let administrator = scene.muster.persona(Role::Administrator).await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let run = request(&scene.operator, incident).await.unwrap();
    assert_eq!((run.plan_version, &run.plan_now), (1, &None));
    let source = administrator.api.plan(SYSTEM).await.unwrap().source;
    let moved = source.replacen('\n', "\n\nA word before.\n", 1);
    administrator.api.save_plan(SYSTEM, &text(&moved, 1)).await.unwrap();
    let standing = async || {
        let run = scene.operator.api.run(run.number).await.unwrap();
        assert_eq!(run.plan_version, 1);
        run.plan_now.map(|now| (now.version, now.procedure))
    };
    assert_eq!(standing().await, Some((2, shared::api::run::Standing::Same)));
    let other = moved.replacen("docker-compose restart validator1", "docker-compose restart validator2", 1);
    administrator.api.save_plan(SYSTEM, &text(&other, 2)).await.unwrap();
    assert_eq!(standing().await, Some((3, shared::api::run::Standing::Changed)));
}

#[tokio::test]
async fn a_button_seen_on_an_older_plan_does_not_press_another_one() {
    let scene = tests::scene::Scene::set().await.unwrap();
    let administrator = scene.muster.persona(Role::Administrator).await.unwrap();
    let incident = scene.declared().await.unwrap();
    let seen = incident.procedures.iter().find(|p| p.id == tests::scene::PROCEDURE).unwrap();
    let ask = async |digest: Digest| {
        let body = serde_json::json!({"procedure": seen.id, "procedure_digest": digest});
        let path = format!("/api/v1/incidents/{}/runs", incident.number);
        scene.operator.http.raw("POST", &path, Some(body)).await.unwrap()
    };
    let source = administrator.api.plan(SYSTEM).await.unwrap().source;
    let other = source.replacen("docker-compose restart validator1", "docker-compose restart validator2", 1);
    administrator.api.save_plan(SYSTEM, &text(&other, 1)).await.unwrap();
    let (status, body) = ask(seen.digest).await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("content-changed")), "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("Nothing was requested"), "{body}");
    let now = scene.operator.api.incident(incident.number).await.unwrap();
    let now = now.procedures.iter().find(|p| p.id == tests::scene::PROCEDURE).unwrap();
    assert_eq!(ask(now.digest).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_plan_whose_stored_text_was_altered_runs_nothing() {
    let scene = tests::scene::Scene::set().await.unwrap();
    let pool = scene.pool().await.unwrap();
    sqlx::query("ALTER TABLE plan_version DISABLE TRIGGER ALL").execute(&pool).await.unwrap();
    sqlx::query("UPDATE plan_version SET source = replace(source, 'restart validator1', 'restart validator2')")
        .execute(&pool)
        .await
        .unwrap();
    let incident = scene.declared().await.unwrap();
    let button = incident.procedures.iter().find(|p| p.id == tests::scene::PROCEDURE).unwrap();
    assert!(button.refused.as_ref().is_some_and(|why| why.contains("digest")), "{button:?}");
    let error = refused(request(&scene.operator, incident.number).await);
    assert_eq!(error.code, ErrorCode::NotNow);
}

#[tokio::test]
async fn who_looks_at_a_plan_hears_of_the_next_version() {
    let (muster, administrator, source) = desk().await;
    let place = muster.store.live_head().await.unwrap();
    administrator.api.save_plan(SYSTEM, &text(&format!("{source}\nx\n"), 1)).await.unwrap();
    let heard = muster.store.live_since(place, 10).await.unwrap();
    assert_eq!(heard.into_iter().map(|e| e.event.topic).collect::<Vec<_>>(), [Topic::Plan { system: SYSTEM.into() }]);
    administrator.api.save_plan(SYSTEM, &text(&format!("{source}\nx\n"), 2)).await.unwrap();
    assert_eq!(muster.store.live_head().await.unwrap(), place + 1, "nothing happened, so nothing is told");
}
