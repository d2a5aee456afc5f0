//! One of the operator's scripts: as an argument vector in its own process group, with a clean environment, a time limit and
//! nothing left behind. Never through a shell line, and never a file that is not the approved one.

use std::{ffi::OsString, path::Path, time::Duration};

use shared::domain::run::StepOutcome;
use tokio::sync::mpsc;

use super::{
    Step,
    relay::{WAITING, relay, span},
};
use crate::{
    files,
    host::Ended,
    lease::LeaseLost,
    process::{self, Program},
    surroundings,
};

pub(super) const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(super) async fn perform(step: Step<'_>, path: &str, args: &[String]) -> Result<StepOutcome, LeaseLost> {
    let failed = |reason: String| Ok(StepOutcome::Failed { reason: format!("{reason}; nothing was done") });
    let program = match program(step, path, args).await {
        Ok(program) => program,
        Err(why) => return failed(why),
    };
    step.lease.check()?;
    let limit = program.limit;
    let (to, from) = mpsc::channel(WAITING);
    let (ended, said) = tokio::join!(process::run(program, to), relay(step.output, from));
    Ok(match ended {
        Err(why) => return failed(why),
        Ok(Ended::Code(0)) => {
            StepOutcome::Succeeded { evidence: said.last().unwrap_or("ended with exit code 0").to_owned() }
        }
        Ok(Ended::Code(code)) => {
            StepOutcome::Failed { reason: format!("the script ended with exit code {code}; {}", said.tail()) }
        }
        Ok(Ended::Signal(signal)) => {
            step.lost(format!("the script was ended from outside by signal {signal}; {}", said.tail()))
        }
        Ok(Ended::Cancelled { killed }) => {
            let text = format!("it was cancelled in the middle: the script and all its processes were {}", how(killed));
            step.output.say(&super::sentence(&text)).await;
            step.lost(format!("{text}; {}", said.tail()))
        }
        Ok(Ended::TimedOut { killed }) => {
            let how = how(killed);
            let text = format!("it was not done within {}: the script and all its processes were {how}", span(limit));
            step.output.say(&super::sentence(&text)).await;
            step.lost(format!("{text}; {}", said.tail()))
        }
    })
}

fn how(killed: bool) -> &'static str {
    if killed { "killed, because it did not end when asked" } else { "ended" }
}

/// The approved file with the arguments as they are on this host.
async fn program(step: Step<'_>, path: &str, args: &[String]) -> Result<Program, String> {
    let config = step.site.config;
    let script = files::script(config, path).map_err(|why| format!("this step {why}"))?;
    let found = files::script_objects(&script).await?;
    let same = found.iter().map(|o| (&o.name, &o.id)).eq(step.objects.iter().map(|o| (&o.name, &o.id)));
    if !same {
        return Err(format!("{} or a file beside it is not what was approved", script.display()));
    }
    let mut environment = step.site.environment(step.planned.number, step.attempt);
    let mut argv: Vec<OsString> = vec![];
    if let Some(user) = surroundings::script_user(config)? {
        environment.insert("HOME".into(), user.home.display().to_string());
        argv.extend(user.prefix);
    }
    environment.extend(config.script_env.clone());
    step.site.give(&step.planned.secrets, &mut environment)?;
    argv.push(script.clone().into());
    argv.extend(args.iter().map(|text| files::argument(config, text).into()));
    let directory = script.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Program { argv, environment, directory, limit: step.limit(LIMIT), cancelled: step.lease.cancelled().clone() })
}
