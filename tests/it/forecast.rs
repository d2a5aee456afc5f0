//! When a run will be over, by runs of before: said when enough is known, warned of once, and measured afterwards.

use shared::{
    api::incident::IncidentView,
    domain::{
        incident::{IncidentEvent, RunMoment},
        run::RunState,
    },
};
use tests::scene::{Scene, eventually};
use worker::host::simulated::{Fault, Op};

fn warnings(incident: &IncidentView) -> usize {
    let late = |event: &IncidentEvent| matches!(event, IncidentEvent::Run { moment: RunMoment::Late, .. });
    incident.timeline.iter().filter(|entry| late(&entry.event)).count()
}

#[tokio::test]
async fn three_runs_foretell_the_fourth_which_warns_once_and_each_says_what_it_took() {
    let scene = Scene::set().await.unwrap();
    let _other = scene.muster.another_server().await.unwrap();
    let _worker = scene.worker();
    let incident = scene.declared().await.unwrap();
    for known in 0..3 {
        let asked = scene.request(incident.number).await.unwrap();
        let waiting = scene.until(asked.number, RunState::AwaitingApproval).await.unwrap();
        let forecast = waiting.forecast.clone().unwrap();
        assert_eq!((forecast.forecast.runs, forecast.forecast.latest_at, forecast.late), (known, None, false));
        scene.consent(&waiting).await.unwrap();
        let done = scene.until(waiting.number, RunState::Succeeded).await.unwrap();
        assert_eq!(done.forecast, None);
        let times = done.times.unwrap();
        let ended = done.ended_at.unwrap();
        assert_eq!(times.from_request_seconds, ended.seconds_since(done.requested_at));
        let one = &times.components[0];
        assert_eq!((one.component.as_str(), one.promised_seconds), ("Validator 1", Some(600)));
        assert_eq!(one.from_start_seconds, ended.seconds_since(incident.declared_at));
    }
    let asked = scene.request(incident.number).await.unwrap();
    let waiting = scene.until(asked.number, RunState::AwaitingApproval).await.unwrap();
    let foreseen = waiting.forecast.clone().unwrap();
    assert_eq!((foreseen.forecast.runs, foreseen.late, foreseen.begun), (3, false, false));
    assert!(waiting.now <= foreseen.forecast.expected_at.unwrap());
    assert!(foreseen.forecast.expected_at <= foreseen.forecast.latest_at);
    assert_eq!(foreseen.promise.unwrap().due_at, incident.declared_at.plus_seconds(600));

    // It has been down for so long that nine of ten runs would not bring it back in time.
    scene.host.fault(Op::Restart, Fault::HangsAfter);
    sqlx::query("UPDATE incident SET declared_at = declared_at - interval '700 seconds'")
        .execute(&scene.pool().await.unwrap())
        .await
        .unwrap();
    scene.consent(&waiting).await.unwrap();
    let seen = async || scene.operator.api.incident(incident.number).await.unwrap();
    eventually("it is warned of", async || warnings(&seen().await) > 0).await.unwrap();
    let run = scene.operator.api.run(waiting.number).await.unwrap();
    assert!(run.forecast.is_some_and(|forecast| forecast.late && forecast.begun));
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(warnings(&seen().await), 1, "two servers look every three seconds, and it is said once");
}
