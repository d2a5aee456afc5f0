//! The compiler as a whole: on a small plan and its mistakes, on our own plan, and on text that is none. Tests only.

use super::*;

mod attributes;
mod others;
mod readings;

const OURS: &str = include_str!("../../../plans/bt2c/plan.md");

const SMALL: &str = "\
# Plan of the shop

## Who to call

| Duty | Person | Phone | Deputy |
|---|---|---|---|
| Keeper | Ann | +49 30 1 | +49 30 2 |

## Levels

### Level 1 - Small
- One thing *broken*
- Response Time: < 1 hour

#### Level 2: Large
- All broken
- **Response time:** 15 minutes

## What to do

### 1. Web failure
```bash {timeout=2m}
# 1. Look
docker compose ps web

# 2. Restart
docker compose restart web

# 3. Wait
watch -n 1 'curl -s http://localhost:80/metrics | grep requests'
```

## Recovery Time Objectives

| Service | RTO | How |
|---|---|---|
| Web service | 10 minutes | restart |

## Recovery Point Objectives

| Data | RPO | How |
|---|---|---|
| Orders | 5 minutes | dump |
";

fn edited(from: &str, to: &str) -> Compiled {
    assert!(SMALL.contains(from), "{from:?}");
    compile(&SMALL.replacen(from, to, 1))
}

/// `severity line:column code` of each diagnostic.
fn said(compiled: &Compiled) -> Vec<String> {
    compiled
        .diagnostics
        .iter()
        .map(|d| format!("{} {}:{} {}", format!("{:?}", d.severity).to_lowercase(), d.line, d.column, d.code))
        .collect()
}

fn gaps(compiled: &Compiled) -> Vec<(&str, Option<u32>)> {
    compiled.gaps.iter().map(|gap| (gap.code.as_str(), gap.line)).collect()
}

#[test]
fn a_notice_that_cannot_be_given_is_an_error_with_its_place() {
    let step = "docker compose restart web";
    for (line, place) in [
        ("muster notify keeper 'Come.'", "error 27:15 unknown-audience"),
        ("muster notify \"the boss\" 'Come.'", "error 27:16 unknown-audience"),
        ("  muster notify everyone come now", "error 27:26 notice-text"),
        ("muster notify everyone", "error 27:15 notice-text"),
    ] {
        let compiled = edited(step, line);
        assert!(compiled.has_errors(), "{line}");
        assert!(said(&compiled).contains(&place.to_owned()), "{line}: {:#?}", said(&compiled));
    }
    let compiled = edited(step, "muster notify security-officer 'Come.'");
    assert!(!compiled.has_errors(), "{:#?}", said(&compiled));
    let told = &compiled.plan.procedures[0].steps[1];
    assert_eq!((told.kind.name(), told.destructive, &told.unavailable), ("notify", false, &None));
    assert!(told.kind.has_effect() && !told.kind.needs_approval());
    let json = serde_json::to_value(told).unwrap();
    assert_eq!((&json["audience"], &json["text"]), (&"security-officer".into(), &"Come.".into()));
    assert_eq!(serde_json::from_value::<Step>(json).unwrap(), *told);
}

#[test]
fn a_small_plan_compiles_in_full() {
    let compiled = compile(SMALL);
    let plan = &compiled.plan;
    assert_eq!(said(&compiled), ["notice 24:1 components-assumed", "notice 30:1 watch-has-no-end"]);
    assert_eq!(gaps(&compiled), [("rpo-without-probe", Some(43))]);
    assert_eq!(plan.title, "Plan of the shop");
    let contact = &plan.contacts[0];
    let backup = contact.backup.as_deref();
    assert_eq!(
        (&*contact.role, &*contact.name, &*contact.primary, backup),
        ("Keeper", "Ann", "+49 30 1", Some("+49 30 2"))
    );
    let levels: Vec<_> =
        plan.levels.iter().map(|l| (l.level, &*l.name, l.criteria.join("/"), l.response_seconds)).collect();
    assert_eq!(
        levels,
        [(1, "Small", "One thing broken".into(), Some(3600)), (2, "Large", "All broken".into(), Some(900))]
    );
    assert_eq!((&*plan.rto[0].component, plan.rto[0].seconds, &*plan.rto[0].method), ("Web service", 600, "restart"));
    assert_eq!((plan.rpo[0].amount, &*plan.rpo[0].unit), (300, "seconds"));
    let web = &plan.components[0];
    assert_eq!(
        (&*web.id, &*web.name, web.objective.as_deref(), web.rto_seconds),
        ("web", "Web", Some("Web service"), Some(600))
    );
    let procedure = &plan.procedures[0];
    assert_eq!((&*procedure.id, &*procedure.title, procedure.line), ("web-failure", "Web failure", 22));
    assert_eq!((procedure.section.join("/"), &procedure.unavailable), ("What to do".into(), &None));
    let steps: Vec<_> = procedure.steps.iter().map(|s| (s.number, &*s.title, s.kind.name(), s.line)).collect();
    assert_eq!(steps, [(1, "Look", "inspect", 24), (2, "Restart", "restart", 27), (3, "Wait", "wait-until", 30)]);
    assert!(matches!(procedure.steps[2].kind, StepKind::WaitUntil { timeout_seconds: 120, interval_seconds: 1, .. }));
}

