//! What somebody sends stays what it is: no template, no SQL, no line of a log, and no consent where nothing was said.

use std::time::{Duration, Instant};

use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use shared::{
    api::{
        incident::{DeclareIn, NoteIn, PublicIn, ResolveIn},
        report::ReportIn,
    },
    domain::{
        access::Role,
        run::RunState,
        text::{Document, Title},
    },
};
use tests::{
    muster::{Muster, declaration},
    persona::Persona,
    programs::Terminal,
    scene::{Scene, message, plan, publish, request_of},
};
use uuid::Uuid;

/// In the languages of the templates that others let people write: a product nobody would type, and what would come of it.
const TEMPLATES: [&str; 8] = [
    "{{7919*7919}}",
    "${7919*7919}",
    "<%= 7919*7919 %>",
    "#{7919*7919}",
    "{% if 1 %}{{7919*7919}}{% endif %}",
    "{{#with 7919}}{{this}}{{/with}}",
    "@(7919*7919)",
    "{{config.__class__.__init__.__globals__}}",
];
const PRODUCT: &str = "62710561";

#[tokio::test]
async fn a_template_that_somebody_types_is_text_on_every_way_out() {
    let typed = TEMPLATES.join(" ");
    let scene = Scene::with_plan(&format!("{}\n## Words\n\n{typed}\n", plan().unwrap())).await.unwrap();
    let chief = scene.muster.persona_with_duties().await.unwrap();
    let public = PublicIn { title: Title::parse(&typed[..150]).unwrap(), text: message(&typed), notify: true };
    let declaration = DeclareIn {
        title: Title::parse(&typed[..150]).unwrap(),
        text: Some(message(&typed)),
        public: Some(public),
        ..declaration("validator1").unwrap()
    };
    let n = scene.responder.api.declare(&declaration, &Uuid::new_v4().to_string()).await.unwrap().number;
    let resolve = ResolveIn { text: message(&typed), public_text: Some(message(&typed)), notify: true, despite: None };
    scene.responder.api.resolve(n, &resolve).await.unwrap();
    chief.api.draft_report(n).await.unwrap();
    let body = ReportIn { body: Document::parse(&typed).unwrap(), base: 1 };
    chief.api.save_report(n, &body).await.unwrap();
    publish(&scene.approver, n, true).await.unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    for path in [
        "/".to_owned(),
        "/history".into(),
        format!("/incidents/{n}"),
        format!("/incidents/{n}/report"),
        format!("/api/v1/incidents/{n}"),
        format!("/api/v1/incidents/{n}/report"),
        format!("/api/v1/incidents/{n}/report/export.html"),
        format!("/api/v1/incidents/{n}/report/export.md"),
        "/api/v1/systems/bt2c/plan".into(),
        "/api/v1/systems/bt2c/plan/source".into(),
        "/api/v1/audit/export".into(),
    ] {
        let (status, page) = chief.http.page(&path).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(!page.contains(PRODUCT), "{path} has worked something out");
        for template in ["{{7919*7919}}", "${7919*7919}", "#{7919*7919}"] {
            // The audit log names what was done and leaves the words where they stand.
            let told = page.contains(template) || path.starts_with("/api/v1/audit") || path == "/history";
            assert!(told, "{path} does not show {template}");
        }
    }
}

/// Every query parameter there is, with a place for what is tried. Numbers are refused before any query is made.
const PARAMETERS: [&str; 24] = [
    "/api/v1/incidents?before={}",
    "/api/v1/runs?before={}",
    "/api/v1/audit?text={}",
    "/api/v1/audit?person={}",
    "/api/v1/audit?object={}",
    "/api/v1/audit?action={}",
    "/api/v1/audit?from={}",
    "/api/v1/audit?to={}",
    "/api/v1/audit?before={}",
    "/api/v1/audit?denied={}",
    "/api/v1/audit/export?text={}",
    "/api/v1/audit/export?person={}",
    "/api/v1/systems/bt2c/plan/versions?before={}",
    "/api/v1/systems/bt2c/plan/versions/1/diff?from={}",
    "/api/v1/systems/bt2c/plan/source?version={}",
    "/api/v1/systems/{}/plan",
    "/api/v1/runs/1/output?after={}",
    "/api/v1/runs/1/output?step={}",
    "/api/v1/runs/1/output?limit={}",
    "/api/v1/runs/1/output/search?q={}",
    "/api/v1/runs/1/output/search?q=x&after={}",
    "/api/v1/runs/1/output.txt?step={}",
    "/api/v1/runs/{}",
    "/api/v1/incidents/{}",
];

