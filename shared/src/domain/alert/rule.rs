//! What an alert leads to: the first rule whose conditions all hold decides. Nothing here is a program somebody could write.

use serde::{Deserialize, Serialize};

use super::Alert;
use crate::domain::{status::Impact, text::Name};

/// Rules are tried in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AlertRule"))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// All must hold; without any it fits every alert.
    #[cfg_attr(feature = "openapi", schemars(length(max = 20)))]
    pub when: Vec<Condition>,
    pub then: Consequence,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AlertCondition"))]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name of a label; `title` and `key` mean the alert's own where no label is called so.
    pub label: Name,
    pub is: Test,
    /// Capitals matter.
    pub value: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    Equal,
    /// Also where there is no such label.
    NotEqual,
    Containing,
}

impl Test {
    pub const ALL: [Self; 3] = [Self::Equal, Self::NotEqual, Self::Containing];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Equal => "is",
            Self::NotEqual => "is not",
            Self::Containing => "contains",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Consequence {
    /// Written down as ignored.
    Ignore {},
    /// Shown among the alerts, and nothing else.
    Show {},
    /// An incident of its own, as long as none is open for the same alert.
    Declare(Declaration),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub level: u8,
    /// Ids of components of the plan.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub components: Vec<String>,
    pub impact: Impact,
}

impl Condition {
    pub(super) fn holds(&self, alert: &Alert) -> bool {
        let label = self.label.as_str();
        let found = alert.labels.get(label).map(String::as_str).or(match label {
            "title" => Some(alert.title.as_str()),
            "key" => Some(alert.key.as_str()),
            _ => None,
        });
        let value = self.value.as_str();
        match self.is {
            Test::Equal => found == Some(value),
            Test::NotEqual => found != Some(value),
            Test::Containing => found.is_some_and(|found| found.contains(value)),
        }
    }
}

/// What is to be done, and the number of the rule that says so, from 1. Where no rule fits, the alert is shown.
#[must_use]
pub fn judge<'r>(rules: &'r [Rule], alert: &Alert) -> (Option<usize>, &'r Consequence) {
    const SHOW: &Consequence = &Consequence::Show {};
    let fits = rules.iter().position(|rule| rule.when.iter().all(|condition| condition.holds(alert)));
    match fits.and_then(|i| rules.get(i).map(|rule| (i, rule))) {
        Some((i, rule)) => (Some(i + 1), &rule.then),
        None => (None, SHOW),
    }
}
