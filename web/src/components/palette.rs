//! One list of all one can do here, found by typing: where to go, and what the page before one offers now. It presses what is there, so
//! it can do nothing that the person may not.

use leptos::{
    ev::{self, KeyboardEvent},
    html,
    prelude::*,
};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::domain::access::Action;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{components::dialog::Dialog, session::may};

/// More at once nobody reads: typing on makes it less.
const SHOWN: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Go(&'static str),
    /// What stands at this place among those of the page.
    Press(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Command {
    words: String,
    /// Where it leads, or that it is of this page.
    note: &'static str,
    deed: Deed,
}

/// Everywhere one may go. `None`: everybody.
const PLACES: [(&str, &str, Option<Action>); 10] = [
    ("Declare an incident", "/console/incidents/new", Some(Action::DeclareIncident)),
    ("Overview", "/console", None),
    ("Incidents", "/console/incidents", None),
    ("Runs", "/console/runs", None),
    ("Plan", "/console/plan", None),
    ("Alerts", "/console/alerts", None),
    ("Status page", "/console/status-page", Some(Action::ManageStatusPage)),
    ("Audit log", "/console/audit", Some(Action::ReadAudit)),
    ("People", "/console/people", Some(Action::ViewPeople)),
    ("My account", "/console/account", None),
];

/// What the page offers now, in its order: buttons and links that are not off, also those that are folded away.
fn on_page() -> Vec<HtmlElement> {
    let elements = all("#content :is(button, a[href], summary)").into_iter();
    let fit = |element: &HtmlElement| {
        let inside = element.closest("dialog").ok().flatten().is_some();
        !inside && !element.has_attribute("disabled") && !name(element).is_empty()
    };
    elements.filter(fit).collect()
}

fn all(selector: &str) -> Vec<HtmlElement> {
    let page = document();
    let select = js_sys::Reflect::get(&page, &"querySelectorAll".into()).ok();
    let select = select.and_then(|select| select.dyn_into::<js_sys::Function>().ok());
    let found = select.and_then(|select| select.call1(&page, &selector.into()).ok());
    let found = found.map(|found| js_sys::Array::from(&found)).unwrap_or_default();
    found.iter().filter_map(|element| element.dyn_into().ok()).collect()
}

fn name(element: &HtmlElement) -> String {
    let text = element.get_attribute("aria-label").or_else(|| element.text_content()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every word that was typed begins a word of the command.
fn fits(words: &str, sought: &str) -> bool {
    let words: Vec<String> = words.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    sought.to_lowercase().split_whitespace().all(|part| words.iter().any(|word| word.starts_with(part)))
}

fn matching(all: &[Command], sought: &str) -> Vec<Command> {
    all.iter().filter(|command| fits(&command.words, sought)).take(SHOWN).cloned().collect()
}

#[component]
pub(crate) fn Palette() -> impl IntoView {
    let open = RwSignal::new(false);
    let all = RwSignal::new(Vec::<Command>::new());
    let (sought, marked) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let allowed = PLACES.map(|(_, _, action)| action.map(may));
    let gather = move || {
        let may_go = |n: usize| allowed[n].is_none_or(|may| may.get_untracked());
        let places = PLACES.iter().enumerate().filter(|(n, _)| may_go(*n));
        let mut commands: Vec<Command> = vec![];
        let here = on_page().iter().map(name).collect::<Vec<_>>();
        for (n, words) in here.into_iter().enumerate() {
            if commands.iter().all(|command| command.words != words) {
                commands.push(Command { words, note: "on this page", deed: Deed::Press(n) });
            }
        }
        commands.extend(places.map(|(_, (words, address, _))| Command {
            words: (*words).to_owned(),
            note: "go there",
            deed: Deed::Go(address),
        }));
        commands
    };
    let handle = window_event_listener(ev::keydown, move |event| {
        let asked = event.key().eq_ignore_ascii_case("k") && (event.ctrl_key() || event.meta_key());
        if !asked || event.alt_key() || event.shift_key() {
            return;
        }
        event.prevent_default();
        let other = document().query_selector("dialog[open]").ok().flatten().is_some();
        if open.get_untracked() {
            open.set(false);
        } else if !other {
            all.set(gather());
            sought.set(String::new());
            marked.set(0);
            open.set(true);
        }
    });
    on_cleanup(move || handle.remove());
    let shown = Memo::new(move |_| all.with(|all| matching(all, &sought.get())));
    let navigate = use_navigate();
    let carry_out = move |command: Command| {
        open.set(false);
        let navigate = navigate.clone();
        // Once the dialog has given the focus back.
        request_animation_frame(move || match command.deed {
            Deed::Go(address) => navigate(address, NavigateOptions::default()),
            Deed::Press(n) => {
                // The page may have moved on since; what has another name now is not pressed.
                if let Some(element) = on_page().into_iter().nth(n).filter(|element| name(element) == command.words) {
                    let _ = element.focus();
                    element.click();
                }
            }
        });
    };
    view! {
        <Dialog open title="What do you want to do?">
            <Search sought marked shown open carry_out=Callback::new(carry_out.clone())/>
        </Dialog>
    }
}

#[component]
fn Search(
    sought: RwSignal<String>,
    marked: RwSignal<usize>,
    shown: Memo<Vec<Command>>,
    open: RwSignal<bool>,
    carry_out: Callback<Command>,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if open.get()
            && let Some(input) = node.get()
        {
            // Focusing a connected element does not fail.
            let _ = input.focus();
        }
    });
    let key = move |event: KeyboardEvent| {
        let n = shown.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if n > 0 => marked.update(|at| *at = (*at + 1) % n),
            "ArrowUp" if n > 0 => marked.update(|at| *at = (*at + n - 1) % n),
            "Enter" => {
                if let Some(command) = shown.with_untracked(|shown| shown.get(marked.get_untracked()).cloned()) {
                    carry_out.run(command);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="palette">
            <input
                node_ref=node
                type="text"
                role="combobox"
                aria-label="Command"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-autocomplete="list"
                aria-activedescendant=move || (shown.with(|s| !s.is_empty())).then(|| format!("palette-{}", marked.get()))
                autocomplete="off"
                spellcheck="false"
                placeholder="Type to find a command"
                data-testid="palette"
                prop:value=sought
                on:input=move |event| {
                    sought.set(event_target_value(&event));
                    marked.set(0);
                }
                on:keydown=key
            />
            <ul id="palette-list" class="palette-list" role="listbox" aria-label="Commands">
                {move || {
                    let at = marked.get();
                    let one = |(n, command): (usize, Command)| {
                        let chosen = command.clone();
                        view! {
                            <li
                                role="option"
                                id=format!("palette-{n}")
                                aria-selected=(n == at).to_string()
                                on:click=move |_| carry_out.run(chosen.clone())
                            >
                                <span>{command.words}</span>
                                <span class="hint">{command.note}</span>
                            </li>
                        }
                    };
                    shown.get().into_iter().enumerate().map(one).collect_view()
                }}
            </ul>
            <p class="hint" role="status">
                {move || match shown.with(Vec::len) {
                    0 => "No command has these words.".to_owned(),
                    _ => "Arrow keys choose, Enter does it, Escape closes.".to_owned(),
                }}
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typed_word_begins_a_word() {
        for (words, sought, expected) in [
            ("Add task", "", true),
            ("Add task", "ta", true),
            ("Add task", "task add", true),
            ("Hand over: task 3", "hand 3", true),
            ("Add task", "ask", false),
            ("Declare an incident", "DECL INC", true),
        ] {
            assert_eq!(fits(words, sought), expected, "{sought:?} in {words:?}");
        }
        let commands: Vec<_> =
            (0..20).map(|n| Command { words: format!("Take: task {n}"), note: "", deed: Deed::Press(n) }).collect();
        assert_eq!(matching(&commands, "take").len(), SHOWN);
        assert_eq!(matching(&commands, "take 17")[0].deed, Deed::Press(17));
    }
}
