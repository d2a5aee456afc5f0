//! Hours in which somebody does not want to be woken by what others can see to. Knows no clock and no time zone's rules.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A time of day, to the minute: "22:00".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// `None` after 23:59.
    #[must_use]
    pub fn from_minutes(minutes: u16) -> Option<Self> {
        (minutes < 24 * 60).then_some(Self { minutes })
    }

    /// Since midnight.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.minutes
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is not a time of day; write it as 22:00.");
        let (hours, minutes) = text.trim().split_once(':').ok_or_else(wrong)?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(hours) || !digits(minutes) {
            return Err(wrong());
        }
        let (hours, minutes): (u16, u16) = (hours.parse().map_err(|_| wrong())?, minutes.parse().map_err(|_| wrong())?);
        if minutes > 59 {
            return Err(wrong());
        }
        Self::from_minutes(hours * 60 + minutes).ok_or_else(wrong)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// From one time of day to another, over midnight or not, where its person lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    pub begins: TimeOfDay,
    pub ends: TimeOfDay,
    /// By its name in the IANA database: "Europe/Berlin".
    pub zone: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_what_they_say() {
        for (text, minutes) in [("00:00", 0), ("07:30", 450), (" 23:59 ", 1439)] {
            let time: TimeOfDay = text.parse().unwrap();
            assert_eq!((time.minutes(), time.to_string()), (minutes, text.trim().to_owned()));
        }
        for text in ["24:00", "7:00", "07:60", "07:5", "-1:00", "07:00:00", "", "noon", "٠٧:٠٠"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<TimeOfDay>("\"22:00\"").is_ok_and(|time| time.minutes() == 1320));
    }
}
