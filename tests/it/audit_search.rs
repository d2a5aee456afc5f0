//! The audit log searched and exported: every filter alone and together, paged, and that a part is not taken for the chain.

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{audit::AuditQuery, error::ErrorCode},
    domain::{access::Role, actor::Actor},
    ids::UserId,
    timestamp::Timestamp,
};
use tests::{muster::Muster, persona::Persona, programs::Terminal, scene::refused};
use uuid::Uuid;

/// What a test looks for: nothing but this.
fn all() -> AuditQuery {
    AuditQuery::default()
}

struct Library {
    muster: Muster,
    reader: Persona,
    ada: Actor,
    /// Entries that were there before the test's own.
    before: u64,
    from: Timestamp,
}

impl Library {
    async fn open() -> Self {
        let muster = Muster::start().await.unwrap();
        let reader = muster.persona(Role::Approver).await.unwrap();
        let (before, _) = muster.store.audit_head().await.unwrap();
        let ada = Actor::User { id: UserId(Uuid::new_v4()), name: "Ada 100%".into() };
        let worker = Actor::Worker { name: "host-1".into() };
        let from = muster.store.now().await.unwrap();
        for n in 0..40 {
            let mut tx = muster.store.begin().await.unwrap();
            tx.audit(
                &ada,
                "incident.noted",
                format!("incident {}", n % 4),
                json!({"text": format!("disc {n} is full")}),
            );
            tx.audit(
                &worker,
                "step.ended",
                format!("run {n}"),
                json!({"evidence": "a \"quoted\"\nline", "nul": "a\0b"}),
            );
            tx.audit_denied(&Actor::Anonymous, "access.denied", "POST /api/v1/x_y", json!({"address": "10.0.0.1"}));
            tx.commit().await.unwrap();
        }
        Self { muster, reader, ada, before, from }
    }

    /// How many there are, over all pages.
    async fn count(&self, query: AuditQuery) -> usize {
        let (mut query, mut found, mut last) = (query, 0, u64::MAX);
        loop {
            let page = self.reader.api.find_audit(&query).await.unwrap();
            for row in &page.items {
                assert!(row.entry.seq < last, "newest first, none twice");
                last = row.entry.seq;
            }
            found += page.items.len();
            match page.next {
                Some(next) => query.before = Some(next.parse().unwrap()),
                None => return found,
            }
        }
    }
}

