//! The rail, the state of the connection, and the keyboard's shortcuts. Knows the routes' addresses and nothing of their pages.

use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::{
    components::A,
    hooks::{use_location, use_navigate},
};
use shared::domain::access::Action;
use wasm_bindgen::JsCast;

use crate::{
    components::{
        dialog::Dialog,
        icon::{Icon, Svg},
        state_badge::{StateShape, Tone},
        time::time_of_day,
    },
    live::{Connection, use_live},
    session::{may, use_session},
    transport::api,
};

/// The shortcuts' help is open.
#[derive(Clone, Copy)]
struct HelpOpen(RwSignal<bool>);

#[component]
pub(crate) fn Rail() -> impl IntoView {
    let help = RwSignal::new(false);
    provide_context(HelpOpen(help));
    let (reads_audit, sees_people) = (may(Action::ReadAudit), may(Action::ViewPeople));
    let arranges = may(Action::ManageStatusPage);
    view! {
        <nav class="rail" aria-label="Console">
            <A href="/console" exact=true attr:class="brand">
                <Mark/>
                "Muster"
            </A>
            <ul class="rail-links">
                <RailLink href="/console" icon=Icon::Home words="Overview" exact=true/>
                <RailLink href="/console/incidents" icon=Icon::Alert words="Incidents"/>
                <RailLink href="/console/runs" icon=Icon::Run words="Runs"/>
                <RailLink href="/console/plan" icon=Icon::Plan words="Plan"/>
                <RailLink href="/console/monitors" icon=Icon::Pulse words="Monitors" less=true/>
                <RailLink href="/console/readiness" icon=Icon::Done words="Readiness" less=true/>
                <RailLink href="/console/drills" icon=Icon::Clock words="Drills" less=true/>
                <Show when=move || arranges.get()>
                    <RailLink href="/console/status-page" icon=Icon::Page words="Status" less=true/>
                </Show>
                <Show when=move || reads_audit.get()>
                    <RailLink href="/console/audit" icon=Icon::Audit words="Audit" less=true/>
                </Show>
                <Show when=move || sees_people.get()>
                    <RailLink href="/console/people" icon=Icon::People words="People" less=true/>
                </Show>
            </ul>
            <div class="rail-foot">
                <button type="button" class="rail-link quiet-help" on:click=move |_| help.set(true)>
                    <Svg icon=Icon::Help/>
                    <span>"Shortcuts"</span>
                </button>
                <UserMenu/>
            </div>
            <Help open=help/>
        </nav>
    }
}

/// Three people around one point.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path fill="currentColor" d="M12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z"></path>
            <path
                fill="none"
                stroke="currentColor"
                stroke-width="2"
                stroke-linecap="round"
                d="M12 2v3.5M3.3 17l3.1-1.8M20.700 17l-3.100-1.800"
            ></path>
            <path
                fill="none"
                stroke="currentColor"
                stroke-width="2"
                stroke-linecap="round"
                d="M17.500 3.900a10 10 0 0 1 4.400 9.400M15 21.500a10 10 0 0 1-6 0M2.100 13.300a10 10 0 0 1 4.400-9.400"
            ></path>
        </svg>
    }
}

#[component]
fn RailLink(
    href: &'static str,
    icon: Icon,
    words: &'static str,
    #[prop(optional)] exact: bool,
    /// On a phone it stands in the menu of the last place: eight do not fit.
    #[prop(optional)]
    less: bool,
) -> impl IntoView {
    view! {
        <li class:rail-less=less>
            <A href=href exact=exact attr:class="rail-link">
                <Svg icon=icon/>
                <span>{words}</span>
            </A>
        </li>
    }
}

/// Who one is, and the way out.
#[component]
fn UserMenu() -> impl IntoView {
    let session = use_session();
    let leaving = RwSignal::new(false);
    let failed = RwSignal::new(false);
    let name = move || session.me.with(|me| me.as_ref().map(|me| me.name.clone()));
    let role = move || session.me.with(|me| me.as_ref().map(|me| me.role.to_string()));
    let sign_out = move |_| {
        if leaving.get_untracked() {
            return;
        }
        leaving.set(true);
        failed.set(false);
        spawn_local(async move {
            let gone = api().sign_out().await;
            leaving.try_set(false);
            if gone.is_ok() {
                session.leave();
            } else {
                failed.try_set(true);
            }
        });
    };
    view! {
        <details class="user-menu">
            <summary class="rail-link">
                <Svg icon=Icon::User/>
                <span class="user-name">{name}</span>
            </summary>
            <div class="user-card">
                <p class="user-full">{name}</p>
                <p class="muted">{move || session.me.with(|me| me.as_ref().map(|me| me.email.clone()))}</p>
                <p class="muted">"Role: " {role}</p>
                <A href="/console/account" attr:class="button">
                    "My account"
                </A>
                <MoreLinks/>
                <Show when=move || failed.get()>
                    <p class="field-error" role="alert">
                        "Muster did not answer. You are still signed in; try again."
                    </p>
                </Show>
                <button type="button" class="button" aria-busy=move || leaving.get().then_some("true") on:click=sign_out>
                    <Svg icon=Icon::SignOut/>
                    "Sign out"
                </button>
            </div>
        </details>
    }
}

