//! Tables of cases for maintenance: what happens by itself, what people may do when. No rule lives here.

use super::{MaintenanceCommand as C, MaintenanceEvent as E, MaintenanceState as S, *};

const NOW: i64 = 1_795_318_200;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_unix(NOW + minutes * 60)
}

fn window(from: i64, to: i64) -> Window {
    Window { from_at: at(from), to_at: at(to) }
}

fn planned(from: i64, to: i64) -> Maintenance {
    Maintenance::planned("Disks".into(), "New **disks**.".into(), vec![], window(from, to), at(0))
}

fn finished() -> E {
    E::Finished { text: None }
}

#[test]
fn it_reminds_opens_and_closes_by_the_clock_and_each_once() {
    let mut maintenance = planned(120, 180);
    let mut told = vec![];
    for minute in 0..200 {
        let now = at(minute);
        assert_eq!(
            maintenance.next_due_at().is_some_and(|due| due <= now),
            maintenance.due(now).is_some(),
            "what is due is looked for: minute {minute}"
        );
        while let Some(event) = maintenance.due(now) {
            maintenance = maintenance.apply(&event, now).unwrap();
            told.push((minute, event));
        }
    }
    assert_eq!(told, [(60, E::Reminded), (120, E::Begun), (180, finished())]);
    assert_eq!((maintenance.begun_at, maintenance.ended_at), (Some(at(120)), Some(at(180))));
}

#[test]
fn what_was_slept_through_is_caught_up_and_what_was_announced_late_needs_no_reminder() {
    let slept = planned(120, 180);
    let begun = slept.apply(&slept.due(at(300)).unwrap(), at(300)).unwrap();
    assert_eq!((begun.state, begun.due(at(300))), (S::UnderWay, Some(finished())));
    let late = planned(60, 120);
    assert_eq!((late.due(at(0)), late.next_due_at()), (None, Some(at(60))));
    // Moved away, it reminds again; moved near, it does not.
    let away = late.apply(&E::Moved { window: window(300, 400), text: None }, at(1)).unwrap();
    assert_eq!((away.due(at(239)), away.due(at(240)), away.n_moves), (None, Some(E::Reminded), 1));
    let near = away.apply(&E::Moved { window: window(30, 400), text: None }, at(2)).unwrap();
    assert_eq!(near.due(at(29)), None);
}

#[test]
fn who_may_do_what_when_reads_like_this() {
    let scheduled = planned(120, 180);
    let begun = scheduled.apply(&E::Begun, at(120)).unwrap();
    let over = begun.apply(&finished(), at(130)).unwrap();
    let cancelled = scheduled.apply(&E::Cancelled { text: None }, at(1)).unwrap();
    for (maintenance, open) in [
        (&scheduled, vec![C::Post, C::Move, C::Cancel]),
        (&begun, vec![C::Post, C::Move, C::Finish]),
        (&over, vec![]),
        (&cancelled, vec![]),
    ] {
        let offered = maintenance.offers(None).into_iter().filter(Offer::open).map(|o| o.command);
        assert_eq!(offered.collect::<Vec<_>>(), open, "{:?}", maintenance.state);
        assert!(maintenance.offers(Some("You may not.")).iter().all(|o| !o.open()));
        assert_eq!(maintenance.state.over(), open.is_empty());
    }
    assert_eq!((over.state, cancelled.state), (S::Completed, S::Cancelled));
    let moved = E::Moved { window: window(121, 300), text: None };
    assert!(begun.apply(&moved, at(125)).unwrap_err().message.contains("only its end"));
    let longer = E::Moved { window: window(120, 300), text: None };
    assert_eq!(begun.apply(&longer, at(125)).unwrap().window, window(120, 300));
    for event in [E::Begun, E::Reminded] {
        assert!(over.apply(&event, at(500)).is_err() && begun.apply(&event, at(130)).is_err(), "{event:?}");
    }
}

#[test]
fn windows_that_nobody_means_are_refused() {
    for (window, wrong) in [
        (window(60, 120), None),
        (window(-4, 10), None),
        (window(-6, 10), Some("from_at")),
        (window(60, 60), Some("to_at")),
        (window(60, 30), Some("to_at")),
        (window(-4, -1), Some("to_at")),
        (window(60, 60 + 31 * 1440), Some("to_at")),
        (window(367 * 1440, 367 * 1440 + 60), Some("from_at")),
    ] {
        assert_eq!(window.check(at(0)).err().map(|(field, _)| field), wrong, "{window:?}");
    }
    assert!(window(-600, 10).check_end(at(0)).is_ok());
    assert!(window(-600, 0).check_end(at(0)).is_err());
}

#[test]
fn a_log_is_replayed_or_refused() {
    let maintenance = planned(120, 180);
    let first = E::Planned {
        title: maintenance.title.clone(),
        text: maintenance.text.clone(),
        covers: vec![],
        window: maintenance.window,
    };
    let log = [(at(0), &first), (at(60), &E::Reminded), (at(120), &E::Begun), (at(150), &finished())];
    assert_eq!(Maintenance::replay(log).unwrap().ended_at, Some(at(150)));
    assert!(Maintenance::replay([]).is_err() && Maintenance::replay([(at(0), &E::Begun)]).is_err());
    assert!(Maintenance::replay([(at(0), &first), (at(0), &first)]).is_err());
    let json = serde_json::to_value(&first).unwrap();
    assert_eq!((json["event"].as_str(), json["window"]["from_at"].is_string()), (Some("planned"), true));
    assert_eq!(serde_json::from_value::<E>(json).unwrap(), first);
}
