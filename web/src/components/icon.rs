//! The icons, drawn after Lucide (ISC licence), as inline SVG. Decoration only: a word always stands beside one.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Home,
    Alert,
    Run,
    Plan,
    Pulse,
    Page,
    Audit,
    People,
    Plus,
    Clock,
    Lock,
    User,
    SignOut,
    Help,
    ChevronRight,
    External,
    Done,
    Retry,
    Skip,
    Stop,
}

impl Icon {
    /// Path data on a grid of 24.
    fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Home => &[
                "M15 21v-8a1 1 0 0 0-1-1h-4a1 1 0 0 0-1 1v8",
                "M3 10a2 2 0 0 1 .71-1.53l7-6a2 2 0 0 1 2.58 0l7 6A2 2 0 0 1 21 10v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
            ],
            Self::Alert => {
                &["m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3", "M12 9v4", "M12 17h.01"]
            }
            Self::Run => &["M6 3.5v17l14-8.5z"],
            Self::Pulse => &["M22 12h-4l-3 9L9 3l-3 9H2"],
            Self::Plan => &[
                "M15 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V7z",
                "M14 2v4a2 2 0 0 0 2 2h4",
                "M10 9H8",
                "M16 13H8",
                "M16 17H8",
            ],
            Self::Page => &[
                "M3 5a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
                "M8 17v-4",
                "M12 17V9",
                "M16 17v-6",
            ],
            Self::Audit => &[
                "M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z",
                "m9 12 2 2 4-4",
            ],
            Self::People => &[
                "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2",
                "M9 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
                "M16 3.13a4 4 0 0 1 0 7.75",
                "M22 21v-2a4 4 0 0 0-3-3.87",
            ],
            Self::Plus => &["M5 12h14", "M12 5v14"],
            Self::Lock => &[
                "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z",
                "M7 11V7a5 5 0 0 1 10 0v4",
            ],
            Self::Clock => &["M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20z", "M12 6v6l4 2"],
            Self::User => &["M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2", "M12 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8z"],
            Self::SignOut => &["m16 17 5-5-5-5", "M21 12H9", "M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4"],
            Self::Help => {
                &["M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20z", "M9.09 9a3 3 0 0 1 5.83 1c0 2-3 3-3 3", "M12 17h.01"]
            }
            Self::ChevronRight => &["m9 18 6-6-6-6"],
            Self::External => &["M15 3h6v6", "M10 14 21 3", "M18 13v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h6"],
            Self::Done => &["M20 6 9 17l-5-5"],
            Self::Retry => &["M21 12a9 9 0 1 1-9-9c2.52 0 4.93 1 6.74 2.74L21 8", "M21 3v5h-5"],
            Self::Skip => &["M5 4l10 8-10 8z", "M19 5v14"],
            Self::Stop => &["M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z"],
        }
    }
}

#[component]
pub(crate) fn Svg(icon: Icon) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            width="16"
            height="16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            {icon.paths().iter().map(|d| view! { <path d=*d></path> }).collect_view()}
        </svg>
    }
}
