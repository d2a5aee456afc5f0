//! Announced maintenance: who may plan it, what happens to it by the clock, what strangers then read, what it does to a component's
//! history.

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{
        error::ErrorCode,
        incident::{CloseIn, ResolveIn},
        maintenance::{
            MaintenanceComponentIn, MaintenanceEndIn, MaintenanceIn, MaintenancePostIn, MaintenanceTimesIn,
            MaintenanceView,
        },
        post::{FillIn, TemplateIn},
        status_page::LayoutIn,
    },
    domain::{
        access::Role,
        layout::{Layout, Placed, Section},
        maintenance::{MaintenanceEvent, MaintenanceState},
        status::Impact,
        template::About,
        text::{Name, Title},
        uptime::{ComponentState, History},
    },
    timestamp::Timestamp,
};
use sqlx::PgPool;
use tests::{
    muster::Muster,
    persona::{Http, Persona},
    scene::{eventually, message, refused},
};

const WORKED_ON: ComponentState = ComponentState { impact: Impact::Operational, maintenance: true };

async fn now(muster: &Muster) -> Timestamp {
    muster.store.now().await.unwrap()
}

fn moved(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(at.unix_ms() + seconds * 1000)
}

/// From so many seconds from now to so many.
async fn work(muster: &Muster, component: &str, from: i64, to: i64) -> MaintenanceIn {
    let now = now(muster).await;
    MaintenanceIn {
        title: Title::parse("New disks").unwrap(),
        text: message("Both nodes get **new disks**."),
        components: vec![MaintenanceComponentIn { system: "bt2c".into(), component: component.into() }],
        from_at: moved(now, from),
        to_at: moved(now, to),
        notify: true,
    }
}

/// As a person plans it; what begins before now is under way at once.
pub(crate) async fn planned(muster: &Muster, by: &Persona, component: &str, from: i64, to: i64) -> MaintenanceView {
    let body = work(muster, component, from, to).await;
    by.api.plan_maintenance(&body, &uuid::Uuid::new_v4().to_string()).await.unwrap()
}

async fn history(muster: &Muster, component: &str) -> Option<History> {
    let records = muster.store.component_records().await.unwrap();
    records.into_iter().find(|r| r.component == component).map(|r| r.history)
}

async fn until_state(by: &Persona, number: i64, state: MaintenanceState) -> MaintenanceView {
    eventually(state.name(), async || by.api.maintenance(number).await.unwrap().state == state).await.unwrap();
    by.api.maintenance(number).await.unwrap()
}

async fn until_read(stranger: &Http, path: &str, text: &str) -> String {
    eventually(text, async || stranger.page(path).await.unwrap().1.contains(text)).await.unwrap();
    stranger.page(path).await.unwrap().1
}

fn told(view: &MaintenanceView) -> Vec<String> {
    let name = |event: &MaintenanceEvent| serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned();
    view.log.iter().map(|entry| format!("{} {}", entry.by, name(&entry.event))).collect()
}

