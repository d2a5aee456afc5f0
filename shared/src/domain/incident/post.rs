//! What is told to the public at another time than now: about a moment that has passed, or once a moment has come. Posts nothing.

use serde::{Deserialize, Serialize};

use super::{Due, Incident, IncidentCommand, Person, PublicState, update_seconds};
use crate::{domain::offer::Refusal, timestamp::Timestamp};

/// A message that waits longer is a plan, not news.
const MOST_DAYS_AHEAD: u64 = 30;
/// Said later than this, it could be wrong by then.
const LATE_SECONDS: i64 = 15 * 60;

/// What becomes of a message that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum PostDeed {
    Planned {
        state: PublicState,
        publish_at: Timestamp,
    },
    Changed {
        state: PublicState,
        publish_at: Timestamp,
    },
    Cancelled {},
    /// Its time has come, and it was not posted.
    Skipped {
        why: String,
        /// Who is told of it.
        whose: Person,
    },
}

/// What is to be done with a message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Wait,
    Post,
    Skip(String),
}

/// Whether a message may wait until then.
///
/// # Errors
/// A sentence for whoever chose the time.
pub fn check_publish_at(publish_at: Timestamp, now: Timestamp) -> Result<(), String> {
    if publish_at <= now {
        return Err("This time has passed. Choose one to come, or post the message now.".into());
    }
    if publish_at > now.plus_seconds(MOST_DAYS_AHEAD * 86_400) {
        return Err(format!("A message can wait for at most {MOST_DAYS_AHEAD} days."));
    }
    Ok(())
}

impl Incident {
    /// Whether something can be told as of then.
    ///
    /// # Errors
    /// A sentence for whoever chose the time.
    pub fn check_happened_at(&self, happened_at: Timestamp, now: Timestamp) -> Result<(), String> {
        if happened_at > now {
            return Err("This time has not come yet. An update can be about a moment that has passed.".into());
        }
        if happened_at < self.declared_at {
            return Err(format!(
                "The incident began at {}; an update cannot be about a moment before it.",
                self.declared_at.utc_text()
            ));
        }
        Ok(())
    }

    /// The state is that of the newest thing told, whenever it was told.
    pub(super) fn tell(
        &mut self,
        state: PublicState,
        happened_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Some(at) = happened_at {
            self.check_happened_at(at, now).map_err(|why| Refusal::new("not-then", why))?;
        }
        let at = happened_at.unwrap_or(now);
        if self.posted_at.is_some_and(|newest| newest > at) {
            return Ok(());
        }
        self.public_state = Some(state);
        self.posted_at = Some(at);
        if now < at.plus_seconds(update_seconds(self.level)) {
            self.told_overdue.retain(|due| *due != Due::Update {});
        }
        Ok(())
    }

    /// `may`: whoever scheduled it could still post it now. `same_world`: the database was not brought back from a backup meanwhile.
    #[must_use]
    pub fn fate(&self, publish_at: Timestamp, now: Timestamp, may: bool, same_world: bool) -> Fate {
        if publish_at > now {
            return Fate::Wait;
        }
        if let Err(refusal) = self.permits(IncidentCommand::PostUpdate) {
            return Fate::Skip(refusal.message);
        }
        if !may {
            return Fate::Skip("Whoever scheduled it may not post public updates any more.".into());
        }
        if !same_world {
            return Fate::Skip(
                "It was scheduled before this database was restored from a backup; it may have been posted already."
                    .into(),
            );
        }
        if now.seconds_since(publish_at) > LATE_SECONDS {
            return Fate::Skip(
                "Muster was not running at its time, and so long after it the message could be wrong.".into(),
            );
        }
        Fate::Post
    }
}

