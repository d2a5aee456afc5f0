//! Buttons: progress while at work, and the reason in words when they are off. What they do is the caller's.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ButtonKind {
    /// The next action: at most one on a screen.
    Primary,
    #[default]
    Plain,
    /// Cannot be taken back.
    Danger,
    /// Looks like text.
    Quiet,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Plain => "button",
            Self::Danger => "button danger",
            Self::Quiet => "button quiet",
        }
    }
}

/// An id no other element of the page has.
pub(crate) fn unique_id(prefix: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

#[component]
pub(crate) fn Button(
    #[prop(optional, into)] kind: Signal<ButtonKind>,
    /// Its request is under way: shown, and not pressed again.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Why it is off: shown below it.
    #[prop(optional, into)]
    refused: MaybeProp<String>,
    /// Submits the form it stands in instead of calling `on_press`.
    #[prop(optional)]
    submit: bool,
    #[prop(optional, into)] test_id: Option<String>,
    #[prop(optional, into)] on_press: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    let reason_id = unique_id("reason");
    let described = reason_id.clone();
    let off = move || refused.with(Option::is_some);
    view! {
        <span class="button-frame">
            <button
                type=if submit { "submit" } else { "button" }
                class=move || kind.get().class()
                data-testid=test_id
                disabled=off
                aria-busy=move || busy.get().then_some("true")
                aria-disabled=move || busy.get().then_some("true")
                aria-describedby=move || off().then(|| described.clone())
                on:click=move |event| {
                    if busy.get_untracked() {
                        event.prevent_default();
                    } else if let Some(on_press) = on_press {
                        on_press.run(());
                    }
                }
            >
                <span class="button-label">{children()}</span>
            </button>
            {move || refused.get().map(|why| view! { <span class="reason" id=reason_id.clone()>{why}</span> })}
        </span>
    }
}
