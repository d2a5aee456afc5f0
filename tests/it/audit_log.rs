//! The audit chain: everything that was done is in it, and every way of altering it afterwards is found, over HTTP and by the
//! command. What each command writes besides is tested with the command.

use reqwest::StatusCode;
use shared::{
    api::{
        incident::{LevelIn, NoteIn, ResolveIn, UpdateIn},
        report::ReportIn,
    },
    domain::{access::Role, incident::PublicState, run::RunState, text::Document},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tests::{
    persona::Persona,
    programs::Terminal,
    scene::{Scene, decide, message, publish},
};

#[tokio::test]
async fn every_change_of_a_whole_story_has_an_entry_and_the_chain_holds() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let reader = scene.muster.persona(Role::Administrator).await.unwrap();
    let (from, _) = scene.muster.store.audit_head().await.unwrap();
    let responder = &scene.responder.api;

    let n = scene.declared().await.unwrap().number;
    responder.acknowledge(n).await.unwrap();
    responder.start_work(n).await.unwrap();
    responder.note(n, &NoteIn::of(message("looking"))).await.unwrap();
    responder.change_level(n, &LevelIn { level: 2, reason: message("worse") }).await.unwrap();
    responder
        .post_update(
            n,
            &UpdateIn { state: PublicState::Identified, text: message("known"), notify: true, happened_at: None },
        )
        .await
        .unwrap();
    let run = scene.request(n).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    responder
        .resolve(n, &ResolveIn { text: message("restarted"), public_text: None, notify: true, despite: None })
        .await
        .unwrap();
    responder.draft_report(n).await.unwrap();
    responder.save_report(n, &ReportIn { body: Document::parse("short").unwrap(), base: 1 }).await.unwrap();
    publish(&scene.approver, n, true).await.unwrap();
    responder.sign_out().await.unwrap();

    let step = ["step.started", "step.ended"];
    let mut expected = vec![
        "incident.declared",
        "incident.posted",
        "incident.acknowledged",
        "incident.work-started",
        "incident.noted",
        "incident.level-changed",
        "incident.posted",
        "run.requested",
        "run.resolved",
        "run.approved",
        "run.granted",
        "run.claimed",
    ];
    expected.extend([step; 5].concat());
    expected.extend([
        "run.finished",
        "incident.resolved",
        "incident.resolved",
        "report.drafted",
        "report.saved",
        "report.approved",
        "report.published",
        "session.ended",
    ]);
    let list = reader.api.audit(None).await.unwrap();
    let new: Vec<_> = list.items.iter().rev().filter(|e| e.entry.seq > from).map(|e| &e.entry).collect();
    assert_eq!(new.iter().map(|e| e.action.as_str()).collect::<Vec<_>>(), expected);
    assert!(new.iter().all(|e| !e.denied && !e.object.is_empty()));
    let by = |action: &str| new.iter().find(|e| e.action == action).unwrap().by.user();
    assert_eq!((by("incident.declared"), by("run.requested")), (Some(scene.responder.id), Some(scene.operator.id)));
    assert_eq!((by("run.approved"), by("report.published")), (Some(scene.approver.id), Some(scene.approver.id)));

    let verdict = reader.api.verify_audit().await.unwrap();
    let (head, hash) = scene.muster.store.audit_head().await.unwrap();
    assert_eq!((verdict.entries, verdict.head, verdict.holds()), (head, hash, true), "{verdict:?}");
    let said = Terminal::open()
        .unwrap()
        .with("DATABASE_URL", &scene.muster.database.url)
        .muster(&["audit", "verify"])
        .unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with(&format!("the audit chain holds: {head} entries, head {hash}\n")), "{said:?}");
}

#[tokio::test]
async fn reading_writes_nothing() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    let before = scene.muster.store.audit_head().await.unwrap();
    for path in [
        format!("/api/v1/incidents/{n}"),
        "/api/v1/incidents".into(),
        "/api/v1/runs".into(),
        "/api/v1/audit".into(),
        "/api/v1/audit/verify".into(),
    ] {
        assert_eq!(scene.approver.http.raw("GET", &path, None).await.unwrap().0, StatusCode::OK, "{path}");
    }
    assert_eq!(scene.muster.store.audit_head().await.unwrap(), before);
}

