//! What is shown, what is lost and why, while days go by and plans change.

use super::*;
use crate::plan::{Compiled, compile};

const PLAN: &str = "# P

## Components

| Component | Service | Objective |
|--|--|--|
| Node | node1 | Single Node |

## Contacts

| Role | Name | Contact | Backup Contact |
|--|--|--|--|
| Keeper | Rota | +49 30 1 | +49 30 2 |

## Recovery

### Node Failure Recovery

```bash
docker-compose restart node1
```

## RTO

| Component | RTO | Method |
|--|--|--|
| Single Node | 10 minutes | Restart |

## RPO

| Data | RPO |
|--|--|
| Chain | 0 blocks |
";

const DAY: u64 = 86_400;

fn day(n: u64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000).plus_seconds(n * DAY)
}

/// All is well, as of day 0.
struct World {
    compiled: Compiled,
    rehearsals: Vec<Rehearsal>,
    failures: Vec<Failure>,
    sight: Option<Sight>,
    outages: Vec<Outage>,
    probes: Vec<Probe>,
    restored: Vec<Restored>,
    failed_trial: Option<FailedTrial>,
    orders: Vec<Standing>,
    lost: Vec<Lost>,
    keepers: Vec<Keeper>,
    drill: Option<TreeDrill>,
}

fn well(plan: &str) -> World {
    let compiled = compile(plan);
    let procedure = &compiled.plan.procedures[0];
    World {
        rehearsals: vec![Rehearsal {
            procedure: procedure.id.clone(),
            digest: procedure.digest,
            ended_at: day(0),
            took_seconds: 65,
            run: 7,
            drill: false,
            lacking: None,
            resolution: None,
        }],
        failures: vec![],
        sight: None,
        outages: vec![Outage {
            component: compiled.plan.components[0].id.clone(),
            ended_at: day(0),
            took_seconds: 300,
            incident: 3,
        }],
        probes: vec![Probe {
            data: "Chain".into(),
            state: State::Up,
            paused: false,
            stale: false,
            value: Some(0.0),
            checked_at: Some(day(0)),
            monitor: "m".into(),
        }],
        restored: vec![],
        failed_trial: None,
        orders: vec![],
        lost: vec![],
        keepers: [true, false].map(|primary| Keeper { role: "Keeper".into(), primary, reachable: true }).into(),
        drill: Some(TreeDrill { ended_at: day(0), called: 2, in_time: 2 }),
        compiled,
    }
}

impl World {
    fn on(&self, day: Timestamp) -> Readiness {
        Readiness::of(Facts {
            plan: &self.compiled.plan,
            gaps: &self.compiled.gaps,
            rehearsals: &self.rehearsals,
            failures: &self.failures,
            sight: self.sight.as_ref(),
            outages: &self.outages,
            probes: &self.probes,
            restored: &self.restored,
            failed_trial: self.failed_trial.as_ref(),
            orders: &self.orders,
            lost: &self.lost,
            keepers: &self.keepers,
            drill: self.drill,
            inspections: &[],
            now: day,
        })
    }

    fn item(&self, subject: Subject, on: Timestamp) -> Item {
        self.on(on).items.into_iter().find(|item| item.subject == subject).unwrap()
    }
}

#[test]
fn what_was_shown_counts_in_full_for_a_month_and_then_less_and_less() {
    let world = well(PLAN);
    assert_eq!(world.on(day(0)).score(), 100, "{:?}", world.on(day(0)));
    assert_eq!(world.on(day(FRESH_DAYS)).score(), 100);
    let scores: Vec<_> = (0..=190).step_by(10).map(|n| world.on(day(n)).score()).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "it never grows by itself: {scores:?}");
    assert!(scores[5] < 100 && scores[12] < scores[6], "{scores:?}");
    let procedure = world.item(Subject::Procedure, day(100));
    assert!(procedure.why.contains("100 days ago") && procedure.why.contains("counts less"), "{procedure:?}");
    let old = world.item(Subject::Procedure, day(STALE_DAYS));
    assert_eq!((old.earned, old.earn.is_some()), (0, true), "{old:?}");
    // What is so now does not age: people and what monitors see.
    assert_eq!(world.item(Subject::RecoveryPoint, day(500)).lost(), 0);
    assert_eq!(world.item(Subject::Contact, day(500)).lost(), 0);
}

