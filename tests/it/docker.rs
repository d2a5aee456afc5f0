//! Real containers, real runs: the recovery road end to end without the browser. Every test brings up what it breaks, under
//! names and ports of its own, and takes it away again.

mod away;
mod clocks;
mod composition;
mod crash;
mod crash_runs;
mod desk;
mod drill;
mod failover;
mod fenced;
mod foreign;
mod hardening;
mod hosts;
mod measured;
mod monitors;
mod procedures;
mod process;
mod proxy;
mod restarted;
mod steps_compose;
mod steps_foreign;
mod steps_script;
mod steps_stage;
mod steps_volumes;
mod stray;
mod testnet;
mod trials;
mod verify;

use shared::{
    api::{incident::ResolveIn, run::Stream},
    domain::{
        clock::ClockState,
        run::{RunState, StepState},
        text::Message,
    },
};
use tests::testnet::{Testnet, docker};

use self::desk::{Desk, NODE_FAILURE, starts_since};

#[tokio::test(flavor = "multi_thread")]
async fn node_failure_is_healed_by_the_procedure() {
    let testnet = Testnet::up().unwrap();
    let (validator1, validator2) = (testnet.container("validator1").unwrap(), testnet.container("validator2").unwrap());
    let (started1, started2) = (testnet.started_at("validator1").unwrap(), testnet.started_at("validator2").unwrap());
    testnet.kill("validator1").unwrap();
    let broken_at = testnet.wait_for_height(testnet.port2, 2).unwrap();
    let desk = Desk::open(&testnet.plan().unwrap(), &testnet.project).await;
    let worker = desk.muster.docker_worker(&testnet.project).await.unwrap();

    // What the steps mean is exactly this project's containers, by their ids.
    let view = desk.resolved(NODE_FAILURE).await;
    let resolution = view.resolution.clone().unwrap();
    assert_eq!(resolution.project, testnet.project);
    let touched: Vec<Vec<&str>> =
        resolution.steps.iter().map(|s| s.objects.iter().map(|o| o.id.as_str()).collect()).collect();
    let (one, two) = (validator1.as_str(), validator2.as_str());
    assert_eq!(touched[..5], [vec![one, two], vec![one], vec![one], vec![one], vec![one]]);
    // The final checks: growth and the API by machine; without a directory of scripts the rest is for people.
    assert_eq!(touched[5..], [vec![one], vec![], vec![], vec![], vec![one], vec![]]);
    assert_eq!(view.checks_by_hand, [7, 8, 9, 11]);
    let effects: Vec<_> = resolution.steps.iter().filter(|s| s.has_effect).map(|s| s.number).collect();
    assert_eq!(effects, [3]);
    let restarted = &resolution.steps[2].objects[0];
    assert_eq!(restarted.service.as_deref(), Some("validator1"));
    assert_eq!(restarted.state.as_deref(), Some("exited (137)"));
    assert_eq!(resolution.steps[3].objects[0].port, Some(8080));
    assert_eq!(testnet.state("validator1").unwrap(), "exited", "nothing happens before the approval");

    // The requester's own consent is refused; somebody else's starts it.
    desk.decide(&desk.operator, &view).await.unwrap_err();
    assert_eq!(testnet.state("validator1").unwrap(), "exited");
    desk.approve(&view).await;
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    let mut by_machine = view.steps.iter().filter(|s| !view.checks_by_hand.contains(&s.number));
    assert!(by_machine.all(|s| matches!(s.state, StepState::Succeeded { .. }) && s.attempts == 1), "{:?}", view.steps);

    assert_ne!(testnet.started_at("validator1").unwrap(), started1);
    assert_eq!(testnet.started_at("validator2").unwrap(), started2, "the other node was only looked at");
    let height = testnet.wait_for_height(testnet.port1, broken_at + 1).unwrap();
    assert_nodes_agree(&testnet, height);

    let lines = desk.output(view.number).await;
    let of_step = |n| lines.iter().filter(move |l| l.step == n).map(|l| l.text.as_str()).collect::<Vec<_>>().join("\n");
    assert!(of_step(1).contains("exited (137)") && of_step(1).contains("validator2"), "{}", of_step(1));
    assert!(of_step(2).lines().count() >= 3, "{}", of_step(2));
    assert!(
        lines.iter().any(|l| l.step == 3 && l.stream == Stream::Muster && l.text.contains("Restarting")),
        "{}",
        of_step(3)
    );
    assert!(of_step(4).contains("HTTP 200 OK") && of_step(4).contains("\"height\""), "{}", of_step(4));
    assert!(of_step(5).contains("bt2c_block_height"), "{}", of_step(5));
    let numbers: Vec<_> = lines.iter().map(|l| l.line).collect();
    assert_eq!(numbers, (1..=i64::try_from(lines.len()).unwrap()).collect::<Vec<_>>());

    // The clocks of the plan are measured when the incident is resolved.
    let recovery = |view: &shared::api::incident::IncidentView| {
        view.clocks.iter().find(|c| c.label.starts_with("Recovery of")).cloned().unwrap()
    };
    assert_eq!(
        recovery(&desk.incident().await).stopped_at,
        None,
        "a healed node does not resolve the incident by itself"
    );
    let text = Message::parse("restarted, heights agree").unwrap();
    // Nobody makes the checks that are left to people, or runs the plan's validation.
    let despite = Some(Message::parse("only what machines check matters to this test").unwrap());
    let body = ResolveIn { text, public_text: None, notify: true, despite };
    let resolved = desk.operator.api.resolve(desk.incident, &body).await.unwrap();
    let clock = recovery(&resolved);
    assert_eq!((clock.limit_seconds, clock.stopped_at), (600, resolved.resolved_at));
    assert_eq!(clock.state(resolved.now), ClockState::Met);
    assert!(resolved.timeline.iter().any(|e| format!("{:?}", e.event).contains("bt2c_block_height grew from")));
    drop(worker);
}

