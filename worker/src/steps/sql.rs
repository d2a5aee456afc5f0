//! One SQL text, through `psql` in the database's own container. Judges no SQL and holds no connection.

use shared::domain::run::StepOutcome;

use super::{Step, exec};
use crate::lease::LeaseLost;

pub(super) async fn perform(
    step: Step<'_>,
    user: Option<&str>,
    database: Option<&str>,
    query: &str,
) -> Result<StepOutcome, LeaseLost> {
    exec::run(step, &argv(user, database, query), |said| {
        let lines: Vec<_> = said.out.iter().map(String::as_str).collect();
        result(&lines).or_else(|| said.last().map(str::to_owned)).unwrap_or_else(|| "done".into())
    })
    .await
}

fn argv(user: Option<&str>, database: Option<&str>, query: &str) -> Vec<String> {
    // Without a password prompt, a start-up file or a pager; the first error ends it.
    let mut argv = vec!["psql", "-X", "-w", "-v", "ON_ERROR_STOP=1", "-P", "pager=off"];
    for (option, value) in [("-U", user), ("-d", database)] {
        if let Some(value) = value {
            argv.extend([option, value]);
        }
    }
    argv.extend(["-c", query]);
    argv.into_iter().map(str::to_owned).collect()
}

/// psql's table with one row as "max = 42"; with several as their number.
fn result(lines: &[&str]) -> Option<String> {
    let rule = lines.iter().position(|line| !line.is_empty() && line.chars().all(|c| c == '-' || c == '+'))?;
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let names = cells(lines.get(rule.checked_sub(1)?)?);
    let count = lines.iter().skip(rule).find(|line| line.starts_with('(') && line.contains("row"))?;
    if !count.starts_with("(1 row") {
        return Some(count.trim_matches(['(', ')']).to_owned());
    }
    let values = cells(lines.get(rule + 1)?);
    let pairs: Vec<_> = names.iter().zip(values).map(|(name, value)| format!("{name} = {value}")).collect();
    Some(pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_the_evidence() {
        let one = [" max | count ", "-----+-------", "  42 |    43", "(1 row)", ""];
        assert_eq!(result(&one).unwrap(), "max = 42, count = 43");
        let two = [" height ", "--------", " 1", " 2", "(2 rows)", ""];
        assert_eq!(result(&two).unwrap(), "2 rows");
        assert_eq!(result(&["DELETE 3"]), None);
        let argv = argv(Some("bt2c"), None, "SELECT 1");
        assert_eq!(argv.last().unwrap(), "SELECT 1");
        assert!(!argv.contains(&"-d".to_owned()) && argv.contains(&"bt2c".to_owned()));
    }
}
