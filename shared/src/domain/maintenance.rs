//! Announced work on components: a window that reminds, opens and closes by the clock. A fold of its log; never reads a clock and
//! knows no component's state.

mod public;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::public::{PublicMaintenance, PublicStep};
use crate::{
    domain::offer::{Offer, Refusal},
    timestamp::Timestamp,
};

/// How long before its beginning people are reminded.
pub const REMIND_SECONDS: i64 = 3600;
const LONGEST_SECONDS: i64 = 30 * 86_400;
const FARTHEST_SECONDS: i64 = 366 * 86_400;
/// A form takes a while to fill in.
const LATE_SECONDS: i64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceState {
    Scheduled,
    UnderWay,
    Completed,
    Cancelled,
}

impl MaintenanceState {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::UnderWay => "under-way",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing comes after it.
    #[must_use]
    pub fn over(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

/// A component that is worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Covered {
    /// Short name of its system.
    pub system: String,
    pub component: String,
    /// As the plan had it when this was planned.
    pub name: String,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MaintenanceWindow"))]
pub struct Window {
    pub from_at: Timestamp,
    pub to_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum MaintenanceEvent {
    Planned {
        title: String,
        /// Markdown, for the public, as are all texts here.
        text: String,
        covers: Vec<Covered>,
        window: Window,
    },
    Posted {
        text: String,
    },
    Moved {
        window: Window,
        text: Option<String>,
    },
    Reminded,
    Begun,
    Finished {
        text: Option<String>,
    },
    Cancelled {
        text: Option<String>,
    },
}

/// What people can do with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceCommand {
    Post,
    /// Another beginning or end; under way only another end.
    Move,
    Finish,
    Cancel,
}

impl MaintenanceCommand {
    pub const ALL: [Self; 4] = [Self::Post, Self::Move, Self::Finish, Self::Cancel];
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    pub title: String,
    pub text: String,
    pub covers: Vec<Covered>,
    pub window: Window,
    pub state: MaintenanceState,
    pub planned_at: Timestamp,
    /// Or need not be: it was announced shortly before its beginning.
    pub reminded: bool,
    pub begun_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// How often it was moved.
    pub n_moves: u32,
}

impl Window {
    /// # Errors
    /// A sentence, if nobody can mean this.
    pub fn check(self, now: Timestamp) -> Result<(), (&'static str, &'static str)> {
        let lasts = self.to_at.seconds_since(self.from_at);
        if now.seconds_since(self.from_at) > LATE_SECONDS {
            return Err(("from_at", "It begins in the past. Maintenance is announced before it begins."));
        }
        self.check_end(now)?;
        match self.from_at.seconds_since(now) {
            FARTHEST_SECONDS.. => Err(("from_at", "It begins more than a year from now.")),
            _ if lasts < 60 => Err(("to_at", "It must end at least a minute after it begins.")),
            _ => Ok(()),
        }
    }

    /// As [`Window::check`], of one that has begun.
    ///
    /// # Errors
    /// A sentence, if nobody can mean this.
    pub fn check_end(self, now: Timestamp) -> Result<(), (&'static str, &'static str)> {
        if self.to_at <= now {
            return Err(("to_at", "It ends in the past. To end it now, finish it."));
        }
        match self.to_at.seconds_since(self.from_at) {
            LONGEST_SECONDS.. => Err(("to_at", "It lasts more than 30 days. Plan it in parts.")),
            _ => Ok(()),
        }
    }

    fn is_near(self, now: Timestamp) -> bool {
        self.from_at.seconds_since(now) <= REMIND_SECONDS
    }
}

impl Maintenance {
    #[must_use]
    pub fn planned(title: String, text: String, covers: Vec<Covered>, window: Window, now: Timestamp) -> Self {
        Self {
            title,
            text,
            covers,
            window,
            state: MaintenanceState::Scheduled,
            planned_at: now,
            reminded: window.is_near(now),
            begun_at: None,
            ended_at: None,
            n_moves: 0,
        }
    }

    /// # Errors
    /// If the log does not begin with its planning, or something in it cannot follow what was before.
    pub fn replay<'a>(log: impl IntoIterator<Item = (Timestamp, &'a MaintenanceEvent)>) -> Result<Self, Refusal> {
        let mut log = log.into_iter();
        let Some((at, MaintenanceEvent::Planned { title, text, covers, window })) = log.next() else {
            return Err(Refusal::new("log", "A maintenance's log begins with its planning."));
        };
        let first = Self::planned(title.clone(), text.clone(), covers.clone(), *window, at);
        log.try_fold(first, |maintenance, (at, event)| maintenance.apply(event, at))
    }

