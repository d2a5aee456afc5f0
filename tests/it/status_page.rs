//! The public page as people arrange it, and the history of its components: who may, what strangers then see, what is kept.

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{
        error::ErrorCode,
        incident::ResolveIn,
        status_page::{LayoutIn, StatusPageView},
    },
    domain::{
        access::Role,
        layout::{Layout, Placed, Section},
        status::Impact,
        text::{Caption, Name, Title},
        uptime::{ComponentState, DayKind, History},
    },
};
use store::ComponentRecord;
use tests::{
    muster::{Muster, declaration},
    scene::{Scene, eventually, message, refused},
};

fn name(text: &str) -> Option<Name> {
    Some(Name::parse(text).unwrap())
}

fn placed(component: &str) -> Placed {
    Placed { system: "bt2c".into(), component: component.into(), name: None, description: None, hidden: false }
}

fn group(text: &str, components: Vec<Placed>) -> LayoutIn {
    LayoutIn { layout: Layout { sections: vec![Section { id: None, name: name(text), components }] }, base: 0 }
}

async fn history(muster: &Muster, component: &str) -> History {
    let records = muster.store.component_records().await.unwrap();
    let found: Vec<ComponentRecord> = records.into_iter().filter(|r| r.component == component).collect();
    let [one] = found.try_into().unwrap();
    one.history
}

