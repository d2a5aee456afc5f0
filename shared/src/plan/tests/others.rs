//! Plans of other teams in other styles, and a very long one: each gets as far as its text allows. Tests only.

use super::*;

const CLINIC: &str = include_str!("plans/clinic.md");
const BAKERY: &str = include_str!("plans/bakery.md");
const HARBOUR: &str = include_str!("plans/harbour.md");
const FERRY: &str = include_str!("plans/ferry.md");
const TOWER: &str = include_str!("plans/tower.md");

/// `id: kind kind …` of each procedure.
fn procedures(plan: &Plan) -> Vec<String> {
    let kinds = |p: &Procedure| p.steps.iter().map(|step| step.kind.name()).collect::<Vec<_>>().join(" ");
    plan.procedures.iter().map(|p| format!("{}: {}", p.id, kinds(p))).collect()
}

/// Role, name, first and second way of each contact.
fn contacts(plan: &Plan) -> Vec<[&str; 4]> {
    plan.contacts.iter().map(|c| [&*c.role, &*c.name, &*c.primary, c.backup.as_deref().unwrap_or("-")]).collect()
}

fn responses(plan: &Plan) -> Vec<(u8, &str, Option<u64>)> {
    plan.levels.iter().map(|level| (level.level, &*level.name, level.response_seconds)).collect()
}

fn times(plan: &Plan) -> Vec<(&str, u64, &str)> {
    plan.rto.iter().map(|row| (&*row.component, row.seconds, &*row.method)).collect()
}

fn points(plan: &Plan) -> Vec<(&str, u64, &str)> {
    plan.rpo.iter().map(|row| (&*row.data, row.amount, &*row.unit)).collect()
}

/// The message of each diagnostic, by severity and code.
fn codes(compiled: &Compiled) -> Vec<(Severity, &str, u32)> {
    compiled.diagnostics.iter().map(|d| (d.severity, &*d.code, d.line)).collect()
}

#[test]
fn numbered_sentences_and_a_table_of_levels() {
    let compiled = compile(CLINIC);
    let plan = &compiled.plan;
    assert_eq!(
        contacts(plan),
        [
            ["Archive keeper", "R. Okafor", "+44 20 7946 0011", "+44 20 7946 0012"],
            ["Network desk", "Shift phone", "+44 20 7946 0021", "-"],
            ["Head of radiology", "Dr. Lind", "lind@clinic.example", "+44 20 7946 0032"],
        ]
    );
    assert_eq!(responses(plan), [(1, "Slow", Some(14_400)), (2, "Read only", Some(1800)), (3, "Dark", Some(0))]);
    assert_eq!(
        procedures(plan),
        [
            "archive-does-not-answer: manual inspect logs restart wait-until manual",
            "index-is-damaged: stop script manual manual up",
        ]
    );
    assert_eq!(times(plan), [("Archive", 2700, "Restart"), ("Index", 5400, "Rebuild from dump")]);
    assert_eq!(points(plan), [("Studies", 0, "images"), ("Index", 86_400, "seconds")]);
    let rebuild = &plan.procedures[1];
    assert_eq!(rebuild.parameters[0].default, "/srv/vault/index/latest.dump");
    assert_eq!(rebuild.steps[3].title, "Never run docker volume rm studies here: the images are in it");
    assert_eq!(plan.components[0].rto_seconds, Some(2700), "the archive has a recovery time of its own");
    assert_eq!(plan.checklists[0].points.len(), 2);
    assert_eq!(
        codes(&compiled),
        [
            (Severity::Notice, "list-procedure", 27),
            (Severity::Notice, "components-assumed", 28),
            (Severity::Warning, "watch-has-no-end", 33),
            (Severity::Notice, "list-procedure", 39),
        ]
    );
}

