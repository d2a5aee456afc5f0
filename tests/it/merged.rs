//! Incidents that are the same and incidents that have to do with each other, over HTTP: what moves when one is merged, what ends, what
//! strangers are told, and that links go both ways. Restricted ones have tests of their own.

use reqwest::{Client, StatusCode};
use serde_json::json;
use shared::{
    api::{
        alert::{SourceIn, SourceSettingsIn},
        error::ErrorCode,
        incident::{DeclareIn, NoteIn, ReopenIn},
        related::{MergeIn, RelationIn},
        run::RunRequestIn,
        task::TaskIn,
    },
    domain::{
        access::Role,
        alert::{Consequence, Declaration, Rule, SourceKind},
        incident::{IncidentEvent, IncidentState},
        status::Impact,
        text::{Name, TaskText},
    },
};
use tests::{
    muster::{Muster, declaration},
    persona::Persona,
    scene::{PROCEDURE, PROJECT, Scene, message, refused},
};
use uuid::Uuid;

fn key() -> String {
    Uuid::new_v4().to_string()
}

async fn internal(who: &Persona) -> i64 {
    let body = DeclareIn { public: None, ..declaration("validator1").unwrap() };
    who.api.declare(&body, &key()).await.unwrap().number
}

fn into(into: i64) -> MergeIn {
    MergeIn { into, reason: Some(message("the same disk")), public_text: None }
}

#[tokio::test]
async fn what_is_merged_ends_and_its_runs_and_tasks_go_on_in_the_other() {
    let scene = Scene::set().await.unwrap();
    let ada = &scene.responder;
    let (one, other) = (internal(ada).await, internal(ada).await);
    let alike = ada.api.incident(one).await.unwrap().links.alike;
    assert_eq!((alike[0].other.number, alike[0].component.as_str()), (other, "Validator 1"));
    let task = TaskIn { text: TaskText::parse("look at the disk").unwrap(), owner: Some(ada.id), due_at: None };
    ada.api.add_task(one, &task, &key()).await.unwrap();
    let run = scene.operator.api.request_run(one, &RunRequestIn::of(PROCEDURE), &key()).await.unwrap().number;

    let merged = ada.api.merge(one, &into(other)).await.unwrap();
    assert_eq!((merged.state, merged.merged_into), (IncidentState::Closed, Some(other)));
    assert!(merged.clocks.iter().all(|clock| clock.stopped_at.is_some()), "{:?}", merged.clocks);
    assert_eq!(merged.links.merged_into.unwrap().number, other);
    assert!(merged.timeline.iter().any(|entry| matches!(entry.event, IncidentEvent::Run { .. })), "its story stays");
    let view = ada.api.incident(other).await.unwrap();
    assert_eq!(view.runs.iter().map(|row| (row.number, row.incident)).collect::<Vec<_>>(), [(run, one)]);
    assert_eq!(view.tasks.iter().map(|task| task.text.as_str()).collect::<Vec<_>>(), ["look at the disk"]);
    assert_eq!(view.links.duplicates[0].number, one);
    assert_eq!(ada.api.own_tasks().await.unwrap().items.len(), 1, "once");
    assert!(view.timeline.iter().any(|entry| entry.event == IncidentEvent::TookIn { duplicate: one }));

    // There is no way back, and no detour.
    let reopen = ReopenIn { reason: message("no"), public_text: None, notify: true };
    assert_eq!(refused(ada.api.reopen(one, &reopen).await).code, ErrorCode::NotNow);
    assert_eq!(refused(ada.api.merge(one, &into(other)).await).code, ErrorCode::NotNow);
    assert_eq!(refused(ada.api.merge(other, &into(one)).await).code, ErrorCode::NotNow);
    for wrong in [other, 424_242] {
        let error = refused(ada.api.merge(other, &into(wrong)).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "into"));
    }
    // A third takes in both.
    let third = internal(ada).await;
    ada.api.merge(other, &into(third)).await.unwrap();
    assert_eq!(ada.api.incident(third).await.unwrap().runs[0].number, run);
    // What was said there can still be added to.
    ada.api.note(one, &NoteIn::of(message("a late word"))).await.unwrap();
}

