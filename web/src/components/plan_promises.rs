//! What a plan promises and lists beside its procedures: recovery times and points, checklists, locations. Measures nothing.

use leptos::prelude::*;
use shared::plan::{Checklist, Location, Plan, RecoveryPoint, RecoveryTime};

use crate::components::plan_overview::{LineLink, promised};

#[component]
pub(crate) fn PlanPromises(plan: Plan) -> impl IntoView {
    view! {
        <RecoveryTimes rows=plan.rto/>
        <RecoveryPoints rows=plan.rpo/>
        {(!plan.checklists.is_empty()).then(|| view! { <Checklists lists=plan.checklists/> })}
        {(!plan.locations.is_empty()).then(|| view! { <Locations rows=plan.locations/> })}
    }
}

#[component]
fn RecoveryTimes(rows: Vec<RecoveryTime>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{row.component} " " <LineLink line=row.line/></th>
                <td data-label="Within" class="number">{promised(row.seconds)}</td>
                <td data-label="How">{row.method}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="rto">
            <h2 id="rto">"Recovery time objectives"</h2>
            <table class="stacking">
                <thead>
                    <tr><th scope="col">"Component"</th><th scope="col" class="number">"Within"</th><th scope="col">"How"</th></tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn RecoveryPoints(rows: Vec<RecoveryPoint>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{row.data.clone()} " " <LineLink line=row.line/></th>
                <td data-label="Lost at most" class="number">{lost(&row)}</td>
                <td data-label="How">{row.method}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="rpo">
            <h2 id="rpo">"Recovery point objectives"</h2>
            <table class="stacking">
                <thead>
                    <tr><th scope="col">"Data"</th><th scope="col" class="number">"Lost at most"</th><th scope="col">"How"</th></tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

fn lost(row: &RecoveryPoint) -> String {
    match (row.amount, row.unit.as_str()) {
        (0, _) => "nothing".into(),
        (seconds, "seconds") => promised(seconds),
        (n, unit) => format!("{n} {unit}"),
    }
}

#[component]
fn Checklists(lists: Vec<Checklist>) -> impl IntoView {
    let lists = lists.into_iter().map(|list| {
        view! {
            <li class="sheet">
                <h3>{list.title}</h3>
                <p class="muted">{list.section} " " <LineLink line=list.line/></p>
                <ul>{list.points.into_iter().map(|point| view! { <li>{point}</li> }).collect_view()}</ul>
            </li>
        }
    });
    view! {
        <section aria-labelledby="checklists">
            <h2 id="checklists">"Checklists"</h2>
            <ul class="sheets">{lists.collect_view()}</ul>
        </section>
    }
}

#[component]
fn Locations(rows: Vec<Location>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{row.label} " " <LineLink line=row.line/></th>
                <td data-label="Section">{row.section}</td>
                <td data-label="Path" class="name">{row.path}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="locations">
            <h2 id="locations">"Locations"</h2>
            <table class="stacking">
                <thead>
                    <tr><th scope="col">"What"</th><th scope="col">"Section"</th><th scope="col">"Path"</th></tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_read_like_the_plan() {
        let row = |amount, unit: &str| RecoveryPoint {
            data: "x".into(),
            amount,
            unit: unit.into(),
            method: String::new(),
            line: 1,
        };
        assert_eq!(
            [lost(&row(0, "blocks")), lost(&row(300, "seconds")), lost(&row(3, "blocks"))],
            ["nothing", "5 min", "3 blocks"]
        );
    }
}
