//! What each known line means, and that everything else is a shell line with a reason. Tests only.

use super::{Around, Meaning, interpret};
use crate::domain::{
    access::{ContactRole, Role},
    audience::Audience,
};
use crate::plan::model::{Condition, Probe, Severity, StepKind, VolumeSelection};
use crate::plan::shell;

fn read(line: &str) -> Meaning {
    interpret(&shell::parse(line).unwrap()[0].shape, Around::default())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn codes(meaning: &Meaning) -> Vec<&str> {
    meaning.remarks.iter().map(|remark| remark.code).collect()
}

#[test]
fn compose_lines() {
    let (one, none) = (|| names(&["a"]), Vec::new);
    for (line, kind) in [
        ("docker-compose ps", StepKind::Inspect { services: none() }),
        ("docker compose ps -a a b-1", StepKind::Inspect { services: names(&["a", "b-1"]) }),
        ("sudo docker-compose restart a", StepKind::Restart { services: one() }),
        ("docker-compose logs --tail=100 a", StepKind::Logs { services: one(), tail: Some(100) }),
        ("docker-compose logs -n 5", StepKind::Logs { services: none(), tail: Some(5) }),
        ("docker compose logs --tail all a", StepKind::Logs { services: one(), tail: None }),
        ("docker-compose stop 'a'", StepKind::Stop { services: one() }),
        ("docker-compose start a >/dev/null 2>&1", StepKind::Start { services: one() }),
        ("docker-compose up -d a", StepKind::Up { services: one() }),
        ("docker-compose up --detach", StepKind::Up { services: none() }),
        ("docker-compose down", StepKind::Down { volumes: false }),
        ("docker compose down -v", StepKind::Down { volumes: true }),
        (
            "docker-compose exec -T a ls -la /x",
            StepKind::Exec { service: "a".into(), argv: names(&["ls", "-la", "/x"]) },
        ),
        (
            "docker volume rm -f v w",
            StepKind::RemoveVolumes { volumes: VolumeSelection::Named { names: names(&["v", "w"]) } },
        ),
        ("docker network disconnect n c", StepKind::NetworkDisconnect { network: "n".into(), container: "c".into() }),
        ("docker network connect n c", StepKind::NetworkConnect { network: "n".into(), container: "c".into() }),
    ] {
        let meaning = read(line);
        assert_eq!(meaning.kind, kind, "{line}");
        assert_eq!(meaning.remarks, [], "{line}");
    }
}

#[test]
fn notices() {
    let notify = |audience, text: &str| StepKind::Notify { audience, text: text.into() };
    for (line, kind) in [
        (
            "muster notify security-officer \"Somebody broke in: come.\"",
            notify(Audience::Contact(ContactRole::SecurityOfficer), "Somebody broke in: come."),
        ),
        ("muster notify 'Security Officer' come", notify(Audience::Contact(ContactRole::SecurityOfficer), "come")),
        ("muster notify approver 'look & decide'", notify(Audience::Role(Role::Approver), "look & decide")),
        ("muster notify everyone ' It is over. '", notify(Audience::Everyone, "It is over.")),
    ] {
        let meaning = read(line);
        assert_eq!((meaning.kind, meaning.remarks), (kind, vec![]), "{line}");
    }
    for (line, code, says) in [
        ("muster notify", "unknown-audience", "is for nobody and says nothing"),
        ("muster notify everyone", "notice-text", "says nothing"),
        ("muster notify 'come here'", "unknown-audience", "for nobody, or says nothing: \"come here\""),
        (
            "muster notify security-oficer x",
            "unknown-audience",
            "Did you mean \"security-officer\"? Known are everyone,",
        ),
        ("muster notify boss x", "unknown-audience", "There is nobody called \"boss\" to be notified. Known are"),
        ("muster notify everyone we are down", "notice-text", "one text, in quotes"),
        ("muster notify everyone \"$HOST is down\"", "notice-text", "must stand in the plan"),
        ("muster notify everyone ''", "notice-text", "must not be empty"),
    ] {
        let meaning = read(line);
        assert_eq!(meaning.kind, StepKind::Shell {}, "{line}");
        let remark = &meaning.remarks[0];
        assert_eq!((remark.severity, remark.code), (Severity::Error, code), "{line}");
        assert!(remark.message.contains(says), "{line}: {}", remark.message);
    }
    // A program of that name is somebody's own.
    assert_eq!(codes(&read("notify everyone 'x'")), ["shell-line"]);
}

#[test]
fn sql_through_psql() {
    let sql = |user: Option<&str>, database: Option<&str>, query: &str| StepKind::Sql {
        service: "db".into(),
        user: user.map(str::to_owned),
        database: database.map(str::to_owned),
        query: query.into(),
    };
    for (line, kind) in [
        (
            r#"docker-compose exec db psql -U u -c "SELECT MAX(h) FROM b;""#,
            sql(Some("u"), None, "SELECT MAX(h) FROM b;"),
        ),
        ("docker compose exec -T db psql -Uu -d d -tAc 'SELECT 1'", sql(Some("u"), Some("d"), "SELECT 1")),
        ("docker compose exec db psql d u --command='SELECT 1'", sql(Some("u"), Some("d"), "SELECT 1")),
    ] {
        assert_eq!(read(line).kind, kind, "{line}");
    }
    for line in [
        "docker compose exec db psql -f x.sql",
        "docker compose exec db psql -c a -c b",
        "docker compose exec db psql -h other -c a",
    ] {
        assert!(matches!(read(line).kind, StepKind::Exec { .. }), "{line}");
    }
}

#[test]
fn dangerous_lines_get_their_safe_meaning_and_say_so() {
    let all = StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject };
    for (line, kind, code) in [
        ("docker volume rm $(docker volume ls -q)", all, "all-volumes"),
        ("docker-compose stop $(docker ps -q)", StepKind::Stop { services: vec![] }, "all-containers"),
        ("docker stop $(docker ps -aq)", StepKind::Stop { services: vec![] }, "all-containers"),
        ("docker-compose restart `docker-compose ps -q`", StepKind::Restart { services: vec![] }, "all-containers"),
        ("docker ps", StepKind::Inspect { services: vec![] }, "all-containers"),
        ("docker-compose logs -f", StepKind::Logs { services: vec![], tail: None }, "follow-has-no-end"),
        ("docker-compose up", StepKind::Up { services: vec![] }, "up-has-no-end"),
        ("docker-compose -f x.yml ps", StepKind::Inspect { services: vec![] }, "option-left-out"),
        ("watch docker-compose ps", StepKind::Inspect { services: vec![] }, "watch-has-no-end"),
    ] {
        let meaning = read(line);
        assert_eq!((&meaning.kind, codes(&meaning)), (&kind, vec![code]), "{line}");
    }
}

