//! Signed heads: written by the running server, kept outside the database, and what they find that the chain alone cannot. Every
//! tamper is done to a real chain, by somebody with all rights over the database, or to its export; the verifier is the program.

use std::path::PathBuf;

use serde_json::Value;
use shared::{
    api::incident::NoteIn,
    domain::{access::Role, audit::head::SignedHead},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store::Store;
use tests::{
    muster::Muster,
    persona::Persona,
    programs::{Said, Scratch, Terminal},
    scene::{eventually, message},
};

const ALL: &str = "seq, entry, previous, hash";

/// A server whose chain is signed up to its last entry, and what a person would keep of it.
struct Anchored {
    muster: Muster,
    responder: Persona,
    incident: i64,
    terminal: Terminal,
}

impl Anchored {
    async fn chain() -> Self {
        let muster = Muster::start().await.unwrap();
        let responder = muster.persona(Role::Responder).await.unwrap();
        let incident = muster.declare(&responder, "validator1").await.unwrap().number;
        let terminal = Terminal::open().unwrap().with("DATABASE_URL", &muster.database.url);
        let this = Self { muster, responder, incident, terminal };
        this.grow(20).await;
        this.signed().await;
        this
    }

    async fn grow(&self, entries: usize) {
        for i in 0..entries {
            let note = NoteIn::of(message(&format!("note {i}")));
            self.responder.api.note(self.incident, &note).await.unwrap();
        }
    }

    fn file(&self) -> PathBuf {
        self.muster.scratch.path().join("heads.jsonl")
    }

    fn heads(&self) -> Vec<SignedHead> {
        let text = std::fs::read_to_string(self.file()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until a head is of an entry that is less than ten from the end.
    async fn signed(&self) {
        let (entries, _) = self.muster.store.audit_head().await.unwrap();
        eventually("the end is signed", async || {
            self.heads().last().is_some_and(|head| head.claim().unwrap().seq + 10 > entries)
        })
        .await
        .unwrap();
    }

    fn key(&self) -> String {
        self.muster.state.heads.view().public_key.unwrap().to_string()
    }

    fn export(&self) -> String {
        let said = self.terminal.muster(&["audit", "export"]).unwrap();
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out
    }

    /// Offline: nothing but an export, heads, and the key.
    fn verify(&self, export: &str, heads: &str) -> Said {
        let offline = Terminal::open().unwrap();
        let export = offline.scratch.file("export.jsonl", export).unwrap();
        let heads = offline.scratch.file("heads.jsonl", heads).unwrap();
        let (export, heads) = (export.to_str().unwrap(), heads.to_str().unwrap());
        offline.muster(&["audit", "verify", "--file", export, "--heads", heads, "--key", &self.key()]).unwrap()
    }

    fn heads_text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    async fn owner(&self) -> PgConnection {
        let mut owner = PgConnection::connect(&self.muster.database.url).await.unwrap();
        owner.execute("SET session_replication_role = replica").await.unwrap();
        owner
    }
}

/// Computes the whole chain anew from what stands in the table, as somebody would who wants nobody to notice.
const RECOMPUTE: &str = "DO $$ DECLARE r record; last text := encode(sha256('muster audit chain v1'), 'hex'); BEGIN
    FOR r IN SELECT seq, entry FROM audit_entry ORDER BY seq LOOP
        UPDATE audit_entry SET previous = last, hash = encode(sha256(convert_to(last || E'\\n' || r.entry, 'UTF8')), 'hex')
            WHERE seq = r.seq RETURNING hash INTO last;
    END LOOP;
    UPDATE audit_head SET hash = last; END $$";

#[tokio::test]
async fn the_server_signs_every_ten_entries_and_the_program_can_prove_it_offline() {
    let anchored = Anchored::chain().await;
    anchored.grow(10).await;
    anchored.signed().await;
    let heads = anchored.heads();
    let claims: Vec<_> = heads.iter().map(|head| head.claim().unwrap()).collect();
    assert!(claims.len() >= 2 && claims.windows(2).all(|pair| pair[0].seq < pair[1].seq), "{claims:?}");
    assert!(heads.iter().all(|head| head.check().is_ok() && head.public_key.to_string() == anchored.key()));
    let key = anchored.muster.scratch.path().join("keys/audit-ed25519");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let said = anchored.verify(&anchored.export(), &anchored.heads_text());
    assert_eq!(said.code, Some(0), "{said:?}");
    let newest = claims.last().unwrap().seq;
    for words in [
        format!("heads: {} checked; the newest is of entry {newest}", claims.len()),
        "believed because they were named".into(),
        format!("proven: entries 1 to {newest} are those that were signed"),
    ] {
        assert!(said.out.contains(&words), "{words:?} in {}", said.out);
    }

    let view = anchored.responder.http.raw("GET", "/api/v1/audit/heads", None).await.unwrap();
    assert_eq!(view.0, 403, "a responder may not read the audit log");
    let reader = anchored.muster.persona(Role::Approver).await.unwrap();
    eventually("the place has it", async || {
        let view = reader.api.audit_heads().await.unwrap();
        view.places.len() == 1 && view.places[0].newest == view.newest && view.newest.is_some()
    })
    .await
    .unwrap();
    let verdict = reader.api.verify_audit().await.unwrap();
    assert!(verdict.holds() && verdict.heads.is_some_and(|heads| heads.checked >= 2 && heads.pinned));
}

#[tokio::test]
async fn the_verifier_finds_every_tamper_of_the_database() {
    let mut anchored = Anchored::chain().await;
    // It would sign, and tell of, what is done here.
    anchored.muster.stop_server().await.unwrap();
    let mut owner = anchored.owner().await;
    let heads = anchored.heads_text();
    let head: i64 = sqlx::query_scalar("SELECT seq FROM audit_head").fetch_one(&mut owner).await.unwrap();
    owner
        .execute(AssertSqlSafe(format!(
            "CREATE TABLE kept AS SELECT {ALL} FROM audit_entry; CREATE TABLE kept_head AS SELECT * FROM audit_head"
        )))
        .await
        .unwrap();
    let altered = "UPDATE audit_entry SET entry = replace(entry, 'note 3', 'note 4') WHERE entry LIKE '%note 3%'";
    let cut = format!(
        "DELETE FROM audit_entry WHERE seq > {0}; UPDATE audit_head SET seq = {0}, hash = (SELECT hash FROM audit_entry WHERE seq = {0})",
        head - 12
    );
    let inserted = "UPDATE audit_entry SET seq = seq + 1000 WHERE seq > 9;
        UPDATE audit_entry SET seq = seq - 999, entry = regexp_replace(entry, '\"seq\":[0-9]+', '\"seq\":' || (seq - 999)) WHERE seq > 1000;
        INSERT INTO audit_entry (seq, entry, previous, hash)
            SELECT 10, replace(entry, '\"seq\":9', '\"seq\":10'), '', 'x' FROM audit_entry WHERE seq = 9;
        UPDATE audit_head SET seq = seq + 1";
    let cases: Vec<(&str, String, &str)> = vec![
        ("altered", altered.into(), "was altered: its text does not give its hash"),
        ("deleted", "DELETE FROM audit_entry WHERE seq = 9".into(), "entry 9: is missing; found entry 10"),
        ("inserted", "INSERT INTO audit_entry (seq, entry, previous, hash) SELECT 1000, entry, previous, repeat('0', 64) FROM kept WHERE seq = 9".into(), "is missing; found entry 9"),
        ("swapped", "UPDATE audit_entry a SET entry = b.entry, previous = b.previous, hash = b.hash || 'x' FROM kept b WHERE a.seq IN (8, 9) AND b.seq = 17 - a.seq;
                     UPDATE audit_entry SET hash = left(hash, 64)".into(), "entry 8: is missing; found entry 9"),
        ("the tail cut, the head set back", cut, "is missing; entry"),
        ("altered, the whole chain computed anew", format!("{altered}; {RECOMPUTE}"), "the chain was computed anew"),
        ("deleted, the whole chain computed anew", format!("DELETE FROM audit_entry WHERE seq = 9;
            UPDATE audit_entry SET seq = seq + 1000, entry = regexp_replace(entry, '\"seq\":[0-9]+', '\"seq\":' || (seq - 1)) WHERE seq > 9;
            UPDATE audit_entry SET seq = seq - 1001 WHERE seq > 1000; UPDATE audit_head SET seq = seq - 1; {RECOMPUTE}"), "signed at"),
        ("inserted, the whole chain computed anew", format!("{inserted}; {RECOMPUTE}"), "the chain was computed anew"),
        ("the whole chain gone", format!("DELETE FROM audit_entry; UPDATE audit_head SET seq = 0, hash = '{}'", shared::domain::audit::genesis()), "entry 1: is missing"),
    ];
    for (what, statement, words) in cases {
        owner.execute(AssertSqlSafe(statement)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let said = anchored.verify(&anchored.export(), &heads);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        assert!(said.out.starts_with("the audit chain is broken: ") && said.out.contains(words), "{what}: {said:?}");
        let heads = anchored.file();
        let online = anchored.terminal.muster(&["audit", "verify", "--heads", heads.to_str().unwrap()]).unwrap();
        assert_eq!(online.code, Some(1), "{what}: {online:?}");
        assert!(online.out.contains("is broken"), "{what}: {online:?}");
        owner
            .execute(AssertSqlSafe(format!(
                "DELETE FROM audit_entry; INSERT INTO audit_entry ({ALL}) SELECT * FROM kept; DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head"
            )))
            .await
            .unwrap();
        assert_eq!(anchored.verify(&anchored.export(), &heads_of(&anchored)).code, Some(0), "restored after: {what}");
    }
}

fn heads_of(anchored: &Anchored) -> String {
    anchored.heads_text().lines().take(1).map(|line| format!("{line}\n")).collect()
}

/// An older copy of the database is brought back and work goes on in it: chain and head agree, the heads outside do not.
#[tokio::test]
async fn an_older_database_is_found_by_the_verifier_and_by_the_server_that_starts_on_it() {
    let anchored = Anchored::chain().await;
    let older = anchored.muster.store.audit_head().await.unwrap().0 - 12;
    let mut owner = anchored.owner().await;
    let backup = format!(
        "DELETE FROM audit_entry WHERE seq > {older}; UPDATE audit_head SET seq = {older}, hash = (SELECT hash FROM audit_entry WHERE seq = {older})"
    );
    owner.execute(AssertSqlSafe(backup)).await.unwrap();
    let said = anchored.verify(&anchored.export(), &anchored.heads_text());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("an older copy of the database was restored"), "{said:?}");

    // The running server notices when it signs again, writes it into the chain, shows it, and goes on.
    anchored.grow(15).await;
    let reader = anchored.muster.persona(Role::Administrator).await.unwrap();
    eventually("it is shown", async || reader.api.audit_heads().await.unwrap().unmet.is_some()).await.unwrap();
    let entries = anchored.muster.store.audit_list(None, 100).await.unwrap();
    let told = entries.iter().find(|e| e.entry.action == "audit.head-unmet").unwrap();
    assert!(told.entry.detail["what"].as_str().is_some_and(|what| what.contains("is not the one")), "{told:?}");
    let verdict = reader.api.verify_audit().await.unwrap();
    assert!(verdict.broken.as_deref().is_some_and(|what| what.contains("goes on from an older copy")), "{verdict:?}");
    let ready = anchored.muster.stranger().unwrap().page("/readyz").await.unwrap();
    assert_eq!(ready, (reqwest::StatusCode::OK, "ready\naudit: the chain does not meet its signed heads\n".into()));
    let said = anchored.verify(&anchored.export(), &anchored.heads_text());
    assert!(said.code == Some(1) && said.out.contains("is not the one that was signed"), "{said:?}");
}

/// As the operator would see it: the real program, stopped, its database exchanged for an older one, started again.
#[tokio::test]
async fn a_server_that_starts_on_a_chain_without_its_heads_says_so_loudly_and_serves() {
    let anchored = Anchored::chain().await;
    let scratch = Scratch::new().unwrap();
    for name in ["heads.jsonl", "keys/audit-ed25519", "keys/install"] {
        let to = scratch.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(anchored.muster.scratch.path().join(name), to).unwrap();
    }
    let other = tests::postgres::Database::create().await.unwrap();
    let again = Muster::serve_on(other, scratch, None, "nowhere".into()).await.unwrap();
    let reader = again.persona(Role::Administrator).await.unwrap();
    eventually("it is shown", async || reader.api.audit_heads().await.unwrap().unmet.is_some()).await.unwrap();
    let unmet = reader.api.audit_heads().await.unwrap().unmet.unwrap();
    assert!(unmet.contains("is missing"), "{unmet}");
    let entries = again.store.audit_list(None, 10).await.unwrap();
    assert_eq!(entries.iter().filter(|e| e.entry.action == "audit.head-unmet").count(), 1, "said once");
    // New heads do not make the old ones forgotten.
    eventually("the new chain is signed", async || {
        reader.api.audit_heads().await.unwrap().newest.is_some_and(|newest| newest.seq < 10)
    })
    .await
    .unwrap();
    assert!(!reader.api.verify_audit().await.unwrap().holds());
}

#[tokio::test]
async fn heads_that_were_altered_or_signed_by_somebody_else_are_found() {
    let anchored = Anchored::chain().await;
    let (export, heads) = (anchored.export(), anchored.heads_text());
    let seq = anchored.heads()[0].claim().unwrap().seq;
    let altered = heads.replacen(&format!("\\\"seq\\\":{seq}}}"), &format!("\\\"seq\\\":{}}}", seq + 1), 1);
    assert_ne!(altered, heads);
    let said = anchored.verify(&export, &altered);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("the heads are not in order: ") && said.out.contains("line 1 was altered"), "{said:?}");

    // Somebody recomputed the chain and signed it, well, with a key of their own.
    let foreign = Anchored::chain().await;
    let said = anchored.verify(&foreign.export(), &foreign.heads_text());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains("is signed by the key") && said.out.contains("not one of those to be believed"),
        "{said:?}"
    );
    // Without a key from outside that cannot be seen, and the program says on what it relied.
    let offline = Terminal::open().unwrap();
    let file = offline.scratch.file("export.jsonl", foreign.export()).unwrap();
    let heads_file = foreign.file();
    let arguments = ["audit", "verify", "--file", file.to_str().unwrap(), "--heads", heads_file.to_str().unwrap()];
    let said = offline.muster(&arguments).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("only because they stand in the heads themselves"), "{said:?}");

    // The last heads removed: what is left is met; nothing in the file tells that there were more.
    let fewer = heads_of(&anchored);
    let said = anchored.verify(&export, &fewer);
    assert!(said.code == Some(0) && said.out.contains(&format!("proven: entries 1 to {seq} ")), "{said:?}");
    let none = anchored.verify(&export, "");
    assert!(none.code == Some(0) && none.out.contains("heads: none that could be used"), "{none:?}");
}

#[tokio::test]
async fn two_servers_on_one_database_sign_each_with_its_key_and_both_are_believed() {
    let anchored = Anchored::chain().await;
    let second = Scratch::new().unwrap();
    let database = anchored.muster.database.again().await.unwrap();
    let other = Muster::serve_on(database, second, None, "nowhere".into()).await.unwrap();
    anchored.grow(12).await;
    anchored.signed().await;
    let file = other.scratch.path().join("heads.jsonl");
    eventually("the other signs too", async || file.exists()).await.unwrap();
    let export = anchored.export();
    let both = anchored.heads_text() + &std::fs::read_to_string(&file).unwrap();
    let offline = Terminal::open().unwrap();
    let export = offline.scratch.file("export.jsonl", export).unwrap();
    let heads = offline.scratch.file("heads.jsonl", both).unwrap();
    let keys = offline.scratch.file("other.key", other.state.heads.view().public_key.unwrap().to_string()).unwrap();
    let arguments = |keys: &[&str]| {
        let mut arguments =
            vec!["audit", "verify", "--json", "--file", export.to_str().unwrap(), "--heads", heads.to_str().unwrap()];
        keys.iter().for_each(|key| arguments.extend(["--key", *key]));
        offline.muster(&arguments).unwrap()
    };
    let key = anchored.key();
    let said = arguments(&[&key, keys.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (document["holds"].as_bool(), document["heads"]["keys"].as_array().map(Vec::len)),
        (Some(true), Some(2))
    );
    let said = arguments(&[&key]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert!(!document["heads"]["faults"].as_array().unwrap().is_empty(), "{document}");
}

#[tokio::test]
async fn an_empty_chain_holds_and_a_head_of_it_would_be_missed() {
    let database = tests::postgres::Database::create().await.unwrap();
    let store = Store::connect(&database.url).await.unwrap();
    assert_eq!(store.audit_head().await.unwrap(), (0, shared::domain::audit::genesis()), "as the migration made it");
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", &database.url);
    let said = terminal.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("the audit chain holds: 0 entries"), "{said:?}");
    let anchored = Anchored::chain().await;
    let said = anchored.verify("", &anchored.heads_text());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("entry 1: is missing"), "{said:?}");
}

/// The program itself, with two places of which one is not there.
#[tokio::test]
async fn the_program_makes_its_key_once_and_writes_to_every_place_it_can() {
    let anchored = Anchored::chain().await;
    let terminal = Terminal::open().unwrap();
    let home = terminal.scratch.path().to_owned();
    let share = home.join("share");
    std::fs::create_dir(&share).unwrap();
    let places = format!("{},{}", share.display(), home.join("gone/heads.jsonl").display());
    let terminal = terminal
        .with("DATABASE_URL", &anchored.muster.database.url)
        .with("MUSTER_DATA_DIR", home.join("data"))
        .with("MUSTER_AUDIT_HEADS", places)
        .with("MUSTER_LISTEN", "127.0.0.1:0");
    assert_eq!(terminal.muster(&["audit", "key"]).unwrap().code, Some(2), "no key before the first start");
    let mut keys = vec![];
    for _ in 0..2 {
        let server = terminal.spawn("muster", &["serve"]).unwrap();
        let id = async || terminal.muster(&["audit", "key", "--json"]).ok().filter(|said| said.code == Some(0));
        eventually("there is a key", async || id().await.is_some()).await.unwrap();
        let document: Value = serde_json::from_str(&id().await.unwrap().out).unwrap();
        anchored.grow(11).await;
        let file = share.join(format!("audit-heads-{}.jsonl", document["id"].as_str().unwrap()));
        eventually("a head is in the share", async || file.exists()).await.unwrap();
        eventually("the other place is missed", async || server.log().contains("takes no heads of the audit chain"))
            .await
            .unwrap();
        assert!(server.log().contains("MUSTER_DATABASE_OWNER_URL"), "says what is not enforced: {}", server.log());
        server.stop().unwrap();
        keys.push(document);
    }
    assert_eq!(keys[0], keys[1], "made once");
    let said = terminal.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("heads: ") && said.out.contains("believed because they were named"), "{said:?}");
}
