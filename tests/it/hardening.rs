//! Audits of security: what Muster finds of itself and on the host, what only people can say, and that no word stands against a fact.

use shared::{
    api::{
        error::ErrorCode,
        inspection::{InspectionLineView, InspectionView},
    },
    domain::{
        access::Role,
        inspection::{
            Decision, Kind, Subject,
            hardening::{Check, State},
        },
    },
};
use tests::scene::{PROJECT, Scene, VALIDATOR1, eventually, refused};
use worker::host::Mount;

use crate::access_review::{decide_the_rest, end, evidence, of, say};

fn line(view: &InspectionView, check: Check) -> &InspectionLineView {
    view.items.iter().find(|line| line.subject == Subject::Check { check }).unwrap()
}

fn state(view: &InspectionView, check: Check) -> State {
    line(view, check).found.as_ref().unwrap().state
}

#[tokio::test]
async fn facts_are_found_people_answer_the_rest_and_nobody_speaks_against_a_fact() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    scene.host.change(VALIDATOR1, |details| {
        details.shares = vec!["all rights on the host (privileged)".into()];
        details.exposure.open_ports = vec!["8080/tcp".into()];
        details.mounts = vec![Mount::Path("/var/run/docker.sock".into())];
    });
    for service in ["postgres", "validator1", "validator2"] {
        scene.host.change(&format!("{PROJECT}-{service}"), |details| details.exposure.user = "1000".into());
    }
    let view = admin.api.begin_inspection(PROJECT, &of(Kind::SecurityAudit)).await.unwrap();
    let number = view.row.number;
    let asked: Vec<_> = view.items.iter().filter(|l| matches!(l.subject, Subject::Question { .. })).collect();
    assert!(asked.len() == 4 && asked.iter().all(|l| !l.settled), "the plan's own points: {asked:?}");

    // What the server knows at once; the host waits for a worker, and nobody says anything of it before.
    assert_eq!(state(&view, Check::AuditChain), State::Holds, "{:?}", line(&view, Check::AuditChain));
    assert_eq!(state(&view, Check::PublicAddress), State::DoesNotHold);
    assert_eq!(state(&view, Check::SecondFactors), State::DoesNotHold);
    assert!(line(&view, Check::SecondFactors).found.as_ref().unwrap().text.contains("Test administrator"));
    assert_eq!(state(&view, Check::Privileges), State::Waiting);
    let place = line(&view, Check::Privileges).place;
    let early = refused(admin.api.decide_inspection(number, place, &say(Decision::NotApplicable, "x")).await);
    assert!(early.message.contains("A worker has still to look"), "{early:?}");

    // Only a worker says what is on the host; the server cannot, whatever its code does.
    let pool = scene.pool().await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    for (role, sql) in [
        ("muster_server", "UPDATE inspection SET host_facts = '{}', looked_at = now()"),
        ("muster_worker", "UPDATE inspection SET ended_at = now()"),
        ("muster_worker", "UPDATE inspection_line SET decision = 'holds'"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut *connection).await.unwrap();
        let forged = sqlx::query(sql).execute(&mut *connection).await;
        assert!(forged.unwrap_err().to_string().contains("permission denied"), "{role}: {sql}");
        sqlx::query("RESET ROLE").execute(&mut *connection).await.unwrap();
    }

    let _worker = scene.quick_worker();
    eventually("a worker has looked", async || admin.api.inspection(number).await.unwrap().looked_at.is_some())
        .await
        .unwrap();
    let view = admin.api.inspection(number).await.unwrap();
    for check in [Check::Privileges, Check::DockerSocket, Check::PublishedPorts] {
        let found = line(&view, check).found.as_ref().unwrap();
        assert!(found.state == State::DoesNotHold && found.text.starts_with("1 of 3: bt2c_validator1_1"), "{found:?}");
    }
    assert_eq!(state(&view, Check::RootUsers), State::Holds);
    assert!(line(&view, Check::RootUsers).settled, "what was found to hold needs nobody's word");
    let against = refused(admin.api.decide_inspection(number, place, &say(Decision::Holds, "surely")).await);
    assert_eq!(against.fields[0].field, "decision");
    let view = admin.api.decide_inspection(number, place, &say(Decision::NotApplicable, "a test node")).await.unwrap();
    assert_eq!(line(&view, Check::Privileges).said.as_ref().unwrap().note, "a test node");

    // Answers, the end, and the evidence: what is not applicable does not count.
    let open = |view: &InspectionView| -> Vec<(u32, bool)> {
        view.items.iter().filter(|l| !l.settled).map(|l| (l.place, l.found.is_none())).collect()
    };
    for (place, question) in open(&view) {
        let said = if question { say(Decision::Holds, "") } else { say(Decision::DoesNotHold, "to be mended") };
        scene.approver.api.decide_inspection(number, place, &said).await.unwrap();
    }
    let view = scene.approver.api.sign_inspection_off(number, &end("Some is open.")).await.unwrap();
    let bad = view.row.objections;
    let item = evidence(&scene, Kind::SecurityAudit).await;
    assert!(item.why.starts_with(&format!("{bad} of 14 points did not hold")) && item.lost() > 0, "{item:?}");

    // As it stood: a change on the host changes nothing of it, and nobody rewrites what was found.
    scene.host.change(VALIDATOR1, |details| details.shares.clear());
    let after = admin.api.inspection(number).await.unwrap();
    assert_eq!(state(&after, Check::Privileges), State::DoesNotHold);
    let (_, print) = admin.http.page(&format!("/api/v1/inspections/{number}/print")).await.unwrap();
    assert!(print.contains("has /var/run/docker.sock") && print.contains("to be mended"), "{print}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_not_known_and_a_person_says_why_it_holds() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let store = &scene.muster.database.worker;
    let lease = std::time::Duration::from_secs(60);
    let number = admin.api.begin_inspection(PROJECT, &of(Kind::SecurityAudit)).await.unwrap().row.number;
    let other = store.inspection_claim("far", &["other".to_owned()], None, lease).await.unwrap();
    assert_eq!(other, None, "a worker looks at its own projects only");
    let due = store.inspection_claim("near", &[PROJECT.to_owned()], None, lease).await.unwrap().unwrap();
    assert_eq!(store.inspection_claim("late", &[PROJECT.to_owned()], None, lease).await.unwrap(), None);
    let silent = Err("The worker near could not look: Docker does not answer.".to_owned());
    store.inspection_looked("late", &due, &silent).await.unwrap();
    assert_eq!(admin.api.inspection(number).await.unwrap().looked_at, None, "it was not this worker's");
    store.inspection_looked("near", &due, &silent).await.unwrap();
    let view = admin.api.inspection(number).await.unwrap();
    assert!(view.looked_by.as_deref() == Some("near") && state(&view, Check::RootUsers) == State::Unknown, "{view:?}");
    let place = line(&view, Check::RootUsers).place;
    let bare = refused(admin.api.decide_inspection(number, place, &say(Decision::Holds, "")).await);
    assert_eq!((bare.code, bare.fields[0].field.as_str()), (ErrorCode::Invalid, "note"));
    admin.api.decide_inspection(number, place, &say(Decision::Holds, "seen by hand")).await.unwrap();
    let view = decide_the_rest(&admin, number, Decision::NotApplicable).await;
    assert_eq!(view.row.undecided, 0);
}
