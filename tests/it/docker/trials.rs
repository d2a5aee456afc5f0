//! Backups of the real testnet, restored on trial: a good one is verified and measured, one that everything else believes is found out, and
//! whatever happens to the worker, nothing is left behind and production is as it was.

use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use shared::{
    api::{
        monitor::MonitorsIn,
        verification::{VerificationSettingsIn, VerificationView},
    },
    digest::Digest,
    domain::{
        access::Role,
        monitor::{Bound, Check, Definition, Side, State as MonitorState},
        run::RunState,
        text::{Look, Name},
        verification::{Found, Question, Settings, State},
    },
    timestamp::Timestamp,
};
use tests::{
    muster::{RunningWorker, worker_config},
    persona::Persona,
    programs::Scratch,
    scene::eventually,
    testnet::{Testnet, docker},
};
use uuid::Uuid;
use worker::{Timing, config::Config, host::docker::DockerHost};

use super::{
    desk::Desk,
    process::SOCKET,
    stray::{HEAL, plan},
};

const SYSTEM: &str = "bt2c";
const PLACES: &str = "\n## Recovery Point Objectives (RPO)\n\n| Data Type | RPO | Backup Frequency |\n|---|---|---|\n\
    | Database | 1 hour | x |\n\n## Appendix\n\n### B. Backup Locations\n- Database: `/var/backups/bt2c/db/`\n\
    - Configuration: `/var/backups/bt2c/config/`\n";

struct Stage {
    net: Testnet,
    desk: Desk,
    admin: Persona,
    scratch: Scratch,
}

impl Stage {
    async fn open() -> Self {
        let net = Testnet::up_with(&[("TESTNET_BACKUP_INTERVAL", "3600")]).unwrap();
        net.wait_for_height(net.port1, 22).unwrap();
        let scratch = Scratch::new().unwrap();
        fs::create_dir(scratch.path().join("unpacked")).unwrap();
        let lines = [
            "docker-compose exec postgres psql -U bt2c -c \"SELECT MAX(height) FROM blocks;\"",
            "tar -xzf /var/backups/bt2c/config_backup.tar.gz -C /app/config/",
        ];
        let desk = Desk::open(&format!("{}{PLACES}", plan("", &lines)), &net.project).await;
        let admin = desk.muster.persona(Role::Administrator).await.unwrap();
        Self { net, desk, admin, scratch }
    }

    fn back_up(&self) {
        let backup = self.net.container("backup").unwrap();
        docker(&["exec", &backup, "backup.sh", "once"]).unwrap();
    }

    fn worker(&self) -> RunningWorker {
        let config = Config {
            paths: [
                ("/var/backups/bt2c".to_owned(), self.net.backup_dir()),
                ("/app/config".to_owned(), self.net.config_dir()),
            ]
            .into(),
            scratch: Some(self.scratch.path().join("trials")),
            ..worker_config(&self.net.project)
        };
        let quick = Timing { lease: Duration::from_secs(4), heartbeat: Duration::from_secs(1), ..Timing::default() };
        self.desk.muster.worker_as(config, Arc::new(DockerHost::new(SOCKET, "127.0.0.1")), quick)
    }

