//! `cargo xtask bench`: puts together what the measurements need and runs them, optimised. What is measured stands in the tests crate.

use std::{fs, process::Command};

use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;

use crate::{
    build, command, demo,
    docker::Engine,
    progress,
    project::Project,
    setup::{self, Need},
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    only: Option<Only>,
}

#[derive(Subcommand)]
enum Only {
    /// Recovery runs on SIMULATED hosts whose workers die where seeded dice say; fails if anything is lost, doubled or skipped.
    Crash {
        #[arg(long, default_value_t = 1000)]
        runs: u32,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Claims per second against a bare `SKIP LOCKED` queue.
    Claims,
    /// Only these parts: compile, audit, claims, restart, output, visitors, streams, first-view, history, sign-in, storm, monitors.
    Parts { names: Vec<String> },
}

/// # Errors
/// If something is missing or a measurement could not be made; a missed goal is no error, the table says so. Crash runs fail
/// if anything was lost.
pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    // Everything at once: built one by one, packages would be built again for each other's features.
    progress::step("building the programs and the bench, optimised", || {
        command::run(&mut project.cargo(&["build", "--release", "--workspace", "--exclude", "web", "--bins"]))
    })?;
    let mut bench = Command::new(project.target.join("release/bench"));
    bench.current_dir(&project.root);
    match &arguments.only {
        None => everything(project, bench),
        Some(Only::Parts { names }) => {
            let mut bench = bench;
            bench.arg("parts").args(names);
            everything(project, bench)
        }
        Some(Only::Crash { runs, seed }) => {
            setup::needs(&[Need::PostgresPrograms])?;
            // Crashes, not disks: in memory if there is some.
            let memory = std::path::PathBuf::from("/dev/shm");
            let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
            let (runs, seed) = (runs.to_string(), seed.to_string());
            let mut bench = bench;
            bench.args(["crash", "--runs", &runs, "--seed", &seed]);
            with_database(root, bench, "something was lost, doubled or skipped; see above")
        }
        Some(Only::Claims) => {
            setup::needs(&[Need::PostgresPrograms])?;
            let mut bench = bench;
            bench.args(["parts", "claims"]).env("MUSTER_TEST_DURABLE", "1");
            with_database(std::env::temp_dir(), bench, "the measurements did not run to their end; see above")
        }
    }
}

fn everything(project: &Project, mut bench: Command) -> Result<()> {
    setup::targets(&[setup::WASM, &setup::musl()])?;
    setup::needs(&[Need::PostgresPrograms, Need::Docker, Need::Chromium, Need::Nginx])?;
    let chromium = setup::chromium().context("Chromium is not installed: sudo apt-get install chromium")?;
    let assets = build::assets(project)?;
    fs::create_dir_all(project.target.join("xtask"))?;
    let engine = Engine::ensure(&project.target.join("xtask/dockerd.log"))?;
    let images = build::testnet_images(project)?;
    // On disk and durable: commits must cost what they cost.
    bench
        .env("MUSTER_ASSETS_DIR", assets)
        .env("MUSTER_BIN_DIR", project.target.join("release"))
        .env("MUSTER_TEST_DURABLE", "1")
        .envs(images.variables())
        .env("CHROMIUM", chromium);
    let done = with_database(std::env::temp_dir(), bench, "the measurements did not run to their end; see above");
    engine.stop();
    done
}

/// With a Postgres of its own below `root`, which is gone afterwards.
fn with_database(root: std::path::PathBuf, mut bench: Command, otherwise: &str) -> Result<()> {
    let database = root.join(format!("muster-bench-{}", std::process::id()));
    fs::create_dir_all(&database)?;
    let done = command::stream(bench.env("MUSTER_TEST_DATABASE_DIR", &database));
    demo::stop_database(&database);
    // Left files in the temporary directory are no failure of a measurement.
    let _ = fs::remove_dir_all(&database);
    ensure!(done?.0, "{otherwise}");
    Ok(())
}
