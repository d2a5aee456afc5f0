//! When a drill is due, and what moves it: the rule's months and blocked days. All in UTC.

use serde::{Deserialize, Serialize};
use time::{Date, Month};

use crate::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DrillEvery"))]
#[serde(rename_all = "kebab-case")]
pub enum Every {
    Monthly,
    Quarterly,
}

impl Every {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Monthly => "Every month",
            Self::Quarterly => "Every quarter",
        }
    }

    fn months(self) -> u8 {
        match self {
            Self::Monthly => 1,
            Self::Quarterly => 3,
        }
    }

    /// The first time after `now` by this rule, counted from when it was due.
    #[must_use]
    pub fn after(self, due: Timestamp, now: Timestamp) -> Timestamp {
        let mut next = due;
        // A rule that nobody kept for centuries ends here too.
        for _ in 0..4_000 {
            next = later(next, self.months());
            if next > now {
                break;
            }
        }
        next
    }
}

/// The same day and time so many months later; the last day of a month that has no such day.
fn later(at: Timestamp, months: u8) -> Timestamp {
    let at = at.inner();
    let month = u8::from(at.month()) - 1 + months;
    let year = at.year() + i32::from(month / 12);
    let month = Month::try_from(month % 12 + 1).unwrap_or(Month::January);
    let day = at.day().min(month.length(year));
    Date::from_calendar_date(year, month, day).map_or(Timestamp::new(at), |date| Timestamp::new(at.replace_date(date)))
}

/// Time in which nothing is rehearsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub from_at: Timestamp,
    pub until_at: Timestamp,
    pub reason: String,
}

/// Where blocked time moves what is due: to its end, and out of what follows it. `None`: nothing is in the way.
#[must_use]
pub fn moved(due: Timestamp, windows: &[Window]) -> Option<(Timestamp, String)> {
    let (mut at, mut why) = (due, vec![]);
    while let Some(window) = windows.iter().find(|w| w.from_at <= at && at < w.until_at) {
        at = window.until_at;
        why.push(window.reason.clone());
    }
    (!why.is_empty()).then(|| (at, why.join("; ")))
}
