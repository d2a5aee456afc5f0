//! What the event stream carries. An event says what changed; the reader fetches what it shows, except output: few lines travel
//! with their event.

use serde::{Deserialize, Serialize};

use crate::api::run::OutputLine;

/// One server-sent event; its id is the position in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LiveEvent {
    pub id: i64,
    #[serde(flatten)]
    pub topic: Topic,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "topic", rename_all = "kebab-case")]
pub enum Topic {
    /// State, timeline or clocks of an incident.
    Incident {
        number: i64,
    },
    /// Which incidents somebody may see.
    Incidents {},
    /// State, decisions or steps of a run.
    Run {
        number: i64,
        incident: i64,
    },
    /// New lines `first` to `last`: all of them in order, or, if they are many, none.
    Output {
        run: i64,
        first: i64,
        last: i64,
        lines: Vec<OutputLine>,
    },
    Report {
        incident: i64,
    },
    Plan {
        system: String,
    },
    /// Who there is, or what somebody may do.
    People {},
    /// How the public page is arranged.
    StatusPage {},
    /// Announced work, or what has become of it.
    Maintenance {
        number: i64,
    },
    /// Everything was frozen, or goes on again.
    Freeze {},
    /// An alert began or ended, or a source of alerts was changed.
    Alerts {},
    /// A monitor stands otherwise than before, or was changed.
    Monitors {},
    /// A drill began, ended or was judged, or when they come due was changed.
    Drills {},
    /// Something is to be sent, or something has become of it.
    Outbox {},
}

impl Topic {
    /// The SSE event name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Incident { .. } => "incident",
            Self::Incidents {} => "incidents",
            Self::Run { .. } => "run",
            Self::Output { .. } => "output",
            Self::Report { .. } => "report",
            Self::Plan { .. } => "plan",
            Self::People {} => "people",
            Self::StatusPage {} => "status-page",
            Self::Maintenance { .. } => "maintenance",
            Self::Freeze {} => "freeze",
            Self::Alerts {} => "alerts",
            Self::Monitors {} => "monitors",
            Self::Drills {} => "drills",
            Self::Outbox {} => "outbox",
        }
    }
}
