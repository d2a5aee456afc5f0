//! What the plan calls automatic failover, for real: a killed validator is back within its objective without a person, and when the cause
//! remains people are called.

use shared::{
    api::{
        monitor::MonitorsIn,
        standing_order::{OrderDecisionIn, OrderIn, OrderUseView, TriggerIn},
    },
    domain::{
        access::Role,
        alert::Declaration,
        clock::ClockState,
        monitor::{Check, Definition},
        run::RunState,
        standing_order::{Limits, UseState},
        status::Impact,
        text::{Message, Name},
    },
};
use tests::{muster::Muster, persona::Persona, scene::eventually, testnet::Testnet};

use super::desk::NODE_FAILURE;

async fn newest(person: &Persona, order: i64) -> Option<OrderUseView> {
    let orders = person.api.standing_orders().await.unwrap().items;
    orders.into_iter().find(|one| one.number == order).and_then(|one| one.uses.into_iter().next())
}

async fn becomes(person: &Persona, order: i64, state: UseState) -> OrderUseView {
    // A run and its wait for blocks may take longer than one patience.
    for _ in 0..4 {
        let so = async || newest(person, order).await.is_some_and(|one| one.state == state);
        if eventually(state.name(), so).await.is_ok() {
            break;
        }
    }
    let one = newest(person, order).await.unwrap();
    assert_eq!(one.state, state, "{one:?}");
    one
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_validator_is_back_within_its_objective_without_a_person_and_then_people_are_called() {
    let net = Testnet::up().unwrap();
    net.wait_for_height(net.port1, 2).unwrap();
    let muster = Muster::start_with_plan(&net.plan().unwrap(), &net.project).await.unwrap();
    let (admin, operator, approver) = tokio::try_join!(
        muster.persona(Role::Administrator),
        muster.persona(Role::Operator),
        muster.persona(Role::Approver)
    )
    .unwrap();
    let slug = admin.api.systems().await.unwrap().items.remove(0).slug;
    let name = |text: &str| Name::parse(text).unwrap();
    let definition = Definition {
        name: name("Validator 1"),
        check: Check::Container { service: name("validator1") },
        every_seconds: 5,
        timeout_seconds: 5,
        retries: 0,
        warn: None,
        bad: None,
        component: Some("validator1".into()),
        impact: None,
        objective: None,
        paused: false,
    };
    let monitor =
        admin.api.make_monitors(&slug, &MonitorsIn { monitors: vec![definition] }).await.unwrap().items.remove(0);
    let input = OrderIn {
        name: name("Restart validator 1"),
        procedure: NODE_FAILURE.into(),
        procedure_digest: None,
        parameters: [].into(),
        trigger: TriggerIn::Monitor { id: monitor.id },
        declares: Declaration { level: 2, components: vec!["validator1".into()], impact: Impact::MajorOutage },
        limits: Limits {
            at_most: 1,
            window_seconds: 3600,
            pause_seconds: 10,
            settle_seconds: 60,
            valid_seconds: 30 * 86_400,
        },
        reason: Message::parse("Single Node: automatic failover").unwrap(),
    };
    let proposed = operator.api.propose_order(&slug, &input).await.unwrap();
    let consent = OrderDecisionIn { approve: true, reason: None, content: proposed.content };
    let order = approver.api.decide_order(proposed.number, &consent).await.unwrap().number;
    let _worker = muster.docker_worker(&net.project).await.unwrap();
    let (started1, started2) = (net.started_at("validator1").unwrap(), net.started_at("validator2").unwrap());

    net.kill("validator1").unwrap();
    let helped = becomes(&operator, order, UseState::Helped).await;
    assert_ne!(net.started_at("validator1").unwrap(), started1);
    assert_eq!(net.started_at("validator2").unwrap(), started2, "nothing else was touched");
    let run = operator.api.run(helped.run.unwrap()).await.unwrap();
    assert_eq!((run.state, run.decisions.len()), (RunState::Succeeded, 0));
    assert!(run.resolution.unwrap().project == net.project);
    let incident = operator.api.incident(helped.incident).await.unwrap();
    let late = |state| matches!(state, ClockState::Overdue | ClockState::Missed);
    let objective = incident.clocks.iter().filter(|clock| clock.label.contains("Validator 1"));
    assert!(objective.clone().count() > 0, "{:?}", incident.clocks);
    assert!(objective.clone().all(|clock| !late(clock.state(incident.now))), "{:?}", incident.clocks);
    assert!(incident.timeline.iter().all(|entry| entry.by.user().is_none()), "no person took part");
    assert!(operator.api.calls(helped.incident).await.unwrap().items.is_empty());

    net.kill("validator1").unwrap();
    let over = becomes(&operator, order, UseState::HandedOver).await;
    assert_eq!((over.incident, over.run), (helped.incident, None));
    assert!(over.text.contains("limit"), "{}", over.text);
    assert_eq!(net.state("validator1").unwrap(), "exited", "no further attempt");
}