#[tokio::test]
async fn each_filter_finds_its_entries_and_together_they_find_fewer() {
    let library = Library::open().await;
    let some = |text: &str| Some(text.to_owned());
    let whole = usize::try_from(library.before).unwrap() + 120;
    let cases = [
        ("everything", all(), whole),
        ("empty fields", AuditQuery { text: some(" "), person: some(""), ..all() }, whole),
        ("a person", AuditQuery { person: Some(library.ada.key()), ..all() }, 40),
        ("a worker", AuditQuery { person: some("host-1"), ..all() }, 40),
        ("nobody", AuditQuery { person: some("anonymous"), ..all() }, 40),
        ("an action", AuditQuery { action: some("incident.noted"), ..all() }, 40),
        ("an object", AuditQuery { object: some("incident 3"), ..all() }, 10),
        ("not part of an object", AuditQuery { object: some("incident"), ..all() }, 0),
        ("refused", AuditQuery { denied: true, ..all() }, 40),
        ("words in the detail", AuditQuery { text: some("DISC 1"), ..all() }, 11),
        ("words in the object", AuditQuery { text: some("run 39"), ..all() }, 1),
        ("part of an action", AuditQuery { text: some("ent.not"), ..all() }, 40),
        ("a name", AuditQuery { text: some("ada"), ..all() }, 40),
        ("a percent sign means itself", AuditQuery { text: some("100%"), ..all() }, 40),
        ("and is not a wildcard", AuditQuery { text: some("1%"), ..all() }, 0),
        ("an underscore means itself", AuditQuery { text: some("x_y"), ..all() }, 40),
        ("and is not a wildcard either", AuditQuery { text: some("d_sc"), ..all() }, 0),
        ("a quote", AuditQuery { text: some("\"quoted\""), ..all() }, 40),
        ("a line end", AuditQuery { text: some("\"\nline"), ..all() }, 40),
        ("a backslash", AuditQuery { text: some("\\"), ..all() }, 0),
        ("SQL", AuditQuery { text: some("' OR '1'='1"), object: some("'; DROP TABLE audit_entry; --"), ..all() }, 0),
        ("names of fields are not text", AuditQuery { text: some("\"denied\""), ..all() }, 0),
        ("from", AuditQuery { from: Some(library.from), person: Some(library.ada.key()), ..all() }, 40),
        ("to before them", AuditQuery { to: Some(Timestamp::from_unix(1)), ..all() }, 0),
        (
            "all of them",
            AuditQuery {
                text: some("full"),
                person: Some(library.ada.key()),
                object: some("incident 1"),
                action: some("incident.noted"),
                from: Some(library.from),
                to: Some(library.from.plus_seconds(3600)),
                ..all()
            },
            10,
        ),
        ("of one and refused", AuditQuery { person: Some(library.ada.key()), denied: true, ..all() }, 0),
    ];
    for (what, query, expected) in cases {
        assert_eq!(library.count(query).await, expected, "{what}");
    }
    let choices = library.reader.api.audit_choices().await.unwrap();
    for action in ["access.denied", "incident.noted", "session.begun", "step.ended"] {
        assert!(choices.actions.iter().any(|known| known == action), "{choices:?}");
    }
    assert_eq!(choices.people.iter().filter(|by| by.key() == library.ada.key()).count(), 1, "{choices:?}");
    assert!(
        choices.people.contains(&Actor::Anonymous) && choices.people.contains(&Actor::Worker { name: "host-1".into() })
    );
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused_in_words() {
    let muster = Muster::start().await.unwrap();
    let reader = muster.persona(Role::Approver).await.unwrap();
    for query in
        [AuditQuery { text: Some("x".repeat(201)), ..all() }, AuditQuery { object: Some("a\0b".into()), ..all() }]
    {
        assert_eq!(refused(reader.api.find_audit(&query).await).code, ErrorCode::Invalid, "{query:?}");
    }
    for path in ["/api/v1/audit?from=yesterday", "/api/v1/audit?colour=1", "/api/v1/audit/export?denied=maybe"] {
        let (status, body) = reader.http.raw("GET", path, None).await.unwrap();
        assert_eq!(
            (status, body["error"]["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("invalid")),
            "{path}: {body}"
        );
    }
}

#[tokio::test]
async fn the_whole_export_can_be_verified_and_a_part_says_that_it_is_one() {
    let library = Library::open().await;
    let download = async |query: &str| {
        let response = library.reader.http.ask("GET", &format!("/api/v1/audit/export{query}"), None).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        (name, response.text().await.unwrap())
    };
    let terminal = Terminal::open().unwrap();
    let verify = |name: &str, text: &str| {
        let file = terminal.scratch.file(name, text).unwrap();
        terminal.muster(&["audit", "verify", "--file", file.to_str().unwrap()]).unwrap()
    };
    let (name, whole) = download("").await;
    assert!(name.contains("audit-chain.jsonl"), "{name}");
    let said = verify("whole", &whole);
    assert_eq!(said.code, Some(0), "{said:?}");
    let command = terminal.with("DATABASE_URL", &library.muster.database.url).muster(&["audit", "export"]).unwrap();
    assert!(command.out.starts_with(&whole[..whole.len() / 2]), "the command writes the same");

    let terminal = Terminal::open().unwrap();
    let (name, part) = download("?action=step.ended").await;
    assert!(name.contains("audit-part.jsonl"), "{name}");
    assert_eq!(part.lines().count(), 40);
    let file = terminal.scratch.file("part", &part).unwrap();
    let said = terminal.muster(&["audit", "verify", "--file", file.to_str().unwrap()]).unwrap();
    assert!(said.code == Some(1) && said.out.contains("entry 1: is missing"), "{said:?}");
    assert_eq!(download("?text=nothing-like-it").await.1, "");
}
