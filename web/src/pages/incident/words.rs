//! The timeline's sentences: every event by exhaustive match. Plain values in, words out.

use shared::{
    domain::{
        escalation,
        incident::{IncidentEvent, PostDeed, RunMoment},
        report::{impacts, overdue_words},
        standing_order::OrderMoment,
        status::Impact,
    },
    timestamp::human_seconds,
};

use crate::components::{
    state_badge::{Look, Tone},
    time::exact,
};

pub(super) fn headline(event: &IncidentEvent) -> String {
    match event {
        IncidentEvent::Declared { level, .. } => format!("Declared as level {level}"),
        IncidentEvent::Acknowledged => "Acknowledged".into(),
        IncidentEvent::WorkStarted => "Work started".into(),
        IncidentEvent::Noted { .. } => "Note".into(),
        IncidentEvent::LevelChanged { from, to, .. } => format!("Level changed from {from} to {to}"),
        IncidentEvent::Posted { state, happened_at: None, .. } => {
            format!("Told the public: {}", state.words().to_lowercase())
        }
        IncidentEvent::Posted { state, happened_at: Some(at), .. } => {
            format!("Told the public afterwards: {} at {}", state.words().to_lowercase(), exact(*at))
        }
        IncidentEvent::Scheduled { post, deed, .. } => match deed {
            PostDeed::Planned { publish_at, .. } => {
                format!("Public update {post} scheduled for {}", exact(*publish_at))
            }
            PostDeed::Changed { publish_at, .. } => {
                format!("Scheduled update {post} changed, for {}", exact(*publish_at))
            }
            PostDeed::Cancelled {} => format!("Scheduled update {post} cancelled"),
            PostDeed::Skipped { .. } => format!("Scheduled update {post} was not posted"),
        },
        IncidentEvent::Resolved { despite: None, .. } => "Resolved".into(),
        IncidentEvent::Resolved { despite: Some(_), .. } => "Resolved with open points".into(),
        IncidentEvent::Closed { .. } => "Closed".into(),
        IncidentEvent::Run { procedure, moment, .. } => format!("{procedure}: {}", moment_words(*moment)),
        IncidentEvent::Automatic { name, moment, .. } => match moment {
            OrderMoment::Begun => format!("Automatic recovery begun: {name}"),
            OrderMoment::Helped => format!("Automatic recovery helped: {name}"),
            OrderMoment::HandedOver => format!("Automatic recovery did not help: {name}"),
        },
        IncidentEvent::Notified { audience, .. } => format!("Notified {}", audience.words()),
        IncidentEvent::NoticeAcknowledged { .. } => "Notice acknowledged".into(),
        IncidentEvent::Paged { people, .. } => format!("Paged {}", escalation::people(people)),
        IncidentEvent::ReportPublished { version, public } => {
            format!("Report published, version {version}, {}", if *public { "for everybody" } else { "for the team" })
        }
        IncidentEvent::AlertFired { source, .. } => format!("Alert from {source}"),
        IncidentEvent::AlertEnded { source, still_firing: 0, .. } => {
            format!("Alert from {source} ended; none fires any more")
        }
        IncidentEvent::AlertEnded { source, .. } => format!("Alert from {source} ended"),
        IncidentEvent::StateChanged { to, .. } => format!("Now {to}"),
        IncidentEvent::Reopened { .. } => "Reopened".into(),
        IncidentEvent::AffectedChanged { .. } => "What is affected has changed".into(),
        IncidentEvent::DutyTaken { duty, by, from: Some(from) } => {
            format!("{} is the {duty} instead of {}", by.name, from.name)
        }
        IncidentEvent::DutyTaken { duty, by, from: None } => format!("{} is the {duty}", by.name),
        IncidentEvent::DutyOffered { duty, to } => format!("{} is asked to become the {duty}", to.name),
        IncidentEvent::DutyHandedOver { duty, from, to } => {
            format!("{} is the {duty}, handed over by {}", to.name, from.name)
        }
        IncidentEvent::DutyOfferEnded { duty, to } => format!("{} is not asked any more to become the {duty}", to.name),
        IncidentEvent::DutyLeft { duty, by } => format!("{} is not the {duty} any more", by.name),
        IncidentEvent::Overdue { clock, limit_seconds, .. } => overdue_words(clock, *limit_seconds),
        IncidentEvent::Corrected { entry, .. } => format!("Entry {entry} corrected"),
        IncidentEvent::Pinned { entry } => format!("Entry {entry} pinned"),
        IncidentEvent::Unpinned { entry } => format!("Entry {entry} unpinned"),
        IncidentEvent::TaskAdded { task, owner: Some(owner), .. } => format!("Task {task} for {}", owner.name),
        IncidentEvent::TaskAdded { task, .. } => format!("Task {task} added"),
        IncidentEvent::TaskGiven { task, to: Some(to), .. } => format!("{} has task {task}", to.name),
        IncidentEvent::TaskGiven { task, .. } => format!("Nobody has task {task} any more"),
        IncidentEvent::TaskChanged { task, .. } => format!("Task {task} changed"),
        IncidentEvent::TaskEnded { task, done: true, .. } => format!("Task {task} done"),
        IncidentEvent::TaskEnded { task, done: false, .. } => format!("Task {task} dropped"),
        IncidentEvent::TaskReopened { task, .. } => format!("Task {task} is open again"),
        IncidentEvent::Attached { .. } => "File attached".into(),
        IncidentEvent::Restricted { .. } => "Only some may see this incident".into(),
        IncidentEvent::Opened { .. } => "Open to everybody again".into(),
        IncidentEvent::LetIn { person } => format!("{} may see it", person.name),
        IncidentEvent::PutOut { person } => format!("{} may not see it any more", person.name),
        IncidentEvent::Merged { into, .. } => format!("Merged into incident {into}"),
        IncidentEvent::TookIn { duplicate } => format!("Incident {duplicate} was merged into this one"),
        IncidentEvent::Related { other } => format!("Related to incident {other}"),
        IncidentEvent::Unrelated { other } => format!("Not related to incident {other} any more"),
    }
}

