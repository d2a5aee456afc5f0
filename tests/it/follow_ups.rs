//! Follow-ups over HTTP: added, changed and ended, who is reminded when, and what is counted. The database's rows are moved in time,
//! nothing is slept.

use reqwest::StatusCode;
use shared::{
    api::{
        error::ErrorCode,
        follow_up::{FollowUpChangeIn, FollowUpEndIn, FollowUpIn, FollowUpView, FollowUpsShown},
    },
    domain::{
        access::Role,
        follow_up::{FollowUpState, Priority},
        text::TaskText,
    },
    ids::UserId,
    timestamp::Timestamp,
};
use tests::scene::{Scene, eventually, message, refused};

const DAY: u64 = 24 * 3600;

fn to_do(title: &str, owner: Option<UserId>, due_at: Option<Timestamp>) -> FollowUpIn {
    FollowUpIn { title: TaskText::parse(title).unwrap(), owner, due_at, priority: Priority::High }
}

fn end(one: &FollowUpView, state: FollowUpState, note: Option<&str>) -> FollowUpEndIn {
    FollowUpEndIn { version: one.version, state, note: note.map(message), link: None }
}

async fn subjects(scene: &Scene) -> Vec<(String, String)> {
    let mails = "SELECT recipient, subject FROM message WHERE subject LIKE 'Follow-up%' ORDER BY number";
    sqlx::query_as(mails).fetch_all(&scene.pool().await.unwrap()).await.unwrap()
}