#[test]
fn mistakes_are_named_where_they_are() {
    for (from, to, expected) in [
        ("10 minutes |", "10 minuets |", "error 37:17 not-a-time"),
        ("10 minutes |", "TBD |", "warning 37:17 open-objective"),
        ("5 minutes |", "5 minuets |", "error 43:12 not-a-time"),
        ("< 1 hour", "< 1 huor", "error 13:18 not-a-time"),
        ("- Response Time: < 1 hour\n", "", "warning 11:1 level-without-response"),
        ("Level 2: Large", "Level 1: Large", "warning 15:6 duplicate-level"),
        ("15 minutes", "2 hours", "warning 15:1 level-order"),
        ("restart web", "restart 'web", "error 27:1 unterminated"),
        ("restart web", "reboot web", "warning 27:1 shell-line"),
        ("docker compose restart web", "  fi", "warning 27:3 shell-line"),
        ("docker compose restart web", "docker compose down -v", "warning 27:1 wipe-without-backup"),
        ("grep requests'\n```", "grep requests'\n", "error 22:1 unclosed-fence"),
        ("# 2. Restart", "# 1. Restart", "warning 26:1 step-order"),
        ("docker compose restart web", "", "notice 26:1 step-by-hand"),
        ("{timeout=2m}", "{timeout=soon}", "error 22:10 fence-attribute"),
        ("{timeout=2m}", "{id=a colour=red}", "warning 22:15 fence-attribute"),
        ("{timeout=2m}", "{id=a", "error 22:10 fence-attribute"),
        ("```bash {timeout=2m}", "```", "notice 22:1 fence-without-language"),
        ("| Keeper | Ann | +49 30 1 | +49 30 2 |\n", "", "warning 5:1 empty-table"),
        (
            "| Web service | 10 minutes",
            "| Web service | 9 h | |\n| Web service | 10 minutes",
            "warning 38:3 duplicate-objective",
        ),
        ("# Plan of the shop", "", "warning 1:1 no-title"),
        ("| Duty |", "| Animal |", "warning 1:1 no-contacts"),
        ("## Who", "| Component | Service |\n|--|--|\n| Web | wbe |\n\n## Who", "warning 28:19 unknown-service"),
        (
            "## Who",
            "| Component | Service | Objective |\n|--|--|--|\n| Web | web | Nope |\n\n## Who",
            "warning 5:15 unknown-objective",
        ),
    ] {
        let said = said(&edited(from, to));
        assert!(said.iter().any(|line| line == expected), "{from:?} → {to:?}: {expected} not in {said:#?}");
    }
    let compiled = edited("10 minutes |", "10 minuets |");
    assert!(compiled.has_errors());
    assert!(compiled.diagnostics.iter().any(|d| d.message.contains("Did you mean \"10 minutes\"?")));
}

#[test]
fn gaps_are_found_and_go_away() {
    for (from, to, expected) in [
        ("+49 30 2", "", Some(("contact-without-backup", 7))),
        ("+49 30 2", "+49 30 1", Some(("contact-without-backup", 7))),
        ("+49 30 1", "+49-XXX", Some(("contact-placeholder", 7))),
        ("- Response Time: < 1 hour\n", "", Some(("level-without-response", 11))),
        ("| Web service |", "| Warehouse |", Some(("rto-without-procedure", 37))),
        ("| Web service |", "| Warehouse |", Some(("component-without-rto", 24))),
        ("docker compose restart web", "./scripts/x.sh", Some(("script-not-seen", 27))),
        ("docker compose restart web", "docker compose down -v", Some(("destructive-without-backup-check", 27))),
        ("docker compose restart web", "muster notify security-officer x", Some(("notice-without-contact", 27))),
        ("{timeout=2m}", "{roles=security-officer}", Some(("approver-without-contact", 22))),
        ("docker compose restart web", "./restore_db.sh", Some(("destructive-without-backup-check", 27))),
        ("docker compose restart web", "./verify_backup.sh latest\n./restore_db.sh", None),
    ] {
        let compiled = edited(from, to);
        let found = gaps(&compiled);
        match expected {
            Some((code, line)) => assert!(found.contains(&(code, Some(line))), "{to:?}: {found:?}"),
            None => {
                assert!(!found.iter().any(|(code, _)| *code == "destructive-without-backup-check"), "{to:?}: {found:?}")
            }
        }
    }
}

