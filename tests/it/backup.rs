//! Muster's own disaster: a backup taken in the middle of everything, brought back by the real programs onto a blank machine.

mod rights;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::Value;
use shared::{
    api::{
        client::{file_address, upload_address},
        incident::{DeclareIn, IncidentView, NoteIn},
    },
    digest::Digest,
    domain::{
        actor::Actor,
        incident::IncidentEvent,
        outbox::{DeliveryEvent, MessageState},
        run::{Answer, RunState, StepState},
    },
    ids::AttachmentId,
};
use store::embedded;
use tests::{
    muster::{Muster, declaration},
    persona::{Http, Persona},
    programs::{Said, Scratch, Terminal},
    scene::{PROJECT, QUICK, Scene, eventually, message, plan, request_of},
};
use worker::{
    config::Config,
    host::simulated::{Effect, Fault, Op},
};

/// Something that cannot be taken back, then something that can.
const PURGE: &str = "purge-and-wake";

fn plan_with_purge() -> String {
    plan().unwrap()
        + "\n## Purge and wake\n\n```bash\ndocker-compose exec postgres purge --all\ndocker-compose restart validator1\n```\n"
}

fn effect(op: Op, container: &str) -> Effect {
    Effect { op, container: container.into() }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"))
}

/// The machine that will be lost: its database is the scene's.
struct Old {
    scene: Scene,
    terminal: Terminal,
    data: Scratch,
}

impl Old {
    async fn set() -> Self {
        let scene = Scene::with_plan(&plan_with_purge()).await.unwrap();
        let data = Scratch::new().unwrap();
        let terminal = Terminal::open()
            .unwrap()
            .with("DATABASE_URL", &scene.muster.database.url)
            .with("MUSTER_DATA_DIR", data.path());
        Self { scene, terminal, data }
    }

    fn backup(&self, file: &str) -> Said {
        self.terminal.muster(&["backup", file, "--json"]).unwrap()
    }
}

/// A blank machine with a Postgres of its own.
fn blank() -> (Scratch, Terminal) {
    let place = Scratch::new().unwrap();
    let terminal = Terminal::open().unwrap().with("MUSTER_DATA_DIR", place.path().join("data"));
    (place, terminal)
}

fn declared_elsewhere() -> DeclareIn {
    DeclareIn { system: "other".into(), ..declaration("validator1").unwrap() }
}

/// A second system whose run is approved and has no worker.
async fn queued_elsewhere(scene: &Scene) -> i64 {
    let text = plan_with_purge();
    let mut tx = scene.muster.store.begin().await.unwrap();
    let system = tx.system_create("other", "Other", "other", None).await.unwrap();
    tx.plan_version_add(system.id, Digest::of(text.as_bytes()), &text, &Actor::CommandLine, "for the test")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    scene.host.add("other", "postgres", &[]);
    scene.host.add("other", "validator1", &[]);
    scene.host.add("other", "validator2", &[]);
    let incident = scene.responder.api.declare(&declared_elsewhere(), "other").await.unwrap().number;
    let mut worker = scene.muster.worker(scene.host.clone(), "other", QUICK);
    let run = request_of(&scene.operator, incident, PURGE).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    worker.stop().await;
    scene.consent(&run).await.unwrap();
    scene.until(run.number, RunState::Queued).await.unwrap().number
}

/// A run whose first step, which cannot be taken back, has had its effect and has not been told so.
async fn in_flight(scene: &Scene) -> (i64, tests::muster::RunningWorker) {
    scene.host.program("bt2c-postgres", |_| (vec![], 0));
    scene.host.fault(Op::Exec, Fault::HangsAfter);
    let worker = scene.quick_worker();
    let incident = scene.declared().await.unwrap().number;
    let run = request_of(&scene.operator, incident, PURGE).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    scene.consent(&run).await.unwrap();
    eventually("the purge has happened", async || !scene.host.effects().is_empty()).await.unwrap();
    (run.number, worker)
}