#[test]
fn a_changed_procedure_has_shown_only_half() {
    let mut world = well(PLAN);
    world.compiled = compile(&PLAN.replace("restart node1", "stop node1"));
    let item = world.item(Subject::Procedure, day(1));
    assert_eq!((item.earned, item.weight), (50, 100));
    assert!(item.why.contains("changed it since"), "{}", item.why);
    // One of the new kind counts in full, whatever there was before.
    let digest = world.compiled.plan.procedures[0].digest;
    let new = Rehearsal { digest, run: 8, ..world.rehearsals[0].clone() };
    world.rehearsals.push(new);
    assert_eq!(world.item(Subject::Procedure, day(1)).lost(), 0);
    world.rehearsals.clear();
    let never = world.item(Subject::Procedure, day(1));
    assert_eq!(never.earn, Some(Earn::Drill { procedure: "node-failure-recovery".into() }));
}

#[test]
fn what_was_shown_with_another_image_is_half() {
    use crate::{
        domain::sight::{ImageSeen, ServiceSeen},
        fixtures,
    };
    let mut world = well(PLAN);
    let container = fixtures::container("c1", "node1");
    let (service, image) = (Some("node1".into()), Some("node:1".into()));
    let object = crate::domain::resolution::ResolvedObject { service, image, image_id: Some("i1".into()), ..container };
    world.rehearsals[0].resolution = Some(fixtures::resolution(vec![fixtures::resolved_step(1, vec![object])]));
    let runs = |id: String| {
        let images = vec![ImageSeen { name: "node:1".into(), id }];
        Some(Sight {
            services: [("node1".to_owned(), ServiceSeen { states: vec![], images })].into(),
            ..Sight::default()
        })
    };
    world.sight = runs("i1".into());
    assert_eq!(world.item(Subject::Procedure, day(1)).lost(), 0);
    world.sight = runs("another".into());
    let item = world.item(Subject::Procedure, day(1));
    assert!(
        item.earned == 50 && item.why.ends_with("but since then the image of node1 has changed: half of that counts."),
        "{item:?}"
    );
    assert!(matches!(item.earn, Some(Earn::Drill { .. })));
}

#[test]
fn what_is_lacking_and_what_failed_since_leaves_half() {
    let failure =
        |on, skipped| Failure { procedure: "node-failure-recovery".into(), ended_at: day(on), run: 9, skipped };
    let lacking = || Some("Nobody knew the password".to_owned());
    // (somebody says it is lacking, what went wrong and when; what is earned of 100 on day 11, and what is said)
    let cases: [(Option<String>, Option<Failure>, u32, &str); 6] = [
        (None, None, 100, "(run 7)."),
        (lacking(), None, 50, "Something is lacking, so half of that counts: Nobody knew the password."),
        (None, Some(failure(10, false)), 50, "But run 9 failed yesterday: half of that counts."),
        (None, Some(failure(10, true)), 50, "But run 9 had to skip a step yesterday: half of that counts."),
        (lacking(), Some(failure(10, false)), 25, "the password. But run 9 failed"),
        (None, Some(Failure { ended_at: day(0), ..failure(0, false) }), 100, "(run 7)."),
    ];
    for (lacking, failed, earned, why) in cases {
        let mut world = well(PLAN);
        (world.rehearsals[0].drill, world.rehearsals[0].lacking) = (true, lacking);
        world.failures = failed.into_iter().collect();
        world.outages.clear();
        let item = world.item(Subject::Procedure, day(11));
        assert!(item.earned == earned && item.why.contains(why), "{item:?}");
        assert_eq!(item.earn.is_none(), earned == 100, "{item:?}");
        let time = world.item(Subject::RecoveryTime, day(11));
        assert_eq!(time.earned, earned * 60 / 100, "the time that was measured is as much in doubt: {time:?}");
    }
    let mut world = well(PLAN);
    world.rehearsals.clear();
    world.failures = vec![failure(10, true)];
    let never = world.item(Subject::Procedure, day(11));
    assert!(never.earned == 0 && never.why.ends_with("The last one: run 9 had to skip a step yesterday."), "{never:?}");
}

