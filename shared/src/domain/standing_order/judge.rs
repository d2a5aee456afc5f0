//! May an order be begun now, and did it help? One answer each, from facts; the server asks before it begins, the worker's guard again.

use super::{Order, OrderState, Trigger};
use crate::{
    digest::Digest,
    domain::{
        approval::{Deciders, Verdict},
        monitor::State,
        run::RunState,
    },
    timestamp::Timestamp,
};

/// What consent was given on: where it is not so any more, the order lapses.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// What the order's procedure would do by the plan in force, if it has it.
    pub meaning: Option<Digest>,
    /// What the monitor looks at that it is about, if it is there and not paused.
    pub looks_at: Option<Digest>,
    /// The system's Compose project.
    pub project: &'a str,
    /// Who may decide about runs.
    pub deciders: &'a Deciders,
}

/// What is so at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub ground: Ground<'a>,
    /// When it was begun before.
    pub begun: &'a [Timestamp],
    /// It did not help in this incident, so people have it.
    pub handed_over: bool,
    /// Another run is live on the target.
    pub busy: Option<i64>,
    pub frozen: bool,
    pub now: Timestamp,
}

/// Why it is not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Not this time; people are called.
    NotNow(String),
    /// Never again: people have to consent anew.
    Lapsed(String),
}

/// Why an order is over although its time is not: people have to consent anew. One that waits for consent has none yet that could be
/// withdrawn. That its time is over is no lapse.
#[must_use]
pub fn lapses(order: &Order, ground: &Ground<'_>, now: Timestamp) -> Option<String> {
    let verdict = order.verdict(ground.deciders, now);
    if order.state != OrderState::Proposed && matches!(verdict, Verdict::Pending { .. } | Verdict::Refused { .. }) {
        return Some("not enough of those who consented may still do so".into());
    }
    if order.content.resolution_digest != Digest::of_value(&order.terms) {
        return Some("its terms are not those that were consented to".into());
    }
    if ground.meaning != Some(order.terms.meaning) {
        return Some("the plan has another procedure by now".into());
    }
    if ground.project != order.terms.project {
        return Some("the system has another project by now".into());
    }
    match &order.terms.trigger {
        Trigger::Monitor { looks_at, .. } if ground.looks_at != Some(*looks_at) => {
            Some("its monitor looks at something else by now, or is gone".into())
        }
        _ => None,
    }
}

/// # Errors
/// Why not; people are called in any case.
pub fn may_begin(order: &Order, facts: &Facts<'_>) -> Result<(), Hold> {
    let not_now = |why: String| Err(Hold::NotNow(why));
    match order.state {
        OrderState::InForce => {}
        state => return not_now(format!("the order is not in force: {}", state.words().to_lowercase())),
    }
    if order.verdict(facts.ground.deciders, facts.now) == Verdict::Expired {
        return not_now("its time is over".into());
    }
    if let Some(why) = lapses(order, &facts.ground, facts.now) {
        return Err(Hold::Lapsed(why));
    }
    if facts.frozen {
        return not_now("all recovery is frozen".into());
    }
    if facts.handed_over {
        return not_now("it has not helped in this incident before".into());
    }
    if let Some(run) = facts.busy {
        return not_now(format!("run {run} is under way on the same target"));
    }
    let limits = order.terms.limits;
    let ago = |at: &Timestamp| u64::try_from(facts.now.seconds_since(*at)).unwrap_or(0);
    let lately = facts.begun.iter().filter(|at| ago(at) < limits.window_seconds).count();
    if lately >= limits.at_most as usize {
        return not_now(format!("it was begun {lately} times within its window, and that is its limit"));
    }
    if let Some(last) = facts.begun.iter().map(ago).min().filter(|ago| *ago < limits.pause_seconds) {
        return not_now(format!("it was begun {last} s ago, and waits {} s between two", limits.pause_seconds));
    }
    Ok(())
}

/// How what an order is for stands, as far as anybody has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Down, or not looked at since.
    NotYet,
    Well,
    /// Nobody looks: why.
    Unseen(&'static str),
}

/// The monitor that an alert came from, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// What its alert tells of: that it is down, or an early warning.
    pub told: State,
    pub state: State,
    pub paused: bool,
    pub checked_at: Option<Timestamp>,
    pub looks_at: Digest,
}

impl Word {
    /// Of a monitor only a check is believed, not that its alert has ended: that also ends when somebody changes, pauses or removes it.
    /// `since`: when the check was made at the earliest; `monitor`: `None` if it is gone.
    #[must_use]
    pub fn of(trigger: &Trigger, monitor: Option<&Watched>, since: Option<Timestamp>) -> Self {
        let Some(monitor) = monitor else { return Self::Unseen("its monitor was removed") };
        if monitor.paused {
            return Self::Unseen("its monitor is paused");
        }
        if matches!(trigger, Trigger::Monitor { looks_at, .. } if *looks_at != monitor.looks_at) {
            return Self::Unseen("its monitor looks at something else by now");
        }
        let looked = since.is_none_or(|since| monitor.checked_at.is_some_and(|at| at >= since));
        match (monitor.state, monitor.told) {
            (State::Unknown, _) => Self::Unseen("its monitor was changed and has not found anything since"),
            (State::Up, _) | (State::Warning, State::Down) if looked => Self::Well,
            _ => Self::NotYet,
        }
    }
}

/// What is known of a run that was begun by an order.
#[derive(Clone, Copy, Debug)]
pub struct UseFacts<'a> {
    pub begun_at: Timestamp,
    pub run: i64,
    pub state: RunState,
    /// Why it asks or has ended, where it is said.
    pub reason: Option<&'a str>,
    pub ended_at: Option<Timestamp>,
    /// How what was down stands.
    pub word: Word,
    pub settle_seconds: u64,
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    Wait,
    Helped,
    HandOver(String),
}

#[must_use]
pub fn outlook(facts: &UseFacts<'_>) -> Outlook {
    use RunState as S;
    let since = |at: Timestamp| u64::try_from(facts.now.seconds_since(at)).unwrap_or(0);
    let because = facts.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let run = facts.run;
    match facts.state {
        S::Succeeded if facts.word == Word::Well => Outlook::Helped,
        S::Succeeded if let Word::Unseen(why) = facts.word => {
            Outlook::HandOver(format!("run {run} succeeded, but whether what was down is back is not known: {why}"))
        }
        S::Succeeded => match facts.ended_at.map(since) {
            Some(seconds) if seconds >= facts.settle_seconds => {
                Outlook::HandOver(format!("run {run} succeeded, and it is still down {seconds} s later"))
            }
            _ => Outlook::Wait,
        },
        S::Asking => Outlook::HandOver(format!("run {run} needs a decision{because}")),
        S::Waiting | S::Resolving | S::AwaitingApproval | S::Queued => {
            let seconds = since(facts.begun_at);
            if seconds < facts.settle_seconds {
                return Outlook::Wait;
            }
            Outlook::HandOver(format!("no worker has begun run {run} within {seconds} s"))
        }
        S::Running => Outlook::Wait,
        S::Cancelling => Outlook::HandOver(format!("run {run} is being cancelled{because}")),
        S::Stopped | S::Refused | S::Expired | S::Withdrawn | S::Unresolvable | S::Cancelled | S::DryRun => {
            Outlook::HandOver(format!("run {run} ended without success{because}"))
        }
    }
}
