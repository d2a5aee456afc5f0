//! Tasks and mentions over HTTP: whose they are, who hears of it, two at once, and what is late. The rules have tables of their own
//! in the domain.

use shared::{
    api::{
        error::ErrorCode,
        incident::{CloseIn, CorrectionIn, NoteIn, ResolveIn},
        task::{TaskDeedIn, TaskIn, TaskVerb},
    },
    domain::{
        access::Role,
        incident::{Due, IncidentEvent, Task, TaskState},
        text::TaskText,
    },
    ids::UserId,
    timestamp::Timestamp,
};
use sqlx::PgPool;
use tests::{
    muster::Muster,
    persona::Persona,
    scene::{message, refused},
};
use uuid::Uuid;

async fn stage() -> (Muster, Persona, Persona, i64) {
    let muster = Muster::start().await.unwrap();
    let ada = muster.persona(Role::Responder).await.unwrap();
    let bob = muster.persona(Role::Operator).await.unwrap();
    let n = muster.declare(&ada, "validator1").await.unwrap().number;
    (muster, ada, bob, n)
}

fn task(text: &str, owner: Option<UserId>, due_at: Option<Timestamp>) -> TaskIn {
    TaskIn { text: TaskText::parse(text).unwrap(), owner, due_at }
}

async fn add(who: &Persona, n: i64, body: &TaskIn) -> Task {
    let view = who.api.add_task(n, body, &Uuid::new_v4().to_string()).await.unwrap();
    view.tasks.last().unwrap().clone()
}

async fn audited(muster: &Muster, prefix: &str) -> Vec<String> {
    let entries = muster.store.audit_list(None, 100).await.unwrap();
    let mut actions: Vec<String> = entries.into_iter().map(|entry| entry.entry.action).collect();
    actions.retain(|action| action.starts_with(prefix));
    actions.reverse();
    actions
}

/// What is about somebody and not put away, in the words of the events.
async fn heard(who: &Persona) -> Vec<(i64, IncidentEvent)> {
    who.api.nudges().await.unwrap().items.into_iter().map(|nudge| (nudge.number, nudge.entry.event)).collect()
}

#[tokio::test]
async fn a_task_goes_from_hand_to_hand_and_everybody_sees_where_it_is() {
    let (muster, ada, bob, n) = stage().await;
    let key = Uuid::new_v4().to_string();
    let body = task("look at the backup", None, None);
    for _ in 0..2 {
        let view = ada.api.add_task(n, &body, &key).await.unwrap();
        assert_eq!(view.tasks.len(), 1, "the same key makes one task");
    }
    let deeds = [
        TaskDeedIn::plain(1, TaskVerb::Take),
        TaskDeedIn { person: Some(bob.id), ..TaskDeedIn::plain(2, TaskVerb::HandTo) },
        TaskDeedIn {
            text: Some(TaskText::parse("restore the backup").unwrap()),
            ..TaskDeedIn::plain(3, TaskVerb::Change)
        },
        TaskDeedIn::plain(4, TaskVerb::Done),
        TaskDeedIn::plain(5, TaskVerb::Reopen),
        TaskDeedIn::plain(6, TaskVerb::Drop),
    ];
    let (last, before) = deeds.split_last().unwrap();
    for deed in before {
        ada.api.task(n, 1, deed).await.unwrap();
    }
    let own = bob.api.own_tasks().await.unwrap().items;
    assert_eq!((own[0].incident, own[0].task.text.as_str(), own.len()), (n, "restore the backup", 1));
    assert!(ada.api.own_tasks().await.unwrap().items.is_empty());
    let view = ada.api.task(n, 1, last).await.unwrap();
    assert_eq!((view.tasks[0].state, view.tasks[0].version), (TaskState::Dropped, 7));
    assert!(bob.api.own_tasks().await.unwrap().items.is_empty(), "what is over is nobody's");
    let told = view.timeline.iter().filter(|e| serde_json::to_value(&e.event).unwrap()["task"] == 1).count();
    assert_eq!(told, 7, "each is in the timeline");
    assert_eq!(
        audited(&muster, "incident.task").await,
        ["added", "taken", "handed-over", "changed", "done", "reopened", "dropped"]
            .map(|a| format!("incident.task-{a}"))
    );
}