#[tokio::test]
async fn the_log_is_paged_newest_first_without_gap() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    for i in 0..110 {
        scene.responder.api.note(n, &NoteIn::of(message(&format!("note {i}")))).await.unwrap();
    }
    let first = scene.approver.api.audit(None).await.unwrap();
    let second = scene.approver.api.audit(first.next.as_deref()).await.unwrap();
    let seqs: Vec<_> = first.items.iter().chain(&second.items).map(|e| e.entry.seq).collect();
    let (head, _) = scene.muster.store.audit_head().await.unwrap();
    assert_eq!(seqs, (1..=head).rev().collect::<Vec<_>>());
    assert_eq!((first.items.len(), second.next), (100, None));
}

/// A chain of a dozen entries, and a connection that the append-only rule does not bind.
async fn chain() -> (Scene, Persona, PgConnection) {
    let scene = Scene::set().await.unwrap();
    let reader = scene.muster.persona(Role::Administrator).await.unwrap();
    let n = scene.declared().await.unwrap().number;
    for i in 0..6 {
        scene.responder.api.note(n, &NoteIn::of(message(&format!("note {i}")))).await.unwrap();
    }
    let mut connection = PgConnection::connect(&scene.muster.database.url).await.unwrap();
    connection.execute("SET session_replication_role = replica").await.unwrap();
    connection
        .execute("CREATE TABLE kept AS SELECT seq, entry, previous, hash FROM audit_entry; CREATE TABLE kept_head AS SELECT * FROM audit_head")
        .await
        .unwrap();
    (scene, reader, connection)
}

const RESTORE: &str =
    "DELETE FROM audit_entry; INSERT INTO audit_entry (seq, entry, previous, hash) SELECT * FROM kept;
                       DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head";

