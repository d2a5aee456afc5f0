//! The arrangement of the public page while somebody changes it: what is where, and what was typed. Draws and sends nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;
use shared::{
    api::status_page::StatusPageView,
    domain::{
        layout::{Layout, Placed, Section},
        text::{Caption, Name},
    },
    ids::SectionId,
};

/// What tells parts and rows apart for as long as the page is open.
fn next_key() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

#[derive(Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) key: u32,
    id: Option<SectionId>,
    /// `None`: its components stand for themselves.
    pub(crate) name: Option<RwSignal<String>>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) key: u32,
    pub(crate) system: String,
    pub(crate) component: String,
    /// As the plan calls it.
    pub(crate) plan_name: String,
    pub(crate) name: RwSignal<String>,
    pub(crate) description: RwSignal<String>,
    pub(crate) hidden: RwSignal<bool>,
}

#[derive(Clone, Copy)]
pub(crate) struct Draft {
    pub(crate) parts: RwSignal<Vec<Part>>,
    /// The version it was made from.
    pub(crate) base: RwSignal<i32>,
    saved: RwSignal<Layout>,
    taken: StoredValue<Option<StatusPageView>>,
    /// What is typed lives as long as the page, not as long as the effect that took it in.
    owner: StoredValue<Owner>,
}

impl Draft {
    pub(crate) fn new(view: &StatusPageView) -> Self {
        let this = Self {
            parts: RwSignal::new(vec![]),
            base: RwSignal::new(0),
            saved: RwSignal::new(Layout::default()),
            taken: StoredValue::new(None),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
        };
        this.take(view);
        this
    }

    /// Shows what is saved; what was typed is gone.
    pub(crate) fn take(self, view: &StatusPageView) {
        self.base.set(view.version);
        let parts = || view.layout.sections.iter().map(|section| part(section, view)).collect();
        self.parts.set(self.owner.get_value().with(parts));
        self.saved.set(self.layout().unwrap_or_default());
        self.taken.set_value(Some(view.clone()));
    }

    /// As [`take`](Self::take), unless it is what is shown already: the rows would be drawn anew, and a row that somebody opened shut.
    pub(crate) fn take_news(self, view: &StatusPageView) {
        if self.taken.with_value(|taken| taken.as_ref() != Some(view)) {
            self.take(view);
        }
    }

    /// What would be sent, or why it cannot be.
    pub(crate) fn layout(self) -> Result<Layout, String> {
        let sections = self.parts.with(|parts| parts.iter().map(section).collect::<Result<_, _>>())?;
        Ok(Layout { sections })
    }

    pub(crate) fn dirty(self) -> bool {
        self.layout().map_or(true, |layout| self.saved.with(|saved| *saved != layout))
    }

    pub(crate) fn add_group(self) {
        let name = Some(RwSignal::new(String::new()));
        self.parts.update(|parts| parts.push(Part { key: next_key(), id: None, name, rows: vec![] }));
    }

    /// Its components stay where they are and stand for themselves.
    pub(crate) fn dissolve(self, key: u32) {
        self.parts.update(|parts| {
            if let Some(part) = parts.iter_mut().find(|part| part.key == key) {
                (part.id, part.name) = (None, None);
                // A part without a name is another thing to draw.
                part.key = next_key();
            }
            parts.retain(|part| part.name.is_some() || !part.rows.is_empty());
        });
    }

    pub(crate) fn move_part(self, key: u32, up: bool) {
        self.parts.update(|parts| {
            if let Some(at) = parts.iter().position(|part| part.key == key) {
                let to = if up { at.checked_sub(1) } else { Some(at + 1) };
                if let Some(to) = to.filter(|to| *to < parts.len()) {
                    parts.swap(at, to);
                }
            }
        });
    }

    /// Within its part, and at its end into the next one.
    pub(crate) fn move_row(self, key: u32, up: bool) {
        self.parts.update(|parts| {
            let Some((p, r)) = place(parts, key) else { return };
            let beyond = if up { r == 0 } else { r + 1 == parts[p].rows.len() };
            if !beyond {
                parts[p].rows.swap(r, if up { r - 1 } else { r + 1 });
                return;
            }
            let to = if up { p.checked_sub(1) } else { Some(p + 1) };
            if let Some(to) = to.filter(|to| *to < parts.len()) {
                let row = parts[p].rows.remove(r);
                if up { parts[to].rows.push(row) } else { parts[to].rows.insert(0, row) }
            }
        });
    }

    pub(crate) fn is_first(self, key: u32) -> bool {
        self.parts.with(|parts| place(parts, key) == Some((0, 0)))
    }

    pub(crate) fn is_last(self, key: u32) -> bool {
        self.parts.with(|parts| {
            let last = parts.len().saturating_sub(1);
            place(parts, key).is_some_and(|(p, r)| p == last && r + 1 == parts[p].rows.len())
        })
    }
}

fn place(parts: &[Part], key: u32) -> Option<(usize, usize)> {
    parts.iter().enumerate().find_map(|(p, part)| part.rows.iter().position(|row| row.key == key).map(|r| (p, r)))
}

fn part(section: &Section, view: &StatusPageView) -> Part {
    Part {
        key: next_key(),
        id: section.id,
        name: section.name.as_ref().map(|name| RwSignal::new(name.as_str().to_owned())),
        rows: section.components.iter().map(|placed| row(placed, view)).collect(),
    }
}

fn row(placed: &Placed, view: &StatusPageView) -> Row {
    let named = view.names.iter().find(|n| placed.is(&n.system, &n.component));
    Row {
        key: next_key(),
        system: placed.system.clone(),
        component: placed.component.clone(),
        plan_name: named.map_or_else(|| placed.component.clone(), |n| n.name.clone()),
        name: RwSignal::new(placed.name.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default()),
        description: RwSignal::new(placed.description.as_ref().map(|d| d.as_str().to_owned()).unwrap_or_default()),
        hidden: RwSignal::new(placed.hidden),
    }
}

fn section(part: &Part) -> Result<Section, String> {
    let name = part.name.map(|name| name.with(|name| Name::parse(name))).transpose();
    let name = name.map_err(|why| format!("A group: {why} Give it a name, or remove the group."))?;
    let components = part.rows.iter().map(placed).collect::<Result<_, _>>()?;
    Ok(Section { id: part.id, name, components })
}

fn placed(row: &Row) -> Result<Placed, String> {
    let said = |why: String| format!("{}: {why}", row.plan_name);
    let name = row.name.with(|text| (!text.trim().is_empty()).then(|| Name::parse(text)).transpose()).map_err(said)?;
    let description = row.description.with(|text| (!text.trim().is_empty()).then(|| Caption::parse(text)).transpose());
    Ok(Placed {
        system: row.system.clone(),
        component: row.component.clone(),
        name,
        description: description.map_err(said)?,
        hidden: row.hidden.get(),
    })
}