#[test]
fn a_drill_shows_a_recovery_time_that_no_outage_has_shown() {
    let mut world = well(PLAN);
    world.rehearsals[0].drill = true;
    assert!(world.item(Subject::RecoveryTime, day(0)).why.contains("incident 3"), "an outage says more");
    world.outages.clear();
    let shown = world.item(Subject::RecoveryTime, day(0));
    assert!(shown.lost() == 0 && shown.why.contains("in a drill"), "{shown:?}");
    assert!(world.item(Subject::Procedure, day(0)).why.contains("in a drill"));
    world.rehearsals[0].took_seconds = 601;
    let missed = world.item(Subject::RecoveryTime, day(0));
    assert_eq!((missed.earned, missed.earn), (0, Some(Earn::Drill { procedure: "node-failure-recovery".into() })));
    // What was done in earnest has no target whose standing it counts from.
    world.rehearsals[0].drill = false;
    assert!(world.item(Subject::RecoveryTime, day(0)).why.contains("never measured"));
}

#[test]
fn of_an_outage_and_a_drill_the_newer_one_says_how_long_it_takes() {
    /// The day it was over, and the seconds that it took.
    type Took = (u64, i64);
    let drill = |procedure: &str| Some(Earn::Drill { procedure: procedure.into() });
    let again = drill("node-failure-recovery");
    // What is earned of 60, and said on day 210.
    let cases: [(Took, Option<Took>, u32, &str); 6] = [
        ((0, 300), Some((209, 300)), 60, "in a drill yesterday (run 7); the last outage took 5 min, 210 days ago"),
        ((0, 601), Some((209, 600)), 60, "took 10 min 1 s, longer than promised, 210 days ago (incident 3)."),
        ((209, 601), Some((200, 300)), 0, "yesterday (incident 3): longer than promised."),
        ((200, 300), Some((209, 601)), 0, "in a drill yesterday (run 7): longer than promised."),
        ((209, 300), Some((209, 601)), 60, "It took 5 min yesterday (incident 3)."),
        ((0, 300), None, 0, "210 days ago (incident 3)."),
    ];
    for (outage, drilled, earned, why) in cases {
        let mut world = well(PLAN);
        (world.outages[0].ended_at, world.outages[0].took_seconds) = (day(outage.0), outage.1);
        world.rehearsals[0].drill = true;
        match drilled {
            Some((on, took)) => (world.rehearsals[0].ended_at, world.rehearsals[0].took_seconds) = (day(on), took),
            None => world.rehearsals.clear(),
        }
        let item = world.item(Subject::RecoveryTime, day(210));
        assert!(item.earned == earned && item.why.contains(why), "{item:?}");
        assert_eq!(item.earn, again.clone().filter(|_| earned < 60), "{item:?}");
    }
    // Nothing that could be drilled acts on it: the plan has to say what does.
    let mut world = well(&PLAN.replace("restart node1", "restart node2"));
    world.rehearsals.clear();
    world.outages.clear();
    assert!(matches!(world.item(Subject::RecoveryTime, day(0)).earn, Some(Earn::Plan { .. })));
}

