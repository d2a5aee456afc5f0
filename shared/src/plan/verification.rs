//! What the plan wants verified after a recovery, as the last steps of each procedure that recovers; and how long it wants the
//! system watched. A point is checked by its own command, by one of the plan's that is about the same thing, or by a person.

use super::checklist::Found;
use super::digests::step_digest;
use super::document::Document;
use super::duration;
use super::listed;
use super::model::{Checklist, Probe, Step, StepKind, Watch};
use super::notes::Notes;
use super::procedure::Read;
use super::runnable::runnable;

const AFTER: [&str; 3] = ["post-recovery", "post recovery", "after recovery"];
/// As long as a shift takes to trust a system again, where the plan names no time.
const WATCHED_SECONDS: u64 = 30 * 60;
const LONGEST_SECONDS: u64 = 7 * 86_400;

/// The procedures with the final checks behind the steps of those that recover something.
pub(super) fn append(document: &Document<'_>, lists: &[Found], read: Vec<Read>, notes: &mut Notes<'_>) -> Vec<Read> {
    let checks = checks(document, lists, &read, notes);
    let with = |mut read: Read| {
        if read.checks.unwrap_or_else(|| recovers(&read)) {
            let steps = &mut read.procedure.steps;
            let first = steps.len();
            steps.extend(checks.iter().cloned());
            for (index, step) in steps.iter_mut().enumerate().skip(first) {
                step.number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            }
        }
        read
    };
    read.into_iter().map(with).collect()
}

fn checks(document: &Document<'_>, lists: &[Found], read: &[Read], notes: &mut Notes<'_>) -> Vec<Step> {
    let mut checks = Vec::new();
    for found in lists.iter().filter(|found| is_about(&found.list, &["verif", "check", "valid"])) {
        checks.extend(listed::bullets(document, &found.points, notes));
    }
    for check in &mut checks {
        check.check = true;
        let same = if check.kind == (StepKind::Manual {}) { about_the_same(&check.title, read) } else { None };
        if let Some(of) = same {
            let message = format!(
                "\"{}\" is checked by the command of line {}. Write another one in back-ticks behind it to have that instead.",
                check.title, of.line
            );
            notes.notice(document.lines.start(check.line), "checked-by", message);
            check.kind = of.kind.clone();
            check.source.clone_from(&of.source);
            check.timeout_seconds = of.timeout_seconds;
            check.destructive = of.destructive;
        }
        check.unavailable = runnable(&check.kind).err();
        check.destructive &= !matches!(check.kind, StepKind::Script { .. });
        check.digest = step_digest(&check.kind, &check.source);
    }
    checks
}

/// How long the plan wants a system watched after a recovery.
pub(super) fn watch(document: &Document<'_>, lists: &[Found]) -> Option<Watch> {
    let found = lists.iter().find(|found| is_about(&found.list, &["monitor", "watch"]))?;
    let spans = found.list.points.iter().zip(&found.points).filter_map(|(text, &index)| {
        let at = document.blocks.get(index)?.at;
        span_in(text).map(|seconds| Watch { seconds, line: document.line(at) })
    });
    Some(spans.max_by_key(|watch| watch.seconds).unwrap_or(Watch { seconds: WATCHED_SECONDS, line: found.list.line }))
}

/// "for 24 hours", "two times an hour for 90 min": what follows a "for".
fn span_in(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let spans = words.iter().enumerate().filter(|(_, word)| word.eq_ignore_ascii_case("for")).filter_map(|(at, _)| {
        (1..=3).rev().find_map(|n| {
            let span = words.get(at + 1..at + 1 + n)?.join(" ");
            duration::seconds(span.trim_end_matches(['.', ',', ';', ')'])).ok()
        })
    });
    spans.filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds)).max()
}

fn is_about(list: &Checklist, words: &[&str]) -> bool {
    let (section, title) = (list.section.to_lowercase(), list.title.to_lowercase());
    AFTER.iter().any(|after| section.contains(after)) && words.iter().any(|word| title.contains(word))
}

/// Whether something may be well again after it. A procedure that only searches is followed by no proof of health.
fn recovers(read: &Read) -> bool {
    let title = read.procedure.title.to_lowercase();
    let said = ["recover", "restor", "repair", "rebuild", "failover", "fail over"];
    let changes = |kind: &StepKind| {
        kind.has_effect()
            && !matches!(
                kind,
                StepKind::Script { .. } | StepKind::Exec { .. } | StepKind::Sql { .. } | StepKind::Shell {}
            )
    };
    let has_effect = read.procedure.steps.iter().any(|step| step.kind.has_effect());
    has_effect
        && (said.iter().any(|word| title.contains(word)) || read.procedure.steps.iter().any(|step| changes(&step.kind)))
}

