//! Follow-ups of incidents: what is to be done, who is reminded when, and what may follow what. Knows no messages.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FollowUpState {
    Open,
    Done,
    /// Nobody needs it any more.
    Dropped,
}

impl FollowUpState {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Done => "Done",
            Self::Dropped => "Dropped",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "FollowUpPriority"))]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    Low,
    Normal,
    High,
}

impl Priority {
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Normal => "Normal",
            Self::High => "High",
        }
    }
}

/// Which reminder was sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reminded {
    Never,
    Soon,
    Overdue,
}

crate::domain::named::named!(FollowUpState Priority Reminded);

/// The first reminder comes a day before.
pub const SOON_SECONDS: u64 = 24 * 3600;

/// When to look at an open one next for a reminder; each comes once.
#[must_use]
pub fn remind_at(due_at: Option<Timestamp>, reminded: Reminded) -> Option<Timestamp> {
    let due_at = due_at?;
    match reminded {
        Reminded::Never => {
            Some(Timestamp::from_unix_ms(due_at.unix_ms() - i64::try_from(SOON_SECONDS * 1000).unwrap_or_default()))
        }
        Reminded::Soon => Some(due_at),
        Reminded::Overdue => None,
    }
}

/// Which reminder is due now. What is overdue is said once, even if nobody could be told before.
#[must_use]
pub fn due_reminder(due_at: Timestamp, reminded: Reminded, now: Timestamp) -> Option<Reminded> {
    if now >= due_at {
        return (reminded < Reminded::Overdue).then_some(Reminded::Overdue);
    }
    let soon = remind_at(Some(due_at), Reminded::Never).is_some_and(|at| now >= at);
    (soon && reminded == Reminded::Never).then_some(Reminded::Soon)
}

/// An address that one can follow: of the web, without anything that hides where it leads.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn link(text: &str) -> Result<String, String> {
    let text = text.trim();
    let web = text.starts_with("https://") || text.starts_with("http://");
    if !web || text.len() > 500 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("Write the whole address, beginning with https://, of at most 500 characters.".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reminder_comes_once_and_at_its_time() {
        let day = i64::try_from(SOON_SECONDS).unwrap();
        let (due, at) = (Timestamp::from_unix(10 * day), Timestamp::from_unix);
        use Reminded as R;
        for (reminded, now, expected) in [
            (R::Never, 9 * day - 1, None),
            (R::Never, 9 * day, Some(R::Soon)),
            (R::Soon, 9 * day, None),
            (R::Soon, 10 * day - 1, None),
            (R::Soon, 10 * day, Some(R::Overdue)),
            (R::Never, 11 * day, Some(R::Overdue)),
            (R::Overdue, 99 * day, None),
        ] {
            assert_eq!(due_reminder(due, reminded, at(now)), expected, "{reminded} at {now}");
        }
        assert_eq!(remind_at(Some(due), R::Never), Some(at(9 * day)));
        assert_eq!(remind_at(Some(due), R::Soon), Some(due));
        assert_eq!((remind_at(Some(due), R::Overdue), remind_at(None, R::Never)), (None, None));
    }

    #[test]
    fn a_link_leads_into_the_web() {
        assert_eq!(link(" https://git.example/pr/7 ").as_deref(), Ok("https://git.example/pr/7"));
        for bad in ["", "git.example", "javascript:alert(1)", "https://a b", "ftp://x"] {
            assert!(link(bad).is_err(), "{bad}");
        }
    }
}
