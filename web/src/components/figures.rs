//! A table of figures whose numbers are bars, too: one column, one scale. Draws; adds nothing up.

use leptos::prelude::*;

/// One number of a row.
pub(crate) struct Figure {
    words: String,
    /// Its length on the column's scale; `None`: it is said only.
    length: Option<i64>,
    note: String,
    bad: bool,
}

impl Figure {
    pub(crate) fn said(words: impl Into<String>) -> Self {
        Self { words: words.into(), length: None, note: String::new(), bad: false }
    }

    pub(crate) fn bar(length: Option<i64>, words: impl Into<String>) -> Self {
        Self { length, ..Self::said(words) }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    pub(crate) fn bad(self, bad: bool) -> Self {
        Self { bad, ..self }
    }
}

/// Each row has a figure for each of `heads` but the first, which says what the rows are.
#[component]
pub(crate) fn Figures<const N: usize>(
    id: &'static str,
    title: &'static str,
    first: &'static str,
    heads: [&'static str; N],
    rows: Vec<(String, [Figure; N])>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let longest: [i64; N] = std::array::from_fn(|column| {
        rows.iter().filter_map(|(_, figures)| figures[column].length).max().unwrap_or(0).max(1)
    });
    let drawn: [bool; N] =
        std::array::from_fn(|column| rows.iter().any(|(_, figures)| figures[column].length.is_some()));
    let cell = move |column: usize, figure: Figure| {
        let Figure { words, length, note, bad } = figure;
        view! {
            <td data-label=heads[column] class=if drawn[column] { "bar-cell" } else { "number" }>
                {drawn[column]
                    .then(|| {
                        let (length, most) = (length.unwrap_or(0), longest[column]);
                        view! { <meter class="bar" min="0" max=most.to_string() value=length.to_string()>{words.clone()}</meter> }
                    })}
                <span class="number" class:field-error=bad>{words.clone()}</span>
                {(!note.is_empty()).then(|| view! { <span class="muted">{note.clone()}</span> })}
            </td>
        }
    };
    let rows = rows.into_iter().map(|(name, figures)| {
        let cells = figures.into_iter().enumerate().map(|(column, figure)| cell(column, figure)).collect_view();
        view! {
            <tr>
                <th scope="row">{name}</th>
                {cells}
            </tr>
        }
    });
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{title}</h2>
            {children.map(|children| children())}
            <table class="stacking statistics">
                <thead>
                    <tr>
                        <th scope="col">{first}</th>
                        {(0..N)
                            .map(|column| {
                                view! { <th scope="col" class=if drawn[column] { "" } else { "number" }>{heads[column]}</th> }
                            })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}