/// A hung process: it is there, holds its port and answers nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_hung_node_is_restarted_too() {
    let testnet = Testnet::up().unwrap();
    let validator1 = testnet.container("validator1").unwrap();
    docker(&["pause", &validator1]).unwrap();
    let desk = Desk::open(&testnet.plan().unwrap(), &testnet.project).await;
    let _worker = desk.muster.docker_worker(&testnet.project).await.unwrap();
    let since = desk::now();
    let view = desk.resolved(NODE_FAILURE).await;
    let state = view.resolution.as_ref().unwrap().steps[2].objects[0].state.clone();
    assert_eq!(state.as_deref(), Some("paused"));
    desk.approve(&view).await;
    let view = desk.ended(view.number).await;
    assert_eq!(view.state, RunState::Succeeded, "{:?} {:?}", view.reason, view.question);
    assert_eq!(testnet.state("validator1").unwrap(), "running");
    assert_eq!(starts_since(&validator1, &since), 1);
    let lines = desk.output(view.number).await;
    assert!(lines.iter().any(|l| l.step == 3 && l.text.ends_with("(paused)")), "{lines:?}");
    let height = testnet.height(testnet.port1).unwrap();
    assert_nodes_agree(&testnet, testnet.wait_for_height(testnet.port1, height + 1).unwrap());
}

/// Both nodes have the same block at this height, in the end: one may be a block behind for a moment.
fn assert_nodes_agree(testnet: &Testnet, height: u64) {
    let head = |port| {
        let block = testnet.ask(port, &format!("/api/v1/blocks/{height}")).ok();
        block.and_then(|block| block["hash"].as_str().map(str::to_owned))
    };
    let agreed = (0..100).any(|_| {
        let (one, two) = (head(testnet.port1), head(testnet.port2));
        let same = one.is_some() && one == two;
        if !same {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        same
    });
    assert!(agreed, "the nodes have different blocks at height {height}");
}
