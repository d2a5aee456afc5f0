//! Post-incident reports: what the first draft says, and the timeline's events in words. Facts are `report::facts`'; judges nothing.

use crate::{
    bytes::human_bytes,
    domain::{
        criteria::Seen,
        escalation,
        incident::{Affected, Incident, IncidentEvent, Person, RunMoment, post_sentence},
        run::Run,
        standing_order::OrderMoment,
    },
    timestamp::{Timestamp, human_seconds},
};

pub mod facts;
pub mod review;
pub mod sections;

/// Everything the draft is made from.
#[derive(Clone, Copy, Debug)]
pub struct DraftInput<'a> {
    pub number: i64,
    pub incident: &'a Incident,
    pub level_name: &'a str,
    /// "BT2C"
    pub system: &'a str,
    pub timeline: &'a [crate::api::incident::TimelineEntry],
    pub runs: &'a [RunFacts],
    pub follow_ups: &'a [FollowUpFacts],
    pub now: Timestamp,
}

/// One run with the names of its people.
#[derive(Clone, Debug)]
pub struct RunFacts {
    pub run: Run,
    pub requested_by: String,
    pub plan_version: i32,
}

/// What is to be done, as a report says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpFacts {
    pub number: i64,
    pub title: String,
    pub owner: Option<String>,
    /// Absent if nobody said until when.
    pub due_at: Option<Timestamp>,
    /// "Open", "Done": as it is shown.
    pub state: &'static str,
}

/// The sections people expect, with a line for each fact that Muster fills in by itself ([`facts::Fact`]), and a line where only a
/// person can say something.
#[must_use]
pub fn draft() -> String {
    use facts::Fact as F;
    let section = |title: &str, facts: &[F], ask: Option<&str>| {
        let facts: String = facts.iter().map(|fact| format!("{}\n\n", fact.line())).collect();
        let ask = ask.map_or_else(String::new, |ask| format!("{ask}\n\n"));
        format!("## {title}\n\n{facts}{ask}")
    };
    let [summary, impact, cause, worked, failed] = ASKED;
    let text = [
        section("Summary", &[F::Summary], Some(summary)),
        section("Impact", &[F::Impact], Some(impact)),
        section("Timeline", &[F::Timeline], None),
        section("Root cause", &[], Some(cause)),
        section("What worked", &[F::Recovery], Some(worked)),
        section("What did not", &[F::Trouble], Some(failed)),
        section("Objectives", &[F::Objectives], None),
        section("Actions", &[F::FollowUps], None),
        section("People", &[F::People], None),
    ];
    text.concat().trim_end().to_owned() + "\n"
}

/// What a draft asks a person for. Unanswered, it does not reach a reader.
pub const ASKED: [&str; 5] = [
    "_Say in two or three sentences what happened._",
    "_Say who noticed what, and for how long._",
    "_Write what is known of the cause, and what is not._",
    "_Say what went well: what should be kept._",
    "_Say what was slow, missing or wrong: what should change._",
];

