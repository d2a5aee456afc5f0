//! The rules of a source as one edits them: conditions, what then, and their order. What they lead to is tried on the server.

use leptos::prelude::*;
use shared::{
    domain::{
        alert::{Condition, Consequence, Declaration, Rule, Test},
        status::Impact,
        text::Name,
    },
    plan::Plan,
};

use crate::components::{
    button::{Button, ButtonKind},
    field::{Checkbox, SelectField, TextField},
};

#[derive(Clone, Copy)]
struct ConditionDraft {
    id: u32,
    label: RwSignal<String>,
    is: RwSignal<String>,
    value: RwSignal<String>,
}

#[derive(Clone, Copy)]
struct RuleDraft {
    id: u32,
    when: RwSignal<Vec<ConditionDraft>>,
    then: RwSignal<String>,
    level: RwSignal<String>,
    impact: RwSignal<String>,
    /// Ids of components.
    affected: RwSignal<Vec<String>>,
}

#[derive(Clone, Copy)]
pub(super) struct RuleEditor {
    all: RwSignal<Vec<RuleDraft>>,
    next_id: StoredValue<u32>,
    plan: StoredValue<Option<Plan>>,
    wrong: RwSignal<Option<String>>,
}

const IMPACTS: [Impact; 3] = [Impact::Degraded, Impact::PartialOutage, Impact::MajorOutage];

fn name_of<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn from_name<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

impl RuleEditor {
    pub(super) fn of(plan: Option<Plan>, rules: Vec<Rule>) -> Self {
        let this = Self {
            all: RwSignal::new(vec![]),
            next_id: StoredValue::new(0),
            plan: StoredValue::new(plan),
            wrong: RwSignal::new(None),
        };
        for rule in rules {
            this.add(Some(rule));
        }
        this
    }

    fn id(self) -> u32 {
        self.next_id.update_value(|id| *id += 1);
        self.next_id.get_value()
    }

    fn condition(self, given: Option<Condition>) -> ConditionDraft {
        let text = |name: Option<&Name>| RwSignal::new(name.map(|name| name.as_str().to_owned()).unwrap_or_default());
        ConditionDraft {
            id: self.id(),
            label: text(given.as_ref().map(|c| &c.label)),
            is: RwSignal::new(name_of(given.as_ref().map_or(Test::Equal, |c| c.is))),
            value: text(given.as_ref().map(|c| &c.value)),
        }
    }

    fn add(self, rule: Option<Rule>) {
        let (when, then) = rule.map_or((vec![], None), |rule| (rule.when, Some(rule.then)));
        let (then, declared) = match then {
            Some(Consequence::Ignore {}) => ("ignore", None),
            Some(Consequence::Show {}) => ("show", None),
            Some(Consequence::Declare(what)) => ("declare", Some(what)),
            None => ("declare", None),
        };
        let first = self.plan.with_value(|plan| plan.iter().flat_map(|p| &p.levels).map(|l| l.level).next());
        let draft = RuleDraft {
            id: self.id(),
            when: RwSignal::new(when.into_iter().map(|c| self.condition(Some(c))).collect()),
            then: RwSignal::new(then.to_owned()),
            level: RwSignal::new(declared.as_ref().map(|w| w.level).or(first).unwrap_or(1).to_string()),
            impact: RwSignal::new(name_of(declared.as_ref().map_or(Impact::MajorOutage, |w| w.impact))),
            affected: RwSignal::new(declared.map(|w| w.components).unwrap_or_default()),
        };
        self.all.update(|all| all.push(draft));
    }

    /// What was typed, if all of it is sound.
    pub(super) fn read(self) -> Option<Vec<Rule>> {
        let rules: Result<Vec<_>, String> =
            self.all.get_untracked().into_iter().enumerate().map(|(i, rule)| rule.read(i + 1)).collect();
        self.wrong.set(rules.as_ref().err().cloned());
        rules.ok()
    }
}

impl RuleDraft {
    fn read(self, number: usize) -> Result<Rule, String> {
        let sound = |text: RwSignal<String>| {
            Name::parse(&text.get_untracked())
                .map_err(|_| format!("Rule {number}: each condition names a label and a value of 1 to 100 characters."))
        };
        let when = self.when.get_untracked().into_iter().map(|c| {
            let is = from_name(&c.is.get_untracked()).unwrap_or(Test::Equal);
            Ok(Condition { label: sound(c.label)?, is, value: sound(c.value)? })
        });
        let then = match self.then.get_untracked().as_str() {
            "ignore" => Consequence::Ignore {},
            "show" => Consequence::Show {},
            _ => Consequence::Declare(Declaration {
                level: self.level.get_untracked().parse().map_err(|_| format!("Rule {number}: choose a level."))?,
                components: self.affected.get_untracked(),
                impact: from_name(&self.impact.get_untracked()).unwrap_or(Impact::MajorOutage),
            }),
        };
        Ok(Rule { when: when.collect::<Result<_, String>>()?, then })
    }
}