/// A step that only looks, at what the point names.
fn about_the_same<'r>(point: &str, read: &'r [Read]) -> Option<&'r Step> {
    let point = point.to_lowercase();
    let named: Vec<&str> = point.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).collect();
    let steps = read.iter().flat_map(|read| &read.procedure.steps);
    let alike = steps.filter_map(|step| {
        let telling = telling(&step.kind)?.to_lowercase();
        let hits = telling.split(|c: char| !c.is_alphanumeric()).filter(|word| named.contains(word)).count();
        (hits > 0).then_some((hits, step))
    });
    // The first of the best.
    alike
        .fold(None, |best: Option<(usize, &Step)>, one| match best {
            Some(best) if best.0 >= one.0 => Some(best),
            _ => Some(one),
        })
        .map(|(_, step)| step)
}

/// The words by which a command says what it looks at.
fn telling(kind: &StepKind) -> Option<&str> {
    let path = |url: &'_ str| url.find("://").map_or(0, |at| at + 3);
    match kind {
        StepKind::WaitUntil { probe: Probe::HttpNumber { filter: Some(filter), .. }, .. } => Some(filter),
        StepKind::Http { method, url } if method == "GET" => {
            let host = path(url);
            url.get(host..)?.find('/').and_then(|at| url.get(host + at..))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Compiled, compile};

    const PLAN: &str = "# P\n\n## Web recovery\n```bash\n# 1. Restart\ndocker compose restart web\n\
        # 2. Ask\ncurl http://localhost:80/api/v1/status\n# 3. Wait\n\
        watch -n 1 'curl -s http://localhost:80/metrics | grep height'\n```\n\n## Search\n```bash\n./find.sh\n```\n\n\
        ## Look\n```bash\ndocker compose ps\n```\n\n\
        ## Post-Recovery Procedures\n\n1. **System Verification**\n   - The height grows\n   - Test API endpoints\n   \
        - Peers are there: `./scripts/peers.sh --all`\n   - Users are content\n\n2. **Monitoring**\n   - Look for signs\n\n\
        | Component | RTO |\n|---|---|\n| Web | 1h |\n";

    fn steps(compiled: &Compiled, procedure: usize) -> Vec<(u32, &str, &str, bool)> {
        let steps = &compiled.plan.procedures[procedure].steps;
        steps.iter().map(|s| (s.number, s.title.as_str(), s.kind.name(), s.check)).collect()
    }

    #[test]
    fn each_point_is_checked_by_its_command_or_one_alike_or_a_person() {
        let compiled = compile(PLAN);
        assert_eq!(
            steps(&compiled, 0)[3..],
            [
                (4, "The height grows", "wait-until", true),
                (5, "Test API endpoints", "http", true),
                (6, "Peers are there", "script", true),
                (7, "Users are content", "manual", true),
            ]
        );
        assert!(steps(&compiled, 0)[..3].iter().all(|step| !step.3));
        let said: Vec<_> = compiled.diagnostics.iter().filter(|d| d.code == "checked-by").map(|d| d.line).collect();
        assert_eq!(said, [26, 27]);
        let check = &compiled.plan.procedures[0].steps[5];
        assert_eq!((check.line, check.source.as_str()), (28, "./scripts/peers.sh --all"));
        assert_eq!(check.digest, step_digest(&check.kind, &check.source));
    }

    #[test]
    fn what_only_looks_or_searches_has_none() {
        let compiled = compile(PLAN);
        assert_eq!((steps(&compiled, 1).len(), steps(&compiled, 2).len()), (1, 1));
        let asked = compile(&PLAN.replace("```bash\n./find.sh", "```bash {checks=yes}\n./find.sh"));
        assert_eq!(steps(&asked, 1).len(), 5);
        let refused = compile(&PLAN.replacen("```bash\n# 1.", "```bash {checks=no}\n# 1.", 1));
        assert_eq!(steps(&refused, 0).len(), 3);
        let wrong = compile(&PLAN.replacen("```bash\n# 1.", "```bash {checks=maybe}\n# 1.", 1));
        assert!(
            wrong.diagnostics.iter().any(|d| d.code == "fence-attribute" && d.message.contains("neither yes nor no"))
        );
    }

    #[test]
    fn the_checks_are_part_of_what_is_consented_to() {
        let (with, without) = (compile(PLAN), compile(&PLAN.replace("   - Users are content\n", "")));
        assert_ne!(with.plan.procedures[0].digest, without.plan.procedures[0].digest);
        assert_eq!(with.plan.procedures[1].digest, without.plan.procedures[1].digest);
    }

    #[test]
    fn the_watch_lasts_as_long_as_the_plan_says() {
        let watch = |points: &str| {
            let text = PLAN.replace("   - Look for signs\n", points);
            compile(&text).plan.watch.map(|watch| watch.seconds)
        };
        for (points, expected) in [
            ("   - Look for signs\n", WATCHED_SECONDS),
            ("   - Look closely for 24 hours\n", 86_400),
            ("   - Look for 2h, then as ever\n", 7200),
            ("   - Look for one another\n", WATCHED_SECONDS),
            ("   - Keep it for 30 weeks\n", WATCHED_SECONDS),
        ] {
            assert_eq!(watch(points), Some(expected), "{points}");
        }
        assert_eq!(compile(&PLAN.replace("**Monitoring**", "**Writing**")).plan.watch, None);
    }
}
