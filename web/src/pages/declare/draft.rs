//! What has been chosen and typed so far, and the words made from it. Sends nothing.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::{
    api::{
        incident::{AffectedIn, DeclareIn, PublicIn},
        system::PlanView,
    },
    domain::{
        criteria::{self, Hint, Seen},
        status::Impact,
        text::{Message, Title},
    },
    ids::UserId,
    plan::{Component, Level, Plan},
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
    /// What was ticked of the criteria.
    pub(super) seen: RwSignal<Vec<Seen>>,
    plan: StoredValue<Plan>,
    pub(super) title: RwSignal<String>,
    pub(super) text: RwSignal<String>,
    pub(super) restricted: RwSignal<bool>,
    pub(super) readers: RwSignal<Vec<UserId>>,
    pub(super) public: RwSignal<bool>,
    pub(super) public_title: RwSignal<String>,
    pub(super) public_text: RwSignal<String>,
    pub(super) notify: RwSignal<bool>,
    /// What this page itself found wrong, by field; kept up to date once declaring was tried.
    pub(super) wrong: RwSignal<Wrong>,
    tried: RwSignal<bool>,
}

pub(super) type Wrong = BTreeMap<&'static str, String>;

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
            seen: RwSignal::new(vec![]),
            plan: StoredValue::new(plan.compiled.plan.clone()),
            title: RwSignal::new(String::new()),
            text: RwSignal::new(String::new()),
            restricted: RwSignal::new(false),
            readers: RwSignal::new(vec![]),
            public: RwSignal::new(true),
            public_title: RwSignal::new(String::new()),
            public_text: RwSignal::new(String::new()),
            notify: RwSignal::new(true),
            wrong: RwSignal::new(Wrong::new()),
            tried: RwSignal::new(false),
        };
        Effect::new(move |_| {
            if draft.tried.get() {
                draft.wrong.set(draft.check().1);
            }
        });
        // The level follows what is seen until somebody chooses another.
        Effect::new(move |before: Option<Option<u8>>| {
            let suggested = draft.seen.with(|seen| criteria::level(seen).map(|seen| seen.level));
            let chosen = draft.level.get_untracked();
            if chosen.is_none() || Some(chosen) == before {
                draft.level.set(suggested);
            }
            suggested
        });
        // What is confidential is told to the public only if somebody says so.
        Effect::new(move |before: Option<bool>| {
            let restricted = draft.restricted.get();
            if restricted && before == Some(false) {
                draft.public.set(false);
            }
            restricted
        });
        follow(draft.title, move || draft.suggest(internal_words));
        follow(draft.public_title, move || draft.suggest(public_words));
        follow(draft.public_text, move || draft.suggest(public_message));
        draft
    }

    pub(super) fn parts(self) -> Vec<Part> {
        self.parts.get_value()
    }

    /// Why a level is suggested, and whether another one is chosen.
    pub(super) fn suggestion(self) -> Option<String> {
        let seen = self.seen.get();
        let worst = criteria::level(&seen)?;
        let (level, text) = (worst.level, &worst.text);
        Some(match self.level.get() {
            Some(chosen) if chosen != level => {
                format!("You chose level {chosen}; by the plan it is level {level}: \"{text}\".")
            }
            _ => format!("Level {level}, because you see: \"{text}\"."),
        })
    }

    /// Procedures that may help.
    pub(super) fn hints(self) -> Vec<Hint> {
        let affected: Vec<String> = self.affected().into_iter().map(|(part, _)| part.id).collect();
        self.plan.with_value(|plan| self.seen.with(|seen| criteria::procedures(plan, seen, &affected)))
    }

    pub(super) fn tick(self, seen: Seen, on: bool) {
        self.seen.update(|all| {
            all.retain(|other| *other != seen);
            if on {
                all.push(seen);
            }
        });
    }

    pub(super) fn chosen_level(self) -> Option<Level> {
        let number = self.level.get()?;
        self.levels.with_value(|levels| levels.iter().find(|l| l.level == number).cloned())
    }

    /// The ticked components with their impact.
    pub(super) fn affected(self) -> Vec<(Component, Impact)> {
        self.parts().into_iter().filter(|p| p.on.get()).map(|p| (p.component.get_value(), p.impact.get())).collect()
    }

    /// `SYSTEM/COMPONENT` each, as subscribers choose them.
    pub(super) fn keys(self) -> Vec<String> {
        let system = self.system.get_value();
        self.affected().into_iter().map(|(component, _)| format!("{system}/{}", component.id)).collect()
    }

    fn suggest(self, words: impl Fn(&str, bool, Impact) -> String) -> String {
        let affected = self.affected();
        let Some(worst) = affected.iter().map(|(_, impact)| *impact).max() else { return String::new() };
        let names: Vec<_> = affected.iter().map(|(component, _)| component.name.as_str()).collect();
        words(&listed(&names), names.len() > 1, worst)
    }

    /// What to send, or `None` with the reasons in `wrong`.
    pub(super) fn parse(self) -> Option<DeclareIn> {
        self.tried.set(true);
        let (body, wrong) = untrack(|| self.check());
        self.wrong.set(wrong);
        body
    }

    fn check(self) -> (Option<DeclareIn>, Wrong) {
        let mut wrong = Wrong::new();
        let level = self.level.get();
        if level.is_none() {
            wrong.insert("level", "Choose the level: it decides how soon somebody must respond.".to_owned());
        }
        let affected = self
            .affected()
            .into_iter()
            .map(|(part, impact)| AffectedIn { component: part.id, impact })
            .collect::<Vec<_>>();
        if affected.is_empty() {
            wrong.insert("affected", "Choose at least one component: its recovery clock starts.".to_owned());
        }
        let title = noted(&mut wrong, "title", Title::parse(&self.title.get()));
        let typed = self.text.get();
        let text = if typed.trim().is_empty() { None } else { noted(&mut wrong, "text", Message::parse(&typed)) };
        let public = if self.public.get() {
            let title = noted(&mut wrong, "public.title", Title::parse(&self.public_title.get()));
            let text = noted(&mut wrong, "public.text", Message::parse(&self.public_text.get()));
            title.zip(text).map(|(title, text)| PublicIn { title, text, notify: self.notify.get() })
        } else {
            None
        };
        let body = level.zip(title).map(|(level, title)| DeclareIn {
            system: self.system.get_value(),
            title,
            level,
            affected,
            seen: self.seen.get(),
            restricted_to: self.restricted.get().then(|| self.readers.get()),
            text,
            public,
        });
        (body.filter(|_| wrong.is_empty()), wrong)
    }
}

fn noted<T>(wrong: &mut Wrong, field: &'static str, parsed: Result<T, String>) -> Option<T> {
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
