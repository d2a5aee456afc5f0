//! Text that people type: trimmed, bounded, never empty where it must say something. Not for secrets.

use serde::{Deserialize, Deserializer, Serialize};

macro_rules! bounded {
    ($($(#[$doc:meta])* $name:ident $words:literal $min:literal to $max:literal $lines:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// A sentence for the person who typed it.
            pub fn parse(text: &str) -> Result<Self, String> {
                let text = text.trim();
                let n = text.chars().count();
                if $min > 0 && text.chars().all(is_invisible) {
                    return Err(format!("{} must not be empty.", $words));
                }
                if n > $max {
                    return Err(format!("{} has {n} characters; at most {} fit.", $words, $max));
                }
                if text.chars().any(|c| c.is_control() && !($lines && matches!(c, '\n' | '\r' | '\t'))) {
                    return Err(format!("{} contains control characters.", $words));
                }
                if text.chars().any(turns_direction) {
                    return Err(format!(
                        "{} contains invisible characters that turn the direction of writing; remove them.",
                        $words
                    ));
                }
                Ok(Self(text.to_owned()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            #[must_use]
            pub fn into_inner(self) -> String {
                self.0
            }
        }

        #[cfg(feature = "openapi")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::schema::text($min, $max, $lines)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// Shows nothing by itself: zero-width characters, marks of direction, fillers. Fine beside letters (emoji need joiners).
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || turns_direction(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
}

/// Embeddings, overrides and isolates: they can make a line read as another one.
pub(crate) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What two names have in common if people cannot tell them apart at a glance: capitals, spaces and what nobody sees do not count.
#[must_use]
pub fn alike(name: &str) -> String {
    name.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether it holds a character that shows nothing by itself: where two texts must not look the same.
#[must_use]
pub fn has_invisible(text: &str) -> bool {
    text.chars().any(is_invisible)
}

bounded! {
    /// One line: an incident's title.
    Title "The title" 1 to 200 false;
    /// One line: a person's or system's name.
    Name "The name" 1 to 100 false;
    /// An address, a path, a query: what a machine is given to look at.
    Look "What is looked at" 1 to 1000 false;
    /// One line: what a component is for, on the status page.
    Caption "The description" 1 to 300 false;
    /// One line: what people are told by a step.
    NoticeText "The text of a notice" 1 to 500 false;
    /// One line: what somebody is to do.
    TaskText "The task" 1 to 200 false;
    /// A note, a public message, a reason.
    Message "The text" 1 to 10_000 true;
    /// What somebody adds to a decision; may be empty.
    Remark "The note" 0 to 2_000 true;
    /// A report's Markdown; may be empty.
    Document "The document" 0 to 200_000 true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws() {
        assert_eq!(Title::parse("  down  ").unwrap().as_str(), "down");
        assert!(Title::parse(" ").unwrap_err().contains("empty"));
        assert!(Title::parse("a\nb").unwrap_err().contains("control"));
        assert!(Title::parse(&"x".repeat(201)).unwrap_err().contains("201"));
        assert!(Message::parse("a\nb").is_ok());
        assert!(Document::parse("").is_ok());
    }

    #[test]
    fn what_nobody_can_see_says_nothing() {
        for text in ["\u{200b}", "\u{200e} \u{200f}", "\u{2060}\u{2064}", "\u{feff}", "\u{202e}", " \u{3164}\u{ad} "] {
            assert!(Title::parse(text).unwrap_err().contains("empty"), "{text:?}");
            assert!(Message::parse(text).is_err() && Name::parse(text).is_err(), "{text:?}");
        }
        for c in ['\u{202a}', '\u{202e}', '\u{2066}'] {
            assert!(Title::parse(&format!("a{c}b")).unwrap_err().contains("direction"), "{c:?}");
            assert!(Document::parse(&c.to_string()).is_err());
        }
        for text in ["👩\u{200d}🚒 is here", "שלום\u{200f}!", "\u{feff}down"] {
            assert!(Title::parse(text).is_ok(), "{text:?}");
        }
    }
}
