//! How people arrange the public page: sections in order, and in them the plans' components, renamed, described, hidden. Never holds
//! a state.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    domain::text::{Caption, Name},
    ids::SectionId,
};

const SECTIONS: usize = 100;
const COMPONENTS: usize = 1000;

/// As people saved it. What the plans have and it does not name comes last, as the plans have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Layout {
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "LayoutSection"))]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Given by Muster to a section with a name; without one it is a new section.
    #[serde(default)]
    pub id: Option<SectionId>,
    /// Without a name its components stand for themselves.
    #[serde(default)]
    pub name: Option<Name>,
    pub components: Vec<Placed>,
}

/// One component of a plan, in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// Short name of its system.
    pub system: String,
    pub component: String,
    /// Instead of the plan's.
    #[serde(default)]
    pub name: Option<Name>,
    #[serde(default)]
    pub description: Option<Caption>,
    #[serde(default)]
    pub hidden: bool,
}

impl Placed {
    #[must_use]
    pub fn is(&self, system: &str, component: &str) -> bool {
        self.system == system && self.component == component
    }
}

/// Slug and name of a system, id and name of each component of its plan.
pub type SystemComponents = (String, String, Vec<(String, String)>);

/// A component that some plan in force has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub system: String,
    pub component: String,
    /// As the public would read it if nobody had renamed it.
    pub name: String,
}

/// Why a layout cannot be saved: the field and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    pub field: String,
    pub why: String,
}

impl Layout {
    /// # Errors
    /// If it names what no plan has, names something twice, or is too long.
    pub fn check(&self, known: &[Known]) -> Result<(), Misplaced> {
        let misplaced = |field: String, why: String| Err(Misplaced { field, why });
        let n = self.sections.iter().map(|s| s.components.len()).sum::<usize>();
        if self.sections.len() > SECTIONS || n > COMPONENTS {
            let why = format!("At most {SECTIONS} sections and {COMPONENTS} components fit on the page.");
            return misplaced("sections".into(), why);
        }
        let known: HashSet<_> = known.iter().map(|k| (k.system.as_str(), k.component.as_str())).collect();
        let (mut seen, mut ids, mut names) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (i, section) in self.sections.iter().enumerate() {
            if section.id.is_some_and(|id| !ids.insert(id)) {
                return misplaced(format!("sections[{i}].id"), "Two sections have the same id.".into());
            }
            if let Some(name) = &section.name
                && !names.insert(name.as_str())
            {
                let why = format!("Two groups are called {}; visitors could not tell them apart.", name.as_str());
                return misplaced(format!("sections[{i}].name"), why);
            }
            for (j, placed) in section.components.iter().enumerate() {
                let key = (placed.system.as_str(), placed.component.as_str());
                let field = format!("sections[{i}].components[{j}].component");
                if !known.contains(&key) {
                    return misplaced(field, format!("No plan has a component \"{}\" of {}.", key.1, key.0));
                }
                if !seen.insert(key) {
                    return misplaced(field, format!("{} of {} is named twice.", key.1, key.0));
                }
            }
        }
        Ok(())
    }

    /// The layout with exactly what the plans have now: what left them is left out, what is new comes last.
    #[must_use]
    pub fn complete(&self, known: &[Known]) -> Self {
        let mut sections = self.sections.clone();
        for section in &mut sections {
            section.components.retain(|p| known.iter().any(|k| p.is(&k.system, &k.component)));
        }
        let placed = |k: &&Known| sections.iter().flat_map(|s| &s.components).any(|p| p.is(&k.system, &k.component));
        let new: Vec<_> = known.iter().filter(|k| !placed(k)).map(Known::placed).collect();
        match sections.last_mut() {
            _ if new.is_empty() => {}
            Some(last) if last.name.is_none() => last.components.extend(new),
            _ => sections.push(Section { id: None, name: None, components: new }),
        }
        Self { sections }
    }
}

impl Known {
    /// With several systems on one page a component says whose it is.
    #[must_use]
    pub fn of(systems: &[SystemComponents]) -> Vec<Self> {
        let name =
            |system: &str, name: &str| if systems.len() > 1 { format!("{system}: {name}") } else { name.to_owned() };
        let of_one = |(slug, system, components): &SystemComponents| -> Vec<Self> {
            let known = |(id, own): &(String, String)| Self {
                system: slug.clone(),
                component: id.clone(),
                name: name(system, own),
            };
            components.iter().map(known).collect()
        };
        systems.iter().flat_map(of_one).collect()
    }

    fn placed(&self) -> Placed {
        let (system, component) = (self.system.clone(), self.component.clone());
        Placed { system, component, name: None, description: None, hidden: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(components: &[&str]) -> Vec<Known> {
        let known = |c: &&str| Known { system: "bt2c".into(), component: (*c).into(), name: c.to_uppercase() };
        components.iter().map(known).collect()
    }

    fn section(name: Option<&str>, components: &[&str]) -> Section {
        let components = known(components).iter().map(Known::placed).collect();
        Section { id: None, name: name.map(|n| Name::parse(n).unwrap()), components }
    }

    fn drawn(layout: &Layout) -> Vec<(Option<&str>, Vec<&str>)> {
        let mut all = vec![];
        for section in &layout.sections {
            let components = section.components.iter().map(|p| p.component.as_str()).collect();
            all.push((section.name.as_ref().map(Name::as_str), components));
        }
        all
    }

    #[test]
    fn what_is_new_in_the_plans_comes_last_and_what_left_them_is_gone() {
        let none = Layout::default();
        assert_eq!(drawn(&none.complete(&known(&["a", "b"]))), [(None, vec!["a", "b"])]);
        assert!(none.complete(&[]).sections.is_empty());
        let grouped = Layout { sections: vec![section(Some("Chain"), &["b", "gone"]), section(None, &["a"])] };
        assert_eq!(
            drawn(&grouped.complete(&known(&["a", "b", "c"]))),
            [(Some("Chain"), vec!["b"]), (None, vec!["a", "c"])]
        );
        let last_is_a_group = Layout { sections: vec![section(Some("Chain"), &["b"])] };
        assert_eq!(
            drawn(&last_is_a_group.complete(&known(&["a", "b"]))),
            [(Some("Chain"), vec!["b"]), (None, vec!["a"])],
            "nothing slips into a group by itself"
        );
    }

    #[test]
    fn what_cannot_be_saved_is_named() {
        let plans = known(&["a", "b"]);
        let cases = [
            (vec![section(None, &["a", "c"])], Some("sections[0].components[1].component")),
            (vec![section(Some("X"), &["a"]), section(None, &["a"])], Some("sections[1].components[0].component")),
            (vec![section(Some("X"), &[]), section(Some("X"), &[])], Some("sections[1].name")),
            ((0..101).map(|_| section(None, &[])).collect(), Some("sections")),
            (vec![section(Some("X"), &["b"]), section(None, &["a"])], None),
            (vec![], None),
        ];
        for (sections, field) in cases {
            let checked = Layout { sections }.check(&plans);
            assert_eq!(checked.err().map(|m| m.field).as_deref(), field);
        }
    }
}
