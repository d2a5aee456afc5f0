//! The plan in the editor: what one types is compiled at once, a line link moves the cursor, two people at once lose nothing, and a
//! crash keeps the text. Which diagnostics there are is the compiler's business.

use shared::{
    api::plan::PlanIn,
    domain::{access::Role, text::Message},
};
use tests::{
    browser::{Chromium, Tab, id},
    muster::Muster,
    scene::plan,
};

const PAGE: &str = "/console/plan/bt2c/edit";
const FIELD: &str = "document.querySelector('[data-testid=plan-text]')";

async fn sign_in(chromium: &Chromium, muster: &Muster, (email, password): &(String, String)) -> Tab {
    let tab = chromium.open(&format!("{}/login?next={PAGE}", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", email).await.unwrap();
    tab.fill("input[type=password]", password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.see(&id("plan-text")).await.unwrap();
    tab
}

/// Replaces the whole text as if it was typed.
async fn type_text(tab: &Tab, text: &str) {
    tab.fill(&id("plan-text"), text).await.unwrap();
}

async fn value(tab: &Tab) -> String {
    tab.eval(&format!("{FIELD}.value")).await.unwrap()
}

async fn save(tab: &Tab, reason: &str) {
    tab.click(&id("plan-save")).await.unwrap();
    tab.fill("dialog[open] textarea", reason).await.unwrap();
    tab.click(&id("plan-save-send")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_edited_with_the_compiler_looking_on_and_nothing_typed_is_lost() {
    // Windows line ends: the browser's field does not know them, the file keeps them.
    let first = plan().unwrap().replace('\n', "\r\n");
    let muster = Muster::start_with_plan(&first, "bt2c").await.unwrap();
    let account = muster.account(Role::Administrator).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = sign_in(&chromium, &muster, &account).await;
    let shown = first.replace("\r\n", "\n");
    assert_eq!(value(&tab).await, shown);
    tab.read("There is nothing to save.").await.unwrap();

    // What would change, in words.
    let edited = shown.replacen("docker-compose restart validator1", "docker-compose restart validator2", 1);
    type_text(&tab, &edited).await;
    tab.read("Step 3: changed").await.unwrap();
    tab.read("Unsaved changes").await.unwrap();
    tab.keep_picture("plan-editor").await.unwrap();

    // A finding leads to its line; a text with errors cannot be saved.
    let wrong = edited.replacen("| Single Node | 10 minutes", "| Single Node | ten moons", 1);
    assert_ne!(wrong, edited);
    type_text(&tab, &wrong).await;
    let line = wrong.lines().position(|line| line.contains("ten moons")).unwrap() + 1;
    let link = format!(
        "[...document.querySelectorAll('.desk-findings .line-link')].find(e => e.innerText.startsWith('Line {line}'))"
    );
    tab.until("the finding is there", &link).await.unwrap();
    tab.until("the link is followed", &format!("({link}.click(), true)")).await.unwrap();
    tab.until(
        "the cursor is on the line",
        &format!("document.querySelector('.pad-at').innerText.startsWith('Line {line} of')"),
    )
    .await
    .unwrap();
    tab.until("the field has the focus", &format!("document.activeElement === {FIELD}")).await.unwrap();

    // A crash: the page goes without a word, the text is there again.
    type_text(&tab, &edited).await;
    tab.read("Step 3: changed").await.unwrap();
    let again = chromium.open(&format!("{}{PAGE}", muster.base)).await.unwrap();
    again.read("did not save").await.unwrap();
    assert_eq!(value(&again).await, edited);

    // Saved with a reason, byte for byte.
    save(&again, "The second validator is the one that fails.").await;
    again.read("Saved as version 2").await.unwrap();
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let now = administrator.api.plan("bt2c").await.unwrap();
    assert_eq!((now.version, now.source.as_str()), (2, edited.replace('\n', "\r\n").as_str()));

    another_is_faster(&muster, &administrator, &again, &edited).await;
    for tab in [&tab, &again] {
        assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    }
    chromium.close().await.unwrap();
}

/// Somebody saves by API while one types: one's own text stays, both are shown, and one goes on.
async fn another_is_faster(muster: &Muster, administrator: &tests::persona::Persona, tab: &Tab, edited: &str) {
    // Far from theirs, so that both can be joined.
    let mine = edited.replacen("Muster compiles this document.", "Mine.", 1);
    type_text(tab, &mine).await;
    let theirs = PlanIn {
        source: format!("{}\r\nTheirs.\r\n", edited.replace('\n', "\r\n")),
        reason: Message::parse("in a hurry").unwrap(),
        base_version: 2,
    };
    administrator.api.save_plan("bt2c", &theirs).await.unwrap();
    tab.read("saved version 3 while you were writing").await.unwrap();
    save(tab, "my own reason").await;
    tab.see(&id("plan-conflict")).await.unwrap();
    tab.read("“in a hurry”").await.unwrap();
    assert_eq!(value(tab).await, mine);
    tab.click(&id("plan-join")).await.unwrap();
    save(tab, "my own reason").await;
    tab.read("Saved as version 4").await.unwrap();
    let joined = administrator.api.plan("bt2c").await.unwrap().source;
    assert!(joined.contains("\r\nMine.\r\n") && joined.ends_with("\r\nTheirs.\r\n"), "{joined}");

    tab.go(&format!("{}/console/plan/bt2c/versions", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.read("in a hurry").await.unwrap();
    tab.press("Version 2").await.unwrap();
    tab.read("What changed since version 1").await.unwrap();
    tab.read("Step 3: changed").await.unwrap();
    tab.until(
        "the line that went and the line that came",
        "document.querySelectorAll('.diff del, .diff ins').length === 2",
    )
    .await
    .unwrap();
    tab.keep_picture("plan-version").await.unwrap();
}
