//! How ready a system is, as people see it: what a real run, a drill of the contact tree and a monitor earn, and what days take away.

use reqwest::StatusCode;
use shared::{
    api::{monitor::MonitorsIn, readiness::ReadinessView, readiness_report::ReadinessReport},
    domain::{
        access::Role,
        readiness::{Earn, Item, Subject},
        run::{Answer, RunState},
    },
};
use tests::{
    persona::Persona,
    programs::Terminal,
    scene::{PROCEDURE, PROJECT, Scene, VALIDATOR1, eventually},
};
use worker::host::{
    ContainerState, HostError,
    simulated::{Fault, Op},
};

async fn readiness(by: &Persona) -> ReadinessView {
    by.api.readiness(PROJECT).await.unwrap()
}

fn item(view: &ReadinessView, subject: Subject, id: &str) -> Item {
    view.items.iter().find(|item| item.subject == subject && item.id == id).unwrap().clone()
}

#[tokio::test]
async fn a_real_run_a_measured_incident_and_a_monitor_earn_points_and_days_take_them_away() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let before = readiness(&viewer).await;
    let never = item(&before, Subject::Procedure, PROCEDURE);
    assert_eq!((never.earned, never.earn), (0, Some(Earn::Drill { procedure: PROCEDURE.into() })));

    let worker = scene.worker();
    let run = scene.approved().await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let after = readiness(&viewer).await;
    let shown = item(&after, Subject::Procedure, PROCEDURE);
    assert!(shown.lost() == 0 && shown.earn.is_none(), "{shown:?}");
    assert!(shown.why.contains(&format!("run {}", run.number)) && after.score > before.score, "{shown:?}");
    let unmeasured = item(&after, Subject::RecoveryTime, "Single Node");
    assert_eq!(unmeasured.earned, 0, "a run does not say how long people were without it");

    let body = serde_json::from_value(serde_json::json!({"text": "It runs again."})).unwrap();
    scene.responder.api.resolve(run.incident, &body).await.unwrap();
    let measured = item(&readiness(&viewer).await, Subject::RecoveryTime, "Single Node");
    assert_eq!(measured.lost(), 0, "{measured:?}");
    assert!(measured.why.contains(&format!("incident {}", run.incident)));

    let offered = admin.api.monitors_suggested(PROJECT).await.unwrap().monitors;
    admin.api.make_monitors(PROJECT, &MonitorsIn { monitors: offered }).await.unwrap();
    let all = admin.api.monitors().await.unwrap().items;
    let database = all.iter().find(|m| m.definition.objective.as_deref() == Some("Database")).unwrap().id;
    eventually("the monitors have looked", async || {
        admin.api.check_monitor_now(database).await.unwrap();
        let probe = item(&readiness(&viewer).await, Subject::RecoveryPoint, "Database");
        probe.why.contains("its monitor is down")
    })
    .await
    .unwrap();

    // With another image than it was carried out with, half of it counts.
    scene.host.change(VALIDATOR1, |details| details.container.image_id = "sha256:another".into());
    eventually("the worker has seen it", async || {
        let shown = item(&readiness(&viewer).await, Subject::Procedure, PROCEDURE);
        shown.earned * 2 == shown.weight && shown.why.contains("since then the image of validator1 has changed")
    })
    .await
    .unwrap();
    drop(worker);

    // Days go by: the run and the incident are moved back, nobody waits.
    let pool = scene.pool().await.unwrap();
    let mut scores = vec![readiness(&viewer).await.score];
    for _ in 0..3 {
        for sql in [
            "UPDATE run SET ended_at = ended_at - interval '60 days', requested_at = requested_at - interval '60 days'",
            "UPDATE incident SET resolved_at = resolved_at - interval '60 days', declared_at = declared_at - interval '60 days'",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        scores.push(readiness(&viewer).await.score);
    }
    assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{scores:?}");
    let stale = item(&readiness(&viewer).await, Subject::Procedure, PROCEDURE);
    assert!(stale.earned == 0 && stale.why.contains("180 days ago") && stale.earn.is_some(), "{stale:?}");

    // Each day's last score is kept.
    server::app::readiness::note(&scene.muster.store, &server::app::plan::Plans::new(scene.muster.store.clone()))
        .await
        .unwrap();
    let days = readiness(&viewer).await.days;
    assert_eq!(days.last().map(|day| day.score), scores.last().copied());
}

