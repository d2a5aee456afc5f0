//! `psql` in a container: asked for an answer, or given a file. Knows nothing of backups.

use shared::domain::verification::Database;
use tokio::sync::mpsc;

use crate::host::{ContainerHost, LogLine};

/// More is no answer that anybody compares.
const MOST_LINES: usize = 2_000;
/// For one question on a big table; the trial has an end of its own.
const SECONDS: u32 = 300;
/// Kept of one line that a tool said.
const LINE: usize = 300;

/// What a program said, each way.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) out: Vec<String>,
    pub(super) err: Vec<String>,
}

impl Said {
    /// The line that says what went wrong.
    pub(super) fn complaint(&self) -> Option<&str> {
        let loud = |line: &&String| ["ERROR", "FATAL", "PANIC", "error:"].iter().any(|word| line.contains(word));
        self.err.iter().find(loud).or(self.err.first()).map(String::as_str)
    }
}

pub(super) async fn run(host: &dyn ContainerHost, id: &str, argv: &[String]) -> Result<(i64, Said), String> {
    let (to, mut from) = mpsc::channel::<Vec<LogLine>>(8);
    let listening = async {
        let mut said = Said::default();
        while let Some(lines) = from.recv().await {
            for line in lines {
                let list = if line.from_stderr { &mut said.err } else { &mut said.out };
                if list.len() < MOST_LINES {
                    list.push(plain(&line.text));
                }
            }
        }
        said
    };
    let (ended, said) = tokio::join!(host.exec(id, argv, to), listening);
    Ok((ended.map_err(|e| e.to_string())?, said))
}

/// As it can be kept and shown.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LINE).collect()
}

/// Where a database is asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) container: String,
    /// How `psql` finds it.
    pub(super) options: Vec<String>,
    pub(super) whose: &'static str,
}

impl Asked {
    pub(super) fn production(container: String, database: &Database) -> Self {
        let mut options = vec![];
        for (option, value) in [("-U", &database.user), ("-d", &database.database)] {
            options.extend(value.iter().flat_map(|value| [option.to_owned(), value.as_str().to_owned()]));
        }
        Self { container, options, whose: "production" }
    }

    /// Its answer, line by line with `|` between columns. Asked in a read-only transaction.
    pub(super) async fn ask(&self, host: &dyn ContainerHost, query: &str) -> Result<Vec<String>, String> {
        let limit = format!("SET statement_timeout = '{SECONDS}s'");
        let read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
        let mut argv: Vec<String> =
            ["psql", "-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"].map(str::to_owned).to_vec();
        argv.extend(self.options.iter().cloned());
        argv.extend(["-c", read_only, "-c", &limit, "-c", query].map(str::to_owned));
        let (code, said) = run(host, &self.container, &argv).await?;
        match code {
            0 => Ok(said.out),
            code => Err(said.complaint().map_or_else(|| format!("psql ended with exit code {code}"), str::to_owned)),
        }
    }

    /// The first field of its answer.
    pub(super) async fn first(&self, host: &dyn ContainerHost, query: &str) -> Result<String, String> {
        let lines = self.ask(host, query).await?;
        let first = lines.first().and_then(|line| line.split('|').next()).map(str::trim).unwrap_or_default();
        if first.is_empty() { Err("it answers with nothing".into()) } else { Ok(first.to_owned()) }
    }
}