#[test]
fn no_tables_at_all() {
    let compiled = compile(BAKERY);
    let plan = &compiled.plan;
    assert_eq!(
        contacts(plan),
        [
            ["System Administrator", "Mia Holm", "+45 33 00 00 01", "+45 33 00 00 02"],
            ["Database Administrator", "", "on-call phone +45 33 00 00 03", "-"],
            ["Baker on duty", "Jens", "jens@bakery.example", "ovens@bakery.example"],
        ]
    );
    assert_eq!(responses(plan), [(1, "Annoying", None), (2, "Bad", Some(1200))]);
    assert_eq!(
        procedures(plan),
        [
            "what-to-do-when-orders-do-not-arrive: manual restart manual",
            "what-to-do-when-the-database-is-gone: stop script manual up http",
        ]
    );
    let database = &plan.procedures[1];
    assert_eq!((database.approvals, database.roles.join(" ")), (Some(1), "database-administrator".to_owned()));
    assert!(database.steps.iter().all(|step| step.timeout_seconds == Some(1200)));
    assert!(matches!(&database.steps[1].kind, StepKind::Script { path, .. } if path == "/srv/shop/bring_back.sh"));
    assert_eq!(database.parameters[0].choices, Choices::Files { directory: "/srv/copies".into() });
    assert_eq!(times(plan), [("Shop", 3600, "restart"), ("Database", 7200, "copy of yesterday")]);
    assert_eq!(points(plan), [("Orders", 86_400, "seconds")]);
    assert!(!compiled.has_errors(), "words without a number are prose: {:#?}", compiled.diagnostics);
    assert!(codes(&compiled).contains(&(Severity::Warning, "open-objective", 45)));
}

#[test]
fn windows_line_ends_underlined_headings_and_tildes() {
    assert!(HARBOUR.starts_with('\u{feff}') && HARBOUR.contains("\\\r\n"), "the file must keep its ends of lines");
    let compiled = compile(HARBOUR);
    let plan = &compiled.plan;
    assert_eq!(plan.title, "Disaster handbook of the harbour office");
    assert_eq!(procedures(plan), ["berth-plan-is-lost: stop extract up", "everything-is-lost: down manual up"]);
    let unpack = &plan.procedures[0].steps[1];
    let extract = StepKind::Extract { archive: "/mnt/tape/berths.tgz".into(), into: Some("/var/harbour/data".into()) };
    assert_eq!((&unpack.kind, unpack.line), (&extract, 38));
    assert_eq!(unpack.source, "tar -xzf /mnt/tape/berths.tgz -C data");
    assert_eq!(responses(plan), [(1, "Fog", Some(7200)), (2, "Storm", Some(600))]);
    assert_eq!(times(plan), [("Berth plan", 1800, "Tape"), ("Radio log", 7200, "Second recorder")]);
    assert_eq!(points(plan), [("Berth plan", 86_400, "seconds"), ("Radio log", 600, "seconds")]);
    let unix = compile(&HARBOUR.replace('\r', ""));
    assert_eq!(codes(&unix), codes(&compiled));
    assert_eq!(Plan { digest: plan.digest, ..unix.plan }, *plan);
}

#[test]
fn greek_words_around_english_tables() {
    let compiled = compile(FERRY);
    let plan = &compiled.plan;
    assert_eq!(plan.title, "Σχέδιο ανάκτησης της ακτοπλοΐας");
    assert_eq!(procedures(plan), ["βλάβη-κόμβου: shell inspect restart wait-until", "βάση-δεδομένων: script"]);
    assert_eq!(plan.procedures[0].parameters[0].label, "Which node?");
    assert_eq!(times(plan), [("Κόμβος", 600, "Επανεκκίνηση")]);
    assert!(
        !gaps(&compiled).iter().any(|(code, _)| *code == "rto-without-procedure"),
        "the ending of a word may differ"
    );
    let error = compiled.diagnostics.iter().find(|d| d.severity == Severity::Error).unwrap();
    let line = FERRY.lines().nth(error.line as usize - 1).unwrap();
    assert_eq!(line.chars().skip(error.column as usize - 1).take(6).collect::<String>(), "1 horu");
}

