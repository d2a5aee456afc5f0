//! What another text of a plan would change, in the words of those who rely on it: buttons, clocks, people, gaps. Compares two
//! compiled plans; which lines were typed is `text_diff`'s.

mod steps;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::plan::{Compiled, Plan};

pub use steps::{StepChange, StepMark};

/// One thing that is new, gone or different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanChange {
    pub area: Area,
    pub kind: ChangeKind,
    /// Its name as the plan has it: a procedure's title, a component, a role.
    pub what: String,
    /// Sentences, each without a full stop of its own meaning: "Recovery within: 1 h → 30 min".
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<String>,
    /// Only for buttons: step by step, by digest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub steps: Vec<StepChange>,
    /// In the new text, or in the old one if it is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
}

/// In the order in which they matter to somebody at three in the morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Buttons,
    Clocks,
    People,
    Components,
    Gaps,
    Rest,
}

impl Area {
    pub const ALL: [Self; 6] = [Self::Buttons, Self::Clocks, Self::People, Self::Components, Self::Gaps, Self::Rest];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Buttons => "Buttons",
            Self::Clocks => "Clocks",
            Self::People => "People",
            Self::Components => "Components",
            Self::Gaps => "Gaps",
            Self::Rest => "The rest",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
}

impl ChangeKind {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Added => "New",
            Self::Removed => "Gone",
            Self::Changed => "Changed",
        }
    }
}

/// Everything that differs, by area. Empty: whatever was typed changes no button, no clock, nobody and no gap.
#[must_use]
pub fn changes(before: &Compiled, after: &Compiled) -> Vec<PlanChange> {
    let (old, new) = (&before.plan, &after.plan);
    let mut found = steps::buttons(old, new);
    clocks(old, new, &mut found);
    people(old, new, &mut found);
    components(old, new, &mut found);
    gaps(before, after, &mut found);
    rest(old, new, &mut found);
    found.sort_by_key(|change| change.area);
    found
}

