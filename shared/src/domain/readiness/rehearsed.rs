//! What carrying a procedure out has shown of it. Adds nothing up.

use super::{
    Earn, Facts, Item, Subject,
    age::{aged, ago, fresh_until, left},
    judge::PROCEDURE,
};
use crate::{plan::Procedure, timestamp::human_seconds};

pub(super) fn procedure(facts: Facts<'_>, one: &Procedure) -> Item {
    let base = |earned, why: String| Item {
        subject: Subject::Procedure,
        id: one.id.clone(),
        title: one.title.clone(),
        weight: PROCEDURE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn: Some(Earn::Drill { procedure: one.id.clone() }),
    };
    if let Some(why) = &one.unavailable {
        return Item {
            earn: Some(Earn::Plan { line: one.line }),
            ..base(0, format!("It cannot be carried out: {why}"))
        };
    }
    let of = facts.rehearsals.iter().filter(|r| r.procedure == one.id);
    let same = of.clone().filter(|r| r.digest == one.digest).max_by_key(|r| r.ended_at);
    let Some(shown) = same.or_else(|| of.max_by_key(|r| r.ended_at)) else {
        return base(0, "It was never carried out to its end: nobody knows whether it works.".into());
    };
    let (at, when) = (shown.ended_at, ago(shown.ended_at, facts.now));
    let took = human_seconds(shown.took_seconds);
    let left = left(PROCEDURE, at, facts.now);
    let where_ = if shown.drill { "in a drill" } else { "in earnest" };
    let (earned, why) = if same.is_some() {
        (left, format!("It succeeded {where_} {when} in {took} (run {}).{}", shown.run, aged(at, facts.now)))
    } else {
        let why = format!(
            "It succeeded {where_} {when} (run {}), but the plan has changed it since: half of that counts.",
            shown.run
        );
        (left / 2, why)
    };
    let earn = Some(Earn::Drill { procedure: one.id.clone() }).filter(|_| earned < PROCEDURE);
    Item { shown_at: Some(at), fresh_until: Some(fresh_until(at)), earn, ..base(earned, why) }
}
