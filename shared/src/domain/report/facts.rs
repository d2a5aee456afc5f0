//! The facts of a report, from the records: filled in where its text asks for one, and marked as such. What a person wrote is never
//! touched here.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{ASKED, DraftInput, RunFacts, sentence};
use crate::{
    domain::{
        approval::Choice,
        clock::{Clock, ClockState},
        incident::{Incident, IncidentEvent, RunMoment},
        run::StepState,
        standing_order::OrderMoment,
    },
    timestamp::{Timestamp, human_seconds},
};

/// What the records can tell. Its line in a report's text is `[facts: summary]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    Summary,
    Impact,
    Timeline,
    Recovery,
    Trouble,
    Objectives,
    FollowUps,
    People,
}

impl Fact {
    pub const ALL: [Self; 8] = [
        Self::Summary,
        Self::Impact,
        Self::Timeline,
        Self::Recovery,
        Self::Trouble,
        Self::Objectives,
        Self::FollowUps,
        Self::People,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Impact => "impact",
            Self::Timeline => "timeline",
            Self::Recovery => "recovery",
            Self::Trouble => "trouble",
            Self::Objectives => "objectives",
            Self::FollowUps => "follow-ups",
            Self::People => "people",
        }
    }

    /// The line that stands for it.
    #[must_use]
    pub fn line(self) -> String {
        format!("[facts: {}]", self.name())
    }

    fn of_line(line: &str) -> Option<Self> {
        let name = line.trim().strip_prefix("[facts:")?.strip_suffix(']')?.trim();
        Self::ALL.into_iter().find(|fact| fact.name() == name)
    }
}

/// One of them in Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FactBlock {
    pub fact: Fact,
    pub text: String,
}

/// Under each block, so that a reader knows whose words these are.
pub const MARK: &str = "*Filled in from Muster's records.*";
const NOTHING: &str = "*Muster's records say nothing of this.*";
const UNANSWERED: &str = "*Nothing was written here.*";

