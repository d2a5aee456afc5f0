//! The program `muster` as somebody at a terminal meets it: output, exit codes, mistakes. The audit commands are in `audit_log`.

use reqwest::StatusCode;
use serde_json::Value;
use shared::{api::client::CallError, domain::access::Role};
use tests::{
    muster::Muster,
    persona::Persona,
    programs::{Said, Terminal},
    testnet::root,
};

fn plan_text() -> String {
    std::fs::read_to_string(root().join("plans/bt2c/plan.md")).unwrap()
}

fn plan_path() -> String {
    root().join("plans/bt2c/plan.md").display().to_string()
}

/// Checks a text as a plan.
fn check(terminal: &Terminal, content: impl AsRef<[u8]>) -> Said {
    let file = terminal.scratch.file("plan.md", content).unwrap();
    terminal.muster(&["plan", "check", file.to_str().unwrap()]).unwrap()
}

/// A database with our plan, and a terminal that knows it.
async fn stage() -> (Muster, Terminal) {
    let muster = Muster::start().await.unwrap();
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", &muster.database.url);
    (muster, terminal)
}

#[test]
fn our_plan_is_fine_and_needs_no_database() {
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", "postgres://127.0.0.1:1/nothing");
    let said = terminal.muster(&["plan", "check", &plan_path()]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("0 errors") && said.out.contains("3 contacts, 3 levels, 3 components, 11 procedures"),
        "{}",
        said.out
    );
    assert!(said.out.contains("plan.md:68:1: warning[watch-has-no-end]"), "{}", said.out);
    assert_eq!(said.out.matches("gap[script-not-seen]").count(), 1, "what cannot be seen is said once: {}", said.out);
    assert_eq!(said.err, "");
}

#[test]
fn plans_of_other_teams_are_read_as_far_as_they_go() {
    let terminal = Terminal::open().unwrap();
    for (name, code, words) in [
        ("clinic", 0, "3 contacts, 3 levels, 2 components, 2 procedures"),
        ("bakery", 0, "3 contacts, 2 levels, 2 components, 2 procedures"),
        ("harbour", 0, "2 contacts, 2 levels, 1 component, 2 procedures"),
        ("ferry", 1, "ferry.md:46:20: error[not-a-time]"),
        ("tower", 0, "0 contacts, 0 levels, 2 components, 2 procedures"),
    ] {
        let plan = root().join(format!("shared/src/plan/tests/plans/{name}.md"));
        let said = terminal.muster(&["plan", "check", plan.to_str().unwrap()]).unwrap();
        assert_eq!(said.code, Some(code), "{name}: {said:?}");
        assert!(said.out.contains(words), "{name}: {words:?} in {}", said.out);
    }
}

#[test]
fn a_mistake_in_who_must_consent_is_an_error_with_its_place() {
    let terminal = Terminal::open().unwrap();
    let text = plan_text().replacen("```bash\n", "```bash {roles=night-watch approvals=0}\n", 1);
    let said = check(&terminal, &text);
    assert_eq!(said.code, Some(1), "{}", said.out);
    let line = 1 + text.lines().position(|line| line.contains("night-watch")).unwrap();
    for place in
        [format!("plan.md:{line}:16: error[unknown-role]"), format!("plan.md:{line}:38: error[fence-attribute]")]
    {
        assert!(said.out.contains(&place), "{place} in {}", said.out);
    }
    assert!(said.out.contains("system-administrator, database-administrator and security-officer"), "{}", said.out);
}

#[test]
fn json_has_the_shape_that_programs_rely_on() {
    let terminal = Terminal::open().unwrap();
    let said = terminal.muster(&["plan", "check", &plan_path(), "--json"]).unwrap();
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let has = |value: &Value, fields: &[&str]| {
        for field in fields {
            assert!(value.get(field).is_some(), "{field} is missing in {value}");
        }
    };
    has(&json, &["diagnostics", "gaps", "plan"]);
    has(&json["diagnostics"][0], &["severity", "code", "message", "line", "column"]);
    has(&json["gaps"][0], &["code", "message", "line"]);
    let plan = &json["plan"];
    has(plan, &["title", "digest", "contacts", "levels", "procedures", "rto", "rpo", "sections"]);
    has(&plan["sections"][0], &["title", "level", "line", "last_line", "compiled"]);
    has(&plan["procedures"][0]["parameters"][0], &["name", "label", "default", "choices"]);
    has(&plan["contacts"][0], &["role", "name", "primary", "backup"]);
    has(&plan["levels"][0], &["level", "name", "criteria", "response_seconds"]);
    has(&plan["procedures"][0], &["id", "title", "line", "digest", "steps"]);
    has(&plan["procedures"][0]["steps"][0], &["kind", "line", "source", "destructive"]);
    has(&plan["rto"][0], &["component", "seconds", "method"]);
    has(&plan["rpo"][0], &["data", "amount", "unit", "method"]);
    let text = plan_text();
    let lines: Vec<_> = text.lines().collect();
    for procedure in plan["procedures"].as_array().unwrap() {
        for step in procedure["steps"].as_array().unwrap() {
            let line = usize::try_from(step["line"].as_u64().unwrap()).unwrap();
            let (line, source) = (lines[line - 1].trim(), step["source"].as_str().unwrap());
            // A final check stands behind what it is called.
            let stands = if step["check"] == true { line.contains(source) } else { line == source };
            assert!(stands, "{source}: {line}");
        }
    }
}

