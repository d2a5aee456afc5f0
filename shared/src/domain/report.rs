//! The first draft of a post-incident report: facts, times, steps and people from the log, in Markdown. Judges nothing; what it
//! cannot know it asks for.

use std::fmt::Write as _;

use crate::{
    bytes::human_bytes,
    domain::{
        clock::{Clock, ClockState},
        criteria::Seen,
        escalation,
        incident::{Affected, Incident, IncidentEvent, Person, RunMoment, post_sentence},
        run::{Run, StepState},
    },
    timestamp::{Timestamp, human_seconds},
};

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
    pub now: Timestamp,
}

/// One run with the names of its people.
#[derive(Clone, Debug)]
pub struct RunFacts {
    pub run: Run,
    pub requested_by: String,
    pub plan_version: i32,
}

/// Markdown with one section for each thing a reader asks.
#[must_use]
pub fn draft(input: &DraftInput<'_>) -> String {
    let incident = input.incident;
    let mut text = format!("# Incident {}: {}\n\n", input.number, line(&incident.title));
    summary(&mut text, input);
    objectives(&mut text, &incident.clocks(), input.now);
    timeline(&mut text, input.timeline);
    for facts in input.runs {
        recovery(&mut text, facts);
    }
    people(&mut text, input);
    text.push_str(
        "## What caused it\n\n_Write what is known, and what is not._\n\n\
         ## What went well, what did not\n\n_Compare what was done with the plan._\n\n\
         ## Follow-ups\n\n- [ ] _What, who, until when._\n",
    );
    text
}

fn summary(text: &mut String, input: &DraftInput<'_>) {
    let incident = input.incident;
    let affected: Vec<String> =
        incident.affected.iter().map(|a| format!("{} ({})", line(&a.name), a.impact.words().to_lowercase())).collect();
    text.push_str("## Summary\n\n| Fact | Value |\n|---|---|\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "| {name} | {} |", value.replace('|', "\\|"));
    };
    row("System", line(input.system));
    row("Level", format!("{} – {}", incident.level, line(input.level_name)));
    row("Affected", if affected.is_empty() { "no component named".into() } else { affected.join(", ") });
    row("Declared", incident.declared_at.utc_text());
    row("Acknowledged", incident.acknowledged_at.map_or("never".into(), |at| after(incident.declared_at, at)));
    row("Resolved", incident.resolved_at.map_or("not yet".into(), |at| after(incident.declared_at, at)));
    text.push('\n');
}

fn after(from: Timestamp, at: Timestamp) -> String {
    format!("{} (after {})", at.utc_text(), human_seconds(at.seconds_since(from)))
}

fn objectives(text: &mut String, clocks: &[Clock], now: Timestamp) {
    if clocks.is_empty() {
        return;
    }
    text.push_str(
        "## Measured against the plan\n\n| Objective | Promised | Measured | Verdict |\n|---|---:|---:|---|\n",
    );
    for clock in clocks {
        let promised = match clock.limit_seconds {
            0 => "immediately".to_owned(),
            seconds => human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)),
        };
        let verdict = match clock.state(now) {
            ClockState::Met => "met",
            ClockState::Missed => "**missed**",
            ClockState::Overdue => "**overdue**, still running",
            ClockState::Running | ClockState::Close => "still running",
        };
        let measured = human_seconds(clock.used_seconds(now));
        let _ = writeln!(text, "| {} | {promised} | {measured} | {verdict} |", line(&clock.label).replace('|', "\\|"));
    }
    text.push('\n');
}

fn timeline(text: &mut String, entries: &[crate::api::incident::TimelineEntry]) {
    text.push_str("## Timeline\n\n");
    for entry in entries {
        let _ = writeln!(
            text,
            "- {} – {} – {}",
            entry.at.utc_text(),
            line(&entry.by.to_string()),
            line(&sentence(&entry.event))
        );
    }
    text.push('\n');
}

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
        E::Resolved { text } => format!("resolved the incident: {text}"),
        E::Run { number, procedure, moment, text } => run_sentence(*number, procedure, *moment, text),
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

