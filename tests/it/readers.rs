//! What the public site says to programs, read by programs that others wrote: a feed parser and a Statuspage client from PyPI, without a
//! warning. And the addresses themselves: bytes, tags, who may fetch them.

use std::path::PathBuf;

use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};
use shared::{
    api::{
        incident::{ResolveIn, UpdateIn},
        maintenance::{MaintenanceComponentIn, MaintenanceEndIn, MaintenanceIn},
        status_page::LayoutIn,
    },
    domain::{
        access::Role,
        incident::PublicState,
        layout::{Layout, Placed, Section},
        text::{Name, Title},
    },
};
use tests::{
    muster::{Muster, declaration},
    persona::Http,
    scene::{eventually, message},
    testnet::root,
};
use tokio::process::Command;

const API: [&str; 8] = [
    "summary.json",
    "status.json",
    "components.json",
    "incidents.json",
    "incidents/unresolved.json",
    "scheduled-maintenances.json",
    "scheduled-maintenances/upcoming.json",
    "scheduled-maintenances/active.json",
];

async fn get(http: &Http, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = http.client.get(format!("{}{path}", http.base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn document(http: &Http, name: &str) -> Value {
    get(http, &format!("/api/v2/{name}"), &[]).await.json().await.unwrap()
}

async fn read(base: &str) -> Value {
    let directory =
        std::env::var_os("MUSTER_TEST_READERS").map_or_else(|| root().join("target/readers"), PathBuf::from);
    let mut command = Command::new(directory.join("bin/python3"));
    command.arg(root().join("tests/it/readers/read.py")).arg(base).kill_on_drop(true);
    let output = command.output().await.unwrap_or_else(|error| {
        panic!("{} cannot be started ({error}); `cargo xtask test` installs it", directory.display())
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A group, an incident that goes on, one that is over, and text that tries to be markup.
async fn furnished() -> (Muster, Http, [i64; 2]) {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let placed = |component: &str| Placed {
        system: "bt2c".into(),
        component: component.into(),
        name: None,
        description: None,
        hidden: false,
    };
    let chain = Section {
        id: None,
        name: Some(Name::parse("Chain").unwrap()),
        components: vec![placed("validator1"), placed("validator2")],
    };
    let layout = LayoutIn { layout: Layout { sections: vec![chain] }, base: 0 };
    operator.api.arrange_status_page(&layout).await.unwrap();
    let over = muster.declare(&operator, "validator2").await.unwrap().number;
    let end = ResolveIn {
        text: message("done"),
        public_text: Some(message("It makes blocks again.")),
        notify: true,
        despite: None,
    };
    operator.api.resolve(over, &end).await.unwrap();
    let mut body = declaration("validator1").unwrap();
    body.public.as_mut().unwrap().title = Title::parse("<b>Blocks</b> & \"more\" ]]> \u{fffe}").unwrap();
    let open = operator.api.declare(&body, "open").await.unwrap().number;
    let update = UpdateIn {
        state: PublicState::Identified,
        text: message("<script>alert(1)</script>\nSecond line"),
        notify: true,
        happened_at: None,
    };
    operator.api.post_update(open, &update).await.unwrap();
    let stranger = muster.stranger().unwrap();
    eventually("all of it is public", async || {
        get(&stranger, "/feed.atom", &[]).await.text().await.unwrap().contains("Second line")
    })
    .await
    .unwrap();
    (muster, stranger, [open, over])
}

#[tokio::test]
async fn a_feed_parser_and_a_statuspage_client_read_it_without_a_warning() {
    let (muster, _, [open, over]) = furnished().await;
    let understood = read(&muster.base).await;
    assert_eq!(understood["bozo"], Value::Null, "{understood}");
    assert_eq!((&understood["version"], &understood["again"]), (&json!("atom10"), &json!(304)));
    assert_eq!(understood["complaints"], json!([]));
    let entries = understood["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let origin = muster.state.settings.public_url.origin();
    for (entry, number) in entries.iter().zip([open, over]) {
        assert_eq!(entry["id"], json!(format!("{origin}/incidents/{number}")), "the newest first");
        assert_eq!((&entry["link"], &entry["dated"]), (&entry["id"], &json!(true)));
    }
    assert_eq!(entries[0]["title"], "Identified: <b>Blocks</b> & \"more\" ]]>".trim());
    let content = entries[0]["content"].as_str().unwrap();
    assert!(
        content.contains("&#60;script&#62;alert(1)&#60;/script&#62;") && content.contains("Second line"),
        "{content}"
    );
    assert!(entries[1]["content"].as_str().unwrap().contains("It makes blocks again."));

    let rss = &understood["rss"];
    assert_eq!((&rss["bozo"], &rss["version"]), (&Value::Null, &json!("rss20")), "{rss}");
    let items = rss["entries"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{rss}");
    for (item, entry) in items.iter().zip(entries) {
        assert_eq!(
            (&item[0], &item[2], &item[4]),
            (&entry["id"], &entry["title"], &json!(true)),
            "as in the other feed"
        );
        assert_eq!((&item[1], &item[3]), (&entry["link"], &entry["content"]));
    }

    let seen = &understood["seen"];
    assert_eq!((&seen["success"], &seen["raw_status"]), (&json!(true), &json!("critical")), "{seen}");
    let incidents = seen["incident_metadata"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "what is over is not active: {incidents:?}");
    assert_eq!(incidents[0]["shortlink"], json!(format!("{origin}/incidents/{open}")));
    assert_eq!(incidents[0]["affected_components"], json!(["Validator 1"]), "{incidents:?}");
    let named: Vec<_> = seen["component_metadata"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert!(named.contains(&&json!("Chain")) && named.contains(&&json!("Validator 2")), "{named:?}");
}

/// One to come, with a text that tries to be a calendar's line; one called off.
async fn announced(muster: &Muster) -> [i64; 2] {
    let operator = muster.persona(Role::Operator).await.unwrap();
    let now = muster.store.now().await.unwrap();
    let body = |title: &str, text: &str| MaintenanceIn {
        title: Title::parse(title).unwrap(),
        text: message(text),
        components: vec![MaintenanceComponentIn { system: "bt2c".into(), component: "validator1".into() }],
        from_at: now.plus_seconds(86_400),
        to_at: now.plus_seconds(90_000),
        notify: true,
    };
    let text = format!("First, line; \\n not one\r\nEND:VEVENT\nBEGIN:VEVENT {}", "ä".repeat(120));
    let ahead = operator.api.plan_maintenance(&body("Disks; all, \\of them", &text), "ahead").await.unwrap().number;
    let off = operator.api.plan_maintenance(&body("Never", "Not at all."), "off").await.unwrap().number;
    operator.api.cancel_maintenance(off, &MaintenanceEndIn { text: None, notify: true }).await.unwrap();
    [ahead, off]
}

#[tokio::test]
async fn a_calendar_program_and_a_statuspage_client_read_announced_maintenance() {
    let (muster, stranger, _) = furnished().await;
    let [ahead, off] = announced(&muster).await;
    eventually("both are public", async || {
        let text = get(&stranger, "/calendar.ics", &[]).await.text().await.unwrap();
        text.contains("STATUS:CANCELLED") && text.contains("STATUS:CONFIRMED")
    })
    .await
    .unwrap();
    let understood = read(&muster.base).await;
    assert_eq!((&understood["bozo"], &understood["complaints"]), (&Value::Null, &json!([])), "{understood}");
    let calendar = &understood["calendar"];
    assert_eq!((&calendar["name"], &calendar["errors"]), (&json!("BT2C status"), &json!([])));
    let events = calendar["events"].as_array().unwrap();
    assert_eq!(events.len(), 2, "{calendar}");
    let of = |number: i64| {
        let mine = |e: &&Value| e["uid"].as_str().unwrap().starts_with(&format!("maintenance-{number}@"));
        events.iter().find(mine).unwrap()
    };
    let event = of(ahead);
    assert_eq!(event["summary"], "Disks; all, \\of them", "{event}");
    let description = event["description"].as_str().unwrap();
    assert!(description.contains("First, line; \\n not one\nEND:VEVENT\nBEGIN:VEVENT ää"), "{description}");
    assert!(description.contains(&"ä".repeat(120)) && description.starts_with("Validator 1"), "{description}");
    let known = muster.store.maintenance_by_number(ahead).await.unwrap().maintenance.window;
    let whole = |at: shared::timestamp::Timestamp| at.to_string()[..19].to_owned() + "+00:00";
    assert_eq!((&event["from"], &event["to"]), (&json!(whole(known.from_at)), &json!(whole(known.to_at))));
    assert_eq!((&of(off)["status"], &of(off)["sequence"]), (&json!("CANCELLED"), &json!(1)));
    let titles: Vec<_> = understood["entries"].as_array().unwrap().iter().map(|e| e["title"].to_string()).collect();
    assert!(titles.iter().any(|t| t.contains("Maintenance scheduled: Disks")), "{titles:?}");

    let all = document(&stranger, "scheduled-maintenances.json").await["scheduled_maintenances"].clone();
    assert_eq!(all.as_array().unwrap().len(), 1, "what was called off is in no list: {all}");
    assert_eq!(document(&stranger, "scheduled-maintenances/upcoming.json").await["scheduled_maintenances"], all);
    assert_eq!(document(&stranger, "scheduled-maintenances/active.json").await["scheduled_maintenances"], json!([]));
    assert_eq!(document(&stranger, "summary.json").await["scheduled_maintenances"], all);
    let one = all[0].as_object().unwrap();
    let keys = one.keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys,
        "components created_at id impact incident_updates monitoring_at name page_id resolved_at scheduled_auto_completed \
         scheduled_auto_in_progress scheduled_for scheduled_remind_prior scheduled_until shortlink started_at status updated_at"
    );
    assert_eq!((&one["status"], &one["impact"]), (&json!("scheduled"), &json!("maintenance")));
    assert_eq!(one["components"][0]["name"], "Validator 1");
}

/// The names and types of the fields that Statuspage documents for its public API.
#[tokio::test]
async fn the_documents_have_the_shapes_of_statuspages_api() {
    let (_muster, stranger, _) = furnished().await;
    let summary = document(&stranger, "summary.json").await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&summary), "components incidents page scheduled_maintenances status");
    assert_eq!(keys(&summary["page"]), "id name time_zone updated_at url");
    assert_eq!(summary["status"], json!({"indicator": "critical", "description": "Some systems are unavailable"}));
    let components = summary["components"].as_array().unwrap();
    let of = |name: &str| components.iter().find(|c| c["name"] == name).unwrap();
    let (group, one) = (of("Chain"), of("Validator 1"));
    assert_eq!(
        keys(one),
        "created_at description group group_id id name only_show_if_degraded page_id position showcase start_date status updated_at"
    );
    assert_eq!((&group["group"], &group["status"]), (&json!(true), &json!("major_outage")), "the worst of its own");
    assert_eq!(group["components"], json!([one["id"], of("Validator 2")["id"]]));
    assert_eq!((&one["group_id"], &one["status"]), (&group["id"], &json!("major_outage")));
    let incident = &summary["incidents"][0];
    assert_eq!(
        keys(incident),
        "components created_at id impact incident_updates monitoring_at name page_id reminder_intervals resolved_at shortlink \
         started_at status updated_at"
    );
    assert_eq!((&incident["status"], &incident["impact"]), (&json!("identified"), &json!("critical")));
    assert_eq!(incident["components"][0]["id"], one["id"]);
    let update = &incident["incident_updates"][0];
    assert_eq!(
        keys(update),
        "affected_components body created_at custom_tweet deliver_notifications display_at id incident_id status tweet_id updated_at"
    );
    assert_eq!(update["incident_id"], incident["id"]);
    let all = document(&stranger, "incidents.json").await;
    let states: Vec<_> = all["incidents"].as_array().unwrap().iter().map(|i| &i["status"]).collect();
    assert_eq!(states, ["identified", "resolved"]);
    assert_eq!(document(&stranger, "incidents/unresolved.json").await["incidents"], summary["incidents"]);
    for name in API {
        let document = document(&stranger, name).await;
        assert_eq!(document["page"], summary["page"], "{name}");
        assert!(!document.to_string().contains("done"), "{name} tells what is internal: {document}");
    }
}

#[tokio::test]
async fn anybodys_program_may_fetch_them_and_who_has_them_gets_no_bytes() {
    let (muster, stranger, _) = furnished().await;
    let api = API.map(|name| format!("/api/v2/{name}"));
    let others = ["/feed.atom", "/calendar.ics", "/badge.svg", "/badge/validator1.svg", "/badge/bt2c.validator1.svg"]
        .map(str::to_owned);
    muster.database.cut().await.unwrap();
    for path in api.iter().chain(&others) {
        let first = get(&stranger, path, &[("origin", "https://elsewhere.example")]).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}, while the database is away");
        let header = |name: header::HeaderName| first.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*", "{path}");
        assert_eq!(header(header::CACHE_CONTROL), "public, max-age=0, must-revalidate", "{path}");
        assert!(header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"), "{path}");
        assert!(!first.headers().contains_key(header::SET_COOKIE), "{path}");
        let again = get(&stranger, path, &[("if-none-match", &header(header::ETAG))]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
    for path in ["/badge/nobody.svg", "/badge/validator1", "/api/v2/none.json", "/api/v2/incidents/none.json"] {
        assert_eq!(get(&stranger, path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
