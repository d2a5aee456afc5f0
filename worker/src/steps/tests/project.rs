//! Steps on a project's networks, volumes and Compose file, and the rules that hold them back.

use std::{fs, path::PathBuf};

use shared::plan::VolumeSelection;

use super::*;
use crate::{files, resolve::late};

/// A bench with a directory of its own: a Compose file, and backups in `db`.
pub(super) struct Project {
    pub(super) bench: Bench,
    pub(super) directory: PathBuf,
}

impl Project {
    pub(super) fn new(services: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("muster-project-{}", Uuid::new_v4()));
        fs::create_dir_all(directory.join("db")).unwrap();
        let mut bench = Bench::new(services);
        bench.config.paths = [("/b".to_owned(), directory.clone())].into();
        bench.host.compose_file(PROJECT, services);
        let file = directory.join("docker-compose.yml");
        fs::write(&file, "services: {}").unwrap();
        bench.config.compose_files = [(PROJECT.to_owned(), file.clone())].into();
        bench.objects.insert(0, files::object(&file, Digest::of(b"services: {}").to_string()));
        Self { bench, directory }
    }

    pub(super) fn back_up(&self) {
        fs::write(self.directory.join("db/1.sql"), "rows").unwrap();
        fs::write(self.directory.join("db/1.sql.sha256"), Digest::of(b"rows").to_string()).unwrap();
        let taken = Timestamp::from_unix(DECLARED - 60);
        fs::write(self.directory.join("db/1.sql.json"), format!("{{\"taken_at\":\"{taken}\"}}")).unwrap();
    }

    pub(super) fn volume(&mut self, key: &str) -> String {
        let name = self.bench.host.add_volume(PROJECT, key);
        let kind = ObjectKind::Volume;
        self.bench.objects.push(ResolvedObject { kind, id: name.clone(), name: name.clone(), ..object(&name, key) });
        name
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

const BACKED_UP: &str =
    "; backup of Database: 1.sql, taken 1 min before the incident, whole by its checksum, never restored on trial";

fn remove() -> StepKind {
    StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject }
}