#[tokio::test]
async fn nothing_in_an_address_reaches_the_database_as_sql() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    scene.waiting().await.unwrap();
    let reader = scene.muster.persona_with_duties().await.unwrap();
    let tries = [
        "' OR '1'='1",
        "1 OR 1=1",
        "1; DROP TABLE incident; --",
        "' UNION SELECT email, password_hash FROM app_user --",
        "'||(SELECT password_hash FROM app_user LIMIT 1)||'",
        "1 AND (SELECT pg_sleep(4)) IS NULL",
        "'||pg_sleep(4)||'",
        "\\'; SELECT pg_sleep(4); --",
        "$1",
        "$$;SELECT 1;$$",
        "seq DESC, (SELECT 1)",
        "\u{2019} OR 1=1",
        "%' OR entry LIKE '%",
    ];
    let before: i64 = count(&scene, "incident").await;
    for parameter in PARAMETERS {
        for tried in tries {
            let encoded: String = tried.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let path = parameter.replace("{}", &encoded);
            let begun = Instant::now();
            let answer = reader.http.ask("GET", &path, None).await.unwrap();
            let (status, took) = (answer.status(), begun.elapsed());
            let body = answer.text().await.unwrap();
            assert!(
                status.as_u16() < 500 && took < Duration::from_secs(3),
                "{parameter} {tried}: {status} {took:?} {body}"
            );
            assert!(!body.contains("argon2id") && !body.contains("syntax error"), "{parameter} {tried}: {body}");
            // A list that is narrowed by words nobody has used is empty, whatever the words are.
            if status == StatusCode::OK && !parameter.contains("export") {
                let items = serde_json::from_str::<Value>(&body).ok().map(|list| list["items"].clone());
                let few = items.is_none_or(|items| items.as_array().is_some_and(Vec::is_empty));
                assert!(few, "{parameter} {tried} found something: {body}");
            }
        }
    }
    assert_eq!(count(&scene, "incident").await, before, "everything is still there");
    // `%` and `_` are characters like others.
    for (text, finds) in [("run.requested", true), ("run%requested", false), ("run_requested", false), ("%", false)] {
        let (_, found) =
            reader.http.raw("GET", &format!("/api/v1/audit?text={}", text.replace('%', "%25")), None).await.unwrap();
        assert_eq!(!found["items"].as_array().unwrap().is_empty(), finds, "{text}");
    }
}

async fn count(scene: &Scene, table: &str) -> i64 {
    // The name is this test's own.
    let counted = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")));
    counted.fetch_one(&scene.pool().await.unwrap()).await.unwrap()
}

/// A POST exactly as written.
async fn send(person: &Persona, path: &str, body: &str) -> StatusCode {
    let address = format!("{}{path}", person.http.base);
    let request = person.http.client.post(address).header(header::ORIGIN, &person.http.base);
    request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned()).send().await.unwrap().status()
}

/// Bodies that say nothing, and the whole one with each of these fields missing, null, empty or of another kind.
fn half_said(whole: &Value, fields: &[&str]) -> Vec<String> {
    let nothing = ["", "{}", "null", "[]", "\"\"", "true", "[{}]", "{\"approve\":null}"];
    let mut all: Vec<String> = nothing.iter().map(|text| (*text).to_owned()).collect();
    for field in fields {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(*field);
        all.push(without.to_string());
        let words = whole[*field].is_string();
        for other in
            [Value::Null, json!(""), json!([]), json!({}), json!("true")].iter().filter(|o| !words || *o != "true")
        {
            let mut body = whole.clone();
            body[*field] = other.clone();
            all.push(body.to_string());
        }
    }
    all
}