async fn known(muster: &Muster, component: &str) {
    eventually("the plan's components are known", async || {
        muster.store.component_records().await.unwrap().iter().any(|r| r.component == component)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_operator_arranges_what_strangers_see() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let before = operator.api.status_page().await.unwrap();
    assert_eq!((before.version, before.saved, before.layout.sections.len()), (0, None, 1));
    let all: Vec<_> = before.layout.sections[0].components.iter().map(|p| p.component.clone()).collect();
    assert!(all.contains(&"validator1".into()) && all.contains(&"validator2".into()), "{all:?}");

    let maker = Placed {
        name: name("Block maker"),
        description: Some(Caption::parse("Makes every other block").unwrap()),
        ..placed("validator2")
    };
    let hidden = Placed { hidden: true, name: name("Secret spare"), ..placed("validator1") };
    let saved = operator.api.arrange_status_page(&group("Chain", vec![maker, hidden])).await.unwrap();
    assert_eq!((saved.version, saved.saved.clone().unwrap().by.to_string()), (1, "Test operator".into()));
    assert!(saved.layout.sections[0].id.is_some(), "a group can be told apart for good");
    assert_eq!(saved, operator.api.status_page().await.unwrap());
    eventually("strangers see it", async || stranger.page("/").await.unwrap().1.contains("Block maker")).await.unwrap();
    let html = stranger.page("/").await.unwrap().1;
    assert!(html.contains("<span>Chain</span>") && html.contains("Makes every other block"), "{html}");
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    assert!(at("<span>Chain</span>") < at("Block maker"));
    assert!(!html.contains("Validator 2") && !html.contains("Validator 1") && !html.contains("Secret spare"), "{html}");

    // An incident of the hidden one brings neither name to light, and does not colour the page.
    let n = muster.declare(&operator, "validator1").await.unwrap().number;
    eventually("the incident is public", async || {
        stranger.page(&format!("/incidents/{n}")).await.unwrap().0 == StatusCode::OK
    })
    .await
    .unwrap();
    for path in ["/".to_owned(), format!("/incidents/{n}")] {
        let html = stranger.page(&path).await.unwrap().1;
        assert!(!html.contains("Validator 1") && !html.contains("Secret spare"), "{path}: {html}");
        assert!(!html.contains("Major outage"), "{path}: {html}");
    }
}

#[tokio::test]
async fn only_who_may_arranges_it_and_nonsense_changes_nothing() {
    let muster = Muster::start().await.unwrap();
    for role in [Role::Viewer, Role::Responder, Role::Approver] {
        let person = muster.persona(role).await.unwrap();
        assert_eq!(person.api.status_page().await.unwrap().version, 0);
        let no = refused(person.api.arrange_status_page(&group("Mine", vec![])).await);
        assert_eq!(no.code, ErrorCode::Forbidden, "{role:?}");
    }
    let operator = muster.persona(Role::Operator).await.unwrap();
    let no = refused(operator.api.arrange_status_page(&group("X", vec![placed("nobody")])).await);
    assert_eq!((no.code, no.fields[0].field.as_str()), (ErrorCode::Invalid, "sections[0].components[0].component"));
    assert!(no.message.contains("No plan has a component \"nobody\""), "{}", no.message);
    let twice = group("X", vec![placed("validator1"), placed("validator1")]);
    assert!(refused(operator.api.arrange_status_page(&twice).await).message.contains("named twice"));
    let long = json!({"base": 0, "layout": {"sections": [{"name": "x".repeat(101), "components": []}]}});
    let (status, body) = operator.http.raw("PUT", "/api/v1/status-page", Some(long)).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    for base in [-1, 1, i32::MAX] {
        let mut other = group("X", vec![]);
        other.base = base;
        assert_eq!(refused(operator.api.arrange_status_page(&other).await).code, ErrorCode::EditConflict, "{base}");
    }
    assert_eq!(operator.api.status_page().await.unwrap().version, 0);
}

#[tokio::test]
async fn who_saves_second_sees_what_the_first_one_saved() {
    let muster = Muster::start().await.unwrap();
    let (one, two) =
        (muster.persona(Role::Operator).await.unwrap(), muster.persona(Role::Administrator).await.unwrap());
    let (mine, theirs) = (group("Mine", vec![placed("validator1")]), group("Theirs", vec![placed("validator2")]));
    let (a, b) = tokio::join!(one.api.arrange_status_page(&mine), two.api.arrange_status_page(&theirs));
    let (saved, no) = match (a, b) {
        (Ok(saved), no) => (saved, refused(no)),
        (no, saved) => (saved.unwrap(), refused(no)),
    };
    assert_eq!(no.code, ErrorCode::EditConflict);
    let current: StatusPageView = serde_json::from_value(no.details.unwrap()).unwrap();
    assert_eq!(current, saved, "and nothing of the second one is mixed in");
    let over = LayoutIn { base: current.version, ..theirs };
    assert_eq!(two.api.arrange_status_page(&over).await.unwrap().version, 2);
}

#[tokio::test]
async fn an_outage_stays_in_the_days_it_touched() {
    let scene = Scene::set().await.unwrap();
    let muster = &scene.muster;
    let stranger = muster.stranger().unwrap();
    known(muster, "validator1").await;
    let mut internal = declaration("validator1").unwrap();
    internal.public = None;
    scene.responder.api.declare(&internal, "internal").await.unwrap();
    assert_eq!(history(muster, "validator1").await.state, ComponentState::WELL, "what is internal has no public state");

    let n = muster.declare(&scene.responder, "validator1").await.unwrap().number;
    assert_eq!(history(muster, "validator1").await.state.impact, Impact::MajorOutage);
    // As if it had begun two days ago, and been known for long.
    let pool = scene.pool().await.unwrap();
    sqlx::query(
        "UPDATE component_state SET changed_at = changed_at - interval '2 days', first_seen_at = first_seen_at - interval '200 days'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let end = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
    scene.responder.api.resolve(n, &end).await.unwrap();
    let kept = history(muster, "validator1").await;
    assert_eq!(kept.state, ComponentState::WELL);
    let seconds: Vec<_> = kept.days.iter().map(|(_, s)| s.major).collect();
    assert_eq!(seconds.len(), 3, "{kept:?}");
    assert_eq!(seconds[1], 86_400, "the whole day between");
    assert!((172_800..172_830).contains(&seconds.iter().sum::<u32>()), "{seconds:?}");
    let bars = kept.bars(muster.store.now().await.unwrap());
    assert_eq!(bars.iter().filter(|bar| bar.kind == DayKind::Major).count(), 3);
    assert!(history(muster, "validator2").await.days.is_empty(), "the others were well");

    eventually("strangers read it", async || stranger.page("/").await.unwrap().1.contains("major outage for 1 d"))
        .await
        .unwrap();
    let html = stranger.page("/").await.unwrap().1;
    let line = html.split("<span>Validator 1</span>").nth(1).unwrap();
    let line = line.split("</details>").next().unwrap();
    assert_eq!(line.matches("href=\"#d-critical\"").count(), 3, "{line}");
    assert_eq!(line.matches("<use href=\"#d-").count(), 90, "{line}");
    assert!(line.contains("97.7") && line.contains(" % uptime") && line.contains("3 days to tell about"), "{line}");
}

#[tokio::test]
async fn incidents_that_change_at_once_leave_a_component_as_the_last_one_says() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    for _ in 0..3 {
        let declare = async |n: u8| {
            let mut body = declaration("validator1").unwrap();
            body.title = Title::parse(&format!("number {n}")).unwrap();
            responder.api.declare(&body, &uuid::Uuid::now_v7().to_string()).await.unwrap().number
        };
        let (a, b, c) = tokio::join!(declare(1), declare(2), declare(3));
        let end = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
        responder.api.resolve(a, &end).await.unwrap();
        assert_eq!(history(&muster, "validator1").await.state.impact, Impact::MajorOutage, "two are still open");
        let (b, c) = tokio::join!(responder.api.resolve(b, &end), responder.api.resolve(c, &end));
        for done in [b, c] {
            done.unwrap();
        }
        assert_eq!(history(&muster, "validator1").await.state, ComponentState::WELL);
    }
}

#[tokio::test]
async fn several_servers_know_a_component_once() {
    let muster = Muster::start().await.unwrap();
    let _other = muster.another_server().await.unwrap();
    known(&muster, "validator1").await;
    let first = history(&muster, "validator1").await;
    let (store, plans) = (&muster.store, &muster.state.plans);
    let settle = || server::app::status_page::settle(store, plans);
    let (a, b, c) = tokio::join!(settle(), settle(), settle());
    for done in [a, b, c] {
        done.unwrap();
    }
    assert_eq!(history(&muster, "validator1").await, first);
    assert!(first.days.is_empty());
}
