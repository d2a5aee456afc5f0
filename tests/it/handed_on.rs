//! Texts to hand on, sent to the team's own webhook.

use server::outbox::handed_on::HandOn;
use shared::{
    api::{
        error::ErrorCode,
        post::{HandOnIn, HandedOnView},
    },
    domain::access::Role,
};
use tests::{
    mailbox::Receiver,
    muster::Muster,
    scene::{eventually, refused},
    testnet::root,
};

#[tokio::test]
async fn what_was_read_is_sent_to_the_teams_webhook_and_nothing_else_is() {
    let receiver = Receiver::start().await.unwrap();
    let key = "of the team, 0123456789";
    let hook = HandOn::parse(Some(&format!("{}/hook", receiver.base)), Some(key.into())).unwrap();
    let muster = Muster::start_with(|settings| settings.hand_on = hook).await.unwrap();
    let plan = std::fs::read_to_string(root().join("plans/bt2c/plan.md")).unwrap();
    muster.give_plan(&plan, "bt2c").await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let n = muster.declare(&operator, "validator1").await.unwrap().number;
    eventually("the page is made", async || operator.api.prepared_for_incident(n).await.is_ok()).await.unwrap();
    let texts = operator.api.prepared_for_incident(n).await.unwrap();
    assert_eq!(texts.webhook.as_deref(), Some("127.0.0.1"));
    let read = HandOnIn { post: texts.post.clone(), answer: texts.answer.clone() };
    let sent = operator.api.hand_on_incident(n, &read).await.unwrap();
    assert_eq!(sent, HandedOnView { sent: true, why: None });
    let hooks = receiver.to("/hook");
    let [hook] = &*hooks else { panic!("{hooks:?}") };
    let body = hook.json();
    assert_eq!((body["post"].as_str(), body["answer"].as_str()), (Some(&*texts.post), Some(&*texts.answer)));
    assert_eq!((body["about"].as_str(), body["number"].as_i64()), (Some("incident"), Some(n)));
    assert!(hook.is_signed_with(key));

    let other = HandOnIn { post: "Everything is fine.".into(), ..read.clone() };
    assert_eq!(refused(operator.api.hand_on_incident(n, &other).await).code, ErrorCode::ContentChanged);
    assert_eq!(receiver.to("/hook").len(), 1, "nothing that the page does not say");
    receiver.answer("/hook", 500);
    let failed = operator.api.hand_on_incident(n, &read).await.unwrap();
    assert!(!failed.sent && failed.why.unwrap().contains("500"));
    let page = muster.persona(Role::Administrator).await.unwrap().api.audit(None).await.unwrap();
    let actions: Vec<_> = page.items.iter().map(|entry| entry.entry.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "status.handed-on").count(), 2, "{actions:?}");
    assert_eq!(actions.iter().filter(|action| **action == "status.hand-on-failed").count(), 1, "{actions:?}");
    let none = Muster::start().await.unwrap();
    let operator = none.persona(Role::Operator).await.unwrap();
    let n = none.declare(&operator, "validator1").await.unwrap().number;
    eventually("the page is made", async || operator.api.prepared_for_incident(n).await.is_ok()).await.unwrap();
    assert_eq!(refused(operator.api.hand_on_incident(n, &read).await).code, ErrorCode::NotNow);
}
