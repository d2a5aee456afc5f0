//! With whose rights a backup is taken and restored, which rights the programs have afterwards, and which signed heads the restored
//! chain meets.

use std::path::Path;

use shared::{
    api::incident::NoteIn,
    domain::{access::Role, audit::head::SignedHead},
};
use store::{
    Guard, Program, Store,
    embedded::{self, Embedded},
};
use tests::{
    muster::Muster,
    persona::Persona,
    postgres::Database,
    programs::{Scratch, Terminal},
    scene::{eventually, message},
};

use super::{Old, blank, json, text};

/// Each program is bound by its own login, as Postgres sees it.
async fn programs_are_bound(server_url: &str, worker_url: &str) {
    for (program, url) in [(Program::Server, server_url), (Program::Worker, worker_url)] {
        let (store, guard) = Store::connect_as(url, program).await.unwrap();
        assert_eq!(guard, Guard::Login, "{program:?}");
        store.ready().await.unwrap();
        assert!(!store.is_owner().await.unwrap(), "{program:?}");
    }
}

fn worker_url(data: &Path) -> String {
    embedded::read_url_of(data, Program::Worker).unwrap().unwrap()
}

#[tokio::test]
async fn who_owns_the_tables_backs_up_and_restores_and_the_programs_have_their_rights_again() {
    let old = Old::set().await;
    let database = &old.scene.muster.database;
    let terminal =
        Terminal::open().unwrap().with("DATABASE_URL", &database.server_url).with("MUSTER_DATA_DIR", old.data.path());
    let said = terminal.muster(&["backup", "muster.backup"]).unwrap();
    assert!(said.code == Some(2) && said.err.contains("MUSTER_DATABASE_OWNER_URL"), "{said:?}");
    assert_eq!(std::fs::read_dir(terminal.scratch.path()).unwrap().count(), 0, "nothing is left");
    let terminal = terminal.with("MUSTER_DATABASE_OWNER_URL", &database.url);
    json(&terminal.muster(&["backup", "muster.backup", "--json"]).unwrap());
    let file = terminal.scratch.path().join("muster.backup");

    // A Postgres that somebody else has set up, with the logins and nothing in it.
    let elsewhere = Scratch::new().unwrap();
    let server: Embedded = embedded::start(&elsewhere.path().join("postgres")).await.unwrap();
    let (_place, terminal) = blank();
    let terminal = terminal.with("DATABASE_URL", server.server_url());
    let said = terminal.muster(&["restore", text(&file)]).unwrap();
    assert_ne!(said.code, Some(0), "a login that may make no table restores nothing: {said:?}");
    let terminal = terminal.with("MUSTER_DATABASE_OWNER_URL", server.url());
    json(&terminal.muster(&["restore", text(&file), "--json"]).unwrap());
    programs_are_bound(server.server_url(), &worker_url(&elsewhere.path().join("postgres"))).await;
    // From here on the server's own login is enough.
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", server.server_url());
    let said = terminal.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_restored_machine_has_logins_of_its_own() {
    let old = Old::set().await;
    let lost = [
        "database.password",
        "database.server.password",
        "database.worker.password",
        "database.server.url",
        "database.worker.url",
    ];
    for name in lost {
        old.data.file(name, "of the machine that was lost").unwrap();
    }
    json(&old.backup("muster.backup"));
    let (place, terminal) = blank();
    json(&terminal.muster(&["restore", text(&old.terminal.scratch.path().join("muster.backup")), "--json"]).unwrap());
    let data = place.path().join("data");
    for name in lost {
        assert!(!std::fs::read_to_string(data.join(name)).unwrap().contains("lost"), "{name}");
    }
    let server = embedded::start(&data).await.unwrap();
    programs_are_bound(server.server_url(), &worker_url(&data)).await;
    server.stop().await.unwrap();
}

/// More entries than it takes until a head is signed.
async fn grow(responder: &Persona, incident: i64) {
    for _ in 0..12 {
        responder.api.note(incident, &NoteIn::of(message("one more"))).await.unwrap();
    }
}

/// The heads, as soon as one is of an entry after this one.
async fn signed_after(file: &Path, entry: u64) -> String {
    let heads = || std::fs::read_to_string(file).unwrap_or_default();
    // A line may be half-written when it is read.
    let newest = || serde_json::from_str::<SignedHead>(heads().lines().last()?).ok();
    let seq = || newest().map_or(0, |head| head.claim().unwrap().seq);
    eventually("a head is signed", async || seq() > entry).await.unwrap();
    heads()
}

/// A server on the restored database with the restored keys and these heads.
async fn server_with(data: &Path, url: &str, heads: &str) -> Muster {
    let scratch = Scratch::new().unwrap();
    std::fs::create_dir(scratch.path().join("keys")).unwrap();
    for name in ["keys/audit-ed25519", "keys/install"] {
        std::fs::copy(data.join(name), scratch.path().join(name)).unwrap();
    }
    scratch.file("heads.jsonl", heads).unwrap();
    Muster::serve_on(Database::at(url).await.unwrap(), scratch, None, "nowhere".into()).await.unwrap()
}

#[tokio::test]
async fn a_restored_chain_meets_the_heads_in_its_backup_and_not_those_signed_since() {
    let Old { scene, terminal, data: _data } = Old::set().await;
    let terminal = terminal.with("MUSTER_DATA_DIR", scene.muster.scratch.path());
    let signed = scene.muster.scratch.path().join("heads.jsonl");
    let incident = scene.declared().await.unwrap().number;
    grow(&scene.responder, incident).await;
    signed_after(&signed, 0).await;
    let taken = json(&terminal.muster(&["backup", "muster.backup", "--json"]).unwrap());
    let entries = taken["audit"]["seq"].as_u64().unwrap();
    grow(&scene.responder, incident).await;
    let since = signed_after(&signed, entries).await;

    let (place, blank) = blank();
    json(&blank.muster(&["restore", text(&terminal.scratch.path().join("muster.backup")), "--json"]).unwrap());
    let data = place.path().join("data");
    let kept = std::fs::read_to_string(data.join("heads.jsonl")).unwrap();
    assert!(!kept.is_empty() && since.starts_with(&kept) && since != kept);
    let server = embedded::start(&data).await.unwrap();

    let muster = server_with(&data, server.url(), &kept).await;
    let (reader, responder) =
        (muster.persona(Role::Administrator).await.unwrap(), muster.persona(Role::Responder).await.unwrap());
    grow(&responder, incident).await;
    signed_after(&muster.scratch.path().join("heads.jsonl"), entries).await;
    assert_eq!(reader.api.audit_heads().await.unwrap().unmet, None);
    assert!(reader.api.verify_audit().await.unwrap().holds(), "old heads and new ones");
    drop(muster);

    let muster = server_with(&data, server.url(), &since).await;
    let reader = muster.persona(Role::Administrator).await.unwrap();
    eventually("it is said", async || reader.api.audit_heads().await.unwrap().unmet.is_some()).await.unwrap();
    assert!(!reader.api.verify_audit().await.unwrap().holds());
    drop(muster);
    server.stop().await.unwrap();
}
