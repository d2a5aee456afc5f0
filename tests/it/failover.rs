//! A standby takes the place of a primary that was killed in the middle of everything: server and worker find it by themselves,
//! and whatever was acknowledged is there.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use shared::{
    api::{client::CallError, error::ErrorCode, incident::NoteIn},
    digest::Digest,
    domain::{access::Role, actor::Actor, incident::IncidentEvent, run::RunState},
};
use store::Store;
use tests::{
    cluster::Pair,
    muster::Muster,
    programs::Terminal,
    scene::{PROJECT, Scene, host, message, plan},
};
use worker::{
    Timing,
    host::simulated::{Effect, Op},
};

/// Server and worker over both addresses, and the people of the story.
async fn scene(pair: &Pair) -> Scene {
    let url = pair.url().unwrap();
    let store = Store::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.roles_prepare().await.unwrap());
    store.close().await;
    let muster = Muster::start_on(&url).await.unwrap();
    let text = plan().unwrap();
    let mut tx = muster.store.begin().await.unwrap();
    let system = tx.system_create("bt2c", "BT2C", PROJECT, None).await.unwrap();
    tx.plan_version_add(system.id, Digest::of(text.as_bytes()), &text, &Actor::CommandLine, "for the test")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let approver = muster.persona(Role::Approver).await.unwrap();
    Scene { muster, host: host(), responder, operator, approver }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_is_killed_mid_run_under_load_and_nothing_acknowledged_is_lost() {
    let pair = Pair::start().await.unwrap();
    let scene = Arc::new(scene(&pair).await);
    let incident = scene.declared().await.unwrap().number;
    let _worker = scene.muster.worker(scene.host.clone(), PROJECT, Timing::default());
    // The effect goes on while the database dies.
    scene.host.set_delay(Duration::from_secs(2));
    let run = scene.request(incident).await.unwrap().number;
    let waiting = scene.until(run, RunState::AwaitingApproval).await.unwrap();

    let acknowledged = Arc::new(Mutex::new(vec![]));
    let odd = Arc::new(Mutex::new(vec![]));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (scene, acknowledged, odd, stop) = (scene.clone(), acknowledged.clone(), odd.clone(), stop.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let text = format!("note {writer}-{n}");
                    match scene.responder.api.note(incident, &NoteIn::of(message(&text))).await {
                        Ok(_) => acknowledged.lock().unwrap().push(text),
                        Err(CallError::Refused(view)) if view.code == ErrorCode::Unavailable => {
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        Err(error) => odd.lock().unwrap().push(format!("{error:?}")),
                    }
                }
            })
        })
        .collect();
    tests::scene::decide(&scene.approver, &waiting, true).await.unwrap();
    scene.until_run(run, |view| view.steps[2].attempts == 1).await.unwrap();

    pair.kill_primary().unwrap();
    let before = acknowledged.lock().unwrap().len();
    assert!(before > 0, "there was load");
    pair.promote().await.unwrap();
    let promoted = Instant::now();
    while acknowledged.lock().unwrap().len() < before + 8 {
        assert!(promoted.elapsed() < Duration::from_secs(30), "the server did not find the new primary");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eprintln!("the server writes again {} ms after the promotion", promoted.elapsed().as_millis());
    let done = loop {
        match scene.operator.api.run(run).await {
            Ok(view) if !view.state.live() || view.state == RunState::Asking => break view,
            _ => assert!(promoted.elapsed() < Duration::from_secs(60), "the run does not go on"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    eprintln!("the run ended {} ms after the promotion", promoted.elapsed().as_millis());
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }

    assert_eq!(done.state, RunState::Succeeded, "{done:?}");
    let once = vec![Effect { op: Op::Restart, container: "bt2c_validator1_1".into() }];
    assert_eq!(scene.host.effects(), once);
    assert_eq!(*odd.lock().unwrap(), Vec::<String>::new(), "who could not be served was told so");
    let timeline = scene.responder.api.incident(incident).await.unwrap().timeline;
    let kept: Vec<_> = timeline
        .iter()
        .filter_map(|entry| match &entry.event {
            IncidentEvent::Noted { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let acknowledged = acknowledged.lock().unwrap().clone();
    eprintln!("{} notes acknowledged, {} before the kill", acknowledged.len(), before);
    let lost: Vec<_> = acknowledged.iter().filter(|text| !kept.contains(&text.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let verdict = server::app::audit::verify_all(&scene.muster.store).await.unwrap();
    assert_eq!(verdict.broken, None);

    // A program that is started now goes to the right one too, and a backup is taken from there.
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", pair.url().unwrap());
    for arguments in [&["audit", "verify"][..], &["backup", "muster.backup"]] {
        let said = terminal.muster(arguments).unwrap();
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

#[tokio::test]
async fn an_address_that_only_reads_is_passed_over_and_alone_is_a_sentence() {
    let pair = Pair::start().await.unwrap();
    let store = Store::connect(&pair.url().unwrap()).await.unwrap();
    store.migrate().await.unwrap();
    let lazy = Store::connect_lazy(&pair.url().unwrap()).unwrap();
    tests::scene::eventually("it writes", async || match lazy.begin().await {
        Ok(tx) => tx.commit().await.is_ok(),
        Err(_) => false,
    })
    .await
    .unwrap();
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", pair.standby.url());
    let said = terminal.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("does not answer") || said.err.contains("cannot be used"), "{said:?}");
}
