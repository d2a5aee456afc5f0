//! `cargo xtask bench`: puts together what the measurements need and runs them, optimised. What is measured stands in the tests crate.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::{
    build, command, demo,
    docker::Engine,
    progress,
    project::Project,
    setup::{self, Need},
};

/// # Errors
/// If something is missing or a measurement could not be made; a missed goal is no error, the table says so.
pub(crate) fn run(project: &Project) -> Result<()> {
    setup::targets(&[setup::WASM, &setup::musl()])?;
    setup::needs(&[Need::PostgresPrograms, Need::Docker, Need::Chromium])?;
    let chromium = setup::chromium().context("Chromium is not installed: sudo apt-get install chromium")?;
    let assets = build::assets(project)?;
    progress::step("building the server and the worker, optimised", || {
        command::run(&mut project.cargo(&["build", "--release", "--package", "server", "--package", "worker"]))
    })?;
    fs::create_dir_all(project.target.join("xtask"))?;
    let engine = Engine::ensure(&project.target.join("xtask/dockerd.log"))?;
    let images = build::testnet_images(project)?;
    // On disk and durable: commits must cost what they cost.
    let database = std::env::temp_dir().join(format!("muster-bench-{}", std::process::id()));
    fs::create_dir_all(&database)?;
    let mut bench = project.cargo(&["run", "--release", "--package", "tests", "--bin", "bench"]);
    bench
        .env("MUSTER_ASSETS_DIR", assets)
        .env("MUSTER_BIN_DIR", project.target.join("release"))
        .env("MUSTER_TEST_DATABASE_DIR", &database)
        .env("MUSTER_TEST_DURABLE", "1")
        .envs(images.variables())
        .env("CHROMIUM", chromium);
    let measured = command::stream(&mut bench);
    demo::stop_database(&database);
    // Left files in the temporary directory are no failure of a measurement.
    let _ = fs::remove_dir_all(&database);
    engine.stop();
    ensure!(measured?.0, "the measurements did not run to their end; see above");
    Ok(())
}
