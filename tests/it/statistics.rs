//! What incidents were like over time, added up from real ones whose instants were moved.

use shared::{api::error::ErrorCode, domain::access::Role};
use tests::scene::{Scene, refused};

#[tokio::test]
async fn incidents_are_added_up_by_month_level_and_component() {
    let scene = Scene::set().await.unwrap();
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    assert!(viewer.api.statistics(12).await.unwrap().months.is_empty());
    let pool = scene.pool().await.unwrap();
    // Level 1 answers within an hour and the validator's objective is ten minutes.
    for (minutes_to_answer, minutes_to_end) in [(10, Some(5)), (20, Some(20)), (90, None)] {
        let number = scene.declared().await.unwrap().number;
        scene.responder.api.acknowledge(number).await.unwrap();
        if minutes_to_end.is_some() {
            let body = serde_json::from_value(serde_json::json!({"text": "It runs."})).unwrap();
            scene.responder.api.resolve(number, &body).await.unwrap();
        }
        sqlx::query(
            "UPDATE incident SET declared_at = date_trunc('month', now(), 'UTC') - interval '10 days',
                    acknowledged_at = date_trunc('month', now(), 'UTC') - interval '10 days' + make_interval(mins => $2),
                    resolved_at = CASE WHEN resolved_at IS NOT NULL
                                  THEN date_trunc('month', now(), 'UTC') - interval '10 days' + make_interval(mins => $3) END
             WHERE number = $1",
        )
        .bind(number)
        .bind(minutes_to_answer)
        .bind(minutes_to_end.unwrap_or(0))
        .execute(&pool)
        .await
        .unwrap();
    }
    scene.declared().await.unwrap();
    let seen = viewer.api.statistics(12).await.unwrap();
    let counts: Vec<_> = seen.months.iter().map(|month| month.incidents.n).collect();
    assert_eq!(counts, [3, 1], "oldest first");
    let before = seen.months[0].incidents;
    assert_eq!((before.answered_half, before.answered_late), (Some(20 * 60), 1));
    assert_eq!((before.n_over, before.over_half), (2, Some(750)));
    assert_eq!((seen.levels[0].level, seen.levels[0].incidents.n), (1, 4));
    let component = &seen.components[0];
    assert_eq!((component.component.as_str(), component.name.as_str()), ("bt2c/validator1", "Validator 1"));
    assert_eq!((component.n, component.n_measured, component.missed), (4, 2, 1));
    // What only some may see is counted for them alone.
    let hidden = scene.declared().await.unwrap().number;
    let only = serde_json::from_value(serde_json::json!({"people": [], "reason": "somebody broke in"})).unwrap();
    scene.responder.api.restrict(hidden, &only).await.unwrap();
    let now = async |by: &tests::persona::Persona| by.api.statistics(1).await.unwrap().months[0].incidents.n;
    assert_eq!((now(&viewer).await, now(&scene.responder).await), (1, 2));
    // One month is this one, whatever day it is.
    assert_eq!(viewer.api.statistics(1).await.unwrap().months.len(), 1);
    for months in [0, 61] {
        assert_eq!(refused(viewer.api.statistics(months).await).code, ErrorCode::Invalid);
    }
}
