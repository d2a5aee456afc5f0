//! One review of access or audit of security: its lines, and its end. What stands out and what may be decided, the server says.

mod line;

use leptos::{context::Provider, ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_params_map;
use shared::{
    api::{
        inspection::{EndIn, InspectionView},
        live::Topic,
    },
    domain::text::Message,
};

use self::line::Line;
use super::drills::standing;
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::{ErrorNote, Missing},
        field::TextArea,
        hold::Hold,
        state_badge::{StateShape, Tone},
        time::Moment,
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn InspectionPage() -> impl IntoView {
    title(|| "Access and security".into());
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|p| p.get("number").and_then(|n| n.parse::<i64>().ok())));
    move || match number.get() {
        Some(number) => view! { <One number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn One(number: i64) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Drills {} | Topic::People {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().inspection(number).await }
    });
    view! { <AsyncView of what="the inspection" content=move |view| view! { <Shown view of/> }/> }
}

#[component]
fn Shown(view: Signal<InspectionView>, of: Fetched<InspectionView>) -> impl IntoView {
    let (kind, number) = view.with_untracked(|v| (v.row.kind, v.row.number));
    let (ending, calling) = (RwSignal::new(false), RwSignal::new(false));
    let standing = Memo::new(move |_| view.with(|v| standing(&v.row)));
    let open = Memo::new(move |_| view.with(|v| v.row.ended_at.is_none()));
    let refused = Signal::derive(move || view.with(|v| v.sign_off_refused.clone()));
    let stuck = Signal::derive(move || view.with(|v| v.inspect_refused.clone()));
    let slug = view.with_untracked(|v| v.system.clone());
    let hold = Hold::new();
    let lines = hold.list(move || view.with(|v| v.items.clone()));
    view! {
        <header class="page-head" data-testid="inspection">
            <div>
                <p class="kicker">
                    <a href=format!("/console/drills?system={slug}#inspections")>"Drills of " {view.with_untracked(|v| v.name.clone())}</a>
                </p>
                <h1>{format!("{} {number}", kind.words())}</h1>
            </div>
            <div class="button-row">
                {move || { let (tone, word) = standing.get(); view! { <Badge tone word/> } }}
                <Show when=move || open.get()>
                    <Button on_press=move |()| calling.set(true) refused=stuck test_id="inspection-call-off">"Call it off"</Button>
                    <Button
                        kind=ButtonKind::Primary
                        on_press=move |()| ending.set(true)
                        refused=refused
                        test_id="inspection-sign-off"
                    >
                        "Sign it off"
                    </Button>
                </Show>
            </div>
        </header>
        <Facts view/>
        <Provider value=hold>
            <ul class="rows" data-testid="inspection-lines">
                <For
                    each=move || lines.get()
                    key=|one| (one.place, one.settled, one.said.as_ref().map(|s| s.at), one.found.as_ref().map(|f| f.state), one.since.clone(), one.refused.clone())
                    children=move |one| view! { <Line number kind one of/> }
                />
            </ul>
        </Provider>
        <Dialog open=ending title=format!("Sign off {} {number}", kind.words().to_lowercase())>
            <End number of open=ending off=false/>
        </Dialog>
        <Dialog open=calling title=format!("Call off {} {number}", kind.words().to_lowercase())>
            <End number of open=calling off=true/>
        </Dialog>
    }
}

#[component]
fn Badge(tone: Tone, word: &'static str) -> impl IntoView {
    view! { <span class="badge" data-tone=tone.name() data-testid="inspection-state"><StateShape tone/> {word}</span> }
}

#[component]
fn Facts(view: Signal<InspectionView>) -> impl IntoView {
    let number = view.with_untracked(|v| v.row.number);
    let file = format!("/api/v1/inspections/{number}");
    let name = view.with_untracked(|v| format!("{}-{number}.csv", v.row.kind));
    view! {
        <dl class="monitor-facts">
            {move || {
                let v = view.get();
                let how = if v.row.called_off { "Called off" } else { "Signed off" };
                view! {
                    <div><dt>"Begun"</dt><dd>{format!("by {}, ", v.row.begun_by)} <Moment at=v.row.begun_at/></dd></div>
                    <div><dt>"Lines"</dt><dd>{format!("{}, {} undecided, {} with an objection", v.row.lines, v.row.undecided, v.row.objections)}</dd></div>
                    <div><dt>"Plan"</dt><dd>{format!("version {}", v.plan_version)}</dd></div>
                    {v.looked_by.clone().zip(v.looked_at).map(|(worker, at)| view! { <div><dt>"Looked at the host"</dt><dd>{format!("by the worker {worker}, ")} <Moment at/></dd></div> })}
                    {v.row.ended_by.clone().zip(v.row.ended_at).map(|(by, at)| view! { <div><dt>{how}</dt><dd>{format!("by {by}, ")} <Moment at/></dd></div> })}
                    {v.note.clone().map(|note| view! { <div><dt>"Said at the end"</dt><dd>{note}</dd></div> })}
                }
            }}
        </dl>
        <p class="report-ways">
            <a href=format!("{file}/print") rel="external" target="_blank">"Print or save as PDF"</a>
            <a href=format!("{file}/export.csv") rel="external" download=name>"As a table (CSV)"</a>
        </p>
    }
}

#[component]
fn End(number: i64, of: Fetched<InspectionView>, open: RwSignal<bool>, off: bool) -> impl IntoView {
    let (note, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let said = note.with_untracked(|text| Message::parse(text));
        wrong.set(said.as_ref().err().cloned());
        let Ok(note) = said else { return };
        let body = EndIn { note };
        let call = async move {
            if off {
                api().call_inspection_off(number, &body).await
            } else {
                api().sign_inspection_off(number, &body).await
            }
        };
        attempt.run(call, move |view| {
            open.set(false);
            of.put(view);
        });
    };
    let (label, words, test_id) = if off {
        ("Why it is called off", "Call it off", "inspection-call-off-send")
    } else {
        ("What is to be remembered of it", "Sign it off", "inspection-sign-off-send")
    };
    let text = if off {
        "What was decided stays readable, and counts for nothing."
    } else {
        "It is evidence from then on, and nothing in it is changed any more."
    };
    let kind = if off { ButtonKind::Danger } else { ButtonKind::Primary };
    view! {
        <form class="form" on:submit=submit>
            <p>{text}</p>
            <TextArea label value=note rows=3 error=wrong/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Go on with it"</Button>
                <Button kind submit=true busy=attempt.busy test_id=test_id>{words}</Button>
            </div>
        </form>
    }
}