    async fn until(&self, id: Uuid, state: State) -> VerificationView {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let view = self.admin.api.verification(id).await.unwrap();
            if view.state == state {
                return view;
            }
            assert!(!view.state.is_over() && Instant::now() < deadline, "{view:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The scratch containers of one trial.
    fn containers(&self, id: Uuid) -> Vec<String> {
        let marks =
            docker(&["ps", "-a", "--filter", "label=muster.scratch", "--format", "{{.Label \"muster.scratch\"}}"]);
        let of = |mark: &&str| mark.starts_with(&id.to_string());
        marks.unwrap().lines().filter(of).map(str::to_owned).collect()
    }

    async fn assert_nothing_is_left(&self, id: Uuid) {
        eventually("its containers and directories are gone", async || {
            let left =
                fs::read_dir(self.scratch.path().join("trials")).map(|entries| entries.count()).unwrap_or_default();
            self.containers(id).is_empty() && left == 0
        })
        .await
        .unwrap();
    }

    async fn waits_for_a_container(&self, id: Uuid) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.containers(id).is_empty() {
            assert!(Instant::now() < deadline, "{:?}", self.admin.api.verification(id).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A newer dump without most of its rows, packed whole, with a checksum that is right: only its content is wrong.
    fn break_newest(&self) {
        let db = self.net.backup_dir().join("db");
        let newest = newest(&db);
        let text = fs::read_to_string(db.join(&newest)).unwrap();
        let (mut rows, mut cut) = (None, String::new());
        for line in text.lines() {
            match rows {
                None if line.starts_with("COPY public.blocks ") => rows = Some(0),
                Some(_) if line == "\\." => rows = None,
                Some(n) if n >= 2 => continue,
                Some(n) => rows = Some(n + 1),
                None => {}
            }
            cut += line;
            cut.push('\n');
        }
        assert!(cut.len() < text.len(), "rows were taken out");
        let mut packed = GzEncoder::new(vec![], Compression::fast());
        packed.write_all(cut.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let name = "99990101T000000Z.sql.gz";
        fs::write(db.join(name), &packed).unwrap();
        fs::write(db.join(format!("{name}.sha256")), format!("{}  {name}\n", Digest::of(&packed))).unwrap();
        let facts = format!("{{\"taken_at\":\"{}\"}}\n", Timestamp::new(std::time::SystemTime::now().into()));
        fs::write(db.join(format!("{name}.json")), facts).unwrap();
    }

    /// A run that overwrites something, and what its evidence says of the backups.
    async fn evidence(&self) -> String {
        let view = self.desk.resolved(HEAL).await;
        self.desk.approve(&view).await;
        let view = self.desk.ended(view.number).await;
        assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
        format!("{:?}", view.steps[1].state)
    }
}

fn newest(db: &Path) -> String {
    let names = fs::read_dir(db).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sql") && !name.starts_with('.')).max().unwrap()
}

fn of<'a>(view: &'a VerificationView, place: &str) -> &'a Found {
    view.found.iter().find(|found| found.place == place).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_backup_that_everything_believes_is_found_by_its_trial_and_nothing_stays_behind() {
    let stage = Stage::open().await;
    stage.back_up();
    let admin = &stage.admin;
    let production = stage.net.started_at("postgres").unwrap();
    let worker = stage.worker();

    // As the plan suggests it, and more: what is asked of both sides.
    let suggested = admin.api.verifications(SYSTEM).await.unwrap();
    assert_eq!((suggested.version, suggested.places.len(), suggested.items.len()), (0, 2, 0));
    let look = |text: &str| Look::parse(text).unwrap();
    let settings = Settings {
        least_percent: 20,
        newest: Some(look("SELECT extract(epoch FROM max(produced_at)) FROM blocks")),
        questions: vec![Question {
            name: Name::parse("Gaps").unwrap(),
            query: look("SELECT max(height) + 1 - count(*) FROM blocks"),
            may_differ: Some(0.0),
        }],
        ..suggested.settings
    };
    let body = VerificationSettingsIn { version: 0, settings };
    let set = admin.api.set_verifications(SYSTEM, &body).await.unwrap();
    assert_eq!(set.settings.database.as_ref().unwrap().service.as_str(), "postgres", "the plan's own query says it");

    // The schedule asks for the first one itself.
    eventually("the schedule has asked", async || !admin.api.verifications(SYSTEM).await.unwrap().items.is_empty())
        .await
        .unwrap();
    let first = admin.api.verifications(SYSTEM).await.unwrap().items.remove(0);
    assert_eq!(first.asked_by, None);
    let view = stage.until(first.id, State::Verified).await;
    let database = of(&view, "Database");
    let file = database.file.as_ref().unwrap();
    assert_eq!(
        file.digest,
        Digest::of(&fs::read(stage.net.backup_dir().join("db").join(&file.name)).unwrap()).to_string()
    );
    assert!(database.verified && database.restored_ms.is_some() && database.beyond.is_none(), "{database:?}");
    assert!(database.loss_by.as_ref().unwrap().contains("newest row"), "{database:?}");
    assert!(
        (1..600).contains(&database.loss_seconds.unwrap()),
        "what came after the backup would be lost: {database:?}"
    );
    let asked: Vec<_> = database.compared.iter().map(|one| one.what.as_str()).collect();
    for what in ["Rows of public.blocks", "Do it", "Gaps", "Newest row, in seconds since 1970"] {
        assert!(asked.contains(&what), "{asked:?}");
    }
    let files = of(&view, "Configuration");
    assert!(files.verified && files.compared[0].what.starts_with("Files of "), "{files:?}");
    stage.assert_nothing_is_left(first.id).await;

    a_broken_one_is_found(&stage).await;
    a_dead_worker_and_a_person_leave_nothing(&stage, worker).await;
    assert_eq!(stage.net.started_at("postgres").unwrap(), production, "production was only asked");
    assert!(stage.net.height(stage.net.port1).unwrap() > 22);
}

/// It is whole for everything else.
async fn a_broken_one_is_found(stage: &Stage) {
    let admin = &stage.admin;
    stage.break_newest();
    let age = Definition {
        name: Name::parse("Backups come").unwrap(),
        check: Check::FileAge { directory: Look::parse("/var/backups/bt2c/db/").unwrap() },
        every_seconds: 5,
        timeout_seconds: 5,
        retries: 0,
        warn: None,
        bad: Some(Bound { is: Side::Above, value: 3600.0 }),
        component: None,
        impact: None,
        objective: None,
        paused: false,
    };
    let made = admin.api.make_monitors(SYSTEM, &MonitorsIn { monitors: vec![age] }).await.unwrap().items.remove(0);
    eventually("its monitor is content", async || admin.api.monitor(made.id).await.unwrap().state == MonitorState::Up)
        .await
        .unwrap();
    let before = stage.evidence().await;
    assert!(before.contains("99990101T000000Z.sql.gz") && before.contains("never restored on trial"), "{before}");

    let asked = admin.api.verify_now(SYSTEM).await.unwrap();
    let view = stage.until(asked.id, State::Failed).await;
    let database = of(&view, "Database");
    assert!(!database.verified && database.why.contains("rows came back"), "{database:?}");
    assert!(of(&view, "Configuration").verified, "the other place is as good as before");
    eventually("an alert says so", async || {
        let alerts = admin.api.alerts(true, None).await.unwrap().items;
        alerts.iter().any(|alert| alert.title == "A backup could not be restored on trial")
    })
    .await
    .unwrap();
    assert_eq!(admin.api.monitor(made.id).await.unwrap().state, MonitorState::Up, "nothing else has noticed");
    stage.assert_nothing_is_left(asked.id).await;
    // From now on it is no backup for whoever wipes: the one before it counts.
    let after = stage.evidence().await;
    assert!(!after.contains("99990101") && after.contains("restored on trial at"), "{after}");
}

async fn a_dead_worker_and_a_person_leave_nothing(stage: &Stage, worker: RunningWorker) {
    let admin = &stage.admin;
    // A worker dies in the middle; the next clears away what it left, and begins anew.
    fs::remove_file(stage.net.backup_dir().join("db/99990101T000000Z.sql.gz")).unwrap();
    let asked = admin.api.verify_now(SYSTEM).await.unwrap();
    stage.waits_for_a_container(asked.id).await;
    worker.kill();
    let _next = stage.worker();
    let view = stage.until(asked.id, State::Verified).await;
    assert_eq!(view.n_attempts, 2);
    stage.assert_nothing_is_left(asked.id).await;
    eventually("the alert is over", async || admin.api.alerts(true, None).await.unwrap().items.is_empty())
        .await
        .unwrap();

    // A person ends one.
    let asked = admin.api.verify_now(SYSTEM).await.unwrap();
    stage.waits_for_a_container(asked.id).await;
    admin.api.cancel_verification(asked.id).await.unwrap();
    stage.until(asked.id, State::Cancelled).await;
    stage.assert_nothing_is_left(asked.id).await;
}