    /// # Errors
    /// If this cannot happen to it now.
    pub fn apply(&self, event: &MaintenanceEvent, now: Timestamp) -> Result<Self, Refusal> {
        use MaintenanceEvent as E;
        use MaintenanceState as S;
        let mut next = self.clone();
        match event {
            E::Planned { .. } => return Err(Refusal::new("planned", "This maintenance is planned already.")),
            E::Posted { .. } => self.permits(MaintenanceCommand::Post)?,
            E::Moved { window, .. } => {
                self.permits(MaintenanceCommand::Move)?;
                if self.state == S::UnderWay && window.from_at != self.window.from_at {
                    let message = "This maintenance has begun; its beginning cannot be moved any more, only its end.";
                    return Err(Refusal::new("begun", message));
                }
                next.window = *window;
                next.n_moves += 1;
                next.reminded = window.is_near(now);
            }
            E::Reminded if self.state == S::Scheduled && !self.reminded => next.reminded = true,
            E::Begun if self.state == S::Scheduled => {
                next.state = S::UnderWay;
                next.reminded = true;
                next.begun_at = Some(now);
            }
            E::Reminded | E::Begun => return Err(Refusal::new("begun", "It is too late for this.")),
            E::Finished { .. } => {
                self.permits(MaintenanceCommand::Finish)?;
                next.state = S::Completed;
                next.ended_at = Some(now);
            }
            E::Cancelled { .. } => {
                self.permits(MaintenanceCommand::Cancel)?;
                next.state = S::Cancelled;
                next.ended_at = Some(now);
            }
        }
        Ok(next)
    }

    /// # Errors
    /// A sentence that says why not.
    pub fn permits(&self, command: MaintenanceCommand) -> Result<(), Refusal> {
        use MaintenanceCommand as C;
        use MaintenanceState as S;
        match (self.state, command) {
            (S::Completed, _) => Err(Refusal::new("completed", "This maintenance is completed.")),
            (S::Cancelled, _) => Err(Refusal::new("cancelled", "This maintenance was cancelled.")),
            (S::Scheduled, C::Finish) => Err(Refusal::new("scheduled", "It has not begun yet; cancel it instead.")),
            (S::UnderWay, C::Cancel) => Err(Refusal::new("begun", "It has begun; finish it instead.")),
            (S::Scheduled, C::Post | C::Move | C::Cancel) | (S::UnderWay, C::Post | C::Move | C::Finish) => Ok(()),
        }
    }

    /// What everybody who may plan can do; `refused` says why somebody may not.
    #[must_use]
    pub fn offers(&self, refused: Option<&str>) -> Vec<Offer<MaintenanceCommand>> {
        let offer = |command| {
            let why = self.permits(command).err().map(|refusal| refusal.message);
            Offer { command, refused: why.or_else(|| refused.map(str::to_owned)) }
        };
        MaintenanceCommand::ALL.into_iter().map(offer).collect()
    }

    /// What happens by itself now.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<MaintenanceEvent> {
        match self.state {
            MaintenanceState::Scheduled if self.window.from_at <= now => Some(MaintenanceEvent::Begun),
            MaintenanceState::Scheduled if !self.reminded && self.window.is_near(now) => {
                Some(MaintenanceEvent::Reminded)
            }
            MaintenanceState::UnderWay if self.window.to_at <= now => Some(MaintenanceEvent::Finished { text: None }),
            _ => None,
        }
    }

    /// When to look again.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        match self.state {
            MaintenanceState::Scheduled if self.reminded => Some(self.window.from_at),
            MaintenanceState::Scheduled => {
                Some(Timestamp::from_unix_ms(self.window.from_at.unix_ms() - REMIND_SECONDS * 1000))
            }
            MaintenanceState::UnderWay => Some(self.window.to_at),
            MaintenanceState::Completed | MaintenanceState::Cancelled => None,
        }
    }
}
