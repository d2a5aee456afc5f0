//! What is kept of many checks: sums by minute, hour and day, so that five years cost as much as a week. Holds no single check.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// How long one sum is, and how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MonitorSpan"))]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// By minute.
    Day,
    /// By hour.
    Month,
    /// By day.
    Years,
}

impl Span {
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Years];

    /// As the address writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Years => "years",
        }
    }

    /// Seconds of one sum.
    #[must_use]
    pub fn seconds(self) -> i32 {
        match self {
            Self::Day => 60,
            Self::Month => 3_600,
            Self::Years => 86_400,
        }
    }

    /// How long such sums are kept.
    #[must_use]
    pub fn kept_days(self) -> i32 {
        match self {
            Self::Day => 2,
            Self::Month => 62,
            Self::Years => 5 * 366,
        }
    }

    /// What is shown of them at once.
    #[must_use]
    pub fn shown_seconds(self) -> u64 {
        match self {
            Self::Day => 86_400,
            Self::Month => 31 * 86_400,
            Self::Years => 730 * 86_400,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MonitorBucket"))]
pub struct Bucket {
    /// Where it begins.
    pub at: Timestamp,
    pub n: u32,
    pub n_bad: u32,
    pub n_warning: u32,
    /// Of all its checks, on average and at most.
    pub took_ms: f64,
    pub took_most_ms: u32,
    /// Of the checks that found a value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value_least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value_most: Option<f64>,
}

/// The share of checks that were not bad; `None` if there was none.
#[must_use]
pub fn uptime(buckets: &[Bucket]) -> Option<f64> {
    let (n, bad) = buckets.iter().fold((0_u64, 0_u64), |(n, bad), b| (n + u64::from(b.n), bad + u64::from(b.n_bad)));
    #[expect(clippy::cast_precision_loss, reason = "counts of checks are far below 2^52")]
    (n > 0).then(|| (n - bad) as f64 / n as f64)
}
