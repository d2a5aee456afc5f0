//! One look per state: a colour, a shape and a word, by exhaustive matches. Nowhere else is a state given a colour.

use leptos::prelude::*;
use shared::domain::{
    clock::ClockState,
    incident::{IncidentState, PublicState},
    maintenance::MaintenanceState,
    monitor::State as MonitorState,
    run::{RunState, StepState},
    status::Impact,
    verification::State as VerificationState,
};

/// How much a person is needed. Red means *act*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Neutral,
    /// Something moves by itself.
    Active,
    Good,
    Notice,
    Warning,
    Critical,
}

impl Tone {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Active => "active",
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// On a grid of 12, filled; each tone has its own outline.
    fn shape(self) -> &'static str {
        match self {
            // A ring.
            Self::Neutral => "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1zm0 1.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8z",
            // A ring, half filled.
            Self::Active => "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1zm0 1.6v6.8a3.4 3.4 0 0 0 0-6.8z",
            // A disc with a tick cut out.
            Self::Good => "M6 .8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 6 .8zm2.5 3L5.2 7.2 3.5 5.6l-.9 1 2.6 2.4 4.3-4.3z",
            // A square.
            Self::Notice => {
                "M2.5 1.5h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zm2.7 3.9v3.4h1.6V5.4zm0-2.2v1.4h1.6V3.2z"
            }
            // A triangle with a mark.
            Self::Warning => {
                "M6 .9a.8.8 0 0 1 .7.4l5 9a.8.8 0 0 1-.7 1.2H1a.8.8 0 0 1-.7-1.2l5-9A.8.8 0 0 1 6 .9zm-.8 3.3v3.4h1.6V4.2zm0 4.3v1.4h1.6V8.5z"
            }
            // An octagon with a mark.
            Self::Critical => "M3.8.7h4.4l3.1 3.1v4.4l-3.1 3.1H3.8L.7 8.2V3.8zm1.4 2.1v4h1.6v-4zm0 4.9v1.5h1.6V7.7z",
        }
    }
}

/// A state's look. Implemented by exhaustive matches, so that a new state cannot be forgotten.
pub(crate) trait Look {
    fn tone(&self) -> Tone;
    fn word(&self) -> &'static str;
}

impl Look for IncidentState {
    fn tone(&self) -> Tone {
        match self {
            Self::Declared => Tone::Critical,
            Self::Acknowledged => Tone::Warning,
            Self::Identified => Tone::Notice,
            Self::Recovering | Self::Monitoring => Tone::Active,
            Self::Resolved => Tone::Good,
            Self::Closed => Tone::Neutral,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Declared => "Declared",
            Self::Acknowledged => "Acknowledged",
            Self::Identified => "Identified",
            Self::Recovering => "Recovering",
            Self::Monitoring => "Monitoring",
            Self::Resolved => "Resolved",
            Self::Closed => "Closed",
        }
    }
}

