//! Real programs: their lines, their ends, and that nothing of them is left.

use tokio::sync::mpsc;

use super::*;
use crate::host::LogLine;

fn program(script: &str, limit: Duration, marks: &[(&str, &str)]) -> Program {
    let mut environment: BTreeMap<String, String> =
        marks.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    environment.insert("PATH".into(), "/usr/bin:/bin".into());
    let argv = ["sh", "-c", script].map(OsString::from).to_vec();
    Program { argv, environment, directory: "/".into(), limit, cancelled: CancellationToken::new() }
}

async fn ran(program: Program) -> (Result<Ended, String>, Vec<(bool, String)>) {
    let (to, mut from) = mpsc::channel::<Vec<LogLine>>(1);
    let listening = async {
        let mut all = vec![];
        while let Some(lines) = from.recv().await {
            all.extend(lines.into_iter().map(|line| (line.from_stderr, line.text)));
        }
        all
    };
    tokio::join!(run(program, to), listening)
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn lines_and_exit_code_arrive_and_nothing_else_is_known_to_it() {
    let (ended, lines) = ran(program("echo $A $HOME; echo bad >&2; printf rest; exit 3", LONG, &[("A", "x y")])).await;
    assert_eq!(ended, Ok(Ended::Code(3)));
    let out: Vec<_> = lines.iter().filter(|(e, _)| !e).map(|(_, t)| t.as_str()).collect();
    assert_eq!(out, ["x y", "rest"]);
    assert!(lines.contains(&(true, "bad".into())));
    let (ended, _) = ran(program("kill -9 $$", LONG, &[])).await;
    assert_eq!(ended, Ok(Ended::Signal(9)));
    let missing = Program { argv: vec!["/nowhere/x".into()], ..program("", LONG, &[]) };
    assert!(ran(missing).await.0.unwrap_err().contains("/nowhere/x could not be started"));
}

#[tokio::test]
async fn at_the_timeout_the_whole_group_ends() {
    let script = "sh -c 'echo $$; sleep 300' & sh -c 'echo $$; sleep 300' & wait";
    let (ended, lines) = ran(program(script, Duration::from_millis(500), &[])).await;
    assert_eq!(ended, Ok(Ended::TimedOut { killed: false }));
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|(_, pid)| !alive(pid)), "{lines:?}");
}

#[tokio::test]
async fn what_a_program_leaves_behind_is_ended_with_it() {
    let begun = Instant::now();
    let (ended, lines) = ran(program("sleep 300 & echo $!", LONG, &[])).await;
    assert_eq!(ended, Ok(Ended::Code(0)));
    assert!(!alive(&lines[0].1) && begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn leftovers_are_found_by_all_their_marks_and_ended() {
    let mark = format!("leftover-{}", uuid::Uuid::new_v4());
    let environment = [("PATH", "/usr/bin:/bin"), ("MUSTER_RUN", &mark), ("MUSTER_STEP", "1")];
    let start = || {
        let mut command = Command::new("sleep");
        command.arg("300").env_clear().envs(environment).process_group(0).kill_on_drop(true).spawn().unwrap()
    };
    let (mut one, other) = (start(), Command::new("sleep").arg("300").kill_on_drop(true).spawn().unwrap());
    let marks = [format!("MUSTER_RUN={mark}"), "MUSTER_STEP=1".into()];
    let wrong = [format!("MUSTER_RUN={mark}"), "MUSTER_STEP=2".into()];
    assert_eq!(leftovers::end(&wrong).await, (vec![], true));
    // Its parent, this test, buries it.
    let (ended, waited) = tokio::join!(leftovers::end(&marks), one.wait());
    assert!(ended.1 && ended.0.len() == 1 && ended.0[0].name == "sleep", "{ended:?}");
    assert!(!waited.unwrap().success());
    assert!(alive(&other.id().unwrap().to_string()));
    assert_eq!(leftovers::end(&[]).await, (vec![], true));
}
