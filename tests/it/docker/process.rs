//! The worker as the program that is shipped, in a process of its own that can be killed, stopped and continued.

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use uuid::Uuid;

pub(super) const SOCKET: &str = "unix:///var/run/docker.sock";

pub(super) struct WorkerProcess {
    child: Child,
    directory: PathBuf,
}

/// Where the programs are: as the test command says, else where this test was built.
pub(super) fn program(name: &str) -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    let path = std::env::var_os("MUSTER_BIN_DIR").map_or_else(beside, PathBuf::from).join(name);
    assert!(path.is_file(), "{} is not built: cargo build -p server -p worker", path.display());
    path
}

impl WorkerProcess {
    pub(super) fn start(database_url: &str, project: &str, docker_host: &str) -> Self {
        Self::start_with(database_url, project, docker_host, &[])
    }

    /// With more of its own configuration.
    pub(super) fn start_with(database_url: &str, project: &str, docker_host: &str, more: &[(&str, &str)]) -> Self {
        let directory = std::env::temp_dir().join(format!("muster-worker-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).unwrap();
        let log = File::create(directory.join("log")).unwrap();
        let child = Command::new(program("muster-worker"))
            .arg("run")
            .current_dir(&directory)
            .env("DATABASE_URL", database_url)
            .env("DOCKER_HOST", docker_host)
            .env("MUSTER_WORKER_PROJECTS", project)
            .envs(more.iter().copied())
            .env("MUSTER_DATA_DIR", &directory)
            .env_remove("MUSTER_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, directory }
    }

    /// SIGKILL: it writes nothing more and says goodbye to nobody.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP: it stands still in the middle of whatever it does.
    pub(super) fn stop(&self) {
        self.signal("-STOP");
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.state() != Some('T') {
            assert!(Instant::now() < deadline, "it did not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(super) fn go_on(&self) {
        self.signal("-CONT");
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the worker said:\n{}", self.log());
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
