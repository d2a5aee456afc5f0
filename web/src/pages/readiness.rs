//! Would it work? The score, every point that is lost with its reason and what earns it back, and how it was day by day. The server judges.

use leptos::prelude::*;
use shared::{
    api::{
        List,
        live::Topic,
        readiness::{ReadinessDay, ReadinessView},
        system::SystemView,
    },
    domain::readiness::{Earn, Item, Subject},
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        state_badge::{StateShape, Tone},
        time::{Moment, exact},
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn ReadinessPage() -> impl IntoView {
    title(|| "Readiness".into());
    let systems = Fetched::new(|| async { api().systems().await });
    view! {
        <header class="page-head"><h1>"Readiness"</h1></header>
        <AsyncView of=systems what="the systems" content=move |list| view! { <Systems list/> }/>
    }
}

#[component]
fn Systems(list: Signal<List<SystemView>>) -> impl IntoView {
    let empty = Memo::new(move |_| list.with(|l| l.items.is_empty()));
    view! {
        <Show
            when=move || !empty.get()
            fallback=|| {
                view! { <Empty title="No plan yet" text="Import a recovery plan; then Muster says what of it was shown to work."/> }
            }
        >
            <For
                each=move || list.get().items
                key=|system| system.slug.clone()
                children=|system| view! { <OfSystem slug=system.slug/> }
            />
        </Show>
    }
}

#[component]
fn OfSystem(slug: String) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| {
        matches!(
            topic,
            Topic::Monitors {}
                | Topic::Plan { .. }
                | Topic::People {}
                | Topic::Outbox {}
                | Topic::Drills {}
                | Topic::Incident { .. }
        )
    });
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { api().readiness(&slug).await }
    });
    view! { <AsyncView of what="what was shown" content=move |view| view! { <Shown view/> }/> }
}

fn tone(score: u32) -> Tone {
    match score {
        90.. => Tone::Good,
        60.. => Tone::Notice,
        30.. => Tone::Warning,
        _ => Tone::Critical,
    }
}

#[component]
fn Shown(view: Signal<ReadinessView>) -> impl IntoView {
    let score = Memo::new(move |_| view.with(|v| v.score));
    let words = move || {
        view.with(|v| {
            let lost = v.items.iter().filter(|item| item.lost() > 0).count();
            format!(
                "{} of {} promises are not shown in full, by version {} of the plan.",
                lost,
                v.items.len(),
                v.plan_version
            )
        })
    };
    let slug = view.with_untracked(|v| v.system.clone());
    let group = move |subject: Subject| {
        Memo::new(move |_| {
            view.with(|v| v.items.iter().filter(|item| item.subject == subject).cloned().collect::<Vec<_>>())
        })
    };
    view! {
        <section class="readiness" data-testid="readiness" data-score=move || score.get().to_string()>
            <div class="readiness-head">
                <p class="readiness-score" data-tone=move || tone(score.get()).name()>
                    <StateShape tone=Signal::derive(move || tone(score.get()))/>
                    <strong>{move || score.get()}</strong>
                    <span>" of 100"</span>
                </p>
                <div>
                    <h2>{view.with_untracked(|v| v.name.clone())}</h2>
                    <p class="muted">{words}</p>
                </div>
            </div>
            <p class="report-ways">
                <a href=format!("/api/v1/systems/{slug}/readiness/report/print?days=90") rel="external" target="_blank" data-testid="auditors-print">
                    "Report for auditors: print or save as PDF"
                </a>
                <a href=format!("/api/v1/systems/{slug}/readiness/report?days=90") rel="external" download=format!("{slug}-readiness.json")>
                    "The same as a signed file"
                </a>
            </p>
            {move || view.with(|v| (v.days.len() > 1).then(|| view! { <Days days=v.days.clone()/> }))}
            {Subject::ALL
                .map(|subject| {
                    let (items, slug) = (group(subject), slug.clone());
                    view! {
                        <Show when=move || items.with(|items| !items.is_empty())>
                            <section class="readiness-group">
                                <h3>{subject.words()}</h3>
                                <ul class="rows">
                                    <For
                                        each=move || items.get()
                                        key=|item| (item.id.clone(), item.earned, item.weight, item.why.clone())
                                        children={
                                            let slug = slug.clone();
                                            move |item| view! { <Row item slug=slug.clone()/> }
                                        }
                                    />
                                </ul>
                            </section>
                        </Show>
                    }
                })
                .collect_view()}
        </section>
    }
}

