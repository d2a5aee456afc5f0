//! The states of an incident and the one table of what leads where. Who may say so is not known here.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IncidentState {
    /// Nobody has taken it yet: the response clock runs.
    Declared,
    /// Somebody has it.
    Acknowledged,
    /// What is wrong is known.
    Identified,
    /// It is being brought back.
    // What earlier releases called it.
    #[serde(alias = "working")]
    Recovering,
    /// It seems to be back, and is watched.
    Monitoring,
    Resolved,
    /// Resolved, and nothing of it is owed any more.
    Closed,
}

impl IncidentState {
    pub const ALL: [Self; 7] = [
        Self::Declared,
        Self::Acknowledged,
        Self::Identified,
        Self::Recovering,
        Self::Monitoring,
        Self::Resolved,
        Self::Closed,
    ];

    /// What a person can say of an open incident at any time, forward or back.
    pub const SAID: [Self; 4] = [Self::Acknowledged, Self::Identified, Self::Recovering, Self::Monitoring];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Acknowledged => "acknowledged",
            Self::Identified => "identified",
            Self::Recovering => "recovering",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// Clocks run.
    #[must_use]
    pub fn open(self) -> bool {
        !matches!(self, Self::Resolved | Self::Closed)
    }

    /// The table. Nothing leads back to `declared`: an answer once given stays given.
    #[must_use]
    pub fn leads_to(self, next: Self) -> bool {
        match next {
            Self::Declared => false,
            // Whoever reopens has taken it.
            Self::Acknowledged => self != next,
            Self::Identified | Self::Recovering | Self::Monitoring => self.open() && self != next,
            Self::Resolved => self.open(),
            Self::Closed => self == Self::Resolved,
        }
    }

    /// Where a run that changes something leads when it begins. Nowhere from `declared`: a machine's start is no person's answer.
    #[must_use]
    pub fn when_a_run_begins(self) -> Option<Self> {
        match self {
            Self::Acknowledged | Self::Identified | Self::Monitoring => Some(Self::Recovering),
            Self::Declared | Self::Recovering | Self::Resolved | Self::Closed => None,
        }
    }
}

impl fmt::Display for IncidentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_like_this() {
        let mut picture = String::new();
        for from in IncidentState::ALL {
            let row: String = IncidentState::ALL.iter().map(|to| if from.leads_to(*to) { 'x' } else { '.' }).collect();
            let run = from.when_a_run_begins().map_or("-", IncidentState::name);
            picture += &format!("{row} {from}, a run: {run}\n");
        }
        // declared, acknowledged, identified, recovering, monitoring, resolved, closed
        assert_eq!(
            picture,
            ".xxxxx. declared, a run: -\n\
             ..xxxx. acknowledged, a run: recovering\n\
             .x.xxx. identified, a run: recovering\n\
             .xx.xx. recovering, a run: -\n\
             .xxx.x. monitoring, a run: recovering\n\
             .x....x resolved, a run: -\n\
             .x..... closed, a run: -\n"
        );
    }

    #[test]
    fn names_are_those_of_the_wire_and_the_old_one_is_understood() {
        for state in IncidentState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        assert_eq!(serde_json::from_str::<IncidentState>("\"working\"").unwrap(), IncidentState::Recovering);
    }
}