#[tokio::test]
async fn a_body_that_says_nothing_is_never_consent() {
    let scene = Scene::destructive().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    let path = format!("/api/v1/runs/{}", run.number);
    let content = serde_json::to_value(run.content.unwrap()).unwrap();
    // Refused for what they say, not for want of a fresh proof.
    for person in [&scene.approver, &scene.operator] {
        person.prove().await.unwrap();
    }
    for body in half_said(&json!({"approve": true, "content": content}), &["approve", "content"]) {
        let status = send(&scene.approver, &format!("{path}/decision"), &body).await;
        assert!(status.is_client_error() && status != StatusCode::FORBIDDEN, "decision {body}: {status}");
    }
    let no = json!({"approve": false, "content": content}).to_string();
    assert!(send(&scene.approver, &format!("{path}/decision"), &no).await.is_client_error(), "a refusal says why");
    let glass = json!({"reason": "nobody answers", "content": content});
    for body in half_said(&glass, &["reason", "content"]) {
        let status = send(&scene.operator, &format!("{path}/glass"), &body).await;
        assert!(status.is_client_error() && status != StatusCode::FORBIDDEN, "glass {body}: {status}");
    }
    let view = scene.operator.api.run(run.number).await.unwrap();
    assert_eq!((view.state, view.decisions.len(), view.glass.is_none()), (RunState::AwaitingApproval, 0, true));
    assert!(scene.host.effects().is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_question_with_no_way_back_is_not_answered_by_a_body_that_says_nothing() {
    let scene = Scene::destructive().await.unwrap();
    let run = scene.unclear().await.unwrap();
    let _worker = scene.quick_worker();
    let run = scene.until(run.number, RunState::Asking).await.unwrap();
    let step = run.question.as_ref().unwrap().step;
    let path = format!("/api/v1/runs/{}", run.number);
    let answer = json!({"step": step, "answer": {"answer": "retry"}});
    for body in half_said(&answer, &["step", "answer"]) {
        let status = send(&scene.operator, &format!("{path}/answer"), &body).await;
        assert!(status.is_client_error(), "answer {body}: {status}");
    }
    let still = scene.operator.api.run(run.number).await.unwrap();
    assert!(still.question.as_ref().is_some_and(|q| q.proposal.is_none()), "{:?}", still.question);
    let effects = scene.host.effects().len();
    assert_eq!(send(&scene.operator, &format!("{path}/answer"), &answer.to_string()).await, StatusCode::OK);
    let confirm = json!({"step": step, "answer": {"answer": "retry"}, "agree": true});
    for body in half_said(&confirm, &["step", "answer", "agree"]) {
        let status = send(&scene.approver, &format!("{path}/confirm"), &body).await;
        assert!(status.is_client_error(), "confirm {body}: {status}");
    }
    assert_eq!(scene.operator.api.run(run.number).await.unwrap().state, RunState::Asking, "nobody has confirmed");
    assert_eq!(scene.host.effects().len(), effects);
    assert_eq!(send(&scene.approver, &format!("{path}/confirm"), &confirm.to_string()).await, StatusCode::OK);
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    assert_eq!(scene.host.effects().len(), effects + 1, "said whole, it is done");
}

#[tokio::test]
async fn line_ends_forge_no_line_of_a_log_no_header_and_no_entry() {
    let muster = Muster::start().await.unwrap();
    let forged = "forged\r\n{\"seq\":999999,\"forged\":true}\r\nX-Forged: yes";
    let person = muster.persona(Role::Responder).await.unwrap();
    // Where one line is meant, there is one line or nothing.
    for field in ["title", "public.title"] {
        let mut body = serde_json::to_value(declaration("validator1").unwrap()).unwrap();
        match field {
            "title" => body["title"] = json!(forged),
            _ => body["public"]["title"] = json!(forged),
        }
        let (status, said) = person.http.raw("POST", "/api/v1/incidents", Some(body)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {said}");
    }
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", &muster.database.url);
    for (email, name) in [("a@b.test", forged), ("a\nb@c.test", "A")] {
        let add = ["user", "add", "--email", email, "--name", name, "--role", "viewer"];
        let said = terminal.run("muster", &add, "violet ladder under nine\n").unwrap();
        assert_ne!(said.code, Some(0), "{said:?}");
    }
    // Where many lines are meant, an entry of the export is still one line, and the chain holds.
    let incident = muster.declare(&person, "validator1").await.unwrap().number;
    person.api.note(incident, &NoteIn::of(message(forged))).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let wrong = json!({"email": format!("{forged}@x"), "password": "x"});
    stranger.raw("POST", "/api/v1/session", Some(wrong)).await.unwrap();
    let auditor = muster.persona(Role::Administrator).await.unwrap();
    let (_, export) = auditor.http.page("/api/v1/audit/export").await.unwrap();
    for line in export.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(entry.get("forged").is_none(), "{line}");
    }
    let file = terminal.scratch.file("export.jsonl", &export).unwrap();
    let said = terminal.muster(&["audit", "verify", "--file", file.to_str().unwrap()]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    // Names of files that are offered.
    for path in ["/api/v1/systems/bt2c/plan/source", "/api/v1/audit/export"] {
        let answer = auditor.http.ask("GET", path, None).await.unwrap();
        let name = answer.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned();
        assert!(name.starts_with("attachment; filename=\"") && name.matches('"').count() == 2, "{name}");
        assert!(!answer.headers().contains_key("x-forged"));
    }
    let import = ["plan", "import", "p.md", "--system", "a\r\nX-Forged: yes", "--project", "p"];
    terminal.scratch.file("p.md", plan().unwrap()).unwrap();
    assert_ne!(terminal.muster(&import).unwrap().code, Some(0), "such a slug is refused");
}

#[tokio::test]
async fn what_a_stranger_sends_begins_no_line_in_the_servers_log() {
    let muster = Muster::start().await.unwrap();
    let port = tests::testnet::free_port().unwrap();
    for format in ["text", "json"] {
        let terminal = Terminal::open()
            .unwrap()
            .with("DATABASE_URL", &muster.database.url)
            .with("MUSTER_LISTEN", format!("127.0.0.1:{port}"))
            .with("MUSTER_PUBLIC_URL", format!("http://127.0.0.1:{port}"))
            .with("MUSTER_LOG", "trace,sqlx=warn,hyper=info")
            .with("MUSTER_LOG_FORMAT", format);
        let server = terminal.spawn("muster", &["serve"]).unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let deadline = Instant::now() + Duration::from_secs(20);
        while reqwest::get(format!("{base}/healthz")).await.is_err() {
            assert!(Instant::now() < deadline, "{}", server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let client = reqwest::Client::new();
        // Past the limit of what the audit log takes, only this log tells.
        for n in 0..64 {
            let request = client.post(format!("{base}/api/v1/x%0aFORGED{n}%0d%0a")).header("user-agent", "a\tFORGED");
            request.header(header::ORIGIN, "http://x/\u{e9}FORGED").send().await.unwrap();
        }
        let body = json!({"email": "a\nFORGED\r\u{2028}FORGED\u{1b}[2K", "password": "x\nFORGED"});
        client.post(format!("{base}/api/v1/session")).header(header::ORIGIN, &base).json(&body).send().await.unwrap();
        let log = server.log();
        assert!(log.contains("FORGED"), "the log tells of it: {log}");
        let colours = strip_colours(&log);
        for line in colours.lines() {
            assert!(!line.trim_start().starts_with("FORGED") && !line.contains('\u{1b}'), "{line:?}");
        }
    }
}

/// Without the log's own colours.
fn strip_colours(log: &str) -> String {
    let mut plain = String::new();
    for (at, piece) in log.split("\u{1b}[").enumerate() {
        match piece.split_once('m').filter(|(code, _)| at > 0 && code.chars().all(|c| c.is_ascii_digit() || c == ';')) {
            Some((_, rest)) => plain.push_str(rest),
            None if at > 0 => plain.push_str(&format!("\u{1b}[{piece}")),
            None => plain.push_str(piece),
        }
    }
    plain
}

#[tokio::test]
async fn what_a_procedure_is_asked_for_is_a_name_or_it_is_refused() {
    let scene = Scene::set().await.unwrap();
    let incident = scene.declared().await.unwrap().number;
    let view = request_of(&scene.operator, incident, tests::scene::PROCEDURE).await.unwrap();
    let name = view.procedure.parameters.first().expect("the plan's procedure asks which validator").name.clone();
    scene
        .operator
        .api
        .withdraw(view.number, &shared::api::run::WithdrawIn { reason: message("only looked") })
        .await
        .unwrap();
    let runs = count(&scene, "run").await;
    for value in [
        "validator1; rm -rf /",
        "validator1 && reboot",
        "$(reboot)",
        "`reboot`",
        "validator1\nrm -rf /",
        "-validator1",
        "--force",
        "../validator1",
        "validator1|cat",
        "validator1'",
        "validator1\u{0}",
        "*",
        "~root",
        "",
        " ",
        "validator１",
    ] {
        let body = json!({"procedure": tests::scene::PROCEDURE, "parameters": {&name: value}});
        let path = format!("/api/v1/incidents/{incident}/runs");
        let (status, said) = scene.operator.http.raw("POST", &path, Some(body)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{value:?}: {said}");
        assert_eq!(said["error"]["code"], "invalid", "{value:?}: {said}");
    }
    assert_eq!(count(&scene, "run").await, runs, "nothing was requested");
}