/// Tenths as points.
fn points(tenths: u32) -> String {
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

#[component]
fn Row(item: Item, slug: String) -> impl IntoView {
    let (tone, state) = match (item.earned, item.lost()) {
        (_, 0) => (Tone::Good, "Shown"),
        (0, _) => (Tone::Critical, "Not shown"),
        _ => (Tone::Warning, "In part"),
    };
    let (href, verb) = match &item.earn {
        None => (None, ""),
        Some(Earn::Drill { procedure }) => {
            (Some(format!("/console/drills?system={slug}&procedure={procedure}")), "Rehearse it")
        }
        Some(Earn::Plan { line }) => (Some(format!("/console/plan?system={slug}#line-{line}")), "See the line"),
        Some(Earn::Contacts {}) => (Some(format!("/console/plan/{slug}/contacts")), "Say who is called"),
        Some(Earn::ContactDrill {}) => (Some(format!("/console/plan/{slug}/contacts")), "Try the contact tree"),
        Some(Earn::Monitor { objective }) => {
            let objective = String::from(js_sys::encode_uri_component(objective));
            (Some(format!("/console/monitors/new?system={slug}&objective={objective}")), "Measure it")
        }
        Some(Earn::Order { procedure }) => {
            (Some(format!("/console/standing-orders/new?system={slug}&procedure={procedure}")), "Propose an order")
        }
        Some(Earn::LookAtOrder { .. }) => (Some("/console/standing-orders".into()), "See the order"),
        Some(Earn::Verify {}) => (Some(format!("/console/verifications?system={slug}")), "See the verifications"),
        Some(Earn::Inspect { .. }) => (Some(format!("/console/drills?system={slug}#inspections")), "Look through it"),
        Some(Earn::LookAt { monitor }) => (Some(format!("/console/monitors/{monitor}")), "See the monitor"),
    };
    view! {
        <li class="row" data-testid="readiness-item" data-lost=item.lost().to_string()>
            <span class="badge" data-tone=tone.name()><StateShape tone/> {state}</span>
            <span class="row-main">
                <strong>{item.title.clone()}</strong>
                <span class="row-meta">{item.why.clone()}</span>
                {item
                    .fresh_until
                    .filter(|_| item.lost() == 0)
                    .map(|until| view! { <span class="row-meta">"counts in full until " <Moment at=until/></span> })}
            </span>
            <span class="row-side">
                <span>{format!("{} of {}", points(item.earned), points(item.weight))}</span>
                {href.map(|href| view! { <a href=href>{verb}</a> })}
            </span>
        </li>
    }
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 80.0;

/// The score over the last year, day by day.
#[component]
fn Days(days: Vec<ReadinessDay>) -> impl IntoView {
    let from = days.first().map(|day| day.at);
    let until = days.last().map(|day| day.at);
    let span = from.zip(until).map_or(1, |(from, until)| until.seconds_since(from)).max(1);
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let point = |day: &ReadinessDay| {
        let x = WIDTH * from.map_or(0.0, |from| day.at.seconds_since(from) as f64 / span as f64);
        format!("{x:.1},{:.1}", HEIGHT * (1.0 - f64::from(day.score) / 100.0))
    };
    let line = days.iter().map(point).collect::<Vec<_>>().join(" ");
    let (least, most) = (days.iter().map(|d| d.score).min(), days.iter().map(|d| d.score).max());
    let label = format!(
        "Score by day, from {} to {}: between {} and {}.",
        from.map(exact).unwrap_or_default(),
        until.map(exact).unwrap_or_default(),
        least.unwrap_or_default(),
        most.unwrap_or_default()
    );
    view! {
        <figure class="plot readiness-days">
            <figcaption>"Day by day"</figcaption>
            <div class="plot-area">
                <span class="plot-top">"100"</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                    <polyline class="plot-line" points=line vector-effect="non-scaling-stroke"></polyline>
                </svg>
                <span class="plot-from">{from.map(|at| view! { <Moment at/> })}</span>
                <span class="plot-until">{until.map(|at| view! { <Moment at/> })}</span>
            </div>
        </figure>
    }
}