#[test]
fn waiting_and_asking() {
    let http = |method: &str, url: &str| StepKind::Http { method: method.into(), url: url.into() };
    for (line, kind) in [
        ("curl http://localhost:8081/api/v1/status", http("GET", "http://localhost:8081/api/v1/status")),
        ("curl -fsS localhost:8081/x?a=b", http("GET", "http://localhost:8081/x?a=b")),
        ("curl -s -o /dev/null -X post https://h/", http("POST", "https://h/")),
        ("curl -I https://h", http("HEAD", "https://h")),
    ] {
        assert_eq!(read(line).kind, kind, "{line}");
    }
    let wait = |filter: Option<&str>, condition, interval_seconds, timeout_seconds| StepKind::WaitUntil {
        probe: Probe::HttpNumber { url: "http://h/m".into(), filter: filter.map(str::to_owned) },
        condition,
        interval_seconds,
        timeout_seconds,
    };
    for (line, kind) in [
        ("watch -n 5 'curl -s http://h/m | grep height'", wait(Some("height"), Condition::Grows, 5, 300)),
        ("watch -n0.5 \"curl -s http://h/m | grep 'my height'\"", wait(Some("my height"), Condition::Grows, 1, 300)),
        ("watch curl -s http://h/m", wait(None, Condition::Answers, 2, 300)),
    ] {
        let meaning = read(line);
        assert_eq!((&meaning.kind, codes(&meaning)), (&kind, vec!["watch-has-no-end"]), "{line}");
    }
    let shape = &shell::parse("watch 'curl http://h/m | grep height'").unwrap()[0].shape;
    assert_eq!(
        interpret(shape, Around { timeout_seconds: Some(60), directory: None }).kind,
        wait(Some("height"), Condition::Grows, 2, 60)
    );
}

#[test]
fn archives_and_scripts() {
    let extract = |into: Option<&str>| StepKind::Extract { archive: "a.tgz".into(), into: into.map(str::to_owned) };
    let script = |path: &str, args: &[&str]| StepKind::Script { path: path.into(), args: names(args) };
    for (line, kind) in [
        ("tar -xzf a.tgz -C /d/", extract(Some("/d/"))),
        ("tar xvfz a.tgz", StepKind::Shell {}),
        ("tar xvzf a.tgz", extract(None)),
        ("tar --extract --file=a.tgz --directory /d/", extract(Some("/d/"))),
        ("./scripts/x.sh --timestamp \"pre incident\"", script("./scripts/x.sh", &["--timestamp", "pre incident"])),
        ("/opt/y.sh", script("/opt/y.sh", &[])),
        ("bash ./z.sh 1", script("./z.sh", &["1"])),
    ] {
        assert_eq!(read(line).kind, kind, "{line}");
    }
}