#[tokio::test]
async fn of_two_who_change_a_task_the_slower_one_learns_what_it_is_now() {
    let (_muster, ada, bob, n) = stage().await;
    add(&ada, n, &task("look at the backup", None, None)).await;
    let deed = TaskDeedIn::plain(1, TaskVerb::Take);
    let (first, second) = tokio::join!(ada.api.task(n, 1, &deed), bob.api.task(n, 1, &deed));
    let (winner, late) = if first.is_ok() { (&ada, refused(second)) } else { (&bob, refused(first)) };
    assert_eq!(late.code, ErrorCode::NotNow);
    assert!(late.message.contains("meanwhile") && late.message.contains(&winner.me.name), "{}", late.message);
    let view = ada.api.incident(n).await.unwrap();
    assert_eq!(view.tasks[0].owner.as_ref().map(|owner| owner.id), Some(winner.id));
    assert_eq!(view.tasks[0].version, 2, "one of them changed it, once");
}

#[tokio::test]
async fn what_a_task_cannot_be_is_said_and_nothing_is_half_done() {
    let (muster, ada, _, n) = stage().await;
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let key = || Uuid::new_v4().to_string();
    let past = Timestamp::from_unix(1_000_000);
    let nobody = UserId(Uuid::nil());
    for (body, code, words) in [
        (task("x", Some(viewer.id), None), ErrorCode::Invalid, "may not handle incidents"),
        (task("x", Some(nobody), None), ErrorCode::Invalid, "nobody with this id"),
        (task("x", None, Some(past)), ErrorCode::NotNow, "past"),
    ] {
        let error = refused(ada.api.add_task(n, &body, &key()).await);
        assert_eq!(error.code, code);
        assert!(error.message.contains(words), "{}", error.message);
    }
    assert_eq!(refused(viewer.api.add_task(n, &task("x", None, None), &key()).await).code, ErrorCode::Forbidden);
    assert_eq!(refused(ada.api.add_task(99, &task("x", None, None), &key()).await).code, ErrorCode::NotFound);
    add(&ada, n, &task("look", None, None)).await;
    let text = Some(TaskText::parse("look again").unwrap());
    for (deed, code) in [
        (TaskDeedIn::plain(1, TaskVerb::HandTo), ErrorCode::Invalid),
        (TaskDeedIn::plain(1, TaskVerb::Change), ErrorCode::Invalid),
        (TaskDeedIn { text, ..TaskDeedIn::plain(1, TaskVerb::Done) }, ErrorCode::Invalid),
        (TaskDeedIn { person: Some(ada.id), ..TaskDeedIn::plain(1, TaskVerb::Take) }, ErrorCode::Invalid),
        (TaskDeedIn { person: Some(viewer.id), ..TaskDeedIn::plain(1, TaskVerb::HandTo) }, ErrorCode::Invalid),
        (TaskDeedIn::plain(1, TaskVerb::Reopen), ErrorCode::NotNow),
    ] {
        assert_eq!(refused(ada.api.task(n, 1, &deed).await).code, code, "{deed:?}");
    }
    assert_eq!(refused(ada.api.task(n, 7, &TaskDeedIn::plain(1, TaskVerb::Take)).await).code, ErrorCode::NotFound);
    let view = ada.api.incident(n).await.unwrap();
    assert_eq!((view.tasks.len(), view.tasks[0].version), (1, 1));
    assert_eq!(view.timeline.len(), 3, "declared, posted, and the one task");

    ada.api
        .resolve(n, &ResolveIn { text: message("restarted"), public_text: None, notify: true, despite: None })
        .await
        .unwrap();
    ada.api.task(n, 1, &TaskDeedIn::plain(1, TaskVerb::Take)).await.unwrap();
    assert_eq!(ada.api.own_tasks().await.unwrap().items.len(), 1, "what is left is found after it is resolved");
    ada.api.close(n, &CloseIn { text: message("nothing left") }).await.unwrap();
    assert!(ada.api.own_tasks().await.unwrap().items.is_empty());
    let closed = refused(ada.api.task(n, 1, &TaskDeedIn::plain(2, TaskVerb::Done)).await);
    assert!(closed.message.contains("closed"), "{}", closed.message);
}