/// The text with the facts in it. A fact that is not among `facts` is left out with its line: strangers are told only what is theirs.
#[must_use]
pub fn filled(body: &str, facts: &[FactBlock]) -> String {
    let mut out = String::with_capacity(body.len());
    let mut fence = Fence::default();
    for line in body.split_inclusive('\n') {
        let outside = fence.outside(line);
        match Fact::of_line(line).filter(|_| outside) {
            Some(fact) => {
                if let Some(block) = facts.iter().find(|block| block.fact == fact) {
                    let text = block.text.trim();
                    let _ = match text.is_empty() {
                        true => writeln!(out, "{NOTHING}"),
                        false => writeln!(out, "{text}\n\n{MARK}"),
                    };
                }
            }
            None if outside && ASKED.contains(&line.trim()) => {
                let _ = writeln!(out, "{UNANSWERED}");
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Whether a line stands in a fenced block, line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fence(Option<(char, usize)>);

impl Fence {
    /// Of the next line: true if it is text.
    pub(super) fn outside(&mut self, line: &str) -> bool {
        let text = line.trim_start();
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'));
        let length = mark.map_or(0, |mark| text.chars().take_while(|c| *c == mark).count());
        match (self.0, mark) {
            (None, Some(mark)) if length >= 3 => {
                self.0 = Some((mark, length));
                false
            }
            (Some((open, least)), Some(mark)) if mark == open && length >= least => {
                self.0 = None;
                false
            }
            (state, _) => state.is_none(),
        }
    }
}

/// All of them, as the records are now.
#[must_use]
pub fn facts(input: &DraftInput<'_>) -> Vec<FactBlock> {
    let text = |fact| match fact {
        Fact::Summary => summary(input),
        Fact::Impact => impact(input.incident),
        Fact::Timeline => timeline(input.timeline),
        Fact::Recovery => input.runs.iter().map(recovery).collect(),
        Fact::Trouble => trouble(input),
        Fact::Objectives => objectives(&input.incident.clocks(), input.now),
        Fact::FollowUps => follow_ups(input),
        Fact::People => people(input),
    };
    Fact::ALL.into_iter().map(|fact| FactBlock { fact, text: text(fact) }).collect()
}

/// What strangers may read of them: what was posted for everybody, oldest first.
#[must_use]
pub fn public_facts(timeline: &[crate::api::incident::TimelineEntry]) -> Vec<FactBlock> {
    let mut posts: Vec<_> = timeline
        .iter()
        .filter_map(|entry| match &entry.event {
            IncidentEvent::Posted { state, text, happened_at } => Some((happened_at.unwrap_or(entry.at), *state, text)),
            _ => None,
        })
        .collect();
    posts.sort_by_key(|(at, ..)| *at);
    let mut text = String::new();
    for (at, state, said) in posts {
        let _ = writeln!(text, "- {} – {}: {}", at.utc_text(), state.words(), line(said));
    }
    vec![FactBlock { fact: Fact::Timeline, text }]
}

fn cell(value: &str) -> String {
    line(value).replace('|', "\\|")
}

fn summary(input: &DraftInput<'_>) -> String {
    let incident = input.incident;
    let affected: Vec<String> =
        incident.affected.iter().map(|a| format!("{} ({})", line(&a.name), a.impact.words().to_lowercase())).collect();
    let mut text = String::from("| Fact | Value |\n|---|---|\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "| {name} | {} |", value.replace('|', "\\|"));
    };
    row("System", line(input.system));
    row("Level", format!("{} – {}", incident.level, line(input.level_name)));
    row("Affected", if affected.is_empty() { "no component named".into() } else { affected.join(", ") });
    row("Declared", incident.declared_at.utc_text());
    row("Acknowledged", incident.acknowledged_at.map_or("never".into(), |at| after(incident.declared_at, at)));
    row("Resolved", incident.resolved_at.map_or("not yet".into(), |at| after(incident.declared_at, at)));
    text
}

fn after(from: Timestamp, at: Timestamp) -> String {
    format!("{} (after {})", at.utc_text(), human_seconds(at.seconds_since(from)))
}

fn impact(incident: &Incident) -> String {
    let mut text = String::new();
    if !incident.affected.is_empty() {
        text.push_str("| Component | What it suffered | From | Back |\n|---|---|---|---|\n");
    }
    for one in &incident.affected {
        let since = one.since.unwrap_or(incident.declared_at);
        let back = one.restored_at.or(incident.resolved_at);
        let back = back.map_or_else(|| "not yet".to_owned(), |at| after(since, at));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {back} |",
            cell(&one.name),
            one.impact.words().to_lowercase(),
            since.utc_text()
        );
    }
    text
}

fn objectives(clocks: &[Clock], now: Timestamp) -> String {
    let mut text = String::new();
    if !clocks.is_empty() {
        text.push_str("| Objective | Promised | Measured | Verdict |\n|---|---:|---:|---|\n");
    }
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
        let _ = writeln!(text, "| {} | {promised} | {measured} | {verdict} |", cell(&clock.label));
    }
    text
}

fn timeline(entries: &[crate::api::incident::TimelineEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(
            text,
            "- {} – {} – {}",
            entry.at.utc_text(),
            line(&entry.by.to_string()),
            line(&sentence(&entry.event))
        );
    }
    text
}

/// What went otherwise than the plan says: steps that failed or were left out, clocks that ran out, decisions that people had to make.
fn trouble(input: &DraftInput<'_>) -> String {
    let mut text = String::new();
    for entry in input.timeline {
        let telling = match &entry.event {
            IncidentEvent::Overdue { .. }
            | IncidentEvent::Reopened { .. }
            | IncidentEvent::Automatic { moment: OrderMoment::HandedOver, .. } => true,
            IncidentEvent::Run { moment, .. } => matches!(
                moment,
                RunMoment::GlassBroken
                    | RunMoment::Refused
                    | RunMoment::Unresolvable
                    | RunMoment::Expired
                    | RunMoment::Asked
            ),
            _ => false,
        };
        if telling {
            let _ = writeln!(text, "- {}: {}", entry.at.utc_text(), line(&sentence(&entry.event)));
        }
    }
    for facts in input.runs {
        let number = facts.run.header.number;
        for (step, plan) in facts.run.steps.iter().zip(&facts.run.header.procedure.steps) {
            let what = match &step.state {
                StepState::Failed { reason } => format!("failed: {reason}"),
                StepState::Unknown { reason } => format!("has an unknown outcome: {reason}"),
                StepState::Skipped { reason } => format!("was skipped: {reason}"),
                _ => continue,
            };
            let _ = writeln!(text, "- Run {number}, step {} ({}) {}", step.number, line(&plan.title), line(&what));
        }
    }
    text
}

fn follow_ups(input: &DraftInput<'_>) -> String {
    let mut text = String::new();
    if !input.follow_ups.is_empty() {
        text.push_str("| Follow-up | What | Who | Until | State |\n|---:|---|---|---|---|\n");
    }
    for one in input.follow_ups {
        let until = one.due_at.map_or_else(|| "–".to_owned(), |at| at.utc_text().chars().take(10).collect());
        let owner = one.owner.as_deref().unwrap_or("nobody yet");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {until} | {} |",
            one.number,
            cell(&one.title),
            cell(owner),
            one.state.to_lowercase()
        );
    }
    text
}

fn recovery(facts: &RunFacts) -> String {
    let mut text = String::new();
    let run = &facts.run;
    let header = &run.header;
    let _ = writeln!(text, "### Run {}: {}\n", header.number, line(&header.procedure.title));
    let _ = match (&run.ordered, header.standing_order) {
        (Some(ordered), _) => write!(
            text,
            "Begun by itself, by standing order {} ({}) to which consent was given beforehand by {},",
            ordered.order,
            line(&ordered.name),
            line(&ordered.givers)
        ),
        (None, Some(order)) => write!(text, "Begun by itself, by standing order {order},"),
        (None, None) => write!(text, "Requested by {}", line(&facts.requested_by)),
    };
    let at = header.requested_at.utc_text();
    let _ = write!(text, " at {at} from plan version {}, line {}. ", facts.plan_version, header.procedure.line);
    for decision in &run.decisions {
        let verb = match &decision.choice {
            Choice::Approve => "Approved",
            Choice::Refuse { .. } => "Refused",
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
        let _ = writeln!(text, "| {} | {} | {took} | {} |", step.number, cell(&plan.title), cell(&outcome));
    }
    text.push('\n');
    text
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

fn people(input: &DraftInput<'_>) -> String {
    let mut names: Vec<String> =
        input.timeline.iter().filter(|e| e.by.user().is_some()).map(|e| e.by.to_string()).collect();
    names.extend(input.runs.iter().flat_map(|facts| facts.run.decisions.iter().map(|d| d.name.clone())));
    names.sort_unstable();
    names.dedup();
    names.into_iter().fold(String::new(), |text, name| text + &format!("- {}\n", line(&name)))
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
    fn facts_state_times_against_the_plan_and_neutralise_markup() {
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
        let blocks = facts(&DraftInput {
            number: 12,
            incident: &incident,
            level_name: "Minor",
            system: "BT2C",
            timeline: &[entry],
            runs: &[],
            follow_ups: &[],
            now: at(800),
        });
        let text: String = blocks.iter().map(|block| block.text.as_str()).collect();
        assert!(text.contains("| Response | 1 h | 30 s | met |"), "{text}");
        assert!(text.contains("| Recovery of Validator 1 | 10 min | 11 min 40 s | **missed** |"), "{text}");
        assert!(!text.contains("| |"), "no column without a heading: {text}");
        assert!(text.contains("noted: \\# not a heading"), "{text}");
    }

    #[test]
    fn facts_are_filled_in_where_they_are_asked_for_and_nowhere_else() {
        let blocks = vec![
            FactBlock { fact: Fact::Summary, text: "| a |\n[facts: people]".into() },
            FactBlock { fact: Fact::People, text: String::new() },
        ];
        for (body, expected) in [
            ("x\n[facts: summary]\ny\n", format!("x\n| a |\n[facts: people]\n\n{MARK}\ny\n")),
            ("[facts: people]", format!("{NOTHING}\n")),
            // Not among what these readers get: its line goes, too.
            ("a\n[facts: timeline]\nb", "a\nb".into()),
            ("```\n[facts: summary]\n```\n", "```\n[facts: summary]\n```\n".into()),
            ("~~~~\n~~~\n[facts: summary]\n~~~~\n", "~~~~\n~~~\n[facts: summary]\n~~~~\n".into()),
            ("see [facts: summary] there", "see [facts: summary] there".into()),
            ("[facts: nonsense]\n", "[facts: nonsense]\n".into()),
            ("kept\r\n", "kept\r\n".into()),
            (ASKED[0], format!("{UNANSWERED}\n")),
        ] {
            assert_eq!(filled(body, &blocks), expected, "{body:?}");
        }
    }

    #[test]
    fn strangers_get_what_was_posted_and_nothing_else() {
        use crate::domain::incident::PublicState;
        let entry =
            |seq, event| TimelineEntry { seq, at: Timestamp::from_unix(i64::from(seq)), by: Actor::Muster, event };
        let posted =
            |text: &str| IncidentEvent::Posted { state: PublicState::Identified, text: text.into(), happened_at: None };
        let timeline = [
            entry(1, IncidentEvent::Acknowledged),
            entry(2, posted("We *know*")),
            entry(3, IncidentEvent::Noted { text: "SECRET".into(), mentions: vec![] }),
        ];
        let facts = public_facts(&timeline);
        assert_eq!(facts.len(), 1);
        assert!(facts[0].text.ends_with("Identified: We \\*know\\*\n"), "{facts:?}");
    }
}
