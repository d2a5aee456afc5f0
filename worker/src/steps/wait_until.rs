//! Ask again and again until a number has grown or somebody answers. Ends at the plan's timeout at the latest.

use std::time::Duration;

use shared::plan::{Condition, Probe};
use tokio::time::Instant;
use url::Url;

use super::{Step, http, reading};
use crate::host::{HostError, HttpAsk};

/// The plan's interval is how often a person would look; we look at least this often, so that nobody waits for nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) condition: Condition,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// What one question found.
enum Seen {
    Number(reading::Reading),
    Answer(u16),
    /// Not yet; a phrase.
    Trouble(String),
}

pub(super) async fn perform(step: Step<'_>, probe: &Probe, wait: Wait) -> Result<String, String> {
    let Probe::HttpNumber { url, filter } = probe;
    let target: Url = url.parse().map_err(|e| format!("{url} is not an address: {e}"))?;
    let begun = Instant::now();
    let until = begun + wait.timeout;
    let pause = wait.interval.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    let mut baseline: Option<reading::Reading> = None;
    let mut latest: Option<reading::Reading> = None;
    let mut trouble: Option<String> = None;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match ask(step, &target, filter.as_deref(), wait.condition, left).await? {
            Seen::Answer(code) => return Ok(format!("{url} answered {}", http::status(code))),
            Seen::Trouble(why) => {
                if trouble.as_ref() != Some(&why) {
                    step.output.say(&format!("{why}; waiting")).await;
                    trouble = Some(why);
                }
            }
            Seen::Number(now) => {
                trouble = None;
                let first = baseline.get_or_insert_with(|| now.clone());
                match &latest {
                    None => step.output.out(&format!("{} {}", now.name, now.text())).await,
                    Some(last) if last.value.total_cmp(&now.value).is_ne() => {
                        step.output.out(&format!("{} {} → {}", now.name, last.text(), now.text())).await;
                    }
                    Some(_) => {}
                }
                if now.value > first.value {
                    let took = begun.elapsed().as_secs_f64();
                    return Ok(format!("{} grew from {} to {} in {took:.0} s", now.name, first.text(), now.text()));
                }
                latest = Some(now);
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        tokio::time::sleep(pause.min(left)).await;
    }
    let waited = shared::timestamp::human_seconds(i64::try_from(wait.timeout.as_secs()).unwrap_or(i64::MAX));
    Err(match (latest, trouble) {
        (Some(last), Some(why)) => {
            format!("not within {waited}: {why}; {} was {} when last seen", last.name, last.text())
        }
        (None, Some(why)) => format!("not within {waited}: {why}"),
        (Some(last), None) => format!("{} did not grow within {waited}; it is still {}", last.name, last.text()),
        (None, None) => format!("{url} did not answer within {waited}"),
    })
}

/// The error ends the wait: asking again would not help.
async fn ask(
    step: Step<'_>,
    url: &Url,
    filter: Option<&str>,
    condition: Condition,
    left: Duration,
) -> Result<Seen, String> {
    let [object] = step.objects else { return Err(format!("{url} means no container; nothing was asked")) };
    let port = object.port.ok_or_else(|| format!("{url} means no port; nothing was asked"))?;
    // A last question at the very end still gets a moment.
    let timeout = left.clamp(Duration::from_secs(1), http::LIMIT);
    let answer = match step.host.http(HttpAsk { method: "GET", container: &object.id, port, url, timeout }).await {
        Ok(answer) => answer,
        Err(HostError::Gone) => return Err(format!("{}: {}", object.name, HostError::Gone)),
        Err(error) => return Ok(Seen::Trouble(error.to_string())),
    };
    if !answer.ok() {
        return Ok(Seen::Trouble(format!("{url} answered {}", http::status(answer.status))));
    }
    Ok(match condition {
        Condition::Answers => Seen::Answer(answer.status),
        Condition::Grows => match reading::find(&answer.body, filter) {
            Some(number) => Seen::Number(number),
            None => Seen::Trouble(match filter {
                Some(filter) => format!("{url} answered without a line that has \"{filter}\" and a number"),
                None => format!("{url} answered without a number"),
            }),
        },
    })
}