#[tokio::test]
async fn a_task_that_is_late_is_loud_once_and_its_owner_hears_it() {
    let (muster, ada, bob, n) = stage().await;
    let due = Timestamp::new(muster.store.now().await.unwrap().inner()).plus_seconds(3600);
    add(&ada, n, &task("look at the backup", Some(bob.id), Some(due))).await;
    assert_eq!(heard(&bob).await.len(), 1, "it was given to them");
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    // As if it had been an hour and more.
    let earlier = "UPDATE incident SET next_due_at = now() - interval '1 s', tasks = jsonb_set(jsonb_set(tasks,
        '{0,due_at}', to_jsonb(to_char(now() - interval '1 min', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))),
        '{0,since}', to_jsonb(to_char(now() - interval '2 min', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')))";
    sqlx::query(earlier).execute(&pool).await.unwrap();
    let (a, b) = tokio::join!(server::app::overdue::sweep(&muster.store), server::app::overdue::sweep(&muster.store));
    a.unwrap();
    b.unwrap();
    server::app::overdue::sweep(&muster.store).await.unwrap();
    let view = ada.api.incident(n).await.unwrap();
    let late = |event: &IncidentEvent| matches!(event, IncidentEvent::Overdue { due: Due::Task { task: 1 }, .. });
    let told: Vec<_> = view.timeline.iter().filter(|entry| late(&entry.event)).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(audited(&muster, "incident.overdue").await.len(), 1);
    let heard = heard(&bob).await;
    assert!(heard.len() == 2 && late(&heard[0].1), "newest first: {heard:?}");
    let messages: i64 = sqlx::query_scalar("SELECT count(*) FROM message WHERE user_id = $1 AND purpose = 'notice'")
        .bind(bob.id.0)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(messages, 2, "and by message");
}

#[tokio::test]
async fn a_correction_tells_those_whom_it_means_newly() {
    let (_muster, ada, bob, n) = stage().await;
    let first = format!("@{} look", ada.me.name);
    let view = ada.api.note(n, &NoteIn::of(message(&first))).await.unwrap();
    let entry = view.timeline.last().unwrap().seq;
    let second = format!("@{} and @{} look", ada.me.name, bob.me.name);
    let correct = |from: &str, to: &str| CorrectionIn { entry, instead_of: message(from), text: message(to) };
    let view = ada.api.correct(n, &correct(&first, &second)).await.unwrap();
    assert!(
        matches!(&view.timeline.last().unwrap().event, IncidentEvent::Corrected { mentions, .. } if mentions.len() == 1)
    );
    assert_eq!(heard(&bob).await.len(), 1);
    ada.api.correct(n, &correct(&second, &format!("{second} again"))).await.unwrap();
    assert_eq!((heard(&bob).await.len(), heard(&ada).await.len()), (1, 0), "who was meant already is not told again");
}

#[tokio::test]
async fn who_is_mentioned_hears_it_until_they_put_it_away() {
    let (muster, ada, bob, n) = stage().await;
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let text = format!("@{} and @{}: the disk is full", bob.me.name, ada.me.name);
    let note = |text: &str, mentions: Vec<UserId>| NoteIn { text: message(text), mentions };
    ada.api.note(n, &note(&text, vec![bob.id, ada.id, bob.id])).await.unwrap();
    let [nudge] = &bob.api.nudges().await.unwrap().items[..] else { panic!("one") };
    assert_eq!((nudge.incident, nudge.entry.by.user()), (n, Some(ada.id)));
    assert!(heard(&ada).await.is_empty(), "nobody is told what they said themselves");
    assert!(heard(&viewer).await.is_empty());

    for (body, words) in [
        (note("nobody is named", vec![bob.id]), "does not mention"),
        (note("@Nobody", vec![UserId(Uuid::nil())]), "nobody with this id"),
        (note(&text, vec![bob.id; 31]), "at most 30"),
    ] {
        let error = refused(ada.api.note(n, &body).await);
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.message.contains(words), "{}", error.message);
    }
    assert_eq!(heard(&bob).await.len(), 1);

    assert_eq!(refused(viewer.api.put_nudge_away(nudge.number).await).code, ErrorCode::NotFound, "not theirs");
    for _ in 0..2 {
        bob.api.put_nudge_away(nudge.number).await.unwrap();
    }
    assert!(heard(&bob).await.is_empty());
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE app_user SET active = false WHERE id = $1").bind(bob.id.0).execute(&pool).await.unwrap();
    let gone = refused(ada.api.note(n, &note(&text, vec![bob.id])).await);
    assert!(gone.message.contains("nobody with this id"), "{}", gone.message);
    let readers = ada.api.incident_readers(n).await.unwrap().items;
    assert!(readers.iter().any(|p| p.id == viewer.id) && readers.iter().all(|p| p.id != bob.id));
}