/// One row of a table of the plan: what it is called, where it stands, and its values, each with its name.
struct Row {
    name: String,
    line: u32,
    values: Vec<(&'static str, String)>,
}

impl Row {
    fn new<const N: usize>(name: impl Into<String>, line: u32, values: [(&'static str, String); N]) -> Self {
        Self { name: name.into(), line, values: values.into() }
    }

    fn said(&self) -> Vec<String> {
        let some = self.values.iter().filter(|(_, value)| !value.is_empty());
        some.map(|(name, value)| format!("{name}: {value}")).collect()
    }
}

/// Pairs rows by name; of several with the same name the first goes with the first, the second with the second.
fn compare(area: Area, before: Vec<Row>, after: Vec<Row>, found: &mut Vec<PlanChange>) {
    let mut left: Vec<Option<Row>> = before.into_iter().map(Some).collect();
    let change = |kind, row: Row, details| PlanChange {
        area,
        kind,
        what: row.name,
        details,
        steps: vec![],
        line: Some(row.line),
    };
    for row in after {
        let old = left.iter_mut().find(|slot| slot.as_ref().is_some_and(|old| old.name == row.name));
        match old.and_then(Option::take) {
            None => {
                let details = row.said();
                found.push(change(ChangeKind::Added, row, details));
            }
            Some(old) => {
                let pairs = old.values.iter().zip(&row.values);
                let details: Vec<_> = pairs
                    .filter(|(old, new)| old.1 != new.1)
                    .map(|(old, new)| format!("{}: {} → {}", new.0, or_nothing(&old.1), or_nothing(&new.1)))
                    .collect();
                if !details.is_empty() {
                    found.push(change(ChangeKind::Changed, row, details));
                }
            }
        }
    }
    for row in left.into_iter().flatten() {
        let details = row.said();
        found.push(change(ChangeKind::Removed, row, details));
    }
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// Zero is "at once".
fn span(seconds: u64) -> String {
    if seconds == 0 {
        "at once".into()
    } else {
        crate::timestamp::human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

fn clocks(old: &Plan, new: &Plan, found: &mut Vec<PlanChange>) {
    let levels = |plan: &Plan| {
        let row = |level: &crate::plan::Level| {
            let response = level.response_seconds.map_or_else(|| "not promised".to_owned(), span);
            Row::new(
                format!("Level {}: {}", level.level, level.name),
                level.line,
                [("Response within", response), ("Criteria", level.criteria.join("; "))],
            )
        };
        plan.levels.iter().map(row).collect()
    };
    compare(Area::Clocks, levels(old), levels(new), found);
    let times = |plan: &Plan| {
        let row = |time: &crate::plan::RecoveryTime| {
            let values = [("Recovery within", span(time.seconds)), ("By", time.method.clone())];
            Row::new(format!("Recovery of {}", time.component), time.line, values)
        };
        plan.rto.iter().map(row).collect()
    };
    compare(Area::Clocks, times(old), times(new), found);
    let points = |plan: &Plan| {
        let row = |point: &crate::plan::RecoveryPoint| {
            let lost = if point.unit == "seconds" {
                span(point.amount).replace("at once", "nothing")
            } else {
                format!("{} {}", point.amount, point.unit)
            };
            Row::new(
                format!("Data of {}", point.data),
                point.line,
                [("At most lost", lost), ("By", point.method.clone())],
            )
        };
        plan.rpo.iter().map(row).collect()
    };
    compare(Area::Clocks, points(old), points(new), found);
}

fn people(old: &Plan, new: &Plan, found: &mut Vec<PlanChange>) {
    let rows = |plan: &Plan| {
        let row = |contact: &crate::plan::Contact| {
            let values = [
                ("Name", contact.name.clone()),
                ("Contact", contact.primary.clone()),
                ("Backup", contact.backup.clone().unwrap_or_default()),
            ];
            Row::new(contact.role.clone(), contact.line, values)
        };
        plan.contacts.iter().map(row).collect()
    };
    compare(Area::People, rows(old), rows(new), found);
}

fn components(old: &Plan, new: &Plan, found: &mut Vec<PlanChange>) {
    let rows = |plan: &Plan| {
        let row = |component: &crate::plan::Component| {
            let values = [
                ("Service", component.service.clone().unwrap_or_default()),
                ("Recovery within", component.rto_seconds.map_or_else(|| "not promised".to_owned(), span)),
            ];
            Row::new(component.name.clone(), component.line, values)
        };
        plan.components.iter().map(row).collect()
    };
    compare(Area::Components, rows(old), rows(new), found);
}

/// A gap is closed, or a new one is torn open.
fn gaps(before: &Compiled, after: &Compiled, found: &mut Vec<PlanChange>) {
    let only = |here: &Compiled, there: &Compiled, kind| {
        let differs = |gap: &&crate::plan::Gap| {
            !there.gaps.iter().any(|other| (&other.code, &other.message) == (&gap.code, &gap.message))
        };
        let change = |gap: &crate::plan::Gap| PlanChange {
            area: Area::Gaps,
            kind,
            what: gap.message.clone(),
            details: vec![],
            steps: vec![],
            line: gap.line,
        };
        here.gaps.iter().filter(differs).map(change).collect::<Vec<_>>()
    };
    found.extend(only(after, before, ChangeKind::Added));
    found.extend(only(before, after, ChangeKind::Removed));
}

fn rest(old: &Plan, new: &Plan, found: &mut Vec<PlanChange>) {
    let title = |plan: &Plan| vec![Row::new("Title", 1, [("Title", plan.title.clone())])];
    compare(Area::Rest, title(old), title(new), found);
    let lists = |plan: &Plan| {
        let row = |list: &crate::plan::Checklist| {
            let name = format!("{}: {}", list.section, list.title);
            Row::new(name, list.line, [("Points", list.points.join("; "))])
        };
        plan.checklists.iter().map(row).collect()
    };
    compare(Area::Rest, lists(old), lists(new), found);
    let locations = |plan: &Plan| {
        let row = |location: &crate::plan::Location| {
            Row::new(
                format!("{}: {}", location.section, location.label),
                location.line,
                [("Path", location.path.clone())],
            )
        };
        plan.locations.iter().map(row).collect()
    };
    compare(Area::Rest, locations(old), locations(new), found);
}