#[tokio::test]
async fn announced_work_opens_and_closes_by_itself_once_though_two_servers_watch() {
    let muster = Muster::start().await.unwrap();
    let _other = muster.another_server().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let number = planned(&muster, &operator, "validator1", 4, 3600).await.number;
    let path = format!("/maintenance/{number}");
    let html = until_read(&stranger, "/", "Planned maintenance").await;
    assert!(html.contains(&format!("href=\"{path}\"")) && html.contains("All systems operational"), "{html}");

    until_state(&operator, number, MaintenanceState::UnderWay).await;
    assert_eq!(history(&muster, "validator1").await.unwrap().state, WORKED_ON);
    let html = until_read(&stranger, "/", "Under maintenance").await;
    assert!(html.contains("Maintenance is under way") && html.contains("Maintenance under way"), "{html}");
    assert!(html.contains("<strong>new disks</strong>"), "what was written is read as Markdown: {html}");
    let html = until_read(&stranger, &path, "The maintenance has begun.").await;
    assert!(html.contains("Under way") && html.contains("Announced"), "{html}");

    let update = MaintenancePostIn { text: message("One node is done."), notify: true };
    operator.api.post_maintenance(number, &update, "once").await.unwrap();
    operator.api.post_maintenance(number, &update, "once").await.unwrap();
    let from_at = operator.api.maintenance(number).await.unwrap().from_at;
    let to_at = moved(now(&muster).await, 2);
    let sooner =
        MaintenanceTimesIn { from_at, to_at, text: Some(message("It is faster than we thought.")), notify: true };
    operator.api.move_maintenance(number, &sooner).await.unwrap();
    let view = until_state(&operator, number, MaintenanceState::Completed).await;
    let by = &operator.me.name;
    let expected = [
        format!("{by} planned"),
        "Muster begun".into(),
        format!("{by} posted"),
        format!("{by} moved"),
        "Muster finished".into(),
    ];
    assert_eq!(told(&view), expected, "each once");
    assert!(view.ended_at.unwrap() >= to_at && view.offers.iter().all(|offer| !offer.open()));
    let history = history(&muster, "validator1").await.unwrap();
    assert_eq!(history.state, ComponentState::WELL);
    assert!(history.days.iter().map(|(_, held)| held.maintenance).sum::<u32>() > 0, "{history:?}");
    assert_eq!(history.uptime(now(&muster).await), Some(10_000), "announced work is not down");
    let html = until_read(&stranger, &path, "The maintenance is completed.").await;
    for said in ["One node is done.", "It is faster than we thought.", "New times"] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(until_read(&stranger, "/history", "Past maintenance").await.contains("New disks"));
    let chief = muster.persona(Role::Administrator).await.unwrap();
    let audit = chief.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    for action in ["planned", "begun", "posted", "moved", "finished"] {
        assert_eq!(audit.matches(&format!("maintenance.{action}")).count(), 1, "{action}");
    }
}

#[tokio::test]
async fn an_incident_in_a_window_says_the_worse_word_and_a_closed_one_says_nothing_more() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let view = planned(&muster, &operator, "validator1", -30, 3600).await;
    assert_eq!(view.state, MaintenanceState::UnderWay, "what begins now has begun");
    let incident = muster.declare(&operator, "validator1").await.unwrap().number;
    let both = ComponentState { impact: Impact::MajorOutage, maintenance: true };
    assert_eq!(history(&muster, "validator1").await.unwrap().state, both);
    let html = until_read(&stranger, "/", "Major outage").await;
    assert!(!html.contains("Under maintenance") && html.contains("Some systems are unavailable"), "{html}");

    let end = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
    operator.api.resolve(incident, &end).await.unwrap();
    assert_eq!(history(&muster, "validator1").await.unwrap().state, WORKED_ON);
    operator.api.close(incident, &CloseIn { text: message("away with it") }).await.unwrap();
    // Something else changes what is so with the system's components.
    let other = muster.declare(&operator, "validator2").await.unwrap().number;
    operator.api.resolve(other, &end).await.unwrap();
    assert_eq!(history(&muster, "validator1").await.unwrap().state, WORKED_ON, "a closed incident is not open");
    until_read(&stranger, "/", "Under maintenance").await;

    let second = planned(&muster, &operator, "validator1", -30, 3600).await;
    operator.api.finish_maintenance(view.number, &MaintenanceEndIn { text: None, notify: true }).await.unwrap();
    assert_eq!(history(&muster, "validator1").await.unwrap().state, WORKED_ON, "the other window is still open");
    let last = MaintenanceEndIn { text: Some(message("All disks are new.")), notify: true };
    operator.api.finish_maintenance(second.number, &last).await.unwrap();
    assert_eq!(history(&muster, "validator1").await.unwrap().state, ComponentState::WELL);
    until_read(&stranger, &format!("/maintenance/{}", second.number), "All disks are new.").await;
}

