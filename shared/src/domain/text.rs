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
                if $min > 0 && n == 0 {
                    return Err(format!("{} must not be empty.", $words));
                }
                if n > $max {
                    return Err(format!("{} has {n} characters; at most {} fit.", $words, $max));
                }
                if text.chars().any(|c| c.is_control() && !($lines && matches!(c, '\n' | '\r' | '\t'))) {
                    return Err(format!("{} contains control characters.", $words));
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

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

bounded! {
    /// One line: an incident's title.
    Title "The title" 1 to 200 false;
    /// One line: a person's or system's name.
    Name "The name" 1 to 100 false;
    /// A note, a public message, a reason.
    Message "The text" 1 to 10_000 true;
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
}
