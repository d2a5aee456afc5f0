//! The last lines that containers wrote. Does not follow.

use std::time::Duration;

use futures::StreamExt as _;
use shared::api::run::Stream;
use tokio::time::timeout;

use super::{Step, list};

const LIMIT: Duration = Duration::from_secs(120);
/// More than anybody reads in the middle of the night.
const MOST: u32 = 5000;

pub(super) async fn perform(step: Step<'_>, tail: Option<u32>) -> Result<String, String> {
    let slow = |_| Err(format!("the log was not read within {} s", LIMIT.as_secs()));
    timeout(LIMIT, read(step, tail)).await.unwrap_or_else(slow)
}

async fn read(step: Step<'_>, tail: Option<u32>) -> Result<String, String> {
    if tail.is_none_or(|tail| tail > MOST) {
        step.output.say(&format!("Only the last {MOST} lines of each log are shown.")).await;
    }
    let mut told = vec![];
    for object in step.objects {
        let name = object.service.as_deref().unwrap_or(&object.name);
        let prefix = if step.objects.len() > 1 { format!("{name} | ") } else { String::new() };
        let mut lines = step.host.logs(&object.id, tail.unwrap_or(MOST).min(MOST));
        let mut n_lines = 0_u32;
        while let Some(line) = lines.next().await {
            let line = line.map_err(|e| format!("the log of {}: {e}", object.name))?;
            let stream = if line.from_stderr { Stream::Err } else { Stream::Out };
            step.output.line(stream, &format!("{prefix}{}", line.text)).await;
            n_lines += 1;
        }
        told.push(match n_lines {
            0 => format!("{name} has written nothing"),
            1 => format!("1 line of {name}"),
            n => format!("{n} lines of {name}"),
        });
    }
    Ok(list(&told))
}
