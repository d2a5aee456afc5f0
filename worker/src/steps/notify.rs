//! Tells people something, once for each step of a run. What reaches them beside the console is not decided here.

use shared::domain::{audience::Audience, run::StepOutcome};

use super::{Probed, Step, sentence};
use crate::{
    board::{Given, NotGiven},
    lease::LeaseLost,
};

pub(super) async fn perform(step: Step<'_>, audience: Audience, text: &str) -> Result<StepOutcome, LeaseLost> {
    step.lease.check()?;
    let given = match step.board.give(step.planned.number, audience, text, step.lease).await {
        Ok(given) => given,
        Err(NotGiven::Lost) => return Err(LeaseLost),
        Err(NotGiven::Failed(reason)) => return Ok(StepOutcome::Failed { reason }),
    };
    step.output.out(text).await;
    let evidence = evidence(audience, given);
    if given.readers == 0 {
        step.output.say(&sentence(&format!("{}; tell them another way", nobody(audience)))).await;
    }
    Ok(StepOutcome::Succeeded { evidence })
}

pub(super) async fn probe(step: Step<'_>, audience: Audience) -> Probed {
    match step.board.given(step.planned.number).await {
        Ok(true) => {
            Probed::Done { evidence: format!("{} had been notified before the interruption", audience.words()) }
        }
        // Given once more it is still one.
        Ok(false) | Err(_) => Probed::Again,
    }
}

fn evidence(audience: Audience, given: Given) -> String {
    let people = match given.readers {
        0 => nobody(audience),
        1 => "1 person".to_owned(),
        n => format!("{n} people"),
    };
    let before = if given.new { "" } else { ", by an earlier attempt" };
    format!("notified {}: {people}{before}", audience.words())
}

fn nobody(audience: Audience) -> String {
    match audience {
        Audience::Everyone => "nobody can sign in now, so nobody reads it".into(),
        other => format!("nobody has the role {other} now, so nobody reads it"),
    }
}
