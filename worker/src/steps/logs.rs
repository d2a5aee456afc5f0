//! The last lines that containers wrote. Does not follow.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::timeout;

use super::{Step, list};

pub(super) const LIMIT: Duration = Duration::from_secs(120);
/// So that a log that has grown for years does not fill the disk a second time.
const MOST: u32 = 2_000_000;

pub(super) async fn perform(step: Step<'_>, tail: Option<u32>) -> Result<String, String> {
    let slow = |_| Err(format!("the log was not read within {} s", LIMIT.as_secs()));
    timeout(LIMIT, read(step, tail)).await.unwrap_or_else(slow)
}

async fn read(step: Step<'_>, tail: Option<u32>) -> Result<String, String> {
    let most = tail.unwrap_or(MOST).min(MOST);
    let mut told = vec![];
    for object in step.objects {
        let name = object.service.as_deref().unwrap_or(&object.name);
        let prefix = if step.objects.len() > 1 { format!("{name} | ") } else { String::new() };
        let mut logs = step.host.logs(&object.id, most);
        let mut n_lines = 0;
        // Of each stream: whether the last line was not at its end.
        let mut cut = [false; 2];
        while let Some(lines) = logs.next().await {
            let mut lines = lines.map_err(|e| format!("the log of {}: {e}", object.name))?;
            for line in lines.iter_mut() {
                let goes_on = &mut cut[usize::from(line.from_stderr)];
                if !*goes_on {
                    line.text.insert_str(0, &prefix);
                }
                *goes_on = line.cut;
            }
            step.output.printed(&mut lines).await;
            n_lines += lines.len();
        }
        if tail != Some(most) && u32::try_from(n_lines).is_ok_and(|n| n >= most) {
            step.output.say(&format!("At most the last {most} lines of a log are shown.")).await;
        }
        told.push(match n_lines {
            0 => format!("{name} has written nothing"),
            1 => format!("1 line of {name}"),
            n => format!("{n} lines of {name}"),
        });
    }
    Ok(list(&told))
}
