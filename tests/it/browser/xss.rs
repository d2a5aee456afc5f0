//! A corpus of markup that means harm, in every field that is ever shown, on every page that shows it, in a real browser. Nothing of
//! it may run or become an element; it must be there to read as it was typed. Corpus: `xss.txt`, one a line.

use axum::{Router, response::Html, routing::get};
use chromiumoxide::cdp::browser_protocol::page::AddScriptToEvaluateOnNewDocumentParams;
use shared::{
    api::{
        alert::{SourceIn, SourceSettingsIn},
        follow_up::FollowUpIn,
        incident::{AffectedIn, DeclareIn, LevelIn, NoteIn, PublicIn, ResolveIn, UpdateIn},
        report::{CommentIn, ReportIn},
        run::{DecisionIn, FreezeIn, RunRequestIn},
    },
    domain::{
        alert::{Condition, Consequence, Declaration, Rule, SourceKind, Test},
        follow_up::Priority,
        incident::PublicState,
        run::RunState,
        status::Impact,
        text::{Document, Message, Name, TaskText, Title},
    },
};
use tests::{
    browser::{Chromium, Tab, id},
    persona::Persona,
    programs::Scratch,
    scene::{Scene, message, publish},
};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::output::{add, chunk};

const CORPUS: &str = include_str!("xss.txt");

/// Runs before anything of the page: whatever a payload calls, and whatever the policy had to stop, is written down.
const WATCH: &str = "window.__fired = []; window.__x = (n) => __fired.push(String(n));
    document.addEventListener('securitypolicyviolation', (e) => __fired.push('policy: ' + e.violatedDirective + ' ' + e.blockedURI));";

/// What no page of ours has, and what a payload would have made.
const HARM: &str = "(() => {
    const harm = [...(window.__fired || ['the page is not watched'])];
    const strange = 'IFRAME OBJECT EMBED BASE MARQUEE MATH PORTAL X FRAME FRAMESET AUDIO VIDEO NOSCRIPT-P'.split(' ');
    for (const e of document.querySelectorAll('*')) {
        const shown = e.outerHTML.slice(0, 120);
        if (e.id === 'xss' || strange.includes(e.tagName.toUpperCase())) harm.push('element: ' + shown);
        if (e.tagName === 'SCRIPT' && !(e.src || '').startsWith(location.origin + '/assets/')) harm.push('script: ' + shown);
        if (e.tagName === 'META' && /refresh/i.test(e.httpEquiv)) harm.push('meta: ' + shown);
        for (const a of e.attributes) {
            if (/^on/i.test(a.name)) harm.push('handler: ' + shown);
            if (/^(href|src|action|formaction|data|srcdoc|poster|xlink:href)$/i.test(a.name)
                && /^[\\s\\u0000-\\u001f]*(javascript|vbscript|data:text)/i.test(a.value)) harm.push('address: ' + shown);
        }
    }
    if (document.body && getComputedStyle(document.body).display === 'none') harm.push('the page was hidden');
    return harm;
})()";

fn corpus() -> Vec<&'static str> {
    CORPUS.lines().filter(|line| !line.is_empty()).collect()
}