pub(super) fn body(event: &IncidentEvent) -> Option<String> {
    let text = match event {
        IncidentEvent::Declared { affected, text, seen, .. } => {
            let seen = (!seen.is_empty()).then(|| {
                let texts: Vec<&str> = seen.iter().map(|seen| seen.text.as_str()).collect();
                format!("Seen: {}", texts.join("; "))
            });
            let lines = [Some(impacts(affected)), seen, text.clone()];
            lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
        }
        IncidentEvent::AffectedChanged { affected, text } => {
            let parts = impacts(affected);
            text.as_ref().map_or_else(|| parts.clone(), |text| format!("{parts}\n{text}"))
        }
        IncidentEvent::LevelChanged { reason, response_seconds, .. } => match response_seconds {
            Some(0) => format!("{reason}\nResponse is now due at once."),
            Some(s) => format!(
                "{reason}\nResponse is now due within {}.",
                human_seconds(i64::try_from(*s).unwrap_or(i64::MAX))
            ),
            None => reason.clone(),
        },
        IncidentEvent::Noted { text, .. }
        | IncidentEvent::Posted { text, .. }
        | IncidentEvent::Scheduled {
            text,
            deed: PostDeed::Planned { .. } | PostDeed::Changed { .. } | PostDeed::Cancelled {},
            ..
        }
        | IncidentEvent::Resolved { text, despite: None }
        | IncidentEvent::Closed { text }
        | IncidentEvent::Notified { text, .. }
        | IncidentEvent::NoticeAcknowledged { text, .. }
        | IncidentEvent::Corrected { text, .. }
        | IncidentEvent::TaskAdded { text, .. }
        | IncidentEvent::TaskGiven { text, .. }
        | IncidentEvent::TaskChanged { text, .. }
        | IncidentEvent::TaskEnded { text, .. }
        | IncidentEvent::TaskReopened { text, .. }
        | IncidentEvent::Automatic { text, .. }
        | IncidentEvent::Run { text, .. } => text.clone(),
        IncidentEvent::Resolved { text, despite: Some(despite) } => {
            let open = despite.open.iter().map(|point| format!("{}: {}", point.what, point.why));
            let open = open.collect::<Vec<_>>().join("\n");
            format!("{text}\nNot proven then:\n{open}\nResolved all the same: {}", despite.reason)
        }
        IncidentEvent::AlertFired { title, .. } | IncidentEvent::AlertEnded { title, .. } => title.clone(),
        IncidentEvent::Paged { reason, .. } => {
            let words = reason.words();
            let mut letters = words.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        }
        IncidentEvent::Scheduled { text, deed: PostDeed::Skipped { why, .. }, .. } => format!("{why}\nIt said: {text}"),
        IncidentEvent::StateChanged { text, .. } => text.clone().unwrap_or_default(),
        IncidentEvent::Reopened { reason } | IncidentEvent::Opened { reason } => reason.clone(),
        IncidentEvent::Restricted { people, reason } => {
            let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
            let lines = [reason.clone().unwrap_or_default(), format!("Who may see it: {}", names.join(", "))];
            lines.join("\n").trim().to_owned()
        }
        IncidentEvent::Merged { reason, .. } => reason.clone().unwrap_or_default(),
        IncidentEvent::Acknowledged
        | IncidentEvent::WorkStarted
        | IncidentEvent::ReportPublished { .. }
        | IncidentEvent::DutyTaken { .. }
        | IncidentEvent::DutyOffered { .. }
        | IncidentEvent::DutyHandedOver { .. }
        | IncidentEvent::DutyOfferEnded { .. }
        | IncidentEvent::DutyLeft { .. }
        | IncidentEvent::Overdue { .. }
        | IncidentEvent::Pinned { .. }
        | IncidentEvent::Attached { .. }
        | IncidentEvent::LetIn { .. }
        | IncidentEvent::PutOut { .. }
        | IncidentEvent::TookIn { .. }
        | IncidentEvent::Related { .. }
        | IncidentEvent::Unrelated { .. }
        | IncidentEvent::Unpinned { .. } => String::new(),
    };
    (!text.trim().is_empty()).then_some(text)
}

