//! The real programs as somebody at a terminal runs them: arguments and input in; exit code, output and messages out. Their
//! environment holds nothing but what the test gives.

use std::{
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};
use uuid::Uuid;

/// A directory of one's own; gone when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("muster-test-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// # Errors
    /// If it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.0.join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is in the directory for temporary things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A terminal: where programs run and which variables they see.
pub struct Terminal {
    pub scratch: Scratch,
    variables: Vec<(String, OsString)>,
}

impl Terminal {
    /// # Errors
    /// If there is no directory for temporary things.
    pub fn open() -> Result<Self> {
        let scratch = Scratch::new()?;
        let home = scratch.path().as_os_str().to_owned();
        Ok(Self { scratch, variables: vec![("HOME".into(), home)] })
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// # Errors
    /// If the program is not built.
    pub fn muster(&self, arguments: &[&str]) -> Result<Said> {
        self.run("muster", arguments, "")
    }

    /// Starts it in the background.
    ///
    /// # Errors
    /// If the program is not built.
    pub fn spawn(&self, program: &str, arguments: &[&str]) -> Result<Running> {
        let log = self.scratch.path().join(format!("{}.log", Uuid::new_v4().simple()));
        let child = Command::new(directory()?.join(program))
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.scratch.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        Ok(Running { child, log })
    }

    /// # Errors
    /// If the program is not built.
    pub fn run(&self, program: &str, arguments: &[&str], input: &str) -> Result<Said> {
        let path = directory()?.join(program);
        let mut child = Command::new(&path)
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("{} cannot be started; build it with `cargo build -p server -p worker`", path.display())
            })?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input may be gone already.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) })
    }
}

/// A program in the background; ended when dropped.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    /// If it cannot be asked, or ends badly.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "it ended with {status}: {}", self.log());
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the programs are: as the test command says, else beside the tests.
fn directory() -> Result<PathBuf> {
    if let Some(directory) = std::env::var_os("MUSTER_BIN_DIR") {
        return Ok(directory.into());
    }
    let tests = std::env::current_exe()?;
    tests.ancestors().nth(2).map(Path::to_owned).context("the tests are not in a target directory")
}
