//! Builds the parts: programs, console, node, images. Starts none of them.

use std::path::PathBuf;

use anyhow::Result;

use crate::{command, docker, progress, project::Project, setup, web};

/// The server and the worker, as `cargo build` makes them.
pub(crate) fn programs(project: &Project) -> Result<PathBuf> {
    progress::step("building the server and the worker", || {
        command::run(&mut project.cargo(&["build", "--package", "server", "--package", "worker"]))
    })?;
    Ok(project.programs())
}

/// The same, and what tests them, in one go: asked for one by one, cargo would switch on other features of what both are made of, and build that twice.
pub(crate) fn programs_and_tests(project: &Project) -> Result<PathBuf> {
    progress::step("building the server, the worker and the tests", || {
        command::run(&mut project.cargo(&["build", "--workspace", "--exclude", "web", "--bins", "--tests"]))
    })?;
    Ok(project.programs())
}

/// The console, the styles and their manifest.
pub(crate) fn assets(project: &Project) -> Result<PathBuf> {
    setup::targets(&[setup::WASM])?;
    progress::step("building the console", || web::build(project, web::Profile::Release))
}

/// Names of the images the testnet runs on.
pub(crate) struct TestnetImages {
    pub(crate) node: String,
    pub(crate) postgres: String,
    pub(crate) backup: String,
    /// The node as a program of this machine: it also makes keys.
    pub(crate) program: PathBuf,
}

impl TestnetImages {
    /// As the testnet's composition calls them.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 3] {
        [
            ("TESTNET_NODE_IMAGE", &self.node),
            ("TESTNET_POSTGRES_IMAGE", &self.postgres),
            ("TESTNET_BACKUP_IMAGE", &self.backup),
        ]
    }
}

/// The testnet's images; needs an engine that answers.
pub(crate) fn testnet_images(project: &Project) -> Result<TestnetImages> {
    let musl = setup::musl();
    setup::targets(&[&musl])?;
    let program = project.target.join(&musl).join("debug/testnet-node");
    progress::step("building the testnet's node", || {
        command::run(&mut project.cargo(&["build", "--package", "testnet-node", "--target", &musl]))?;
        docker::build_node_image(project, &program)
    })?;
    let postgres = docker::postgres_image(project)?;
    progress::step("building the testnet's backup service", || {
        docker::build_backup_image(project, &program, &postgres)
    })?;
    Ok(TestnetImages { node: docker::NODE_IMAGE.into(), postgres, backup: docker::BACKUP_IMAGE.into(), program })
}