/// One that fits into a line of this length, another each time.
fn short(at: usize, most: usize) -> &'static str {
    let fitting: Vec<_> =
        corpus().into_iter().filter(|p| p.len() <= most && !p.contains(['|', '`', '"', '\\'])).collect();
    fitting[at % fitting.len()]
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every part of a plan that people name things in.
fn plan() -> String {
    let p = |at| short(at, 60);
    let bullets: String = corpus().iter().filter(|x| !x.contains('`')).map(|x| format!("- {x}\n")).collect();
    let prose: String = corpus().iter().map(|x| format!("{x}\n\n")).collect();
    format!(
        "# Hostile {}\n\n{prose}\n## Contacts\n\n| Role | Name | Contact | Backup Contact |\n|---|---|---|---|\n\
| System Administrator {} | {} | {} | {} |\n\n\
## Incident Classification\n\n### Level 1 - Minor {}\n{bullets}- Response Time: < 1 hour\n\n\
### Level 2 - Major {}\n- Down\n- Response Time: < 2 hours\n\n\
## Components\n\n| Component | Service | Objective |\n|---|---|---|\n| {} | validator1 | 10 minutes |\n\n\
## Recovery Procedures {}\n\n### 1. Read {}\n\n```bash {{id=read-it}}\n# 1. Show {}\ndocker-compose ps\n\
# 2. Tell {}\nmuster notify everyone \"{}\"\n```\n\n### 2. Restart {}\n\n```bash {{id=restart-it}}\n# 1. Again {}\n\
docker-compose restart validator1\n```\n\n### 3. Not known {}\n\n```bash {{id=not-known}}\nfrobnicate '{}'\n```\n\n\
## Prevention {}\n\n{bullets}\n## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n\
| Single Node {} | 10 minutes | {} |\n\n## Backup Locations\n\n- {}: `/var/backups/x`\n",
        p(0),
        p(1),
        p(2),
        p(3),
        p(4),
        p(5),
        p(6),
        p(7),
        p(8),
        p(9),
        p(10),
        p(11),
        p(12),
        p(13),
        p(14),
        p(15),
        p(16),
        p(17),
        p(18),
        p(19),
        p(20),
    )
}

/// What was made, for the addresses of its pages.
struct Made {
    incident: i64,
    quiet_run: i64,
    refused_run: i64,
}

async fn rename(scene: &Scene, person: &Persona, name: &str) {
    let update = sqlx::query("UPDATE app_user SET name = $1 WHERE id = $2").bind(name).bind(person.id.0);
    update.execute(&scene.pool().await.unwrap()).await.unwrap();
}

/// Everything that a person or a program may write, with payloads in it.
async fn fill(scene: &Scene, chief: &Persona) -> Made {
    for (at, person) in [&scene.responder, &scene.operator, &scene.approver, chief].into_iter().enumerate() {
        rename(scene, person, short(30 + at, 100)).await;
    }
    // What a browser calls itself is shown among one's sessions.
    let sign_in = serde_json::json!({"email": chief.email, "password": chief.password});
    let request = scene.muster.stranger().unwrap().client.post(format!("{}/api/v1/session", scene.muster.base));
    let request = request.header("origin", &scene.muster.base).header("user-agent", corpus()[2]).json(&sign_in);
    assert!(request.send().await.unwrap().status().is_success());
    let all = corpus().join("\n");
    let declaration = DeclareIn {
        system: "bt2c".into(),
        title: Title::parse(corpus()[2]).unwrap(),
        level: 1,
        affected: vec![AffectedIn { component: "validator1".into(), impact: Impact::MajorOutage }],
        seen: vec![],
        restricted_to: None,
        text: Some(message(&all)),
        public: Some(PublicIn { title: Title::parse(corpus()[4]).unwrap(), text: message(&all), notify: true }),
    };
    let incident = scene.responder.api.declare(&declaration, &Uuid::new_v4().to_string()).await.unwrap().number;
    scene.responder.api.note(incident, &NoteIn::of(message(&all))).await.unwrap();
    let level = LevelIn { level: 2, reason: message(&all) };
    scene.responder.api.change_level(incident, &level).await.unwrap();
    let update = UpdateIn { state: PublicState::Identified, text: message(&all), notify: true, happened_at: None };
    chief.api.post_update(incident, &update).await.unwrap();

    strangers_send(chief).await;

    let _worker = scene.worker();
    let key = || Uuid::new_v4().to_string();
    let quiet = scene.operator.api.request_run(incident, &RunRequestIn::of("read-it"), &key()).await.unwrap();
    scene.until(quiet.number, RunState::Succeeded).await.unwrap();
    let fence = sqlx::query_scalar("SELECT fence FROM run WHERE id = $1").bind(quiet.id.0);
    let fence: i64 = fence.fetch_one(&scene.pool().await.unwrap()).await.unwrap();
    let claimed = store::Claimed { run: quiet.id, kind: store::JobKind::Execute, fence };
    let coloured =
        |x: &str| format!("\u{1b}[31m{x}\u{1b}[0m\u{1b}]8;;javascript:__x(90)\u{7}{x}\u{1b}]8;;\u{7}\r{x}\u{8}");
    let lines = corpus().into_iter().flat_map(|x| [x.to_owned(), coloured(x)]);
    add(&scene.muster.database.worker, &quiet, &claimed, &[chunk(1, lines)]).await;

    let run = scene.operator.api.request_run(incident, &RunRequestIn::of("restart-it"), &key()).await.unwrap();
    let run = scene.until(run.number, RunState::AwaitingApproval).await.unwrap();
    let no = DecisionIn { approve: false, reason: Some(message(&all)), content: run.content.unwrap() };
    scene.approver.api.decide(run.number, &no).await.unwrap();

    let resolve = ResolveIn {
        text: message(&all),
        public_text: Some(Message::parse(&all).unwrap()),
        notify: true,
        despite: None,
    };
    chief.api.resolve(incident, &resolve).await.unwrap();
    chief.api.draft_report(incident).await.unwrap();
    let body = format!(
        "# Report {}\n\n{}\n\n- {}\n\n| a | b |\n|---|---|\n| {} | x |\n",
        corpus()[3],
        corpus().join("\n\n"),
        corpus().join("\n- "),
        corpus()[5]
    );
    let report = ReportIn { body: Document::parse(&body).unwrap(), base: 1 };
    chief.api.save_report(incident, &report).await.unwrap();
    let comment = CommentIn { version: 2, section: Some(Title::parse(short(3, 200)).unwrap()), text: message(&all) };
    chief.api.comment_report(incident, &comment).await.unwrap();
    let to_do = FollowUpIn {
        title: TaskText::parse(short(4, 200)).unwrap(),
        owner: None,
        due_at: None,
        priority: Priority::High,
    };
    chief.api.add_follow_up(incident, &to_do, "x").await.unwrap();
    publish(&scene.approver, incident, true).await.unwrap();
    chief.api.freeze(&FreezeIn { frozen: true, reason: Some(message(&all)) }).await.unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    Made { incident, quiet_run: quiet.number, refused_run: run.number }
}

