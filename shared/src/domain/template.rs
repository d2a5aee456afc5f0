//! Texts that people keep to post again, and the places in them that are filled in: a fixed list, no language. Knows no incident.

/// What can stand between double braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Title,
    Components,
    Started,
    Page,
    NextUpdate,
}

impl Place {
    pub const ALL: [Self; 5] = [Self::Title, Self::Components, Self::Started, Self::Page, Self::NextUpdate];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Components => "components",
            Self::Started => "started",
            Self::Page => "page",
            Self::NextUpdate => "next_update",
        }
    }

    /// What stands there afterwards.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Title => "the incident's public title",
            Self::Components => "the components it affects, as the status page calls them",
            Self::Started => "when it began, in the page's time zone",
            Self::Page => "the address of its public page",
            Self::NextUpdate => "when the next update is due, in the page's time zone",
        }
    }
}

/// `{{title}}` and the like replaced once; whatever else stands in braces, and what is filled in, stays as it is.
#[must_use]
pub fn filled(text: &str, value: impl Fn(Place) -> String) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, place) = rest.split_at(at);
        filled.push_str(before);
        let inner = place[2..].split_once("}}");
        let known = inner.and_then(|(name, behind)| {
            let name = name.trim();
            Place::ALL.into_iter().find(|place| place.name() == name).map(|place| (place, behind))
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
        ] {
            assert_eq!(filled(text, value), expected, "{text}");
        }
    }
}