/// As if that much time had gone by.
async fn later(scene: &Scene, days: i32) {
    let earlier = "UPDATE follow_up SET due_at = due_at - make_interval(days => $1), remind_at = remind_at - make_interval(days => $1),
                   added_at = added_at - make_interval(days => $1)";
    sqlx::query(earlier).bind(days).execute(&scene.pool().await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_owner_is_reminded_before_and_when_it_is_overdue_once_each() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    let due = scene.muster.store.now().await.unwrap().plus_seconds(3 * DAY);
    let api = &scene.responder.api;
    let one = api.add_follow_up(n, &to_do("Add a disk alarm", Some(scene.operator.id), Some(due)), "k").await.unwrap();
    let again =
        api.add_follow_up(n, &to_do("Add a disk alarm", Some(scene.operator.id), Some(due)), "k").await.unwrap();
    assert_eq!(one.number, again.number, "one effect for each key");
    assert!(!one.overdue && one.state == FollowUpState::Open);
    // A second server looks, too.
    let _second = scene.muster.another_server().await.unwrap();
    assert_eq!(subjects(&scene).await, []);
    later(&scene, 2).await;
    let reminded = |n: usize| {
        let scene = &scene;
        async move { subjects(scene).await.len() == n }
    };
    eventually("the owner is reminded a day before", || reminded(1)).await.unwrap();
    later(&scene, 2).await;
    eventually("the owner is told that it is overdue", || reminded(2)).await.unwrap();
    // The same sweep finds nothing any more.
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM follow_up WHERE remind_at IS NOT NULL")
        .fetch_one(&scene.pool().await.unwrap())
        .await
        .unwrap();
    assert_eq!(left, 0);
    let told = subjects(&scene).await;
    let owner = "Test operator".to_owned();
    assert_eq!(
        told,
        [
            (owner.clone(), format!("Follow-up {} is due soon: Add a disk alarm", one.number)),
            (owner, format!("Follow-up {} is overdue: Add a disk alarm", one.number)),
        ]
    );
    let overdue = scene.operator.api.follow_ups(FollowUpsShown::Overdue).await.unwrap().items;
    assert!(overdue.len() == 1 && overdue[0].overdue, "{overdue:?}");
    assert_eq!(scene.operator.api.follow_ups(FollowUpsShown::Mine).await.unwrap().items.len(), 1);
    assert_eq!(api.follow_ups(FollowUpsShown::Mine).await.unwrap().items, []);
    let counted = api.statistics(12).await.unwrap().follow_ups;
    assert_eq!((counted.open, counted.overdue), (1, 1));
    assert!(counted.oldest.is_some_and(|seconds| seconds >= 4 * i64::try_from(DAY).unwrap()), "{counted:?}");

    // Another time begins anew.
    let due = scene.muster.store.now().await.unwrap().plus_seconds(9 * DAY);
    let moved =
        FollowUpChangeIn { version: one.version, to: to_do("Add a disk alarm", Some(scene.operator.id), Some(due)) };
    let one = api.change_follow_up(one.number, &moved).await.unwrap();
    assert!(!one.overdue && one.version == 2);
    assert_eq!(refused(api.change_follow_up(one.number, &moved).await).code, ErrorCode::ContentChanged);
    let done = FollowUpEndIn { link: Some("https://git.example/pr/7".into()), ..end(&one, FollowUpState::Done, None) };
    let one = api.settle_follow_up(one.number, &done).await.unwrap();
    assert_eq!((one.state, one.link.as_deref()), (FollowUpState::Done, Some("https://git.example/pr/7")));
    let counted = api.statistics(12).await.unwrap().follow_ups;
    let month = counted.months.last().unwrap();
    assert_eq!((counted.open, month.ended, month.open), (0, 1, 0), "{counted:?}");
    assert!(month.half.is_some_and(|seconds| seconds >= 4 * i64::try_from(DAY).unwrap()));
}

#[tokio::test]
async fn what_is_not_sensible_is_refused_and_restricted_ones_are_seen_by_few() {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    let api = &scene.responder.api;
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let past = Some(Timestamp::from_unix(1_000_000_000));
    for (input, field) in [(to_do("x", Some(viewer.id), None), "owner"), (to_do("x", None, past), "due_at")] {
        let error = refused(api.add_follow_up(n, &input, field).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, field));
        assert!(error.message.contains("Nothing was added") || field == "due_at", "{}", error.message);
    }
    assert_eq!(refused(viewer.api.add_follow_up(n, &to_do("x", None, None), "v").await).code, ErrorCode::Forbidden);
    assert_eq!(refused(api.add_follow_up(4711, &to_do("x", None, None), "n").await).code, ErrorCode::NotFound);
    assert_eq!(api.follow_ups_of(n).await.unwrap().items, []);

    let one = api.add_follow_up(n, &to_do("Write it down", None, None), "k").await.unwrap();
    for (input, field) in [
        (end(&one, FollowUpState::Dropped, None), "note"),
        (FollowUpEndIn { link: Some("javascript:alert(1)".into()), ..end(&one, FollowUpState::Done, None) }, "link"),
    ] {
        let error = refused(api.settle_follow_up(one.number, &input).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, field));
    }
    let one = api.settle_follow_up(one.number, &end(&one, FollowUpState::Dropped, Some("not worth it"))).await.unwrap();
    assert_eq!(
        refused(api.settle_follow_up(one.number, &end(&one, FollowUpState::Dropped, Some("x"))).await).code,
        ErrorCode::NotNow
    );
    let change = FollowUpChangeIn { version: one.version, to: to_do("y", None, None) };
    assert_eq!(refused(api.change_follow_up(one.number, &change).await).code, ErrorCode::NotNow);
    let one = api.settle_follow_up(one.number, &end(&one, FollowUpState::Open, Some("it is after all"))).await.unwrap();
    assert_eq!((one.state, one.ended_at), (FollowUpState::Open, None));

    let body = serde_json::json!({"people": [], "reason": "private"});
    let (status, said) =
        scene.responder.http.raw("POST", &format!("/api/v1/incidents/{n}/restrict"), Some(body)).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(api.follow_ups(FollowUpsShown::Open).await.unwrap().items.len(), 1);
    assert_eq!(scene.operator.api.follow_ups(FollowUpsShown::Open).await.unwrap().items, [], "lists leave it out");
    assert_eq!(scene.operator.api.statistics(12).await.unwrap().follow_ups.open, 0);
    let change = FollowUpChangeIn { version: one.version, to: to_do("y", None, None) };
    assert_eq!(refused(scene.operator.api.change_follow_up(one.number, &change).await).code, ErrorCode::NotFound);
}
