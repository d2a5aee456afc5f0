//! The private Postgres against the real programs. Needs them installed; never uses a running server of the machine.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

/// A directory on a memory file system (where there is one) that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let shm = Path::new("/dev/shm");
        Self::below(if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() })
    }

    fn below(root: PathBuf) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path =
            root.join(format!("muster-embedded-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn cluster(data: &Path) -> PathBuf {
    data.join("postgres/cluster")
}

fn pid(data: &Path) -> String {
    fs::read_to_string(cluster(data).join("postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

async fn write_one(url: &str) {
    let mut connection = running::answers(url).await.unwrap();
    sqlx::query("CREATE TABLE kept (n int)").execute(&mut connection).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES (7)").execute(&mut connection).await.unwrap();
}

async fn read_one(url: &str) -> i32 {
    let mut connection = running::answers(url).await.unwrap();
    sqlx::query_scalar("SELECT n FROM kept").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_restart_keeps_the_data_and_the_secrets_stay_secret() {
    let data = Scratch::new();
    let first = start(&data.0).await.unwrap();
    assert!(first.is_ours());
    write_one(first.url()).await;

    let url = first.url().to_owned();
    assert_eq!(read_url(&data.0).unwrap().as_deref(), Some(url.as_str()));
    assert_eq!(mode(&url_file(&data.0)), 0o600);
    assert_eq!(mode(&data.0.join("database.password")), 0o600);
    assert_eq!(mode(&cluster(&data.0)), 0o700);
    assert_eq!(mode(&data.0.join("postgres/run")), 0o700);
    assert!(!cluster(&data.0).with_extension("password").exists());

    let mut connection = running::answers(&url).await.unwrap();
    for (setting, expected) in [("fsync", "on"), ("listen_addresses", ""), ("password_encryption", "scram-sha-256")] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut connection).await.unwrap();
        assert_eq!(value, expected, "{setting}");
    }
    drop(connection);

    first.stop().await.unwrap();
    assert!(running::answers(&url).await.is_err(), "stopped means stopped");
    assert!(!cluster(&data.0).join("postmaster.pid").exists());

    let second = start(&data.0).await.unwrap();
    assert_eq!(second.url(), url);
    assert_eq!(read_one(second.url()).await, 7);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn each_program_has_a_login_of_its_own_that_owns_nothing() {
    let data = Scratch::new();
    let server = start(&data.0).await.unwrap();
    let worker_url = read_url_of(&data.0, Program::Worker).unwrap().unwrap();
    assert_ne!(server.server_url(), server.url());
    for (program, url) in [(Program::Server, server.server_url()), (Program::Worker, &worker_url)] {
        assert_eq!(mode(&url_file_of(&data.0, program)), 0o600);
        let mut connection = running::answers(url).await.unwrap();
        let (name, powers): (String, bool) = sqlx::query_as(
            "SELECT session_user::text, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
             FROM pg_roles WHERE rolname = session_user",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!((name.as_str(), powers), (program.role(), false));
        let refused = sqlx::query("CREATE DATABASE another").execute(&mut connection).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    }
    // A password that is lost is made anew: the owner's is what counts.
    server.stop().await.unwrap();
    for name in ["database.server.password", "database.worker.password"] {
        assert_eq!(mode(&data.0.join(name)), 0o600);
        fs::remove_file(data.0.join(name)).unwrap();
    }
    let again = start(&data.0).await.unwrap();
    assert!(running::answers(again.server_url()).await.is_ok() && running::answers(&worker_url).await.is_err());
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused_even_on_the_socket() {
    let data = Scratch::new();
    let server = start(&data.0).await.unwrap();
    let password = fs::read_to_string(data.0.join("database.password")).unwrap();
    let wrong = server.url().replace(password.trim(), "guessed");
    assert!(running::answers(&wrong).await.is_err());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_orphan_is_adopted_and_then_stopped_with_its_new_parent() {
    let data = Scratch::new();
    let keep = Options { keep_running: true, ..Options::default() };
    let orphaned = start_with(&data.0, &keep).await.unwrap();
    write_one(orphaned.url()).await;
    let before = pid(&data.0);
    drop(orphaned);

    let adopted = start(&data.0).await.unwrap();
    assert!(adopted.is_ours());
    assert_eq!(pid(&data.0), before, "the same server");
    assert_eq!(read_one(adopted.url()).await, 7);
    adopted.stop().await.unwrap();
    assert!(!cluster(&data.0).join("postmaster.pid").exists());
}

#[tokio::test]
async fn a_second_program_shares_and_does_not_stop_what_is_not_its_own() {
    let data = Scratch::new();
    let owner = start(&data.0).await.unwrap();
    let guest = start(&data.0).await.unwrap();
    assert!(!guest.is_ours());
    assert_eq!(guest.url(), owner.url());
    guest.stop().await.unwrap();
    running::answers(owner.url()).await.unwrap();
    owner.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_it_stops_it_and_leaves_a_directory_that_starts_again() {
    let data = Scratch::new();
    let server = start(&data.0).await.unwrap();
    let url = server.url().to_owned();
    drop(server);
    assert!(running::answers(&url).await.is_err());
    start(&data.0).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_and_a_number_somebody_else_got_do_not_stop_a_start() {
    let data = Scratch::new();
    let server = start(&data.0).await.unwrap();
    write_one(server.url()).await;
    let raw: i32 = pid(&data.0).parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(raw), nix::sys::signal::Signal::SIGKILL).unwrap();
    drop(server);

    // The number now belongs to a living process that is not Postgres: this test.
    let file = cluster(&data.0).join("postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen(&raw.to_string(), &std::process::id().to_string(), 1)).unwrap();

    let again = start(&data.0).await.unwrap();
    assert_eq!(read_one(again.url()).await, 7);
    again.stop().await.unwrap();
}

#[tokio::test]
async fn another_version_and_a_strange_directory_are_refused_untouched() {
    let data = Scratch::new();
    start(&data.0).await.unwrap().stop().await.unwrap();
    let version = cluster(&data.0).join("PG_VERSION");
    let real = fs::read_to_string(&version).unwrap();
    fs::write(&version, "9.6\n").unwrap();
    assert!(matches!(start(&data.0).await, Err(EmbeddedError::OtherVersion { data: 9, .. })));
    fs::write(&version, real).unwrap();
    start(&data.0).await.unwrap().stop().await.unwrap();

    fs::rename(data.0.join("database.password"), data.0.join("elsewhere")).unwrap();
    assert!(matches!(start(&data.0).await, Err(EmbeddedError::PasswordLost { .. })));
    fs::write(data.0.join("database.password"), "not the one").unwrap();
    assert!(matches!(start(&data.0).await, Err(EmbeddedError::PasswordRefused { .. })));

    let strange = Scratch::new();
    fs::create_dir_all(cluster(&strange.0)).unwrap();
    assert!(matches!(start(&strange.0).await, Err(EmbeddedError::NotACluster { .. })));
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let data = Scratch::new();
    let deep = data.0.join("a".repeat(60)).join("b c%d".repeat(10));
    let server = start_with(&deep, &Options { keep_running: false, ..Options::for_tests() }).await.unwrap();
    write_one(server.url()).await;
    assert!(!deep.join("postgres/run").exists());
    let short = server.url().split("muster-").nth(1).and_then(|rest| rest.split(':').next()).unwrap().to_owned();
    server.stop().await.unwrap();
    fs::remove_dir(std::env::temp_dir().join(format!("muster-{short}"))).unwrap();
}

#[tokio::test]
async fn a_directory_the_account_may_not_enter_is_named() {
    if !nix::unistd::Uid::effective().is_root() {
        return; // An ordinary user runs Postgres as itself: there is no other account to be locked out.
    }
    let data = Scratch::new();
    let closed = data.0.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let error = start(&closed.join("muster")).await.unwrap_err();
    assert!(matches!(&error, EmbeddedError::MayNotEnter { directory, .. } if *directory == closed), "{error}");
    assert!(!cluster(&closed.join("muster")).exists());
}

#[tokio::test]
async fn a_directory_that_was_made_and_not_given_away_yet_is_used_and_an_open_one_is_not() {
    let data = Scratch::new();
    let (room, run) = (data.0.join("postgres"), data.0.join("postgres/run"));
    fs::create_dir(&room).unwrap();
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o750)).unwrap();
    let error = start(&data.0).await.unwrap_err().to_string();
    assert!(error.contains("not a private directory"), "{error}");

    // As another program that is just starting leaves it for a moment, or one that was killed for good.
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
    start(&data.0).await.unwrap().stop().await.unwrap();
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    assert_eq!(owner(&run), owner(&cluster(&data.0)));
}

/// The road of an ordinary user. As root this test runs itself again as `nobody`.
#[test]
fn an_ordinary_user_runs_it_as_itself() {
    const AGAIN: &str = "embedded::tests::a_restart_keeps_the_data_and_the_secrets_stay_secret";
    let Some(nobody) =
        nix::unistd::Uid::effective().is_root().then(|| nix::unistd::User::from_name("nobody").unwrap().unwrap())
    else {
        return; // Every other test here has just proven it.
    };
    // The test program may lie where nobody may go: give it a copy. (A memory file system may refuse to run programs.)
    let scratch = Scratch::below(std::env::temp_dir());
    let copy = scratch.0.join("tests");
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    chown(&scratch.0, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).unwrap();
    let output = std::process::Command::new(&copy)
        .args([AGAIN, "--exact", "--nocapture"])
        .current_dir("/")
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