#[tokio::test]
async fn only_who_may_plans_it_and_nonsense_announces_nothing() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let good = work(&muster, "validator1", 7200, 9000).await;
    for role in [Role::Viewer, Role::Responder, Role::Approver] {
        let person = muster.persona(role).await.unwrap();
        assert_eq!(refused(person.api.plan_maintenance(&good, "x").await).code, ErrorCode::Forbidden, "{role:?}");
        assert!(person.api.maintenances().await.unwrap().items.is_empty());
    }
    let at = now(&muster).await;
    let wrong = [
        (MaintenanceIn { components: vec![], ..good.clone() }, "components"),
        (work(&muster, "nobody", 7200, 9000).await, "components[0].component"),
        (
            MaintenanceIn { components: [good.components.clone(), good.components.clone()].concat(), ..good.clone() },
            "components[1].component",
        ),
        (MaintenanceIn { from_at: moved(at, -3600), ..good.clone() }, "from_at"),
        (MaintenanceIn { to_at: good.from_at, ..good.clone() }, "to_at"),
        (MaintenanceIn { to_at: moved(at, 40 * 86_400), ..good.clone() }, "to_at"),
    ];
    for (body, field) in wrong {
        let no = refused(operator.api.plan_maintenance(&body, "wrong").await);
        assert_eq!((no.code, no.fields[0].field.as_str()), (ErrorCode::Invalid, field), "{}", no.message);
        assert!(no.message.starts_with("Nothing was changed."), "{}", no.message);
    }
    let turned = json!({"title": "a\u{202e}b", "text": "x", "components": good.components, "from_at": good.from_at, "to_at": good.to_at});
    let (status, body) = operator.http.raw("POST", "/api/v1/maintenance", Some(turned)).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert!(operator.api.maintenances().await.unwrap().items.is_empty());

    let text = message("{{title}} on {{components}} from {{from}} to {{to}}: {{page}} {{started}}");
    let kept = TemplateIn { name: Name::parse("Work").unwrap(), about: About::Maintenance, state: None, text };
    operator.api.add_template(&kept).await.unwrap();
    let with = FillIn {
        title: "Disks".into(),
        components: vec!["Validator 1".into(), "Database".into()],
        from_at: good.from_at,
        to_at: good.to_at,
        number: Some(7),
    };
    eventually("the page is made", async || operator.api.templates_for_work(&with).await.is_ok()).await.unwrap();
    let filled = operator.api.templates_for_work(&with).await.unwrap().items.remove(0).text;
    assert!(filled.starts_with("Disks on Validator 1 and Database from "), "{filled}");
    assert!(filled.contains(" UTC to ") && filled.ends_with("/maintenance/7 {{started}}"), "{filled}");
    let one = operator.api.plan_maintenance(&good, "again").await.unwrap();
    assert_eq!(operator.api.plan_maintenance(&good, "again").await.unwrap().number, one.number, "the same request");
    let end = MaintenanceEndIn { text: None, notify: true };
    let no = refused(operator.api.finish_maintenance(one.number, &end).await);
    assert_eq!((no.code, no.message.as_str()), (ErrorCode::NotNow, "It has not begun yet; cancel it instead."));
    let back = MaintenanceTimesIn { from_at: moved(at, -7200), to_at: moved(at, 7200), text: None, notify: true };
    assert_eq!(refused(operator.api.move_maintenance(one.number, &back).await).fields[0].field, "from_at");
    assert_eq!(refused(operator.api.maintenance(424_242).await).code, ErrorCode::NotFound);
    assert_eq!(refused(operator.api.cancel_maintenance(424_242, &end).await).code, ErrorCode::NotFound);
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let seen = viewer.api.maintenance(one.number).await.unwrap();
    assert!(seen.offers.iter().all(|offer| !offer.open()), "{:?}", seen.offers);
    let cancelled = operator.api.cancel_maintenance(one.number, &end).await.unwrap();
    assert_eq!((cancelled.state, cancelled.log.len()), (MaintenanceState::Cancelled, 2));
    for no in [
        refused(operator.api.cancel_maintenance(one.number, &end).await),
        refused(operator.api.move_maintenance(one.number, &back).await),
        refused(
            operator
                .api
                .post_maintenance(one.number, &MaintenancePostIn { text: message("x"), notify: true }, "late")
                .await,
        ),
    ] {
        assert_eq!((no.code, no.message.as_str()), (ErrorCode::NotNow, "This maintenance was cancelled."));
    }
    assert_eq!(history(&muster, "validator1").await.map(|h| h.days), Some(vec![]), "it never was");
}

