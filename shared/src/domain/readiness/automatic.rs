//! A recovery that is promised without people: shown by a standing order in force, which is the consent that it takes.

use super::{Earn, Facts, Item, Standing, Subject, judge::OBJECTIVE};
use crate::{
    domain::{
        drill::objectives,
        standing_order::{OrderState, cannot_stand, promised},
    },
    plan::{Procedure, RecoveryTime},
    timestamp::human_seconds,
};

pub(super) fn all(facts: Facts<'_>) -> Vec<Item> {
    promised(facts.plan).map(|row| one(facts, row)).collect()
}

fn one(facts: Facts<'_>, row: &RecoveryTime) -> Item {
    let within = human_seconds(i64::try_from(row.seconds).unwrap_or(i64::MAX));
    let base = |earned, why: String, earn| Item {
        subject: Subject::Automatic,
        id: row.component.clone(),
        title: format!("{}: {within}, {}", row.component, row.method.to_lowercase()),
        weight: OBJECTIVE,
        earned,
        why,
        shown_at: None,
        fresh_until: None,
        earn,
    };
    let acts = |p: &&Procedure| objectives(facts.plan, p).iter().any(|(name, _)| *name == row.component);
    let of: Vec<_> = facts.plan.procedures.iter().filter(acts).collect();
    let orders = facts.orders.iter().filter(|order| order.ends_at > facts.now);
    // The best of several speaks.
    let best =
        orders.filter(|order| of.iter().any(|p| p.id == order.procedure)).min_by_key(|order| match order.state {
            OrderState::InForce if order.lapses.is_none() => 0,
            OrderState::InForce => 1,
            OrderState::Suspended => 2,
            _ => 3,
        });
    match best {
        Some(Standing { state: OrderState::InForce, number, lapses: Some(why), .. }) => {
            let why = format!("Standing order {number} would not be begun, because {why}.");
            base(0, why, Some(Earn::LookAtOrder { number: *number }))
        }
        Some(order @ Standing { state: OrderState::InForce, number, .. }) => Item {
            fresh_until: Some(order.ends_at),
            ..base(OBJECTIVE, format!("Standing order {number} begins it without waiting for anybody."), None)
        },
        Some(Standing { state: OrderState::Suspended, number, .. }) => {
            let why = format!("Standing order {number} is suspended: nothing is begun by itself now.");
            base(0, why, Some(Earn::LookAtOrder { number: *number }))
        }
        Some(Standing { number, .. }) => {
            let why = format!("Standing order {number} waits for consent.");
            base(0, why, Some(Earn::LookAtOrder { number: *number }))
        }
        None => match of.iter().find(|p| cannot_stand(p).is_none()) {
            Some(procedure) => {
                let earn = Some(Earn::Order { procedure: procedure.id.clone() });
                base(0, "Nobody has consented beforehand: it waits for people like any other.".into(), earn)
            }
            None => {
                let why = "No procedure that could be begun without people acts on a component with this objective.";
                base(0, why.into(), Some(Earn::Plan { line: row.line }))
            }
        },
    }
}
