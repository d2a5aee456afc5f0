//! The canary: a value that is set, used and printed in every way, then looked for in everything that leaves Muster.

use std::{
    fs,
    io::{Read as _, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use shared::domain::run::{Answer, RunState};
use tests::{events::Events, programs::Terminal};

use super::{PROJECT, Stage};

const CANARY: &str = "c4nary-of-the-Mine/7+42";
const SECOND_LINE: &str = "the-second-line-of-it";

/// Prints it plainly, in pieces, encoded, on both streams, over the edge of a long line; fails with it as its last words.
const SHOW: &str = r#"
if [ -z "$1" ]; then echo "all fine with ${DB_PASSWORD%%$'\n'*}"; exit 0; fi
one="${DB_PASSWORD%%$'\n'*}"
echo "plain: $DB_PASSWORD"
printf '%s' "$one" | base64 -w0; echo
printf 'ada:%s' "$one" | base64 -w0; echo
printf '%s' "$one" | od -An -tx1 | tr -d ' \n'; echo
printf '{"password": "%s"}\n' "$one" >&2
url="${one//\//%2F}"; echo "url: ${url//+/%2B}"
printf '%s' "${one:0:9}"; sleep 0.3; printf '%s\n' "${one:9}"
for n in 16360 16370 16380; do head -c $n /dev/zero | tr '\0' x; echo "$one"; done
set -x; true "$one"; set +x
env
echo "last words: $one"
exit 3
"#;

/// What is written to it is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that must not be found.
fn needles() -> Vec<String> {
    let encoded = STANDARD.encode(CANARY);
    let with_user = STANDARD.encode(format!("ada:{CANARY}"));
    vec![
        CANARY.into(),
        CANARY[..16].into(),
        CANARY[8..].into(),
        SECOND_LINE.into(),
        encoded.trim_end_matches('=').into(),
        encoded[4..24].into(),
        with_user[8..28].into(),
        CANARY.bytes().map(|byte| format!("{byte:02x}")).collect(),
        "c4nary-of-the-Mine%2F7%2B42".into(),
    ]
}

#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for needle in needles() {
        if let Some(at) = text.find(&needle) {
            let around: String = text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{what} holds \"{needle}\" after: {around}");
        }
    }
}

fn postgres(program: &str) -> PathBuf {
    let mut all: Vec<_> =
        fs::read_dir("/usr/lib/postgresql").unwrap().map(|v| v.unwrap().path().join("bin").join(program)).collect();
    all.sort();
    all.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_found_in_nothing_that_leaves() {
    let kept = Kept::default();
    let writer = kept.clone();
    // Both programs run in this process; their own limits would show less.
    let logging = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(logging.finish()).unwrap();
    let stage = Stage::set(SHOW).await;
    let mut events = Events::open(&stage.administrator.http, None).await.unwrap();
    stage.secret(&format!("{CANARY}\n{SECOND_LINE}\n")).await;
    let _worker = stage.worker();
    let run = stage.requested().await;
    stage.scene.consent(&run).await.unwrap();
    let asking = stage.scene.until(run.number, RunState::Asking).await.unwrap();
    stage.scene.answer(&asking, Answer::Stop { reason: "enough is seen".into() }).await.unwrap();
    let ended = stage.scene.until(run.number, RunState::Stopped).await.unwrap();

    // It was printed, or nothing is proven.
    let printed = stage.output(&ended).await;
    for said in [
        "plain: [secret DB_PASSWORD]",
        "\"password\": \"[secret DB_PASSWORD]\"",
        "url: [secret DB_PASSWORD]",
        "DB_PASSWORD=[secret DB_PASSWORD]",
        "x[secret DB_PASSWORD]",
    ] {
        assert!(printed.contains(said), "{said}: {printed}");
    }
    assert!(printed.matches("[secret DB_PASSWORD]").count() >= 12, "{printed}");
    clean("the output", printed.as_bytes());

    let incident = stage.scene.operator.api.run(run.number).await.unwrap().incident;
    stage.administrator.api.draft_report(incident).await.unwrap();
    let number = |path: &str| if path.contains("/runs/") { run.number } else { incident };
    let mut answered = 0;
    for operation in server::openapi::api().operations.iter().filter(|operation| operation.method == http::Method::GET)
    {
        let path = operation.path;
        if path == "/api/v1/events" {
            continue;
        }
        let address = path
            .replace("/versions/{number}", "/versions/1")
            .replace("{number}", &number(path).to_string())
            .replace("{slug}", PROJECT)
            .replace("{id}", &stage.administrator.id.to_string())
            + if path.ends_with("/search") { "?q=secret" } else { "" };
        let (status, text) = stage.administrator.http.page(&address).await.unwrap();
        answered += usize::from(status.is_success());
        clean(&format!("GET {address} ({status})"), text.as_bytes());
    }
    assert!(answered > 20, "{answered} answers");
    for page in ["/", "/history", &format!("/incidents/{incident}")] {
        let (_, text) = stage.administrator.http.page(page).await.unwrap();
        clean(page, text.as_bytes());
    }
    let mut heard = String::new();
    while let Ok(Ok(event)) = tokio::time::timeout(std::time::Duration::from_secs(1), events.next()).await {
        heard += &event.data;
    }
    assert!(heard.contains("[secret DB_PASSWORD]"), "{heard}");
    clean("the events", heard.as_bytes());

    let place = stage.scene.muster.scratch.path().to_owned();
    let url = &stage.scene.muster.database.url;
    let dump = Command::new(postgres("pg_dump")).arg(url).output().unwrap();
    assert!(dump.status.success() && dump.stdout.windows(10).any(|part| part == b"DB_PASSWOR"));
    clean("the database", &dump.stdout);
    let terminal = Terminal::open().unwrap().with("DATABASE_URL", url).with("MUSTER_DATA_DIR", &place);
    let file = place.join("muster.backup");
    let said = terminal.muster(&["backup", file.to_str().unwrap()]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    clean("the backup", &unpacked(&file));
    for (what, arguments) in [("audit export", &["audit", "export"][..]), ("audit verify", &["audit", "verify"])] {
        let said = terminal.muster(arguments).unwrap();
        clean(what, (said.out + &said.err).as_bytes());
    }
    let logged = kept.0.lock().unwrap().clone();
    assert!(logged.windows(10).any(|part| part == b"step ended"), "the worker's log is there");
    clean("the logs", &logged);
}

/// The members of a backup, its dump as text.
fn unpacked(file: &Path) -> Vec<u8> {
    let mut all = vec![];
    flate2::read::GzDecoder::new(fs::File::open(file).unwrap()).read_to_end(&mut all).unwrap();
    let dump = file.with_extension("dump");
    let tar = Command::new("tar").arg("-xzOf").arg(file).arg("database.dump").output().unwrap();
    assert!(tar.status.success(), "{tar:?}");
    fs::write(&dump, tar.stdout).unwrap();
    let text = Command::new(postgres("pg_restore")).args(["-f", "-"]).arg(&dump).output().unwrap();
    assert!(text.status.success() && text.stdout.len() > 1000, "{:?}", String::from_utf8_lossy(&text.stderr));
    all.extend(text.stdout);
    all
}