#[tokio::test]
async fn what_strangers_see_does_not_end_without_a_word_to_them() {
    let muster = Muster::start().await.unwrap();
    let ada = muster.persona(Role::Responder).await.unwrap();
    let one = muster.declare(&ada, "validator1").await.unwrap().number;
    let other = internal(&ada).await;
    let error = refused(ada.api.merge(one, &into(other)).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "public_text"));
    assert!(ada.api.incident(one).await.unwrap().state.open(), "nothing was done");
    let text = "We go on with this elsewhere.";
    let body = MergeIn { public_text: Some(message(text)), ..into(other) };
    ada.api.merge(one, &body).await.unwrap();
    muster.state.public.refresh(&muster.store).await.unwrap();
    let (status, page) = muster.stranger().unwrap().page(&format!("/incidents/{one}")).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(text) && page.contains("Resolved"), "{page}");
    assert!(!page.contains("the same disk"), "the reason is for the team");
    let error = refused(ada.api.merge(other, &MergeIn { public_text: Some(message(text)), ..into(one) }).await);
    assert_eq!(error.code, ErrorCode::NotNow, "it is over");
}

#[tokio::test]
async fn alerts_of_what_was_merged_follow_to_the_other() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let declares =
        Consequence::Declare(Declaration { level: 2, components: vec!["validator1".into()], impact: Impact::Degraded });
    let settings = SourceSettingsIn {
        name: Name::parse("watchdog").unwrap(),
        mapping: None,
        rules: vec![Rule { when: vec![], then: declares }],
        beat: None,
        muted_until: None,
    };
    let body = SourceIn { kind: SourceKind::Generic, settings };
    let source = admin.api.make_alert_source(PROJECT, &body).await.unwrap();
    let send = async |state: &str| {
        let event = json!({"key": "disk", "state": state, "title": "disk is full"});
        let answer = Client::new().post(&source.address).json(&event).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    };
    send("firing").await;
    let one = admin.api.incidents(None).await.unwrap().items[0].number;
    let other = internal(&admin).await;
    admin.api.merge(one, &into(other)).await.unwrap();
    assert!(admin.api.alerts_of(one).await.unwrap().items.is_empty());
    assert_eq!(admin.api.alerts_of(other).await.unwrap().items.len(), 1);
    send("resolved").await;
    send("firing").await;
    assert_eq!(admin.api.incidents(None).await.unwrap().items.len(), 2, "it joins instead of declaring");
    let events: Vec<_> = admin.api.incident(other).await.unwrap().timeline.into_iter().map(|e| e.event).collect();
    assert!(events.iter().any(|event| matches!(event, IncidentEvent::AlertEnded { .. })), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, IncidentEvent::AlertFired { .. })), "{events:?}");
    let after = admin.api.incident(one).await.unwrap().timeline;
    assert!(matches!(after.last().unwrap().event, IncidentEvent::Merged { .. }), "nothing more happens there");
}

#[tokio::test]
async fn a_link_goes_both_ways_and_says_who_made_it() {
    let muster = Muster::start().await.unwrap();
    let ada = muster.persona(Role::Responder).await.unwrap();
    let (one, other) = (internal(&ada).await, internal(&ada).await);
    let relation = |other, related| RelationIn { other, related };
    ada.api.relate(other, &relation(one, true)).await.unwrap();
    for (of, seen) in [(one, other), (other, one)] {
        let view = ada.api.incident(of).await.unwrap();
        assert_eq!((view.links.related[0].other.number, view.links.related[0].by.user()), (seen, Some(ada.id)));
        assert!(view.links.alike.is_empty(), "what is known is not suggested");
        assert_eq!(view.timeline.last().unwrap().event, IncidentEvent::Related { other: seen });
    }
    assert_eq!(refused(ada.api.relate(one, &relation(other, true)).await).code, ErrorCode::NotNow);
    for wrong in [one, 424_242] {
        assert_eq!(refused(ada.api.relate(one, &relation(wrong, true)).await).fields[0].field, "other");
    }
    let view = ada.api.relate(one, &relation(other, false)).await.unwrap();
    assert!(view.links.related.is_empty());
    assert_eq!(refused(ada.api.relate(one, &relation(other, false)).await).code, ErrorCode::NotNow);
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(refused(viewer.api.relate(one, &relation(other, true)).await).code, ErrorCode::Forbidden);
}
