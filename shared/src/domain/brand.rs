//! Whose the public page is and how it speaks: name, about text, links, logo, colour, language, time zone. Holds no state of
//! anything.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    digest::Digest,
    domain::text::{Caption, Name},
};

/// As people saved it; what is absent is as Muster brings it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Brand {
    #[serde(default)]
    pub name: Option<Name>,
    /// One line: what this is the status of.
    #[serde(default)]
    pub about: Option<Caption>,
    /// Where visitors came from.
    #[serde(default)]
    pub home: Option<WebLink>,
    /// Where visitors get help.
    #[serde(default)]
    pub support: Option<WebLink>,
    #[serde(default)]
    pub accent: Option<Colour>,
    pub language: Language,
    pub zone: ZoneName,
    /// A picture that was given with this or an earlier version.
    #[serde(default)]
    pub logo: Option<Digest>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    #[default]
    English,
    German,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// In the language itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }
}

/// What a logo may be. Each is a picture and nothing else; a drawing that can hold a program (SVG) is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PictureKind {
    Png,
    Jpeg,
    Webp,
}

impl PictureKind {
    pub const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::Webp];

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// The largest logo, in bytes.
pub const LOGO_LIMIT: usize = 100 * 1024;

macro_rules! parsed {
    ($name:ident $pattern:literal) => {
        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// A link that a visitor may follow: a page, or an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WebLink(String);
parsed!(WebLink r"^(https?://|mailto:)[!-~]{3,300}$");

impl WebLink {
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let rest = ["https://", "http://", "mailto:"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let Some(rest) = rest else {
            return Err("A link begins with https://, http:// or mailto:.".into());
        };
        if rest.len() < 3 || text.len() > 300 {
            return Err("A link names a host or an address, and has at most 300 characters.".into());
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err("A link has no blanks and only plain characters; write others as browsers do (%C3%A4).".into());
        }
        Ok(Self(text.to_owned()))
    }
}

/// A name of the time zone database. Whether there is such a zone is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ZoneName(String);
parsed!(ZoneName r"^[A-Za-z0-9_+/-]{1,64}$");

impl Default for ZoneName {
    fn default() -> Self {
        Self("UTC".into())
    }
}

impl ZoneName {
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+-/".contains(c);
        if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
            return Err("A time zone is written as Europe/Berlin or UTC.".into());
        }
        Ok(Self(text.to_owned()))
    }
}

/// `#1a7f4b`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Colour(String);
parsed!(Colour "^#[0-9a-fA-F]{6}$");

type Rgb = [u8; 3];

/// The grounds on which text of this colour stands, light and dark (`tokens.css`, the ones nearest to the middle).
const LIGHT: Rgb = [0xf8, 0xf9, 0xfa];
const DARK: Rgb = [0x14, 0x17, 0x1b];
/// What WCAG 2.2 AA asks of text.
const CONTRAST: f64 = 4.5;

impl Colour {
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.chars().all(|c| c.is_ascii_hexdigit()));
        digits.map(|d| Self(format!("#{}", d.to_lowercase()))).ok_or_else(|| "A colour is written as #1a7f4b.".into())
    }

    fn rgb(&self) -> Rgb {
        let part = |n: usize| self.0.get(1 + 2 * n..3 + 2 * n).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        [0, 1, 2].map(|n| part(n).unwrap_or_default())
    }

    /// As it is shown on a light and on a dark ground: itself where it can be read, else as little darker or lighter as it takes.
    #[must_use]
    pub fn readable(&self) -> (Self, Self) {
        (self.towards([0; 3], LIGHT), self.towards([255; 3], DARK))
    }

    fn towards(&self, end: Rgb, ground: Rgb) -> Self {
        let own = self.rgb();
        let mixed = |step: u32| {
            [0, 1, 2].map(|n| {
                let (from, to) = (u32::from(own[n]), u32::from(end[n]));
                u8::try_from((from * (100 - step) + to * step) / 100).unwrap_or(u8::MAX)
            })
        };
        let found = (0..=100).map(mixed).find(|rgb| contrast(*rgb, ground) >= CONTRAST).unwrap_or(end);
        Self(format!("#{:02x}{:02x}{:02x}", found[0], found[1], found[2]))
    }
}

fn luminance(rgb: Rgb) -> f64 {
    let [r, g, b] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_can_be_read_on_both_grounds() {
        let steps = [0x00_u8, 0x33, 0x66, 0x99, 0xcc, 0xff];
        let all = (0..216).map(|n| [steps[n / 36], steps[n / 6 % 6], steps[n % 6]]);
        for [r, g, b] in all {
            let colour = Colour::parse(&format!("#{r:02x}{g:02x}{b:02x}")).unwrap();
            let (light, dark) = colour.readable();
            assert!(contrast(light.rgb(), LIGHT) >= CONTRAST, "{colour:?} {light:?}");
            assert!(contrast(dark.rgb(), DARK) >= CONTRAST, "{colour:?} {dark:?}");
        }
        let green = Colour::parse(" #1A7F4B ").unwrap();
        assert_eq!(green.readable().0, green, "what can be read stays as it is");
        assert_ne!(green.readable().1, green);
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn links_zones_and_colours_are_what_they_say() {
        for link in ["https://example.org/help?x=1", "mailto:help@example.org", "http://x.y"] {
            assert_eq!(WebLink::parse(link).unwrap().as_str(), link);
        }
        let long = format!("https://example.org/{}", "x".repeat(300));
        for link in ["javascript:alert(1)", "example.org", "https://", "https://a b.org", "https://ä.org", &long] {
            assert!(WebLink::parse(link).is_err(), "{link}");
        }
        for colour in ["red", "#12345", "#12345g", "123456", "#1234567"] {
            assert!(Colour::parse(colour).is_err(), "{colour}");
        }
        for zone in ["", "Europe/Ber lin", "../etc/passwd;", "Z\u{e4}"] {
            assert!(ZoneName::parse(zone).is_err(), "{zone}");
        }
        assert!(ZoneName::parse("America/Argentina/Buenos_Aires").is_ok() && ZoneName::parse("Etc/GMT+3").is_ok());
    }
}
