//! What the public sees of components: impact, roll-up, wording. No internal text can enter: there is no field for it.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        incident::PublicState,
        maintenance::{MaintenanceState, PublicMaintenance},
        uptime::History,
    },
    timestamp::Timestamp,
};

/// How bad it is for whoever uses a component; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    Operational,
    Degraded,
    PartialOutage,
    MajorOutage,
}

impl Impact {
    pub const ALL: [Self; 4] = [Self::Operational, Self::Degraded, Self::PartialOutage, Self::MajorOutage];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Operational => "Operational",
            Self::Degraded => "Degraded",
            Self::PartialOutage => "Partial outage",
            Self::MajorOutage => "Major outage",
        }
    }
}

/// The public page's facts at one moment, for every system Muster looks after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSnapshot {
    pub title: String,
    pub taken_at: Timestamp,
    /// In the order of the page; those of a group follow each other.
    pub components: Vec<ComponentStatus>,
    /// Newest first.
    pub open: Vec<PublicIncident>,
    pub past: Vec<PublicIncident>,
    /// What is not over, the next to begin first; then what is, the newest first.
    pub maintenance: Vec<PublicMaintenance>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentStatus {
    pub id: String,
    pub name: String,
    pub impact: Impact,
    /// It is being worked on, as was announced.
    pub maintenance: bool,
    pub group: Option<Group>,
    pub description: Option<String>,
    /// `None` while nothing has been recorded.
    pub history: Option<History>,
}

impl ComponentStatus {
    /// It is being worked on, and no incident says something worse of it.
    #[must_use]
    pub fn worked_on(&self) -> bool {
        self.maintenance && self.impact == Impact::Operational
    }
}

/// Components that people have put together under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: String,
    pub name: String,
}

/// The worst of them: what is said of a group, and of the whole page.
#[must_use]
pub fn roll_up<'a>(components: impl IntoIterator<Item = &'a ComponentStatus>) -> Impact {
    components.into_iter().map(|c| c.impact).max().unwrap_or(Impact::Operational)
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIncident {
    pub number: i64,
    pub title: String,
    pub state: PublicState,
    pub impact: Impact,
    /// Name of each affected component and what it suffers.
    pub affected: Vec<(String, Impact)>,
    /// Which these are, in the same order; not every one is on the page any more.
    pub component_ids: Vec<String>,
    pub started_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// Newest first.
    pub updates: Vec<PublicUpdate>,
    pub has_report: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicUpdate {
    /// Its place in the order in which they were said: names it for good.
    pub number: usize,
    /// What it is about.
    pub at: Timestamp,
    /// Set if it was said afterwards.
    pub told_at: Option<Timestamp>,
    pub state: PublicState,
    pub text: String,
}

impl PublicIncident {
    #[must_use]
    pub fn component_names(&self) -> Vec<String> {
        self.affected.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The affected components by what they suffer, the worst first.
    #[must_use]
    pub fn by_impact(&self) -> Vec<(Impact, Vec<String>)> {
        let with = |impact| self.affected.iter().filter(move |(_, i)| *i == impact).map(|(name, _)| name.clone());
        let groups = Impact::ALL.into_iter().rev().map(|impact| (impact, with(impact).collect::<Vec<_>>()));
        groups.filter(|(_, names)| !names.is_empty()).collect()
    }
}

impl StatusSnapshot {
    /// The worst component decides.
    #[must_use]
    pub fn overall(&self) -> Impact {
        roll_up(&self.components)
    }

    /// The components by group, in the order of the page; those without a group stand together where they stand.
    pub fn sections(&self) -> impl Iterator<Item = &[ComponentStatus]> {
        self.components.chunk_by(|a, b| a.group == b.group)
    }

    /// Nothing worse is to be said than that some component is worked on.
    #[must_use]
    pub fn only_worked_on(&self) -> bool {
        self.overall() == Impact::Operational
            && self.open.is_empty()
            && self.components.iter().any(ComponentStatus::worked_on)
    }

    /// What is announced, under way or over.
    pub fn maintenance_in(&self, state: MaintenanceState) -> impl Iterator<Item = &PublicMaintenance> {
        self.maintenance.iter().filter(move |m| m.state == state)
    }

    /// The one sentence a visitor came for.
    #[must_use]
    pub fn headline(&self) -> String {
        let n = self.components.iter().filter(|c| c.impact == self.overall()).count();
        let all = n == self.components.len();
        match self.overall() {
            Impact::Operational if self.components.is_empty() => "No components are set up yet".into(),
            Impact::Operational if self.only_worked_on() => "Maintenance is under way".into(),
            Impact::Operational if self.open.is_empty() => "All systems operational".into(),
            Impact::Operational => "Systems operational, with an open incident".into(),
            Impact::Degraded => "Some systems are slower than usual".into(),
            Impact::PartialOutage => "Some systems are partly unavailable".into(),
            Impact::MajorOutage if all => "All systems are unavailable".into(),
            Impact::MajorOutage => "Some systems are unavailable".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_component_gives_the_headline() {
        let cases = [
            (vec![], "No components are set up yet"),
            (vec![Impact::Operational, Impact::Operational], "All systems operational"),
            (vec![Impact::Operational, Impact::Degraded], "Some systems are slower than usual"),
            (vec![Impact::MajorOutage, Impact::Degraded], "Some systems are unavailable"),
            (vec![Impact::MajorOutage, Impact::MajorOutage], "All systems are unavailable"),
        ];
        for (impacts, headline) in cases {
            let components = impacts
                .into_iter()
                .map(|impact| ComponentStatus {
                    id: "x".into(),
                    name: "X".into(),
                    impact,
                    maintenance: false,
                    group: None,
                    description: None,
                    history: None,
                })
                .collect();
            let snapshot = StatusSnapshot {
                title: "T".into(),
                taken_at: Timestamp::from_unix(0),
                components,
                open: vec![],
                past: vec![],
                maintenance: vec![],
            };
            assert_eq!(snapshot.headline(), headline);
            let mut worked_on = snapshot.clone();
            if let Some(first) = worked_on.components.first_mut() {
                first.maintenance = true;
                let expected =
                    if headline == "All systems operational" { "Maintenance is under way" } else { headline };
                assert_eq!(worked_on.headline(), expected, "the worse word wins");
            }
        }
    }
}