/// On a phone: what has no place in the bar.
#[component]
fn MoreLinks() -> impl IntoView {
    let link = |action: Action, href: &'static str, words: &'static str| {
        let allowed = may(action);
        view! {
            <Show when=move || allowed.get()>
                <A href=href attr:class="button more-link">{words}</A>
            </Show>
        }
    };
    view! {
        {link(Action::ViewConsole, "/console/monitors", "Monitors")}
        {link(Action::ViewConsole, "/console/readiness", "Readiness")}
        {link(Action::ViewConsole, "/console/drills", "Drills")}
        {link(Action::ManageStatusPage, "/console/status-page", "Status page")}
        {link(Action::ReadAudit, "/console/audit", "Audit log")}
        {link(Action::ViewPeople, "/console/people", "People")}
    }
}

/// Whether what one sees is live.
#[component]
pub(crate) fn Connected() -> impl IntoView {
    let connection = use_live().connection();
    let tone = move || match connection.get() {
        Connection::Live => Tone::Good,
        Connection::Connecting => Tone::Active,
        Connection::Lost { .. } => Tone::Warning,
    };
    let words = move || match connection.get() {
        Connection::Live => "Live".to_owned(),
        Connection::Connecting => "Connecting…".to_owned(),
        Connection::Lost { since } => format!("Reconnecting… what you see is from {}", time_of_day(since)),
    };
    view! {
        <p class="connection" role="status" data-testid="connection" data-tone=move || tone().name()>
            <StateShape tone=Signal::derive(tone)/>
            {words}
        </p>
    }
}

/// `g i`, `g r`, `c`, `?`: not while one types.
#[component]
pub(crate) fn Shortcuts() -> impl IntoView {
    let navigate = use_navigate();
    let path = use_location().pathname;
    let help = use_context::<HelpOpen>();
    let after_g = StoredValue::new(false);
    let handle = window_event_listener(ev::keydown, move |event| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || typing(&event) {
            return;
        }
        let second = after_g.get_value();
        after_g.set_value(false);
        let go = match (second, event.key().as_str()) {
            (true, "i") => "/console/incidents",
            (true, "r") => "/console/runs",
            (true, "h") => "/console",
            (true, "p") => "/console/plan",
            (false, "g") => {
                after_g.set_value(true);
                return;
            }
            (false, "c") => "/console/incidents/new",
            (false, "?") => {
                if let Some(HelpOpen(open)) = help {
                    open.set(true);
                }
                return;
            }
            _ => return,
        };
        if path.get_untracked() != go {
            navigate(go, leptos_router::NavigateOptions::default());
        }
    });
    on_cleanup(move || handle.remove());
}

fn typing(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| {
        element.closest("input, textarea, select, dialog[open], [contenteditable]").ok().flatten().is_some()
    })
}

#[component]
fn Help(open: RwSignal<bool>) -> impl IntoView {
    const KEYS: [(&str, &str); 7] = [
        ("Ctrl K", "Find any command (on a Mac ⌘ K)"),
        ("g then i", "Go to the incidents"),
        ("g then r", "Go to the runs"),
        ("g then p", "Go to the plan"),
        ("g then h", "Go to the overview"),
        ("c", "Declare an incident"),
        ("?", "Show this help"),
    ];
    view! {
        <Dialog open=open title="Keyboard shortcuts">
            <dl class="keys">
                {KEYS
                    .map(|(keys, words)| {
                        view! {
                            <div>
                                <dt>
                                    {keys
                                        .split(' ')
                                        .map(|key| {
                                            if key == "then" {
                                                view! { <span>" then "</span> }.into_any()
                                            } else {
                                                view! { <kbd>{key}</kbd> }.into_any()
                                            }
                                        })
                                        .collect_view()}
                                </dt>
                                <dd>{words}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            <div class="form-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    "Close"
                </button>
            </div>
        </Dialog>
    }
}