#[tokio::test]
async fn every_tampering_is_found_where_it_is() {
    const REHASH: &str = "encode(sha256(convert_to(previous || E'\\n' || entry, 'UTF8')), 'hex')";
    let (mut scene, _reader, mut connection) = chain().await;
    // It would sign, and tell of, what is done here.
    scene.muster.stop_server().await.unwrap();
    let verify = async || server::app::audit::verify_all(&scene.muster.store).await;
    let head: i64 = sqlx::query_scalar("SELECT seq FROM audit_head").fetch_one(&mut connection).await.unwrap();
    let last = u64::try_from(head).unwrap();
    let swap = "UPDATE audit_entry a SET entry = b.entry, previous = b.previous, hash = 'x' || b.hash FROM kept b
                WHERE a.seq IN (4, 5) AND b.seq = 9 - a.seq; UPDATE audit_entry SET hash = substr(hash, 2) WHERE seq IN (4, 5)";
    let cases: Vec<(&str, String, u64)> = vec![
        ("one word altered", "UPDATE audit_entry SET entry = replace(entry, 'note', 'none') WHERE seq = 7".into(), 7),
        ("who did it altered", "UPDATE audit_entry SET entry = replace(entry, 'Test responder', 'Test somebody') WHERE seq = 7".into(), 7),
        (
            "altered and hashed anew",
            format!("UPDATE audit_entry SET entry = replace(entry, 'note', 'none') WHERE seq = 7; UPDATE audit_entry SET hash = {REHASH} WHERE seq = 7"),
            8,
        ),
        (
            "the last one altered and hashed anew",
            format!("UPDATE audit_entry SET entry = replace(entry, 'note', 'none') WHERE seq = {head}; UPDATE audit_entry SET hash = {REHASH} WHERE seq = {head}"),
            last,
        ),
        ("a hash that is none", "UPDATE audit_entry SET hash = 'zz' WHERE seq = 3".into(), 3),
        ("one deleted", "DELETE FROM audit_entry WHERE seq = 6".into(), 6),
        ("the first deleted", "DELETE FROM audit_entry WHERE seq = 1".into(), 1),
        ("two swapped", swap.into(), 4),
        (
            "one inserted",
            "UPDATE audit_entry SET seq = -seq WHERE seq > 5; UPDATE audit_entry SET seq = 1 - seq WHERE seq < 0;
             INSERT INTO audit_entry SELECT 6, entry, previous, repeat('1', 64) FROM kept WHERE seq = 5"
                .into(),
            6,
        ),
        (
            "one appended",
            format!(
                "INSERT INTO audit_entry SELECT {0}, replace(entry, '\"seq\":{1}', '\"seq\":{0}'), hash, 'x' FROM kept WHERE seq = {1};
                 UPDATE audit_entry SET hash = {REHASH} WHERE seq = {0}",
                head + 1,
                head
            ),
            last + 1,
        ),
        ("the tail cut", format!("DELETE FROM audit_entry WHERE seq > {}", head - 2), last - 1),
        ("all gone", "DELETE FROM audit_entry".into(), 1),
        ("the head forgotten", "DELETE FROM audit_head".into(), 1),
        ("another head", "UPDATE audit_head SET hash = repeat('0', 64)".into(), last),
    ];
    assert_eq!(verify().await.unwrap().broken, None);
    for (what, statement, seq) in cases {
        // Two rules of the table would stop some of it; whoever can do all this can drop them too.
        connection.execute("ALTER TABLE audit_entry DROP CONSTRAINT IF EXISTS audit_entry_seq_check").await.unwrap();
        connection.execute(AssertSqlSafe(statement)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let broken = verify().await.unwrap_or_else(|error| panic!("{what}: {error:?}")).broken;
        let broken = broken.unwrap_or_else(|| panic!("{what} was not found"));
        assert!(broken.starts_with(&format!("entry {seq}")), "{what}: {broken}");
        connection.execute(RESTORE).await.unwrap();
        assert_eq!(verify().await.unwrap().broken, None, "restored after: {what}");
    }
}

#[tokio::test]
async fn the_command_finds_it_too_and_says_so_by_its_exit_code() {
    let (scene, _reader, mut connection) = chain().await;
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", &scene.muster.database.url);
    let export = terminal.muster(&["audit", "export"]).unwrap();
    assert_eq!(export.code, Some(0));
    connection.execute("UPDATE audit_entry SET entry = replace(entry, 'note', 'none') WHERE seq = 7").await.unwrap();
    let said = terminal.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(1), "{said:?}");
    let words = "the audit chain is broken: entry 7: was altered: its text does not give its hash\n";
    assert!(said.out.starts_with(words), "{said:?}");

    let lines: Vec<_> = export.out.lines().collect();
    let verify = |name: &str, content: String| {
        let file = terminal.scratch.file(name, content).unwrap();
        terminal.muster(&["audit", "verify", "--file", file.to_str().unwrap()]).unwrap()
    };
    let whole = verify("whole.jsonl", export.out.clone());
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.starts_with(&format!("the audit chain holds: {} entries", lines.len())), "{whole:?}");
    let altered = export.out.replacen("note 2", "note 3", 1);
    let mut without = lines.clone();
    without.remove(4);
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    let mut twice = lines.clone();
    twice.insert(4, lines[4]);
    for (name, content, words) in [
        ("altered", altered, "was altered"),
        ("without", without.join("\n"), "entry 5: is missing"),
        ("swapped", swapped.join("\n"), "entry 4"),
        ("twice", twice.join("\n"), "entry 6"),
    ] {
        let said = verify(name, content);
        assert_eq!(said.code, Some(1), "{name}: {said:?}");
        assert!(said.out.contains("the audit chain is broken") && said.out.contains(words), "{name}: {said:?}");
    }
    let empty = verify("empty", String::new());
    assert_eq!((empty.code, empty.out.as_str()), (Some(1), ""), "{empty:?}");
    assert!(empty.err.contains("no entries: this is not an export"), "{empty:?}");
    let junk = verify("junk", "not an export\n".into());
    assert_eq!(junk.code, Some(1));
    assert!(junk.err.contains("line 1 is not an entry"), "{junk:?}");
}