impl Look for MaintenanceState {
    fn tone(&self) -> Tone {
        match self {
            Self::Scheduled => Tone::Notice,
            Self::UnderWay => Tone::Active,
            Self::Completed => Tone::Good,
            Self::Cancelled => Tone::Neutral,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::UnderWay => "Under way",
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl Look for RunState {
    fn tone(&self) -> Tone {
        match self {
            Self::Resolving | Self::Queued | Self::Running | Self::Cancelling => Tone::Active,
            Self::AwaitingApproval => Tone::Warning,
            Self::Asking => Tone::Critical,
            Self::Succeeded => Tone::Good,
            Self::Refused | Self::Unresolvable | Self::Stopped | Self::Cancelled => Tone::Notice,
            Self::Waiting | Self::Expired | Self::Withdrawn | Self::DryRun => Tone::Neutral,
        }
    }

    fn word(&self) -> &'static str {
        self.words()
    }
}

impl Look for StepState {
    fn tone(&self) -> Tone {
        match self {
            Self::Pending => Tone::Neutral,
            Self::Running => Tone::Active,
            Self::Succeeded { .. } => Tone::Good,
            Self::Failed { .. } => Tone::Critical,
            Self::Unknown { .. } => Tone::Warning,
            Self::Skipped { .. } => Tone::Notice,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Pending => "Not started",
            Self::Running => "Running",
            Self::Succeeded { .. } => "Succeeded",
            Self::Failed { .. } => "Failed",
            Self::Unknown { .. } => "Outcome unknown",
            Self::Skipped { .. } => "Skipped",
        }
    }
}

impl Look for Impact {
    fn tone(&self) -> Tone {
        match self {
            Self::Operational => Tone::Good,
            Self::Degraded => Tone::Notice,
            Self::PartialOutage => Tone::Warning,
            Self::MajorOutage => Tone::Critical,
        }
    }

    fn word(&self) -> &'static str {
        self.words()
    }
}

impl Look for ClockState {
    fn tone(&self) -> Tone {
        match self {
            Self::Running => Tone::Neutral,
            Self::Close => Tone::Warning,
            Self::Overdue => Tone::Critical,
            Self::Met => Tone::Good,
            Self::Missed => Tone::Notice,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Close => "Nearly due",
            Self::Overdue => "Overdue",
            Self::Met => "In time",
            Self::Missed => "Late",
        }
    }
}

impl Look for PublicState {
    fn tone(&self) -> Tone {
        match self {
            Self::Investigating => Tone::Warning,
            Self::Identified => Tone::Notice,
            Self::Monitoring => Tone::Active,
            Self::Resolved => Tone::Good,
        }
    }

    fn word(&self) -> &'static str {
        self.words()
    }
}

impl Look for MonitorState {
    fn tone(&self) -> Tone {
        match self {
            Self::Unknown => Tone::Neutral,
            Self::Up => Tone::Good,
            Self::Warning => Tone::Warning,
            Self::Down => Tone::Critical,
        }
    }

    fn word(&self) -> &'static str {
        self.words()
    }
}

impl Look for VerificationState {
    fn tone(&self) -> Tone {
        match self {
            Self::Waiting | Self::Running => Tone::Active,
            Self::Verified => Tone::Good,
            Self::Failed => Tone::Critical,
            Self::Cancelled => Tone::Neutral,
        }
    }

    fn word(&self) -> &'static str {
        self.words()
    }
}

/// The shape alone, for where the word stands elsewhere.
#[component]
pub(crate) fn StateShape(#[prop(into)] tone: Signal<Tone>) -> impl IntoView {
    view! {
        <svg class="shape" data-tone=move || tone.get().name() viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <path fill="currentColor" fill-rule="evenodd" d=move || tone.get().shape()></path>
        </svg>
    }
}

/// A signal looks like what it holds, and its look follows it.
impl<T: Look + Send + Sync + 'static> Look for Signal<T> {
    fn tone(&self) -> Tone {
        self.with(Look::tone)
    }

    fn word(&self) -> &'static str {
        self.with(Look::word)
    }
}

impl<T: Look + Send + Sync + 'static> Look for Memo<T> {
    fn tone(&self) -> Tone {
        self.with(Look::tone)
    }

    fn word(&self) -> &'static str {
        self.with(Look::word)
    }
}

/// Colour, shape and word of a state or of a signal of one.
#[component]
pub(crate) fn StateBadge<S>(state: S, #[prop(optional, into)] test_id: Option<String>) -> impl IntoView
where
    S: Look + Send + Sync + 'static,
{
    let look = Memo::new(move |_| (state.tone(), state.word()));
    view! {
        <span class="badge" data-tone=move || look.get().0.name() data-testid=test_id>
            <StateShape tone=Signal::derive(move || look.get().0)/>
            <span class="badge-word">{move || look.get().1}</span>
        </span>
    }
}
