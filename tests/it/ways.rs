//! One's own ways to be reached, over real receivers: a code first, then pages; signed webhooks, Slack, ntfy; what is refused.

use serde_json::Value;
use shared::{
    api::{
        contact::{WayIn, WayView},
        error::ErrorCode,
        run::GlassIn,
    },
    domain::{access::Role, outbox::Channel, run::RunState},
};
use tests::{
    mailbox::{Hook, Receiver},
    muster::Muster,
    persona::Persona,
    scene::{Scene, eventually, message, plan, refused},
};

async fn add(person: &Persona, channel: Channel, address: &str) -> (WayView, Option<String>) {
    let made = person.api.add_way(&WayIn { channel, address: address.to_owned() }).await.unwrap();
    (made.way, made.key)
}

fn code(text: &str) -> String {
    let at = text.find("The code is ").unwrap() + "The code is ".len();
    text[at..at + 6].to_owned()
}

async fn arrived(receiver: &Receiver, path: &str, n: usize) -> Vec<Hook> {
    eventually(&format!("{n} came to {path}"), async || receiver.to(path).len() >= n).await.unwrap();
    receiver.to(path)
}

async fn muster(receiver: &Receiver) -> Muster {
    let host = receiver.base.trim_start_matches("http://").to_owned();
    let muster = Muster::start_with(|to| to.outgoing = outgoing::rule::Allowed::parse(&host).unwrap()).await.unwrap();
    muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
    muster
}

#[tokio::test]
async fn a_way_is_paged_by_once_its_code_has_come_back() {
    let receiver = Receiver::start().await.unwrap();
    let muster = muster(&receiver).await;
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.local("ada@example.org", Role::Responder).await.unwrap();
    admin.api.set_contacts("bt2c", "System Administrator", &[ada.id]).await.unwrap();
    let (hook, key) = add(&ada, Channel::Webhook, &format!("{}/sms?to=1", receiver.base)).await;
    let (slack, none) = add(&ada, Channel::Slack, &format!("{}/services/secret", receiver.base)).await;
    let (ntfy, _) = add(&ada, Channel::Ntfy, &format!("{}/team/ada-calls", receiver.base)).await;
    add(&ada, Channel::Phone, "+49 30 1234567").await;
    assert!(none.is_none() && !slack.shown.contains("secret"), "{slack:?}");

    let codes = [
        code(arrived(&receiver, "/sms", 1).await[0].json()["text"].as_str().unwrap()),
        code(arrived(&receiver, "/services/secret", 1).await[0].json()["text"].as_str().unwrap()),
        code(arrived(&receiver, "/team", 1).await[0].json()["message"].as_str().unwrap()),
    ];
    let wrong = if codes[0] == "000000" { "000001" } else { "000000" };
    assert_eq!(refused(ada.api.confirm_way(hook.id, wrong).await).code, ErrorCode::Invalid);
    // Nobody else's way, and nothing is sent where no code has come back.
    assert_eq!(refused(admin.api.confirm_way(hook.id, &codes[0]).await).code, ErrorCode::NotFound);
    assert_eq!(admin.api.contacts("bt2c").await.unwrap().roles[0].people[0].pages_by, [Channel::Email]);
    for (way, code) in [&hook, &slack, &ntfy].into_iter().zip(&codes) {
        ada.api.confirm_way(way.id, code).await.unwrap();
    }
    let seen = &admin.api.contacts("bt2c").await.unwrap().roles[0].people[0];
    assert_eq!(seen.pages_by, [Channel::Email, Channel::Webhook, Channel::Slack, Channel::Ntfy]);
    assert_eq!(seen.phones, ["+49 30 1234567"]);

    receiver.answer("/sms", 503);
    let incident = muster.declare(&admin, "validator1").await.unwrap().number;
    let hooks = arrived(&receiver, "/sms", 3).await;
    let (failed, page) = (&hooks[1], &hooks[2]);
    let body = page.json();
    assert_eq!((body["purpose"].as_str(), body["incident"].as_i64()), (Some("page"), Some(incident)));
    assert_eq!((body["attempt"].as_i64(), body["may_be_repeat"].as_bool()), (Some(2), Some(false)));
    assert_eq!(body["recipient"]["phones"], serde_json::json!(["+49 30 1234567"]));
    let header = |hook: &Hook, name: &str| hook.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header(failed, "idempotency-key"), header(page, "idempotency-key"));
    assert!(page.is_signed_with(&key.unwrap()));
    let slack_text = arrived(&receiver, "/services/secret", 2).await[1].json();
    assert!(
        slack_text["text"].as_str().unwrap().contains(&format!("/console/incidents/{incident}|Open")),
        "{slack_text}"
    );
    let rung: Value = arrived(&receiver, "/team", 2).await[1].json();
    assert_eq!((rung["topic"].as_str(), rung["priority"].as_i64()), (Some("ada-calls"), Some(5)));

    // What lets one write there is nowhere but sealed.
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    let all: String = sqlx::query_scalar(
        "SELECT concat((SELECT string_agg(t::text, '') FROM message t), (SELECT string_agg(t::text, '') FROM way t),
                       (SELECT string_agg(entry, '') FROM audit_entry))",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(all.contains("ada@example.org") && !all.contains("services/secret") && !all.contains("ada-calls"), "{all}");

    ada.api.remove_way(hook.id).await.unwrap();
    assert_eq!(ada.api.own_ways().await.unwrap().items.len(), 3);
}