#[test]
fn a_plan_without_a_latin_heading() {
    let compiled = compile(TOWER);
    let plan = &compiled.plan;
    assert!(!compiled.has_errors());
    assert_eq!(procedures(plan), ["１-送信機の故障: inspect restart manual", "２-全体の停止: down up"]);
    assert_eq!(plan.procedures[0].steps[2].title, "責任者に電話する");
    assert_eq!(plan.procedures[0].parameters[0].default, "transmitter1");
    assert_eq!(plan.checklists[0].points, ["毎月の訓練", "予備機の確認 🚒"]);
    let said = codes(&compiled);
    for code in ["no-contacts", "no-levels", "no-rto", "no-rpo", "table-not-read"] {
        assert!(said.iter().any(|(_, c, _)| *c == code), "{code}");
    }
    let prose: Vec<_> = plan.sections.iter().filter(|s| !s.compiled).map(|s| &*s.title).collect();
    assert_eq!(prose, ["東京塔放送設備　災害復旧計画", "連絡先", "障害の段階", "段階１　軽微", "復旧手順"]);
}

/// A plan of a big house: as long as asked, with one procedure per service.
pub(super) fn long_plan(lines: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# Plan of the big house\n\n## Contacts\n\n| Role | Name | Contact | Backup Contact |\n|---|---|---|---|\n",
    );
    for n in 0..lines / 100 {
        let _ = writeln!(text, "| Keeper {n} | Person {n} | +1 555 {n:04} | +1 556 {n:04} |");
    }
    text += "\n## Objectives\n\n| Component | RTO | Method |\n|---|---|---|\n";
    for n in 0..lines / 100 {
        let _ = writeln!(text, "| Shelf {n} | {} minutes | Restart |", n % 50 + 1);
    }
    let mut written = text.lines().count();
    let mut n = 0;
    while written + 27 <= lines {
        let piece = format!(
            "\n## Shelf {n} fails\n\nIts lamp is *red*, see [the map](map.md).\n\n```bash {{timeout=5m}}\n# 1. Look\ndocker compose ps shelf{n} shelf{}\n\
             # 2. Restart\ndocker compose restart shelf{n}\n# 3. Wait\nwatch -n 5 'curl -s http://localhost:{}/m | grep height'\n\
             # 4. Restore\n./restore.sh \"/var/backups/shelf {n}.sql\" && docker compose up -d\n```\n\n\
             ### Recovery of shelf {n} by hand\n\n1. Call keeper {n}\n2. Run `docker compose logs shelf{n}`\n\n### After recovery of {n}\n\n\
             - All lamps are green\n- Nobody waits\n",
            n + 1,
            8000 + n % 1000,
        );
        written += piece.lines().count();
        text += &piece;
        n += 1;
    }
    text
}

#[test]
fn ten_thousand_lines() {
    let text = long_plan(10_000);
    let lines = text.lines().count();
    assert!((9_900..=10_000).contains(&lines), "{lines}");
    let started = std::time::Instant::now();
    let compiled = compile(&text);
    let took = started.elapsed();
    let plan = &compiled.plan;
    let shelves = text.matches(" fails\n").count();
    assert_eq!((plan.procedures.len(), plan.contacts.len(), plan.rto.len()), (2 * shelves, 100, 100));
    assert_eq!(plan.checklists.len(), shelves);
    let steps = plan.procedures.iter().flat_map(|procedure| &procedure.steps);
    assert_eq!(steps.filter(|step| step.kind.name() == "wait-until").count(), shelves);
    assert!(plan.procedures.iter().step_by(2).all(|procedure| procedure.parameters.len() == 1));
    assert!(!compiled.has_errors());
    // Unoptimised and beside other tests; optimised it is a hundredth of that.
    assert!(took.as_secs() < 20, "{took:?}");
}