/// As if it had been planned a day ago, to begin within the hour.
async fn nearer(muster: &Muster, number: i64) {
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    let soon = moved(now(muster).await, 3540).to_string();
    sqlx::query("ALTER TABLE maintenance_event DISABLE TRIGGER ALL").execute(&pool).await.unwrap();
    let events = "UPDATE maintenance_event SET at = at - interval '1 day',
                         event = CASE WHEN event ? 'window' THEN jsonb_set(event, '{window,from_at}', to_jsonb($2::text)) ELSE event END
                  WHERE maintenance = $1";
    sqlx::query(events).bind(number).bind(soon).execute(&pool).await.unwrap();
    let row = "UPDATE maintenance SET next_due_at = now() WHERE number = $1";
    sqlx::query(row).bind(number).execute(&pool).await.unwrap();
}

#[tokio::test]
async fn people_are_reminded_an_hour_before_and_a_move_reminds_anew() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let number = planned(&muster, &operator, "validator1", 7200, 9000).await.number;
    until_read(&stranger, "/", "Planned maintenance").await;
    assert!(!stranger.page("/").await.unwrap().1.contains("Begins soon"));
    for n in 1..=2 {
        nearer(&muster, number).await;
        eventually("they were reminded", async || {
            let log = operator.api.maintenance(number).await.unwrap().log;
            log.iter().filter(|entry| entry.event == MaintenanceEvent::Reminded).count() == n
        })
        .await
        .unwrap();
        until_read(&stranger, "/", "Begins soon").await;
        let at = now(&muster).await;
        let later = MaintenanceTimesIn {
            from_at: moved(at, 7200),
            to_at: moved(at, 9000 + i64::try_from(n).unwrap()),
            text: None,
            notify: true,
        };
        operator.api.move_maintenance(number, &later).await.unwrap();
    }
}

#[tokio::test]
async fn strangers_read_markdown_without_markup_and_nothing_of_hidden_components() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let hidden =
        Placed { system: "bt2c".into(), component: "validator2".into(), name: None, description: None, hidden: true };
    let layout = Layout { sections: vec![Section { id: None, name: None, components: vec![hidden] }] };
    operator.api.arrange_status_page(&LayoutIn { layout, base: 0 }).await.unwrap();
    let mut body = work(&muster, "validator2", -30, 3600).await;
    body.title = Title::parse("<b>Disks</b>").unwrap();
    body.text = message("<script>alert(1)</script>\n\n[x](javascript:alert(1)) *soon*");
    let number = operator.api.plan_maintenance(&body, "hidden").await.unwrap().number;
    let html = until_read(&stranger, &format!("/maintenance/{number}"), "&#60;b&#62;Disks&#60;/b&#62;").await;
    assert!(html.contains("<em>soon</em>") && html.contains("&lt;script&gt;"), "{html}");
    assert!(!html.contains("javascript:") && !html.contains("Validator 2") && !html.contains("<script>"), "{html}");
    let html = stranger.page("/").await.unwrap().1;
    assert!(!html.contains("Validator 2") && !html.contains("Under maintenance<"), "{html}");
    for path in ["/maintenance/0", "/maintenance/01", "/maintenance/x", "/maintenance/999"] {
        assert_eq!(stranger.page(path).await.unwrap().0, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/feed.atom", "/calendar.ics", "/api/v2/summary.json"] {
        let text = stranger.page(path).await.unwrap().1;
        assert!(text.contains("Disks") && !text.contains("Validator 2"), "{path}: {text}");
        assert!(!text.contains(operator.me.name.as_str()), "{path} says who did it: {text}");
    }
}

#[tokio::test]
async fn work_that_is_over_stays_reachable_however_much_there_was() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let first = planned(&muster, &operator, "validator1", 3600, 7200).await.number;
    let off = || MaintenanceEndIn { text: None, notify: false };
    operator.api.cancel_maintenance(first, &off()).await.unwrap();
    for _ in 0..100 {
        let number = planned(&muster, &operator, "validator1", 3600, 7200).await.number;
        operator.api.cancel_maintenance(number, &off()).await.unwrap();
    }
    until_read(&stranger, &format!("/maintenance/{}", first + 100), "Cancelled").await;
    until_read(&stranger, &format!("/maintenance/{first}"), "Cancelled").await;
    // One that has just started has not seen it pass.
    let other = muster.another_server().await.unwrap();
    let newcomer = Http::new(&other.base).unwrap();
    let path = format!("/maintenance/{first}");
    let there = async || newcomer.page(&path).await.unwrap().0 == StatusCode::OK;
    eventually("the other server has it, too", there).await.unwrap();
}
