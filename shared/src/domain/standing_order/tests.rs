//! Tables of cases for standing orders: what may stand, when one begins, when people take over. Holds no rule.

use uuid::Uuid;

use super::*;
use crate::{
    domain::{
        alert::AlertState,
        approval::{Choice, Decider},
        monitor::State,
        run::RunState,
        status::Impact,
    },
    fixtures::procedure,
    plan::VolumeSelection,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix(second)
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn restart() -> Procedure {
    procedure("Restart", [StepKind::Restart { services: vec!["validator1".into()] }])
}

const LIMITS: Limits =
    Limits { at_most: 2, window_seconds: 3600, pause_seconds: 300, settle_seconds: 60, valid_seconds: 86_400 };

fn terms() -> Terms {
    Terms {
        system: SystemId(Uuid::nil()),
        project: "bt2c".into(),
        name: Name::parse("Restart validator 1").unwrap(),
        procedure: "Restart".into(),
        meaning: meaning(&restart()),
        parameters: BTreeMap::new(),
        trigger: Trigger::Monitor { id: Uuid::nil(), looks_at: Digest::of(b"check") },
        declares: Declaration { level: 1, components: vec![], impact: Impact::MajorOutage },
        limits: LIMITS,
    }
}

/// Proposed at 0 by person 1, consented to by person 2.
fn order() -> Order {
    let terms = terms();
    let content = Order::content_of(&terms, Digest::of(b"plan"), &restart());
    let decision = Decision { by: user(2), name: "Bo".into(), at: at(10), content, choice: Choice::Approve };
    Order {
        number: 1,
        content,
        policy: Order::policy_of(&restart(), &LIMITS).unwrap(),
        proposed_by: user(1),
        proposed_at: at(0),
        decisions: vec![decision],
        state: OrderState::InForce,
        terms,
    }
}

fn deciders(since: Option<i64>) -> Deciders {
    [(user(2), Decider { contact_roles: vec![], since: since.map(at) })].into_iter().collect()
}

#[test]
fn what_waits_for_consent_lapses_only_by_its_terms_and_what_is_suspended_by_consent_too() {
    let none = Deciders::default();
    let ground = Ground {
        meaning: Some(meaning(&restart())),
        looks_at: Some(Digest::of(b"check")),
        project: "bt2c",
        deciders: &none,
    };
    let of = |state, ground: Ground<'_>, now| lapses(&Order { state, ..order() }, &ground, at(now));
    assert_eq!(of(OrderState::Proposed, ground, 20), None);
    assert!(of(OrderState::Proposed, Ground { meaning: None, ..ground }, 20).unwrap().contains("another procedure"));
    assert!(of(OrderState::Suspended, ground, 20).unwrap().contains("not enough of those"));
    let all = deciders(None);
    assert_eq!(of(OrderState::InForce, Ground { deciders: &all, ..ground }, 86_401), None, "its time is over, no more");
}

#[test]
fn begins_only_within_everything_that_was_consented_to() {
    let (all, returned, none) = (deciders(None), deciders(Some(20)), Deciders::default());
    let ground = Ground {
        meaning: Some(meaning(&restart())),
        looks_at: Some(Digest::of(b"check")),
        project: "bt2c",
        deciders: &all,
    };
    let fine = Facts { ground, begun: &[], handed_over: false, busy: None, frozen: false, now: at(5000) };
    let on = |ground| Facts { ground, ..fine };
    let same: fn(&mut Order) = |_| {};
    let (long_ago, soon) = ([at(4700)], [at(4701)]);
    let (twice, once) = ([at(4600), at(1401)], [at(4600), at(1400)]);
    type Change = fn(&mut Order);
    let cases: Vec<(&str, Change, Facts<'_>, &str)> = vec![
        ("all is well", same, fine, ""),
        ("only proposed", |o| o.state = OrderState::Proposed, fine, "not now: the order is not in force"),
        ("suspended", |o| o.state = OrderState::Suspended, fine, "not now: the order is not in force"),
        ("revoked", |o| o.state = OrderState::Revoked, fine, "not now: the order is not in force"),
        ("too old", same, Facts { now: at(86_401), ..fine }, "not now: its time is over"),
        ("who gave it may not any more", same, on(Ground { deciders: &none, ..ground }), "lapsed: not enough"),
        ("who gave it may again", same, on(Ground { deciders: &returned, ..ground }), "lapsed: not enough"),
        ("its own proposer's word", |o| o.decisions[0].by = user(1), fine, "lapsed: not enough"),
        ("other terms", |o| o.terms.limits.at_most = 9, fine, "lapsed: its terms are not those"),
        ("another procedure in the plan", same, on(Ground { meaning: None, ..ground }), "lapsed: the plan has another"),
        ("another check", same, on(Ground { looks_at: Some(Digest::of(b"x")), ..ground }), "lapsed: its monitor"),
        ("no monitor", same, on(Ground { looks_at: None, ..ground }), "lapsed: its monitor"),
        ("another project", same, on(Ground { project: "x", ..ground }), "lapsed: the system has another project"),
        ("frozen", same, Facts { frozen: true, ..fine }, "not now: all recovery is frozen"),
        ("did not help", same, Facts { handed_over: true, ..fine }, "not now: it has not helped"),
        ("busy", same, Facts { busy: Some(7), ..fine }, "not now: run 7 is under way"),
        ("once, long enough ago", same, Facts { begun: &long_ago, ..fine }, ""),
        ("too soon", same, Facts { begun: &soon, ..fine }, "not now: it was begun 299 s ago"),
        ("too often", same, Facts { begun: &twice, ..fine }, "not now: it was begun 2 times"),
        ("often, out of the window", same, Facts { begun: &once, ..fine }, ""),
    ];
    for (name, change, facts, expected) in cases {
        let mut order = order();
        change(&mut order);
        let said = match may_begin(&order, &facts) {
            Ok(()) => String::new(),
            Err(Hold::NotNow(why)) => format!("not now: {why}"),
            Err(Hold::Lapsed(why)) => format!("lapsed: {why}"),
        };
        assert!(said.starts_with(expected) && said.is_empty() == expected.is_empty(), "{name}: {said}");
    }
}

#[test]
fn people_take_over_when_it_does_not_help() {
    use RunState as S;
    let facts = |state, ended: Option<i64>, word, now| UseFacts {
        begun_at: at(0),
        run: 4,
        state,
        reason: Some("because"),
        ended_at: ended.map(at),
        word,
        settle_seconds: 60,
        now: at(now),
    };
    let cases = [
        ("waits for a worker", facts(S::Resolving, None, Word::NotYet, 59), "wait"),
        ("for too long", facts(S::Resolving, None, Word::NotYet, 60), "no worker has begun run 4 within 60 s"),
        ("runs", facts(S::Running, None, Word::NotYet, 600), "wait"),
        ("asks", facts(S::Asking, None, Word::NotYet, 5), "run 4 needs a decision: because"),
        ("is cancelled", facts(S::Cancelling, None, Word::NotYet, 5), "run 4 is being cancelled: because"),
        ("refused by the guard", facts(S::Stopped, Some(5), Word::NotYet, 5), "run 4 ended without success: because"),
        ("cannot run", facts(S::Unresolvable, Some(5), Word::NotYet, 5), "run 4 ended without success: because"),
        ("done, not back yet", facts(S::Succeeded, Some(10), Word::NotYet, 69), "wait"),
        ("done, and back", facts(S::Succeeded, Some(10), Word::Well, 11), "helped"),
        (
            "not back in time",
            facts(S::Succeeded, Some(10), Word::NotYet, 70),
            "run 4 succeeded, and it is still down 60 s later",
        ),
        (
            "done, and nobody looks",
            facts(S::Succeeded, Some(10), Word::Unseen("its monitor is paused"), 11),
            "run 4 succeeded, but whether what was down is back is not known: its monitor is paused",
        ),
        ("runs, and nobody looks", facts(S::Running, None, Word::Unseen("its monitor is paused"), 11), "wait"),
        ("back late, before anybody looked", facts(S::Succeeded, Some(10), Word::Well, 900), "helped"),
    ];
    for (name, facts, expected) in cases {
        let said = match outlook(&facts) {
            Outlook::Wait => "wait".to_owned(),
            Outlook::Helped => "helped".to_owned(),
            Outlook::HandOver(why) => why,
        };
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn of_a_monitor_only_a_check_is_believed() {
    let looks_at = Digest::of_value(&"what it looks at");
    let trigger = Trigger::Monitor { id: Uuid::nil(), looks_at };
    let up = Watched { told: State::Down, state: State::Up, paused: false, checked_at: Some(at(20)), looks_at };
    let of = |monitor: Watched| Word::of(&trigger, Some(&monitor), Some(at(10)));
    let unseen = |word| matches!(word, Word::Unseen(_));
    assert_eq!(of(up), Word::Well);
    assert_eq!(of(Watched { state: State::Warning, ..up }), Word::Well);
    assert_eq!(of(Watched { state: State::Warning, told: State::Warning, ..up }), Word::NotYet, "it warns still");
    assert_eq!(of(Watched { checked_at: Some(at(9)), ..up }), Word::NotYet, "that was before");
    assert_eq!(of(Watched { state: State::Down, ..up }), Word::NotYet);
    assert!(unseen(of(Watched { state: State::Unknown, checked_at: None, ..up })), "its definition was changed");
    assert!(unseen(of(Watched { paused: true, ..up })));
    assert!(unseen(of(Watched { looks_at: Digest::of_value(&"something that is always well"), ..up })));
    assert!(unseen(Word::of(&trigger, None, None)), "it was removed");
}

#[test]
fn what_cannot_be_taken_back_or_asks_people_cannot_stand() {
    let look = || StepKind::Inspect { services: vec![] };
    let with = |kind| procedure("It", [look(), kind, StepKind::Restart { services: vec![] }]);
    assert_eq!(cannot_stand(&restart()), None);
    assert_eq!(cannot_stand(&with(look())), None);
    let wipe = StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject };
    let script = StepKind::Script { path: "x.sh".into(), args: vec![] };
    for (kind, word) in [
        (wipe, "cannot be taken back"),
        (script, "cannot be taken back"),
        (StepKind::Down { volumes: true }, "cannot be taken back"),
        (StepKind::Shell {}, "cannot be taken back"),
        (StepKind::Manual {}, "is done by a person"),
    ] {
        let why = cannot_stand(&with(kind.clone())).unwrap_or_default();
        assert!(why.contains("Step 2") && why.contains(word), "{kind:?}: {why}");
    }
    assert!(cannot_stand(&procedure("Look", [look()])).unwrap().contains("changes nothing"));
    let mut unable = restart();
    unable.unavailable = Some("there is no script".into());
    assert!(cannot_stand(&unable).unwrap().contains("there is no script"));
}

#[test]
fn another_step_is_another_meaning_and_another_line_is_not() {
    let mut moved = restart();
    moved.line = 90;
    moved.steps[0].line = 91;
    assert_eq!(meaning(&moved), meaning(&restart()));
    let mut other = restart();
    other.steps[0].kind = StepKind::Restart { services: vec!["validator2".into()] };
    assert_ne!(meaning(&other), meaning(&restart()));
    let mut fewer = restart();
    fewer.approvals = Some(1);
    assert_ne!(meaning(&fewer), meaning(&restart()));
}

#[test]
fn only_the_systems_own_monitor_is_the_monitor() {
    let id = Uuid::from_u128(5);
    let trigger = Trigger::Monitor { id, looks_at: Digest::of(b"check") };
    let alert = |key: String| Alert {
        key,
        state: AlertState::Firing,
        title: "down".into(),
        text: None,
        url: None,
        labels: [("monitor".to_owned(), "x".to_owned())].into_iter().collect(),
    };
    assert!(trigger.fits(Uuid::nil(), true, &alert(format!("{id} down"))));
    assert!(!trigger.fits(Uuid::nil(), true, &alert(format!("{id} warning"))));
    // Somebody else's source that says the same.
    assert!(!trigger.fits(Uuid::nil(), false, &alert(format!("{id} down"))));
}

#[test]
fn limits_have_limits() {
    assert_eq!(LIMITS.admit(), Ok(()));
    let wrong = |limits: Limits| limits.admit().unwrap_err().0;
    assert_eq!(wrong(Limits { at_most: 0, ..LIMITS }), "at_most");
    assert_eq!(wrong(Limits { at_most: 11, ..LIMITS }), "at_most");
    assert_eq!(wrong(Limits { window_seconds: 1, ..LIMITS }), "window_seconds");
    assert_eq!(wrong(Limits { pause_seconds: 0, ..LIMITS }), "pause_seconds");
    assert_eq!(wrong(Limits { settle_seconds: 9, ..LIMITS }), "settle_seconds");
    assert_eq!(wrong(Limits { valid_seconds: u64::MAX, ..LIMITS }), "valid_seconds");
}
