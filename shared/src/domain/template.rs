//! Texts that people keep to post again, and the places in them that are filled in: a fixed list, no language. Knows no incident.

use serde::{Deserialize, Serialize};

/// What a kept text is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TemplateAbout"))]
#[serde(rename_all = "kebab-case")]
pub enum About {
    #[default]
    Incident,
    Maintenance,
}

impl About {
    pub const ALL: [Self; 2] = [Self::Incident, Self::Maintenance];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Maintenance => "maintenance",
        }
    }

    /// Which of them are filled in; others stay as they are.
    #[must_use]
    pub fn places(self) -> &'static [Place] {
        match self {
            Self::Incident => &[Place::Title, Place::Components, Place::Started, Place::Page, Place::NextUpdate],
            Self::Maintenance => &[Place::Title, Place::Components, Place::From, Place::To, Place::Page],
        }
    }
}

/// What can stand between double braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Title,
    Components,
    Started,
    Page,
    NextUpdate,
    From,
    To,
}

impl Place {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Components => "components",
            Self::Started => "started",
            Self::Page => "page",
            Self::NextUpdate => "next_update",
            Self::From => "from",
            Self::To => "to",
        }
    }

    /// What stands there afterwards.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Title => "the public title",
            Self::Components => "the components it is about, as the status page calls them",
            Self::Started => "when it began, in the page's time zone",
            Self::Page => "the address of its public page",
            Self::NextUpdate => "when the next update is due, in the page's time zone",
            Self::From => "when the work begins, in the page's time zone",
            Self::To => "when the work ends, in the page's time zone",
        }
    }
}

/// `{{title}}` and the like replaced once; whatever else stands in braces, and what is filled in, stays as it is.
#[must_use]
pub fn filled(text: &str, about: About, value: impl Fn(Place) -> String) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, place) = rest.split_at(at);
        filled.push_str(before);
        let inner = place[2..].split_once("}}");
        let known = inner.and_then(|(name, behind)| {
            let name = name.trim();
            about.places().iter().find(|place| place.name() == name).map(|place| (*place, behind))
        });
        if let Some((known, behind)) = known {
            filled.push_str(&value(known));
            rest = behind;
        } else {
            filled.push('{');
            rest = &place[1..];
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_in_once_and_nothing_else_is() {
        let value = |place: Place| match place {
            Place::Title => "{{page}} & <b>".to_owned(),
            place => place.name().to_uppercase(),
        };
        for (text, expected) in [
            ("{{title}} since {{ started }}.", "{{page}} & <b> since STARTED."),
            ("{{next_update}}{{components}}", "NEXT_UPDATECOMPONENTS"),
            ("{{unknown}} {title} {{}} {{title}", "{{unknown}} {title} {{}} {{title}"),
            ("{{{title}}}", "{{{page}} & <b>}"),
            ("{{Title}} {{7*7}} {{title|upper}}", "{{Title}} {{7*7}} {{title|upper}}"),
            ("{{ {{page}}", "{{ PAGE"),
            ("", ""),
            ("ä {{", "ä {{"),
            ("{{from}}", "{{from}}"),
        ] {
            assert_eq!(filled(text, About::Incident, value), expected, "{text}");
        }
        assert_eq!(filled("{{from}} {{started}}", About::Maintenance, value), "FROM {{started}}");
    }
}