#[test]
fn what_is_no_plan_is_said_with_its_place() {
    let terminal = Terminal::open().unwrap();
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty", vec![]),
        ("blank", b"\n\n  \n".to_vec()),
        ("a readme", b"# Muster\n\nIt is a program. Install it.\n\n## Licence\n\nApache.\n".to_vec()),
        ("binary", vec![0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe, 0]),
        ("not UTF-8", b"# Plan\nna\xefve\n".to_vec()),
        ("JSON", b"{\"plan\": []}".to_vec()),
    ];
    for (what, content) in cases {
        let said = check(&terminal, &content);
        assert_eq!(said.code, Some(1), "{what}: {said:?}");
        let first = said.out.lines().next().unwrap();
        let place = first.split("plan.md:").nth(1).unwrap_or_else(|| panic!("{what}: {first}"));
        let mut parts = place.splitn(3, ':');
        for number in [parts.next(), parts.next()] {
            assert!(number.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 0)), "{what}: {first}");
        }
        assert!(parts.next().is_some_and(|rest| rest.starts_with(" error[")), "{what}: {first}");
        let file = terminal.scratch.file("plan.md", &content).unwrap();
        let json = terminal.muster(&["plan", "check", "--json", file.to_str().unwrap()]).unwrap();
        assert_eq!(json.code, Some(1), "{what}");
        let document: Value = serde_json::from_str(&json.out).unwrap_or_else(|e| panic!("{what}: {e}: {}", json.out));
        assert_eq!(document["diagnostics"][0]["severity"], "error", "{what}");
    }
    let said = check(&terminal, b"# Plan\nna\xefve\n");
    assert!(said.out.contains("plan.md:2:3: error[not-text]"), "{}", said.out);
}

#[test]
fn a_readme_full_of_commands_is_no_plan_and_one_mistake_is_one_error() {
    let terminal = Terminal::open().unwrap();
    let readme = root().join("README.md").display().to_string();
    let said = terminal.muster(&["plan", "check", &readme]).unwrap();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("README.md:1:1: error[not-a-plan]"), "{}", said.out);
    assert!(said.out.contains("\n1 error, 0 warnings, 0 notices, 0 gaps\n"), "{}", said.out);
    let said = terminal.muster(&["plan", "import", &readme, "--system", "readme"]).unwrap();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("was not imported"), "{}", said.err);
    assert!(!terminal.scratch.path().join(".local").exists());
}

#[test]
fn who_only_reads_makes_no_database() {
    let terminal = Terminal::open().unwrap();
    let data = terminal.scratch.path().join("none");
    let terminal = terminal.with("MUSTER_DATA_DIR", data.to_str().unwrap());
    for arguments in [&["audit", "verify"][..], &["audit", "export"], &["plan", "export", "--system", "bt2c"]] {
        let said = terminal.muster(arguments).unwrap();
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}: {said:?}");
        assert!(said.err.contains("no Muster here") && said.err.contains(data.to_str().unwrap()), "{}", said.err);
        assert!(!data.exists(), "{arguments:?}");
    }
}

#[test]
fn a_misspelt_unit_is_an_error_exactly_there() {
    let terminal = Terminal::open().unwrap();
    let text = plan_text().replace("| Single Node | 10 minutes |", "| Single Node | 10 minuets |");
    let (line, row) = (1..).zip(text.lines()).find(|(_, row)| row.contains("minuets")).unwrap();
    let cell = row.find("10 minuets").unwrap() + 1;
    let said = check(&terminal, &text);
    assert_eq!(said.code, Some(1), "{}", said.out);
    let errors: Vec<_> = said.out.lines().filter(|l| l.contains(": error[")).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let exact = [cell, cell + 3].map(|column| format!("plan.md:{line}:{column}: error["));
    assert!(exact.iter().any(|place| errors[0].contains(place)), "{exact:?} in {}", errors[0]);
    assert!(errors[0].contains("minuets") && errors[0].contains("minutes"), "names what is meant: {}", errors[0]);
}

