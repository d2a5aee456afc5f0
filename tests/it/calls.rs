//! People called for an incident, over a real mail server: who, when, until somebody answers; what is lost on the way; who may say
//! who is called.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use shared::{
    api::{
        contact::MessageView,
        error::ErrorCode,
        incident::{LevelIn, ReopenIn, ResolveIn},
    },
    domain::{
        access::Role,
        escalation::Why,
        outbox::{Channel, DeliveryEvent, MessageState, Purpose},
    },
};
use tests::{
    muster::Muster,
    persona::Persona,
    scene::{eventually, message, refused},
};

use super::team::Team;

fn log(message: &MessageView) -> Vec<DeliveryEvent> {
    message.log.iter().map(|line| line.event).collect()
}

#[tokio::test]
async fn a_level_3_calls_everybody_at_once_and_an_answer_ends_it() {
    let team = Team::set().await;
    let incident = team.declare(3).await;
    let calls = team.called(incident, 3).await;
    assert!(calls.iter().all(|call| call.messages[0].state == MessageState::Sent), "{calls:?}");
    let mails = team.mail.to("ada@example.org");
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.subject, format!("Level 3: validator1 is down (incident {incident})"));
    assert_eq!(mail.from, "Muster <calls@example.org>");
    assert!(mail.headers.iter().any(|name| name == "Auto-Submitted") && mail.id.starts_with("<muster-"), "{mail:?}");
    let link = format!("{}/console/incidents/{incident}", team.muster.base);
    assert!(mail.text.contains(&link) && mail.text.contains("Affected: Validator 1: major outage."), "{}", mail.text);
    assert_eq!(team.reasons(incident).await, [(team.names().to_vec(), Why::Level { level: 3 })]);
    assert!(team.calls(incident).await.next_at.is_some(), "nobody has answered");

    team.bob.api.acknowledge(incident).await.unwrap();
    eventually("nobody is called any more", async || team.calls(incident).await.next_at.is_none()).await.unwrap();
    let answered: Vec<_> = team.calls(incident).await.items.into_iter().filter(|c| c.answered_at.is_some()).collect();
    assert_eq!(answered.len(), 1, "{answered:?}");
    assert_eq!(answered[0].name, team.bob.me.name);
    team.later(7200).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(team.mail.mails().len(), 3, "who answered is not called again");
    let audit = team.dora.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    for action in ["incident.paged", "message.sent", "contacts.set"] {
        assert!(audit.contains(action), "{action}");
    }
}

#[tokio::test]
async fn without_an_answer_the_backup_follows_and_then_everybody_and_two_servers_call_once() {
    let team = Team::set().await;
    let _other = team.muster.another_server().await.unwrap();
    let incident = team.declare(1).await;
    let [ada, bob, cleo] = team.names();
    assert_eq!(team.called(incident, 1).await[0].name, ada);
    team.later(1800).await;
    team.called(incident, 2).await;
    team.later(1800).await;
    team.called(incident, 5).await;
    let reasons = team.reasons(incident).await;
    let expected = [vec![ada.clone()], vec![bob.clone()], vec![ada.clone(), bob, cleo]];
    assert_eq!(reasons.iter().map(|(names, _)| names.clone()).collect::<Vec<_>>(), expected);
    assert!(
        matches!(&reasons[1].1, Why::NoAnswer { from, seconds } if *from == [ada] && (1800..1830).contains(seconds)),
        "{reasons:?}"
    );
    assert_eq!(team.mail.mails().len(), 5, "one mail for each call, although two servers look");
    // Resolved counts as answered.
    let body = json!({"text": "it came back"});
    team.ada.http.raw("POST", &format!("/api/v1/incidents/{incident}/resolve"), Some(body)).await.unwrap();
    eventually("nobody is called any more", async || team.calls(incident).await.next_at.is_none()).await.unwrap();
}