#[test]
fn a_promise_that_was_missed_or_never_measured_earns_nothing() {
    let mut world = well(PLAN);
    world.outages[0].took_seconds = 601;
    let missed = world.item(Subject::RecoveryTime, day(0));
    assert!(missed.earned == 0 && missed.why.contains("longer than promised"), "{missed:?}");
    let later = Outage { ended_at: day(9), took_seconds: 600, incident: 4, ..world.outages[0].clone() };
    world.outages.push(later);
    assert_eq!(world.item(Subject::RecoveryTime, day(9)).lost(), 0, "the last one speaks, and its limit is within it");
    world.outages.clear();
    assert!(world.item(Subject::RecoveryTime, day(0)).why.contains("never measured"));
    for (state, earned) in [(State::Down, 0), (State::Warning, 30), (State::Unknown, 0), (State::Up, 60)] {
        world.probes[0].state = state;
        assert_eq!(world.item(Subject::RecoveryPoint, day(0)).earned, earned, "{state:?}");
    }
    world.probes[0].value = None;
    let unknown = world.item(Subject::RecoveryPoint, day(0));
    assert!(unknown.earned == 0 && unknown.why.contains("no number") && unknown.earn.is_some(), "{unknown:?}");
    world.probes[0].value = Some(0.0);
    world.probes[0].stale = true;
    let stale = world.item(Subject::RecoveryPoint, day(3));
    assert!(stale.earned == 0 && stale.why.contains("no worker") && stale.why.contains("3 days ago"), "{stale:?}");
    assert!(stale.earn.is_some(), "it leads to the monitor");
    world.probes[0].paused = true;
    assert_eq!(world.item(Subject::RecoveryPoint, day(0)).earned, 0);
    world.probes.clear();
    let none = world.item(Subject::RecoveryPoint, day(0));
    assert_eq!(none.earn, Some(Earn::Monitor { objective: "Chain".into() }));
}

#[test]
fn people_count_who_are_there_and_can_be_reached() {
    let mut world = well(PLAN);
    let cases: [(&[(bool, bool)], u32); 6] = [
        (&[(true, true), (false, true)], 40),
        (&[(true, true), (false, false)], 30),
        (&[(true, true)], 30),
        (&[(true, false)], 20),
        (&[(false, true)], 10),
        (&[], 0),
    ];
    for (people, earned) in cases {
        let keeper = |(primary, reachable): &(bool, bool)| Keeper {
            role: "Keeper".into(),
            primary: *primary,
            reachable: *reachable,
        };
        world.keepers = people.iter().map(keeper).collect();
        let item = world.item(Subject::Contact, day(0));
        assert_eq!(item.earned, earned, "{people:?}: {}", item.why);
        assert_eq!(item.earn.is_none(), earned == 40);
    }
    world.drill = Some(TreeDrill { ended_at: day(0), called: 4, in_time: 3 });
    assert_eq!(world.item(Subject::ContactTree, day(0)).earned, 45);
    world.drill = None;
    assert!(world.item(Subject::ContactTree, day(0)).why.contains("never tried"));
}

#[test]
fn the_reference_plan_has_shown_nothing_and_says_what_would() {
    let mut world = well(include_str!("../../../../plans/bt2c/plan.md"));
    (world.rehearsals, world.outages, world.probes, world.keepers, world.drill) = Default::default();
    let readiness = world.on(day(0));
    assert!(readiness.score() < 10, "{}", readiness.score());
    for item in &readiness.items {
        assert!(item.earned <= item.weight && !item.why.is_empty() && !item.title.is_empty(), "{item:?}");
        assert!(item.earn.is_some() || item.lost() == 0, "it says what earns the points back: {item:?}");
    }
    let mut ids: Vec<_> = readiness.items.iter().map(|item| (item.subject, item.id.clone())).collect();
    ids.sort_by(|a, b| (a.0 as u8, &a.1).cmp(&(b.0 as u8, &b.1)));
    ids.dedup();
    assert_eq!(ids.len(), readiness.items.len(), "each is named once");
}