#[tokio::test]
async fn what_was_skipped_stopped_or_gone_on_with_is_not_carried_out_to_its_end() {
    let scene = Scene::set().await.unwrap();
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let _worker = scene.worker();
    let shown = async || item(&readiness(&viewer).await, Subject::Procedure, PROCEDURE);
    let failing = async || {
        scene.host.fault(Op::Restart, Fault::Fails(HostError::Refused("no space".into())));
        let run = scene.approved().await.unwrap();
        scene.until(run.number, RunState::Asking).await.unwrap()
    };
    let run = failing().await;
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    scene.answer(&run, Answer::Skip { reason: "no time".into() }).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let skipped = shown().await;
    let said = format!("run {} had to skip a step today.", run.number);
    assert!(skipped.earned == 0 && skipped.why.ends_with(&said), "{skipped:?}");

    let whole = scene.approved().await.unwrap();
    scene.until(whole.number, RunState::Succeeded).await.unwrap();
    let whole_shown = shown().await;
    assert!(whole_shown.lost() == 0 && whole_shown.why.contains(&format!("run {}", whole.number)), "{whole_shown:?}");

    let run = failing().await;
    scene.answer(&run, Answer::Stop { reason: "it does not work".into() }).await.unwrap();
    let doubted = shown().await;
    assert_eq!(doubted.earned * 2, doubted.weight, "{doubted:?}");
    assert!(
        doubted.why.ends_with(&format!("But run {} failed today: half of that counts.", run.number)),
        "{doubted:?}"
    );

    // Had the whole one only gone on from another, nothing would be shown.
    let pool = scene.pool().await.unwrap();
    let sql = "UPDATE run SET header = jsonb_set(header, '{resumes}', '{\"run\": 1, \"done\": {}}') WHERE number = $1";
    sqlx::query(sql).bind(whole.number).execute(&pool).await.unwrap();
    assert_eq!(shown().await.earned, 0);
}

#[tokio::test]
async fn the_report_for_auditors_is_signed_and_one_changed_byte_is_found_without_a_server() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.approved().await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let path = format!("/api/v1/systems/{PROJECT}/readiness/report");
    let (status, signed) = viewer.http.raw("GET", &path, None).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{signed}");
    let report: ReadinessReport = serde_json::from_str(signed["document"].as_str().unwrap()).unwrap();
    assert_eq!(report.runs.iter().map(|one| one.number).collect::<Vec<_>>(), [run.number]);
    assert_eq!((report.score, report.incidents.len()), (readiness(&viewer).await.score, 1));
    let (seq, hash) = scene.muster.store.audit_head().await.unwrap();
    assert_eq!((report.audit.seq, report.audit.hash), (seq, hash), "reading writes nothing");

    let terminal = Terminal::open().unwrap();
    let key = signed["public_key"].as_str().unwrap();
    let verify = |text: String, key: &str| {
        let file = terminal.scratch.path().join("report.json");
        std::fs::write(&file, text).unwrap();
        terminal.muster(&["audit", "verify-report", file.to_str().unwrap(), "--key", key]).unwrap()
    };
    let holds = verify(signed.to_string(), key);
    assert!(holds.code == Some(0) && holds.out.contains(&format!("{} of 100", report.score)), "{holds:?}");
    let forged = signed.to_string().replacen("\\\"score\\\":", "\\\"score\\\":1", 1);
    assert_ne!(forged, signed.to_string());
    let said = verify(forged, key);
    assert!(said.code == Some(1) && said.err.contains("was altered"), "{said:?}");
    let other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let said = verify(signed.to_string(), other);
    assert!(said.code == Some(1) && said.err.contains("not one of those to be believed"), "{said:?}");

    let (status, page) = viewer.http.page(&format!("{path}/print?days=30")).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(&format!("{} of 100", report.score)) && page.contains(key), "{page}");
    let (status, said) = viewer.http.raw("GET", &format!("{path}?days=9999"), None).await.unwrap();
    assert_eq!(
        (status, said["error"]["fields"][0]["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("days"))
    );
}
