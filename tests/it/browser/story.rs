//! The whole story with real Docker and real Chromium: a broken validator, a button, two people, a healed network, an honest
//! page, a report, and proof.

use shared::{domain::access::Role, plan};
use tests::{
    browser::{Chromium, Tab, id},
    muster::{Muster, RunningWorker},
    scene::eventually,
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

/// Everybody at a browser of their own.
struct Night {
    testnet: Testnet,
    muster: Muster,
    _worker: RunningWorker,
    browsers: Vec<Chromium>,
}

impl Night {
    async fn falls() -> Self {
        let testnet = Testnet::up().unwrap();
        let text = testnet.plan().unwrap();
        assert!(!plan::compile(&text).has_errors());
        let muster = Muster::start_with_plan(&text, &testnet.project).await.unwrap();
        let worker = muster.docker_worker(&testnet.project).await.unwrap();
        Self { testnet, muster, _worker: worker, browsers: vec![] }
    }

    async fn visitor(&mut self) -> Tab {
        let chromium = Chromium::launch().await.unwrap();
        let tab = chromium.open(&self.muster.base).await.unwrap();
        self.browsers.push(chromium);
        tab
    }

    async fn sign_in(&mut self, role: Role, next: &str) -> Tab {
        let chromium = Chromium::launch().await.unwrap();
        let tab = sign_in(&chromium, &self.muster, role, next).await;
        self.browsers.push(chromium);
        tab
    }

    /// Waits until the page names the container that Compose made for validator1, in either spelling.
    async fn names_the_container(&self, tab: &Tab) {
        let (v1, v2) =
            (format!("{}_validator1_1", self.testnet.project), format!("{}-validator1-1", self.testnet.project));
        let named = format!("[{v1:?}, {v2:?}].some(n => document.body.innerText.includes(n))");
        tab.until("the container is named", &named).await.unwrap();
    }
}

fn has_state(hook: &str, word: &str) -> String {
    format!("document.querySelector('[data-testid={hook}]')?.innerText.toLowerCase().includes({word:?})")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_validator_is_healed_by_two_people_and_told_honestly() {
    let mut night = Night::falls().await;
    let visitor = night.visitor().await;
    visitor.read("All systems operational").await.unwrap();
    night.testnet.kill("validator1").unwrap();
    let responder = declare(&mut night).await;
    visitor.until("the page tells of the outage", "document.body.innerText.includes('Major outage')").await.unwrap();
    visitor.keep_picture("status").await.unwrap();

    let (operator, approver) = recover(&mut night).await;

    check(&responder).await;
    resolve(&responder).await;
    visitor.read("All systems operational").await.unwrap();
    visitor.read("Validator 1 is unavailable").await.unwrap();
    visitor.keep_picture("status-after").await.unwrap();

    report(&night, &responder, &approver).await;
    // Prepared a moment after it was published; a page that is not there yet does not look again by itself.
    let page = format!("{}/incidents/1/report", night.muster.base);
    eventually("the report is public", async || {
        reqwest::get(&page).await.is_ok_and(|answer| answer.status().is_success())
    })
    .await
    .unwrap();
    visitor.go(&page).await.unwrap();
    visitor.read("The validator was killed to see what happens.").await.unwrap();

    prove(&night.muster).await;
    for tab in [&responder, &operator, &approver, &visitor] {
        assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    }
    for browser in night.browsers {
        browser.close().await.unwrap();
    }
}

async fn declare(night: &mut Night) -> Tab {
    let responder = night.sign_in(Role::Responder, "/console").await;
    responder.press("Declare incident").await.unwrap();
    responder.choose("Level 1").await.unwrap();
    responder.choose("Validator 1").await.unwrap();
    responder.keep_picture("declare").await.unwrap();
    responder.click(&id("declare-submit")).await.unwrap();
    responder.until("the incident is open", "location.pathname === '/console/incidents/1'").await.unwrap();
    responder.read("Recovery of Validator 1").await.unwrap();
    responder.press("Acknowledge").await.unwrap();
    responder.until("it is acknowledged", &has_state("incident-state", "acknowledged")).await.unwrap();
    responder
}

/// The operator asks and cannot approve; the approver sees the same and does; both watch it end well.
async fn recover(night: &mut Night) -> (Tab, Tab) {
    let operator = night.sign_in(Role::Operator, "/console/incidents/1").await;
    operator.click(&id("procedure-node-failure-recovery")).await.unwrap();
    // The plan's text says validator1; the button asks, with what the incident is about chosen already.
    operator.read("Which validator?").await.unwrap();
    operator.keep_picture("which").await.unwrap();
    operator.read("Request for validator1").await.unwrap();
    operator.click(&id("parameters-send")).await.unwrap();
    operator.until("the run is open", "location.pathname === '/console/runs/1'").await.unwrap();
    night.names_the_container(&operator).await;
    operator.read("Waiting for approval").await.unwrap();
    let approve = "document.querySelector('[data-testid=approve]')";
    let may_not: bool = operator.eval(&format!("!{approve} || {approve}.disabled")).await.unwrap();
    assert!(may_not, "the operator must not be able to approve");

    let approver = night.sign_in(Role::Approver, "/console/runs/1").await;
    night.names_the_container(&approver).await;
    approver.keep_picture("approval").await.unwrap();
    approver.click(&id("approve")).await.unwrap();
    for tab in [&operator, &approver] {
        tab.until("the run has succeeded", &has_state("run-state", "succeeded")).await.unwrap();
    }
    operator.read("grew from").await.unwrap();
    let output = "document.querySelector('[data-testid=output]').innerText.length > 100";
    operator.until("there is output", output).await.unwrap();
    operator.keep_picture("run").await.unwrap();
    assert_eq!(night.testnet.state("validator1").unwrap(), "running");
    (operator, approver)
}

/// The scripts are not on this host, so people make those of the plan's final checks; the system is watched meanwhile.
async fn check(responder: &Tab) {
    responder.press("Make the final checks of run 1").await.unwrap();
    responder.until("the run is open", "location.pathname === '/console/runs/1'").await.unwrap();
    responder.read("4 are open").await.unwrap();
    responder.see(&id("watch")).await.unwrap();
    responder.keep_picture("checks").await.unwrap();
    for step in [7, 8, 9, 11] {
        responder.click(&id(&format!("check-{step}-holds"))).await.unwrap();
        let gone = format!("!document.querySelector('[data-testid=check-{step}-holds]')");
        responder.until("the check is made", &gone).await.unwrap();
    }
    responder.read("All of them hold").await.unwrap();
    responder.press("Incident 1").await.unwrap();
    responder.until("the incident is open", "location.pathname === '/console/incidents/1'").await.unwrap();
}

async fn resolve(responder: &Tab) {
    responder.press("Resolve").await.unwrap();
    responder.fill("dialog[open] textarea", "Restarted validator1; the height grows again.").await.unwrap();
    // The checks hold; the validation of the plan's last section was never run, and its scripts are not on this host.
    responder.read("The recovery is not proven: 3 points are open").await.unwrap();
    let groups = "[...document.querySelectorAll('[data-testid=open-points] h4')].map(h => h.innerText).join()";
    assert_eq!(responder.eval::<String>(groups).await.unwrap(), "Health,Performance,Security");
    responder.click(&id("resolve-submit")).await.unwrap();
    responder.read("Say why, or settle what is open first.").await.unwrap();
    responder.keep_picture("resolve").await.unwrap();
    responder.fill("[data-testid=open-points] textarea", "Its scripts are not on this host.").await.unwrap();
    responder.click(&id("resolve-submit")).await.unwrap();
    responder.until("it is resolved", &has_state("incident-state", "resolved")).await.unwrap();
    responder.read("Resolved with open points").await.unwrap();
    responder.read("Resolved all the same: Its scripts are not on this host.").await.unwrap();
    responder.keep_picture("incident").await.unwrap();
}

/// Drafted with the measured times, edited by one, published by another.
async fn report(night: &Night, responder: &Tab, approver: &Tab) {
    let page = format!("{}/console/reports/1", night.muster.base);
    responder.go(&page).await.unwrap();
    responder.ready().await.unwrap();
    responder.press("Draft report from the timeline").await.unwrap();
    responder.see(&id("report-body")).await.unwrap();
    let body = "document.querySelector('[data-testid=report-body]').value";
    let measured = "document.querySelector('.report-preview').textContent.includes('Recovery of Validator 1')";
    responder.until("the preview has the measured times", measured).await.unwrap();
    let draft: String = responder.eval(body).await.unwrap();
    let edited = format!("{draft}\n## What it was\n\nThe validator was killed to see what happens.\n");
    responder.fill(&id("report-body"), &edited).await.unwrap();
    responder.click(&id("report-save")).await.unwrap();
    responder.read("version 2").await.unwrap();
    responder.keep_picture("report").await.unwrap();

    approver.go(&page).await.unwrap();
    approver.ready().await.unwrap();
    approver.click(&id("report-judge")).await.unwrap();
    approver.click(&id("judge-approve")).await.unwrap();
    approver.read("has approved version 2").await.unwrap();
    approver.click(&id("report-publish")).await.unwrap();
    approver.choose("Everyone, on the public page").await.unwrap();
    approver.choose("What it was").await.unwrap();
    approver.click(&id("publish-confirm")).await.unwrap();
    approver.until("the dialog is closed", "!document.querySelector('dialog[open]')").await.unwrap();
}

/// The chain holds, and a viewer who tries the button by API gets 403 and an audit entry.
async fn prove(muster: &Muster) {
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let body = serde_json::json!({"procedure": "node-failure-recovery"});
    let (status, body) = viewer.http.raw("POST", "/api/v1/incidents/1/runs", Some(body)).await.unwrap();
    assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (403, Some("forbidden")));
    let newest = muster.store.audit_list(None, 1).await.unwrap();
    assert!(newest[0].entry.denied && newest[0].entry.by.to_string() == "Test viewer", "{newest:?}");
    let verdict = server::app::audit::verify_all(&muster.store).await.unwrap();
    assert_eq!(verdict.broken, None);
}
