//! What a monitor makes of what was found, case by case.

use super::*;
use crate::{domain::text::Look, plan::compile};

/// With nothing about it but what is checked.
pub(super) fn monitor(check: Check) -> Definition {
    Definition {
        name: Name::parse("one").unwrap(),
        check,
        every_seconds: 60,
        timeout_seconds: 10,
        retries: 2,
        warn: None,
        bad: None,
        component: None,
        impact: None,
        objective: None,
        paused: false,
    }
}

fn http() -> Check {
    Check::Http { url: Look::parse("http://localhost:8081/").unwrap(), status: None, contains: None }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix(second)
}

#[test]
fn one_bad_check_is_not_down_and_one_good_check_ends_it() {
    use Verdict::{Bad, Good, Warning};
    let mut standing = Standing { state: State::Unknown, since: at(0), bad_in_row: 0 };
    let story = [
        (Bad, State::Unknown, 0),
        (Good, State::Up, 1),
        (Bad, State::Up, 1),
        (Bad, State::Up, 1),
        (Good, State::Up, 1),
        (Bad, State::Up, 1),
        (Bad, State::Up, 1),
        (Bad, State::Down, 7),
        (Bad, State::Down, 7),
        (Warning, State::Warning, 9),
        (Bad, State::Warning, 9),
        (Good, State::Up, 11),
    ];
    for (n, (verdict, state, since)) in story.into_iter().enumerate() {
        standing = standing.after(verdict, 2, at(i64::try_from(n).unwrap()));
        assert_eq!((standing.state, standing.since), (state, at(since)), "after {n} ({verdict:?})");
    }
    let at_once = Standing { state: State::Up, since: at(0), bad_in_row: 0 }.after(Bad, 0, at(1));
    assert_eq!(at_once.state, State::Down, "without retries the first counts");
}

#[test]
fn a_monitor_in_doubt_looks_sooner_but_not_for_ever() {
    let often = |bad_in_row, state| monitor(http()).pause(Standing { state, since: at(0), bad_in_row });
    assert_eq!((often(0, State::Up), often(1, State::Up), often(3, State::Down)), (60, 20, 60));
    let quick = Definition { every_seconds: 5, timeout_seconds: 5, ..monitor(http()) };
    assert_eq!(quick.pause(Standing { state: State::Up, since: at(0), bad_in_row: 1 }), 5);
}

#[test]
fn limits_say_what_they_are() {
    let limited = Definition {
        warn: Some(Bound { is: Side::Above, value: 240.0 }),
        bad: Some(Bound { is: Side::Above, value: 300.0 }),
        ..monitor(Check::FileAge { directory: Look::parse("/var/backups").unwrap() })
    };
    let judge = |value| limited.judge(&Finding { trouble: None, value: Some(value), took_ms: 1 });
    assert_eq!(judge(240.0), (Verdict::Good, "the newest is 4 min old".into()), "on the limit is within it");
    assert_eq!(judge(241.0).0, Verdict::Warning);
    assert_eq!(judge(301.0), (Verdict::Bad, "the newest is 5 min 1 s old; bad is older than 5 min".into()));
    let trouble = Finding { trouble: Some("no file".into()), value: Some(0.0), took_ms: 1 };
    assert_eq!(limited.judge(&trouble), (Verdict::Bad, "no file".into()), "what went wrong outweighs a number");
}

#[test]
fn what_should_find_a_number_and_does_not_is_bad() {
    let nothing = Finding { trouble: None, value: None, took_ms: 1 };
    let query = || {
        let (service, query) = (Name::parse("db").unwrap(), Look::parse("SELECT max(taken_at) FROM backup").unwrap());
        monitor(Check::Sql { service, user: None, database: None, query })
    };
    let limit = Some(Bound { is: Side::Above, value: 300.0 });
    for asked in [
        Definition { bad: limit, ..query() },
        Definition { warn: limit, ..query() },
        Definition { objective: Some("Database".into()), ..query() },
    ] {
        let (verdict, said) = asked.judge(&nothing);
        assert!(verdict == Verdict::Bad && said.contains("no number") && said.contains("seconds"), "{said}");
    }
    let metric = monitor(Check::Metric { url: Look::parse("http://localhost:8081/").unwrap(), filter: None });
    assert_eq!(Definition { bad: limit, ..metric }.judge(&nothing), (Verdict::Bad, "it found no number".into()));
    // Nobody asks these for a number.
    let containers = monitor(Check::Container { service: Name::parse("db").unwrap() });
    let script = monitor(Check::Script { name: Name::parse("look.sh").unwrap() });
    for one in [query(), containers, script] {
        assert_eq!(one.judge(&nothing).0, Verdict::Good, "{:?}", one.check);
    }
}

