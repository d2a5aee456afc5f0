//! Several lines of text in which people can be meant by `@Name`, chosen from a list while one types. Whom that tells is the
//! server's.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use shared::domain::{incident::Person, mention};

use crate::components::button::unique_id;

/// More names at once nobody reads.
const OFFERED: usize = 6;

/// What is offered now: where the name begins (in UTF-16, as browsers count), who fits, and which one is next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Offer {
    from: usize,
    people: Vec<Person>,
    marked: usize,
}

#[component]
pub(crate) fn MentionBox(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(into)] people: Signal<Vec<Person>>,
    #[prop(default = 2)] rows: u32,
    #[prop(optional, into)] error: MaybeProp<String>,
) -> impl IntoView {
    let id = unique_id("field");
    let list = format!("{id}-people");
    let node = NodeRef::<html::Textarea>::new();
    let offer = RwSignal::new(Offer::default());
    let open = Memo::new(move |_| offer.with(|offer| !offer.people.is_empty()));
    let look = move || {
        let Some(area) = node.get_untracked() else { return };
        let text: Vec<u16> = area.value().encode_utf16().collect();
        let caret = area.selection_start().ok().flatten().map_or(text.len(), |n| n as usize).min(text.len());
        let before = String::from_utf16_lossy(&text[..caret]);
        offer.set(people.with_untracked(|people| offered(&before, people)).unwrap_or_default());
    };
    let choose = move |person: Person| {
        let Some(area) = node.get_untracked() else { return };
        let text: Vec<u16> = area.value().encode_utf16().collect();
        let caret = area.selection_start().ok().flatten().map_or(text.len(), |n| n as usize).min(text.len());
        let from = offer.with_untracked(|offer| offer.from).min(caret);
        let name = format!("{} ", person.name);
        let after = from + name.encode_utf16().count();
        let whole =
            format!("{}{name}{}", String::from_utf16_lossy(&text[..from]), String::from_utf16_lossy(&text[caret..]));
        area.set_value(&whole);
        value.set(whole);
        offer.set(Offer::default());
        let after = u32::try_from(after).unwrap_or(u32::MAX);
        // Fails only for an element that has no text.
        let _ = area.set_selection_range(after, after);
        let _ = area.focus();
    };
    let key = move |event: KeyboardEvent| {
        if !open.get_untracked() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let n = offer.with_untracked(|offer| offer.people.len());
        match event.key().as_str() {
            "ArrowDown" => offer.update(|offer| offer.marked = (offer.marked + 1) % n),
            "ArrowUp" => offer.update(|offer| offer.marked = (offer.marked + n - 1) % n),
            "Enter" | "Tab" => {
                if let Some(person) = offer.with_untracked(|offer| offer.people.get(offer.marked).cloned()) {
                    choose(person);
                }
            }
            "Escape" => offer.set(Offer::default()),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let (listed, marked) = (list.clone(), list.clone());
    view! {
        <div class="field mention" class:wrong=move || error.with(Option::is_some)>
            <label for=id.clone()>{label}</label>
            <textarea
                node_ref=node
                id=id.clone()
                rows=rows
                prop:value=value
                on:input=move |event| {
                    value.set(event_target_value(&event));
                    look();
                }
                on:click=move |_| look()
                on:keydown=key
                on:blur=move |_| offer.set(Offer::default())
                aria-autocomplete="list"
                aria-controls=move || open.get().then(|| listed.clone())
                aria-activedescendant=move || {
                    open.get().then(|| format!("{marked}-{}", offer.with(|offer| offer.marked)))
                }
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=format!("{id}-say")
            ></textarea>
            <p class="visually-hidden" role="status">
                {move || offer.with(|offer| match offer.people.len() {
                    0 => String::new(),
                    n => format!("{n} people fit; choose one with the arrow keys"),
                })}
            </p>
            {move || open.get().then(|| view! { <People id=list.clone() offer choose=Callback::new(choose)/> })}
            <div id=format!("{id}-say") class="field-words">
                {move || error.get().map(|text| view! { <p class="field-error">{text}</p> })}
                <p class="hint">"@ and a name tells that person."</p>
            </div>
        </div>
    }
}

#[component]
fn People(id: String, offer: RwSignal<Offer>, choose: Callback<Person>) -> impl IntoView {
    let row = id.clone();
    view! {
        <ul class="mention-list" role="listbox" id=id aria-label="People">
            {move || {
                let Offer { people, marked, .. } = offer.get();
                let one = |(n, person): (usize, Person)| {
                    let name = person.name.clone();
                    view! {
                        <li
                            role="option"
                            id=format!("{row}-{n}")
                            aria-selected=(n == marked).to_string()
                            // Before the field loses the focus.
                            on:mousedown=move |event| {
                                event.prevent_default();
                                choose.run(person.clone());
                            }
                        >
                            {name}
                        </li>
                    }
                };
                people.into_iter().enumerate().map(one).collect_view()
            }}
        </ul>
    }
}

fn offered(before: &str, people: &[Person]) -> Option<Offer> {
    let typed = mention::begun(before)?;
    let sought = typed.to_lowercase();
    let fits = |person: &&Person| {
        let name = person.name.to_lowercase();
        name.starts_with(&sought) || name.split_whitespace().any(|word| word.starts_with(&sought))
    };
    let people = people.iter().filter(fits).take(OFFERED).cloned().collect();
    let from = before.encode_utf16().count() - typed.encode_utf16().count();
    Some(Offer { from, people, marked: 0 })
}
