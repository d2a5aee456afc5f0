//! The incident room with four people at once, each at a browser of their own: a whole level 3 incident from declaring to closing; and
//! what one types while the line is cut.

use shared::{
    api::run::RunView,
    domain::{
        incident::{IncidentEvent, TaskState},
        run::RunState,
    },
};
use tests::{
    browser::{Chromium, Tab, id},
    persona::Persona,
    scene::{PROJECT, Scene, eventually},
};

use super::{pictures, sign_in};

/// Enough of a picture for a browser to show.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn has_state(word: &str) -> String {
    format!("document.querySelector('[data-testid=incident-state]')?.innerText.toLowerCase().includes({word:?})")
}

/// As if somebody had dropped a file on the box for notes.
async fn drop_file(tab: &Tab, name: &str, base64: &str) {
    let script = format!(
        "(() => {{ const bytes = Uint8Array.from(atob({base64:?}), c => c.charCodeAt(0)); \
         const data = new DataTransfer(); data.items.add(new File([bytes], {name:?})); \
         const box = document.querySelector('.note-box'); \
         box.dispatchEvent(new DragEvent('dragover', {{bubbles: true, dataTransfer: data}})); \
         return box.dispatchEvent(new DragEvent('drop', {{bubbles: true, dataTransfer: data}})); }})()"
    );
    tab.eval::<bool>(&script).await.unwrap();
}

/// The head of the page stays; what is to be clicked must not lie under it.
async fn to(tab: &Tab, selector: &str) {
    tab.see(selector).await.unwrap();
    let scroll = format!("(document.querySelector({selector:?}).scrollIntoView({{block: 'center'}}), true)");
    assert!(tab.eval::<bool>(&scroll).await.unwrap());
}

async fn to_notes(tab: &Tab) {
    to(tab, ".note-box textarea").await;
}

/// Four people with a browser each, all signed in.
struct Room {
    scene: Scene,
    browsers: Vec<Chromium>,
    commander: Tab,
    operator: Tab,
    approver: Tab,
    second: Tab,
}

impl Room {
    async fn opens() -> Self {
        let scene = Scene::destructive().await.unwrap();
        let second = scene.second().await.unwrap();
        let mut browsers = vec![];
        let mut tabs = vec![];
        for person in [&scene.responder, &scene.operator, &scene.approver, &second] {
            let chromium = Chromium::launch().await.unwrap();
            tabs.push(sign_in(&chromium, &scene, person, "/console").await);
            browsers.push(chromium);
        }
        let [commander, operator, approver, second] = tabs.try_into().unwrap_or_else(|_| unreachable!());
        Self { scene, browsers, commander, operator, approver, second }
    }

    /// Two others look at what it would do, and agree.
    async fn approve(&self, run: &RunView) {
        let page = format!("{}/console/runs/{}", self.scene.muster.base, run.number);
        for tab in [&self.approver, &self.second] {
            tab.go(&page).await.unwrap();
            tab.ready().await.unwrap();
            tab.click(&id("approve")).await.unwrap();
            tab.fill("dialog[open] input", PROJECT).await.unwrap();
            tab.click(&id("approve-final")).await.unwrap();
            tab.until("their word is taken", "!document.querySelector('dialog[open]')").await.unwrap();
        }
    }
}

/// Buttons that have just moved do not hear a press that was meant for another one.
async fn ask(tab: &Tab, words: &str) {
    tab.until("nothing else is asked", "!document.querySelector('dialog[open]')").await.unwrap();
    eventually("the dialog is open", async || {
        tab.press(words).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        tab.eval::<bool>("Boolean(document.querySelector('dialog[open]'))").await.unwrap()
    })
    .await
    .unwrap();
}