/// As it reads after "Somebody …".
#[must_use]
pub fn sentence(post: i64, deed: &PostDeed, text: &str) -> String {
    let when = |state: &PublicState, at: &Timestamp| format!("{} at {}", state.words().to_lowercase(), at.utc_text());
    match deed {
        PostDeed::Planned { state, publish_at } => {
            format!("scheduled public update {post} ({}): {text}", when(state, publish_at))
        }
        PostDeed::Changed { state, publish_at } => {
            format!("changed scheduled update {post} ({}): {text}", when(state, publish_at))
        }
        PostDeed::Cancelled {} => format!("cancelled scheduled update {post}: {text}"),
        PostDeed::Skipped { why, .. } => format!("did not post scheduled update {post}. {why} It said: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::IncidentEvent;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_000_000 + seconds)
    }

    fn incident() -> Incident {
        Incident::declared("down".into(), (1, None), vec![], Some("Down".into()), at(0))
    }

    fn posted(state: PublicState, happened_at: Option<Timestamp>) -> IncidentEvent {
        IncidentEvent::Posted { state, text: "x".into(), happened_at }
    }

    #[test]
    fn an_update_is_about_a_moment_between_the_beginning_and_now() {
        for (happened_at, ok) in [(-1, false), (0, true), (50, true), (100, true), (101, false)] {
            let event = posted(PublicState::Identified, Some(at(happened_at)));
            assert_eq!(incident().apply(&event, at(100)).is_ok(), ok, "{happened_at}");
        }
    }

    #[test]
    fn the_state_is_that_of_the_newest_thing_told() {
        let known = incident().apply(&posted(PublicState::Identified, None), at(100)).unwrap();
        let before = known.apply(&posted(PublicState::Investigating, Some(at(50))), at(200)).unwrap();
        assert_eq!((before.public_state, before.posted_at), (Some(PublicState::Identified), Some(at(100))));
        let after = before.apply(&posted(PublicState::Monitoring, Some(at(150))), at(200)).unwrap();
        assert_eq!((after.public_state, after.posted_at), (Some(PublicState::Monitoring), Some(at(150))));
    }

    #[test]
    fn the_clock_stops_being_late_only_by_news_that_is_new() {
        let mut late = incident();
        late.told_overdue.push(Due::Update {});
        let old = late.apply(&posted(PublicState::Identified, Some(at(10))), at(10_000)).unwrap();
        assert_eq!(old.told_overdue, [Due::Update {}]);
        let new = late.apply(&posted(PublicState::Identified, None), at(10_000)).unwrap();
        assert!(new.told_overdue.is_empty());
    }

    #[test]
    fn a_message_waits_is_posted_or_is_skipped() {
        let open = incident();
        let over = open.apply(&IncidentEvent::Resolved { text: "x".into(), despite: None }, at(1)).unwrap();
        let internal = Incident { public_title: None, ..open.clone() };
        let skipped = |fate| matches!(fate, Fate::Skip(_));
        assert_eq!(open.fate(at(10), at(9), true, true), Fate::Wait);
        assert_eq!(open.fate(at(10), at(10), true, true), Fate::Post);
        assert_eq!(open.fate(at(10), at(10 + LATE_SECONDS), true, true), Fate::Post);
        assert!(skipped(open.fate(at(10), at(11 + LATE_SECONDS), true, true)));
        assert!(skipped(open.fate(at(10), at(10), false, true)), "who may not any more");
        assert!(skipped(open.fate(at(10), at(10), true, false)), "from another life of the database");
        assert!(skipped(over.fate(at(10), at(10), true, true)));
        assert!(skipped(internal.fate(at(10), at(10), true, true)));
        assert_eq!(over.fate(at(10), at(9), true, true), Fate::Wait, "it may be reopened until then");
    }

    #[test]
    fn it_waits_for_a_time_to_come_that_is_not_far() {
        let days = |n: i64| at(n * 86_400);
        for (publish_at, ok) in [(at(0), false), (at(1), true), (days(30), true), (days(31), false)] {
            assert_eq!(check_publish_at(publish_at, at(0)).is_ok(), ok, "{publish_at}");
        }
    }
}