#[test]
fn procedures_are_named_by_heading_or_list_item() {
    let source = "\
# P
## One
### Restart
```sh
docker compose restart a
docker compose restart b # later
```
```bash {id=\"My own\"}
# Both
docker compose stop a
docker compose stop b
```
## Two
### 1. Restart
```shell
docker compose restart c
```
1. **System health**
   ```bash
   # Look
   docker compose ps
   ```
2. Plain words:

   ```bash
   docker compose ps
   ```
```yaml
not: a procedure
```
";
    let compiled = compile(source);
    let ids: Vec<_> =
        compiled.plan.procedures.iter().map(|p| (&*p.id, &*p.title, p.section.join("/"), p.line)).collect();
    let two = || "Two/Restart".to_owned();
    assert_eq!(
        ids,
        [
            ("restart", "Restart", "One".to_owned(), 4),
            ("my-own", "Restart", "One".to_owned(), 8),
            ("two-restart", "Restart", "Two".to_owned(), 15),
            ("system-health", "System health", two(), 19),
            ("plain-words", "Plain words", two(), 25),
        ]
    );
    let titles: Vec<_> =
        compiled.plan.procedures.iter().flat_map(|p| &p.steps).map(|step| (&*step.title, step.line)).collect();
    assert_eq!(titles[..4], [("Restart a", 5), ("Restart b", 6), ("Both", 10), ("Both (2)", 11)]);
    assert_eq!(titles[5], ("Look", 21));
    let plain = |n: usize| "## A\n```sh\nx\n```\n".repeat(n);
    let ids: Vec<_> = compile(&plain(3)).plan.procedures.into_iter().map(|p| p.id).collect();
    assert_eq!(ids, ["a", "a-2", "a-3"]);
}

#[test]
fn digests_bind_meaning_and_text_and_not_the_place() {
    let before = compile(SMALL).plan;
    let moved = edited("## Who", "More prose.\n\n## Who").plan;
    assert_ne!(before.digest, moved.digest);
    assert_eq!(before.procedures[0].digest, moved.procedures[0].digest);
    for (from, to) in [
        ("restart web", "restart wob"),
        ("Web failure", "Web trouble"),
        ("timeout=2m", "timeout=3m"),
        ("# 1. Look", "# 1. See"),
    ] {
        let changed = edited(from, to).plan;
        assert_ne!(before.procedures[0].digest, changed.procedures[0].digest, "{to}");
    }
    let step = &before.procedures[0].steps[0];
    assert_eq!(step.digest, step_digest(&step.kind, &step.source));
    assert_eq!(before.procedures[0].digest, before.procedures[0].content_digest());
}

#[test]
fn windows_line_ends_and_byte_order_marks_change_nothing() {
    let (unix, windows) = (compile(SMALL), compile(&format!("\u{feff}{}", SMALL.replace('\n', "\r\n"))));
    assert_eq!(said(&unix), said(&windows));
    assert_eq!(Plan { digest: unix.plan.digest, ..windows.plan }, unix.plan);
}

#[test]
fn what_is_no_plan_says_what_a_plan_needs() {
    for source in [
        "",
        "  \n",
        "hello",
        "# A recipe\n\n- flour\n- water\n\n| a | b |\n|-|-|\n| 1 | 2 |",
        "# A tool\n\n## Install\n\n```bash\ndocker-compose up -d\n```\n\n## Components\n\n| What | Why |\n|-|-|\n| a | b |\n",
        "\0\u{1}\u{2}ELF",
        "%PDF \u{1}\u{2}\u{3}",
    ] {
        let compiled = compile(source);
        assert_eq!(said(&compiled), ["error 1:1 not-a-plan"], "{source:?}");
        assert!(compiled.diagnostics[0].message.contains("columns Role and Contact"));
    }
}