#[test]
fn wrong_usage_is_exit_code_two() {
    let terminal = Terminal::open().unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&[], "Usage"),
        (&["plan"], "Usage"),
        (&["plan", "check"], "<FILE>"),
        (&["plan", "check", "no-such-file.md"], "no-such-file.md"),
        (&["plan", "check", "/"], "/"),
        (&["plan", "check", "--colour", "x"], "--colour"),
        (&["conquer"], "conquer"),
        (&["audit", "verify", "--file", "nothing.jsonl"], "nothing.jsonl"),
        (
            &["user", "add", "--email", "a@b.c", "--name", "A", "--role", "king"],
            "viewer, responder, operator, approver, administrator",
        ),
    ];
    for (arguments, words) in cases {
        let said = terminal.muster(arguments).unwrap();
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {words:?} in {}", said.err);
    }
    let said = terminal.run("muster-worker", &["conquer"], "").unwrap();
    assert_eq!(said.code, Some(2), "{said:?}");
}

#[tokio::test]
async fn a_plan_goes_in_and_comes_out_byte_for_byte() {
    let (muster, terminal) = stage().await;
    // Ends of lines, a byte order mark, tabs and no newline at the end are all somebody's text.
    let text = format!(
        "\u{feff}{}",
        plan_text().replace("Nothing works any more", "Nothing works\tany more – ничего").replace('\n', "\r\n")
    );
    let text = text.trim_end().to_owned();
    let file = terminal.scratch.file("other.md", &text).unwrap();
    let import =
        |system: &str| terminal.muster(&["plan", "import", file.to_str().unwrap(), "--system", system]).unwrap();
    let said = import("other");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("created the system other") && said.err.contains("version 1"), "{said:?}");
    let export = terminal.muster(&["plan", "export", "--system", "other"]).unwrap();
    assert_eq!((export.code, export.out.as_bytes()), (Some(0), text.as_bytes()));
    let again = import("other");
    assert_eq!(again.code, Some(0));
    assert!(again.err.contains("nothing changed: version 1"), "{again:?}");
    let changed = import("bt2c");
    assert!(changed.err.contains("imported version 2"), "{changed:?}");
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(viewer.api.plan("bt2c").await.unwrap().source, text, "the console shows the new one");
    assert_eq!(viewer.api.plan("other").await.unwrap().version, 1);
    let entries = muster.store.audit_list(None, 20).await.unwrap();
    assert_eq!(
        entries.iter().filter(|e| e.entry.action == "plan.imported").count(),
        2,
        "nothing changed is nothing to write down"
    );
}