#[tokio::test]
async fn codes_are_not_guessed_and_addresses_inside_are_refused() {
    let receiver = Receiver::start().await.unwrap();
    let muster = muster(&receiver).await;
    let ada = muster.local("ada@example.org", Role::Responder).await.unwrap();
    for (channel, address) in [
        (Channel::Webhook, "ftp://example.org/"),
        (Channel::Webhook, "http://user:password@example.org/"),
        (Channel::Slack, "http://0x7f.1/"),
        (Channel::Email, "ada@example.org\r\nBcc: eve@example.org"),
        (Channel::Phone, "nobody"),
    ] {
        let way = WayIn { channel, address: address.into() };
        assert_eq!(refused(ada.api.add_way(&way).await).code, ErrorCode::Invalid, "{address}");
    }
    assert!(ada.api.own_ways().await.unwrap().items.is_empty(), "nothing half done");

    let (way, _) = add(&ada, Channel::Slack, &format!("{}/slack", receiver.base)).await;
    let right = code(arrived(&receiver, "/slack", 1).await[0].json()["text"].as_str().unwrap());
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(refused(ada.api.confirm_way(way.id, wrong).await).code, ErrorCode::Invalid);
    }
    assert_eq!(refused(ada.api.confirm_way(way.id, &right).await).code, ErrorCode::NotNow, "too many were tried");
    assert_eq!(refused(ada.api.send_way_code(way.id).await).code, ErrorCode::NotNow, "one has just been sent");

    // A name that leads inside is refused when it is looked up, for good, and the log says why.
    let (inside, _) = add(&ada, Channel::Webhook, "http://localhost:9/").await;
    let last = async || ada.api.own_ways().await.unwrap().items.into_iter().find(|w| w.id == inside.id).unwrap().last;
    let failed = async || last().await.is_some_and(|m| m.state == shared::domain::outbox::MessageState::Failed);
    eventually("it is refused", failed).await.unwrap();
    let said = last().await.unwrap().log.pop().unwrap().said;
    assert!(said.contains("this machine itself"), "{said}");
}

#[tokio::test]
async fn a_broken_glass_is_told_to_everybody_outside_of_the_console_too() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    scene.operator.prove().await.unwrap();
    let glass = GlassIn { content: run.content.unwrap(), reason: message("nobody answers") };
    scene.operator.api.break_glass(run.number, &glass).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let told = async || {
        let messages = scene.muster.store.message_list(tests::scene::EVERYTHING, 50).await.unwrap();
        let to: Vec<_> = messages.into_iter().filter(|m| m.subject.contains(&format!("run {}", run.number))).collect();
        [&scene.responder, &scene.operator, &scene.approver]
            .iter()
            .all(|who| to.iter().filter(|m| m.address == who.email).count() == 1)
    };
    eventually("everybody has one message", told).await.unwrap();
}