/// One event in words; the console's timeline says it the same way.
#[must_use]
pub fn sentence(event: &IncidentEvent) -> String {
    use IncidentEvent as E;
    match event {
        E::Declared { level, affected, text, seen } => {
            let names: Vec<&str> = affected.iter().map(|a| a.name.as_str()).collect();
            let what = if names.is_empty() { String::new() } else { format!(" on {}", names.join(", ")) };
            format!("declared a level {level} incident{what}{}{}", seen_words(seen), quoted(text.as_deref()))
        }
        E::Acknowledged => "acknowledged".into(),
        E::WorkStarted => "started work".into(),
        E::Noted { text, .. } => format!("noted: {text}"),
        E::LevelChanged { from, to, reason, .. } => format!("changed the level from {from} to {to}: {reason}"),
        E::Posted { state, text, happened_at } => {
            let then = happened_at.map_or_else(String::new, |at| format!(", backdated to {}", at.utc_text()));
            format!("posted publicly ({}{then}): {text}", state.words().to_lowercase())
        }
        E::Scheduled { post, deed, text } => post_sentence(*post, deed, text),
        E::Closed { text } => format!("closed the incident: {text}"),
        E::Resolved { text, despite: None } => format!("resolved the incident: {text}"),
        E::Resolved { text, despite: Some(despite) } => {
            format!("resolved the incident: {text} ({})", despite.words())
        }
        E::Run { number, procedure, moment, text } => run_sentence(*number, procedure, *moment, text),
        E::Automatic { name, moment, run, text, .. } => {
            let run = run.map(|run| format!(" with run {run}")).unwrap_or_default();
            match moment {
                OrderMoment::Begun => format!("began automatic recovery by standing order {name}{run}: {text}"),
                OrderMoment::Helped => format!("automatic recovery by standing order {name} helped{run}: {text}"),
                OrderMoment::HandedOver => {
                    format!("automatic recovery by standing order {name} did not help, people have to: {text}")
                }
            }
        }
        E::Notified { run, audience, text, .. } => format!("run {run} notified {}: {text}", audience.words()),
        E::NoticeAcknowledged { text, .. } => format!("acknowledged the notice: {text}"),
        E::Paged { people, reason } => {
            let why = reason.words();
            format!("paged {}{}", escalation::people(people), if why.is_empty() { why } else { format!(": {why}") })
        }
        E::ReportPublished { version, public } => {
            format!("published version {version} of the report {}", if *public { "publicly" } else { "internally" })
        }
        E::AlertFired { source, title, .. } => format!("alert from {source}: {title}"),
        E::AlertEnded { source, title, still_firing, .. } => {
            let rest = match still_firing {
                0 => "no alert fires any more".to_owned(),
                n => format!("{n} still firing"),
            };
            format!("alert from {source} ended: {title} ({rest})")
        }
        E::StateChanged { to, text, .. } => format!("said that it is {to}{}", quoted(text.as_deref())),
        E::Reopened { reason } => format!("reopened the incident: {reason}"),
        E::AffectedChanged { affected, text } => {
            format!("changed what is affected, {}{}", impacts(affected), quoted(text.as_deref()))
        }
        E::DutyTaken { duty, from: Some(from), .. } => format!("became the {duty} instead of {}", from.name),
        E::DutyTaken { duty, .. } => format!("became the {duty}"),
        E::DutyOffered { duty, to } => format!("asked {} to become the {duty}", to.name),
        E::DutyHandedOver { duty, from, .. } => format!("became the {duty}, handed over by {}", from.name),
        E::DutyOfferEnded { duty, to } => format!("ended the offer to {} to become the {duty}", to.name),
        E::DutyLeft { duty, .. } => format!("is not the {duty} any more"),
        E::Overdue { clock, limit_seconds, .. } => overdue_words(clock, *limit_seconds),
        E::Corrected { entry, text, .. } => format!("corrected entry {entry}: {text}"),
        E::Pinned { entry } => format!("pinned entry {entry}"),
        E::Unpinned { entry } => format!("unpinned entry {entry}"),
        E::TaskAdded { .. }
        | E::TaskGiven { .. }
        | E::TaskChanged { .. }
        | E::TaskEnded { .. }
        | E::TaskReopened { .. } => task_words(event),
        E::Restricted { people, reason } => {
            format!("restricted the incident to {}{}", names(people), quoted(reason.as_deref()))
        }
        E::Opened { reason } => format!("opened the incident to everybody again: {reason}"),
        E::LetIn { person } => format!("let {} see the incident", person.name),
        E::PutOut { person } => format!("let {} see the incident no longer", person.name),
        E::Merged { into, reason } => {
            format!("merged this incident into incident {into}{}", quoted(reason.as_deref()))
        }
        E::TookIn { duplicate } => format!("merged incident {duplicate} into this one"),
        E::Related { other } => format!("said that incident {other} has to do with this one"),
        E::Unrelated { other } => format!("said that incident {other} has nothing to do with this one"),
        E::Attached { file } => format!("attached {} ({})", file.name, human_bytes(file.bytes)),
    }
}

