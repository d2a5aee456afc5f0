//! What became of a run that an order began: it helped, or people have to. Begins nothing.

use shared::domain::standing_order::{OrderMoment, Outlook, UseFacts, UseState, outlook};
use store::{OrderUse, Tx};

use super::sweep::{end, hand_over, incident, word};
use crate::error::AppError;

/// The use is locked and has a run.
pub(super) async fn look(tx: &mut Tx, one: &OrderUse) -> Result<(), AppError> {
    let Some((id, number)) = one.run else { return Ok(()) };
    let record = tx.standing_order_fetch(one.order).await?;
    let run = tx.run_fetch(id).await?.run;
    let question = run.question.as_ref().map(|question| question.why.as_str());
    let begun_at = one.begun_at.unwrap_or(one.at);
    let facts = UseFacts {
        begun_at,
        run: number,
        state: run.state,
        reason: question.or(run.reason.as_deref()),
        ended_at: run.ended_at,
        word: word(tx, one, &record.order, Some(begun_at)).await?,
        settle_seconds: record.order.terms.limits.settle_seconds,
        now: tx.now(),
    };
    match outlook(&facts) {
        Outlook::Wait => Ok(()),
        Outlook::Helped => {
            let record_of = (&record.order, incident(tx, one).await?);
            let text = format!("run {number} succeeded, and what was down is back");
            end(tx, one, record_of, (UseState::Helped, OrderMoment::Helped), &text).await
        }
        Outlook::HandOver(why) => {
            let record_of = (&record.order, incident(tx, one).await?);
            hand_over(tx, one, record_of, &why).await
        }
    }
}