/// Alerts are written by nobody we know; each payload in each of their parts, and one incident of theirs.
async fn strangers_send(chief: &Persona) {
    let declares = Declaration { level: 1, components: vec!["validator1".into()], impact: Impact::Degraded };
    let when = Condition { label: Name::parse("n").unwrap(), is: Test::Equal, value: Name::parse("2").unwrap() };
    let settings = SourceSettingsIn {
        name: Name::parse(short(40, 100)).unwrap(),
        mapping: None,
        rules: vec![Rule { when: vec![when], then: Consequence::Declare(declares) }],
        beat: None,
        muted_until: None,
    };
    let source = SourceIn { kind: SourceKind::Generic, settings };
    let address = chief.api.make_alert_source("bt2c", &source).await.unwrap().address;
    for (n, payload) in corpus().into_iter().enumerate() {
        let labels = serde_json::json!({"n": n, payload: payload});
        let alert =
            serde_json::json!({"key": payload, "title": payload, "text": payload, "url": payload, "labels": labels});
        let answer = chief.http.client.post(&address).json(&alert).send().await.unwrap();
        assert!(answer.status().is_success(), "{payload}: {}", answer.status());
    }
}

async fn watched(chromium: &Chromium) -> Tab {
    let tab = chromium.open("about:blank").await.unwrap();
    tab.page.execute(AddScriptToEvaluateOnNewDocumentParams::new(WATCH)).await.unwrap();
    tab
}

async fn harm(tab: &Tab) -> Vec<String> {
    tab.eval(HARM).await.unwrap()
}