/// " (seen: One node has failed; The database misbehaves)"; nothing if nothing was ticked.
#[must_use]
pub fn seen_words(seen: &[Seen]) -> String {
    let texts: Vec<&str> = seen.iter().map(|seen| seen.text.as_str()).collect();
    if texts.is_empty() { String::new() } else { format!(" (seen: {})", texts.join("; ")) }
}

fn names(people: &[Person]) -> String {
    people.iter().map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// "Validator 1: degraded, Database: operational".
#[must_use]
pub fn impacts(affected: &[Affected]) -> String {
    let parts = affected.iter().map(|a| format!("{}: {}", a.name, a.impact.words().to_lowercase()));
    parts.collect::<Vec<_>>().join(", ")
}

/// What happened to a task, after the name of who did it: "took task 3: look at the backup".
#[must_use]
pub fn task_words(event: &IncidentEvent) -> String {
    use IncidentEvent as E;
    match event {
        E::TaskAdded { task, text, owner: Some(owner), .. } => format!("added task {task} for {}: {text}", owner.name),
        E::TaskAdded { task, text, .. } => format!("added task {task}: {text}"),
        E::TaskGiven { task, text, to: Some(to), .. } => format!("gave task {task} to {}: {text}", to.name),
        E::TaskGiven { task, text, .. } => format!("let go of task {task}: {text}"),
        E::TaskChanged { task, text, .. } => format!("changed task {task}: {text}"),
        E::TaskEnded { task, text, done: true } => format!("finished task {task}: {text}"),
        E::TaskEnded { task, text, done: false } => format!("dropped task {task}: {text}"),
        E::TaskReopened { task, text } => format!("opened task {task} again: {text}"),
        _ => String::new(),
    }
}

/// A clock that has run out, and what was promised.
#[must_use]
pub fn overdue_words(clock: &str, limit_seconds: u64) -> String {
    match limit_seconds {
        0 => format!("{clock} is overdue: it was due at once"),
        limit => {
            format!("{clock} is overdue: it was due within {}", human_seconds(i64::try_from(limit).unwrap_or(i64::MAX)))
        }
    }
}

fn run_sentence(number: i64, procedure: &str, moment: RunMoment, text: &str) -> String {
    use RunMoment as M;
    let run = format!("run {number} ({procedure})");
    let detail = if text.is_empty() { String::new() } else { format!(": {text}") };
    let what = match moment {
        M::Requested => return format!("requested {run}{detail}"),
        M::GlassBroken => return format!("broke the glass for {run}{detail}"),
        M::Reviewed => return format!("reviewed the broken glass of {run}{detail}"),
        M::Prioritised => return format!("gave {run} another place in line{detail}"),
        M::Called => "its turn came",
        M::Approved => return format!("approved {run}{detail}"),
        M::Refused => return format!("refused {run}{detail}"),
        M::Withdrawn => return format!("withdrew {run}{detail}"),
        M::Answered => return format!("decided in {run}{detail}"),
        M::Checked => return format!("checked after {run}{detail}"),
        M::Resolved => "the host was looked at",
        M::Unresolvable => "cannot run on this host",
        M::Expired => "approval expired",
        M::Started => "started",
        M::Late => "will probably miss its objective",
        M::StepEnded => "step ended",
        M::Asked => "needs a decision",
        M::CancelAsked => return format!("cancelled {run}{detail}"),
        M::Cancelled => "was cancelled",
        M::Succeeded => "succeeded",
        M::Watched => "watched",
        M::Stopped => "stopped",
        M::Cleared => "the drill target was removed",
    };
    format!("{run}: {what}{detail}")
}

fn quoted(text: Option<&str>) -> String {
    text.map_or(String::new(), |text| format!(": {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_has_the_sections_that_people_expect_and_each_fact_once() {
        let text = draft();
        let titles: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let expected = "Summary Impact Timeline Root_cause What_worked What_did_not Objectives Actions People";
        assert_eq!(titles.join(" "), expected.replace('_', " "));
        for fact in facts::Fact::ALL {
            assert_eq!(text.matches(&fact.line()).count(), 1, "{fact:?}");
        }
        for ask in ASKED {
            assert!(text.contains(ask), "{ask}");
        }
    }
}