#[tokio::test]
async fn a_system_says_on_which_host_it_lives() {
    let (muster, terminal) = stage().await;
    let file = terminal.scratch.file("plan.md", plan_text()).unwrap().display().to_string();
    let import = |system: &str, more: &[&str]| {
        terminal.muster(&[&["plan", "import", &file, "--system", system], more].concat()).unwrap()
    };
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let twin = import("twin", &["--project", "bt2c", "--host", "db2"]);
    assert!(twin.code == Some(2) && twin.err.contains("each must name its host (--host)"), "{twin:?}");
    let said = import("bt2c", &["--host", "db1"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(viewer.api.plan("bt2c").await.unwrap().system.host.as_deref(), Some("db1"));
    let said = import("bt2c", &["--host", "db1"]);
    assert!(said.err.contains("nothing changed"), "{said:?}");
    let twin = import("twin", &["--project", "bt2c", "--host", "db2"]);
    assert_eq!(twin.code, Some(0), "{twin:?}");
    let said = import("twin", &["--host", "db1"]);
    assert!(said.code == Some(2) && said.err.contains("Another system already has this Compose project"), "{said:?}");
    let said = import("twin", &["--host", "db 3"]);
    assert!(said.code == Some(2) && said.err.contains("A Docker host's name"), "{said:?}");
    let moved = import("twin", &["--host", "db3"]);
    assert!(moved.code == Some(0) && moved.err.contains("twin lives on the host db3 now"), "{moved:?}");
    let entries = muster.store.audit_list(None, 20).await.unwrap();
    assert_eq!(entries.iter().filter(|e| e.entry.action == "system.settled").count(), 2);
}

#[tokio::test]
async fn a_plan_with_errors_is_not_imported() {
    let (muster, terminal) = stage().await;
    for (content, system) in [
        ("not a plan", "bt2c"),
        ("not a plan", "new-one"),
        (plan_text().as_str(), "Bad Slug"),
        (plan_text().as_str(), ""),
    ] {
        let file = terminal.scratch.file("plan.md", content).unwrap();
        let said = terminal.muster(&["plan", "import", file.to_str().unwrap(), "--system", system]).unwrap();
        assert!(matches!(said.code, Some(1 | 2)), "{system:?}: {said:?}");
        assert!(!said.err.is_empty() && said.out.is_empty(), "{said:?}");
    }
    let systems = muster.store.system_list().await.unwrap();
    assert_eq!(systems.iter().map(|(s, version)| (s.slug.as_str(), *version)).collect::<Vec<_>>(), [("bt2c", Some(1))]);
    let said = terminal.muster(&["plan", "export", "--system", "nowhere"]).unwrap();
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.err.contains("There is no system \"nowhere\""), "{said:?}");
}

#[tokio::test]
async fn an_account_is_made_once_and_its_password_goes_nowhere() {
    let (muster, terminal) = stage().await;
    let add = |email: &str, name: &str, password: &str| {
        terminal
            .run(
                "muster",
                &[
                    "user",
                    "add",
                    "--email",
                    email,
                    "--name",
                    name,
                    "--role",
                    "operator",
                    "--contact-role",
                    "security-officer",
                ],
                password,
            )
            .unwrap()
    };
    let said = add("Ada@Test.invalid", "Ada", "correct horse battery\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!format!("{said:?}").contains("correct horse"), "{said:?}");
    let ada = Persona::sign_in(&muster.base, "ada@test.invalid", "correct horse battery").await.unwrap();
    assert_eq!((ada.me.name.as_str(), ada.me.role, ada.me.contact_roles.len()), ("Ada", Role::Operator.into(), 1));

    for (email, name, password, words) in [
        ("ada@test.invalid", "Ada again", "another long password\n", "already an account"),
        ("ADA@TEST.INVALID", "Ada again", "another long password\n", "already an account"),
        ("bob@test.invalid", "Bob", "short\n", "at least 12"),
        ("bob@test.invalid", "Bob", "", "no password"),
        ("bob@test.invalid", " ", "a password that is fine\n", "must not be empty"),
        ("bob", "Bob", "a password that is fine\n", "not an e-mail address"),
    ] {
        let said = add(email, name, password);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{email} {name}: {said:?}");
        assert!(said.err.contains(words), "{words:?} in {}", said.err);
    }
    let refused = Persona::sign_in(&muster.base, "bob@test.invalid", "a password that is fine").await.err().unwrap();
    assert!(matches!(refused.downcast::<CallError>().unwrap(), CallError::Refused(_)), "nobody was made by halves");
    let made = muster
        .store
        .audit_list(None, 50)
        .await
        .unwrap()
        .into_iter()
        .filter(|e| e.entry.action == "user.created")
        .count();
    assert_eq!(made, 1);
}

#[tokio::test]
async fn an_unknown_key_of_the_configuration_is_named() {
    let (muster, _) = stage().await;
    let url = &muster.database.url;
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", url).with("MUSTER_FOO", "1");
    for arguments in [&["serve"][..], &["audit", "verify"]] {
        let said = terminal.muster(arguments).unwrap();
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.err.contains("MUSTER_FOO"), "{}", said.err);
    }
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", url);
    for (toml, words) in [("foo = 1\n", "foo"), ("listen = \"nowhere\"\n", "listen"), ("listen = \n", "muster.toml")] {
        terminal.scratch.file("muster.toml", toml).unwrap();
        let said = terminal.muster(&["audit", "verify"]).unwrap();
        assert_eq!(said.code, Some(2), "{toml}: {said:?}");
        assert!(said.err.contains(words), "{toml}: {}", said.err);
    }
    terminal.scratch.file("muster.toml", "log = \"warn\"\n").unwrap();
    assert_eq!(terminal.muster(&["audit", "verify"]).unwrap().code, Some(0), "a known key is fine");
}

#[tokio::test]
async fn surroundings_that_are_not_right_are_a_sentence_and_exit_code_two() {
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", "postgres://nobody:secret@127.0.0.1:1/nothing");
    let said = terminal.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("DATABASE_URL") && said.err.contains("does not answer"), "{}", said.err);
    assert!(!said.err.contains("secret"), "{}", said.err);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (muster, _) = stage().await;
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", &muster.database.url).with("MUSTER_LISTEN", &address);
    let said = terminal.muster(&["serve"]).unwrap();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains(&address) && said.err.contains("MUSTER_LISTEN"), "{}", said.err);
    assert_eq!(muster.stranger().unwrap().page("/healthz").await.unwrap().0, StatusCode::OK);
}
