//! The whole story with real Docker and real Chromium: a broken validator, a button, two people, a healed network, an honest
//! page, a report, and proof.

use shared::{domain::access::Role, plan};
use tests::{
    browser::{Chromium, Tab, id},
    muster::Muster,
    testnet::Testnet,
};

async fn sign_in(chromium: &Chromium, muster: &Muster, role: Role, next: &str) -> Tab {
    let (email, password) = muster.account(role).await.unwrap();
    let tab = chromium.open(&format!("{}/login?next={next}", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", &email).await.unwrap();
    tab.fill("input[type=password]", &password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.until("the console is open", &format!("location.pathname === {next:?}")).await.unwrap();
    tab
}

async fn state(tab: &Tab, name: &str) -> String {
    tab.text(&id(name)).await.unwrap().trim().to_lowercase()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_validator_is_healed_by_two_people_and_told_honestly() {
    let testnet = Testnet::up().unwrap();
    let text = testnet.plan().unwrap();
    assert!(!plan::compile(&text).has_errors());
    let muster = Muster::start_with_plan(&text, &testnet.project).await.unwrap();
    let worker = muster.docker_worker(&testnet.project).await.unwrap();

    let visitor_browser = Chromium::launch().await.unwrap();
    let visitor = visitor_browser.open(&muster.base).await.unwrap();
    visitor.read("All systems operational").await.unwrap();

    // 03:10. The validator dies, the responder declares.
    testnet.kill("validator1").unwrap();
    let first = Chromium::launch().await.unwrap();
    let responder = sign_in(&first, &muster, Role::Responder, "/console").await;
    responder.press("Declare incident").await.unwrap();
    responder.choose("Level 1").await.unwrap();
    responder.choose("Validator 1").await.unwrap();
    responder.keep_picture("declare").await.unwrap();
    responder.click(&id("declare-submit")).await.unwrap();
    responder.until("the incident is open", "location.pathname === '/console/incidents/1'").await.unwrap();
    responder.read("Recovery of Validator 1").await.unwrap();
    responder.press("Acknowledge").await.unwrap();
    responder.until("it is acknowledged", "document.querySelector('[data-testid=incident-state]').innerText.toLowerCase().includes('acknowledged')").await.unwrap();

    // The page says so, by itself.
    visitor.read("Validator 1").await.unwrap();
    visitor.until("the page tells of the outage", "!document.body.innerText.includes('All systems operational')").await.unwrap();
    visitor.keep_picture("status").await.unwrap();
    assert!(visitor.complaints().is_empty(), "{:?}", visitor.complaints());

    // The operator presses the button and sees which container it means.
    let second = Chromium::launch().await.unwrap();
    let operator = sign_in(&second, &muster, Role::Operator, "/console/incidents/1").await;
    operator.click(&id("procedure-node-failure-recovery")).await.unwrap();
    operator.until("the run is open", "location.pathname === '/console/runs/1'").await.unwrap();
    let container = format!("{}_validator1_1", testnet.project);
    let also = container.replace('_', "-");
    operator
        .until("the container is named", &format!("[{container:?}, {also:?}].some(n => document.body.innerText.includes(n))"))
        .await
        .unwrap();
    operator.read("Waiting for approval").await.unwrap();
    let may_not: bool = operator.eval("!document.querySelector('[data-testid=approve]') || document.querySelector('[data-testid=approve]').disabled").await.unwrap();
    assert!(may_not, "the operator must not be able to approve");

    // The approver, in another browser, sees the same and approves.
    let third = Chromium::launch().await.unwrap();
    let approver = sign_in(&third, &muster, Role::Approver, "/console/runs/1").await;
    approver
        .until("the container is named", &format!("[{container:?}, {also:?}].some(n => document.body.innerText.includes(n))"))
        .await
        .unwrap();
    approver.keep_picture("approval").await.unwrap();
    approver.click(&id("approve")).await.unwrap();

    // Both watch it run, until the height grows.
    for tab in [&operator, &approver] {
        tab.until("the run has succeeded", "document.querySelector('[data-testid=run-state]')?.innerText.toLowerCase().includes('succeeded')").await.unwrap();
    }
    operator.read("grew from").await.unwrap();
    operator.until("there is output", "document.querySelector('[data-testid=output]').innerText.length > 100").await.unwrap();
    operator.keep_picture("run").await.unwrap();
    assert_eq!(testnet.state("validator1").unwrap(), "running");

    // The responder resolves; the page is green and keeps the history.
    responder.press("Resolve").await.unwrap();
    responder.fill("dialog[open] textarea", "Restarted validator1; the height grows again.").await.unwrap();
    responder.click(&id("resolve-submit")).await.unwrap();
    responder.until("it is resolved", "document.querySelector('[data-testid=incident-state]').innerText.toLowerCase().includes('resolved')").await.unwrap();
    assert!(state(&responder, "incident-state").await.contains("resolved"));
    responder.keep_picture("incident").await.unwrap();
    visitor.read("All systems operational").await.unwrap();
    visitor.read("Validator 1").await.unwrap();
    visitor.keep_picture("status-after").await.unwrap();

    // The report: drafted with the measured times, edited, published.
    responder.go(&format!("{}/console/reports/1", muster.base)).await.unwrap();
    responder.ready().await.unwrap();
    responder.press("Draft report from the timeline").await.unwrap();
    responder.see(&id("report-body")).await.unwrap();
    responder.until("the draft has the measured times", "document.querySelector('[data-testid=report-body]').value.includes('| Recovery of Validator 1 | 10 min |')").await.unwrap();
    let draft: String = responder.eval("document.querySelector('[data-testid=report-body]').value").await.unwrap();
    responder.fill(&id("report-body"), &format!("{draft}\nThe validator was killed to see what happens.\n")).await.unwrap();
    responder.click(&id("report-save")).await.unwrap();
    responder.read("version 2").await.unwrap();
    responder.keep_picture("report").await.unwrap();
    approver.go(&format!("{}/console/reports/1", muster.base)).await.unwrap();
    approver.ready().await.unwrap();
    approver.click(&id("report-publish")).await.unwrap();
    approver.choose("Everyone, on the public page").await.unwrap();
    approver.click(&id("publish-confirm")).await.unwrap();
    approver.until("the dialog is closed", "!document.querySelector('dialog[open]')").await.unwrap();
    visitor.go(&format!("{}/incidents/1/report", muster.base)).await.unwrap();
    visitor.read("The validator was killed to see what happens.").await.unwrap();

    // Proof, and a viewer who tries anyway.
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let (status, body) = viewer
        .http
        .raw("POST", "/api/v1/incidents/1/runs", Some(serde_json::json!({"procedure": "node-failure-recovery"})))
        .await
        .unwrap();
    assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (403, Some("forbidden")));
    let newest = muster.store.audit_list(None, 1).await.unwrap();
    assert!(newest[0].entry.denied && newest[0].entry.by.to_string() == "Test viewer", "{newest:?}");
    let verdict = server::app::audit::verify_all(&muster.store).await.unwrap();
    assert_eq!(verdict.broken, None);

    for tab in [&responder, &operator, &approver, &visitor] {
        assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    }
    drop(worker);
    for browser in [visitor_browser, first, second, third] {
        browser.close().await.unwrap();
    }
}
