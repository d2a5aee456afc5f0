//! What has been chosen and typed so far, and the words made from it. Sends nothing.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::{
    api::{
        incident::{AffectedIn, DeclareIn, PublicIn},
        system::PlanView,
    },
    domain::{
        status::Impact,
        text::{Message, Title},
    },
    plan::{Component, Level},
};

/// One component of the plan, as ticked.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) component: StoredValue<Component>,
    pub(super) on: RwSignal<bool>,
    pub(super) impact: RwSignal<Impact>,
}

#[derive(Clone, Copy)]
pub(super) struct Draft {
    system: StoredValue<String>,
    levels: StoredValue<Vec<Level>>,
    parts: StoredValue<Vec<Part>>,
    pub(super) level: RwSignal<Option<u8>>,
    pub(super) title: RwSignal<String>,
    pub(super) text: RwSignal<String>,
    pub(super) public: RwSignal<bool>,
    pub(super) public_title: RwSignal<String>,
    pub(super) public_text: RwSignal<String>,
    /// What this page itself found wrong, by field.
    pub(super) wrong: RwSignal<BTreeMap<&'static str, String>>,
}

impl Draft {
    pub(super) fn new(plan: &PlanView) -> Self {
        let parts = plan.compiled.plan.components.iter().map(|component| Part {
            component: StoredValue::new(component.clone()),
            on: RwSignal::new(false),
            impact: RwSignal::new(Impact::MajorOutage),
        });
        let draft = Self {
            system: StoredValue::new(plan.system.slug.clone()),
            levels: StoredValue::new(plan.compiled.plan.levels.clone()),
            parts: StoredValue::new(parts.collect()),
            level: RwSignal::new(None),
            title: RwSignal::new(String::new()),
            text: RwSignal::new(String::new()),
            public: RwSignal::new(true),
            public_title: RwSignal::new(String::new()),
            public_text: RwSignal::new(String::new()),
            wrong: RwSignal::new(BTreeMap::new()),
        };
        follow(draft.title, move || draft.suggest(internal_words));
        follow(draft.public_title, move || draft.suggest(public_words));
        follow(draft.public_text, move || draft.suggest(public_message));
        draft
    }

    pub(super) fn parts(self) -> Vec<Part> {
        self.parts.get_value()
    }

    pub(super) fn chosen_level(self) -> Option<Level> {
        let number = self.level.get()?;
        self.levels.with_value(|levels| levels.iter().find(|l| l.level == number).cloned())
    }

    /// The ticked components with their impact.
    pub(super) fn affected(self) -> Vec<(Component, Impact)> {
        self.parts().into_iter().filter(|p| p.on.get()).map(|p| (p.component.get_value(), p.impact.get())).collect()
    }

    fn suggest(self, words: impl Fn(&str, bool, Impact) -> String) -> String {
        let affected = self.affected();
        let Some(worst) = affected.iter().map(|(_, impact)| *impact).max() else { return String::new() };
        let names: Vec<_> = affected.iter().map(|(component, _)| component.name.as_str()).collect();
        words(&listed(&names), names.len() > 1, worst)
    }

    /// What to send, or `None` with the reasons in `wrong`.
    pub(super) fn parse(self) -> Option<DeclareIn> {
        let mut wrong = BTreeMap::new();
        let level = self.level.get_untracked();
        if level.is_none() {
            wrong.insert("level", "Choose the level: it decides how soon somebody must respond.".to_owned());
        }
        let affected: Vec<_> = self.parts.with_value(|parts| {
            let on = parts.iter().filter(|part| part.on.get_untracked());
            on.map(|p| AffectedIn { component: p.component.with_value(|c| c.id.clone()), impact: p.impact.get_untracked() }).collect()
        });
        if affected.is_empty() {
            wrong.insert("affected", "Choose at least one component: its recovery clock starts.".to_owned());
        }
        let title = noted(&mut wrong, "title", Title::parse(&self.title.get_untracked()));
        let typed = self.text.get_untracked();
        let text = if typed.trim().is_empty() { Some(None) } else { noted(&mut wrong, "text", Message::parse(&typed)).map(Some) };
        let public = if self.public.get_untracked() {
            let title = noted(&mut wrong, "public.title", Title::parse(&self.public_title.get_untracked()));
            let text = noted(&mut wrong, "public.text", Message::parse(&self.public_text.get_untracked()));
            title.zip(text).map(|(title, text)| Some(PublicIn { title, text }))
        } else {
            Some(None)
        };
        let fine = wrong.is_empty();
        self.wrong.set(wrong);
        let (level, title, text, public) = (level?, title?, text?, public?);
        fine.then(|| DeclareIn { system: self.system.get_value(), title, level, affected, text, public })
    }
}

fn noted<T>(wrong: &mut BTreeMap<&'static str, String>, field: &'static str, parsed: Result<T, String>) -> Option<T> {
    parsed.map_err(|sentence| wrong.insert(field, sentence)).ok()
}

/// Keeps `value` at what is suggested until somebody types something else.
fn follow(value: RwSignal<String>, suggestion: impl Fn() -> String + 'static) {
    Effect::new(move |last: Option<String>| {
        let suggested = suggestion();
        let untouched = value.with_untracked(|v| v.is_empty() || Some(v) == last.as_ref());
        if untouched {
            value.set(suggested.clone());
        }
        suggested
    });
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] if rest.len() < 3 => format!("{} and {last}", rest.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

fn verb(several: bool) -> &'static str {
    if several { "are" } else { "is" }
}

fn internal_words(names: &str, several: bool, impact: Impact) -> String {
    let what = match impact {
        Impact::Operational => "under observation",
        Impact::Degraded => "degraded",
        Impact::PartialOutage => "partly down",
        Impact::MajorOutage => "down",
    };
    format!("{names} {} {what}", verb(several))
}

fn public_words(names: &str, several: bool, impact: Impact) -> String {
    let what = match impact {
        Impact::Operational => "being checked",
        Impact::Degraded => "slower than usual",
        Impact::PartialOutage => "partly unavailable",
        Impact::MajorOutage => "unavailable",
    };
    format!("{names} {} {what}", verb(several))
}

fn public_message(names: &str, several: bool, impact: Impact) -> String {
    format!("{}. We are looking into it and will say more here.", public_words(names, several, impact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_choice() {
        assert_eq!(internal_words(&listed(&["Validator 1"]), false, Impact::MajorOutage), "Validator 1 is down");
        assert_eq!(internal_words(&listed(&["A", "B"]), true, Impact::Degraded), "A and B are degraded");
        assert_eq!(listed(&["A", "B", "C", "D", "E"]), "A, B and 3 more");
    }
}