#[tokio::test(start_paused = true)]
async fn volumes_go_only_with_a_verified_backup_and_without_users() {
    let mut project = Project::new(&["a"]);
    let (one, two) = (project.volume("one"), project.volume("two"));
    let failure = project.bench.run(&remove()).await.failure().to_owned();
    assert!(failure.contains("without a whole backup") && failure.ends_with("nothing was done"), "{failure}");
    project.back_up();
    let failure = project.bench.run(&remove()).await.failure().to_owned();
    assert!(failure.starts_with("bt2c_one is in use by bt2c_a_1"), "{failure}");
    assert!(project.bench.done().is_empty());
    project.bench.host.remove("bt2c-a");
    let performed = project.bench.run(&remove()).await;
    assert_eq!(performed.evidence(), format!("removed bt2c_one and bt2c_two{BACKED_UP}"));
    assert!(performed.text().starts_with("Backup of Database: 1.sql"), "{}", performed.text());
    assert_eq!(project.bench.done(), [(Op::RemoveVolume, one), (Op::RemoveVolume, two)]);
    let again = project.bench.run(&remove()).await;
    assert_eq!(again.evidence(), format!("all of them had already been removed{BACKED_UP}"));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_volume_stops_the_step_before_the_first_is_removed() {
    let mut project = Project::new(&[]);
    project.back_up();
    project.volume("one");
    let two = project.volume("two");
    project.bench.host.change_volume(&two, |v| v.project = Some("other".into()));
    let why = "bt2c_two does not belong to the Compose project bt2c; nothing was removed";
    assert_eq!(project.bench.run(&remove()).await.failure(), why);
    project.bench.host.change_volume(&two, |v| v.project = Some(PROJECT.into()));
    project.bench.lease.lose();
    assert_eq!(project.bench.run(&remove()).await.outcome, Err(LeaseLost));
    assert!(project.bench.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn interrupted_removal_is_done_only_if_the_host_proves_it() {
    for (fault, done) in [(Fault::HangsBefore, false), (Fault::HangsAfter, true)] {
        let mut project = Project::new(&[]);
        project.back_up();
        project.volume("one");
        let before = project.bench.prepare(&remove()).await;
        project.bench.host.fault(Op::RemoveVolume, fault);
        let kind = remove();
        let killed = tokio::time::timeout(Duration::from_secs(100), project.bench.perform(&kind, &before)).await;
        assert!(killed.is_err());
        let probed = project.bench.probe(&kind, &before).await;
        assert_eq!(matches!(probed, Probed::Done { .. }), done, "{probed:?}");
        assert_eq!(matches!(probed, Probed::Unknown { .. }), !done, "{probed:?}");
        if done {
            // Made anew by somebody: another volume, so the removal is still proven.
            project.bench.host.add_volume(PROJECT, "other");
            project.bench.host.add_volume(PROJECT, "one");
            assert!(matches!(project.bench.probe(&kind, &before).await, Probed::Done { .. }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn up_and_down_by_compose_each_only_if_needed() {
    let mut project = Project::new(&["a", "b"]);
    let down = StepKind::Down { volumes: false };
    let performed = project.bench.run(&down).await;
    assert_eq!(performed.evidence(), "took down bt2c_a_1 and bt2c_b_1");
    assert_eq!(performed.lines, [(Stream::Err, "SIMULATED compose down".to_owned())]);
    assert_eq!(project.bench.run(&down).await.evidence(), "the project was already down");
    assert!(matches!(project.bench.probe(&down, &Before::new()).await, Probed::Done { .. }));

    let up = StepKind::Up { services: vec![] };
    project.bench.objects.truncate(1);
    for service in ["a", "b"] {
        let late = ResolvedObject { id: format!("service:{service}"), ..object("", service) };
        assert_eq!(late::service_of(&late), Some(service));
        project.bench.objects.push(late);
    }
    assert_eq!(project.bench.run(&up).await.evidence(), "a and b are up");
    assert_eq!(project.bench.run(&up).await.evidence(), "a and b are up, as before");
    assert_eq!(project.bench.probe(&up, &Before::new()).await, Probed::Again);
    let bound = late::bind(&project.bench.host, PROJECT, &project.bench.objects[1..]).await.unwrap();
    assert_eq!(bound.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["bt2c-a", "bt2c-b"]);
}

#[tokio::test(start_paused = true)]
async fn compose_is_not_called_with_another_file_or_for_others() {
    let project = Project::new(&["a"]);
    for kind in [StepKind::Down { volumes: false }, StepKind::Up { services: vec![] }] {
        let file = project.directory.join("docker-compose.yml");
        fs::write(&file, "services: {evil: {}}").unwrap();
        let failure = project.bench.run(&kind).await.failure().to_owned();
        assert!(failure.ends_with("is not the file that was approved; nothing was done"), "{failure}");
        fs::write(&file, "services: {}").unwrap();
    }
    // A container that came after the approval is not taken down with the others.
    project.bench.host.add(PROJECT, "late", &[]);
    let failure = project.bench.run(&StepKind::Down { volumes: false }).await.failure().to_owned();
    assert_eq!(failure, "bt2c_late_1 came after the approval; nothing was done");
    assert!(project.bench.done().is_empty());
}

#[tokio::test(start_paused = true)]
async fn down_with_volumes_needs_a_backup_and_is_not_begun_again() {
    let mut project = Project::new(&["a"]);
    project.volume("one");
    let kind = StepKind::Down { volumes: true };
    assert!(project.bench.run(&kind).await.failure().contains("without a whole backup"));
    project.back_up();
    let probed = project.bench.probe(&kind, &Before::new()).await;
    assert!(matches!(&probed, Probed::Unknown { reason } if reason.contains("bt2c_one")), "{probed:?}");
    let evidence = project.bench.run(&kind).await.evidence().to_owned();
    assert_eq!(evidence, format!("took down bt2c_a_1, with its volumes{BACKED_UP}"));
}

#[tokio::test(start_paused = true)]
async fn networks_are_joined_and_cut_once() {
    let mut bench = Bench::new(&["a"]);
    let id = bench.host.add_network(PROJECT, "default");
    let kind = ObjectKind::Network;
    bench.objects.push(ResolvedObject { kind, id: id.clone(), name: "bt2c_default".into(), ..object("", "a") });
    let names = || ("default".to_owned(), "a".to_owned());
    let (network, container) = names();
    let cut = StepKind::NetworkDisconnect { network, container };
    let (network, container) = names();
    let join = StepKind::NetworkConnect { network, container };
    let before = Before::new();
    assert_eq!(bench.probe(&cut, &before).await, Probed::Again);
    assert_eq!(bench.run(&cut).await.evidence(), "bt2c_a_1 is cut off network bt2c_default");
    assert!(matches!(bench.probe(&cut, &before).await, Probed::Done { .. }));
    assert!(bench.run(&cut).await.evidence().ends_with("as it already was"));
    assert_eq!(bench.run(&join).await.evidence(), "bt2c_a_1 is in network bt2c_default");
    assert!(bench.run(&join).await.evidence().ends_with("as it already was"));
    assert_eq!(bench.done(), [(Op::Disconnect, "bt2c-a".to_owned()), (Op::Connect, "bt2c-a as a".to_owned())]);
    bench.host.change_network(&id, |n| n.project = Some("other".into()));
    for kind in [&cut, &join] {
        assert!(bench.run(kind).await.failure().ends_with("it was not touched"));
    }
    bench.host.change_network(&id, |n| n.project = Some(PROJECT.into()));
    bench.host.change("bt2c-a", |c| c.container.project = Some("other".into()));
    assert!(bench.run(&cut).await.failure().ends_with("it was not touched"));
    assert_eq!(bench.done().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_of_a_family_is_not_stopped() {
    let bench = Bench::new(&["v1"]);
    bench.host.add(PROJECT, "v2", &[]);
    bench.host.kill("bt2c-v2");
    let failure = bench.run(&StepKind::Stop { services: vec!["v1".into()] }).await.failure().to_owned();
    assert!(failure.starts_with("this would stop v1, the last one of its kind that runs"), "{failure}");
    assert!(failure.ends_with("nothing was done") && bench.done().is_empty(), "{failure}");
    bench.run(&StepKind::Stop { services: vec!["v1".into(), "v2".into()] }).await.evidence();
}

#[tokio::test]
async fn an_archive_is_unpacked_with_a_backup_and_proven_afterwards() {
    let mut project = Project::new(&[]);
    let config = project.directory.join("config");
    fs::create_dir(&config).unwrap();
    project.bench.config.paths.insert("/app/config".into(), config.clone());
    let mut builder = tar::Builder::new(fs::File::create(project.directory.join("c.tar")).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o600);
    builder.append_data(&mut header, "network/a.json", &b"one"[..]).unwrap();
    builder.finish().unwrap();
    let archive = project.directory.join("c.tar");
    project.bench.objects = vec![files::object(&archive, files::digest(&archive).await.unwrap())];
    let kind = StepKind::Extract { archive: "/b/c.tar".into(), into: Some("/app/config/".into()) };
    assert!(project.bench.run(&kind).await.failure().contains("without a whole backup"));
    project.back_up();
    let before = Before::new();
    assert!(matches!(project.bench.probe(&kind, &before).await, Probed::Unknown { .. }));
    let evidence = project.bench.run(&kind).await.evidence().to_owned();
    assert!(evidence.starts_with("unpacked 1 files into ") && evidence.ends_with(BACKED_UP), "{evidence}");
    assert_eq!(fs::read_to_string(config.join("network/a.json")).unwrap(), "one");
    assert!(project.bench.run(&kind).await.evidence().contains("unpacked 0 files"));
    assert!(matches!(project.bench.probe(&kind, &before).await, Probed::Done { .. }));
    assert_eq!(fs::read_dir(&config).unwrap().count(), 1, "nothing is left beside it");
    fs::write(&archive, "other").unwrap();
    assert!(project.bench.run(&kind).await.failure().contains("not the archive that was approved"));
}