#[test]
fn our_own_plan_compiles_without_errors() {
    let compiled = compile(OURS);
    assert!(!compiled.has_errors(), "{:#?}", compiled.diagnostics);
    let plan = &compiled.plan;
    let ids: Vec<_> = plan.procedures.iter().map(|p| (&*p.id, p.unavailable.is_none())).collect();
    assert_eq!(
        ids,
        [
            ("node-failure-recovery", true),
            ("database-recovery", true),
            ("complete-system-recovery", true),
            ("security-incident-recovery", true),
            ("network-partition-recovery", true),
            ("consensus-recovery", true),
            ("identify-corruption", true),
            ("recover-data", true),
            ("system-health", true),
            ("performance-metrics", true),
            ("security-verification", true),
        ]
    );
    let components: Vec<_> = plan.components.iter().map(|part| (&*part.id, part.rto_seconds)).collect();
    assert_eq!(components, [("validator1", Some(600)), ("validator2", Some(600)), ("postgres", Some(1800))]);
    let responses: Vec<_> = plan.levels.iter().map(|level| level.response_seconds).collect();
    assert_eq!(responses, [Some(3600), Some(1800), Some(0)]);
    assert_eq!((plan.contacts.len(), plan.rto.len(), plan.rpo.len()), (3, 4, 3));
    assert_eq!((plan.checklists.len(), plan.locations.len()), (8, 7));
    let checks = |p: &Procedure| p.steps.iter().filter(|s| s.check).map(|s| s.kind.name()).collect::<Vec<_>>();
    assert_eq!(checks(&plan.procedures[0]), ["wait-until", "script", "script", "script", "http", "manual"]);
    let checked: Vec<_> = plan.procedures.iter().filter(|p| !checks(p).is_empty()).map(|p| &*p.id).collect();
    assert_eq!(
        checked,
        [
            "node-failure-recovery",
            "database-recovery",
            "complete-system-recovery",
            "security-incident-recovery",
            "network-partition-recovery",
            "consensus-recovery",
            "recover-data",
        ]
    );
    assert_eq!(plan.watch.map(|watch| watch.seconds), Some(1800));
    for step in plan.procedures.iter().flat_map(|procedure| &procedure.steps) {
        let line = OURS.lines().nth(step.line as usize - 1).unwrap();
        let source = step.source.lines().next().unwrap();
        // A check stands behind what it is called.
        let stands = if step.check { line.contains(source) } else { line.trim_start().starts_with(source) };
        assert!(stands, "{line:?}: {}", step.source);
    }
    let json = serde_json::to_string(&compiled).unwrap();
    assert_eq!(serde_json::from_str::<Compiled>(&json).unwrap(), compiled);
}

/// A small generator of our own, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

#[test]
fn no_text_makes_it_panic() {
    let ends = SMALL.char_indices().map(|(at, _)| at).chain([SMALL.len()]);
    ends.for_each(|end| drop(compile(&SMALL[..end])));
    (0..OURS.len()).filter(|&end| OURS.is_char_boundary(end)).step_by(17).for_each(|end| drop(compile(&OURS[..end])));
    let shards = [
        "|",
        "`",
        "```",
        "```bash {",
        "\n",
        "\r\n",
        "\r",
        "#",
        "- ",
        "1. ",
        "  ",
        "\t",
        "'",
        "\"",
        "\\",
        "$(",
        ")",
        "{",
        "}",
        "((",
        "<<E",
        "&&",
        ";",
        "é",
        "🚒",
        "\u{feff}",
        "\u{0}",
        "99999999999999999999",
        "Level 9",
        "RTO",
        "watch ",
        "<",
        ">",
        "*",
        "**",
        "[",
        "](",
        "~",
        "---\n",
        "if ",
    ];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..400 {
        let mut text: Vec<char> = SMALL.chars().collect();
        for _ in 0..=dice.below(6) {
            let at = dice.below(text.len());
            match dice.below(3) {
                0 => drop(text.splice(at..at, shards[dice.below(shards.len())].chars())),
                1 => drop(text.drain(at..(at + dice.below(40)).min(text.len()))),
                _ => {
                    let piece: Vec<char> = text[at..(at + dice.below(200)).min(text.len())].to_vec();
                    drop(text.splice(at..at, piece));
                }
            }
            if text.is_empty() {
                text.push('#');
            }
        }
        let source: String = text.into_iter().collect();
        let compiled = compile(&source);
        for place in &compiled.diagnostics {
            assert!(
                place.line >= 1 && place.line as usize <= source.matches('\n').count() + 1,
                "{place:?} in {source:?}"
            );
        }
    }
}

#[test]
fn much_of_anything_stays_quick() {
    // Each of these took minutes with a quadratic reading; the generous limit only tells minutes from moments.
    let started = std::time::Instant::now();
    for (head, body) in [
        ("", "# h\n"),
        ("", "- a\n  - b\n"),
        ("", "> "),
        ("", "[a]("),
        ("| Component | RTO |\n|--|--|\n", "| x | 1 h |\n"),
        ("| Role | Contact |\n|--|--|\n", "| x | y |\n"),
        ("", "## A\n```sh\nx\n```\n"),
        ("```sh\n", "docker compose restart a\n"),
        ("```sh\n", "if x\n"),
        ("```sh\n", "a \\\n"),
        ("```sh\n", "echo '\n"),
        ("```sh\n", "# c\n"),
        ("```sh\n", "watch "),
        ("", "### Level 1\n- a\n"),
    ] {
        drop(compile(&format!("{head}{}", body.repeat(3000))));
    }
    assert!(started.elapsed().as_secs() < 60);
}