/// The page's text and the values of its fields hold this, letter by letter.
async fn shows(tab: &Tab, page: &str, text: &str) {
    let script = format!(
        "(text => document.body.textContent.includes(text) || [...document.querySelectorAll('input, textarea')]
            .some(field => field.value.includes(text)))({})",
        serde_json::to_string(text).unwrap()
    );
    tab.until(&format!("{page} shows {text}"), &script).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_anybody_writes_ever_runs_or_becomes_an_element() {
    assert!(corpus().len() >= 40);
    let scene = Scene::with_plan(&plan()).await.unwrap();
    let chief = scene.muster.persona_with_duties().await.unwrap();
    let made = fill(&scene, &chief).await;
    let base = &scene.muster.base;
    let chromium = Chromium::launch().await.unwrap();
    let tab = watched(&chromium).await;

    // Where one is sent after signing in cannot be somewhere else, or a script.
    let strangers = [
        "javascript:__x(91)",
        "//127.0.0.1:1/console",
        "/console//x",
        "/\\127.0.0.1:1",
        "data:text/html,x",
        corpus()[2],
    ];
    for next in strangers {
        tab.go(&format!("{base}/login?next={}", encoded(next))).await.unwrap();
        tab.ready().await.unwrap();
        assert_eq!(harm(&tab).await, [""; 0], "{next}");
    }
    tab.go(&format!("{base}/login?next={}", encoded(strangers[0]))).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", &chief.email).await.unwrap();
    tab.fill("input[type=password]", &chief.password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    for next in strangers {
        tab.go(&format!("{base}/login?next={}", encoded(next))).await.unwrap();
        tab.until("one is sent on to the console", "location.pathname === '/console'").await.unwrap();
        assert!(tab.eval::<String>("location.href").await.unwrap().starts_with(base.as_str()), "{next}");
    }

    let all: Vec<&str> = corpus();
    let Made { incident, quiet_run, refused_run } = made;
    let typed = encoded(all[2]);
    let console: Vec<(String, Vec<&str>)> = vec![
        ("/console".into(), vec![all[2]]),
        ("/console/incidents".into(), vec![all[2]]),
        (format!("/console/incidents/{incident}"), all.clone()),
        ("/console/incidents/new".into(), vec![]),
        ("/console/runs".into(), vec![all[2]]),
        (format!("/console/runs/{quiet_run}"), vec![all[2]]),
        (format!("/console/runs/{refused_run}"), vec![all[0], all[2]]),
        (format!("/console/reports/{incident}"), all.clone()),
        ("/console/plan".into(), all.clone()),
        ("/console/plan/bt2c/edit".into(), all.clone()),
        ("/console/plan/bt2c/versions".into(), vec![]),
        ("/console/plan/bt2c/versions/1".into(), vec![]),
        ("/console/alerts".into(), vec![all[40], all[45]]),
        ("/console/alerts/sources".into(), vec![short(40, 100)]),
        (format!("/console/incidents/{}", incident + 1), vec![all[2]]),
        ("/console/audit".into(), vec![short(33, 100)]),
        ("/console/account".into(), vec![all[2]]),
        ("/console/people".into(), vec![short(31, 100)]),
        (format!("/console/people/{}", scene.operator.id), vec![short(31, 100)]),
        (format!("/console/people/{}", chief.id), vec![all[2]]),
        ("/console/people/access".into(), vec![]),
        (format!("/console/people/{typed}"), vec![]),
        (format!("/console/audit?text={typed}"), vec![all[2]]),
        (format!("/console/audit?person={typed}&object={typed}"), vec![]),
        (format!("/console/plan?system={typed}"), vec![]),
        (format!("/console/runs/{typed}"), vec![]),
        (format!("/console/nothing/{typed}?x={typed}#{typed}"), vec![]),
    ];
    for (page, texts) in &console {
        tab.go(&format!("{base}{page}")).await.unwrap();
        tab.ready().await.unwrap();
        tab.until("it has loaded", "!document.querySelector('.loading')").await.unwrap();
        for text in texts {
            shows(&tab, page, text).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(harm(&tab).await, [""; 0], "{page}");
    }
    output_is_text(&tab, base, quiet_run).await;

    pages_outside_the_console_are_harmless(&tab, base, incident).await;
    the_exported_report_is_harmless(&tab, &chief, incident).await;
    the_same_payloads_do_run_elsewhere(&tab).await;
    chromium.close().await.unwrap();
}

/// What visitors see; what is not there; and answers of the API when one opens them as pages.
async fn pages_outside_the_console_are_harmless(tab: &Tab, base: &str, incident: i64) {
    let all: Vec<&str> = corpus();
    let typed = encoded(all[2]);
    let plain: Vec<(String, Vec<&str>)> = vec![
        ("/".into(), vec![all[4]]),
        ("/history".into(), vec![all[4]]),
        (format!("/incidents/{incident}"), all.clone()),
        (format!("/incidents/{incident}/report"), vec![all[0], all[2], all[30]]),
        (format!("/incidents/{typed}"), vec![]),
        (format!("/{typed}?{typed}"), vec![]),
        (format!("/api/v1/incidents/{incident}"), vec![]),
        (format!("/api/v1/runs/{typed}"), vec![]),
        (format!("/api/v1/incidents?before={typed}"), vec![]),
        (format!("/api/v1/audit?text={typed}"), vec![]),
        (format!("/api/{typed}"), vec![]),
        (format!("/join#{typed}"), vec![]),
    ];
    for (page, texts) in &plain {
        tab.go(&format!("{base}{page}")).await.unwrap();
        for text in texts {
            shows(tab, page, text).await;
        }
        assert_eq!(harm(tab).await, [""; 0], "{page}");
    }
}

/// The log as text, with all that escape sequences might do, and the box one searches it with.
async fn output_is_text(tab: &Tab, base: &str, run: i64) {
    tab.go(&format!("{base}/console/runs/{run}")).await.unwrap();
    tab.ready().await.unwrap();
    tab.see(&id("output")).await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..40 {
        let script = format!(
            "(box => {{ box.scrollTop = {} * box.clientHeight; return 1 }})(document.querySelector({:?}))",
            round,
            id("output")
        );
        tab.eval::<i64>(&script).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let rows: Vec<String> =
            tab.eval("[...document.querySelectorAll('.log-text')].map(e => e.textContent)").await.unwrap();
        seen.extend(rows);
        assert_eq!(harm(tab).await, [""; 0], "the log");
    }
    let missing: Vec<_> = corpus().into_iter().filter(|x| !seen.iter().any(|row| row == x)).collect();
    assert!(missing.is_empty(), "not in the log as printed: {missing:?}");
    tab.fill(".log-field", corpus()[2]).await.unwrap();
    tab.until("it is found", "/^1 of/.test(document.querySelector('.log-hits').innerText)").await.unwrap();
    assert_eq!(harm(tab).await, [""; 0], "searching the log");
}

/// As a file on somebody's disk, where no server's header protects.
async fn the_exported_report_is_harmless(tab: &Tab, chief: &Persona, incident: i64) {
    let answer =
        chief.http.ask("GET", &format!("/api/v1/incidents/{incident}/report/export.html"), None).await.unwrap();
    let scratch = Scratch::new().unwrap();
    let file = scratch.file("report.html", answer.bytes().await.unwrap()).unwrap();
    tab.go(&format!("file://{}", file.display())).await.unwrap();
    for text in [corpus()[0], corpus()[2], corpus()[30]] {
        shows(tab, "the exported report", text).await;
    }
    assert_eq!(harm(tab).await, [""; 0], "the exported report");
}

/// The control: a page without any care, in the same browser, watched in the same way.
async fn the_same_payloads_do_run_elsewhere(tab: &Tab) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let careless = Router::new().route(
        "/{at}",
        get(async |at: axum::extract::Path<usize>| Html(format!("<!doctype html><body>{}", corpus()[at.0]))),
    );
    tokio::spawn(async move { axum::serve(listener, careless).await });
    let mut ran = 0;
    for at in [0, 2, 4, 5, 8, 9, 13, 16, 17, 24, 25, 29, 32] {
        tab.go(&format!("http://{address}/{at}")).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let found = harm(tab).await;
        assert!(!found.is_empty(), "{} is not seen", corpus()[at]);
        ran += usize::from(tab.eval::<bool>("window.__fired.length > 0").await.unwrap());
    }
    assert!(ran >= 8, "only {ran} payloads run even where nobody takes care");
}