fn recovery(text: &mut String, facts: &RunFacts) {
    let run = &facts.run;
    let header = &run.header;
    let _ = writeln!(text, "## Recovery run {}: {}\n", header.number, line(&header.procedure.title));
    let _ = write!(
        text,
        "Requested by {} at {} from plan version {}, line {}. ",
        line(&facts.requested_by),
        header.requested_at.utc_text(),
        facts.plan_version,
        header.procedure.line
    );
    for decision in &run.decisions {
        let verb = match &decision.choice {
            crate::domain::approval::Choice::Approve => "Approved",
            crate::domain::approval::Choice::Refuse { .. } => "Refused",
        };
        let _ = write!(text, "{verb} by {} at {}. ", line(&decision.name), decision.at.utc_text());
    }
    if let Some(glass) = &run.glass {
        let (name, rule, reason) = (line(&glass.name), line(&glass.rule), line(&glass.reason));
        let _ = write!(text, "{name} broke the glass at {} instead of \"{rule}\": {reason}. ", glass.at.utc_text());
        let _ = match &run.review {
            Some(review) => write!(text, "Reviewed by {}: {}. ", line(&review.by.to_string()), line(&review.text)),
            None => write!(text, "Nobody has reviewed that yet. "),
        };
    }
    let _ = writeln!(text, "Outcome: {}.\n", run.state.words().to_lowercase());
    text.push_str("| Step | What | Took | Outcome |\n|---:|---|---:|---|\n");
    for (step, plan) in run.steps.iter().zip(&header.procedure.steps) {
        let took = match (step.started_at, step.ended_at) {
            (Some(from), Some(to)) => took(from, to),
            _ => "–".into(),
        };
        let outcome = match &step.state {
            StepState::Pending => "not begun".to_owned(),
            StepState::Running => "running".into(),
            StepState::Succeeded { evidence } => evidence.clone(),
            StepState::Failed { reason } => format!("**failed**: {reason}"),
            StepState::Unknown { reason } => format!("**unknown**: {reason}"),
            StepState::Skipped { reason } => format!("skipped: {reason}"),
        };
        let cell = |value: &str| line(value).replace('|', "\\|");
        let _ = writeln!(text, "| {} | {} | {took} | {} |", step.number, cell(&plan.title), cell(&outcome));
    }
    text.push('\n');
}

/// Short steps to the tenth: "0 s" would say that nothing was done.
fn took(from: Timestamp, to: Timestamp) -> String {
    match to.unix_ms() - from.unix_ms() {
        0..50 => "under 0.1 s".to_owned(),
        ms @ 50..9_950 => {
            let tenths = (ms + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => human_seconds(to.seconds_since(from)),
    }
}

fn people(text: &mut String, input: &DraftInput<'_>) {
    let mut names: Vec<String> =
        input.timeline.iter().filter(|e| e.by.user().is_some()).map(|e| e.by.to_string()).collect();
    names.extend(input.runs.iter().flat_map(|facts| facts.run.decisions.iter().map(|d| d.name.clone())));
    names.sort_unstable();
    names.dedup();
    text.push_str("## People\n\n");
    for name in names {
        let _ = writeln!(text, "- {}", line(&name));
    }
    text.push('\n');
}

/// What people typed, on one line and without its own markup: a note must not become a heading of the report.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::incident::TimelineEntry,
        domain::{
            actor::Actor,
            incident::{Affected, IncidentState},
            status::Impact,
        },
    };

    #[test]
    fn short_steps_are_told_to_the_tenth() {
        let cases = [
            (3, "under 0.1 s"),
            (512, "0.5 s"),
            (1_000, "1.0 s"),
            (9_949, "9.9 s"),
            (9_999, "9 s"),
            (75_400, "1 min 15 s"),
        ];
        for (ms, words) in cases {
            assert_eq!(took(Timestamp::from_unix_ms(0), Timestamp::from_unix_ms(ms)), words);
        }
    }

    #[test]
    fn the_draft_states_times_against_the_plan_and_neutralises_markup() {
        let at = Timestamp::from_unix;
        let affected = vec![Affected::new("validator1", "Validator 1", Impact::MajorOutage, Some(600))];
        let declared = Incident::declared("validator1 <b>down</b>".into(), (1, Some(3600)), affected, None, at(0));
        let incident = Incident {
            state: IncidentState::Resolved,
            acknowledged_at: Some(at(30)),
            resolved_at: Some(at(700)),
            ..declared
        };
        let entry = TimelineEntry {
            seq: 1,
            at: at(30),
            by: Actor::Muster,
            event: IncidentEvent::Noted { text: "# not a heading".into(), mentions: vec![] },
        };
        let text = draft(&DraftInput {
            number: 12,
            incident: &incident,
            level_name: "Minor",
            system: "BT2C",
            timeline: &[entry],
            runs: &[],
            now: at(800),
        });
        assert!(text.starts_with("# Incident 12: validator1 \\<b\\>down\\</b\\>\n"), "{text}");
        assert!(text.contains("| Response | 1 h | 30 s | met |"), "{text}");
        assert!(text.contains("| Recovery of Validator 1 | 10 min | 11 min 40 s | **missed** |"), "{text}");
        assert!(!text.contains("| |"), "no column without a heading: {text}");
        assert!(text.contains("noted: \\# not a heading"), "{text}");
    }
}
