//! Tables of what counts as restored.

use super::*;
use crate::plan::compile;

const PLAN: &str = "# P\n\n## Recovery\n```bash\n# 1. How high\ndocker compose exec postgres psql -U bt2c -c \"SELECT MAX(height) FROM blocks;\"\n\
    # 2. Empty it\ndocker compose exec postgres psql -U bt2c -c \"DELETE FROM blocks\"\n\
    # 3. Unpack\ntar -xzf /b/config.tar.gz -C /app/config/\n```\n\n\
    ## Recovery Point Objectives (RPO)\n\n| Data Type | RPO | Backup Frequency |\n|---|---|---|\n| Blockchain | 0 blocks | x |\n\
    | Database | 5 minutes | x |\n\n## Appendix\n\n### B. Backup Locations\n- Database: `/b/db/`\n- Blockchain: `/b/chain/`\n";

#[test]
fn the_plan_says_what_is_restored_and_what_is_asked() {
    let plan = compile(PLAN).plan;
    let settings = Settings::suggested(Some(&plan));
    assert_eq!(settings.admit(), Ok(()));
    let database = settings.database.unwrap();
    assert_eq!((database.service.as_str(), database.user.as_ref().map(Name::as_str)), ("postgres", Some("bt2c")));
    let asked = questions(&plan, &database);
    let asked: Vec<_> = asked.iter().map(|q| (q.name.as_str(), q.query.as_str())).collect();
    assert_eq!(asked, [("How high", "SELECT MAX(height) FROM blocks")], "what writes is never asked");
    assert_eq!(production_of(&plan), [("/b/config.tar.gz", "/app/config/")]);
    let found = places(&plan);
    let short: Vec<_> = found.iter().map(|p| (p.label.as_str(), p.limit_seconds, p.promised)).collect();
    assert_eq!(short, [("Database", 300, true), ("Blockchain", 300, false)]);
    assert_eq!(judge_loss(&found[0], 300), None);
    assert_eq!(judge_loss(&found[0], 301).unwrap(), "5 min 1 s would be lost; the plan promises 5 min.");
    assert_eq!(judge_loss(&found[1], 9_000), None, "nothing is promised for it in time");
}

#[test]
fn what_is_missing_speaks_against_a_backup() {
    for (production, restored, bad) in [
        (Some(100), Some(100), false),
        (Some(100), Some(50), false),
        (Some(100), Some(49), true),
        (Some(100), Some(0), true),
        (Some(19), Some(0), false),
        (Some(0), None, true),
        (None, Some(7), false),
        (Some(5), Some(900), false),
    ] {
        assert_eq!(judge_rows(production, restored, 50).is_some(), bad, "{production:?} {restored:?}");
    }
    for (production, restored, far, bad) in [
        (Some("100"), Some("90"), Some(10.0), false),
        (Some("100"), Some("89"), Some(10.0), true),
        (Some("90"), Some("101"), Some(10.0), true),
        (Some("100"), Some("1"), None, false),
        (None, Some("1"), None, false),
        (None, Some("1"), Some(1.0), true),
        (Some("1"), None, None, true),
        (Some("x"), Some("y"), Some(1.0), true),
    ] {
        assert_eq!(judge_numbers(production, restored, far).is_some(), bad, "{production:?} {restored:?} {far:?}");
    }
    let at = Timestamp::from_unix;
    assert!(judge_files(false, at(9), at(10)).is_some());
    assert!(judge_files(false, at(10), at(10)).is_none() && judge_files(true, at(9), at(10)).is_none());
}

#[test]
fn one_bad_place_is_a_bad_trial() {
    let place = |label: &str| Place { label: label.into(), path: "/b".into(), limit_seconds: 1, promised: true };
    let found = |label: &str, verified| Found { verified, ..Found::nothing(&place(label), "cut off".into()) };
    assert_eq!(verdict(&[]).0, State::Failed);
    let (state, why) = verdict(&[found("Database", false), found("Chain", true)]);
    assert_eq!((state, why.as_str()), (State::Failed, "Database: cut off"));
    let (state, why) = verdict(&[found("Database", true), found("Chain", true)]);
    assert_eq!((state, why.as_str()), (State::Verified, "The newest backups of 2 places could be restored."));
    let beyond = Found { beyond: Some("1 h would be lost.".into()), ..found("Database", true) };
    let (state, why) = verdict(&[beyond]);
    let expected = "The newest backup could be restored. Database: 1 h would be lost.";
    assert_eq!((state, why.as_str()), (State::Verified, expected));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let fine = Settings::suggested(Some(&compile(PLAN).plan));
    let question = |query: &str, far| Question {
        name: Name::parse("q").unwrap(),
        query: Look::parse(query).unwrap(),
        may_differ: far,
    };
    for (settings, field) in [
        (Settings { every_hours: 0, ..fine.clone() }, "every_hours"),
        (Settings { limit_minutes: 721, ..fine.clone() }, "limit_minutes"),
        (Settings { memory_mb: 64, ..fine.clone() }, "memory_mb"),
        (Settings { most_gb: 0, ..fine.clone() }, "most_gb"),
        (Settings { least_percent: 101, ..fine.clone() }, "least_percent"),
        (Settings { newest: Some(Look::parse("DELETE FROM x").unwrap()), ..fine.clone() }, "newest"),
        (Settings { questions: vec![question("DROP TABLE x", None)], ..fine.clone() }, "questions.0.query"),
        (Settings { questions: vec![question("SELECT 1", Some(-1.0))], ..fine.clone() }, "questions.0.may_differ"),
        (Settings { questions: vec![question("SELECT 1", None); 2], ..fine.clone() }, "questions.1.name"),
        (Settings { questions: vec![question("SELECT 1", None)], database: None, ..fine.clone() }, "database"),
    ] {
        assert_eq!(settings.admit().unwrap_err().0, field);
    }
}
