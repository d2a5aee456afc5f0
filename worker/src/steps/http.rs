//! One request, without a body, to the approved container. An answer that is not there yet is asked for again for a moment; a wrong answer is a
//! failure at once.

use std::time::Duration;

use shared::domain::run::StepOutcome;
use tokio::time::Instant;
use url::Url;

use super::{Step, Untouchable};
use crate::{
    host::{HostError, HttpAnswer, HttpAsk},
    lease::LeaseLost,
};

pub(super) const LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);
/// No more of a body is printed.
const PRINTED: usize = 64 * 1024;

pub(super) async fn perform(step: Step<'_>, method: &str, url: &str) -> Result<StepOutcome, LeaseLost> {
    if step.destructive() {
        return send_once(step, method, url).await;
    }
    Ok(match ask(step, method, url).await {
        Ok(evidence) => StepOutcome::Succeeded { evidence },
        Err(reason) => StepOutcome::Failed { reason },
    })
}

/// What asks the other side to change something is sent once: no answer means that nobody knows.
async fn send_once(step: Step<'_>, method: &str, url: &str) -> Result<StepOutcome, LeaseLost> {
    let failed = |reason: String| Ok(StepOutcome::Failed { reason });
    let target: Url = match url.parse() {
        Ok(target) => target,
        Err(error) => return failed(format!("{url} is not an address: {error}; nothing was sent")),
    };
    let ([object], Some(port)) = (step.objects, step.objects.first().and_then(|o| o.port)) else {
        return failed(format!("{url} means no container; nothing was sent"));
    };
    match step.touch(object).await {
        Ok(_) => {}
        Err(Untouchable::Lease) => return Err(LeaseLost),
        Err(Untouchable::Foreign(why)) => return failed(why),
        Err(Untouchable::Host(error)) => return failed(format!("{}: {error}; nothing was sent", object.name)),
    }
    let timeout = step.limit(LIMIT);
    match step.host.http(HttpAsk { method, container: &object.id, port, url: &target, timeout }).await {
        Ok(answer) if answer.ok() => Ok(StepOutcome::Succeeded { evidence: print(step, &answer, url).await }),
        Ok(answer) => failed(print(step, &answer, url).await),
        Err(HostError::Unanswered(why) | HostError::Unreachable(why)) => {
            Ok(StepOutcome::Unknown { reason: format!("the {method} may have arrived: {why}") })
        }
        Err(error) => failed(format!("{error}; nothing was sent")),
    }
}

async fn ask(step: Step<'_>, method: &str, url: &str) -> Result<String, String> {
    let target: Url = url.parse().map_err(|e| format!("{url} is not an address: {e}"))?;
    let [object] = step.objects else { return Err(format!("{url} means no container; nothing was asked")) };
    let port = object.port.ok_or_else(|| format!("{url} means no port; nothing was asked"))?;
    let until = Instant::now() + LIMIT;
    let mut last = String::new();
    loop {
        let timeout = until.saturating_duration_since(Instant::now());
        let why = match step.host.http(HttpAsk { method, container: &object.id, port, url: &target, timeout }).await {
            Ok(answer) if answer.ok() => return Ok(print(step, &answer, url).await),
            // What servers and proxies say while they start.
            Ok(answer @ HttpAnswer { status: 502..=504, .. }) => {
                format!("{url} answered {}", status(answer.status))
            }
            Ok(answer) => {
                print(step, &answer, url).await;
                return Err(format!("{url} answered {}", status(answer.status)));
            }
            Err(HostError::NoAnswer(why) | HostError::Unreachable(why) | HostError::Unanswered(why)) => why,
            Err(error) => return Err(error.to_string()),
        };
        if until.saturating_duration_since(Instant::now()) <= PAUSE {
            return Err(format!("no good answer within {} s: {why}", LIMIT.as_secs()));
        }
        if last != why {
            step.output.say(&format!("{why}; trying again for up to {} s", LIMIT.as_secs())).await;
            last = why;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn print(step: Step<'_>, answer: &HttpAnswer, url: &str) -> String {
    step.output.out(&format!("HTTP {}", status(answer.status))).await;
    let body = pretty(&answer.body);
    let mut end = body.len().min(PRINTED);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    for line in body[..end].lines() {
        step.output.out(line).await;
    }
    if end < body.len() || answer.cut {
        step.output.say(&format!("The answer is longer; {} KiB of it are shown.", PRINTED / 1024)).await;
    }
    format!("{url} answered {}", status(answer.status))
}

/// JSON indented; everything else as it is.
fn pretty(body: &str) -> String {
    let json = serde_json::from_str::<serde_json::Value>(body).and_then(|value| serde_json::to_string_pretty(&value));
    json.unwrap_or_else(|_| body.to_owned())
}

/// "200 OK".
pub(super) fn status(code: u16) -> String {
    hyper::StatusCode::from_u16(code).map_or_else(|_| code.to_string(), |known| known.to_string())
}