#[test]
fn what_narrows_a_look_down_is_left_out() {
    let http = || StepKind::Http { method: "GET".into(), url: "http://h/x".into() };
    let logs = || StepKind::Logs { services: names(&["a"]), tail: None };
    for (line, kind, code) in [
        ("curl -s http://h/x | jq .height", http(), "filter-left-out"),
        ("curl -s http://h/x | grep height | head -1", http(), "filter-left-out"),
        ("curl -s http://h/x | python3 -m json.tool", http(), "filter-left-out"),
        ("curl -s http://h/x | grep -q ok", http(), "test-left-out"),
        ("docker compose logs a | grep -i error", logs(), "filter-left-out"),
        ("docker compose ps | less", StepKind::Inspect { services: vec![] }, "filter-left-out"),
    ] {
        let meaning = read(line);
        assert_eq!((&meaning.kind, codes(&meaning)), (&kind, vec![code]), "{line}");
    }
    for line in [
        "curl -X POST http://h/x | jq .",
        "docker compose restart a | cat",
        "docker compose exec db psql -c 'DELETE FROM t' | cat",
        "cat dump.sql | docker compose exec -T db psql -U u",
        "curl http://h/x | tee file",
        "curl http://h/x | grep a > file",
        "./x.sh | grep ok",
    ] {
        assert_eq!(read(line).kind, StepKind::Shell {}, "{line}");
    }
    let wait = read("watch -n 5 'curl -s http://h/m | jq .node.height'");
    assert!(
        matches!(&wait.kind, StepKind::WaitUntil { probe: Probe::HttpNumber { filter: Some(f), .. }, .. } if f == "\"height\"")
    );
    assert!(matches!(read("watch 'curl http://h/m | grep x | tail -1'").kind, StepKind::WaitUntil { .. }));
    assert!(matches!(read("watch 'curl http://h/m | jq length'").kind, StepKind::Shell {}));
}

#[test]
fn a_directory_counts_for_scripts_and_archives_only() {
    let within = |line: &str| {
        interpret(&shell::parse(line).unwrap()[0].shape, Around { timeout_seconds: None, directory: Some("/opt/app/") })
            .kind
    };
    let script = |path: &str, args: &[&str]| StepKind::Script { path: path.into(), args: names(args) };
    let extract = |archive: &str, into: &str| StepKind::Extract { archive: archive.into(), into: Some(into.into()) };
    for (line, kind) in [
        ("./x.sh", script("/opt/app/x.sh", &[])),
        ("./x.sh validator1 --all /var/a.sql", script("/opt/app/x.sh", &["validator1", "--all", "/var/a.sql"])),
        ("/usr/y.sh --url=http://h/a", script("/usr/y.sh", &["--url=http://h/a"])),
        ("./x.sh latest.sql", StepKind::Shell {}),
        ("./x.sh --from=dumps/latest", StepKind::Shell {}),
        ("tar -xzf a.tgz", extract("/opt/app/a.tgz", "/opt/app/")),
        ("tar -xzf /b/a.tgz -C conf", extract("/b/a.tgz", "/opt/app/conf")),
        ("docker compose up -d", StepKind::Up { services: vec![] }),
    ] {
        assert_eq!(within(line), kind, "{line}");
    }
    let changed = |line: &str, before| super::changed_directory(&shell::parse(line).unwrap()[0].shape, before);
    assert_eq!(changed("cd /opt", None).as_deref(), Some("/opt"));
    assert_eq!(changed("cd a/b", Some("/opt")).as_deref(), Some("/opt/a/b"));
    for line in ["cd", "cd -", "cd ~", "cd $X", "cd a b", "ls /"] {
        assert_eq!(changed(line, None), None, "{line}");
    }
}

#[test]
fn everything_else_is_a_shell_line_with_its_reason() {
    for (line, reason) in [
        ("rm -rf /", "\"rm\" is not among"),
        ("$CMD x", "only known while"),
        ("docker-compose restart $NODE", "variables"),
        ("docker-compose restart \"$(cat f)\"", "variables"),
        ("docker-compose -p other stop", "-p is not known"),
        ("docker-compose rm -sf", "rm is not among"),
        ("docker-compose stop 'a;b'", "cannot be the name"),
        ("docker-compose", "lacks its command"),
        ("docker-compose exec -u root a ls", "-u is not known"),
        ("docker-compose exec a", "no command"),
        ("docker-compose down a", "stop SERVICE"),
        ("docker restart web", "docker compose restart SERVICE"),
        ("docker volume rm $(docker volume ls -q -f dangling=true)", "output of another"),
        ("docker volume rm", "names no volume"),
        ("docker system prune -af", "system is not among"),
        ("curl -d x http://h", "-d is not known"),
        ("curl ftp://h", "not a plain http"),
        ("curl http://a http://b", "exactly one"),
        ("curl http://h > file", "redirects"),
        ("curl http://h | sh", "pipes"),
        ("watch 'curl http://h | grep -i x'", "-i is not known"),
        ("watch -n x curl h", "not a number"),
        ("watch watch watch curl h", "no condition"),
        ("watch 'rm x'", "no condition"),
        ("tar -czf a.tgz d", "-c is not known"),
        ("tar -xzf a.tgz one", "only some members"),
        ("./x.sh $HOME", "variables"),
        ("A=1 ./x.sh", "sets variables"),
        ("psql -c 'SELECT 1'", "docker compose exec SERVICE psql"),
        ("a || b", "line of its own"),
    ] {
        let meaning = read(line);
        assert_eq!(meaning.kind, StepKind::Shell {}, "{line}");
        assert!(meaning.remarks[0].message.contains(reason), "{line}: {}", meaning.remarks[0].message);
    }
}
