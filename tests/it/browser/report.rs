//! After an incident, in real browsers: a report is written from a real run, reviewed by somebody else, published in part, printed;
//! follow-ups are given and done; what the incident says about the plan becomes its next version.

use shared::{
    api::{incident::ResolveIn, report::PublicPreviewIn},
    domain::{
        access::Role,
        run::{Answer, RunState},
    },
};
use tests::{
    browser::{Chromium, Tab, id},
    persona::Persona,
    scene::{Scene, VALIDATOR1, message},
};
use worker::host::{
    ContainerState, HostError,
    simulated::{Fault, Op},
};

use super::{pictures, sign_in};

const A4: (f64, f64) = (8.27, 11.69);
const LETTER: (f64, f64) = (8.5, 11.0);

/// Over after 25 minutes of 10 promised, with one step left out.
async fn over() -> (Scene, i64) {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    scene.host.fault(Op::Restart, Fault::Fails(HostError::Refused("no space left on device".into())));
    let run = scene.approved().await.unwrap();
    let asked = scene.until_run(run.number, |run| run.question.is_some()).await.unwrap();
    scene.host.change(VALIDATOR1, |details| details.container.state = ContainerState::Running);
    scene.answer(&asked, Answer::Skip { reason: "it came back by itself".into() }).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let earlier = "UPDATE incident SET declared_at = declared_at - interval '25 minutes'";
    sqlx::query(earlier).execute(&scene.pool().await.unwrap()).await.unwrap();
    let end = ResolveIn { text: message("validator1 answers again"), public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(run.incident, &end).await.unwrap();
    (scene, run.incident)
}

/// How many pages, and how wide and high they are in points.
fn pages(pdf: &[u8]) -> (usize, Vec<String>) {
    let text = String::from_utf8_lossy(pdf);
    let count = text.matches("/Type /Page\n").count() + text.matches("/Type /Page/").count();
    let after = text.split("/MediaBox").skip(1);
    let sizes = after.filter_map(|rest| Some(rest.split_once('[')?.1.split_once(']')?.0.trim().to_owned()));
    (count, sizes.collect())
}

/// Prints on both papers; keeps what people may look at.
async fn printed(tab: &Tab, name: &str) {
    for (paper, (width, height), size) in [("a4", A4, "595"), ("letter", LETTER, "612")] {
        let pdf = tab.print(width, height).await.unwrap();
        assert!(pdf.starts_with(b"%PDF-"), "{name} on {paper}");
        let (count, sizes) = pages(&pdf);
        assert!(count >= 1, "{name} on {paper}: {count} pages");
        let width = |size: &String| size.split_whitespace().nth(2).and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
        let wanted: f64 = size.parse().unwrap();
        assert!(sizes.iter().all(|size| (width(size) - wanted).abs() < 2.0), "{name} on {paper}: {sizes:?}");
        if let Some(dir) = std::env::var_os("MUSTER_PICTURES") {
            std::fs::write(std::path::Path::new(&dir).join(format!("{name}-{paper}.pdf")), &pdf).unwrap();
        }
    }
}

/// People come a moment after the dialog.
async fn offered(tab: &Tab, person: &Persona) {
    let found = format!("!!document.querySelector(\"dialog[open] option[value='{}']\")", person.id);
    tab.until("they are offered", &found).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_written_reviewed_published_in_part_printed_and_changes_the_plan() {
    let (scene, n) = over().await;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.responder, &format!("/console/reports/{n}")).await;
    tab.press("Draft report from the timeline").await.unwrap();
    tab.see(&id("report-body")).await.unwrap();
    // What the records say is in the preview, not in the text.
    tab.read("10 min").await.unwrap();
    tab.read("Filled in from Muster's records.").await.unwrap();
    let body = "document.querySelector('[data-testid=report-body]').value";
    let draft: String = tab.eval(body).await.unwrap();
    assert!(draft.contains("[facts: objectives]") && !draft.contains("10 min"), "{draft}");
    let asked = "_Say in two or three sentences what happened._";
    let said = "The first validator stopped when its disk was full. It came back by itself before the restart.";
    tab.fill(&id("report-body"), &draft.replace(asked, said)).await.unwrap();
    tab.click(&id("report-save")).await.unwrap();
    tab.read("Saved as version 2").await.unwrap();

    tab.choose_option(&format!("{} select", id("report-comments")), "Root cause").await.unwrap();
    tab.fill(&format!("{} textarea", id("report-comments")), "Who fills this in?").await.unwrap();
    tab.click(&id("comment-send")).await.unwrap();
    tab.read("Who fills this in?").await.unwrap();
    tab.click(&id("follow-up-add")).await.unwrap();
    tab.fill("dialog[open] input[type=text]", "Add an alarm for full disks").await.unwrap();
    offered(&tab, &scene.operator).await;
    tab.choose_option("dialog[open] select", &scene.operator.id.to_string()).await.unwrap();
    tab.click(&id("follow-up-send")).await.unwrap();
    tab.read("Follow-up 1 · Test operator").await.unwrap();
    tab.click(&id("report-ask-review")).await.unwrap();
    offered(&tab, &scene.approver).await;
    tab.choose_option("dialog[open] select", &scene.approver.id.to_string()).await.unwrap();
    pictures(&tab, "report-ask").await;
    tab.click(&id("ask-review-send")).await.unwrap();
    tab.read("Test responder has asked for a review of version 2.").await.unwrap();
    pictures(&tab, "report").await;
    tab.eval::<bool>("(window.scrollTo(0, document.body.scrollHeight), true)").await.unwrap();
    pictures(&tab, "report-below").await;

    let other = Chromium::launch().await.unwrap();
    let approver = sign_in(&other, &scene, &scene.approver, &format!("/console/reports/{n}")).await;
    approver.click(&id("report-judge")).await.unwrap();
    approver.click(&id("judge-changes")).await.unwrap();
    approver.read("Say what should change.").await.unwrap();
    approver.fill("dialog[open] textarea", "Good enough for a first one.").await.unwrap();
    approver.click(&id("judge-approve")).await.unwrap();
    approver.read("Test approver has approved version 2.").await.unwrap();
    approver.click(&id("report-publish")).await.unwrap();
    approver.choose("Everyone, on the public page").await.unwrap();
    approver.click(&id("publish-section-0")).await.unwrap();
    approver
        .until(
            "the preview is there",
            "document.querySelector('[data-testid=publish-preview]')?.textContent.includes('disk was full')",
        )
        .await
        .unwrap();
    pictures(&approver, "report-publish").await;
    approver.click(&id("publish-confirm")).await.unwrap();
    approver.read("Version 2 is published on the public page").await.unwrap();
    let preview = PublicPreviewIn { version: 2, sections: vec![0] };
    let preview = scene.approver.api.preview_public_report(n, &preview).await.unwrap().text;
    assert!(preview.contains(said) && !preview.contains("| Fact |"), "{preview}");

    approver.go(&format!("{}/api/v1/incidents/{n}/report/print", scene.muster.base)).await.unwrap();
    approver.read(said).await.unwrap();
    approver.read("Add an alarm for full disks").await.unwrap();
    printed(&approver, "report-print").await;
    approver.go(&format!("{}/api/v1/systems/bt2c/readiness/report/print", scene.muster.base)).await.unwrap();
    approver.read("Signed with").await.unwrap();
    printed(&approver, "auditors-print").await;

    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let third = Chromium::launch().await.unwrap();
    let tab = sign_in(&third, &scene, &admin, &format!("/console/reports/{n}/plan")).await;
    tab.read("was skipped: it came back by itself").await.unwrap();
    tab.see(&format!("{} ins", id("plan-proposal"))).await.unwrap();
    pictures(&tab, "plan-proposal").await;
    tab.click(&id("proposal-save")).await.unwrap();
    tab.see(&id("plan-adopted")).await.unwrap();
    tab.go(&format!("{}/console/plan/bt2c/versions", scene.muster.base)).await.unwrap();
    tab.read(&format!("After incident {n}")).await.unwrap();

    let late = "UPDATE follow_up SET due_at = now() - interval '1 day', remind_at = NULL";
    sqlx::query(late).execute(&scene.pool().await.unwrap()).await.unwrap();
    tab.go(&format!("{}/console/follow-ups", scene.muster.base)).await.unwrap();
    tab.see(&id("follow-ups-late")).await.unwrap();
    pictures(&tab, "follow-ups").await;
    tab.click(&id("follow-up-end-1")).await.unwrap();
    tab.click(&id("follow-up-done")).await.unwrap();
    tab.read("Nothing is open").await.unwrap();
    tab.go(&format!("{}/console/statistics", scene.muster.base)).await.unwrap();
    tab.see(&id("follow-up-statistics")).await.unwrap();
    pictures(&tab, "follow-up-statistics").await;
    for (tab, who) in [(&tab, "administrator"), (&approver, "approver")] {
        assert!(tab.complaints().is_empty(), "{who}: {:?}", tab.complaints());
    }
}
