//! A timeline as people read it: entries with their corrections and pins, by what wrote them. Words for the screen are not here.

use crate::{
    api::incident::TimelineEntry,
    domain::{actor::Actor, incident::IncidentEvent},
};

/// What a reader looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pen {
    /// Somebody wrote it.
    Written,
    /// It follows from what somebody or Muster did.
    Automatic,
    /// A recovery run tells it.
    Run,
}

/// An entry, and what was said about it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub entry: TimelineEntry,
    /// Oldest first; the last one is what it says now.
    pub corrections: Vec<TimelineEntry>,
    pub pinned: bool,
}

impl Told {
    /// What a note says now; `None` if this is no note.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        let IncidentEvent::Noted { text, .. } = &self.entry.event else { return None };
        let last = self.corrections.last().map(|correction| &correction.event);
        Some(if let Some(IncidentEvent::Corrected { text, .. }) = last { text } else { text })
    }

    #[must_use]
    pub fn pen(&self) -> Pen {
        match &self.entry.event {
            IncidentEvent::Run { .. } | IncidentEvent::Notified { .. } | IncidentEvent::NoticeAcknowledged { .. } => {
                Pen::Run
            }
            IncidentEvent::Noted { .. }
            | IncidentEvent::Attached { .. }
            | IncidentEvent::Posted { .. }
            | IncidentEvent::Resolved { .. }
            | IncidentEvent::Closed { .. }
            | IncidentEvent::Reopened { .. } => Pen::Written,
            IncidentEvent::Declared { text: Some(_), .. } | IncidentEvent::StateChanged { text: Some(_), .. }
                if matches!(self.entry.by, Actor::User { .. }) =>
            {
                Pen::Written
            }
            _ => Pen::Automatic,
        }
    }
}

/// Entries in their order. What is said about an entry stands with it and nowhere else.
#[must_use]
pub fn story(entries: &[TimelineEntry]) -> Vec<Told> {
    let mut told: Vec<Told> = vec![];
    for entry in entries {
        let about = match &entry.event {
            IncidentEvent::Corrected { entry, .. }
            | IncidentEvent::Pinned { entry }
            | IncidentEvent::Unpinned { entry } => *entry,
            _ => {
                told.push(Told { entry: entry.clone(), corrections: vec![], pinned: false });
                continue;
            }
        };
        let Some(meant) = told.iter_mut().find(|told| told.entry.seq == about) else { continue };
        match &entry.event {
            IncidentEvent::Corrected { .. } => meant.corrections.push(entry.clone()),
            event => meant.pinned = matches!(event, IncidentEvent::Pinned { .. }),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    fn entries(events: Vec<IncidentEvent>) -> Vec<TimelineEntry> {
        let entry = |(seq, event)| TimelineEntry { seq, at: Timestamp::from_unix(0), by: Actor::Muster, event };
        (1..).zip(events).map(entry).collect()
    }

    fn noted(text: &str) -> IncidentEvent {
        IncidentEvent::Noted { text: text.into(), mentions: vec![] }
    }

    fn corrected(entry: i32, text: &str) -> IncidentEvent {
        IncidentEvent::Corrected { entry, text: text.into(), mentions: vec![] }
    }

    #[test]
    fn corrections_and_pins_stand_with_what_they_mean() {
        let story = story(&entries(vec![
            noted("validator 2 is down"),
            IncidentEvent::Acknowledged,
            corrected(1, "validator 1 is down"),
            IncidentEvent::Pinned { entry: 1 },
            IncidentEvent::Pinned { entry: 2 },
            corrected(1, "validator 1 is slow"),
            IncidentEvent::Unpinned { entry: 2 },
            corrected(99, "nothing"),
        ]));
        assert_eq!(story.iter().map(|told| told.entry.seq).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((story[0].note(), story[0].corrections.len()), (Some("validator 1 is slow"), 2));
        assert_eq!(story[0].entry.event, noted("validator 2 is down"), "the original stays");
        assert_eq!((story[0].pinned, story[1].pinned), (true, false));
        assert_eq!((story[0].pen(), story[1].pen(), story[1].note()), (Pen::Written, Pen::Automatic, None));
    }
}