/// A file that is there, whose content is given back, and another that is still on its way.
async fn with_files(scene: &Scene, incident: i64) -> String {
    let log = "disk full\n".repeat(50_000);
    let http = &scene.responder.http;
    let request = http.client.post(format!("{}{}", http.base, upload_address(incident, "node.log")));
    let request = request.header("origin", &http.base).header("content-type", "application/octet-stream");
    assert_eq!(request.body(log.clone()).send().await.unwrap().status(), StatusCode::OK);
    scene.muster.store.upload_add(AttachmentId(uuid::Uuid::nil()), 0, b"half").await.unwrap();
    log
}

async fn only_whole_files_came_along(scene: &Scene, view: &IncidentView, log: &str) {
    let file = |event: &IncidentEvent| if let IncidentEvent::Attached { file } = event { Some(file.id) } else { None };
    let kept = view.timeline.iter().find_map(|entry| file(&entry.event)).unwrap();
    let (_, content) = scene.operator.http.page(&file_address(view.number, kept)).await.unwrap();
    assert!(content == log);
    let waiting = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM upload_chunk");
    assert_eq!(waiting.fetch_one(&scene.pool().await.unwrap()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_machine_is_lost_in_the_middle_of_a_run_and_a_blank_one_takes_its_place() {
    let old = Old::set().await;
    let scene = &old.scene;
    std::fs::create_dir(old.data.path().join("keys")).unwrap();
    let (key, install) = ("5a".repeat(32), uuid::Uuid::new_v4().to_string());
    old.data.file("keys/audit-ed25519", &key).unwrap();
    old.data.file("keys/install", &install).unwrap();
    old.data.file("heads-of-2025.jsonl", "{\"seq\":1}\n").unwrap();
    old.data.file("database.password", "not this one").unwrap();
    let queued = queued_elsewhere(scene).await;
    let (run, worker) = in_flight(scene).await;
    let incident = scene.operator.api.run(run).await.unwrap().incident;
    let log = with_files(scene, incident).await;
    let (entries, head) = scene.muster.store.audit_head().await.unwrap();

    // Not due yet where it was queued, and never where it is restored.
    sqlx::query(
        "INSERT INTO message (world, dedup, purpose, user_id, recipient, channel, address, subject, body, next_at, queued_at)
         SELECT w.id, 'kept', 'test', u.id, u.name, 'email', u.email, 's', 'b', now() + interval '1 hour', now()
         FROM outbox_world w, (SELECT * FROM app_user LIMIT 1) u",
    )
    .execute(&scene.pool().await.unwrap())
    .await
    .unwrap();

    let taken = json(&old.backup("muster.backup"));
    let file = old.terminal.scratch.path().join("muster.backup");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&file.metadata().unwrap()) & 0o777, 0o600);
    assert!(taken["audit"]["seq"].as_u64().unwrap() >= entries, "{taken}");
    let names: Vec<_> = taken["members"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database.dump", "data/heads-of-2025.jsonl", "data/keys/audit-ed25519", "data/keys/install"]);
    // What happens between the backup and the disaster is not known afterwards.
    scene.responder.api.note(incident, &NoteIn::of(message("lost with the machine"))).await.unwrap();
    worker.kill();
    assert_eq!(scene.host.effects(), [effect(Op::Exec, "bt2c-postgres")]);

    let begun = Instant::now();
    let (place, terminal) = blank();
    let restored = json(&terminal.muster(&["restore", text(&file), "--json"]).unwrap());
    eprintln!("restored in {} ms", begun.elapsed().as_millis());
    assert_eq!(restored["runs"]["expired"], serde_json::json!([queued]));
    assert_eq!(restored["runs"]["taken_up"], serde_json::json!([run]));
    assert_eq!(restored["audit"]["broken"], Value::Null);
    let data = place.path().join("data");
    assert_eq!(std::fs::read_to_string(data.join("keys/audit-ed25519")).unwrap(), key);
    assert_eq!(std::fs::read_to_string(data.join("keys/install")).unwrap(), install);
    assert_eq!(std::fs::read_to_string(data.join("heads-of-2025.jsonl")).unwrap(), "{\"seq\":1}\n");
    assert_ne!(std::fs::read_to_string(data.join("database.password")).unwrap(), "not this one");
    let verified = terminal.muster(&["audit", "verify"]).unwrap();
    assert!(verified.code == Some(0) && verified.out.contains("the audit chain holds"), "{verified:?}");
    // The chain goes on from where the one that was backed up ended.
    let exported = terminal.muster(&["audit", "export"]).unwrap().out;
    let at = usize::try_from(entries).unwrap() - 1;
    assert!(exported.lines().nth(at).unwrap().contains(&head.to_string()), "the head is met");
    assert!(exported.lines().last().unwrap().contains("muster.restored"), "{exported}");

    assert_eq!(restored["runs"]["unsent"], serde_json::json!(1));
    let server = embedded::start(&data).await.unwrap();
    let muster = Muster::start_on(server.url()).await.unwrap();
    let kept = muster.store.message_list(tests::scene::EVERYTHING, 1).await.unwrap().remove(0);
    assert_eq!((kept.state, kept.next_at), (MessageState::Failed, None));
    let last = kept.log.last().unwrap();
    assert_eq!(last.event, DeliveryEvent::Restored, "{kept:?}");
    let with_old_cookie = Http { base: muster.base.clone(), client: scene.operator.http.client.clone() };
    let (status, _) = with_old_cookie.raw("GET", "/api/v1/incidents", None).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let again = async |who: &Persona| Persona::sign_in(&muster.base, &who.email, &who.password).await.unwrap();
    let (responder, operator) = (again(&scene.responder).await, again(&scene.operator).await);
    let approver = again(&scene.approver).await;

    // One for both: of two on one host, one waits for the other's end.
    let both = Config { name: "test-worker".into(), ..Config::for_projects(&[PROJECT, "other"]) };
    let _worker = muster.worker_as(both, scene.host.clone(), QUICK);
    let scene = Scene { muster, host: scene.host.clone(), responder, operator, approver };
    let asking = scene.until(run, RunState::Asking).await.unwrap();
    assert!(matches!(asking.steps[0].state, StepState::Unknown { .. }), "{:?}", asking.steps);
    assert_eq!(asking.question.as_ref().unwrap().step, 1);
    assert_eq!(scene.operator.api.run(queued).await.unwrap().state, RunState::Expired);
    let view = scene.operator.api.incident(incident).await.unwrap();
    let notes = view.timeline.iter().filter(|e| matches!(e.event, IncidentEvent::Noted { .. })).count();
    assert_eq!(notes, 0, "what came after the backup is lost: {:?}", view.timeline);
    only_whole_files_came_along(&scene, &view, &log).await;

    // A request whose answer was lost with the machine has one effect.
    let again = scene.responder.api.declare(&declared_elsewhere(), "other").await.unwrap().number;
    assert_eq!(again, scene.operator.api.run(queued).await.unwrap().incident);
    assert_eq!(scene.operator.api.incidents(None).await.unwrap().items.len(), 2);

    // What was done in between stands in no log: the next step is not begun either before somebody has looked.
    scene.answer(&asking, Answer::Skip { reason: "it was purged".into() }).await.unwrap();
    let asking = scene.until_run(run, |r| r.question.as_ref().is_some_and(|q| q.step == 2)).await.unwrap();
    assert!(asking.question.as_ref().unwrap().why.contains("restored from its backup"), "{:?}", asking.question);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(scene.host.effects(), [effect(Op::Exec, "bt2c-postgres")], "nothing is begun by itself");
    scene.answer(&asking, Answer::Retry).await.unwrap();
    scene.until(run, RunState::Succeeded).await.unwrap();
    let both = [effect(Op::Exec, "bt2c-postgres"), effect(Op::Restart, "bt2c_validator1_1")];
    assert_eq!(scene.host.effects(), both);
    drop(scene);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_not_blank_is_left_alone() {
    let old = Old::set().await;
    json(&old.backup("muster.backup"));
    let file = old.terminal.scratch.path().join("muster.backup");
    // Over a file, only if told so.
    let said = old.backup("muster.backup");
    assert!(said.code == Some(2) && said.err.contains("exists already"), "{said:?}");
    json(&old.terminal.muster(&["backup", "muster.backup", "--force", "--json"]).unwrap());
    let left = std::fs::read_dir(old.terminal.scratch.path()).unwrap().count();
    assert_eq!(left, 1, "nothing half-written is left");
    // Into a data directory that holds something.
    let (place, terminal) = blank();
    std::fs::create_dir(place.path().join("data")).unwrap();
    place.file("data/precious", "kept").unwrap();
    let said = terminal.muster(&["restore", text(&file)]).unwrap();
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
    assert!(
        said.err.contains("not blank: it holds precious") && said.err.contains("nothing was changed"),
        "{}",
        said.err
    );
    let names: Vec<_> = std::fs::read_dir(place.path().join("data")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["precious"]);
    // Into a database that holds something: the one it came from.
    let (place, terminal) = blank();
    let terminal = terminal.with("DATABASE_URL", &old.scene.muster.database.url);
    let said = terminal.muster(&["restore", text(&file)]).unwrap();
    assert!(said.code == Some(2) && said.err.contains("not blank: it holds the table"), "{said:?}");
    assert!(!place.path().join("data").exists());
    old.scene.declared().await.unwrap();
}

/// A backup taken apart, to be put together in another way.
struct Unpacked {
    place: Scratch,
    manifest: server::backup::Manifest,
}

impl Unpacked {
    fn of(file: &Path) -> Self {
        let place = Scratch::new().unwrap();
        let into = server::backup::Into {
            database: &place.path().join("database.dump"),
            data_dir: &place.path().join("data"),
        };
        std::fs::create_dir(into.data_dir).unwrap();
        let manifest = server::backup::read(file, Some(into)).unwrap();
        place.file("manifest.json", serde_json::to_vec(&manifest).unwrap()).unwrap();
        Self { place, manifest }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.place.file(name, content).unwrap();
    }

    /// The same length, another content.
    fn flipped(&self, name: &str) -> Vec<u8> {
        let mut bytes = std::fs::read(self.place.path().join(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    }

    fn packed(&self, members: &[&str]) -> std::path::PathBuf {
        let file = self.place.path().join("forged.backup");
        let tar = std::process::Command::new("tar")
            .args(["-czf", text(&file), "-C", text(self.place.path())])
            .args(members)
            .status();
        assert!(tar.unwrap().success());
        file
    }
}

fn repacked(file: &Path, members: &[&str]) -> Vec<u8> {
    std::fs::read(Unpacked::of(file).packed(members)).unwrap()
}

/// With something changed or added, compressed and packed as it should be.
fn altered(file: &Path, alter: impl Fn(&Unpacked)) -> Vec<u8> {
    let unpacked = Unpacked::of(file);
    alter(&unpacked);
    let mut members = vec!["manifest.json", "database.dump", "data/audit-heads.jsonl"];
    members.extend(unpacked.place.path().join("more").exists().then_some("more"));
    std::fs::read(unpacked.packed(&members)).unwrap()
}

#[tokio::test]
async fn a_damaged_file_is_refused_before_anything_is_touched() {
    let old = Old::set().await;
    old.data.file("audit-heads.jsonl", "{}\n".repeat(1000)).unwrap();
    json(&old.backup("muster.backup"));
    let whole_file = old.terminal.scratch.path().join("muster.backup");
    let whole = std::fs::read(&whole_file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let n = whole.len();
    let cases = [
        ("cut in the middle", whole[..n / 2].to_vec()),
        ("cut at the very end", whole[..n - 1].to_vec()),
        ("a byte changed early", flipped(n / 10)),
        ("a byte changed in the middle", flipped(n / 2)),
        ("a byte changed late", flipped(n - n / 10)),
        ("the checksum changed", flipped(n - 6)),
        ("empty", vec![]),
        ("something else", b"not a backup".to_vec()),
        ("packed again, altered", altered(&whole_file, |u| u.write("database.dump", u.flipped("database.dump")))),
        ("packed again, without the database", repacked(&whole_file, &["manifest.json"])),
        ("packed again, out of order", repacked(&whole_file, &["database.dump", "manifest.json"])),
        ("packed again, with more than there was", altered(&whole_file, |u| u.write("more", "more"))),
    ];
    for (what, bytes) in cases {
        let (place, terminal) = blank();
        let file = place.file("damaged.backup", bytes).unwrap();
        let said = terminal.muster(&["restore", text(&file)]).unwrap();
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{what}: {said:?}");
        assert!(
            said.err.contains("is not a whole backup") && said.err.contains("nothing was changed"),
            "{what}: {said:?}"
        );
        assert!(!place.path().join("data").exists(), "{what}");
    }
}

/// The database is another one than the manifest says: somebody has put two backups together.
#[tokio::test]
async fn a_chain_that_does_not_end_where_the_manifest_says_is_taken_back() {
    let old = Old::set().await;
    json(&old.backup("one.backup"));
    old.scene.declared().await.unwrap();
    let directory = old.terminal.scratch.path();
    let file = directory.join("one.backup");
    let unpacked = Unpacked::of(&file);
    let mut manifest = unpacked.manifest.clone();
    manifest.audit.seq += 1;
    unpacked.write("manifest.json", serde_json::to_vec(&manifest).unwrap());
    let forged = unpacked.packed(&["manifest.json", "database.dump"]);
    let (place, terminal) = blank();
    let said = terminal.muster(&["restore", text(&forged)]).unwrap();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("audit chain ends at entry") && said.err.contains("blank again"), "{}", said.err);
    assert!(!place.path().join("data").exists(), "it was taken back");
    // The same machine is blank, so the true one goes in.
    json(&terminal.muster(&["restore", text(&file), "--json"]).unwrap());
}

#[tokio::test]
async fn the_server_takes_backups_without_being_asked_and_keeps_the_newest() {
    let old = Old::set().await;
    let backups = Scratch::new().unwrap();
    backups.file("muster-before-the-upgrade.backup", "somebody's own").unwrap();
    let origin = server::backup::Origin {
        owner_url: old.scene.muster.database.url.clone(),
        data_dir: old.data.path().to_owned(),
    };
    let schedule = server::backup::periodic::Schedule {
        directory: backups.path().to_owned(),
        every: Duration::from_millis(1500),
        keep: 2,
    };
    let stop = tokio_util::sync::CancellationToken::new();
    // Everything goes on meanwhile: a backup is one instant all the same.
    let incident = old.scene.declared().await.unwrap().number;
    let (api, writing) = (old.scene.responder.http.clone(), stop.clone());
    let writer = tokio::spawn(async move {
        let api = shared::api::client::Client::new(api);
        while !writing.is_cancelled() {
            api.note(incident, &NoteIn::of(message("meanwhile"))).await.unwrap();
        }
    });
    let running = tokio::spawn(server::backup::periodic::run(origin, schedule, stop.clone()));
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(backups.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    };
    eventually("there is one", async || names().len() == 2).await.unwrap();
    let first = names()[0].clone();
    eventually("the first has gone", async || !names().contains(&first)).await.unwrap();
    stop.cancel();
    running.await.unwrap();
    writer.await.unwrap();
    let names = names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.contains(&"muster-before-the-upgrade.backup".to_owned()), "{names:?}");
    let (_place, terminal) = blank();
    json(&terminal.muster(&["restore", text(&backups.path().join(&names[1])), "--json"]).unwrap());
}
