//! What reviews of access and audits of security have shown, where the plan asks for them. Adds nothing up.

use super::{
    Earn, Facts, Inspected, Item, Subject,
    age::{DAY, ago, left_of},
    judge::OBJECTIVE,
};
use crate::domain::{
    drill::{Every, Promised, promised},
    inspection::Kind,
};

/// A quarter, with days to spare; where the plan asks for one every month, less.
const QUARTER: (u64, u64) = (100, 280);
const MONTH: (u64, u64) = (super::FRESH_DAYS, super::STALE_DAYS);

pub(super) fn all(facts: Facts<'_>) -> Vec<Item> {
    let asked = promised(facts.plan);
    asked.iter().filter_map(|one| Some(item(facts, one, one.kind.inspection()?))).collect()
}

fn item(facts: Facts<'_>, asked: &Promised, kind: Kind) -> Item {
    let (fresh, stale) = if asked.every == Some(Every::Monthly) { MONTH } else { QUARTER };
    let base = |earned, why: String| Item {
        subject: Subject::Inspection,
        id: kind.to_string(),
        title: kind.words().into(),
        weight: OBJECTIVE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: (earned < OBJECTIVE).then_some(Earn::Inspect { kind }),
    };
    let Some(last) = facts.inspections.iter().find(|one| one.kind == kind) else {
        return base(0, format!("The plan asks for it (\"{}\"), and none was ever signed off.", asked.text));
    };
    let (share, mut why) = shown(last, &ago(last.ended_at, facts.now));
    let mut earned = left_of(share, last.ended_at, facts.now, (fresh, stale));
    if earned < share {
        why += " What was shown so long ago counts less every day.";
    }
    if !last.newcomers.is_empty() {
        earned /= 2;
        why += &format!(" Since then {} came to manage people or roles: half of that counts.", names(&last.newcomers));
    }
    let fresh_until = Some(last.ended_at.plus_seconds(fresh * DAY));
    Item { shown_at: Some(last.ended_at), fresh_until, ..base(earned, why) }
}

/// What the last one was worth on its day, and what it said.
fn shown(last: &Inspected, when: &str) -> (u32, String) {
    let part = |good: usize| u32::try_from(OBJECTIVE as usize * good / last.lines.max(1)).unwrap_or(OBJECTIVE);
    match (last.kind, last.bad) {
        (Kind::AccessReview, 0) => (OBJECTIVE, format!("{} accounts were reviewed {when}.", last.lines)),
        (Kind::AccessReview, undone) => {
            let why = format!(
                "{} accounts were reviewed {when}; what was decided about {undone} of them is still to be done.",
                last.lines
            );
            (part(last.lines - undone), why)
        }
        (Kind::SecurityAudit, 0) => (OBJECTIVE, format!("All {} points held {when}.", last.lines)),
        (Kind::SecurityAudit, bad) => {
            (part(last.lines - bad), format!("{bad} of {} points did not hold {when}.", last.lines))
        }
    }
}

fn names(all: &[String]) -> String {
    match all {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::readiness::Readiness,
        plan::{Plan, compile},
        timestamp::Timestamp,
    };

    fn of(plan: &Plan, inspections: &[Inspected], now: u64) -> Vec<Item> {
        let now = Timestamp::from_unix(0).plus_seconds(now * DAY);
        let facts = Facts {
            plan,
            gaps: &[],
            rehearsals: &[],
            failures: &[],
            sight: None,
            failed_trial: None,
            outages: &[],
            probes: &[],
            restored: &[],
            orders: &[],
            lost: &[],
            keepers: &[],
            drill: None,
            inspections,
            now,
        };
        Readiness::of(facts).items.into_iter().filter(|item| item.subject == Subject::Inspection).collect()
    }

    #[test]
    fn what_a_review_shows_ages_by_the_quarter_and_with_each_new_administrator() {
        let plan = compile("# P\n\n## Prevention\n\n1. **Hardening**\n   - Audit who has access\n").plan;
        let review = Inspected {
            kind: Kind::AccessReview,
            ended_at: Timestamp::from_unix(0),
            lines: 4,
            bad: 0,
            newcomers: vec![],
        };
        let items = of(&plan, &[], 0);
        assert!(items.len() == 1 && items[0].earned == 0 && items[0].why.contains("Audit who has access"), "{items:?}");
        assert_eq!(items[0].earn, Some(Earn::Inspect { kind: Kind::AccessReview }));
        let cases = [
            (review.clone(), 100, 60, "4 accounts were reviewed 100 days ago."),
            (review.clone(), 190, 30, "counts less every day"),
            (review.clone(), 280, 0, "counts less every day"),
            (Inspected { bad: 1, ..review.clone() }, 0, 45, "about 1 of them is still to be done"),
            (Inspected { newcomers: vec!["Bea".into()], ..review.clone() }, 0, 30, "Bea came to manage people"),
        ];
        for (one, day, earned, why) in cases {
            let item = of(&plan, &[one], day).remove(0);
            assert!(item.earned == earned && item.why.contains(why), "{day}: {item:?}");
        }
        let monthly = compile("# P\n\n## Prevention\n\n1. **Hardening**\n   - Audit access every month\n").plan;
        assert!(of(&monthly, &[review], 100)[0].earned < 60, "the plan asks for it more often");
    }

    #[test]
    fn points_that_do_not_hold_are_lost_and_what_no_plan_asks_for_is_not_missed() {
        let plan = compile("# P\n\n## Prevention\n\n1. **Testing**\n   - Audit security\n").plan;
        let audit = Inspected {
            kind: Kind::SecurityAudit,
            ended_at: Timestamp::from_unix(0),
            lines: 10,
            bad: 3,
            newcomers: vec![],
        };
        let item = of(&plan, &[audit], 1).remove(0);
        assert_eq!((item.earned, item.why.as_str()), (42, "3 of 10 points did not hold yesterday."));
        assert!(of(&compile("# P\n").plan, &[], 0).is_empty());
    }
}
