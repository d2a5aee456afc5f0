//! What each known line means, and that everything else is a shell line with a reason. Tests only.

use super::{Meaning, interpret};
use crate::plan::model::{Condition, Probe, StepKind, VolumeSelection};
use crate::plan::shell;

fn read(line: &str) -> Meaning {
    interpret(&shell::parse(line).unwrap()[0].shape, None)
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
    assert_eq!(interpret(shape, Some(60)).kind, wait(Some("height"), Condition::Grows, 2, 60));
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
        ("a && b", "line of its own"),
    ] {
        let meaning = read(line);
        assert_eq!(meaning.kind, StepKind::Shell {}, "{line}");
        assert!(meaning.remarks[0].message.contains(reason), "{line}: {}", meaning.remarks[0].message);
    }
}