/// The same, with a place of backups and a promise in time.
const BACKED_UP: &str = "\n## RPO\n\n| Data | RPO |\n|--|--|\n| Chain | 0 blocks |\n| Database | 5 minutes |\n\n\
    ## Backup Locations\n- Database: `/b/db/`\n";

#[test]
fn a_backup_counts_when_it_was_restored_on_trial() {
    let plan = PLAN.replace("\n## RPO\n\n| Data | RPO |\n|--|--|\n| Chain | 0 blocks |\n", BACKED_UP);
    let mut world = well(&plan);
    let of = |world: &World, subject, id: &str, on| {
        let items = world.on(on).items.into_iter().filter(|item| item.subject == subject);
        items.into_iter().find(|item| item.id == id).unwrap()
    };
    let backup = |world: &World, on| of(world, Subject::Backup, "Database /b/db/", on);
    let point = |world: &World, on| of(world, Subject::RecoveryPoint, "Database", on);
    let never = backup(&world, day(0));
    assert_eq!((never.earned, never.earn), (0, Some(Earn::Verify {})));
    assert_eq!(point(&world, day(0)).earned, 0);
    let mut tried = |verified, loss_seconds| {
        world.restored = vec![Restored {
            place: "Database".into(),
            path: "/b/db/".into(),
            verified,
            why: "cut off".into(),
            at: day(0),
            loss_seconds,
        }];
        let worth = |item: Item| (item.earned, item.why);
        [worth(backup(&world, day(1))), worth(point(&world, day(1))), worth(backup(&world, day(100)))]
    };
    let [good, measured, old] = tried(true, Some(200));
    assert_eq!((good.0, measured.0), (60, 60), "{measured:?}");
    assert!(measured.1.contains("3 min 20 s would have been lost"), "{measured:?}");
    assert!((1..60).contains(&old.0), "it counts less with time: {old:?}");
    let [good, measured, _] = tried(true, Some(301));
    assert_eq!((good.0, measured.0), (60, 0), "it restores, and loses more than promised");
    let [bad, measured, _] = tried(false, None);
    assert_eq!((bad.0, measured.0), (0, 0));
    assert!(bad.1.ends_with("cut off"), "{bad:?}");
}

#[test]
fn a_trial_that_did_not_get_to_a_place_takes_nothing_away_from_it() {
    let plan = PLAN.replace("\n## RPO\n\n| Data | RPO |\n|--|--|\n| Chain | 0 blocks |\n", BACKED_UP);
    let mut world = well(&plan);
    let backup = |world: &World| world.item(Subject::Backup, day(3));
    let failed = |on| Some(FailedTrial { at: day(on), why: "It was not done within 60 min.".into() });
    world.failed_trial = failed(2);
    let never = backup(&world);
    assert!(
        never.earned == 0 && never.why.contains("yesterday, ended before it was done with it: It was not"),
        "{never:?}"
    );
    world.restored = vec![Restored {
        place: "Database".into(),
        path: "/b/db/".into(),
        verified: true,
        why: String::new(),
        at: day(1),
        loss_seconds: Some(200),
    }];
    let (kept, point) = (backup(&world), world.on(day(3)).items.into_iter().find(|i| i.id == "Database").unwrap());
    assert_eq!((kept.lost(), point.lost(), kept.shown_at), (0, 0, Some(day(1))), "{kept:?} {point:?}");
    assert!(kept.why.ends_with("within 60 min."), "it says that the newer one failed: {kept:?}");
    // The one that failed because of this very place says so already.
    world.failed_trial = failed(1);
    assert!(!backup(&world).why.contains("done with it"));
}