#[tokio::test]
async fn who_cannot_be_reached_is_not_waited_for() {
    let team = Team::with("refused@example.org").await;
    let incident = team.declare(1).await;
    let calls = team.called(incident, 2).await;
    let [ada, bob, _] = team.names();
    assert_eq!((calls[0].name.clone(), calls[0].messages[0].state), (bob, MessageState::Sent));
    assert_eq!((calls[1].name.clone(), calls[1].messages[0].state), (ada.clone(), MessageState::Failed));
    let said = &calls[1].messages[0].log.last().unwrap().said;
    assert!(said.contains("there is no such box"), "{said}");
    assert_eq!(team.reasons(incident).await[1].1, Why::NotReached { from: vec![ada] });
}

#[tokio::test]
async fn what_may_have_arrived_is_sent_again_and_says_so() {
    let team = Team::with("cut@example.org").await;
    let incident = team.declare(1).await;
    let so = async || team.mail.to("cut@example.org").len() == 2;
    eventually("it was sent again", so).await.unwrap();
    let calls = team.called(incident, 1).await;
    let log: Vec<_> = calls[0].messages[0].log.iter().map(|line| line.event).collect();
    use DeliveryEvent as E;
    assert_eq!(log, [E::Queued, E::Begun, E::MaybeSent, E::Repeated, E::Sent]);
    let mails = team.mail.to("cut@example.org");
    assert_eq!(mails[0].id, mails[1].id, "a mail program can tell");
    assert!(
        !mails[0].text.contains("already") && mails[1].text.contains("You may have this message already"),
        "{mails:?}"
    );
}

#[tokio::test]
async fn what_is_not_taken_now_is_tried_again() {
    let team = Team::with("busy@example.org").await;
    let incident = team.declare(1).await;
    let calls = team.called(incident, 1).await;
    let message = &calls[0].messages[0];
    assert_eq!((message.state, message.attempts), (MessageState::Sent, 2));
    let mails = team.mail.to("busy@example.org");
    assert!(mails.len() == 1 && !mails[0].text.contains("already"), "nothing had arrived: {mails:?}");
}

#[tokio::test]
async fn whoever_dies_while_sending_leaves_a_maybe_and_cannot_speak_later() {
    // Without a server: nobody else claims.
    let mut team = Team::set().await;
    team.muster.stop_server().await.unwrap();
    let mut tx = team.muster.store.begin().await.unwrap();
    let new = store::NewMessage {
        dedup: "one",
        purpose: Purpose::Test,
        user: Some(team.ada.id),
        recipient: "Ada",
        channel: Channel::Email,
        way: None,
        address: "ada@example.org",
        subject: "s",
        body: "b",
        link: None,
        incident: None,
        page: None,
        drill_call: None,
        secret: None,
    };
    assert!(tx.message_add(&new).await.unwrap().is_some());
    assert!(tx.message_add(&new).await.unwrap().is_none(), "the same cause writes it once");
    tx.commit().await.unwrap();
    let store = &team.muster.store;
    let first = store.messages_claim(10, 0.3).await.unwrap();
    assert_eq!((first.len(), first[0].repeats), (1, false));
    assert!(store.messages_claim(10, 0.3).await.unwrap().is_empty(), "it is in somebody's hands");
    tokio::time::sleep(Duration::from_millis(400)).await;
    let second = store.messages_claim(10, 30.0).await.unwrap();
    assert_eq!((second.len(), second[0].repeats), (1, true));
    let due = store.message_due_in(60.0).await.unwrap();
    assert!((20.0..=30.0).contains(&due), "it is looked at again when its lease ends, in {due} s");
    let sent = shared::domain::outbox::after(&shared::domain::outbox::Outcome::Sent, 1);
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.message_settle(&first[0], &sent, "").await.unwrap(), "the first one comes too late");
    assert!(tx.message_settle(&second[0], &sent, "").await.unwrap());
    tx.commit().await.unwrap();
    let all = store.message_list(tests::scene::EVERYTHING, 10).await.unwrap();
    use DeliveryEvent as E;
    assert_eq!(log(&all[0]), [E::Queued, E::Begun, E::MaybeSent, E::Repeated, E::Sent]);
    let due = store.message_due_in(60.0).await.unwrap();
    assert!(due > 59.0, "with nothing left to send, the database is left alone, and not for {due} s");
}

