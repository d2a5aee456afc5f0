//! What is said about a change, as a table of texts before and after.

use super::*;
use crate::plan::compile;

const PLAN: &str = "# P\n\n## Contacts\n\n| Role | Name | Contact | Backup Contact |\n|---|---|---|---|\n\
    | System Administrator | Ada | ada@example.org | bob@example.org |\n\n\
    ### Level 1 - Minor Incident\n- Response Time: 1 hour\n\n\
    ## Node failure\n```bash\n# 1. Look\ndocker compose ps v1\n# 2. Restart\ndocker compose restart v1\n```\n\n\
    ## Recovery Time Objectives\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| V1 | 1 hour | Restart |\n";

fn said(after: &str) -> Vec<String> {
    let found = changes(&compile(PLAN), &compile(after));
    let line = |change: PlanChange| {
        let steps = change.steps.iter().map(|step| {
            let mark =
                |mark: &Option<StepMark>| mark.as_ref().map_or("-".into(), |m| format!("{} {}", m.number, m.source));
            format!(" [{} {} => {}]", step.kind.words(), mark(&step.before), mark(&step.after))
        });
        let steps: String = steps.collect();
        format!("{:?} {}: {} ({}){steps}", change.area, change.kind.words(), change.what, change.details.join("; "))
    };
    found.into_iter().filter(|c| !matches!(c.area, Area::Gaps | Area::Components)).map(line).collect()
}

#[test]
fn the_same_and_what_only_moves_changes_nothing() {
    assert!(said(PLAN).is_empty());
    assert!(said(&PLAN.replace("## Node failure\n", "\n\nSome words.\n\n## Node failure\n")).is_empty());
    assert!(said(&PLAN.replace('\n', "\r\n")).is_empty(), "line ends are nobody's business");
}

#[test]
fn steps_are_told_one_by_one() {
    assert_eq!(
        said(&PLAN.replace("restart v1\n", "restart v2\n")),
        [
            "Buttons Changed: Node failure (Asks: nothing → Which v? (v2)) [Changed 2 docker compose restart v1 => 2 docker compose restart v2]"
        ]
    );
    assert_eq!(
        said(&PLAN.replace("# 2. Restart", "# 2. Logs\ndocker compose logs v1\n# 3. Restart")),
        ["Buttons Changed: Node failure () [New - => 2 docker compose logs v1]"]
    );
    assert_eq!(
        said(&PLAN.replace("# 1. Look\ndocker compose ps v1\n", "")),
        ["Buttons Changed: Node failure () [Gone 1 docker compose ps v1 => -]"]
    );
    assert_eq!(
        said(&PLAN.replace("# 1. Look", "# 1. Look closely")),
        ["Buttons Changed: Node failure (Step 1 is called “Look closely” instead of “Look”)"]
    );
}

#[test]
fn a_button_with_another_name_is_still_that_button() {
    assert_eq!(
        said(&PLAN.replace("## Node failure", "## Dead node")),
        ["Buttons Changed: Dead node (Name: Node failure → Dead node)"]
    );
    let gone = said(&PLAN.replace("```bash", "```text"));
    assert!(gone.iter().any(|line| line.starts_with("Buttons Gone: Node failure")), "{gone:?}");
}

#[test]
fn clocks_and_people_are_told_with_before_and_after() {
    assert_eq!(
        said(&PLAN.replace("| 1 hour |", "| 30 minutes |")),
        ["Clocks Changed: Recovery of V1 (Recovery within: 1 h → 30 min)"]
    );
    assert_eq!(
        said(&PLAN.replace("Time: 1 hour", "Time: Immediate")),
        ["Clocks Changed: Level 1: Minor Incident (Response within: 1 h → at once)"]
    );
    assert_eq!(
        said(&PLAN.replace("ada@example.org", "eve@example.org")),
        ["People Changed: System Administrator (Contact: ada@example.org → eve@example.org)"]
    );
}

#[test]
fn a_gap_is_torn_open_and_closed() {
    let without = PLAN.replace("| bob@example.org |", "| |");
    let gaps = |before: &str, after: &str| {
        let found = changes(&compile(before), &compile(after));
        found.into_iter().filter(|c| c.area == Area::Gaps).map(|c| c.kind).collect::<Vec<_>>()
    };
    assert_eq!(gaps(PLAN, &without), [ChangeKind::Added]);
    assert_eq!(gaps(&without, PLAN), [ChangeKind::Removed]);
}