pub(super) fn tone(event: &IncidentEvent) -> Tone {
    match event {
        // History is told in calm colours: red is for what needs somebody now.
        IncidentEvent::Declared { .. } => Tone::Warning,
        IncidentEvent::Posted { state, .. } => state.tone(),
        IncidentEvent::Resolved { .. } => Tone::Good,
        IncidentEvent::Run { moment, .. } => match moment {
            RunMoment::Succeeded => Tone::Good,
            RunMoment::Resolved | RunMoment::Asked | RunMoment::Watched | RunMoment::Late | RunMoment::GlassBroken => {
                Tone::Warning
            }
            RunMoment::Unresolvable | RunMoment::Refused | RunMoment::Stopped | RunMoment::Cancelled => Tone::Notice,
            RunMoment::Cleared
            | RunMoment::Approved
            | RunMoment::Called
            | RunMoment::Prioritised
            | RunMoment::Reviewed
            | RunMoment::Started
            | RunMoment::StepEnded
            | RunMoment::Answered
            | RunMoment::Checked
            | RunMoment::CancelAsked
            | RunMoment::Requested => Tone::Active,
            RunMoment::Expired | RunMoment::Withdrawn => Tone::Neutral,
        },
        IncidentEvent::Automatic { moment: OrderMoment::Begun, .. } => Tone::Active,
        IncidentEvent::Automatic { moment: OrderMoment::Helped, .. } => Tone::Good,
        IncidentEvent::Automatic { moment: OrderMoment::HandedOver, .. } => Tone::Warning,
        IncidentEvent::StateChanged { to, .. } => to.tone(),
        IncidentEvent::Scheduled { deed: PostDeed::Skipped { .. }, .. }
        | IncidentEvent::LevelChanged { .. }
        | IncidentEvent::Reopened { .. }
        | IncidentEvent::Restricted { .. }
        | IncidentEvent::Overdue { .. }
        | IncidentEvent::AlertFired { .. } => Tone::Warning,
        IncidentEvent::AlertEnded { still_firing: 0, .. } | IncidentEvent::TaskEnded { done: true, .. } => Tone::Good,
        IncidentEvent::AffectedChanged { affected, .. } => {
            if affected.iter().all(|a| a.impact == Impact::Operational) {
                Tone::Good
            } else {
                Tone::Warning
            }
        }
        IncidentEvent::AlertEnded { .. }
        | IncidentEvent::Scheduled { .. }
        | IncidentEvent::Paged { .. }
        | IncidentEvent::DutyTaken { .. }
        | IncidentEvent::DutyOffered { .. }
        | IncidentEvent::DutyHandedOver { .. }
        | IncidentEvent::DutyOfferEnded { .. }
        | IncidentEvent::DutyLeft { .. }
        | IncidentEvent::TaskAdded { .. }
        | IncidentEvent::TaskGiven { .. }
        | IncidentEvent::TaskChanged { .. }
        | IncidentEvent::TaskReopened { .. }
        | IncidentEvent::Acknowledged
        | IncidentEvent::WorkStarted
        | IncidentEvent::Notified { .. }
        | IncidentEvent::NoticeAcknowledged { .. } => Tone::Active,
        IncidentEvent::Noted { .. }
        | IncidentEvent::Attached { .. }
        | IncidentEvent::TaskEnded { .. }
        | IncidentEvent::Closed { .. }
        | IncidentEvent::ReportPublished { .. }
        | IncidentEvent::Corrected { .. }
        | IncidentEvent::Opened { .. }
        | IncidentEvent::LetIn { .. }
        | IncidentEvent::PutOut { .. }
        | IncidentEvent::Merged { .. }
        | IncidentEvent::TookIn { .. }
        | IncidentEvent::Related { .. }
        | IncidentEvent::Unrelated { .. }
        | IncidentEvent::Pinned { .. }
        | IncidentEvent::Unpinned { .. } => Tone::Neutral,
    }
}

fn moment_words(moment: RunMoment) -> &'static str {
    match moment {
        RunMoment::Requested => "requested",
        RunMoment::Called => "its turn has come",
        RunMoment::Prioritised => "has another place in line",
        RunMoment::Resolved => "waits for approval",
        RunMoment::Unresolvable => "cannot run on this host",
        RunMoment::Approved => "approved",
        RunMoment::GlassBroken => "the glass was broken",
        RunMoment::Reviewed => "the broken glass was reviewed",
        RunMoment::Refused => "refused",
        RunMoment::Expired => "approval expired",
        RunMoment::Withdrawn => "withdrawn",
        RunMoment::Started => "started",
        RunMoment::Late => "will probably miss its objective",
        RunMoment::StepEnded => "step ended",
        RunMoment::Asked => "needs a decision",
        RunMoment::Answered => "decided",
        RunMoment::CancelAsked => "to be cancelled",
        RunMoment::Cancelled => "cancelled",
        RunMoment::Checked => "final check",
        RunMoment::Watched => "watched",
        RunMoment::Succeeded => "succeeded",
        RunMoment::Stopped => "stopped",
        RunMoment::Cleared => "drill target removed",
    }
}