#[tokio::test]
async fn a_higher_level_calls_anew_even_if_somebody_has_it() {
    let team = Team::set().await;
    let incident = team.declare(1).await;
    team.called(incident, 1).await;
    team.ada.api.acknowledge(incident).await.unwrap();
    let raise = |level| LevelIn { level, reason: message("it is worse") };
    team.ada.api.change_level(incident, &raise(3)).await.unwrap();
    team.called(incident, 4).await;
    eventually("once is enough", async || team.calls(incident).await.next_at.is_none()).await.unwrap();
    team.ada.api.change_level(incident, &raise(2)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(team.calls(incident).await.items.len(), 4, "a lower level calls nobody");
}

#[tokio::test]
async fn what_is_back_calls_people_again_and_once() {
    let team = Team::set().await;
    let incident = team.declare(1).await;
    team.called(incident, 1).await;
    team.ada.api.acknowledge(incident).await.unwrap();
    let over = ResolveIn { text: message("restarted"), public_text: None, notify: true, despite: None };
    team.ada.api.resolve(incident, &over).await.unwrap();
    let back = ReopenIn { reason: message("it is down again"), public_text: None, notify: true };
    team.bob.api.reopen(incident, &back).await.unwrap();
    team.called(incident, 2).await;
    eventually("whoever reopened it has answered", async || team.calls(incident).await.next_at.is_none())
        .await
        .unwrap();
    assert_eq!(team.calls(incident).await.items.len(), 2);
}

#[tokio::test]
async fn without_a_mail_server_mail_is_kept_and_the_console_says_so() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.local("ada@example.org", Role::Responder).await.unwrap();
    let before = muster.declare(&admin, "validator1").await.unwrap().number;
    assert!(admin.api.calls(before).await.unwrap().nobody, "no role has anybody yet");
    let view = admin.api.set_contacts("bt2c", "Security Officer", &[ada.id]).await.unwrap();
    assert!(view.mail_refused.unwrap().contains("MUSTER_SMTP_URL"));
    admin.api.test_contact("bt2c", ada.id).await.unwrap();
    let kept =
        async || admin.api.contacts("bt2c").await.unwrap().messages.iter().any(|m| m.state == MessageState::Kept);
    eventually("it is kept", kept).await.unwrap();
}

#[tokio::test]
async fn who_may_see_and_say_who_is_called() {
    let muster = Muster::start().await.unwrap();
    let (viewer, responder, admin) = tokio::try_join!(
        muster.persona(Role::Viewer),
        muster.persona(Role::Responder),
        muster.persona(Role::Administrator)
    )
    .unwrap();
    assert_eq!(refused(viewer.api.contacts("bt2c").await).code, ErrorCode::Forbidden);
    let seen = responder.api.contacts("bt2c").await.unwrap();
    assert!(seen.change_refused.is_some() && seen.candidates.is_empty(), "{seen:?}");
    let roles: Vec<_> = seen.roles.iter().map(|role| role.role.as_str()).collect();
    assert_eq!(roles, ["System Administrator", "Database Administrator", "Security Officer"]);
    let set = async |who: &Persona, role: &str, people: &[shared::ids::UserId]| {
        who.api.set_contacts("bt2c", role, people).await
    };
    assert_eq!(refused(set(&responder, "Security Officer", &[responder.id]).await).code, ErrorCode::Forbidden);
    assert_eq!(refused(set(&admin, "cook", &[responder.id]).await).code, ErrorCode::NotFound);
    for people in [&[responder.id, responder.id][..], &[shared::ids::UserId(uuid::Uuid::nil())]] {
        assert_eq!(refused(set(&admin, "Security Officer", people).await).code, ErrorCode::Invalid);
    }
    assert!(
        admin.api.contacts("bt2c").await.unwrap().roles.iter().all(|role| role.people.is_empty()),
        "nothing half done"
    );
    assert_eq!(refused(admin.api.test_contact("bt2c", responder.id).await).code, ErrorCode::Invalid);
    let (status, _) = admin.http.raw("GET", "/api/v1/incidents/4711/calls", None).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}