async fn run_of(person: &Persona, incident: i64) -> i64 {
    person.api.incident(incident).await.unwrap().runs[0].number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_people_bring_a_level_3_incident_to_its_end() {
    let room = Room::opens().await;
    let _worker = room.scene.worker();
    let Room { scene, commander, operator, .. } = &room;
    commander.press("Declare incident").await.unwrap();
    commander.choose("Level 3").await.unwrap();
    commander.choose("Validator 1").await.unwrap();
    commander.click(&id("declare-submit")).await.unwrap();
    commander.until("the incident is open", "location.pathname === '/console/incidents/1'").await.unwrap();
    commander.press("Acknowledge").await.unwrap();
    commander.until("it is acknowledged", &has_state("acknowledged")).await.unwrap();
    for duty in ["commander", "communications-lead"] {
        commander.click(&format!("{} button", id(&format!("duty-{duty}")))).await.unwrap();
        let held = format!("document.querySelector({:?}).innerText.includes('(you)')", id(&format!("duty-{duty}")));
        commander.until("the duty is theirs", &held).await.unwrap();
    }
    share_out(commander, operator).await;
    work(commander, operator).await;

    // The run, with the consent of two others.
    let unfolded = "[...document.querySelectorAll('details')].every(d => d.open = true)";
    operator.until("all procedures are shown", unfolded).await.unwrap();
    to(operator, &id("procedure-node-failure-recovery")).await;
    operator.click(&id("procedure-node-failure-recovery")).await.unwrap();
    operator
        .until(
            "the run is asked for",
            "location.pathname.startsWith('/console/runs/') || document.querySelector('dialog[open]')",
        )
        .await
        .unwrap();
    if operator.eval::<bool>("Boolean(document.querySelector('dialog[open]'))").await.unwrap() {
        operator.click(&id("parameters-send")).await.unwrap();
    }
    operator.until("the run is open", "location.pathname.startsWith('/console/runs/')").await.unwrap();
    let number = run_of(&scene.operator, 1).await;
    let run = scene.until(number, RunState::AwaitingApproval).await.unwrap();
    room.approve(&run).await;
    scene.until(number, RunState::Succeeded).await.unwrap();

    tell_and_end(&room).await;
    let view = scene.responder.api.incident(1).await.unwrap();
    assert_eq!((view.tasks[0].state, view.level), (TaskState::Done, 3));
    let attached = |event: &IncidentEvent| matches!(event, IncidentEvent::Attached { file } if file.name == "disk.png");
    assert!(view.timeline.iter().any(|entry| attached(&entry.event)));
    for tab in [commander, operator, &room.approver, &room.second] {
        let complaints: Vec<_> = tab.complaints().into_iter().filter(|said| !said.contains("422")).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
    for browser in room.browsers {
        browser.close().await.unwrap();
    }
}

/// A task for the operator and a note that means them: they hear both without touching their page.
async fn share_out(commander: &Tab, operator: &Tab) {
    commander.click(&id("task-add")).await.unwrap();
    commander.fill("dialog[open] input", "Look whether the disk is full").await.unwrap();
    let operators = "[...document.querySelectorAll('dialog[open] select option')].find(o => o.innerText.trim() === 'Test operator')?.value";
    commander.until("the operator can be chosen", operators).await.unwrap();
    let value: String = commander.eval(operators).await.unwrap();
    commander.choose_option("dialog[open] select", &value).await.unwrap();
    commander.choose_option("dialog[open] .field:nth-of-type(3) select", "1800").await.unwrap();
    pictures(commander, "room-task-dialog").await;
    commander.click(&id("task-add-submit")).await.unwrap();
    commander.see(&id("task-1")).await.unwrap();
    to_notes(commander).await;
    commander.fill(".note-box textarea", "It began after the upgrade. ").await.unwrap();
    commander.type_text("@Test op").await.unwrap();
    commander.see(".mention-list li").await.unwrap();
    pictures(commander, "room-mention").await;
    to_notes(commander).await;
    commander.key("Enter").await.unwrap();
    let filled = "document.querySelector('.note-box textarea').value === 'It began after the upgrade. @Test operator '";
    commander.until("the name is written", filled).await.unwrap();
    commander.click(&id("note-submit")).await.unwrap();
    operator.read("added task 1 for Test operator").await.unwrap();
    operator.read("Your tasks").await.unwrap();
    operator.read("Test responder mentions you: It began after the upgrade.").await.unwrap();
    pictures(operator, "room-home").await;
    operator.press("Got it").await.unwrap();
}

/// The operator shows what they see and ends the task; the commander sees it come.
async fn work(commander: &Tab, operator: &Tab) {
    let base: String = operator.eval("location.origin").await.unwrap();
    operator.go(&format!("{base}/console/incidents/1")).await.unwrap();
    operator.ready().await.unwrap();
    to_notes(operator).await;
    drop_file(operator, "disk.png", DOT).await;
    commander.see("img.thumb").await.unwrap();
    let shown =
        "document.querySelector('img.thumb').complete && document.querySelector('img.thumb').naturalWidth === 1";
    commander.until("the picture is shown", shown).await.unwrap();
    drop_file(operator, "tool.exe", "TVqQAAMAAAA=").await;
    operator.read("this file is none of them").await.unwrap();
    pictures(operator, "room-files").await;
    operator.press("Put away").await.unwrap();
    operator.press("Done").await.unwrap();
    commander.read("Task 1 done").await.unwrap();
}

async fn tell_and_end(room: &Room) {
    let (commander, base) = (&room.commander, &room.scene.muster.base);
    ask(commander, "Post public update").await;
    commander.fill("dialog[open] textarea", "We have restored the database and watch it.").await.unwrap();
    commander.click(&id("update-submit")).await.unwrap();
    commander.until("it is told", "!document.querySelector('dialog[open]')").await.unwrap();
    eventually("strangers read it", async || {
        let (_, page) = room.scene.muster.stranger().unwrap().page("/").await.unwrap();
        page.contains("We have restored the database and watch it.")
    })
    .await
    .unwrap();
    ask(commander, "Resolve").await;
    commander.fill("dialog[open] textarea", "The rows are gone and the validator runs.").await.unwrap();
    commander.click(&id("resolve-submit")).await.unwrap();
    commander.until("it is resolved", &has_state("resolved")).await.unwrap();
    commander.click(&id("close")).await.unwrap();
    commander.fill("dialog[open] textarea", "A bigger disk is ordered.").await.unwrap();
    commander.click(&id("close-submit")).await.unwrap();
    commander.see(&id("closed")).await.unwrap();
    pictures(commander, "room-closed").await;
    room.operator.go(&format!("{base}/console/incidents/1")).await.unwrap();
    room.operator.read("A bigger disk is ordered.").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_while_the_line_is_cut_is_sent_once_when_it_is_back() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, &format!("/console/incidents/{n}")).await;
    tab.see(".note-box textarea").await.unwrap();
    tab.offline(true).await.unwrap();
    tab.read("Reconnecting… what you see is from").await.unwrap();
    to_notes(&tab).await;
    tab.fill(".note-box textarea", "The pump is off.").await.unwrap();
    tab.click(&id("note-submit")).await.unwrap();
    tab.see(&id("note-waits")).await.unwrap();
    to_notes(&tab).await;
    pictures(&tab, "room-offline").await;
    // Even a tab that is closed keeps it.
    let kept = format!("localStorage.getItem('muster-note-{n}')?.includes('The pump is off.')");
    assert!(tab.eval::<bool>(&kept).await.unwrap());
    let notes = async || {
        let timeline = scene.operator.api.incident(n).await.unwrap().timeline;
        timeline.iter().filter(|entry| matches!(entry.event, IncidentEvent::Noted { .. })).count()
    };
    assert_eq!(notes().await, 0);
    // Meanwhile others go on.
    scene.responder.api.acknowledge(n).await.unwrap();
    tab.offline(false).await.unwrap();
    tab.until("it was sent", "document.querySelector('.note-box textarea').value === ''").await.unwrap();
    tab.until("what happened meanwhile is shown", &has_state("acknowledged")).await.unwrap();
    tab.read("The pump is off.").await.unwrap();
    tab.until(
        "it is live again",
        &format!("document.querySelector({:?}).innerText.trim() === 'Live'", id("connection")),
    )
    .await
    .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(notes().await, 1, "once");
    assert!(tab.eval::<bool>(&format!("localStorage.getItem('muster-note-{n}') === null")).await.unwrap());
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_palette_finds_what_this_person_may_do_and_does_it() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.operator, &format!("/console/incidents/{n}")).await;
    tab.see(".note-box textarea").await.unwrap();
    tab.control('k').await.unwrap();
    tab.see(&id("palette")).await.unwrap();
    tab.type_text("ackn").await.unwrap();
    pictures(&tab, "room-palette").await;
    tab.key("Enter").await.unwrap();
    tab.until("it is acknowledged", &has_state("acknowledged")).await.unwrap();
    tab.control('k').await.unwrap();
    tab.see(&id("palette")).await.unwrap();
    tab.type_text("ta add").await.unwrap();
    tab.key("Enter").await.unwrap();
    tab.until("the dialog is open", "document.querySelector('dialog[open] h2')?.innerText.startsWith('Add a task')")
        .await
        .unwrap();
    tab.key("Escape").await.unwrap();
    tab.until("it is closed", "!document.querySelector('dialog[open]')").await.unwrap();
    // While one types, letters are letters.
    tab.click(".note-box textarea").await.unwrap();
    tab.key("c").await.unwrap();
    tab.until("it is typed", "document.querySelector('.note-box textarea').value === 'c'").await.unwrap();
    let elsewhere: String = tab.eval("location.pathname").await.unwrap();
    assert_eq!(elsewhere, format!("/console/incidents/{n}"));
    tab.control('k').await.unwrap();
    tab.see(&id("palette")).await.unwrap();
    tab.type_text("runs").await.unwrap();
    tab.key("Enter").await.unwrap();
    tab.until("the runs are open", "location.pathname === '/console/runs'").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();

    let viewer = scene.muster.persona(shared::domain::access::Role::Viewer).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &viewer, &format!("/console/incidents/{n}")).await;
    tab.see("#timeline").await.unwrap();
    tab.control('k').await.unwrap();
    for sought in ["declare", "resolve", "add task"] {
        tab.fill(&id("palette"), sought).await.unwrap();
        tab.read("No command has these words.").await.unwrap();
    }
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_level_follows_what_one_sees_until_one_chooses_another() {
    let scene = Scene::set().await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &scene, &scene.responder, "/console/incidents/new").await;
    let level = |n: u8| format!("document.querySelector('input[name=level]:checked')?.value === '{n}'");
    tab.choose("One node has failed").await.unwrap();
    tab.until("level 1 is suggested", &level(1)).await.unwrap();
    tab.choose("Data is corrupt").await.unwrap();
    tab.until("level 3 is suggested", &level(3)).await.unwrap();
    tab.read("Level 3, because you see: \"Data is corrupt\".").await.unwrap();
    tab.choose("Validator 1").await.unwrap();
    tab.read("Procedures that may help").await.unwrap();
    pictures(&tab, "room-criteria").await;
    tab.choose("Level 2").await.unwrap();
    tab.read("You chose level 2; by the plan it is level 3").await.unwrap();
    tab.click(&id("declare-submit")).await.unwrap();
    tab.until("the incident is open", "location.pathname === '/console/incidents/1'").await.unwrap();
    tab.read("Seen: One node has failed; Data is corrupt").await.unwrap();
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    chromium.close().await.unwrap();
}