#[component]
pub(super) fn Rules(rules: RuleEditor, #[prop(into)] error: Signal<Option<String>>) -> impl IntoView {
    let wrong = move || rules.wrong.get().or_else(|| error.get());
    view! {
        <section class="stack" aria-labelledby="rules">
            <h2 id="rules">"Rules"</h2>
            <p class="muted">"The first rule that fits decides. Where none fits, the alert is shown and nothing else happens."</p>
            <ol class="rule-list">
                <For
                    each=move || rules.all.get().into_iter().enumerate()
                    key=|(i, rule)| (rule.id, *i)
                    children=move |(i, rule)| view! { <OneRule rules rule at=i/> }
                />
            </ol>
            {move || wrong().map(|text| view! { <p class="field-error" role="alert">{text}</p> })}
            <p><Button on_press=move |()| rules.add(None) test_id="rule-add">"Add a rule"</Button></p>
        </section>
    }
}

#[component]
fn OneRule(rules: RuleEditor, rule: RuleDraft, at: usize) -> impl IntoView {
    let thens = [("declare", "Declare an incident"), ("show", "Show it, and nothing else"), ("ignore", "Ignore it")];
    let thens: Vec<(String, String)> = thens.map(|(name, words)| (name.into(), words.into())).into();
    let up = move |()| {
        rules.all.update(|all| {
            if let Some(i) = all.iter().position(|one| one.id == rule.id).filter(|i| *i > 0) {
                all.swap(i, i - 1);
            }
        });
    };
    let remove = move |()| rules.all.update(|all| all.retain(|one| one.id != rule.id));
    let add = move |()| rule.when.update(|all| all.push(rules.condition(None)));
    let (levels, components) = rules.plan.with_value(|plan| {
        let levels: Vec<_> = plan
            .iter()
            .flat_map(|plan| &plan.levels)
            .map(|l| (l.level.to_string(), format!("Level {} · {}", l.level, l.name)))
            .collect();
        let components: Vec<_> =
            plan.iter().flat_map(|plan| &plan.components).map(|c| (c.id.clone(), c.name.clone())).collect();
        (levels, components)
    });
    let impacts: Vec<_> = IMPACTS.iter().map(|impact| (name_of(impact), impact.words().to_owned())).collect();
    let declares = Memo::new(move |_| rule.then.with(|then| then == "declare"));
    let (levels, impacts) = (StoredValue::new(levels), StoredValue::new(impacts));
    let components = StoredValue::new(components);
    view! {
        <li class="panel rule" data-testid="rule">
            <div class="rule-head">
                <h3>{format!("Rule {}", at + 1)}</h3>
                <span class="button-row">
                    {(at > 0).then(|| view! { <Button kind=ButtonKind::Quiet on_press=up>"Move up"</Button> })}
                    <Button kind=ButtonKind::Quiet on_press=remove>"Remove"</Button>
                </span>
            </div>
            <ul class="stack">
                <For
                    each=move || rule.when.get()
                    key=|condition| condition.id
                    children=move |condition| view! { <OneCondition rule condition/> }
                />
            </ul>
            {move || {
                rule.when.with(Vec::is_empty).then(|| view! { <p class="hint">"Without a condition it fits every alert."</p> })
            }}
            <p><Button kind=ButtonKind::Quiet on_press=add test_id="condition-add">"Add a condition"</Button></p>
            <SelectField label="Then" choices=thens value=rule.then/>
            <Show when=move || declares.get()>
                <div class="pair">
                    <SelectField label="Level" choices=levels.get_value() value=rule.level/>
                    <SelectField label="What it does to users" choices=impacts.get_value() value=rule.impact/>
                </div>
                <fieldset class="field role-actions">
                    <legend>"Components"</legend>
                    {components
                        .get_value()
                        .into_iter()
                        .map(|(id, name)| view! { <Affected rule id name/> })
                        .collect_view()}
                </fieldset>
            </Show>
        </li>
    }
}

#[component]
fn Affected(rule: RuleDraft, id: String, name: String) -> impl IntoView {
    let on = RwSignal::new(rule.affected.with_untracked(|all| all.contains(&id)));
    Effect::new(move |before: Option<bool>| {
        let now = on.get();
        if before.is_some_and(|before| before != now) {
            rule.affected.update(|all| {
                all.retain(|other| *other != id);
                if now {
                    all.push(id.clone());
                }
            });
        }
        now
    });
    view! { <Checkbox label=name value=on/> }
}

#[component]
fn OneCondition(rule: RuleDraft, condition: ConditionDraft) -> impl IntoView {
    let tests: Vec<_> = Test::ALL.iter().map(|test| (name_of(test), test.words().to_owned())).collect();
    let remove = move |()| rule.when.update(|all| all.retain(|one| one.id != condition.id));
    view! {
        <li class="condition">
            <TextField label="Label" value=condition.label/>
            <SelectField label="How it compares" choices=tests value=condition.is hide_label=true/>
            <TextField label="Value" value=condition.value/>
            <Button kind=ButtonKind::Quiet on_press=remove>"Remove"</Button>
        </li>
    }
}