#[test]
fn a_query_can_only_read() {
    for good in ["SELECT 1", "select max(height) from blocks", " WITH a AS (SELECT 1) SELECT * FROM a", "VALUES (1)"] {
        assert!(only_reads(good).is_ok(), "{good}");
    }
    for bad in [
        "DELETE FROM blocks",
        "SELECT 1; DROP TABLE blocks",
        "\\! rm -rf /",
        "SELECT 1 \\g |sh",
        "/* */ DELETE FROM blocks",
        "SET x = 1",
        "",
    ] {
        assert!(only_reads(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_cannot_be_kept_is_refused_by_field() {
    let plan =
        compile("# P\n\n## RPO\n\n| Data | RPO |\n|--|--|\n| Database | 5 minutes |\n| Chain | 0 blocks |\n").plan;
    let age = || Check::FileAge { directory: Look::parse("/var/backups").unwrap() };
    let limit = Some(Bound { is: Side::Above, value: 1.0 });
    let base = || monitor(http());
    let containers = || monitor(Check::Container { service: Name::parse("db").unwrap() });
    let url = |text: &str| monitor(Check::Http { url: Look::parse(text).unwrap(), status: None, contains: None });
    let status = |url: &str, status| {
        monitor(Check::Http { url: Look::parse(url).unwrap(), status: Some(status), contains: None })
    };
    let certificate =
        |text: &str| monitor(Check::Certificate { address: Address::parse(text).unwrap(), any_authority: false });
    let cases: [(Definition, Option<&str>); 32] = [
        (base(), None),
        (Definition { warn: limit, ..base() }, None),
        (Definition { every_seconds: 4, ..base() }, Some("every_seconds")),
        (Definition { every_seconds: 86_401, ..base() }, Some("every_seconds")),
        (Definition { timeout_seconds: 0, ..base() }, Some("timeout_seconds")),
        (Definition { every_seconds: 9, ..base() }, Some("timeout_seconds")),
        (Definition { retries: 11, ..base() }, Some("retries")),
        (Definition { bad: limit, ..containers() }, Some("bad")),
        (Definition { component: Some("x".into()), ..base() }, Some("component")),
        (Definition { impact: Some(Impact::Degraded), ..base() }, Some("impact")),
        (Definition { objective: Some("Database".into()), ..base() }, Some("objective")),
        (Definition { objective: Some("Database".into()), ..monitor(age()) }, None),
        (Definition { objective: Some("Chain".into()), ..monitor(age()) }, Some("objective")),
        (Definition { objective: Some("Nothing".into()), ..monitor(age()) }, Some("objective")),
        (url("https://example.org/"), None),
        (url("https://10.0.0.1:8443/x"), None),
        (url("https://db/"), Some("check.url")),
        (url("https://localhost:8443/"), Some("check.url")),
        (url("ftp://example.org/"), Some("check.url")),
        (url("http:///x"), Some("check.url")),
        (url("http://:80/"), Some("check.url")),
        (url("https://example.org\\@db/"), Some("check.url")),
        (url("example.org"), Some("check.url")),
        (status("https://example.org/", 401), None),
        (status("http://db/", 302), None),
        (status("https://example.org/", 302), Some("check.status")),
        (status("http://db/", 199), Some("check.status")),
        (certificate("example.org:443"), None),
        (Definition { bad: limit, ..certificate("[2001:db8::1]:443") }, None),
        (certificate("db:443"), Some("check.address")),
        (certificate("127.0.0.1:443"), Some("check.address")),
        (url("http://u:p@db/"), Some("check.url")),
    ];
    for (one, wrong) in cases {
        let refused = one.admit(Some(&plan)).err();
        assert_eq!(refused.as_ref().map(|(field, _)| *field), wrong, "{one:?}: {refused:?}");
    }
    for (text, good) in
        [("db:5432", true), ("[::1]:80", true), ("db", false), ("db:0", false), ("db:99999", false), ("a b:1", false)]
    {
        assert_eq!(Address::parse(text).is_ok(), good, "{text}");
    }
}

#[test]
fn the_plan_says_what_is_worth_watching() {
    let plan = compile(include_str!("../../../../plans/bt2c/plan.md")).plan;
    let all = suggest(&plan, &[]);
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    assert!(names.contains(&"Validator 1") && names.contains(&"Database backup"), "{names:?}");
    for one in &all {
        assert_eq!(one.admit(Some(&plan)), Ok(()), "{one:?}");
    }
    let database = all.iter().find(|one| one.objective.as_deref() == Some("Database")).unwrap();
    assert_eq!(database.bad, Some(Bound { is: Side::Above, value: 300.0 }));
    let known: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    assert!(suggest(&plan, &known).is_empty(), "what is watched is not offered again");
}

#[test]
fn what_leads_outside_is_told_by_how_it_is_written() {
    let look = |text: &str| Look::parse(text).unwrap();
    let cases = [
        ("http://localhost:8081/", Place::Project),
        ("http://127.0.0.1:8081", Place::Project),
        ("http://[::1]:80/x", Place::Project),
        ("http://validator1:8080/a.b?c=d.e", Place::Project),
        ("http://validator1/#a.b", Place::Project),
        ("https://status.example.org", Place::Outside),
        ("http://10.0.0.1:9100/metrics", Place::Outside),
        ("http://127.0.0.2/", Place::Outside),
        ("http://[2001:db8::1]:80/", Place::Outside),
        ("http://localhost./", Place::Outside),
    ];
    for (url, place) in cases {
        assert_eq!(Place::of_url(&look(url)), place, "{url}");
        let http = Check::Http { url: look(url), status: None, contains: None };
        assert_eq!(http.leads_outside(), place == Place::Outside, "{url}");
    }
    let (here, there) = (look("http://localhost:8081/"), look("https://explorer.example.org/height"));
    assert!(Check::Lag { url: here, other: there, filter: None }.leads_outside(), "one of two is enough");
    let tcp = |text: &str| Check::Tcp { address: Address::parse(text).unwrap() }.leads_outside();
    assert!(!tcp("db:5432") && !tcp("[::1]:80") && tcp("db.example.org:5432") && tcp("[2001:db8::1]:80"));
}

#[test]
fn a_certificate_warns_three_weeks_before_it_runs_out() {
    let address = Address::parse("status.example.org:443").unwrap();
    let check = Check::Certificate { address, any_authority: false };
    let [warn, bad] = CERTIFICATE_LIMITS.map(Some);
    let watched = Definition { warn, bad, ..monitor(check) };
    let judge = |days| watched.judge(&Finding { trouble: None, value: Some(days), took_ms: 1 });
    assert_eq!(judge(21.0), (Verdict::Good, "it runs out in 21 days".into()));
    assert_eq!(judge(20.0), (Verdict::Warning, "it runs out in 20 days; it warns below 21 days".into()));
    assert_eq!(judge(7.0).0, Verdict::Warning);
    assert_eq!(judge(1.0), (Verdict::Bad, "it runs out in 1 day; bad is below 7 days".into()));
}

#[test]
fn servers_that_the_plan_names_have_certificates_to_watch() {
    let plan = compile(
        "# P\n\n## Recovery\n\n```bash\ncurl -f https://api.example.org:8443/health\n```\n\n## Communication\n\n\
         1. **External**\n   - Post on https://status.example.org.\n   - And <https://status.example.org/history>, https://u:p@x.example.org/, https://db/\n",
    )
    .plan;
    let watched: Vec<_> = suggest(&plan, &[])
        .into_iter()
        .filter(|one| matches!(one.check, Check::Certificate { .. }))
        .map(|one| (one.name.as_str().to_owned(), one.check.target(), one.every_seconds))
        .collect();
    let one = |host: &str, port: &str| (format!("Certificate of {host}"), format!("{host}:{port}"), 3600);
    assert_eq!(watched, [one("api.example.org", "8443"), one("status.example.org", "443")]);
}

#[test]
fn what_was_brought_back_is_checked_sooner_and_believed_less() {
    for (every, timeout, retries, expected) in [
        (60, 10, 2, (15, 1)),
        (60, 30, 0, (30, 0)),
        (60, 60, 1, (60, 1)),
        (12, 1, 10, (5, 1)),
        (5, 1, 3, (5, 1)),
        (86_400, 10, 0, (21_600, 0)),
    ] {
        let one = Definition { every_seconds: every, timeout_seconds: timeout, retries, ..monitor(http()) };
        let closely = one.in_force(true);
        assert_eq!((closely.every_seconds, closely.retries), expected, "{every} {timeout} {retries}");
        assert_eq!(closely.admit(None), Ok(()), "it can be made");
        assert_eq!(one.in_force(false), one);
    }
}