#[test]
fn what_is_promised_without_people_takes_an_order_in_force() {
    let mut world = well(&PLAN.replace("| Restart |", "| Automatic failover |"));
    let look = |world: &World| world.item(Subject::Automatic, day(1));
    let procedure = world.compiled.plan.procedures[0].id.clone();
    let nobody = look(&world);
    assert_eq!((nobody.earned, nobody.earn), (0, Some(Earn::Order { procedure: procedure.clone() })));

    let order = |state| Standing { number: 4, procedure: procedure.clone(), state, ends_at: day(30), lapses: None };
    for state in [OrderState::Proposed, OrderState::Suspended] {
        world.orders = vec![order(state)];
        let item = look(&world);
        assert_eq!((item.earned, item.earn), (0, Some(Earn::LookAtOrder { number: 4 })), "{state:?}");
    }
    let why = Some("the plan has another procedure by now".to_owned());
    world.orders.push(Standing { lapses: why, ..order(OrderState::InForce) });
    let lapsing = look(&world);
    assert_eq!((lapsing.earned, lapsing.earn), (0, Some(Earn::LookAtOrder { number: 4 })));
    assert!(lapsing.why.ends_with("would not be begun, because the plan has another procedure by now."));
    world.orders.push(order(OrderState::InForce));
    let held = look(&world);
    assert_eq!((held.lost(), held.fresh_until, held.earn), (0, Some(day(30)), None));
    assert_eq!(world.item(Subject::Automatic, day(30)).earned, 0, "its time is over");

    world.orders = vec![Standing { procedure: "another".into(), ..order(OrderState::InForce) }];
    assert_eq!(look(&world).earned, 0, "it is not for what has this objective");
    assert!(well(PLAN).on(day(0)).items.iter().all(|item| item.subject != Subject::Automatic));
}

#[test]
fn where_no_procedure_could_stand_the_plan_must_change() {
    let plan = PLAN.replace("| Restart |", "| Automatic failover |").replace("restart node1", "restart node2");
    let item = well(&plan).item(Subject::Automatic, day(0));
    assert!(matches!(item.earn, Some(Earn::Plan { .. })), "{item:?}");
}

#[test]
fn a_drill_that_restores_data_shows_what_would_have_been_lost() {
    let plan = PLAN.replace("\n## RPO\n\n| Data | RPO |\n|--|--|\n| Chain | 0 blocks |\n", BACKED_UP);
    let lost = |seconds, on| {
        let procedure = "database-recovery".to_owned();
        vec![Lost { data: "Database".into(), seconds, ended_at: day(on), run: 9, procedure }]
    };
    let point = |world: &World, on| {
        let mut items = world.on(on).items.into_iter().filter(|item| item.subject == Subject::RecoveryPoint);
        items.find(|item| item.id == "Database").unwrap()
    };
    let drilled = |seconds| World { lost: lost(seconds, 0), ..well(&plan) };
    let kept = point(&drilled(300), day(1));
    assert_eq!((kept.earned, kept.shown_at), (60, Some(day(0))), "{kept:?}");
    assert!(kept.why.starts_with("In a drill yesterday (run 9), 5 min would have been lost."), "{kept:?}");
    assert!((1..60).contains(&point(&drilled(300), day(100)).earned), "it counts less with time");
    let beyond = point(&drilled(301), day(1));
    assert_eq!((beyond.earned, beyond.earn), (0, Some(Earn::Drill { procedure: "database-recovery".into() })));
    assert!(beyond.why.ends_with("5 min 1 s would have been lost: more than promised."), "{}", beyond.why);
    // Beside a monitor it only takes away.
    let probe = Probe {
        data: "Database".into(),
        state: State::Warning,
        paused: false,
        stale: false,
        value: Some(280.0),
        checked_at: Some(day(1)),
        monitor: "m".into(),
    };
    let watched = |seconds| World { probes: vec![probe.clone()], ..drilled(seconds) };
    assert_eq!((point(&watched(10), day(1)).earned, point(&watched(301), day(1)).earned), (30, 0));
}
